/** zerocrit waive: a named person accepts a finding, or a check without an answer, until a date. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "asked.h"
#include "commands.h"
#include "settings.h"
#include "waiver_file.h"
#include "zc/clock.h"

#define FILE_USUAL "waivers.yaml"
#define FILE_CAP ((size_t)1 << 20)
#define DAY_MS ((int64_t)24 * 3600 * 1000)

/* Where it goes, and what stands there. */
struct place {
        const char *path;
        char *text; /* owned */
        size_t len;
};

/** All that is missing at once. */
static bool who_said(const struct zc_options *o, struct zc_err *err)
{
        const struct {
                const char *given, *option;
        } all[] = { { o->owner, "--owner" },
                    { o->approver, "--approver" },
                    { o->reason, "--reason" },
                    { o->expires, "--expires" } };
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, 128);
        for (size_t i = 0; i < ZC_COUNT(all); i++) {
                if (!all[i].given)
                        zc_text_printf(&t, "%s%s", t.len ? ", " : "", all[i].option);
        }
        return t.len == 0 ||
               zc_fail(err, ZC_E_USAGE,
                       "a waiver says who accepts it, who approved, why, and until when; "
                       "missing: %s",
                       zc_text_str(&t));
}

/** RFC 3339; a day, meant to its end in UTC; or a time from now. */
static bool until(const char *s, int64_t now_ms, int64_t *out, struct zc_err *err)
{
        char end_of_day[ZC_TIME_LEN + 16];
        int64_t length;

        snprintf(end_of_day, sizeof(end_of_day), "%.10sT23:59:59Z", s);
        if (zc_duration_parse(s, &length) && length > 0)
                *out = now_ms + length - (now_ms + length) % 1000;
        else if (!zc_time_parse(s, out) && (strlen(s) != 10 || !zc_time_parse(end_of_day, out)))
                return zc_fail(
                        err, ZC_E_USAGE,
                        "--expires: \"%.40s\" is no time: write 2026-12-31 (to its end, UTC), "
                        "2026-12-31T12:00:00Z, or 90d",
                        s);
        return *out > now_ms ||
               zc_fail(err, ZC_E_USAGE, "--expires: %.40s is past: a waiver ends in the future", s);
}

/** The pattern that means this and nothing else. What is no endpoint has the same subject on every host. */
static json_t *target_of(const struct zc_asked_one *one)
{
        bool endpoint = (*one->subject >= '0' && *one->subject <= '9') || *one->subject == '[';

        return endpoint ? json_string(one->subject)
                        : json_sprintf("id:%s %s", one->asset, one->subject);
}

static json_t *waiver_of(const struct zc_options *o, const struct zc_asked_one *one,
                         const json_t *list, int64_t now_ms, int64_t end_ms)
{
        char id[32], created[ZC_TIME_LEN], expires[ZC_TIME_LEN];
        json_t *w;

        zc_waiver_next_id(list, id);
        zc_time_format(now_ms - now_ms % 1000, created);
        zc_time_format(end_ms, expires);
        w = json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:s}", "id", id, "rule", one->rule, "target",
                      target_of(one), "verdict", one->verdict, "owner", o->owner, "approver",
                      o->approver, "reason", o->reason);
        if (o->ticket)
                json_object_set_new(w, "ticket", json_string(o->ticket));
        json_object_set_new(w, "created", json_string(created));
        json_object_set_new(w, "expires", json_string(expires));
        return w;
}

static bool can_waive(const struct zc_asked_one *one, struct zc_err *err)
{
        if (one->waived)
                return zc_fail(err, ZC_E_USAGE, "%.32s on %.128s is waived already, by %.32s",
                               one->rule, one->subject, one->waived);
        return strcmp(one->verdict, "fail") == 0 || strcmp(one->verdict, "unknown") == 0 ||
               zc_fail(err, ZC_E_USAGE,
                       "%.32s on %.128s is %s: only what failed or is unknown can be waived",
                       one->rule, one->subject, one->verdict);
}

/** One that says the same and has not ended is not written twice. */
static bool is_new(const json_t *list, const json_t *waiver, int64_t now_ms, const char *path,
                   struct zc_err *err)
{
        static const char *const same[] = { "rule", "target", "verdict" };
        const json_t *w;
        size_t i;

        json_array_foreach (list, i, w) {
                int64_t end = 0;
                size_t k = 0;

                while (k < ZC_COUNT(same) &&
                       json_equal(json_object_get(w, same[k]), json_object_get(waiver, same[k])))
                        k++;
                if (k == ZC_COUNT(same) && zc_time_parse(zc_json_str(w, "expires", ""), &end) &&
                    end > now_ms)
                        return zc_fail(err, ZC_E_USAGE,
                                       "%s: %.32s waives %.32s on %.128s already, until %.32s; "
                                       "change that one",
                                       path, zc_json_str(w, "id", ""), zc_json_str(w, "rule", ""),
                                       zc_json_str(w, "target", ""), zc_json_str(w, "expires", ""));
        }
        return true;
}

/** --waivers, else the configuration's, else waivers.yaml here. A file that is not there yet is an empty one. */
static bool place_read(const struct zc_settings *s, struct place *p, struct zc_err *err)
{
        const char *configured = json_string_value(zc_settings_at(s, "waivers"));
        ZC_AUTO_MEM char *path = configured ? zc_config_path(s->config, configured) : NULL;

        p->path = s->o->waivers ? s->o->waivers : FILE_USUAL;
        if (!s->o->waivers && path)
                p->path = zc_arena_strdup(s->o->arena, path);
        if (!p->path)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the waivers");
        if (access(p->path, F_OK) != 0) {
                p->text = strdup("");
                return p->text || zc_fail(err, ZC_E_NOMEM, "no memory for the waivers");
        }
        return zc_file_read(p->path, FILE_CAP, &p->text, &p->len, err);
}

static bool list_read(const struct place *p, json_t **out, struct zc_err *err)
{
        ZC_AUTO(zc_yaml) y = NULL;

        if (!zc_yaml_parse(p->path, p->text, p->len, &y, err))
                return false;
        if (json_is_null(zc_yaml_root(y)))
                return true;
        *out = zc_waivers_parse(p->path, p->text, p->len, err);
        return *out != NULL;
}

/** The policy, if there is one, has the last word, before anything is written. */
static bool policy_lets(struct zc_settings *s, const struct place *p, const char *text, size_t len,
                        struct zc_err *err)
{
        json_auto_t *list = zc_waivers_parse(p->path, text, len, err);

        return list && zc_settings_waivable(s, list, err);
}

static bool place_write(const struct place *p, const char *path, const char *text, size_t len,
                        struct zc_err *err)
{
        ZC_AUTO(zc_out) out = NULL;
        struct stat st;
        mode_t mode = stat(p->path, &st) == 0 ? st.st_mode & 0777 : 0600;

        if (!zc_out_open(path, mode, &out, err))
                return false;
        zc_out_write(out, text, len);
        return zc_out_commit(out, err);
}

static bool say(const struct zc_options *o, const json_t *waiver, const char *path,
                struct zc_err *err)
{
        ZC_AUTO(zc_out) out = NULL;
        ZC_AUTO_TEXT t = { 0 };

        if (o->quiet || (o->output && strcmp(o->output, "-") == 0))
                return true;
        zc_text_init(&t, 2048);
        zc_text_printf(&t, "%s: %s on %s, until %s, in ", zc_json_str(waiver, "id", ""),
                       zc_json_str(waiver, "rule", ""), zc_json_str(waiver, "target", ""),
                       zc_json_str(waiver, "expires", ""));
        zc_text_escape(&t, path, strlen(path));
        if (!zc_out_open("-", 0600, &out, err))
                return false;
        zc_out_printf(out, "%s\n", zc_text_str(&t));
        return zc_out_commit(out, err);
}

static bool waive_steps(struct zc_settings *s, struct place *p, int *status, struct zc_err *err)
{
        const struct zc_options *o = s->o;
        int64_t now = zc_wall_ms(), end;
        json_auto_t *report = NULL;
        json_auto_t *list = NULL;
        json_auto_t *waiver = NULL;
        ZC_AUTO_MEM char *text = NULL;
        struct zc_asked_one one;
        struct zc_asked q;
        size_t len;

        if (!zc_asked_read(&q, o, "waive", err) || !who_said(o, err) ||
            !until(o->expires, now, &end, err))
                return false;
        report = zc_report_load(q.report, err);
        if (!report || !zc_asked_one(&q, report, &one, err) || !can_waive(&one, err) ||
            !place_read(s, p, err) || !list_read(p, &list, err))
                return false;
        waiver = waiver_of(o, &one, list, now, end);
        if (!waiver)
                return zc_fail(err, ZC_E_USAGE, "the waiver holds text that is not UTF-8");
        if (!zc_waiver_add(p->path, p->text, p->len, waiver, &text, &len, err) ||
            !policy_lets(s, p, text, len, err) || !is_new(list, waiver, now, p->path, err))
                return false;
        *status = ZC_EXIT_FAULT;
        if (!place_write(p, o->output ? o->output : p->path, text, len, err) ||
            !say(o, waiver, o->output ? o->output : p->path, err))
                return false;
        *status = ZC_EXIT_MET;
        return true;
}

static bool waive_run(struct zc_options *o, int *status, struct zc_err *err)
{
        ZC_AUTO_SETTINGS s = { .o = o };
        struct place p = { 0 };
        bool ok = (!o->config || zc_settings_open(&s, o, err)) && waive_steps(&s, &p, status, err);

        free(p.text);
        return ok;
}

const struct zc_command zc_command_waive = {
        .name = "waive",
        .bit = ZC_CMD_WAIVE,
        .arguments = "WHAT [REPORT] --owner WHO --approver WHO --reason TEXT --expires TIME",
        .summary = "accept a finding, or an unknown, until a date",
        .examples =
                (const struct zc_example[]){
                        { "zerocrit waive H2 --owner dba@acme.example --approver "
                          "ciso@acme.example --reason 'legacy client' --ticket DB-88 --expires "
                          "2026-12-31",
                          "The finding H2 of ./report.json; the waiver goes into ./waivers.yaml." },
                        { "zerocrit waive ZC-FW-001 host/firewall report.json --waivers "
                          "waivers.yaml --owner ci@acme.example --approver ciso@acme.example "
                          "--reason 'the runner lacks CAP_NET_ADMIN' --expires 90d",
                          "A check that is unknown there: it no longer keeps the gate from being "
                          "shown." },
                        { NULL, NULL } },
        .details =
                "WHAT is a label (C1), a fingerprint, or RULE SUBJECT. One waiver is added to "
                "the file, which is made if it is not there; the rest of it stays as it is. A "
                "waived finding is counted and shown apart, never hidden; `audit` and `judge` "
                "take the file with --waivers, or from the configuration. With --policy, what it "
                "does not allow is refused.",
        .status = "0 written, 2 wrong input: nothing was written, 4 it could not be written.",
        .run = waive_run,
};
