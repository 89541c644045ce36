/** What a job says of itself: whether it can run, and the head of its evidence. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "plan.h"
#include "zc/run.h"
#include "zc/vantage.h"

#define RUN_ID_BYTES 16

bool zc_job_check(const struct zc_job *job, struct zc_err *err)
{
        struct zc_plan plan;

        for (size_t i = 0; i < job->target_count; i++) {
                const struct zc_job_target *jt = &job->targets[i];

                for (size_t j = 0; j < jt->named_count; j++) {
                        if (!zc_scope_authorise(job->scope, &jt->named[j], err))
                                return false;
                }
        }
        return zc_plan_make(job, &plan, err);
}

static bool run_id(char out[2 * RUN_ID_BYTES + 1], struct zc_err *err)
{
        static const char hex[] = "0123456789abcdef";
        uint8_t chance[RUN_ID_BYTES];

        if (getrandom(chance, sizeof chance, 0) != (ssize_t)sizeof chance)
                return zc_fail_errno(err, "cannot draw the run's id");
        for (size_t i = 0; i < sizeof chance; i++) {
                out[2 * i] = hex[chance[i] >> 4];
                out[2 * i + 1] = hex[chance[i] & 0xf];
        }
        out[sizeof chance * 2] = '\0';
        return true;
}

static json_t *text_or_null(const char *s)
{
        return s ? zc_json_bytes(s, strlen(s), 256) : json_null();
}

/** A block without an id has an asset per member; it is listed under its own text. */
static json_t *target_json(const struct zc_job_target *jt, const struct zc_target *t,
                           const char *vantage)
{
        json_t *tags = jt->tags ? json_deep_copy(jt->tags) : json_array();
        json_t *require = jt->require ? json_deep_copy(jt->require) : json_array();

        return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "id",
                         zc_plan_asset(jt, t, vantage, t->named), "named", t->named, "tags", tags,
                         "zone", text_or_null(jt->zone), "public", text_or_null(jt->public_address),
                         "require", require);
}

static json_t *targets_json(const struct zc_job *job, const char *vantage)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < job->target_count; i++) {
                const struct zc_job_target *jt = &job->targets[i];

                for (size_t j = 0; j < jt->named_count; j++)
                        json_array_append_new(list, target_json(jt, &jt->named[j], vantage));
        }
        return list;
}

json_t *zc_job_head(const struct zc_job *job, struct zc_err *err)
{
        char id[2 * RUN_ID_BYTES + 1], started[ZC_TIME_LEN];
        json_auto_t *vantage = zc_vantage(job->vantage, err);
        json_t *head;

        if (!vantage || !run_id(id, err))
                return NULL;
        zc_time_format(zc_wall_ms(), started);
        head = json_pack("{s:s, s:s, s:s, s:O, s:o, s:o}", "id", id, "started", started, "version",
                         ZC_VERSION, "vantage", vantage, "targets",
                         targets_json(job, zc_json_str(vantage, "id", "")), "options",
                         job->options ? json_deep_copy(job->options) : json_object());
        if (!head)
                zc_fail(err, ZC_E_NOMEM, "no memory for the head of the evidence");
        return head;
}
