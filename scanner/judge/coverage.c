/** What the runs themselves owe: that every target named was seen, every probe a target requires was done, and the run came to its end. */
#include <stdio.h>
#include <string.h>

#include "judge_internal.h"
#include "zc/permute.h"
#include "zc/portset.h"
#include "zc/target.h"

/* One named thing of one run. */
struct named {
        const json_t *target;
        const char *id;
        const char *asset;       /* NULL: of a block without an id, any */
        const json_t *addresses; /* of the machine that looks */
        struct zc_target as;
        bool answered;           /* something of it was observed */
        bool met;                /* of a block: the evidence has something of it, were it silence */
        struct zc_portset tried; /* of this machine's own TCP ports */
        char came[160];          /* of the port that was named, for words */
        json_t *require;         /* probe ids → outcome so far, or null */
};

struct coverage {
        struct zc_arena *arena;
        struct zc_evidence *ev;
        const struct zc_pack *pack;
        struct zc_tally *tally;
        struct named *named;
        size_t count;
};

static bool same_address(const char *text, const struct zc_addr *addr)
{
        struct zc_addr a = { 0 };
        struct zc_err err = { 0 };

        return zc_addr_parse(text, &a, &err) && zc_addr_cmp(&a, addr) == 0;
}

/** What a run saw of its own machine: over lo, or at an address that it has. */
static bool of_itself(const struct named *n, const json_t *part)
{
        const char *address = zc_json_str(part, "address", "");
        struct zc_addr a = { 0 }, own = { 0 };
        struct zc_err err = { 0 };
        const json_t *v;
        size_t i;

        if (strcmp(zc_json_str(part, "reached_from", ""), "self") == 0)
                return true;
        if (!zc_addr_parse(address, &a, &err))
                return false;
        json_array_foreach (n->addresses, i, v) {
                if (json_is_string(v) && zc_addr_parse(json_string_value(v), &own, &err) &&
                    zc_addr_cmp(&a, &own) == 0)
                        return true;
        }
        return zc_addr_class(&a) == ZC_ADDR_LOOPBACK;
}

/** Whether an endpoint or a scan is of the named block, whatever its asset is called. */
static bool within(const struct named *n, const json_t *part)
{
        struct zc_addr a = { 0 };
        struct zc_err err = { 0 };

        return n->as.kind == ZC_TARGET_BLOCK &&
               zc_addr_parse(zc_json_str(part, "address", ""), &a, &err) &&
               zc_prefix_contains(&n->as.block, &a);
}

/** Whether an endpoint or a scan belongs to the named thing. A scan has no name: of a named host the asset decides. */
static bool belongs(const struct named *n, const json_t *part, bool scan)
{
        const char *address = zc_json_str(part, "address", "");
        const char *name = zc_json_str(part, "name", NULL);

        if (n->asset && strcmp(zc_json_str(part, "asset", ""), n->asset) != 0)
                return false;
        switch (n->as.kind) {
        case ZC_TARGET_LOCAL:
                return of_itself(n, part);
        case ZC_TARGET_BLOCK:
                return within(n, part);
        case ZC_TARGET_HOST:
        case ZC_TARGET_SERVICE:
                break;
        }
        if (n->as.literal)
                return same_address(address, &n->as.addr);
        /* an asset may hold several names, and an endpoint that was reached by none of them */
        return scan || strcmp(name ? name : zc_json_str(part, "asset", ""), n->as.host) == 0;
}

/** The better of two outcomes of one required probe stands. */
static void require_note(struct named *n, const json_t *probes)
{
        const char *id;
        json_t *before;
        void *tmp;

        json_object_foreach_safe (n->require, tmp, id, before) {
                json_t *outcome = json_object_get(probes, id);

                if (outcome && strcmp(zc_json_str(before, "outcome", ""), "done") != 0)
                        json_object_set(n->require, id, outcome);
        }
}

/* ---- whether what was named answered as a service ---- */

/* What a URL names: the service, the probe that speaks it, and how it is called where something else came. */
static const struct {
        const char *service, *probe, *words;
        bool tls;
} spoken[] = {
        [ZC_SCHEME_NONE] = { "", "", "any service", false },
        [ZC_SCHEME_HTTP] = { "http", "http", "HTTP", false },
        [ZC_SCHEME_HTTPS] = { "http", "tls", "HTTP inside TLS", true },
        [ZC_SCHEME_POSTGRES] = { "postgresql", "postgres", "PostgreSQL", false },
        [ZC_SCHEME_REDIS] = { "redis", "redis", "Redis", false },
        [ZC_SCHEME_REDISS] = { "redis", "tls", "Redis inside TLS", true },
};

static bool probe_is(const json_t *endpoint, const char *probe, const char *word)
{
        const json_t *o = json_object_get(json_object_get(endpoint, "probes"), probe);

        return strcmp(zc_json_str(o, "outcome", ""), word) == 0;
}

/** Whether identify was taken out of the plan, or older evidence has none: then the protocols' own probes tell. */
static bool spoken_unasked(const json_t *endpoint, enum zc_scheme scheme)
{
        if (scheme != ZC_SCHEME_NONE)
                return probe_is(endpoint, spoken[scheme].probe, "done");
        for (unsigned s = ZC_SCHEME_HTTP; s < ZC_COUNT(spoken); s++) {
                if (probe_is(endpoint, spoken[s].probe, "done"))
                        return true;
        }
        return probe_is(endpoint, "identify", "skipped");
}

/** Whether an open port speaks what was named; without a scheme, anything that is known. */
static bool is_spoken(const json_t *endpoint, enum zc_scheme scheme)
{
        const char *service = zc_json_str(endpoint, "service", "");
        bool tls = strcmp(zc_json_str(endpoint, "wrapped", ""), "tls") == 0;
        bool opaque = *service == '\0' || strcmp(service, "tls") == 0;

        if (opaque && !tls)
                return spoken_unasked(endpoint, scheme);
        if (scheme == ZC_SCHEME_NONE)
                return true;
        /* TLS that lets nobody further without a certificate is what was named, as far as anyone can tell */
        return (tls || !spoken[scheme].tls) &&
               (strcmp(service, spoken[scheme].service) == 0 || (opaque && spoken[scheme].tls));
}

/** What came instead, for words. */
static void came_instead(struct named *n, const json_t *endpoint)
{
        const char *service = zc_json_str(endpoint, "service", "");
        const json_t *identify = json_object_get(json_object_get(endpoint, "probes"), "identify");
        const char *why = zc_json_str(identify, "why", "");
        bool tls = strcmp(zc_json_str(endpoint, "wrapped", ""), "tls") == 0;

        if (*service)
                snprintf(n->came, sizeof(n->came), "open; asked for %s, it speaks %.40s%s",
                         spoken[n->as.scheme].words, service, tls ? " inside TLS" : "");
        else
                snprintf(n->came, sizeof(n->came), "open; asked for %s, %.100s",
                         spoken[n->as.scheme].words, *why ? why : "nothing that is known came");
}

static void see_service(struct named *n, const json_t *endpoint)
{
        const char *state = zc_json_str(endpoint, "state", "unknown");

        if (strcmp(state, "open") != 0)
                snprintf(n->came, sizeof(n->came), "%.16s", state);
        else if (is_spoken(endpoint, n->as.scheme))
                n->answered = true;
        else
                came_instead(n, endpoint);
}

static bool see_endpoint(void *ctx, const json_t *endpoint, size_t index, struct zc_err *err)
{
        struct coverage *c = ctx;
        const char *state = zc_json_str(endpoint, "state", "unknown");
        json_int_t port = json_integer_value(json_object_get(endpoint, "port"));

        (void)index;
        (void)err;
        for (size_t i = 0; i < c->count; i++) {
                struct named *n = &c->named[i];

                n->met = n->met || within(n, endpoint);
                if (!belongs(n, endpoint, false))
                        continue;
                if (n->as.kind == ZC_TARGET_LOCAL && port > 0 && port <= UINT16_MAX)
                        zc_portset_add(&n->tried, (uint16_t)port);
                if (n->as.kind != ZC_TARGET_SERVICE || port == n->as.port)
                        require_note(n, json_object_get(endpoint, "probes"));
                if (n->as.kind == ZC_TARGET_LOCAL)
                        continue; /* only its host record says that it was looked at from within */
                if (n->as.kind != ZC_TARGET_SERVICE) {
                        n->answered = n->answered || strcmp(state, "open") == 0 ||
                                      strcmp(state, "closed") == 0;
                } else if (port == n->as.port) {
                        see_service(n, endpoint);
                }
        }
        return true;
}

static void tried_add(struct named *n, const char *ports)
{
        struct zc_portset some = { 0 };
        struct zc_err why = { 0 };

        if (!*ports || !zc_portset_parse(ports, &some, &why))
                return;
        for (int p = zc_portset_next(&some, 1); p >= 0; p = zc_portset_next(&some, p + 1))
                zc_portset_add(&n->tried, (uint16_t)p);
}

static bool see_scan(void *ctx, const json_t *scan, size_t index, struct zc_err *err)
{
        struct coverage *c = ctx;
        json_auto_t *probes = json_pack("{s:O}", "ports", scan);

        (void)index;
        (void)err;
        for (size_t i = 0; i < c->count; i++) {
                struct named *n = &c->named[i];

                n->met = n->met || within(n, scan);
                if (!belongs(n, scan, true))
                        continue;
                require_note(n, probes);
                if (n->as.kind == ZC_TARGET_LOCAL)
                        tried_add(n, zc_json_str(scan, "ports", ""));
                if (n->as.kind != ZC_TARGET_SERVICE && n->as.kind != ZC_TARGET_LOCAL &&
                    (*zc_json_str(scan, "open", "") || *zc_json_str(scan, "closed", "")))
                        n->answered = true;
        }
        return true;
}

/** A machine that we are: any outcome of a probe of it is an answer. */
static void see_host(struct coverage *c)
{
        const json_t *probes = json_object_get(zc_evidence_host(c->ev), "probes");

        for (size_t i = 0; i < c->count; i++) {
                struct named *n = &c->named[i];

                if (n->as.kind != ZC_TARGET_LOCAL)
                        continue;
                n->answered = n->answered || json_object_size(probes) > 0;
                require_note(n, probes);
        }
}

/** The host probe that rules of this kind stand on; NULL for none. */
static const char *host_probe(const struct zc_kind *kind)
{
        bool host = strncmp(kind->at, "host", 4) == 0 || strncmp(kind->at, "exposure", 8) == 0;

        return host ? kind->probe : NULL;
}

/** A target `local` plans every host probe, and each leaves an outcome, one that was taken out too: what the rules stand on and has none was lost. */
static bool host_missing(const struct coverage *c, struct zc_err *err)
{
        const json_t *probes = json_object_get(zc_evidence_host(c->ev), "probes");

        for (size_t i = 0; i < zc_pack_count(c->pack); i++) {
                const char *probe = host_probe(zc_pack_rule(c->pack, i)->kind);

                if (!probe || *zc_json_str(json_object_get(probes, probe), "outcome", ""))
                        continue;
                if (!zc_tally_missing(c->tally, err,
                                      "local: the evidence has no outcome of the probe %s; "
                                      "collect again",
                                      probe))
                        return false;
        }
        return true;
}

/** Whether the gate stands on what services answer. */
static bool needs_services(const struct coverage *c)
{
        for (size_t i = 0; i < zc_pack_count(c->pack); i++) {
                const struct zc_rule *r = zc_pack_rule(c->pack, i);

                if (strncmp(r->kind->at, "endpoints[]", 11) == 0 &&
                    zc_gate_requires(c->tally->gate, r->id, json_object_get(r->record, "tags"),
                                     zc_rule_worst(r)))
                        return true;
        }
        return false;
}

/** Every TCP port that this machine listens on is tried from within, unless the port probe was taken out: what was not was lost. */
static bool listeners_missing(const struct coverage *c, const struct named *n, struct zc_err *err)
{
        const json_t *run = zc_evidence_run(c->ev), *l;
        struct zc_portset lost = { 0 };
        ZC_AUTO_TEXT ports = { 0 };
        size_t i;

        if (zc_left_out(run, "ports") || zc_json_at(run, "options.ports") || !needs_services(c))
                return true;
        json_array_foreach (json_object_get(zc_evidence_host(c->ev), "listeners"), i, l) {
                json_int_t port = json_integer_value(json_object_get(l, "port"));

                if (strcmp(zc_json_str(l, "transport", "tcp"), "tcp") == 0 && port > 0 &&
                    port <= UINT16_MAX && !zc_portset_has(&n->tried, (uint16_t)port))
                        zc_portset_add(&lost, (uint16_t)port);
        }
        if (zc_portset_count(&lost) == 0)
                return true;
        zc_text_init(&ports, 256);
        zc_portset_format(&lost, &ports);
        return zc_tally_missing(c->tally, err,
                                "local: what listens on %s was not asked what it is; collect again",
                                zc_text_str(&ports));
}

/** Silent members of a block are not missing, but each leaves a scan that says so; of a shard another run may have them. */
static bool block_missing(const struct coverage *c, const struct named *n, struct zc_err *err)
{
        const json_t *run = zc_evidence_run(c->ev);

        if (n->met || zc_left_out(run, "ports") || zc_json_at(run, "options.shard"))
                return true;
        return zc_tally_missing(c->tally, err,
                                "%s: nothing of it is in the evidence; collect again",
                                zc_json_str(n->target, "named", ""));
}

static bool name_missing(const struct coverage *c, const struct named *n, struct zc_err *err)
{
        const char *what = zc_json_str(n->target, "named", "");

        if (n->answered)
                return n->as.kind != ZC_TARGET_LOCAL ||
                       (host_missing(c, err) && listeners_missing(c, n, err));
        switch (n->as.kind) {
        case ZC_TARGET_BLOCK:
                return block_missing(c, n, err);
        case ZC_TARGET_LOCAL:
                return zc_tally_missing(c->tally, err,
                                        "local: nothing of this machine was observed");
        case ZC_TARGET_SERVICE:
                return zc_tally_missing(c->tally, err,
                                        "%s did not answer as a service (%s); start it, or name "
                                        "what should be audited",
                                        what,
                                        *n->came ? n->came : "not resolved, or never reached");
        case ZC_TARGET_HOST:
                break;
        }
        return zc_tally_missing(
                c->tally, err,
                "nothing answered on %s; check the name, the route and the firewall between", what);
}

static bool require_missing(const struct coverage *c, const struct named *n, struct zc_err *err)
{
        const char *id;
        json_t *outcome;

        json_object_foreach (n->require, id, outcome) {
                const char *word = zc_json_str(outcome, "outcome", "not run");
                const char *why = zc_json_str(outcome, "why", "");
                const char *needs = zc_json_str(outcome, "needs", "");

                if (strcmp(word, "done") == 0)
                        continue;
                if (!zc_tally_missing(c->tally, err, "%s requires the probe %s: %s%s%s%s%s",
                                      zc_json_str(n->target, "named", ""), id, word,
                                      *why ? ", " : "", why, *needs ? ", needs " : "", needs))
                        return false;
        }
        return true;
}

static bool named_add(struct coverage *c, const json_t *target, struct zc_err *err)
{
        struct named *n = &c->named[c->count];
        const json_t *v;
        struct zc_err why = { 0 };
        size_t i;

        *n = (struct named){ .target = target,
                             .id = zc_json_str(target, "id", ""),
                             .addresses = zc_json_at(zc_evidence_run(c->ev), "vantage.addresses") };
        if (!zc_target_parse(c->arena, zc_json_str(target, "named", ""), &n->as, &why))
                return zc_tally_missing(
                        c->tally, err,
                        "the target \"%.100s\" of the evidence cannot be read: %.200s",
                        zc_json_str(target, "named", ""), why.text);
        n->require = json_object();
        json_array_foreach (json_object_get(target, "require"), i, v) {
                if (json_is_string(v))
                        json_object_set_new(n->require, json_string_value(v), json_null());
        }
        if (n->as.kind == ZC_TARGET_LOCAL)
                n->asset = NULL; /* whatever this run saw of itself */
        else
                n->asset = *n->id && strcmp(n->id, "auto") != 0 ? n->id : zc_target_asset(&n->as);
        c->count++;
        return true;
}

/** Of a run that was one of several shards only its own part can be missing. */
static bool in_shard(const struct zc_evidence *ev, const struct zc_target *t)
{
        const json_t *run = zc_evidence_run(ev);
        const char *text = zc_json_str(run, "options.shard", "");
        struct zc_shard shard = { .seed = strtoull(zc_json_str(run, "options.seed", ""), NULL,
                                                   16) };
        struct zc_err none = { 0 };

        return *text == '\0' || !zc_shard_parse(text, &shard, &none) || zc_shard_has(&shard, t);
}

static bool cover_run(struct coverage *c, struct zc_err *err)
{
        const struct zc_evidence_visitor v = {
                .endpoint = see_endpoint, .scan = see_scan, .ctx = c, .brief = true
        };
        const json_t *targets = json_object_get(zc_evidence_run(c->ev), "targets");
        const json_t *target;
        size_t i;

        if (!zc_evidence_finished(c->ev) &&
            !zc_tally_missing(c->tally, err, "%s: the run did not finish; collect again",
                              zc_evidence_name(c->ev)))
                return false;
        if (json_array_size(targets) == 0)
                return zc_tally_missing(c->tally, err,
                                        "%s: the evidence does not say what was to be looked at",
                                        zc_evidence_name(c->ev));
        c->named = zc_arena_array(c->arena, json_array_size(targets), sizeof(*c->named));
        if (!c->named)
                return zc_fail(err, ZC_E_NOMEM, "no memory for targets");
        json_array_foreach (targets, i, target) {
                if (!named_add(c, target, err))
                        return false;
        }
        see_host(c);
        if (!zc_evidence_visit(c->ev, &v, err))
                return false;
        for (i = 0; i < c->count; i++) {
                if (!in_shard(c->ev, &c->named[i].as))
                        continue;
                if (!name_missing(c, &c->named[i], err) || !require_missing(c, &c->named[i], err))
                        return false;
        }
        return true;
}

bool zc_coverage(struct zc_evidence *const *evs, size_t count, const struct zc_pack *pack,
                 struct zc_tally *t, struct zc_err *err)
{
        for (size_t e = 0; e < count; e++) {
                struct coverage c = { .arena = zc_arena_new((size_t)64 << 20),
                                      .ev = evs[e],
                                      .pack = pack,
                                      .tally = t };
                bool ok = c.arena ? cover_run(&c, err)
                                  : zc_fail(err, ZC_E_NOMEM, "no memory for targets");

                for (size_t i = 0; i < c.count; i++)
                        json_decref(c.named[i].require);
                zc_arena_free(c.arena);
                if (!ok)
                        return false;
        }
        return true;
}
