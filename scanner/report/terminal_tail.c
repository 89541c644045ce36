/** What stands below the findings: the rest in numbers, waived, new, not seen, areas, files. */
#include <string.h>

#include "page.h"
#include "zc/text.h"

#define REASONS_MAX 6u
#define RULES_MAX 3u
#define LABELS_MAX 5u

static void tag_if(struct page *p, const char *word, struct zc_text *t)
{
        if (t->len > 0)
                page_tag(p, word, zc_text_str(t));
}

static void tail_also(struct page *p, struct zc_text *t)
{
        unsigned from = p->how->verbose > 0 ? PAGE_SEVERITIES : 2;
        size_t n[PAGE_SEVERITIES + 1] = { 0 };
        const json_t *f;
        size_t i;

        json_array_foreach (json_object_get(p->report, "findings"), i, f) {
                n[page_severity(f)] += page_finding_open(f);
        }
        for (unsigned s = from; s < PAGE_SEVERITIES; s++) {
                if (n[s] > 0)
                        zc_text_printf(t, "%s%zu %s", t->len ? ", " : "", n[s], page_severities[s]);
        }
        if (t->len > 0)
                zc_text_add(t, " (-v)");
}

/** The day of a time. */
static void clean_date(struct zc_text *t, const char *time)
{
        ZC_AUTO_MEM char *day = strndup(time, strcspn(time, "T"));

        page_clean(t, day ? day : time);
}

/** "1 high, ends 2026-12-31": the first end among the waivers that matched. */
static void tail_waived(struct page *p, struct zc_text *t)
{
        static const char *const lists[] = { "active", "expiring" };
        const char *end = NULL;
        const json_t *w;
        size_t i;

        for (unsigned s = 0; s < PAGE_SEVERITIES; s++) {
                char path[48];

                snprintf(path, sizeof(path), "counts.%s.waived", page_severities[s]);
                if (json_integer_value(zc_json_at(p->report, path)) > 0)
                        zc_text_printf(t, "%s%lld %s", t->len ? ", " : "",
                                       (long long)json_integer_value(zc_json_at(p->report, path)),
                                       page_severities[s]);
        }
        for (size_t l = 0; l < ZC_COUNT(lists); l++) {
                json_array_foreach (
                        json_object_get(json_object_get(p->report, "waivers"), lists[l]), i, w) {
                        const char *at = zc_json_str(w, "expires", NULL);

                        if (at && json_integer_value(json_object_get(w, "matched")) > 0 &&
                            (!end || strcmp(at, end) < 0))
                                end = at;
                }
        }
        if (t->len > 0 && end) {
                zc_text_add(t, ", the first ends ");
                clean_date(t, end);
        }
}

/** Waivers that do nothing any more, by id. */
static void tail_stale(struct page *p, const char *list, const char *words, struct zc_text *t)
{
        const json_t *w;
        size_t i;

        json_array_foreach (json_object_get(json_object_get(p->report, "waivers"), list), i, w) {
                zc_text_add(t, i ? ", " : words);
                page_clean(t, zc_json_str(w, "id", "?"));
        }
}

static void tail_since(struct page *p, struct zc_text *t)
{
        const char *created = zc_json_str(p->report, "baseline.created", NULL);
        size_t fresh = 0, fixed = 0, changed = 0, i;
        const json_t *f;
        ZC_AUTO_TEXT labels;

        zc_text_init(&labels, 512);
        if (!created)
                return;
        json_array_foreach (json_object_get(p->report, "findings"), i, f) {
                const char *change = zc_json_str(f, "change", "");

                fixed += strcmp(change, "absent") == 0;
                changed += strcmp(change, "updated") == 0;
                if (strncmp(change, "new", 3) != 0 || !page_finding_open(f))
                        continue;
                if (fresh++ < LABELS_MAX) {
                        zc_text_add(&labels, labels.len ? ", " : "");
                        page_clean(&labels, zc_json_str(f, "label", "-"));
                }
        }
        page_clean(t, created);
        zc_text_printf(t, ": %zu new", fresh);
        if (fresh > 0)
                zc_text_printf(t, " (%s%s)", zc_text_str(&labels), fresh > LABELS_MAX ? ", …" : "");
        zc_text_printf(t, ", %zu fixed, %zu changed", fixed, changed);
}

/* Checks that could not be made for one reason. */
struct reason {
        char *why; /* clean of the member's name where a cause stands behind it; owned */
        size_t checks, rules;
        bool required;
        struct zc_text names; /* the first rules */
};

struct reasons {
        struct reason *r;
        size_t count, room;
        json_t *index; /* cause -> position in r */
};

static void reasons_free(struct reasons *all)
{
        for (size_t i = 0; i < all->count; i++) {
                zc_text_release(&all->r[i].names);
                free(all->r[i].why);
        }
        free(all->r);
        json_decref(all->index);
}

static const char *const roots[] = { "self.", "host.", "endpoint.", "run." };

/** Is it a member that was not observed, with or without its cause behind it: "self.backend (firewall: needs …)"? */
static bool is_member(const char *why)
{
        for (size_t i = 0; i < ZC_COUNT(roots); i++) {
                if (strncmp(why, roots[i], strlen(roots[i])) == 0)
                        return true;
        }
        return false;
}

/** The cause alone, so that members that one cause hides are one line; else the whole. free() */
static char *cause_of(const char *why)
{
        const char *open = strchr(why, ' ');
        size_t n = strlen(why);

        if (strcmp(why, "reach") == 0) /* the judge's one-word cause, in words */
                return strdup("how far away the port can be reached from is not worked out");
        if (is_member(why) && open && open[1] == '(' && why[n - 1] == ')')
                return strndup(open + 2, n - (size_t)(open + 2 - why) - 1);
        return strdup(why);
}

/** Room for one more. */
static bool reasons_grow(struct reasons *all)
{
        size_t room = all->room ? 2 * all->room : 16;
        struct reason *more;

        if (all->count < all->room)
                return true;
        more = reallocarray(all->r, room, sizeof(*more));
        if (!more)
                return false;
        all->r = more;
        all->room = room;
        return true;
}

static struct reason *reason_for(struct reasons *all, const char *why)
{
        ZC_AUTO_MEM char *cause = cause_of(why);
        const json_t *known = cause ? json_object_get(all->index, cause) : NULL;
        struct reason *r;

        if (known)
                return &all->r[json_integer_value(known)];
        if (!cause || !reasons_grow(all) ||
            json_object_set_new(all->index, cause, json_integer((json_int_t)all->count)) != 0)
                return NULL;
        r = &all->r[all->count++];
        *r = (struct reason){ .why = ZC_TAKE(cause) };
        zc_text_init(&r->names, 256);
        return r;
}

/** Required first, then by how much they hide. */
static int reason_order(const void *a, const void *b)
{
        const struct reason *x = a, *y = b;

        if (x->required != y->required)
                return x->required ? -1 : 1;
        if (x->checks != y->checks)
                return x->checks > y->checks ? -1 : 1;
        return strcmp(x->why, y->why);
}

static bool reasons_gather(struct page *p, struct reasons *all, struct zc_err *err)
{
        const json_t *check;
        size_t i;

        json_array_foreach (json_object_get(p->report, "checks"), i, check) {
                const char *verdict = zc_json_str(check, "verdict", "");
                struct reason *r;

                if ((strcmp(verdict, "unknown") != 0 && strcmp(verdict, "error") != 0) ||
                    json_is_string(json_object_get(check, "waived")))
                        continue;
                r = reason_for(all, zc_json_str(check, "why", ""));
                if (!r)
                        return zc_fail(err, ZC_E_NOMEM, "no memory for what was not seen");
                r->checks += (size_t)json_integer_value(json_object_get(check, "count"));
                r->required |= json_is_true(json_object_get(check, "required"));
                if (r->rules++ < RULES_MAX) {
                        zc_text_add(&r->names, r->names.len ? ", " : "");
                        page_clean(&r->names, zc_json_str(check, "rule", "?"));
                }
        }
        if (all->count > 0)
                qsort(all->r, all->count, sizeof(*all->r), reason_order);
        return true;
}

/** What a reader can do about it, where the reason names a privilege and no remedy. */
static const char *reason_remedy(const char *why)
{
        bool privilege = strstr(why, "CAP_NET_ADMIN") || strstr(why, "CAP_SYS_PTRACE");

        return privilege && !strstr(why, "root") && !strstr(why, "doctor")
                       ? "; run as root, or see zerocrit doctor"
                       : "";
}

static void reason_text(const struct reason *r, struct zc_text *t)
{
        page_clean(t, *r->why ? r->why : "no reason given");
        if (is_member(r->why) && !strchr(r->why, ' '))
                zc_text_add(t, " was not observed");
        zc_text_add(t, reason_remedy(r->why));
        zc_text_printf(t, " (%zu %scheck%s: %s%s)", r->checks, r->required ? "required " : "",
                       r->checks == 1 ? "" : "s", zc_text_str(&r->names),
                       r->rules > RULES_MAX ? ", …" : "");
}

static bool tail_not_seen(struct page *p, struct zc_err *err)
{
        struct reasons all = { .index = json_object() };
        bool ok = reasons_gather(p, &all, err);
        size_t most = p->how->verbose > 0 || all.count <= REASONS_MAX ? all.count : REASONS_MAX;

        for (size_t i = 0; ok && i < most; i++) {
                ZC_AUTO_TEXT t;

                zc_text_init(&t, ZC_TEXT_CEILING);
                reason_text(&all.r[i], &t);
                page_tag(p, i ? "" : "NOT SEEN", zc_text_str(&t));
        }
        if (ok && most < all.count) {
                char more[64];

                snprintf(more, sizeof(more), "and %zu reasons more (-v)", all.count - most);
                page_tag(p, "", more);
        }
        reasons_free(&all);
        return ok;
}

static void tail_problems(struct page *p)
{
        const json_t *problems = json_object_get(p->report, "problems");
        const json_t *v;
        size_t i;

        if (json_array_size(problems) > 0 && p->how->verbose == 0) {
                char text[64];

                snprintf(text, sizeof(text), "%zu while looking (-v)", json_array_size(problems));
                page_tag(p, "PROBLEMS", text);
                return;
        }
        json_array_foreach (problems, i, v) {
                static const char *const parts[] = { "probe", "subject", "what", "why" };
                ZC_AUTO_TEXT t;

                zc_text_init(&t, ZC_TEXT_CEILING);
                for (size_t k = 0; k < ZC_COUNT(parts); k++) {
                        const char *s = zc_json_str(v, parts[k], "");

                        if (*s) {
                                zc_text_add(&t, t.len ? (k == 1 ? " " : ": ") : "");
                                page_clean(&t, s);
                        }
                }
                page_tag(p, i ? "" : "PROBLEMS", zc_text_str(&t));
        }
}

static void tail_areas(struct page *p, struct zc_text *t)
{
        const json_t *area;
        size_t i;

        json_array_foreach (json_object_get(p->report, "areas"), i, area) {
                zc_text_add(t, i ? ", " : "");
                page_clean(t, zc_json_str(area, "name", "?"));
                zc_text_add(t, " ");
                page_clean(t, zc_json_str(area, "grade", "not known"));
        }
}

static void tail_files(struct page *p)
{
        zc_out_puts(p->out, "\n");
        for (size_t i = 0; p->how->files && p->how->files[i]; i++) {
                ZC_AUTO_TEXT t;

                zc_text_init(&t, ZC_TEXT_CEILING);
                page_clean(&t, p->how->files[i]);
                page_tag(p, i ? "" : "wrote", zc_text_str(&t));
        }
}

bool page_tail(struct page *p, struct zc_err *err)
{
        static const struct {
                const char *word;
                void (*text)(struct page *p, struct zc_text *t);
        } lines[] = { { "ALSO", tail_also }, { "WAIVED", tail_waived }, { "SINCE", tail_since } };
        ZC_AUTO_TEXT t;

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_out_puts(p->out, "\n");
        for (size_t i = 0; i < ZC_COUNT(lines); i++) {
                zc_text_clear(&t);
                lines[i].text(p, &t);
                tag_if(p, lines[i].word, &t);
        }
        zc_text_clear(&t);
        tail_stale(p, "expired", "waivers that ended: ", &t);
        tag_if(p, "EXPIRED", &t);
        zc_text_clear(&t);
        tail_stale(p, "unused", "waivers that match nothing: ", &t);
        tag_if(p, "UNUSED", &t);
        if (!tail_not_seen(p, err))
                return false;
        tail_problems(p);
        zc_text_clear(&t);
        tail_areas(p, &t);
        tag_if(p, "AREAS", &t);
        tail_files(p);
        return t.failed ? zc_fail(err, ZC_E_NOMEM, "no memory for the page") : true;
}
