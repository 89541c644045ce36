/** zerocrit doctor: what works here, and what to grant. */
#include <string.h>

#include "commands.h"
#include "zc/json.h"
#include "zc/report.h"
#include "zc/run.h"
#include "zc/text.h"

#define WHAT 28u

/** "ok    firewall    why; what to grant" */
static void doctor_line(const json_t *v, struct zc_out *out, unsigned columns)
{
        const char *grant = zc_json_str(v, "grant", "");
        bool ok = json_is_true(json_object_get(v, "ok"));
        const char *parts[] = { zc_json_str(v, "why", ""), ok ? "" : grant };
        const char *what = zc_json_str(v, "what", "?");
        ZC_AUTO_TEXT t = { 0 };
        ZC_AUTO_TEXT name = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_text_init(&name, 512);
        zc_text_escape(&name, what, strlen(what));
        for (size_t i = 0; i < ZC_COUNT(parts); i++) {
                zc_text_add(&t, t.len && *parts[i] ? "; " : "");
                zc_text_escape(&t, parts[i], strlen(parts[i]));
        }
        zc_out_printf(out, "%s  %-*s", ok ? "ok " : "no ", (int)(WHAT - 5), zc_text_str(&name));
        if (t.len > 0 && zc_utf8_columns(zc_text_str(&name)) >= WHAT - 5)
                zc_out_printf(out, "\n%*s", (int)WHAT, "");
        zc_wrap(out, zc_text_str(&t), WHAT, WHAT, columns);
        zc_out_puts(out, "\n");
}

static bool doctor_run(struct zc_options *o, int *status, struct zc_err *err)
{
        ZC_AUTO(zc_out) out = NULL;
        json_auto_t *list = NULL;
        const json_t *v;
        size_t i;

        if (o->args.count > 0)
                return zc_fail(err, ZC_E_USAGE, "`zerocrit doctor` takes no \"%.64s\"",
                               o->args.item[0]);
        *status = ZC_EXIT_FAULT;
        list = zc_doctor();
        if (!list)
                return zc_fail(err, ZC_E_NOMEM, "no memory to look around");
        if (!zc_out_open("-", 0600, &out, err))
                return false;
        json_array_foreach (list, i, v) {
                doctor_line(v, out, zc_columns(STDOUT_FILENO));
        }
        if (!zc_out_commit(out, err))
                return false;
        *status = ZC_EXIT_MET;
        return true;
}

const struct zc_command zc_command_doctor = {
        .name = "doctor",
        .bit = ZC_CMD_DOCTOR,
        .arguments = "",
        .observes = true,
        .summary = "what works here, and what to grant",
        .examples = (const struct zc_example[]){ { "zerocrit doctor", "As this user." },
                                                 { "sudo zerocrit doctor",
                                                   "As root: the fullest view." },
                                                 { NULL, NULL } },
        .details = "What is not ok costs evidence, never a wrong pass: the checks that need it say "
                   "`unknown`.",
        .status = "0, 2 wrong input, 4 it could not be written.",
        .run = doctor_run,
};
