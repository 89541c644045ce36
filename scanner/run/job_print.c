/** --dry-run: the plan in words. Sends nothing and resolves nothing. */
#include <inttypes.h>
#include <string.h>

#include "plan.h"
#include "zc/run.h"

#define INDENT 15 /* of what stands beside a probe's id */
#define COLUMNS 80

static const char *const level_names[] = { "observe", "safe", "active" };
static const char *const kind_names[] = { "this machine", "host", "service", "block" };
static const char *const planned_names[] = { "not planned", "yes", "as far as needed", "skipped" };
_Static_assert(ZC_COUNT(level_names) == ZC_LEVEL_ACTIVE + 1, "a name per level");
_Static_assert(ZC_COUNT(kind_names) == ZC_TARGET_BLOCK + 1, "a name per kind of target");
_Static_assert(ZC_COUNT(planned_names) == ZC_PLAN_SKIPPED + 1, "a name per decision");

/** Ports of a target in words: short lists as they are, long ones by their count. */
static bool ports_text(const struct zc_job *job, const struct zc_job_target *jt,
                       const struct zc_target *t, struct zc_text *out, struct zc_err *err)
{
        bool packets = zc_needs_missing(ZC_NEED_NET_RAW) == 0;
        struct zc_portset ports;
        const char *word;
        unsigned count;

        if (t->kind == ZC_TARGET_LOCAL) {
                zc_text_add(out, "each TCP listener's own port, over lo");
                return true;
        }
        if (!zc_plan_ports(job, jt, t, packets, &ports, &word, err))
                return false;
        count = zc_portset_count(&ports);
        if (zc_plan_udp(job, jt, t))
                zc_text_printf(out, "%u UDP, ", zc_portset_count(zc_plan_udp(job, jt, t)));
        zc_text_printf(out, "%u TCP port%s", count, count == 1 ? "" : "s");
        if (word) {
                zc_text_printf(out, " (%s)", word);
                return true;
        }
        zc_text_add(out, ": ");
        zc_portset_format(&ports, out);
        return true;
}

static bool target_print(const struct zc_job *job, const struct zc_job_target *jt,
                         const struct zc_target *t, struct zc_out *out, struct zc_err *err)
{
        ZC_AUTO_TEXT ports = { 0 };
        ZC_AUTO_TEXT named = { 0 };

        zc_text_init(&ports, 60);
        zc_text_init(&named, 256);
        zc_text_escape(&named, t->named, strlen(t->named));
        if (!ports_text(job, jt, t, &ports, err))
                return false;
        zc_out_printf(out, "  %-26s %-12s %s%s\n", zc_text_str(&named), kind_names[t->kind],
                      zc_text_str(&ports), ports.cut ? "…" : "");
        if (jt->wait_ms > 0)
                zc_out_printf(out, "  %-26s waits up to %" PRId64 " s for it to answer\n", "",
                              jt->wait_ms / 1000);
        return true;
}

static bool targets_print(const struct zc_job *job, struct zc_out *out, struct zc_err *err)
{
        zc_out_puts(out, "TARGETS\n");
        for (size_t i = 0; i < job->target_count; i++) {
                const struct zc_job_target *jt = &job->targets[i];

                for (size_t j = 0; j < jt->named_count; j++) {
                        if (!target_print(job, jt, &jt->named[j], out, err))
                                return false;
                }
        }
        return true;
}

static void needs_print(const struct zc_probe *probe, struct zc_out *out)
{
        unsigned missing = zc_needs_missing(probe->needs);
        char all[ZC_NEEDS_LEN], lacking[ZC_NEEDS_LEN];

        zc_needs_format(probe->needs, all);
        zc_needs_format(missing, lacking);
        if (all[0] == '\0')
                zc_out_puts(out, "none");
        else if (missing == 0)
                zc_out_printf(out, "%s (at hand)", all);
        else
                zc_out_printf(out, "%s (missing%s%s)", all, strcmp(all, lacking) == 0 ? "" : ": ",
                              strcmp(all, lacking) == 0 ? "" : lacking);
}

/** An id or nothing, then text in 80 columns. */
static void paragraph(struct zc_out *out, const char *id, const char *label, const char *text)
{
        size_t column = INDENT + strlen(label);

        zc_out_printf(out, "  %-12s %s", id, label);
        for (bool first = true; *text; first = false) {
                size_t word = strcspn(text, " ");
                bool wrap = !first && column + 1 + word > COLUMNS;

                if (wrap)
                        zc_out_printf(out, "\n%*s", INDENT, "");
                else if (!first)
                        zc_out_puts(out, " ");
                column = (wrap ? INDENT : column + !first) + word;
                zc_out_write(out, text, word);
                text += word + strspn(text + word, " ");
        }
        zc_out_puts(out, "\n");
}

static void probe_print(const struct zc_plan_row *row, struct zc_out *out)
{
        const struct zc_probe *p = row->probe;

        paragraph(out, p->id, "", p->summary);
        zc_out_printf(out, "  %-12s runs: %s%s%s\n", "", planned_names[row->how],
                      row->why ? ", " : "", row->why ? row->why : "");
        if (!zc_plan_runs(row))
                return;
        zc_out_printf(out, "  %-12s level: %s    privilege: ", "", level_names[p->level]);
        needs_print(p, out);
        zc_out_puts(out, "\n");
        paragraph(out, "", "sends: ", p->sends && p->sends[0] ? p->sends : "nothing");
}

bool zc_job_print(const struct zc_job *job, struct zc_out *out, struct zc_err *err)
{
        struct zc_plan plan;

        if (!zc_plan_make(job, &plan, err))
                return false;
        zc_out_printf(out, "Dry run: nothing is sent, nothing is resolved. Level %s.\n\n",
                      level_names[job->level]);
        if (!targets_print(job, out, err))
                return false;
        zc_out_puts(out, "\nPROBES\n");
        for (size_t i = 0; i < plan.count; i++) {
                if (plan.rows[i].how != ZC_PLAN_NOT)
                        probe_print(&plan.rows[i], out);
        }
        if (job->deadline_ms > 0)
                zc_out_printf(out, "\nThe run ends after %" PRId64 " s at the latest.\n",
                              job->deadline_ms / 1000);
        return true;
}
