/** What the files of the exposure join share: hosts, rows under construction, and what one endpoint says. */
#ifndef ZC_EVIDENCE_JOIN_H
#define ZC_EVIDENCE_JOIN_H

#include "zc/addr.h"
#include "zc/evidence.h"

/** What a row is about. */
enum zc_join_kind {
        ZC_JOIN_ENDPOINT, /* something answers, and no listener is known */
        ZC_JOIN_LISTENER,
        ZC_JOIN_PUBLISHED, /* a port of the host that is passed on to another, or to a container */
        ZC_JOIN_UNUSED,    /* ports that the firewall lets in and nobody listens on */
};

/** One row under construction. */
struct zc_join_row {
        enum zc_join_kind kind;
        json_t *lines;   /* of PUBLISHED and UNUSED: those of host.firewall.admits that let it in */
        bool at_address; /* of PUBLISHED: asked for at the key's address alone */
        char *ports;  /* of several: "2000-3000", as many as have room; NULL: the key's own port */
        size_t count; /* of ports */
        json_t *key; /* {transport, port, ...}: what a listener has; of an endpoint without one, made from it */
        const char *asset; /* borrowed from the host's evidence; NULL: own */
        char *own;         /* asset of an endpoint that belongs to no host */
        size_t host;       /* in join.hosts, SIZE_MAX for none */
        size_t service;    /* the first row of the same service */
        size_t number;     /* in the finished rows; SIZE_MAX: it is not shown */
        char *endpoint;    /* subject of the most exposed endpoint */
        enum zc_seen seen; /* how that one was seen */
        json_t *endpoints; /* subjects of all that were reached from other machines */
        json_t *names;     /* assets that its endpoints were looked at as */
        char *service_name;
        char *access; /* of the endpoint that the row is called by, NULL: not known */
        bool isolated;
        enum zc_reach reached; /* by connecting; UNKNOWN: it was not */
        json_t *from;          /* vantages */
};

struct zc_join_host {
        const struct zc_evidence *ev;
        const json_t *facts;
        const char *asset;
        bool asked;        /* the machine itself was to be looked at */
        json_t *addresses; /* set, canonical text */
        bool outside;      /* the vantage has global addresses and no private one */
};

struct zc_join {
        struct zc_evidence *const *evs;
        size_t count;
        struct zc_join_host *hosts; /* one per evidence, facts NULL where it has no host */
        struct zc_join_row *rows;
        size_t row_count, row_cap;
        size_t *shown;    /* row of each finished one */
        json_t *isolated; /* set of assets */
        bool (*believed)(void *ctx,
                         const char *asset); /* which of those that call themselves so; NULL: all */
        void *believed_ctx;
        json_t *index;    /* "host transport port address" -> row */
        json_t *families; /* "evidence family asset": something of it was observed */
        json_t *services; /* "host transport port process" -> first row */
        json_t *out;      /* the finished rows */
        size_t current;   /* evidence whose endpoints are being visited */
        size_t budget;
};

/** What was learnt from one endpoint or scan. */
struct zc_join_seen {
        const json_t *part;
        struct zc_addr address;
        char text[ZC_ADDR_LEN];
        enum zc_seen seen;
        enum zc_reach reach; /* how far away the vantage stands */
};

/** The text's address, IPv4 as such, and its canonical spelling. */
bool zc_join_canonical(const char *text, struct zc_addr *address, char out[ZC_ADDR_LEN]);
/** The hosts of all evidence and the assets that are called isolated. */
bool zc_join_hosts(struct zc_join *j) ZC_MUST_USE;
bool zc_join_is_isolated(const struct zc_join *j, const char *asset);
/** @evidence: whose vantage saw it. False when its address cannot be read. */
bool zc_join_see(const struct zc_join *j, size_t evidence, const json_t *part,
                 struct zc_join_seen *s);
/** The host that it belongs to, in j->hosts; SIZE_MAX: none, or not one. */
size_t zc_join_host_of(const struct zc_join *j, size_t evidence, const struct zc_join_seen *s);
/** The key of a listening place. @interface: "" but for the row's own. free(). */
char *zc_join_place_key(size_t host, const char *asset, const json_t *of, const char *address,
                        const char *interface);
/** Adds a row under a key; `facts` is taken. NULL when out of memory. */
struct zc_join_row *zc_join_row_add(struct zc_join *j, const char *key, json_t *facts, size_t host);
/** Ports that are passed on: a row each, but for those whose listener stands for the container. */
bool zc_join_published(struct zc_join *j, size_t host) ZC_MUST_USE;
/** The row of what is passed on from there; SIZE_MAX for none. */
size_t zc_join_published_row(const struct zc_join *j, const struct zc_join_seen *s, size_t host);
/** Ports that are let in and nobody listens on, where all listeners are known. */
bool zc_join_unused(struct zc_join *j, size_t host) ZC_MUST_USE;
/** A row as a document has it; NULL when out of memory. */
json_t *zc_join_row_finish(struct zc_join *j, const struct zc_join_row *r);

#endif
