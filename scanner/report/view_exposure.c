/** The ports of a report as rows: who listens, what the firewall lets in, who reached it, and the worst finding there. */
#include <string.h>

#include "page.h"
#include "view.h"
#include "zc/addr.h"
#include "zc/evidence.h"

#define CELL_MAX 40u
#define PORT_MAX 21u /* "1000-2000,3000-4000/tcp" loses its end */

const char *const view_heads[VIEW_CELLS + 1] = {
        [VIEW_HOST] = "HOST",
        [VIEW_PORT] = "PORT",
        [VIEW_SERVICE] = "SERVICE",
        [VIEW_LISTENS] = "LISTENS",
        [VIEW_FIREWALL] = "FIREWALL LETS IN",
        [VIEW_REACHED] = "REACHED",
        [VIEW_ACCESS] = "AUTH, TLS",
        [VIEW_WORST] = "WORST",
};

struct exposure {
        const json_t *report, *rows;
        struct view_exposure *view;
        json_t *worst;   /* "asset\nsubject" -> severity index of the worst finding */
        json_t *unknown; /* "asset\nsubject" -> true where a check is unknown */
        json_t *judged;  /* "asset\nsubject" -> true where a check has an answer */
};

/** What a machine's address was found to have is the machine's, whatever name it was looked at by. */
static const char *key_of(struct zc_text *t, const json_t *report, const char *asset,
                          const char *subject)
{
        const char *self = page_self(report, asset);

        zc_text_clear(t);
        zc_text_printf(t, "%s\n%s", self ? self : asset, subject);
        return zc_text_str(t);
}

static void learn_finding(struct exposure *x, const json_t *f, const char *subject)
{
        ZC_AUTO_TEXT t = { 0 };
        const json_t *have;
        const char *key;

        zc_text_init(&t, ZC_TEXT_CEILING);
        key = key_of(&t, x->report, zc_json_str(f, "asset", ""), subject);
        have = json_object_get(x->worst, key);
        if (!have || json_integer_value(have) > page_severity(f))
                json_object_set_new(x->worst, key, json_integer(page_severity(f)));
}

/** A finding is at every subject of its service. */
static void learn_findings(struct exposure *x)
{
        const json_t *f, *also;
        size_t i, k;

        json_array_foreach (json_object_get(x->report, "findings"), i, f) {
                if (!page_finding_open(f))
                        continue;
                learn_finding(x, f, zc_json_str(f, "subject", ""));
                json_array_foreach (json_object_get(f, "also"), k, also) {
                        learn_finding(x, f, json_string_value(also) ? json_string_value(also) : "");
                }
        }
}

/** checks[].subjects are ranges into subjects[]; assets[] runs beside it. */
static void learn_range(const struct exposure *x, json_t *known, const json_t *range)
{
        json_int_t first = json_integer_value(json_array_get(range, 0));
        json_int_t last = json_integer_value(json_array_get(range, 1));
        const char *asset, *subject;
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        for (json_int_t i = first < 0 ? 0 : first;
             i <= last && view_subject(x->report, i, &asset, &subject); i++)
                json_object_set_new(known, key_of(&t, x->report, asset, subject), json_true());
}

static void learn_checks(struct exposure *x)
{
        const json_t *check, *range;
        size_t i, j;

        json_array_foreach (json_object_get(x->report, "checks"), i, check) {
                const char *verdict = zc_json_str(check, "verdict", "");

                bool unknown = strcmp(verdict, "unknown") == 0 || strcmp(verdict, "error") == 0;

                if (!unknown && strcmp(verdict, "pass") != 0 && strcmp(verdict, "fail") != 0)
                        continue;
                json_array_foreach (json_object_get(check, "subjects"), j, range) {
                        learn_range(x, unknown ? x->unknown : x->judged, range);
                }
        }
}

/** "listener 0.0.0.0:22/tcp" -> "0.0.0.0"; "listener [::]:22/tcp" -> "::"; NULL when it has no such form. */
static char *listener_host(const char *subject)
{
        const char *s = strncmp(subject, "listener ", 9) == 0 ? subject + 9 : subject;
        const char *end = strrchr(s, ':');

        if (*s == '[') {
                s++;
                end = strchr(s, ']');
        }
        return end ? strndup(s, (size_t)(end - s)) : NULL;
}

static char *cell_listens(const json_t *row)
{
        const char *subject = zc_json_str(row, "listener", NULL);
        ZC_AUTO_MEM char *host = subject ? listener_host(subject) : NULL;
        struct zc_addr addr;
        struct zc_err ignored;

        if (!host)
                return strdup(strcmp(zc_json_str(row, "kind", ""), "published") == 0 ? "passed on"
                                                                                     : "-");
        if (strncmp(host, "container=", 10) == 0)
                host[9] = ' ';
        else if (strchr(host, '%') && strncmp(host, "fe80:", 5) != 0) /* bound to an interface */
                return page_cut(strchr(host, '%') + 1, CELL_MAX);
        if (!zc_addr_parse(host, &addr, &ignored))
                return page_cut(host, CELL_MAX);
        switch (zc_addr_class(&addr)) {
        case ZC_ADDR_UNSPECIFIED:
                return strdup("any");
        case ZC_ADDR_LOOPBACK:
                return strdup("loopback");
        default:
                return page_cut(host, CELL_MAX);
        }
}

/** Whether a vantage, or "self", is the machine that the row is about. */
static bool is_self(const struct exposure *x, const char *vantage, const char *self)
{
        const json_t *run;
        size_t i;

        if (strcmp(vantage, "self") == 0)
                return true;
        json_array_foreach (json_object_get(x->report, "runs"), i, run) {
                if (strcmp(zc_json_str(run, "vantage.id", ""), vantage) == 0)
                        return self && strcmp(page_own(run), self) == 0;
        }
        return false;
}

/** From which vantages it was reached; where others looked in vain, "no"; "self" where only the machine itself got there; else "not tried". */
static char *cell_reached(const struct exposure *x, const json_t *row)
{
        const char *self = page_self(x->report, zc_json_str(row, "asset", ""));
        bool by_self = false;
        const json_t *v;
        ZC_AUTO_TEXT t = { 0 };
        size_t i;

        zc_text_init(&t, 256);
        json_array_foreach (json_object_get(row, "reached_from"), i, v) {
                const char *id = json_string_value(v);
                const char *known = id ? page_vantage(x->report, id) : NULL;

                if (!id)
                        continue;
                if (is_self(x, id, self)) {
                        by_self = true;
                        continue;
                }
                zc_text_add(&t, t.len ? ", " : "");
                page_clean(&t, known ? known : id);
        }
        if (t.len == 0)
                return strdup(x->view->outside                                ? "no"
                              : by_self || zc_json_str(row, "endpoint", NULL) ? "self"
                                                                              : "not tried");
        return zc_text_steal(&t);
}

/** The worst of what its listener and its endpoint have. */
static void learn_row(const struct exposure *x, struct view_row *r)
{
        ZC_AUTO_MEM char *own = NULL; /* the subject of a row that has neither */
        const char *subjects[] = { zc_json_str(r->json, "listener", NULL),
                                   zc_json_str(r->json, "endpoint", NULL), NULL };
        const char *asset = zc_json_str(r->json, "asset", "");
        const char *reach = zc_json_str(r->json, "reach", "unknown");
        bool judged = false;
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        r->worst = PAGE_SEVERITIES;
        own = zc_subject_exposure(r->json);
        if (!subjects[0] && !subjects[1])
                subjects[2] = own;
        for (size_t i = 0; i < ZC_COUNT(subjects); i++) {
                const json_t *worst;

                if (!subjects[i])
                        continue;
                key_of(&t, x->report, asset, subjects[i]);
                worst = json_object_get(x->worst, zc_text_str(&t));
                if (worst && json_integer_value(worst) < r->worst)
                        r->worst = (unsigned)json_integer_value(worst);
                if (json_object_get(x->unknown, zc_text_str(&t)))
                        r->unknown = true;
                judged = judged || json_object_get(x->judged, zc_text_str(&t));
        }
        if (r->worst == PAGE_SEVERITIES && !r->unknown)
                r->left = view_row_left(x->report, r->json, judged);
        r->quiet = r->worst == PAGE_SEVERITIES && !r->unknown && !r->left &&
                   (strcmp(reach, "loopback") == 0 || strcmp(reach, "none") == 0);
}

static const char *cell_worst(const struct view_row *r)
{
        if (r->worst == 0)
                return "CRITICAL";
        if (r->worst < PAGE_SEVERITIES)
                return page_severities[r->worst];
        if (r->unknown)
                return "not known";
        return r->left ? r->left : "ok";
}

static void row_release(struct view_row *r)
{
        for (size_t i = 0; i < VIEW_CELLS; i++)
                free(r->cells[i]);
        *r = (struct view_row){ 0 };
}

static bool row_fill(const struct exposure *x, struct view_row *r, const json_t *json)
{
        const char *asset = zc_json_str(json, "asset", "");
        const char *known = page_vantage(x->report, asset);
        ZC_AUTO_TEXT port = { 0 };

        zc_text_init(&port, 600);
        *r = (struct view_row){ .json = json };
        learn_row(x, r);
        r->cells[VIEW_HOST] = page_cut(known ? known : asset, CELL_MAX);
        r->cells[VIEW_PORT] = page_cut(view_port(json, &port), PORT_MAX);
        r->cells[VIEW_SERVICE] = page_cut(zc_json_str(json, "service", "-"), 16);
        r->cells[VIEW_LISTENS] = cell_listens(json);
        if (r->cells[VIEW_LISTENS])
                r->cells[VIEW_FIREWALL] = view_lets_in(json, r->cells[VIEW_LISTENS]);
        r->cells[VIEW_REACHED] = cell_reached(x, json);
        r->cells[VIEW_ACCESS] = page_cut(zc_json_str(json, "access", "-"), CELL_MAX);
        r->cells[VIEW_WORST] = strdup(cell_worst(r));
        for (unsigned i = 0; i < VIEW_CELLS; i++) {
                if (!r->cells[i])
                        return false;
        }
        return true;
}

/** The two families of one service are one row when they read the same; the worse of the two counts. */
static bool row_merge(struct view_row *a, const struct view_row *b)
{
        char *worst;

        for (unsigned i = 0; i < VIEW_WORST; i++) {
                if (strcmp(a->cells[i], b->cells[i]) != 0)
                        return false;
        }
        a->unknown |= b->unknown;
        a->quiet = a->quiet && b->quiet;
        a->left = a->left ? a->left : b->left;
        if (b->worst < a->worst)
                a->worst = b->worst;
        worst = strdup(cell_worst(a));
        if (!worst)
                return true;
        free(a->cells[VIEW_WORST]);
        a->cells[VIEW_WORST] = worst;
        return true;
}

static bool add_family(struct view_row *r)
{
        const char *listener = zc_json_str(r->json, "listener", "");
        struct zc_text t;
        char *with;

        zc_text_init(&t, CELL_MAX);
        zc_text_add(&t, r->cells[VIEW_LISTENS]);
        zc_text_add(&t, strchr(listener, '[') ? " v6" : " v4");
        with = zc_text_steal(&t);
        if (!with)
                return false;
        free(r->cells[VIEW_LISTENS]);
        r->cells[VIEW_LISTENS] = with;
        return true;
}

/** Two rows of one port on "any" that do not read the same differ by their family: then it is named. */
static bool rows_name_families(struct view_exposure *v)
{
        bool apart = false;

        for (size_t i = 0; i + 1 < v->count || apart; i++) {
                const struct view_row *a = &v->rows[i], *b = a + 1;
                bool before = apart;

                apart = i + 1 < v->count && zc_json_str(a->json, "listener", NULL) &&
                        strcmp(a->cells[VIEW_HOST], b->cells[VIEW_HOST]) == 0 &&
                        strcmp(a->cells[VIEW_PORT], b->cells[VIEW_PORT]) == 0 &&
                        strcmp(a->cells[VIEW_LISTENS], "any") == 0 &&
                        strcmp(b->cells[VIEW_LISTENS], "any") == 0;
                if ((before || apart) && !add_family(&v->rows[i]))
                        return false;
        }
        return true;
}

static bool rows_fill(struct exposure *x)
{
        struct view_exposure *v = x->view;
        const json_t *json;
        size_t i;

        json_array_foreach (x->rows, i, json) {
                struct view_row *r = &v->rows[v->count];

                if (strcmp(zc_json_str(json, "kind", ""), "unused") == 0)
                        continue;
                if (!row_fill(x, r, json)) {
                        row_release(r);
                        return false;
                }
                if (v->count > 0 && row_merge(r - 1, r))
                        row_release(r);
                else
                        v->count++;
        }
        return true;
}

static bool outside(const struct exposure *x)
{
        const json_t *run, *row;
        size_t i, j;

        json_array_foreach (json_object_get(x->report, "runs"), i, run) {
                const char *own = page_own(run);

                json_array_foreach (x->rows, j, row) {
                        const char *self = page_self(x->report, zc_json_str(row, "asset", own));

                        if (!self || strcmp(self, own) != 0)
                                return true;
                }
        }
        return false;
}

static bool many_assets(const json_t *rows)
{
        const char *first = zc_json_str(json_array_get(rows, 0), "asset", "");
        const json_t *row;
        size_t i;

        json_array_foreach (rows, i, row) {
                if (strcmp(zc_json_str(row, "asset", ""), first) != 0)
                        return true;
        }
        return false;
}

void view_exposure_free(struct view_exposure *x)
{
        if (!x)
                return;
        for (size_t i = 0; i < x->count; i++)
                row_release(&x->rows[i]);
        free(x->rows);
        free(x);
}

struct view_exposure *view_exposure_new(const json_t *report, struct zc_err *err)
{
        struct exposure x = { .report = report, .rows = json_object_get(report, "exposure") };
        json_auto_t *worst = json_object();
        json_auto_t *unknown = json_object();
        json_auto_t *judged = json_object();
        ZC_AUTO(view_exposure) v = calloc(1, sizeof(*v));
        size_t n = json_array_size(x.rows);

        if (v)
                v->rows = calloc(n ? n : 1, sizeof(*v->rows));
        if (!v || !v->rows || !worst || !unknown || !judged) {
                zc_fail(err, ZC_E_NOMEM, "no memory for the table of ports");
                return NULL;
        }
        x.view = v;
        v->json = x.rows;
        x.worst = worst;
        x.unknown = unknown;
        x.judged = judged;
        v->many = many_assets(x.rows);
        v->outside = outside(&x);
        learn_findings(&x);
        learn_checks(&x);
        if (!rows_fill(&x) || !rows_name_families(v)) {
                zc_fail(err, ZC_E_NOMEM, "no memory for the table of ports");
                return NULL;
        }
        return ZC_TAKE(v);
}
