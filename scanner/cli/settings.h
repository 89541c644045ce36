/** What options and configuration come to: a job to collect, settings to judge with, and outputs. An option wins over the file. */
#ifndef ZC_CLI_SETTINGS_H
#define ZC_CLI_SETTINGS_H

#include "zc/cli.h"
#include "zc/config.h"
#include "zc/judge.h"
#include "zc/pack.h"
#include "zc/run.h"

struct zc_settings {
        const struct zc_options *o;
        struct zc_config *config; /* NULL: none */
        /* to collect */
        struct zc_scope *scope;
        struct zc_job_target *targets; /* in the arena, as the job's */
        size_t target_room;
        json_t *run_options;
        struct zc_job job;
        struct zc_list evidence; /* targets[].evidence: files to judge along */
        /* to judge */
        struct zc_pack *pack;
        struct zc_trust *trust; /* NULL: no trust file */
        struct zc_profile *profile;
        struct zc_policy *policy; /* NULL: none */
        json_t *fail_on, *waivers, *baseline;
        char *authorisation, *profile_from;
        struct zc_judge_options judge;
};

/** Find, read and check the configuration: --config, else the one in /etc, if it is there. First, and once. */
bool zc_settings_open(struct zc_settings *s, const struct zc_options *o,
                      struct zc_err *err) ZC_MUST_USE;
/** Fill s->job, and check it. Nothing is resolved or sent. */
bool zc_settings_job(struct zc_settings *s, struct zc_err *err) ZC_MUST_USE;
/** Fill s->judge: rules, waivers and baseline are read and checked. */
bool zc_settings_judge(struct zc_settings *s, struct zc_err *err) ZC_MUST_USE;
/** Does the policy of --policy or the configuration, if there is one, let these waivers be? */
bool zc_settings_waivable(struct zc_settings *s, const json_t *waivers,
                          struct zc_err *err) ZC_MUST_USE;
void zc_settings_release(struct zc_settings *s);

#define ZC_AUTO_SETTINGS __attribute__((cleanup(zc_settings_release))) struct zc_settings

/* Shared by settings.c, settings_job.c and targets.c. */

/** A value of the configuration, borrowed; NULL without one. */
json_t *zc_settings_at(const struct zc_settings *s, const char *dotted);
/** The profile as it was named: by --profile, else the configuration, else "default". */
const char *zc_settings_profile(const struct zc_settings *s);
/** A list as a new array of strings. */
json_t *zc_settings_list(const struct zc_list *l) ZC_MUST_USE;
/** Borrowed: the configuration's target that names evidence[i]; NULL for none. */
const json_t *zc_settings_evidence_target(const struct zc_settings *s, size_t i);
/** The targets of command line, --targets and configuration: s->job.targets. */
bool zc_settings_targets(struct zc_settings *s, struct zc_err *err) ZC_MUST_USE;

/* The rules: settings_pack.c. */

/** The rules compiled in, and those of every --rules, signed or not: to read and test them. */
bool zc_settings_pack(const struct zc_options *o, struct zc_pack **out,
                      struct zc_err *err) ZC_MUST_USE;
/** The rules of files and folders alone, as packs where they have a manifest; they may cover those of `beside`. */
bool zc_settings_pack_of(const struct zc_options *o, const char *const *paths, size_t count,
                         const struct zc_pack *beside, struct zc_pack **out,
                         struct zc_err *err) ZC_MUST_USE;
/** The same to judge with: s->pack, if --trust and --allow-unsigned let it. */
bool zc_settings_trusted(struct zc_settings *s, struct zc_err *err) ZC_MUST_USE;
/** It was judged with: their versions are kept, so that older ones are refused. */
void zc_settings_taken(struct zc_settings *s);

#endif
