/** A list of open evidence. */
#include "judging.h"

#include "outputs.h"

#include <string.h>

#define FILES_MAX 4096u

/** One run counts once: given twice, each of its checks would be two. */
static bool is_new(const struct zc_bundle *b, const struct zc_evidence *ev, struct zc_err *err)
{
        const char *id = zc_json_str(zc_evidence_run(ev), "id", "");

        for (size_t i = 0; i < b->count; i++) {
                if (strcmp(zc_json_str(zc_evidence_run(b->ev[i]), "id", ""), id) == 0)
                        return zc_fail(err, ZC_E_USAGE,
                                       "%s and %s are evidence of one run (%.64s): give it once",
                                       zc_evidence_name(b->ev[i]), zc_evidence_name(ev), id);
        }
        return true;
}

bool zc_bundle_take(struct zc_bundle *b, struct zc_evidence **ev, struct zc_err *err)
{
        struct zc_evidence **more;

        if (b->count >= FILES_MAX)
                return zc_fail(err, ZC_E_USAGE, "more than %u evidence files", FILES_MAX);
        if (!is_new(b, *ev, err))
                return false;
        more = reallocarray(b->ev, b->count + 1, sizeof(struct zc_evidence *));
        if (!more)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the evidence");
        b->ev = more;
        b->ev[b->count++] = ZC_TAKE(*ev);
        return true;
}

bool zc_bundle_open(struct zc_bundle *b, const char *path, struct zc_err *err)
{
        ZC_AUTO(zc_evidence) ev = NULL;

        for (size_t i = 0; i < b->count && strcmp(path, "-") == 0; i++) {
                if (strcmp(zc_evidence_name(b->ev[i]), "standard input") == 0)
                        return zc_fail(err, ZC_E_USAGE, "standard input (-) can be read once only");
        }
        return zc_evidence_open(path, &ev, err) && zc_bundle_take(b, &ev, err);
}

void zc_bundle_release(struct zc_bundle *b)
{
        for (size_t i = 0; i < b->count; i++)
                zc_evidence_free(b->ev[i]);
        free(b->ev);
        *b = (struct zc_bundle){ 0 };
}

static bool evidence_judge(struct zc_outputs *w, struct zc_settings *s, struct zc_bundle *b,
                           int *status, struct zc_err *err)
{
        json_auto_t *report = NULL;

        if (!zc_settings_judge(s, err))
                return false;
        report = zc_judge(b->ev, b->count, &s->judge, err);
        if (!report)
                return false;
        zc_settings_taken(s);
        *status = ZC_EXIT_FAULT;
        if (!zc_outputs_write(w, report, err))
                return false;
        *status = zc_report_status(report);
        return true;
}

bool zc_judging_run(struct zc_options *o,
                    bool (*check)(const struct zc_bundle *b, struct zc_text *missing,
                                  struct zc_err *err),
                    int *status, struct zc_err *err)
{
        ZC_AUTO_SETTINGS s = { 0 };
        ZC_AUTO_BUNDLE b = { 0 };
        ZC_AUTO_TEXT missing = { 0 };
        struct zc_outputs w = { .o = o };

        zc_text_init(&missing, 512);
        if (!zc_settings_open(&s, o, err) || !zc_outputs_reports(&w, o, "json", s.config, err))
                return false;
        for (size_t i = 0; i < o->args.count; i++) {
                if (!zc_outputs_spare(&w, o->args.item[i], err) ||
                    !zc_bundle_open(&b, o->args.item[i], err))
                        return false;
        }
        if (check && !check(&b, &missing, err))
                return false;
        s.judge.missing = missing.len > 0 ? zc_text_str(&missing) : NULL;
        return evidence_judge(&w, &s, &b, status, err);
}
