/**
 * Evidence: facts of one vantage, saved and replayable (design section 4). Records go into a file in stream form while they arrive;
 * a reader takes stream and document form alike and sees the same things, one endpoint at a time.
 *
 * Record forms, one JSON object a line: {schema, run} first; {host: {...}} (members merge: a later value replaces the member, `probes`
 * merges outcome by outcome); {scan: {...}}; {endpoint: {...}} (identity asset, address, port, transport, name: the same identity
 * replaces); {problem: {...}}; {finished: "RFC 3339"} last.
 */
#ifndef ZC_EVIDENCE_H
#define ZC_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "zc/err.h"
#include "zc/file.h"
#include "zc/json.h"
#include "zc/text.h"

#define ZC_EVIDENCE_SCHEMA "zerocrit.evidence/1"
#define ZC_EVIDENCE_LINE_MAX ((size_t)4 << 20) /* one record */

/** What a scan needs whose vantage has no route to the address: this and "IPv4" or "IPv6". */
#define ZC_NEEDS_ROUTE "a route for "

struct zc_evidence;

/**
 * Start a stream. @path: the stream's own path (the caller has added ".ndjson"), or NULL for an unlinked temporary file.
 * @run: the head's `run` object, borrowed. The file is 0600, given to SUDO_UID.
 */
bool zc_evidence_create(const char *path, const json_t *run, struct zc_evidence **out, struct zc_err *err) ZC_MUST_USE;
/** Append one record (borrowed), flushed to the file at once. Refuses a record that is none of the forms above. */
bool zc_evidence_put(struct zc_evidence *ev, const json_t *record, struct zc_err *err) ZC_MUST_USE;
/** What is being written goes to another path; what stood there is replaced. The evidence stays open. */
bool zc_evidence_rename(struct zc_evidence *ev, const char *path, struct zc_err *err) ZC_MUST_USE;
/** Append {finished}. A stream without it is a partial one. */
bool zc_evidence_finish(struct zc_evidence *ev, struct zc_err *err) ZC_MUST_USE;

/**
 * Open saved evidence, stream or document, "-" for standard input (spooled). Everything is checked: syntax with line and column,
 * the schema (unknown members are kept: newer versions gain them), sizes, depth. A cut last line of a stream is dropped.
 */
bool zc_evidence_open(const char *path, struct zc_evidence **out, struct zc_err *err) ZC_MUST_USE;
/** The same from memory, for tests, fuzzing and rule fixtures; the bytes are copied. @name: for messages. */
bool zc_evidence_open_bytes(const char *name, const void *p, size_t n, struct zc_evidence **out, struct zc_err *err) ZC_MUST_USE;
void zc_evidence_free(struct zc_evidence *ev);
ZC_FREEP(zc_evidence);

/** Where it was read from or written to, for messages; "evidence" for a temporary. */
const char *zc_evidence_name(const struct zc_evidence *ev);
/** Borrowed: the run object (with `finished` where it has one) and the merged host object (NULL when there is none). */
const json_t *zc_evidence_run(const struct zc_evidence *ev);
const json_t *zc_evidence_host(const struct zc_evidence *ev);
bool zc_evidence_finished(const struct zc_evidence *ev);
/**
 * Saved evidence of a machine becomes that of a configured target: what the target says (id, tags, zone, public, require) stands in the place of
 * what the run's own target `local` said. Evidence without such a target stays as it is.
 */
bool zc_evidence_adopt(struct zc_evidence *ev, const json_t *target, struct zc_err *err) ZC_MUST_USE;
/** Whether the machine itself was to be looked at: `local` is a target. Otherwise its host facts only explain what was reached of it. */
bool zc_evidence_asks_host(const struct zc_evidence *ev);
/** Borrowed: the id of the vantage, and the asset its host belongs to (the configured id of the target `local`, else the vantage id). */
const char *zc_evidence_vantage(const struct zc_evidence *ev);
const char *zc_evidence_asset(const struct zc_evidence *ev);

/** Two {id, hostname, addresses}: one vantage? A machine id alone does not say so: clones, containers and network namespaces share it. */
bool zc_vantage_is_same(const json_t *a, const json_t *b);
/** Of evidence with one vantage id from different places, all but one get another: HOSTNAME@ADDRESS. Assets stay what they are. */
bool zc_evidence_tell_apart(struct zc_evidence *const *evs, size_t count, struct zc_err *err) ZC_MUST_USE;
/** The vantage id that it was told apart from; NULL: it was not. */
const char *zc_evidence_machine(const struct zc_evidence *ev);

/** What visiting shows; any may be NULL. Values are borrowed for the call. Return false to stop, with err filled. */
struct zc_evidence_visitor {
        /** index: position in the document's endpoints[], so that "/endpoints/INDEX/..." is its JSON Pointer. */
        bool (*endpoint)(void *ctx, const json_t *endpoint, size_t index, struct zc_err *err);
        bool (*scan)(void *ctx, const json_t *scan, size_t index, struct zc_err *err);
        bool (*problem)(void *ctx, const json_t *problem, size_t index, struct zc_err *err);
        void *ctx;
        /** Of an endpoint only its plain members and `probes`: the others, which are most of it, are null. Several times as fast. */
        bool brief;
};
/** Visits in document order; only one endpoint is in memory at a time. May be called again. */
bool zc_evidence_visit(struct zc_evidence *ev, const struct zc_evidence_visitor *v, struct zc_err *err) ZC_MUST_USE;

/** Write the document form: {schema, run, host, endpoints, scans, exposure (computed), problems}, indented for reading. */
bool zc_evidence_document(struct zc_evidence *ev, struct zc_out *out, struct zc_err *err) ZC_MUST_USE;

/** The compiled-in evidence schema (borrowed, parsed once, thread-safe after the first call). */
const json_t *zc_evidence_schema(struct zc_err *err);

/** Within one endpoint, once every probe has run: what one subject shows about another. */
void zc_endpoint_settle(json_t *endpoint);
/** Its member `access`: what is asked of who connects, and the TLS offered, in words for a table ("none, none", "to https"); absent when neither was observed. */
void zc_endpoint_access(json_t *endpoint);

/* ---- entities ---- */

/** A kind of thing that rules judge: one row of one table. */
struct zc_kind {
        const char *name;   /* "listener": what a rule's applies_to says */
        const char *at;     /* where its objects stand: "host", "host.listeners[]", "endpoints[]", "endpoints[].tls", "scans[]" */
        const char *probe;  /* whose outcome explains its absence; NULL for none */
        const char *def;    /* its schema: "listener" for "#/$defs/listener" */
        const char *summary;
        /**
         * Adds the entity's subject. parent: the object around it (a chain's table), or NULL. Below endpoints[] the endpoint's own subject
         * stands in front of what it adds; NULL: that alone.
         */
        void (*subject)(struct zc_text *out, const json_t *self, const json_t *parent);
};
extern const struct zc_kind zc_kinds[];
extern const size_t zc_kind_count;
/** NULL when there is none. */
const struct zc_kind *zc_kind_find(const char *name);
/** NULL-terminated names, for "did you mean". */
const char *const *zc_kind_names(void);

enum zc_presence {
        ZC_PRESENT,     /* there are entities, and these are all */
        ZC_PARTLY,      /* there are entities, and perhaps more that could not be seen: judge these, and count one unknown besides; why says so */
        ZC_ABSENT,      /* looked for and not there: [], null, {"present": false}; or the probe was skipped or not applicable */
        ZC_UNOBSERVED,  /* planned, and no evidence of it: why says so */
        ZC_UNPLANNED,   /* the plan never meant to look (a remote target has no host probes) */
};

struct zc_entity {
        const json_t *self;   /* borrowed */
        const char *subject;  /* "192.0.2.7:443/tcp#name", "listener 0.0.0.0:22/tcp", "host", "host/firewall/..." (design section 5) */
        const char *pointer;  /* JSON Pointer in its document */
        const char *asset;
};

#define ZC_WHY_LEN 256

/**
 * The entities of a kind within one host object (kinds below host) or one endpoint (kinds below endpoints[]), one scan, or the exposure rows.
 * @part: the host object, the endpoint object or the exposure array, or NULL (unplanned); @pointer: where it stands ("/host",
 * "/endpoints/3", "/exposure"); @asset: of the host; endpoints and exposure rows carry their own. Strings given to fn live for the call only;
 * fn may be NULL, and returns false to stop.
 * @why: filled for ZC_UNOBSERVED and ZC_PARTLY: "firewall: needs CAP_NET_ADMIN".
 *
 * An outcome that is `partial` leaves a list open, unless it says `whole: true` (every entity is listed, members are missing); an empty list of
 * such a probe is unobserved, not absent. What is missing behind exposure rows is what is missing of each host's listeners: ask for the
 * presence of that kind.
 */
enum zc_presence zc_kind_each(const struct zc_kind *kind, const json_t *part, const char *pointer, const char *asset,
                              bool (*fn)(void *ctx, const struct zc_entity *e), void *ctx, char why[ZC_WHY_LEN]);

/**
 * Subjects (free()); NULL when out of memory. They never hold a pid, a time or an order, and are safe to print:
 *   endpoint   192.0.2.7:443/tcp  [2001:db8::1]:443/tcp  192.0.2.7:443/tcp#www.example.org
 *   listener   listener 0.0.0.0:22/tcp  listener [::]:22/tcp  listener 0.0.0.0%eth0:68/udp (bound to an interface)
 *              listener 0.0.0.0:unit=chrony.service/udp (an ephemeral port: 32768-60999; process=NAME where no lasting unit is known)
 *              listener container=cache:6379/tcp (an address of a container's own)
 *   below host host/os  host/firewall  host/table/inet/filter  host/chain/inet/filter/input  host/anomaly/KIND/inet/filter/input
 *              host/admit/ip/input/tcp/22,80 from 0.0.0.0/0 on *
 *   exposure   its listener's, else its endpoint's, else "exposure 6379/tcp", "exposure 2000-3000/tcp", "exposure 192.0.2.7:443/tcp" (passed on from there)
 *   cookie     192.0.2.7:443/tcp#www.example.org cookie sid (then its domain, and its path unless that is /)
 *   scan       192.0.2.7/tcp  [2001:db8::1]/tcp
 */
char *zc_subject_endpoint(const json_t *endpoint) ZC_MUST_USE;
char *zc_subject_listener(const json_t *listener) ZC_MUST_USE;
char *zc_subject_exposure(const json_t *row) ZC_MUST_USE;

/* ---- the join ---- */

/** How far away someone can stand and still get in; the order is "further". UNKNOWN is lowest, so that the larger of two is what is known. */
enum zc_reach { ZC_REACH_UNKNOWN, ZC_REACH_NONE, ZC_REACH_LOOPBACK, ZC_REACH_ISOLATED, ZC_REACH_PRIVATE, ZC_REACH_ANY };
#define ZC_REACH_COUNT 6
const char *zc_reach_name(enum zc_reach r);
bool zc_reach_parse(const char *s, enum zc_reach *out) ZC_MUST_USE;

/**
 * exposure[] of evidence from one or more vantages: listener x firewall x what was reached, with `reach` per row (design section 4): one row
 * per listener, one per open endpoint that belongs to no listener, one per port that is passed on to another machine or to a container
 * ("published"), and, where all listeners are known, one per set of ports that the firewall lets in and nobody listens on ("unused", reach none). Hosts and endpoints meet by run.vantage.addresses. Keeps small keys only. A new array; NULL with err on failure.
 */
json_t *zc_exposure(struct zc_evidence *const *evs, size_t count, struct zc_err *err) ZC_MUST_USE;

/**
 * How far away the senders of one of firewall.admits may stand, by its sources, the interfaces that they come in by (firewall.interfaces) and what they
 * write to: ANY, PRIVATE or NONE. Whether they are members of its sets is another question.
 */
enum zc_reach zc_admit_reach(const json_t *firewall, const json_t *admit);

/** How an endpoint was seen; the order is "more exposed". Over lo (the first two) a service's state is proven, never its exposure. */
enum zc_seen { ZC_SEEN_LOOPBACK, ZC_SEEN_SELF, ZC_SEEN_PRIVATE, ZC_SEEN_ANY };

/** Where an endpoint or a scan stands in the join; SIZE_MAX for what there is not. */
struct zc_place {
        size_t row;     /* of zc_join_rows() */
        size_t service; /* the same number for all rows of one service: a program's wildcards of IPv4 and IPv6. Only where the listener is known */
        size_t host;    /* the evidence whose host has the address; of several, none */
        enum zc_seen seen;
};

/** The join with the keys that lead into it. Borrows the evidence; read only once it is made. */
struct zc_join;
struct zc_join *zc_join_new(struct zc_evidence *const *evs, size_t count, struct zc_err *err) ZC_MUST_USE;
/** The same; what a target says of its zone is taken for true only where `believed` says so of its asset. NULL: always. */
struct zc_join *zc_join_believing(struct zc_evidence *const *evs, size_t count, bool (*believed)(void *ctx, const char *asset), void *ctx,
                                  struct zc_err *err) ZC_MUST_USE;
void zc_join_free(struct zc_join *j);
ZC_FREEP(zc_join);
/** Borrowed: what zc_exposure() gives. */
const json_t *zc_join_rows(const struct zc_join *j);
/** Borrowed: the assets as which the endpoints of a row were looked at; NULL when there is no such row. */
const json_t *zc_join_names(const struct zc_join *j, size_t row);
/** @evidence: the number of the one that has the endpoint or scan. */
struct zc_place zc_join_place(const struct zc_join *j, size_t evidence, const json_t *part);
/**
 * Whether the vantage had no route to a scan's address and observed the same asset in the other family: then that it did not see this one is told,
 * and is not missing.
 */
bool zc_join_other_family(const struct zc_join *j, size_t evidence, const json_t *scan);
/** Borrowed: the asset that it belongs to: of the machine whose own evidence is there, whatever name it was looked at by; else its own. */
const char *zc_join_asset(const struct zc_join *j, const struct zc_place *p, const json_t *part);

#endif
