/** A row of the exposure join as a document has it: how far away someone can stand, and the words for it. */
#include <string.h>

#include "admission.h"
#include "join.h"
#include "subject.h"

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
static json_t *row_summary(const struct zc_join_row *r, enum scope scope, enum zc_reach reach,
                           const json_t *firewall)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, SUMMARY_MAX);
        zc_text_printf(&t, "%lld/", (long long)json_integer_value(json_object_get(r->key, "port")));
        zc_subject_text(&t, zc_json_str(r->key, "transport", ""));
        if (r->service_name) {
                zc_text_addc(&t, ' ');
                zc_subject_text(&t, r->service_name);
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

json_t *zc_join_row_finish(struct zc_join *j, const struct zc_join_row *r)
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
             (!r->service_name ||
              json_object_set_new(row, "service", json_string(r->service_name)) == 0) &&
             (!r->access || json_object_set_new(row, "access", json_string(r->access)) == 0) &&
             json_object_set_new(row, "summary", row_summary(r, scope, reach, a.facts)) == 0;
        json_decref(a.facts);
        if (!ok) {
                json_decref(row);
                return NULL;
        }
        return row;
}
