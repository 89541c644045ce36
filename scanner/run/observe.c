#include "observe.h"

#include <stdio.h>
#include <string.h>

#include "zc/evidence.h"

json_t *zc_text_json(const char *text)
{
        json_t *plain = json_string(text);

        return plain ? plain : zc_json_bytes(text, strlen(text), ZC_TEXT_CEILING);
}

/** Empty text says nothing, and is left out. */
static void text_set(json_t *object, const char *key, const char *text)
{
        if (text && text[0] != '\0')
                json_object_set_new(object, key, zc_text_json(text));
}

json_t *zc_outcome_json(enum zc_outcome outcome, const char *why, const char *needs)
{
        json_t *o = json_object();

        json_object_set_new(o, "outcome", json_string(zc_outcome_name(outcome)));
        text_set(o, "why", why);
        text_set(o, "needs", needs);
        return o;
}

json_t *zc_io_outcome(const struct zc_io *io)
{
        json_t *o = zc_outcome_json(io->outcome, io->why, io->needs);

        if (io->whole && io->outcome == ZC_PARTIAL)
                json_object_set_new(o, "whole", json_true());
        return o;
}

json_t *zc_problem_record(const char *probe, const char *subject, const char *path,
                          const char *what, const char *why)
{
        json_t *p = json_object();

        text_set(p, "probe", probe);
        text_set(p, "subject", subject);
        text_set(p, "path", path);
        json_object_set_new(p, "what", zc_text_json(what));
        text_set(p, "why", why);
        return json_pack("{s:o}", "problem", p);
}

json_t *zc_scan_record(const char *asset, const char *address, enum zc_outcome outcome,
                       const char *why, const char *needs)
{
        json_t *s = zc_outcome_json(outcome, why, needs);

        text_set(s, "asset", asset);
        text_set(s, "address", address);
        text_set(s, "transport", "tcp");
        return json_pack("{s:o}", "scan", s);
}

/** What would have helped: the capabilities that the probe can use and we lack, for a refusal only. */
static void failure_note(const struct zc_probe *probe, struct zc_io *io, const struct zc_err *err)
{
        io->outcome = ZC_FAILED;
        snprintf(io->why, sizeof io->why, "%.255s", err->text);
        if (io->needs[0] == '\0' && err->code == ZC_E_DENIED)
                zc_needs_format(zc_needs_missing(probe->needs), io->needs);
}

void zc_probe_observe(const struct zc_probe *probe, const struct zc_subject *subject,
                      struct zc_io *io, json_t *out)
{
        struct zc_err err = { 0 };

        io->outcome = ZC_DONE;
        if (!probe->run(subject, io, out, &err))
                failure_note(probe, io, &err);
}

void zc_io_report(struct zc_io *io, const char *probe, const char *subject, const char *prefix,
                  const struct zc_sink *sink)
{
        size_t i;
        json_t *p;

        json_array_foreach (io->problems, i, p) {
                char path[512] = "";
                const char *below = zc_json_str(p, "path", "");

                if (below[0] != '\0')
                        snprintf(path, sizeof path, "%s%s", prefix, below);
                sink->put(sink->ctx, zc_problem_record(probe, subject, path,
                                                       zc_json_str(p, "what", "a problem"),
                                                       zc_json_str(p, "why", "")));
        }
        json_decref(io->problems);
        io->problems = NULL;
}

const char *zc_host_member(const struct zc_probe *probe)
{
        static const char below[] = "host.";

        if (probe->evidence && strncmp(probe->evidence, below, sizeof below - 1) == 0)
                return probe->evidence + sizeof below - 1;
        return probe->id;
}

/** The schema says whether a member of host is a list. */
static bool member_is_list(const char *member)
{
        struct zc_err err = { 0 };
        char path[128];

        snprintf(path, sizeof path, "$defs.host.properties.%s.type", member);
        return strcmp(zc_json_str(zc_evidence_schema(&err), path, "object"), "array") == 0;
}

static bool is_empty(const json_t *v)
{
        return json_is_array(v) ? json_array_size(v) == 0 : json_object_size(v) == 0;
}

/** An empty value of a probe that failed would read as "looked for and not there". */
static bool worth_keeping(const struct zc_io *io, const json_t *value)
{
        if (io->outcome == ZC_NOTAPPLICABLE)
                return false;
        return io->outcome == ZC_DONE || !is_empty(value) ||
               (io->outcome == ZC_PARTIAL && json_is_array(value));
}

void zc_host_observe(const struct zc_plan_row *row, const char *asset, const char *root,
                     struct zc_deadline deadline, json_t *host, const struct zc_sink *sink)
{
        const struct zc_probe *probe = row->probe;
        const char *member = zc_host_member(probe);
        const struct zc_subject subject = { .asset = asset, .local = true, .host = host };
        struct zc_io io = { .deadline = deadline, .root = root };
        json_auto_t *value = member_is_list(member) ? json_array() : json_object();
        json_t *record = json_object();

        if (probe->applies && !probe->applies(&subject))
                zc_io_notapplicable(&io, "%s", "this machine has none");
        else
                zc_probe_observe(probe, &subject, &io, value);
        if (worth_keeping(&io, value)) {
                json_object_set(host, member, value);
                if (row->how == ZC_PLAN_RUN)
                        json_object_set(record, member, value);
        }
        json_object_set_new(record, "probes",
                            json_pack("{s:o}", probe->id,
                                      row->how == ZC_PLAN_RUN
                                              ? zc_io_outcome(&io)
                                              : zc_outcome_json(ZC_SKIPPED, "--only", "")));
        sink->put(sink->ctx, json_pack("{s:o}", "host", record));
        zc_io_report(&io, probe->id, "host", "/host", sink);
}
