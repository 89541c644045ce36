/** What could not be checked, by its reason: the members that one cause hides are one reason. */
#include <string.h>

#include "page.h"
#include "view.h"

#define RULES_MAX 3u

void view_unseen_free(struct view_unseen *all)
{
        if (!all)
                return;
        for (size_t i = 0; i < all->count; i++) {
                zc_text_release(&all->r[i].names);
                free(all->r[i].why);
        }
        json_decref(all->index);
        free(all->r);
        free(all);
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
static bool reasons_grow(struct view_unseen *all)
{
        size_t room = all->room ? 2 * all->room : 16;
        struct view_reason *more;

        if (all->count < all->room)
                return true;
        more = reallocarray(all->r, room, sizeof(*more));
        if (!more)
                return false;
        all->r = more;
        all->room = room;
        return true;
}

static struct view_reason *reason_for(struct view_unseen *all, const char *why)
{
        ZC_AUTO_MEM char *cause = cause_of(why);
        const json_t *known = cause ? json_object_get(all->index, cause) : NULL;
        struct view_reason *r;

        if (known)
                return &all->r[json_integer_value(known)];
        if (!cause || !reasons_grow(all) ||
            json_object_set_new(all->index, cause, json_integer((json_int_t)all->count)) != 0)
                return NULL;
        r = &all->r[all->count++];
        *r = (struct view_reason){ .why = ZC_TAKE(cause) };
        zc_text_init(&r->names, 256);
        return r;
}

/** Required first, then by how much they hide. */
static int reason_order(const void *a, const void *b)
{
        const struct view_reason *x = a, *y = b;

        if (!x->required != !y->required)
                return x->required ? -1 : 1;
        if (x->checks != y->checks)
                return x->checks > y->checks ? -1 : 1;
        return strcmp(x->why, y->why);
}

static bool reasons_gather(const json_t *report, struct view_unseen *all, struct zc_err *err)
{
        const json_t *check;
        size_t i;

        json_array_foreach (json_object_get(report, "checks"), i, check) {
                const char *verdict = zc_json_str(check, "verdict", "");
                struct view_reason *r;
                size_t checks;

                if ((strcmp(verdict, "unknown") != 0 && strcmp(verdict, "error") != 0) ||
                    json_is_string(json_object_get(check, "waived")))
                        continue;
                r = reason_for(all, zc_json_str(check, "why", ""));
                if (!r)
                        return zc_fail(err, ZC_E_NOMEM, "no memory for what was not seen");
                checks = (size_t)json_integer_value(json_object_get(check, "count"));
                r->checks += checks;
                all->checks += checks;
                if (json_is_true(json_object_get(check, "required"))) {
                        r->required += checks;
                        all->required += checks;
                }
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

void view_reason_what(const struct view_reason *r, struct zc_text *t)
{
        page_clean(t, *r->why ? r->why : "no reason given");
        if (is_member(r->why) && !strchr(r->why, ' '))
                zc_text_add(t, " was not observed");
        zc_text_add(t, reason_remedy(r->why));
}

void view_reason_checks(const struct view_reason *r, struct zc_text *t)
{
        bool all = r->required == r->checks;

        zc_text_printf(t, "%zu %scheck%s", r->checks, r->required && all ? "required " : "",
                       r->checks == 1 ? "" : "s");
        if (r->required && !all)
                zc_text_printf(t, ", %zu required", r->required);
        zc_text_printf(t, ": %s%s", zc_text_str(&r->names), r->rules > RULES_MAX ? ", …" : "");
}

struct view_unseen *view_unseen_new(const json_t *report, struct zc_err *err)
{
        ZC_AUTO(view_unseen) all = calloc(1, sizeof(*all));

        if (!all) {
                zc_fail(err, ZC_E_NOMEM, "no memory for what was not seen");
                return NULL;
        }
        all->index = json_object();
        if (!reasons_gather(report, all, err))
                return NULL;
        return ZC_TAKE(all);
}
