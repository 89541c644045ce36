/*
 * The exposure join: listeners x firewall x what was reached, over one or more vantages. Keys of hosts, listeners and open
 * endpoints are kept, never the endpoints themselves.
 */
#include <string.h>

#include "admission.h"
#include "internal.h"
#include "subject.h"
#include "zc/addr.h"

#define ADDRESSES_MAX 4096u
#define COMPARISONS_MAX ((size_t)8 << 20)
#define SUMMARY_MAX 256u
#define SHOWN_MAX 3u /* sources and vantages that a summary names */

enum scope { SCOPE_UNKNOWN, SCOPE_LOOPBACK, SCOPE_LINK, SCOPE_PRIVATE, SCOPE_ANY };

static const struct scope_row {
        const char *name, *words;
} scopes[] = {
        [SCOPE_UNKNOWN] = { "", "" },
        [SCOPE_LOOPBACK] = { "loopback", "listens on loopback" },
        [SCOPE_LINK] = { "link", "listens on a link-local address" },
        [SCOPE_PRIVATE] = { "private", "listens on a private address" },
        [SCOPE_ANY] = { "any", "listens on any address" },
};

/** One row under construction. */
struct row {
        json_t *key; /* {transport, port, ...}: what a listener has; of an endpoint without one, made from it */
        const char *asset; /* borrowed from the host's evidence; NULL: own */
        char *own;         /* asset of an endpoint that belongs to no host */
        size_t host;       /* in join.hosts, SIZE_MAX for none */
        bool listens;      /* key is a listener */
        char *endpoint;    /* subject */
        json_t *endpoints; /* subjects of all that were reached from other machines */
        bool elsewhere;    /* it was reached from another machine */
        char *service;
        bool isolated;
        enum zc_reach reached; /* by connecting; UNKNOWN: it was not */
        json_t *from;          /* vantages */
};

struct host {
        const struct zc_evidence *ev;
        const json_t *facts;
        const char *asset;
        json_t *addresses; /* set, canonical text */
        bool outside;      /* the vantage has global addresses and no private one */
};

struct join {
        struct zc_evidence *const *evs;
        size_t count;
        struct host *hosts; /* one per evidence, facts NULL where it has no host */
        struct row *rows;
        size_t row_count, row_cap;
        json_t *isolated; /* set of assets */
        json_t *index;    /* "host transport port address" -> row */
        size_t current;   /* evidence whose endpoints are being visited */
        size_t budget;
};

/* ---- hosts ---- */

static bool canonical(const char *text, struct zc_addr *address, char out[ZC_ADDR_LEN])
{
        if (!text || !zc_addr_parse(text, address, &(struct zc_err){ 0 }))
                return false;
        *address = zc_addr_unmap(*address);
        zc_addr_format(address, out);
        return true;
}

static void host_address(struct host *h, const char *text, bool *near, bool *far)
{
        struct zc_addr address;
        char key[ZC_ADDR_LEN];

        if (json_object_size(h->addresses) >= ADDRESSES_MAX || !canonical(text, &address, key))
                return;
        *near = *near || zc_addr_class(&address) == ZC_ADDR_PRIVATE;
        *far = *far || zc_addr_class(&address) == ZC_ADDR_GLOBAL;
        json_object_set_new(h->addresses, key, json_true());
}

/** An address that the configuration says stands for the asset further out (NAT). */
static void host_public(const struct join *j, struct host *h)
{
        bool near = false, far = false; /* what counts is where the vantage itself stands */

        for (size_t i = 0; i < j->count; i++) {
                const json_t *targets = json_object_get(zc_evidence_run(j->evs[i]), "targets"),
                             *target;
                size_t k;

                json_array_foreach (targets, k, target) {
                        if (strcmp(zc_json_str(target, "id", ""), h->asset) == 0)
                                host_address(h, zc_json_str(target, "public", NULL), &near, &far);
                }
        }
}

static bool host_fill(const struct join *j, struct host *h, const struct zc_evidence *ev)
{
        const json_t *list = zc_json_at(zc_evidence_run(ev), "vantage.addresses"), *address;
        bool near = false, far = false;
        size_t i;

        *h = (struct host){ .ev = ev,
                            .facts = zc_evidence_host(ev),
                            .asset = zc_evidence_asset(ev),
                            .addresses = json_object() };
        if (!h->addresses)
                return false;
        json_array_foreach (list, i, address) {
                host_address(h, json_string_value(address), &near, &far);
        }
        h->outside = far && !near;
        host_public(j, h);
        return true;
}

/** Assets that some configuration calls isolated. */
static bool isolated_fill(struct join *j)
{
        for (size_t i = 0; i < j->count; i++) {
                const json_t *targets = json_object_get(zc_evidence_run(j->evs[i]), "targets"),
                             *target;
                size_t k;

                json_array_foreach (targets, k, target) {
                        if (strcmp(zc_json_str(target, "zone", ""), "isolated") == 0 &&
                            json_object_set_new(j->isolated, zc_json_str(target, "id", ""),
                                                json_true()) != 0)
                                return false;
                }
        }
        return true;
}

static bool is_isolated(const struct join *j, const char *asset)
{
        return json_object_get(j->isolated, asset) != NULL;
}

/* ---- rows ---- */

static void row_release(struct row *r)
{
        json_decref(r->key);
        json_decref(r->from);
        json_decref(r->endpoints);
        free(r->own);
        free(r->endpoint);
        free(r->service);
}

static void join_release(struct join *j)
{
        for (size_t i = 0; i < j->row_count; i++)
                row_release(&j->rows[i]);
        for (size_t i = 0; j->hosts && i < j->count; i++)
                json_decref(j->hosts[i].addresses);
        free(j->rows);
        free(j->hosts);
        json_decref(j->index);
        json_decref(j->isolated);
}

static bool no_memory(struct zc_err *err)
{
        return zc_fail(err, ZC_E_NOMEM, "no memory to join listeners with what was reached");
}

/** The key of a listening place. @interface: "" but for the row's own. */
static char *place_key(size_t host, const char *asset, const json_t *of, const char *address,
                       const char *interface)
{
        struct zc_text t;

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_text_printf(&t, "%zu %s %s %lld %s", host, zc_json_str(of, "transport", ""), asset,
                       (long long)json_integer_value(json_object_get(of, "port")), address);
        if (*interface)
                zc_text_printf(&t, "%%%s", interface);
        return zc_text_steal(&t);
}

static size_t row_find(const struct join *j, const char *key)
{
        const json_t *at = key ? json_object_get(j->index, key) : NULL;

        return at ? (size_t)json_integer_value(at) : SIZE_MAX;
}

/** Adds a row under a key, which is then taken; NULL when out of memory. */
static struct row *row_add(struct join *j, const char *key, json_t *facts, size_t host)
{
        struct row *r;

        if (j->row_count == j->row_cap) {
                size_t cap = j->row_cap ? j->row_cap * 2 : 32;
                struct row *more = reallocarray(j->rows, cap, sizeof(*more));

                if (!more) {
                        json_decref(facts);
                        return NULL;
                }
                j->rows = more;
                j->row_cap = cap;
        }
        r = &j->rows[j->row_count];
        *r = (struct row){
                .key = facts, .host = host, .from = json_array(), .endpoints = json_array()
        };
        j->row_count++;
        if (!facts || !r->from || !r->endpoints || !key ||
            json_object_set_new(j->index, key, json_integer((json_int_t)j->row_count - 1)) != 0)
                return NULL;
        return r;
}

/** A listener: one row per place, however many sockets share it. */
static bool listener_add(struct join *j, size_t host, const json_t *listener, struct zc_err *err)
{
        const char *text = zc_json_str(listener, "address", ""),
                   *interface = zc_json_str(listener, "interface", "");
        struct zc_addr address;
        char shown[ZC_ADDR_LEN];
        bool good = canonical(text, &address, shown);
        ZC_AUTO_MEM char *own = place_key(host, "", listener, good ? shown : text, interface);
        ZC_AUTO_MEM char *plain = place_key(host, "", listener, good ? shown : text, "");
        struct row *r;

        if (!own || !plain)
                return no_memory(err);
        if (row_find(j, own) != SIZE_MAX)
                return true;
        r = row_add(j, own, json_incref((json_t *)(uintptr_t)listener), host);
        if (!r ||
            (row_find(j, plain) == SIZE_MAX &&
             json_object_set_new(j->index, plain, json_integer((json_int_t)j->row_count - 1)) != 0))
                return no_memory(err);
        r->listens = true;
        r->asset = j->hosts[host].asset;
        r->isolated = is_isolated(j, r->asset);
        return true;
}

/** A fragment without its identity has no row. */
static bool has_place(const json_t *listener)
{
        return json_is_string(json_object_get(listener, "transport")) &&
               json_is_string(json_object_get(listener, "address")) &&
               json_is_integer(json_object_get(listener, "port"));
}

static bool listeners_add(struct join *j, size_t host, struct zc_err *err)
{
        const json_t *list = json_object_get(j->hosts[host].facts, "listeners"), *listener;
        size_t i;

        json_array_foreach (list, i, listener) {
                if (has_place(listener) && !listener_add(j, host, listener, err))
                        return false;
        }
        return true;
}

/* ---- endpoints ---- */

/** What was learnt from one open endpoint. */
struct seen {
        const json_t *endpoint;
        struct zc_addr address;
        char text[ZC_ADDR_LEN];
        bool self;           /* over lo: proves the service, not that anyone else gets there */
        enum zc_reach reach; /* how far away the vantage stands */
};

static bool seen_fill(const struct join *j, const json_t *endpoint, struct seen *s)
{
        const struct host *from = &j->hosts[j->current];
        enum zc_addr_class class;

        *s = (struct seen){ .endpoint = endpoint };
        if (!canonical(zc_json_str(endpoint, "address", NULL), &s->address, s->text))
                return false;
        class = zc_addr_class(&s->address);
        s->self = class == ZC_ADDR_LOOPBACK ||
                  strcmp(zc_json_str(endpoint, "reached_from", ""), "self") == 0 ||
                  json_object_get(from->addresses, s->text) != NULL;
        s->reach = class == ZC_ADDR_GLOBAL || (from->outside && class != ZC_ADDR_LINK)
                           ? ZC_REACH_ANY
                           : ZC_REACH_PRIVATE;
        return true;
}

/** The host that has the address: this one if it is over lo; else the only one, or the one of the same asset. */
static size_t seen_host(const struct join *j, const struct seen *s)
{
        const char *asset = zc_json_str(s->endpoint, "asset", "");
        size_t found = SIZE_MAX, count = 0;

        if (s->self)
                return j->hosts[j->current].facts ? j->current : SIZE_MAX;
        if (zc_addr_class(&s->address) == ZC_ADDR_LINK)
                return SIZE_MAX;
        for (size_t i = 0; i < j->count; i++) {
                if (!j->hosts[i].facts || !json_object_get(j->hosts[i].addresses, s->text))
                        continue;
                if (strcmp(j->hosts[i].asset, asset) == 0)
                        return i;
                found = i;
                count++;
        }
        return count == 1 ? found : SIZE_MAX;
}

/** The row of the listener that answers there: on the very address, else on every address. */
static size_t seen_row(const struct join *j, const struct seen *s, size_t host)
{
        const char *const places[] = { s->text,
                                       s->address.family == AF_INET ? "0.0.0.0" : "::", "::" };

        for (size_t i = 0; i < ZC_COUNT(places); i++) {
                ZC_AUTO_MEM char *key = place_key(host, "", s->endpoint, places[i], "");
                size_t at = row_find(j, key);
                bool mixed = s->address.family == AF_INET && strcmp(places[i], "::") == 0;

                if (at != SIZE_MAX &&
                    !(mixed && json_is_true(json_object_get(j->rows[at].key, "v6only"))))
                        return at;
        }
        return SIZE_MAX;
}

/** What stands for the listener where none is known: the endpoint's own address and port. */
static json_t *listener_of(const struct seen *s)
{
        return json_pack("{sssssssI}", "transport", zc_json_str(s->endpoint, "transport", ""),
                         "family", s->address.family == AF_INET ? "ip" : "ip6", "address", s->text,
                         "port", json_integer_value(json_object_get(s->endpoint, "port")));
}

/** The row of an endpoint that belongs to no listener, whatever its names. */
static struct row *alone_row(struct join *j, const struct seen *s, size_t host)
{
        const char *asset =
                host != SIZE_MAX ? j->hosts[host].asset : zc_json_str(s->endpoint, "asset", "");
        ZC_AUTO_MEM char *key = place_key(SIZE_MAX, asset, s->endpoint, s->text, "");
        size_t at = row_find(j, key);
        struct row *r;

        if (at != SIZE_MAX)
                return &j->rows[at];
        r = row_add(j, key, listener_of(s), host);
        if (!r)
                return NULL;
        r->own = strdup(asset);
        r->asset = r->own;
        r->isolated = is_isolated(j, asset);
        return r->own ? r : NULL;
}

static bool add_once(json_t *list, const char *text)
{
        const json_t *known;
        size_t i;

        json_array_foreach (list, i, known) {
                if (strcmp(json_string_value(known), text) == 0)
                        return true;
        }
        return json_array_append_new(list, json_string(text)) == 0;
}

static bool row_reached(const struct join *j, struct row *r, const struct seen *s)
{
        r->reached = s->reach > r->reached ? s->reach : r->reached;
        return add_once(r->from, zc_evidence_vantage(j->evs[j->current]));
}

/** One open endpoint joins its row. */
static bool row_join(const struct join *j, struct row *r, const struct seen *s)
{
        const char *service = zc_json_str(s->endpoint, "service", NULL);
        ZC_AUTO_MEM char *subject = zc_subject_endpoint(s->endpoint);

        if (!subject || (!s->self && !add_once(r->endpoints, subject)))
                return false;
        if (service && !r->service)
                r->service = strdup(service);
        if (!r->endpoint || (!s->self && !r->elsewhere)) {
                free(r->endpoint);
                r->endpoint = ZC_TAKE(subject);
        }
        r->elsewhere = r->elsewhere || !s->self;
        return (!service || r->service) && (s->self || row_reached(j, r, s));
}

static bool endpoint_join(void *ctx, const json_t *endpoint, size_t index, struct zc_err *err)
{
        struct join *j = ctx;
        struct row *r = NULL;
        struct seen s;
        size_t host, at;

        (void)index;
        if (strcmp(zc_json_str(endpoint, "state", ""), "open") != 0 || !seen_fill(j, endpoint, &s))
                return true;
        host = seen_host(j, &s);
        at = host != SIZE_MAX ? seen_row(j, &s, host) : SIZE_MAX;
        r = at != SIZE_MAX ? &j->rows[at] : alone_row(j, &s, host);
        return (r && row_join(j, r, &s)) || no_memory(err);
}

/* ---- reach ---- */

static enum scope row_scope(const struct row *r)
{
        static const enum scope by_class[] = {
                [ZC_ADDR_UNSPECIFIED] = SCOPE_ANY,   [ZC_ADDR_LOOPBACK] = SCOPE_LOOPBACK,
                [ZC_ADDR_LINK] = SCOPE_LINK,         [ZC_ADDR_PRIVATE] = SCOPE_PRIVATE,
                [ZC_ADDR_GLOBAL] = SCOPE_ANY,        [ZC_ADDR_MULTICAST] = SCOPE_ANY,
                [ZC_ADDR_BROADCAST] = SCOPE_PRIVATE,
        };
        const char *name = zc_json_str(r->key, "scope", "");
        struct zc_addr address;
        char text[ZC_ADDR_LEN];

        for (enum scope s = SCOPE_LOOPBACK; s <= SCOPE_ANY; s++)
                if (strcmp(scopes[s].name, name) == 0)
                        return s;
        return canonical(zc_json_str(r->key, "address", NULL), &address, text)
                       ? by_class[zc_addr_class(&address)]
                       : SCOPE_UNKNOWN;
}

/** How far away someone can stand and still get in: the further of what the firewall allows and what was done. */
static enum zc_reach row_reach(const struct row *r, enum scope scope, const struct zc_admission *a)
{
        enum zc_reach reach = a->widest;

        /* the network cannot name 127.0.0.1: only a rewritten destination leads there */
        if (scope == SCOPE_LOOPBACK)
                reach = a->translated > ZC_REACH_LOOPBACK ? a->translated : ZC_REACH_LOOPBACK;
        if (scope == SCOPE_LINK && reach == ZC_REACH_ANY)
                reach = ZC_REACH_PRIVATE;
        if (r->reached > reach)
                reach = r->reached;
        if (r->isolated && reach != ZC_REACH_LOOPBACK && reach != ZC_REACH_NONE)
                reach = ZC_REACH_ISOLATED;
        return reach;
}

/** "A, B, C and 2 more" */
static void add_names(struct zc_text *t, const json_t *names)
{
        size_t count = json_array_size(names), i;

        for (i = 0; i < count && i < SHOWN_MAX; i++) {
                const char *name = json_string_value(json_array_get(names, i));

                zc_text_add(t, i > 0 ? ", " : "");
                zc_subject_text(t, name ? name : "?");
        }
        if (count > i)
                zc_text_printf(t, " and %zu more", count - i);
}

static void add_firewall(struct zc_text *t, const json_t *facts)
{
        static const char *const words[][2] = {
                { "accept", "; firewall lets in " },
                { "drop", "; firewall drops" },
                { "reject", "; firewall rejects" },
                { "unknown", "; what the firewall lets in is not known" },
        };
        const char *verdict = zc_json_str(facts, "verdict", "");

        for (size_t i = 0; i < ZC_COUNT(words); i++)
                if (strcmp(words[i][0], verdict) == 0)
                        zc_text_add(t, words[i][1]);
        if (strcmp(verdict, "accept") == 0)
                add_names(t, json_object_get(facts, "sources"));
}

/** "6379/tcp redis: listens on any address; firewall lets in 0.0.0.0/0; reached from scan-out" */
static json_t *row_summary(const struct row *r, enum scope scope, enum zc_reach reach,
                           const json_t *firewall)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, SUMMARY_MAX);
        zc_text_printf(&t, "%lld/", (long long)json_integer_value(json_object_get(r->key, "port")));
        zc_subject_text(&t, zc_json_str(r->key, "transport", ""));
        if (r->service) {
                zc_text_addc(&t, ' ');
                zc_subject_text(&t, r->service);
        }
        zc_text_add(&t, ": ");
        zc_text_add(&t, r->listens ? scopes[scope].words : "open");
        if (reach != ZC_REACH_LOOPBACK)
                add_firewall(&t, firewall);
        if (json_array_size(r->from) > 0) {
                zc_text_add(&t, "; reached from ");
                add_names(&t, r->from);
        }
        return t.failed ? NULL : json_string(zc_text_str(&t));
}

static json_t *string_or_null(const char *s)
{
        return s ? json_string(s) : json_null();
}

static json_t *row_finish(struct join *j, const struct row *r)
{
        const json_t *host = r->host != SIZE_MAX ? j->hosts[r->host].facts : NULL;
        struct zc_admission a = { .widest = ZC_REACH_UNKNOWN };
        enum scope scope = row_scope(r);
        ZC_AUTO_MEM char *listener = r->listens ? zc_subject_listener(r->key) : NULL;
        json_t *row = json_object();
        enum zc_reach reach;
        bool ok;

        if (host)
                a = zc_admission_of(host, r->key, &j->budget);
        reach = row_reach(r, scope, &a);
        ok = (!host || a.facts) && (!r->listens || listener) &&
             json_object_set_new(row, "asset", json_string(r->asset)) == 0 &&
             json_object_set(row, "transport", json_object_get(r->key, "transport")) == 0 &&
             json_object_set(row, "port", json_object_get(r->key, "port")) == 0 &&
             json_object_set_new(row, "listener", string_or_null(listener)) == 0 &&
             (!host || json_object_set(row, "firewall", a.facts) == 0) &&
             json_object_set(row, "reached_from", r->from) == 0 &&
             json_object_set_new(row, "reach", json_string(zc_reach_name(reach))) == 0 &&
             json_object_set_new(row, "endpoint", string_or_null(r->endpoint)) == 0 &&
             (json_array_size(r->endpoints) < 2 ||
              json_object_set(row, "endpoints", r->endpoints) == 0) &&
             (!r->service || json_object_set_new(row, "service", json_string(r->service)) == 0) &&
             json_object_set_new(row, "summary", row_summary(r, scope, reach, a.facts)) == 0;
        json_decref(a.facts);
        if (!ok) {
                json_decref(row);
                return NULL;
        }
        return row;
}

static bool join_run(struct join *j, json_t *out, struct zc_err *err)
{
        const struct zc_evidence_visitor visitor = { .endpoint = endpoint_join, .ctx = j };

        if (!j->hosts || !j->index || !j->isolated || !out || !isolated_fill(j))
                return no_memory(err);
        for (size_t i = 0; i < j->count; i++)
                if (!host_fill(j, &j->hosts[i], j->evs[i]))
                        return no_memory(err);
        for (size_t i = 0; i < j->count; i++)
                if (!listeners_add(j, i, err))
                        return false;
        for (j->current = 0; j->current < j->count; j->current++)
                if (!zc_evidence_visit(j->evs[j->current], &visitor, err))
                        return false;
        for (size_t i = 0; i < j->row_count; i++)
                if (json_array_append_new(out, row_finish(j, &j->rows[i])) != 0)
                        return no_memory(err);
        return true;
}

json_t *zc_exposure(struct zc_evidence *const *evs, size_t count, struct zc_err *err)
{
        struct join j = { .evs = evs,
                          .count = count,
                          .hosts = calloc(count + (count == 0), sizeof(*j.hosts)),
                          .index = json_object(),
                          .isolated = json_object(),
                          .budget = COMPARISONS_MAX };
        json_t *out = json_array();

        if (!join_run(&j, out, err)) {
                json_decref(out);
                out = NULL;
        }
        join_release(&j);
        return out;
}
