/** What nobody looked at, and what looking did not tell: probes that the user took out, ports of which no service is known. */
#include <string.h>

#include "page.h"
#include "view.h"

#define PORTS_MAX 4u

/* The probe of a service that goes by another name. */
static const char *probe_of(const char *service)
{
        return strcmp(service, "postgresql") == 0 ? "postgres" : service;
}

static bool holds(const json_t *list, const char *word)
{
        const json_t *v;
        size_t i;

        json_array_foreach (list, i, v) {
                if (json_is_string(v) && strcmp(json_string_value(v), word) == 0)
                        return true;
        }
        return false;
}

/** What --only leaves out still runs where something that runs comes after it, as identify does. */
static bool is_skipped(const json_t *report, const char *probe)
{
        const json_t *run;
        size_t i;

        json_array_foreach (json_object_get(report, "runs"), i, run) {
                const json_t *only = zc_json_at(run, "options.only");

                if (holds(zc_json_at(run, "options.skip"), probe) ||
                    (json_array_size(only) > 0 && strcmp(probe, "identify") != 0 &&
                     !holds(only, probe)))
                        return true;
        }
        return false;
}

/** The words of all runs' lists, each once: "firewall, ports". Their number. */
static size_t listed(const json_t *report, const char *list, struct zc_text *t)
{
        json_auto_t *seen = json_object();
        const json_t *run, *v;
        size_t i, j;

        json_array_foreach (json_object_get(report, "runs"), i, run) {
                json_array_foreach (zc_json_at(run, list), j, v) {
                        const char *probe = json_string_value(v);

                        if (!probe || json_object_get(seen, probe))
                                continue;
                        zc_text_add(t, json_object_size(seen) > 0 ? ", " : "");
                        page_clean(t, probe);
                        json_object_set_new(seen, probe, json_true());
                }
        }
        return json_object_size(seen);
}

size_t view_skipped(const json_t *report, struct zc_text *t)
{
        static const struct {
                const char *list, *before, *after;
        } ways[] = { { "options.skip", "", " (--skip)" },
                     { "options.only", "all but ", " (--only)" } };
        size_t n = 0;

        for (size_t i = 0; i < ZC_COUNT(ways); i++) {
                ZC_AUTO_TEXT names = { 0 };

                zc_text_init(&names, ZC_TEXT_CEILING);
                if (listed(report, ways[i].list, &names) == 0)
                        continue;
                zc_text_add(t, n++ ? "; " : "");
                zc_text_add(t, ways[i].before);
                zc_text_add(t, zc_text_str(&names));
                zc_text_add(t, ways[i].after);
        }
        return n;
}

const char *view_row_left(const json_t *report, const json_t *row, bool judged)
{
        const char *service = zc_json_str(row, "service", NULL);
        bool answered = zc_json_str(row, "endpoint", NULL) != NULL;

        if (!answered)
                return judged ? NULL : "not judged";
        if (is_skipped(report, "identify"))
                return "not judged";
        if (!service)
                return "not known";
        return !judged || is_skipped(report, "tls") || is_skipped(report, probe_of(service))
                       ? "not judged"
                       : NULL;
}

size_t view_left(const struct view_exposure *x, bool full, struct zc_text *t)
{
        size_t n = 0;
        ZC_AUTO_TEXT names = { 0 };

        zc_text_init(&names, 512);
        for (size_t i = 0; i < x->count; i++) {
                if (!x->rows[i].left || x->rows[i].worst < PAGE_SEVERITIES || x->rows[i].unknown)
                        continue;
                if (n++ < PORTS_MAX) {
                        zc_text_add(&names, n > 1 ? ", " : "");
                        if (x->many)
                                zc_text_printf(&names, "%s ", x->rows[i].cells[VIEW_HOST]);
                        zc_text_add(&names, x->rows[i].cells[VIEW_PORT]);
                }
        }
        if (n == 0)
                return 0;
        zc_text_printf(t, "%zu port%s whose service is not known or was not judged", n,
                       n == 1 ? "" : "s");
        if (full)
                zc_text_printf(t, ": %s%s", zc_text_str(&names), n > PORTS_MAX ? ", …" : "");
        return n;
}
