/** zerocrit rules coverage --framework: which rules bear upon which controls of a standard. */
#include <string.h>

#include "cmd_rules.h"
#include "settings.h"
#include "zc/framework.h"
#include "zc/text.h"

#define ID_WIDTH 10u

/** A text of a file that anybody may have written. */
static void put_clean(struct zc_out *out, const char *s)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_text_escape(&t, s, strlen(s));
        zc_out_puts(out, zc_text_str(&t));
}

static void put_ids(struct zc_out *out, const json_t *ids, size_t indent, unsigned columns)
{
        size_t at = columns, i;
        const json_t *v;

        json_array_foreach (ids, i, v) {
                const char *id = json_string_value(v);

                if (at + 1 + strlen(id) > columns) {
                        zc_out_printf(out, "%s%*s", i ? "\n" : "", (int)indent, "");
                        at = indent;
                } else {
                        zc_out_puts(out, " ");
                        at++;
                }
                zc_out_puts(out, id);
                at += strlen(id);
        }
        if (i > 0)
                zc_out_puts(out, "\n");
}

static void put_control(struct zc_out *out, const json_t *control, unsigned columns)
{
        const char *id = zc_json_str(control, "id", "");

        put_clean(out, id);
        zc_out_printf(out, "%*s", strlen(id) < ID_WIDTH ? (int)(ID_WIDTH - strlen(id)) : 1, "");
        put_clean(out, zc_json_str(control, "title", ""));
        zc_out_puts(out, "\n");
        if (json_array_size(json_object_get(control, "rules")) == 0)
                zc_out_printf(out, "%*sno rule\n", (int)ID_WIDTH, "");
        put_ids(out, json_object_get(control, "rules"), ID_WIDTH, columns);
}

static void put_coverage(struct zc_out *out, const json_t *coverage, const struct zc_pack *pack)
{
        const json_t *controls = json_object_get(coverage, "controls");
        const json_t *unmapped = json_object_get(coverage, "unmapped");
        unsigned columns = zc_columns(1);
        const json_t *v;
        size_t i;

        put_clean(out, zc_json_str(coverage, "title", ""));
        zc_out_puts(out, " ");
        put_clean(out, zc_json_str(coverage, "version", ""));
        zc_out_printf(out, ": %zu controls, %zu of %zu rules bear upon them\n\n",
                      json_array_size(controls), zc_pack_count(pack) - json_array_size(unmapped),
                      zc_pack_count(pack));
        json_array_foreach (controls, i, v) {
                put_control(out, v, columns);
        }
        if (json_array_size(unmapped) > 0) {
                zc_out_puts(out, "\nUpon none of them\n");
                put_ids(out, unmapped, ID_WIDTH, columns);
        }
        zc_out_puts(out, "\nA rule that passes is a part of what a control asks, never the whole "
                         "of it.\n");
}

bool zc_rules_framework(const struct zc_options *o, int *status, struct zc_err *err)
{
        ZC_AUTO(zc_pack) pack = NULL;
        ZC_AUTO(zc_framework) f = NULL;
        ZC_AUTO(zc_out) out = NULL;
        json_auto_t *coverage = NULL;
        bool json;

        if (!zc_rules_format(o, &json, err) || !zc_settings_pack(o, &pack, err))
                return false;
        if (!zc_framework_load(o->framework, &f, err))
                return zc_ctx(err, "--framework");
        coverage = zc_framework_coverage(f, pack, NULL, err);
        if (!coverage || !zc_out_open("-", 0600, &out, err))
                return false;
        if (json)
                zc_rules_json(out, coverage);
        else
                put_coverage(out, coverage, pack);
        return zc_rules_finish(out, status, err);
}
