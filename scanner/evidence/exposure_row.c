/** A row of the exposure join as a document has it: how far away someone can stand, and the words for it. */
#include <string.h>

#include "admission.h"
#include "join.h"
#include "subject.h"

#define SUMMARY_MAX 256u

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

static enum scope row_scope(const struct zc_join_row *r)
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
        return zc_join_canonical(zc_json_str(r->key, "address", NULL), &address, text)
                       ? by_class[zc_addr_class(&address)]
                       : SCOPE_UNKNOWN;
}

/** How far away someone can stand and still get in: the further of what the firewall allows and what was done. */
static enum zc_reach row_reach(const struct zc_join_row *r, enum scope scope,
                               const struct zc_admission *a)
{
        enum zc_reach reach = a->widest;

        if (r->kind == ZC_JOIN_UNUSED) /* to get in, somebody must be there */
                return ZC_REACH_NONE;
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

/** What else is said of a listener or of a published port: where what asks for the port is led instead. */
static void add_passed_on(struct zc_text *t, const json_t *to)
{
        const char *address = zc_json_str(to, "address", NULL);
        const json_t *port = json_object_get(to, "port");

        if (!address && !json_is_integer(port)) {
                zc_text_add(t, "elsewhere");
                return;
        }
        zc_subject_text(t, address ? address : "this host");
        if (json_is_integer(port))
                zc_text_printf(t, " port %lld", (long long)json_integer_value(port));
}

static void add_port(const struct zc_join_row *r, struct zc_text *t)
{
        if (r->at_address) {
                zc_subject_text(t, zc_json_str(r->key, "address", ""));
                zc_text_add(t, " port ");
        }
        if (r->ports)
                zc_subject_text(t, r->ports);
        else
                zc_text_printf(t, "%lld",
                               (long long)json_integer_value(json_object_get(r->key, "port")));
        zc_text_addc(t, '/');
        zc_subject_text(t, zc_json_str(r->key, "transport", ""));
        if (r->service_name) {
                zc_text_addc(t, ' ');
                zc_subject_text(t, r->service_name);
        }
        zc_text_add(t, ": ");
}

/** Whether all lines lead to one place. */
static bool one_target(const struct zc_join_row *r)
{
        const json_t *first = json_object_get(json_array_get(r->lines, 0), "translated"), *line;
        size_t i;

        json_array_foreach (r->lines, i, line) {
                if (!json_equal(first, json_object_get(line, "translated")))
                        return false;
        }
        return true;
}

static void add_what(const struct zc_join_row *r, enum scope scope, const json_t *firewall,
                     struct zc_text *t)
{
        const json_t *to = json_object_get(firewall, "translated");

        switch (r->kind) {
        case ZC_JOIN_LISTENER:
                zc_text_add(t, scopes[scope].words);
                if (zc_json_str(to, "address", NULL) &&
                    strcmp(zc_json_str(to, "address", ""), zc_json_str(r->key, "address", "")) !=
                            0) {
                        zc_text_add(t, " for ");
                        add_passed_on(t, to);
                }
                if (json_object_get(firewall, "passed_on")) {
                        zc_text_add(t, "; the port is passed on to ");
                        add_passed_on(t, json_object_get(firewall, "passed_on"));
                }
                break;
        case ZC_JOIN_PUBLISHED:
                zc_text_add(t, "passed on to ");
                add_passed_on(t, to);
                zc_text_add(t, one_target(r) ? ", past the rules for input"
                                             : " and elsewhere, past the rules for input");
                break;
        case ZC_JOIN_UNUSED:
                zc_text_add(t, "nobody listens");
                if (json_is_object(to)) {
                        zc_text_add(t, " on ");
                        add_passed_on(t, to);
                        zc_text_add(t, ", where it leads");
                }
                break;
        case ZC_JOIN_ENDPOINT:
                zc_text_add(t, "open");
                break;
        }
}

/** "6379/tcp redis: listens on any address; firewall lets in 0.0.0.0/0; reached from scan-out" */
static json_t *row_summary(const struct zc_join_row *r, enum scope scope, enum zc_reach reach,
                           const json_t *firewall)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, SUMMARY_MAX);
        add_port(r, &t);
        add_what(r, scope, firewall, &t);
        if (json_object_get(firewall, "passed_on") &&
            strcmp(zc_json_str(firewall, "verdict", ""), "drop") == 0) {
                zc_text_add(&t, "; nothing else is let in");
        } else if (reach != ZC_REACH_LOOPBACK && firewall) {
                zc_text_add(&t, "; ");
                zc_admission_words(firewall, &t);
        }
        if (json_array_size(r->from) > 0) {
                zc_text_add(&t, "; reached from ");
                zc_names_words(r->from, &t);
        }
        return t.failed ? NULL : json_string(zc_text_str(&t));
}

static json_t *string_or_null(const char *s)
{
        return s ? json_string(s) : json_null();
}

static struct zc_admission row_admission(struct zc_join *j, const struct zc_join_row *r,
                                         const json_t *host)
{
        if (!host)
                return (struct zc_admission){ .widest = ZC_REACH_UNKNOWN };
        return r->lines ? zc_admission_by_lines(host, r->lines, &j->budget)
                        : zc_admission_of(host, r->key, &j->budget);
}

/** What is told of it by other names, and only where there is any. */
static bool row_extras(const struct zc_join_row *r, json_t *row)
{
        return (!r->at_address ||
                json_object_set(row, "address", json_object_get(r->key, "address")) == 0) &&
               (!r->ports || json_object_set_new(row, "ports", json_string(r->ports)) == 0) &&
               (!r->lines ||
                json_object_set_new(row, "count", json_integer((json_int_t)r->count)) == 0) &&
               (json_array_size(r->endpoints) < 2 ||
                json_object_set(row, "endpoints", r->endpoints) == 0) &&
               (!r->service_name ||
                json_object_set_new(row, "service", json_string(r->service_name)) == 0);
}

json_t *zc_join_row_finish(struct zc_join *j, const struct zc_join_row *r)
{
        static const char *const kinds[] = { [ZC_JOIN_ENDPOINT] = "endpoint",
                                             [ZC_JOIN_LISTENER] = "listener",
                                             [ZC_JOIN_PUBLISHED] = "published",
                                             [ZC_JOIN_UNUSED] = "unused" };
        const json_t *host = r->host != SIZE_MAX ? j->hosts[r->host].facts : NULL;
        struct zc_admission a = row_admission(j, r, host);
        bool listens = r->kind == ZC_JOIN_LISTENER;
        enum scope scope = listens || r->kind == ZC_JOIN_ENDPOINT ? row_scope(r) : SCOPE_ANY;
        ZC_AUTO_MEM char *listener = listens ? zc_subject_listener(r->key) : NULL;
        json_t *row = json_object();
        enum zc_reach reach = row_reach(r, scope, &a);
        bool ok = (!host || a.facts) && (!listens || listener) &&
                  json_object_set_new(row, "asset", json_string(r->asset)) == 0 &&
                  json_object_set_new(row, "kind", json_string(kinds[r->kind])) == 0 &&
                  json_object_set(row, "transport", json_object_get(r->key, "transport")) == 0 &&
                  json_object_set(row, "port", json_object_get(r->key, "port")) == 0 &&
                  json_object_set_new(row, "listener", string_or_null(listener)) == 0 &&
                  (!host || json_object_set(row, "firewall", a.facts) == 0) &&
                  json_object_set(row, "reached_from", r->from) == 0 &&
                  json_object_set_new(row, "reach", json_string(zc_reach_name(reach))) == 0 &&
                  json_object_set_new(row, "endpoint", string_or_null(r->endpoint)) == 0 &&
                  row_extras(r, row) &&
                  (!r->access || json_object_set_new(row, "access", json_string(r->access)) == 0) &&
                  json_object_set_new(row, "summary", row_summary(r, scope, reach, a.facts)) == 0;

        json_decref(a.facts);
        if (!ok) {
                json_decref(row);
                return NULL;
        }
        return row;
}
