/** The table of ports: who listens, what the firewall lets in, who reached it, and the worst finding there. */
#include <string.h>

#include "page.h"
#include "zc/addr.h"
#include "zc/text.h"

#define ROWS_MAX 40u
#define ROWS_FOLD 16u /* with more rows than this, the quiet ones become one line */
#define CELL_MAX 40u
#define SOURCES_MAX 2u

struct row {
        const json_t *json;
        char *cells[PAGE_CELLS_MAX];
        unsigned worst; /* severity index; PAGE_SEVERITIES: nothing found */
        bool unknown;   /* a check on it could not be made */
        bool quiet;     /* loopback or unreachable, and nothing found */
};

struct exposure {
        struct page *p;
        const json_t *rows;
        json_t *worst;   /* "asset\nsubject" -> severity index of the worst finding */
        json_t *unknown; /* "asset\nsubject" -> true where a check is unknown */
        bool many;       /* more than one asset: a HOST column */
        bool outside;    /* some vantage is not the audited host */
};

static const char *key_of(struct zc_text *t, const char *asset, const char *subject)
{
        zc_text_clear(t);
        zc_text_printf(t, "%s\n%s", asset, subject);
        return zc_text_str(t);
}

static void learn_findings(struct exposure *x)
{
        const json_t *f;
        size_t i;
        ZC_AUTO_TEXT t;

        zc_text_init(&t, ZC_TEXT_CEILING);
        json_array_foreach (json_object_get(x->p->report, "findings"), i, f) {
                const char *key =
                        key_of(&t, zc_json_str(f, "asset", ""), zc_json_str(f, "subject", ""));
                const json_t *have = json_object_get(x->worst, key);
                unsigned severity = page_severity(f);

                if (page_finding_open(f) && (!have || json_integer_value(have) > severity))
                        json_object_set_new(x->worst, key, json_integer(severity));
        }
}

/** checks[].subjects are ranges into subjects[]; assets[] runs beside it. */
static void learn_range(struct exposure *x, const json_t *range)
{
        const json_t *subjects = json_object_get(x->p->report, "subjects");
        const json_t *assets = json_object_get(x->p->report, "assets");
        json_int_t first = json_integer_value(json_array_get(range, 0));
        json_int_t last = json_integer_value(json_array_get(range, 1));
        ZC_AUTO_TEXT t;

        zc_text_init(&t, ZC_TEXT_CEILING);
        for (json_int_t i = first < 0 ? 0 : first;
             i <= last && (size_t)i < json_array_size(subjects); i++) {
                const char *subject = json_string_value(json_array_get(subjects, (size_t)i));
                const char *asset = json_string_value(json_array_get(assets, (size_t)i));

                if (subject && asset)
                        json_object_set_new(x->unknown, key_of(&t, asset, subject), json_true());
        }
}

static void learn_unknowns(struct exposure *x)
{
        const json_t *check, *range;
        size_t i, j;

        json_array_foreach (json_object_get(x->p->report, "checks"), i, check) {
                const char *verdict = zc_json_str(check, "verdict", "");

                if (strcmp(verdict, "unknown") != 0 && strcmp(verdict, "error") != 0)
                        continue;
                json_array_foreach (json_object_get(check, "subjects"), j, range) {
                        learn_range(x, range);
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
                return strdup("-");
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

static void sources_text(const json_t *sources, struct zc_text *t)
{
        const json_t *v;
        size_t i;

        json_array_foreach (sources, i, v) {
                const char *s = json_string_value(v);

                if (s && (strcmp(s, "0.0.0.0/0") == 0 || strcmp(s, "::/0") == 0)) {
                        zc_text_clear(t);
                        zc_text_add(t, "any");
                        return;
                }
                if (s && i < SOURCES_MAX) {
                        zc_text_add(t, i ? ", " : "");
                        page_clean(t, s);
                }
        }
        if (json_array_size(sources) > SOURCES_MAX)
                zc_text_printf(t, " +%zu", json_array_size(sources) - SOURCES_MAX);
}

static char *cell_firewall(const json_t *row, const char *listens)
{
        const char *verdict = zc_json_str(row, "firewall.verdict", NULL);
        const json_t *sources = zc_json_at(row, "firewall.sources");
        ZC_AUTO_TEXT t;

        zc_text_init(&t, 256);
        if (strcmp(listens, "loopback") == 0)
                return strdup("-");
        if (!verdict || strcmp(verdict, "unknown") == 0)
                return strdup(zc_json_str(row, "listener", NULL) ? "not known" : "-");
        if (strcmp(verdict, "accept") != 0)
                return strdup("nothing");
        sources_text(sources, &t);
        if (t.len == 0)
                zc_text_add(&t, "any");
        if (strcmp(zc_json_str(row, "firewall.certainty", "certain"), "possible") == 0)
                zc_text_add(&t, ", perhaps");
        return zc_text_steal(&t);
}

/** From which vantages it was reached; "not tried" when only the host itself looked. */
static char *cell_reached(const struct exposure *x, const json_t *row)
{
        const json_t *v;
        ZC_AUTO_TEXT t;
        size_t i;

        zc_text_init(&t, 256);
        json_array_foreach (json_object_get(row, "reached_from"), i, v) {
                const char *id = json_string_value(v);
                const char *known = id ? page_vantage(x->p->report, id) : NULL;

                if (!id || strcmp(id, "self") == 0 ||
                    strcmp(id, zc_json_str(row, "asset", "")) == 0)
                        continue;
                zc_text_add(&t, t.len ? ", " : "");
                page_clean(&t, known ? known : id);
        }
        if (t.len == 0)
                return strdup(x->outside ? "no" : "not tried");
        return zc_text_steal(&t);
}

/** The worst of what its listener and its endpoint have. */
static void learn_row(const struct exposure *x, struct row *r)
{
        char plain[48]; /* the subject of a row that has neither */
        const char *subjects[] = { zc_json_str(r->json, "listener", NULL),
                                   zc_json_str(r->json, "endpoint", NULL), plain };
        const char *asset = zc_json_str(r->json, "asset", "");
        const char *reach = zc_json_str(r->json, "reach", "unknown");
        ZC_AUTO_TEXT t;

        zc_text_init(&t, ZC_TEXT_CEILING);
        r->worst = PAGE_SEVERITIES;
        snprintf(plain, sizeof(plain), "exposure %lld/%.8s",
                 (long long)json_integer_value(json_object_get(r->json, "port")),
                 zc_json_str(r->json, "transport", ""));
        for (size_t i = 0; i < ZC_COUNT(subjects); i++) {
                const json_t *worst;

                if (!subjects[i])
                        continue;
                key_of(&t, asset, subjects[i]);
                worst = json_object_get(x->worst, zc_text_str(&t));
                if (worst && json_integer_value(worst) < r->worst)
                        r->worst = (unsigned)json_integer_value(worst);
                if (json_object_get(x->unknown, zc_text_str(&t)))
                        r->unknown = true;
        }
        r->quiet = r->worst == PAGE_SEVERITIES && !r->unknown &&
                   (strcmp(reach, "loopback") == 0 || strcmp(reach, "none") == 0);
}

static const char *cell_worst(const struct row *r)
{
        if (r->worst == 0)
                return "CRITICAL";
        if (r->worst < PAGE_SEVERITIES)
                return page_severities[r->worst];
        return r->unknown ? "not known" : "ok";
}

static void row_release(struct row *r)
{
        for (size_t i = 0; i < PAGE_CELLS_MAX; i++)
                free(r->cells[i]);
        *r = (struct row){ 0 };
}

static bool row_fill(const struct exposure *x, struct row *r, const json_t *json,
                     struct zc_err *err)
{
        const char *asset = zc_json_str(json, "asset", "");
        const char *known = page_vantage(x->p->report, asset);
        ZC_AUTO_TEXT port;
        unsigned n = 0;

        zc_text_init(&port, 64);
        zc_text_printf(&port, "%lld/%s",
                       (long long)json_integer_value(json_object_get(json, "port")),
                       strcmp(zc_json_str(json, "transport", ""), "udp") == 0 ? "udp" : "tcp");
        *r = (struct row){ .json = json };
        learn_row(x, r);
        if (x->many)
                r->cells[n++] = page_cut(known ? known : asset, CELL_MAX);
        r->cells[n++] = zc_text_steal(&port);
        r->cells[n++] = page_cut(zc_json_str(json, "service", "-"), 16);
        r->cells[n++] = cell_listens(json);
        r->cells[n] = r->cells[n - 1] ? cell_firewall(json, r->cells[n - 1]) : NULL;
        n++;
        r->cells[n++] = cell_reached(x, json);
        r->cells[n++] = strdup(cell_worst(r));
        for (unsigned i = 0; i < n; i++) {
                if (!r->cells[i])
                        return zc_fail(err, ZC_E_NOMEM, "no memory for the table of ports");
        }
        return true;
}

/** The two families of one service are one row when they read the same; the worse of the two counts. */
static bool row_merge(const struct exposure *x, struct row *a, const struct row *b)
{
        unsigned last = x->many ? 6 : 5;
        char *worst;

        if (!a->json)
                return false;
        for (unsigned i = 0; i < last; i++) {
                if (strcmp(a->cells[i], b->cells[i]) != 0)
                        return false;
        }
        a->unknown |= b->unknown;
        if (b->worst < a->worst)
                a->worst = b->worst;
        worst = strdup(cell_worst(a));
        if (!worst)
                return true;
        free(a->cells[last]);
        a->cells[last] = worst;
        return true;
}

static enum page_colour row_colour(const struct row *r)
{
        if (r->worst < PAGE_SEVERITIES)
                return page_severity_colour(page_severities[r->worst]);
        return r->unknown ? PAGE_YELLOW : PAGE_PLAIN;
}

/** Counts that the line under the table tells. */
struct left_out {
        size_t shown, quiet, more;
};

/** Hand a finished row on; what is left out without -v is counted. */
static bool row_put(const struct exposure *x, struct page_table *table, struct left_out *out,
                    const struct row *r, struct zc_err *err)
{
        bool verbose = x->p->how->verbose > 0;

        if (!r->json)
                return true;
        if (!verbose && r->quiet && json_array_size(x->rows) > ROWS_FOLD) {
                out->quiet++;
                return true;
        }
        if (!verbose && out->shown >= ROWS_MAX && r->worst > 1) {
                out->more++;
                return true;
        }
        out->shown++;
        return page_table_add(table, (const char *const *)r->cells, row_colour(r), err);
}

static bool rows_add(const struct exposure *x, struct page_table *table, struct left_out *out,
                     struct zc_err *err)
{
        struct row last = { 0 };
        const json_t *json;
        size_t i;
        bool ok = true;

        json_array_foreach (x->rows, i, json) {
                struct row r;

                ok = row_fill(x, &r, json, err);
                if (ok && !row_merge(x, &last, &r)) {
                        ok = row_put(x, table, out, &last, err);
                        row_release(&last);
                        last = r;
                        r = (struct row){ 0 };
                }
                row_release(&r);
                if (!ok)
                        break;
        }
        ok = ok && row_put(x, table, out, &last, err);
        row_release(&last);
        return ok;
}

static bool outside(const struct exposure *x)
{
        const json_t *run, *row;
        size_t i, j;

        json_array_foreach (json_object_get(x->p->report, "runs"), i, run) {
                const char *id = zc_json_str(run, "vantage.id", "");

                json_array_foreach (x->rows, j, row) {
                        if (strcmp(zc_json_str(row, "asset", id), id) != 0)
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

static bool exposure_print(struct exposure *x, struct zc_err *err)
{
        static const char *const heads[] = {
                "HOST", "PORT", "SERVICE", "LISTENS", "FIREWALL LETS IN", "REACHED", "WORST", NULL
        };
        ZC_AUTO(page_table) table = page_table_new(x->many ? heads : heads + 1);
        struct left_out out = { 0 };

        if (!table || !x->worst || !x->unknown)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the table of ports");
        learn_findings(x);
        learn_unknowns(x);
        if (!rows_add(x, table, &out, err))
                return false;
        zc_out_puts(x->p->out, "\n");
        page_table_print(table, x->p);
        if (out.quiet > 0)
                zc_out_printf(x->p->out, "and %zu on loopback or let in by nothing, ok (-v)\n",
                              out.quiet);
        if (out.more > 0)
                zc_out_printf(x->p->out, "and %zu rows more, none high or critical (-v)\n",
                              out.more);
        return true;
}

bool page_exposure(struct page *p, struct zc_err *err)
{
        struct exposure x = { .p = p, .rows = json_object_get(p->report, "exposure") };
        bool ok;

        if (json_array_size(x.rows) == 0)
                return true;
        x.worst = json_object();
        x.unknown = json_object();
        x.many = many_assets(x.rows);
        x.outside = outside(&x);
        ok = exposure_print(&x, err);
        json_decref(x.worst);
        json_decref(x.unknown);
        return ok;
}
