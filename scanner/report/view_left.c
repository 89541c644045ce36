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

static bool is_skipped(const json_t *report, const char *probe)
{
        const json_t *run, *v;
        size_t i, j;

        json_array_foreach (json_object_get(report, "runs"), i, run) {
                json_array_foreach (zc_json_at(run, "options.skip"), j, v) {
                        if (json_is_string(v) && strcmp(json_string_value(v), probe) == 0)
                                return true;
                }
        }
        return false;
}

size_t view_skipped(const json_t *report, struct zc_text *t)
{
        json_auto_t *seen = json_object();
        const json_t *run, *v;
        size_t i, j;

        json_array_foreach (json_object_get(report, "runs"), i, run) {
                json_array_foreach (zc_json_at(run, "options.skip"), j, v) {
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
