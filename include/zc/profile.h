/**
 * Profiles and policies: which rules judge, at which severity, with which parameters, and what the gate does not allow.
 *
 * A profile is one YAML file, ours (rules/profiles/NAME.yaml, compiled in) or a user's:
 *
 *   profile: mine                       # its name
 *   title: …
 *   extends: default                    # a shipped NAME, a pack's PACK:NAME, or a FILE beside this one
 *   include: ["tag:tls", "ZC-FW-*"]     # these rules alone; default: those of what it extends, else all
 *   exclude: ["severity:info"]          # but not these
 *   override:                           # severity of rules; the last that selects a rule decides
 *     - {rule: ZC-TLS-002, severity: high, reason: …}
 *   params: {days_left: {value: 30, reason: …}}
 *   gate: {fail_on: [critical], require: ["tag:baseline"], max_new: 0, new_rules: warn}
 *
 * What a profile says replaces what the one it extends says; exclude, override, params and require add to it. A selector is a rule's id, a
 * glob over ids, id:GLOB, tag:NAME or severity:WORD (the worst a rule can be).
 *
 * A policy is the security team's file, and a bound: whoever runs an audit may be stricter, never laxer.
 *
 *   policy: acme                        # its name
 *   owner: security@acme.example
 *   profile: strict                     # the profile used is this one, or extends it
 *   rules: ["tag:baseline"]             # no profile leaves these out
 *   severities: [{rule: ZC-TLS-002, at_least: high}]
 *   may_lower: [ZC-HTTP-020]            # rules that an override may make weigh less than they are written to; default: none
 *   isolated: ["tag:lab"]               # targets whose `zone: isolated` may lower what is found there; default: none
 *   params: {days_left: 30}             # nobody sets another value
 *   gate: {fail_on: [critical, high], require: [], max_new: 0, new_rules: fail}
 *   waivers: {approvers: [ciso@acme.example], longest: 90d, never: ["severity:critical"], ticket: true}
 *
 * Errors are ZC_E_USAGE and say file, line and column; an attempt to loosen a policy names both places.
 */
#ifndef ZC_PROFILE_H
#define ZC_PROFILE_H

#include "zc/err.h"
#include "zc/json.h"

struct zc_profile;
struct zc_policy;

/** @name: a shipped profile, PACK:NAME of those that `packs` has (NULL: none), or a FILE (with a '/' or an end of .yaml or .yml). With all that it extends.
 * `packs` outlives it. */
struct zc_pack;
bool zc_profile_load(const char *name, const struct zc_pack *packs, struct zc_profile **out,
                     struct zc_err *err) ZC_MUST_USE;
/** One from memory; files that it extends are relative to the folder of `file`. */
bool zc_profile_parse(const char *file, const char *text, size_t len, struct zc_profile **out,
                      struct zc_err *err) ZC_MUST_USE;
void zc_profile_free(struct zc_profile *p);
ZC_FREEP(zc_profile);
/** Its own name, and what it is called with. */
const char *zc_profile_name(const struct zc_profile *p);
/** Whether the text names a file rather than a shipped profile. */
bool zc_profile_is_file(const char *name);
/** The shipped profiles, as the program carries them. */
#define ZC_PROFILES_MAX 32u
struct zc_profile_names {
        char name[ZC_PROFILES_MAX][64];
        const char *list[ZC_PROFILES_MAX + 1]; /* NULL-terminated */
};
void zc_profile_names(struct zc_profile_names *out);
bool zc_profile_is_shipped(const char *name);
/** Whether the text names a pack's: PACK:NAME. */
bool zc_profile_is_packed(const char *name);

bool zc_policy_load(const char *path, struct zc_policy **out, struct zc_err *err) ZC_MUST_USE;
bool zc_policy_parse(const char *file, const char *text, size_t len, struct zc_policy **out,
                     struct zc_err *err) ZC_MUST_USE;
void zc_policy_free(struct zc_policy *p);
ZC_FREEP(zc_policy);
/** The profile that the policy asks for; NULL for none. */
const char *zc_policy_profile(const struct zc_policy *p);

#endif
