/*
 * The exposure join: listeners x firewall x what was reached, over one or more vantages. Keys of hosts, listeners and open
 * endpoints are kept, never the endpoints themselves.
 */
#include <string.h>

#include "join.h"
#include "subject.h"

#define COMPARISONS_MAX ((size_t)8 << 20)

/* ---- rows ---- */

static void row_release(struct zc_join_row *r)
{
        json_decref(r->key);
        json_decref(r->from);
        json_decref(r->endpoints);
        json_decref(r->names);
        free(r->access);
        json_decref(r->lines);
        free(r->ports);
        free(r->own);
        free(r->endpoint);
        free(r->service_name);
}

static bool no_memory(struct zc_err *err)
{
        return zc_fail(err, ZC_E_NOMEM, "no memory to join listeners with what was reached");
}

char *zc_join_place_key(size_t host, const char *asset, const json_t *of, const char *address,
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

static size_t row_find(const struct zc_join *j, const char *key)
{
        const json_t *at = key ? json_object_get(j->index, key) : NULL;

        return at ? (size_t)json_integer_value(at) : SIZE_MAX;
}

struct zc_join_row *zc_join_row_add(struct zc_join *j, const char *key, json_t *facts, size_t host)
{
        struct zc_join_row *r;

        if (j->row_count == j->row_cap) {
                size_t cap = j->row_cap ? j->row_cap * 2 : 32;
                struct zc_join_row *more = reallocarray(j->rows, cap, sizeof(*more));

                if (!more) {
                        json_decref(facts);
                        return NULL;
                }
                j->rows = more;
                j->row_cap = cap;
        }
        r = &j->rows[j->row_count];
        *r = (struct zc_join_row){ .key = facts,
                                   .host = host,
                                   .service = j->row_count,
                                   .from = json_array(),
                                   .endpoints = json_array(),
                                   .names = json_array() };
        j->row_count++;
        if (!facts || !r->from || !r->endpoints || !r->names || !key ||
            json_object_set_new(j->index, key, json_integer((json_int_t)j->row_count - 1)) != 0)
                return NULL;
        return r;
}

/**
 * Who listens on every address: the same program's wildcards of IPv4 and of IPv6 are one service. "" where that is not known, or
 * where the address is one of several.
 */
static bool service_key(size_t host, const json_t *listener, struct zc_text *out)
{
        static const char *const who[] = { "container", "process" };
        const json_t *uid = json_object_get(listener, "uid");
        struct zc_addr address;
        char shown[ZC_ADDR_LEN];

        if (!json_is_integer(uid) ||
            !zc_join_canonical(zc_json_str(listener, "address", NULL), &address, shown) ||
            zc_addr_class(&address) != ZC_ADDR_UNSPECIFIED)
                return true;
        zc_text_printf(out, "%zu %s %lld %s %lld", host, zc_json_str(listener, "transport", ""),
                       (long long)json_integer_value(json_object_get(listener, "port")),
                       zc_json_str(listener, "interface", ""), (long long)json_integer_value(uid));
        for (size_t i = 0; i < ZC_COUNT(who); i++)
                zc_text_printf(out, "\x1f%s", zc_json_str(listener, who[i], ""));
        return !out->failed;
}

/** The first row of the same service. */
static bool service_join(struct zc_join *j, struct zc_join_row *r, size_t host)
{
        ZC_AUTO_TEXT key = { 0 };
        const json_t *first;

        zc_text_init(&key, ZC_TEXT_CEILING);
        if (!service_key(host, r->key, &key))
                return false;
        if (key.len == 0)
                return true;
        first = json_object_get(j->services, zc_text_str(&key));
        if (first)
                r->service = (size_t)json_integer_value(first);
        return first || json_object_set_new(j->services, zc_text_str(&key),
                                            json_integer((json_int_t)r->service)) == 0;
}

/** A listener: one row per place, however many sockets share it. */
static bool listener_add(struct zc_join *j, size_t host, const json_t *listener, struct zc_err *err)
{
        const char *text = zc_json_str(listener, "address", ""),
                   *interface = zc_json_str(listener, "interface", "");
        struct zc_addr address;
        char shown[ZC_ADDR_LEN];
        bool good = zc_join_canonical(text, &address, shown);
        ZC_AUTO_MEM char *own =
                zc_join_place_key(host, "", listener, good ? shown : text, interface);
        ZC_AUTO_MEM char *plain = zc_join_place_key(host, "", listener, good ? shown : text, "");
        struct zc_join_row *r;

        if (!own || !plain)
                return no_memory(err);
        if (row_find(j, own) != SIZE_MAX)
                return true;
        r = zc_join_row_add(j, own, json_incref((json_t *)(uintptr_t)listener), host);
        if (!r ||
            (row_find(j, plain) == SIZE_MAX &&
             json_object_set_new(j->index, plain, json_integer((json_int_t)j->row_count - 1)) !=
                     0) ||
            !service_join(j, r, host))
                return no_memory(err);
        r->kind = ZC_JOIN_LISTENER;
        r->asset = j->hosts[host].asset;
        r->isolated = zc_join_is_isolated(j, r->asset);
        return true;
}

/** A fragment without its identity has no row. */
static bool has_place(const json_t *listener)
{
        return json_is_string(json_object_get(listener, "transport")) &&
               json_is_string(json_object_get(listener, "address")) &&
               json_is_integer(json_object_get(listener, "port"));
}

static bool listeners_add(struct zc_join *j, size_t host, struct zc_err *err)
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

/** The row of the listener that answers there: on the very address, else on every address. */
static size_t listener_row(const struct zc_join *j, const struct zc_join_seen *s, size_t host)
{
        const char *const places[] = { s->text,
                                       s->address.family == AF_INET ? "0.0.0.0" : "::", "::" };

        for (size_t i = 0; i < ZC_COUNT(places); i++) {
                ZC_AUTO_MEM char *key = zc_join_place_key(host, "", s->part, places[i], "");
                size_t at = row_find(j, key);
                bool mixed = s->address.family == AF_INET && strcmp(places[i], "::") == 0;

                if (at != SIZE_MAX &&
                    !(mixed && json_is_true(json_object_get(j->rows[at].key, "v6only"))))
                        return at;
        }
        return SIZE_MAX;
}

static const char *asset_at(const struct zc_join *j, const struct zc_join_seen *s, size_t host)
{
        return host != SIZE_MAX && j->hosts[host].asked ? j->hosts[host].asset
                                                        : zc_json_str(s->part, "asset", "");
}

/** Of an endpoint that belongs to no listener, whatever its names. */
static char *alone_key(const struct zc_join *j, const struct zc_join_seen *s, size_t host)
{
        return zc_join_place_key(SIZE_MAX, asset_at(j, s, host), s->part, s->text, "");
}

/** What answers where a port is passed on is what it is passed on to, but for who asks at 127.0.0.1. */
static size_t own_row(const struct zc_join *j, const struct zc_join_seen *s, size_t host)
{
        size_t listener = listener_row(j, s, host), published = zc_join_published_row(j, s, host);

        return published == SIZE_MAX || (s->seen == ZC_SEEN_LOOPBACK && listener != SIZE_MAX)
                       ? listener
                       : published;
}

/** The row that it has joined, or would; SIZE_MAX for none yet. */
static size_t seen_row(const struct zc_join *j, const struct zc_join_seen *s, size_t host)
{
        size_t at = host != SIZE_MAX ? own_row(j, s, host) : SIZE_MAX;
        ZC_AUTO_MEM char *key = at == SIZE_MAX ? alone_key(j, s, host) : NULL;

        return at != SIZE_MAX ? at : row_find(j, key);
}

/** What stands for the listener where none is known: the endpoint's own address and port. */
static json_t *listener_of(const struct zc_join_seen *s)
{
        return json_pack("{sssssssI}", "transport", zc_json_str(s->part, "transport", ""), "family",
                         s->address.family == AF_INET ? "ip" : "ip6", "address", s->text, "port",
                         json_integer_value(json_object_get(s->part, "port")));
}

static struct zc_join_row *alone_row(struct zc_join *j, const struct zc_join_seen *s, size_t host)
{
        const char *asset = asset_at(j, s, host);
        ZC_AUTO_MEM char *key = alone_key(j, s, host);
        struct zc_join_row *r = zc_join_row_add(j, key, listener_of(s), host);

        if (!r)
                return NULL;
        r->own = strdup(asset);
        r->asset = r->own;
        r->isolated = zc_join_is_isolated(j, asset);
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

static bool row_reached(const struct zc_join *j, struct zc_join_row *r,
                        const struct zc_join_seen *s, const char *subject)
{
        r->reached = s->reach > r->reached ? s->reach : r->reached;
        return add_once(r->endpoints, subject) &&
               add_once(r->from, zc_evidence_vantage(j->evs[j->current]));
}

/** One open endpoint joins its row; the most exposed one is what the row is called by. */
static bool row_join(const struct zc_join *j, struct zc_join_row *r, const struct zc_join_seen *s)
{
        const char *service = zc_json_str(s->part, "service", NULL);
        const char *access = zc_json_str(s->part, "access", NULL);
        ZC_AUTO_MEM char *subject = zc_subject_endpoint(s->part);

        if (!subject || !add_once(r->names, zc_json_str(s->part, "asset", "")) ||
            (s->seen > ZC_SEEN_SELF && !row_reached(j, r, s, subject)))
                return false;
        if (service && !r->service_name)
                r->service_name = strdup(service);
        if (!r->endpoint || s->seen > r->seen) {
                free(r->endpoint);
                r->endpoint = ZC_TAKE(subject);
                r->seen = s->seen;
                free(r->access);
                r->access = access ? strdup(access) : NULL;
                if (access && !r->access)
                        return false;
        }
        return !service || r->service_name;
}

static char *family_key(size_t evidence, int family, const json_t *part)
{
        struct zc_text t;

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_text_printf(&t, "%zu %d %s", evidence, family, zc_json_str(part, "asset", ""));
        return zc_text_steal(&t);
}

/** An asset was observed in the family of the part's address. */
static bool family_join(struct zc_join *j, const json_t *part, const struct zc_join_seen *s)
{
        ZC_AUTO_MEM char *key = family_key(j->current, s->address.family, part);

        return key && json_object_set_new(j->families, key, json_true()) == 0;
}

static bool scan_join(void *ctx, const json_t *scan, size_t index, struct zc_err *err)
{
        struct zc_join *j = ctx;
        struct zc_join_seen s;

        (void)index;
        if (!*zc_json_str(scan, "open", "") && !*zc_json_str(scan, "closed", ""))
                return true;
        return !zc_join_see(j, j->current, scan, &s) || family_join(j, scan, &s) || no_memory(err);
}

static bool endpoint_join(void *ctx, const json_t *endpoint, size_t index, struct zc_err *err)
{
        struct zc_join *j = ctx;
        struct zc_join_row *r = NULL;
        struct zc_join_seen s;
        size_t host, at;

        (void)index;
        if (strcmp(zc_json_str(endpoint, "state", ""), "open") != 0 ||
            !zc_join_see(j, j->current, endpoint, &s))
                return true;
        host = zc_join_host_of(j, j->current, &s);
        at = seen_row(j, &s, host);
        r = at != SIZE_MAX ? &j->rows[at] : alone_row(j, &s, host);
        return (r && row_join(j, r, &s) && family_join(j, endpoint, &s)) || no_memory(err);
}

/* ---- the whole ---- */

/** What only explains others is shown where something of it was reached, as what that was looked at as. */
static bool is_shown(const struct zc_join *j, struct zc_join_row *r)
{
        if (r->host == SIZE_MAX || j->hosts[r->host].asked)
                return true;
        if (json_array_size(r->names) > 0)
                r->asset = json_string_value(json_array_get(r->names, 0));
        return json_array_size(r->names) > 0;
}

/** The row in the document, after the one before; what only led to it is let go. */
static bool row_show(struct zc_join *j, struct zc_join_row *r)
{
        const json_t *before = json_array_get(j->out, json_array_size(j->out) - 1);
        json_t *row = zc_join_row_finish(j, r);

        zc_json_share(row, before);
        json_decref(r->from);
        json_decref(r->endpoints);
        r->from = r->endpoints = NULL;
        if (r->kind == ZC_JOIN_ENDPOINT) {
                json_decref(r->key);
                r->key = NULL;
        }
        return json_array_append_new(j->out, row) == 0;
}

static bool rows_finish(struct zc_join *j)
{
        size_t n = 0;

        j->shown = calloc(j->row_count + 1, sizeof(*j->shown));
        for (size_t i = 0; j->shown && i < j->row_count; i++) {
                struct zc_join_row *r = &j->rows[i];

                r->number = SIZE_MAX;
                if (!is_shown(j, r))
                        continue;
                if (!row_show(j, r))
                        return false;
                j->shown[n] = i;
                r->number = n++;
        }
        return j->shown;
}

static bool join_run(struct zc_join *j, struct zc_err *err)
{
        const struct zc_evidence_visitor visitor = {
                .endpoint = endpoint_join, .scan = scan_join, .ctx = j, .brief = true
        };

        if (!j->hosts || !j->index || !j->services || !j->families || !j->isolated || !j->out ||
            !zc_join_hosts(j))
                return no_memory(err);
        for (size_t i = 0; i < j->count; i++)
                if (!listeners_add(j, i, err) || (!zc_join_published(j, i) && !no_memory(err)))
                        return false;
        for (j->current = 0; j->current < j->count; j->current++)
                if (!zc_evidence_visit(j->evs[j->current], &visitor, err))
                        return false;
        for (size_t i = 0; i < j->count; i++)
                if (!zc_join_unused(j, i))
                        return no_memory(err);
        return rows_finish(j) || no_memory(err);
}

void zc_join_free(struct zc_join *j)
{
        if (!j)
                return;
        for (size_t i = 0; i < j->row_count; i++)
                row_release(&j->rows[i]);
        for (size_t i = 0; j->hosts && i < j->count; i++)
                json_decref(j->hosts[i].addresses);
        free(j->rows);
        free(j->shown);
        free(j->hosts);
        json_decref(j->index);
        json_decref(j->services);
        json_decref(j->families);
        json_decref(j->isolated);
        json_decref(j->out);
        free(j);
}

struct zc_join *zc_join_new(struct zc_evidence *const *evs, size_t count, struct zc_err *err)
{
        return zc_join_believing(evs, count, NULL, NULL, err);
}

struct zc_join *zc_join_believing(struct zc_evidence *const *evs, size_t count,
                                  bool (*believed)(void *ctx, const char *asset), void *ctx,
                                  struct zc_err *err)
{
        ZC_AUTO(zc_join) j = calloc(1, sizeof(*j));

        if (!j) {
                no_memory(err);
                return NULL;
        }
        j->evs = evs;
        j->count = count;
        j->believed = believed;
        j->believed_ctx = ctx;
        j->hosts = calloc(count + (count == 0), sizeof(*j->hosts));
        j->index = json_object();
        j->services = json_object();
        j->families = json_object();
        j->isolated = json_object();
        j->out = json_array();
        j->budget = COMPARISONS_MAX;
        return join_run(j, err) ? ZC_TAKE(j) : NULL;
}

const json_t *zc_join_rows(const struct zc_join *j)
{
        return j->out;
}

const json_t *zc_join_names(const struct zc_join *j, size_t row)
{
        return row < json_array_size(j->out) ? j->rows[j->shown[row]].names : NULL;
}

struct zc_place zc_join_place(const struct zc_join *j, size_t evidence, const json_t *part)
{
        struct zc_place p = { SIZE_MAX, SIZE_MAX, SIZE_MAX, ZC_SEEN_LOOPBACK };
        struct zc_join_seen s;
        size_t at;

        if (!zc_join_see(j, evidence, part, &s))
                return p;
        p.seen = s.seen;
        p.host = zc_join_host_of(j, evidence, &s);
        at = seen_row(j, &s, p.host);
        if (at == SIZE_MAX)
                return p;
        p.row = j->rows[at].number;
        if (j->rows[at].kind == ZC_JOIN_LISTENER)
                p.service = j->rows[at].service;
        return p;
}

bool zc_join_other_family(const struct zc_join *j, size_t evidence, const json_t *scan)
{
        const char *needs = zc_json_str(scan, "needs", "");
        ZC_AUTO_MEM char *key = NULL;
        struct zc_join_seen s;

        if (strncmp(needs, ZC_NEEDS_ROUTE, sizeof(ZC_NEEDS_ROUTE) - 1) != 0 ||
            !zc_join_see(j, evidence, scan, &s))
                return false;
        key = family_key(evidence, s.address.family == AF_INET ? AF_INET6 : AF_INET, scan);
        return key && json_object_get(j->families, key);
}

const char *zc_join_asset(const struct zc_join *j, const struct zc_place *p, const json_t *part)
{
        return p->host != SIZE_MAX && j->hosts[p->host].asked ? j->hosts[p->host].asset
                                                              : zc_json_str(part, "asset", "");
}

json_t *zc_exposure(struct zc_evidence *const *evs, size_t count, struct zc_err *err)
{
        ZC_AUTO(zc_join) j = zc_join_new(evs, count, err);

        return j ? json_incref(j->out) : NULL;
}
