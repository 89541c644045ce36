/** From a finding to the least that must be looked at again. */
#include "recheck_plan.h"

#include <string.h>

#include "zc/addr.h"
#include "zc/probe.h"
#include "zc/target.h"
#include "zc/text.h"

static bool only_add(struct zc_again *a, const char *id)
{
        for (size_t i = 0; i < a->only_count; i++) {
                if (strcmp(a->only[i], id) == 0)
                        return true;
        }
        if (a->only_count == ZC_AGAIN_PROBES)
                return false;
        a->only[a->only_count++] = id;
        return true;
}

/** "self.auth" of a rule on redis is "endpoint.redis.auth"; lists lose their brackets. */
static void path_whole(const struct zc_rule *r, const char *path, struct zc_text *out)
{
        const char *at = r->kind->at;

        zc_text_clear(out);
        if (strncmp(path, "self", 4) == 0 && (path[4] == '.' || path[4] == '[' || !path[4])) {
                if (strncmp(at, "endpoints[]", 11) == 0) {
                        zc_text_add(out, "endpoint");
                        at += 11;
                }
                for (; *at; at++) {
                        if (*at != '[' && *at != ']')
                                zc_text_addc(out, *at);
                }
                path += 4;
        }
        zc_text_add(out, path);
}

/** One is the other, or stands above it. */
static bool on_path(const char *a, const char *b)
{
        size_t n = strlen(a) < strlen(b) ? strlen(a) : strlen(b);
        const char *rest = strlen(a) > n ? a + n : b + n;

        return strncmp(a, b, n) == 0 && (*rest == '\0' || *rest == '.' || *rest == '[');
}

/** The probes whose evidence an expression reads. */
static void reads_add(struct zc_again *a, const struct zc_rule *r, const struct zc_cel *e)
{
        size_t count = 0;
        const char *const *paths = e ? zc_cel_paths(e, &count) : NULL;
        ZC_AUTO_TEXT whole = { 0 };

        zc_text_init(&whole, 1024);
        for (size_t i = 0; i < count; i++) {
                path_whole(r, paths[i], &whole);
                for (size_t p = 0; zc_probes[p]; p++) {
                        if (on_path(zc_text_str(&whole), zc_probes[p]->evidence))
                                only_add(a, zc_probes[p]->id);
                }
        }
}

static bool is_below(const char *at, const char *root)
{
        return strncmp(at, root, strlen(root)) == 0;
}

/** Probes that do not look at what the target is are left out: a host probe finds no host behind an address. */
static void only_fit(struct zc_again *a)
{
        size_t kept = 0;

        for (size_t i = 0; i < a->only_count; i++) {
                const struct zc_probe *p = zc_probe_find(a->only[i]);

                if (p && (p->scope == ZC_SCOPE_HOST) == a->local)
                        a->only[kept++] = a->only[i];
        }
        a->only_count = kept;
        a->only[kept] = NULL;
}

/* ---- the target ---- */

struct where {
        const char *address, *port, *name; /* name: NULL for none */
};

/** "[2001:db8::1]:443/tcp#www.example.org cookie sid": the endpoint in front, taken apart. */
static bool where_read(struct zc_arena *arena, struct zc_again *a, const char *subject,
                       struct where *w)
{
        size_t n = strcspn(subject, " ");
        char *s = zc_arena_strndup(arena, subject, n);
        char *hash, *slash, *colon;

        *w = (struct where){ 0 };
        a->part = s ? zc_arena_strdup(arena, s) : NULL;
        if (!a->part)
                return false;
        hash = strchr(s, '#');
        if (hash) {
                *hash = '\0';
                w->name = hash + 1;
        }
        slash = strrchr(s, '/');
        if (!slash || strcmp(slash, "/tcp") != 0)
                return false;
        *slash = '\0';
        colon = strrchr(s, ':');
        if (!colon)
                return false;
        *colon = '\0';
        w->port = colon + 1;
        w->address = s;
        return true;
}

/** Does a configured target name this endpoint: its port, and its address or name? */
static bool names_it(struct zc_arena *arena, const char *named, const struct where *w)
{
        struct zc_target t;
        struct zc_err err = { 0 };
        uint64_t port;

        if (!zc_target_parse(arena, named, &t, &err) || t.kind != ZC_TARGET_SERVICE ||
            !zc_parse_uint(w->port, strlen(w->port), UINT16_MAX, &port) || t.port != port)
                return false;
        if (w->name)
                return strcmp(t.host, w->name) == 0;
        return t.literal && (strcmp(t.host, w->address) == 0 ||
                             (*w->address == '[' && strlen(t.host) + 2 == strlen(w->address) &&
                              strncmp(t.host, w->address + 1, strlen(t.host)) == 0));
}

/** The rows of every run's targets that have the asset's id. */
static void known_find(struct zc_arena *arena, const char *asset, const json_t *report,
                       const struct where *w, struct zc_again *a)
{
        const json_t *run, *t;
        size_t i, k;

        json_array_foreach (json_object_get(report, "runs"), i, run) {
                json_array_foreach (json_object_get(run, "targets"), k, t) {
                        if (strcmp(zc_json_str(t, "id", ""), asset) != 0)
                                continue;
                        if (!a->known)
                                a->known = t;
                        if (!a->target && w->port &&
                            names_it(arena, zc_json_str(t, "named", ""), w))
                                a->target = zc_json_str(t, "named", "");
                }
        }
}

static bool endpoint_plan(struct zc_arena *arena, const struct zc_asked_one *one,
                          const json_t *report, struct zc_again *a, struct zc_err *err)
{
        struct where w;

        if (!where_read(arena, a, one->subject, &w))
                return zc_fail(err, ZC_E_USAGE,
                               "%.128s cannot be asked again alone; audit it again", one->subject);
        known_find(arena, one->asset, report, &w, a);
        if (!a->target)
                a->target = zc_arena_printf(arena, "%s:%s", w.name ? w.name : w.address, w.port);
        return a->target || zc_fail(err, ZC_E_NOMEM, "no memory for the target");
}

static bool scan_plan(struct zc_arena *arena, const struct zc_asked_one *one, const json_t *report,
                      struct zc_again *a, struct zc_err *err)
{
        size_t n = strcspn(one->subject, "/");
        const struct where nowhere = { 0 };

        a->target = zc_arena_strndup(arena, one->subject, n);
        known_find(arena, one->asset, report, &nowhere, a);
        return a->target || zc_fail(err, ZC_E_NOMEM, "no memory for the target");
}

static bool is_endpoint(const char *subject)
{
        return (*subject >= '0' && *subject <= '9') || *subject == '[';
}

bool zc_again_plan(struct zc_arena *arena, const struct zc_rule *rule,
                   const struct zc_asked_one *one, const json_t *report, struct zc_again *out,
                   struct zc_err *err)
{
        const struct where nowhere = { 0 };
        struct zc_again a = { 0 };
        bool ok = true;

        if (rule->kind->probe)
                only_add(&a, rule->kind->probe);
        reads_add(&a, rule, rule->where);
        reads_add(&a, rule, rule->when);
        if (is_below(rule->kind->at, "scans")) {
                ok = scan_plan(arena, one, report, &a, err);
        } else if (is_below(rule->kind->at, "endpoints") || is_endpoint(one->subject)) {
                only_add(&a, "ports");
                ok = endpoint_plan(arena, one, report, &a, err);
        } else {
                a.local = true;
                a.target = "local";
                if (is_below(rule->kind->at, "exposure"))
                        only_add(&a, "firewall");
                known_find(arena, one->asset, report, &nowhere, &a);
        }
        only_fit(&a);
        if (ok)
                *out = a;
        return ok;
}

bool zc_again_join(struct zc_again *a, const struct zc_again *other)
{
        if (a->local != other->local ||
            (!a->local && (!a->part || !other->part || strcmp(a->part, other->part) != 0)))
                return false;
        for (size_t i = 0; i < other->only_count; i++) {
                if (!only_add(a, other->only[i]))
                        return false;
        }
        a->only[a->only_count] = NULL;
        return true;
}

bool zc_again_here(const struct zc_asked_one *one, const json_t *report, const char *vantage)
{
        const json_t *run, *t;
        size_t i, k;

        json_array_foreach (json_object_get(report, "runs"), i, run) {
                if (strcmp(zc_json_str(run, "vantage.id", ""), vantage) != 0)
                        continue;
                if (strcmp(one->asset, vantage) == 0)
                        return true;
                json_array_foreach (json_object_get(run, "targets"), k, t) {
                        if (strcmp(zc_json_str(t, "id", ""), one->asset) == 0 &&
                            strcmp(zc_json_str(t, "named", ""), "local") == 0)
                                return true;
                }
        }
        return false;
}

/* ---- from where ---- */

/** Whether what stands behind the finding comes from that run; where nothing says so, any run may be it. */
static bool run_saw(const struct zc_asked_one *one, const json_t *run)
{
        const char *id = zc_json_str(run, "id", "");
        const json_t *e;
        size_t i;
        bool said = false;

        json_array_foreach (json_object_get(one->finding, "evidence"), i, e) {
                const char *of = zc_json_str(e, "run", NULL);

                if (of && strcmp(of, id) == 0)
                        return true;
                said = said || of;
        }
        return !said;
}

bool zc_again_from(const struct zc_asked_one *one, const json_t *report, const json_t *vantage)
{
        const json_t *run;
        size_t i;

        json_array_foreach (json_object_get(report, "runs"), i, run) {
                if (run_saw(one, run) &&
                    zc_vantage_is_same(json_object_get(run, "vantage"), vantage))
                        return true;
        }
        return false;
}

const char *zc_again_vantage(const struct zc_asked_one *one, const json_t *report)
{
        const json_t *run;
        size_t i;

        json_array_foreach (json_object_get(report, "runs"), i, run) {
                if (run_saw(one, run))
                        return zc_json_str(run, "vantage.hostname",
                                           zc_json_str(run, "vantage.id", "?"));
        }
        return "the report's vantage";
}

bool zc_again_is_near(const char *subject)
{
        size_t n = strcspn(subject, "/");
        char text[ZC_ADDR_LEN + 8];
        struct zc_addr address;
        struct zc_err err = { 0 };
        char *end;

        if (n >= sizeof(text))
                return true;
        memcpy(text, subject, n);
        text[n] = '\0';
        end = strrchr(text, *text == '[' ? ']' : ':');
        if (end)
                *end = '\0';
        if (!zc_addr_parse(*text == '[' ? text + 1 : text, &address, &err))
                return true;
        return zc_addr_class(&address) == ZC_ADDR_LOOPBACK ||
               zc_addr_class(&address) == ZC_ADDR_LINK;
}
