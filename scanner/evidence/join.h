/** What the files of the exposure join share: hosts, rows under construction, and what one endpoint says. */
#ifndef ZC_EVIDENCE_JOIN_H
#define ZC_EVIDENCE_JOIN_H

#include "zc/addr.h"
#include "zc/evidence.h"

/** One row under construction. */
struct zc_join_row {
        json_t *key;       /* {transport, port, ...}: what a listener has; of an endpoint without one, made from it */
        const char *asset; /* borrowed from the host's evidence; NULL: own */
        char *own;         /* asset of an endpoint that belongs to no host */
        size_t host;       /* in join.hosts, SIZE_MAX for none */
        size_t service;    /* the first row of the same service */
        size_t number;     /* in the finished rows; SIZE_MAX: it is not shown */
        bool listens;      /* key is a listener */
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
        size_t *shown; /* row of each finished one */
        json_t *isolated; /* set of assets */
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
bool zc_join_see(const struct zc_join *j, size_t evidence, const json_t *part, struct zc_join_seen *s);
/** The host that it belongs to, in j->hosts; SIZE_MAX: none, or not one. */
size_t zc_join_host_of(const struct zc_join *j, size_t evidence, const struct zc_join_seen *s);
/** A row as a document has it; NULL when out of memory. */
json_t *zc_join_row_finish(struct zc_join *j, const struct zc_join_row *r);

#endif
