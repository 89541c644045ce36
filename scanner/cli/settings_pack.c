/** Options, made one: which rules, and whose. */
#include <errno.h>

#include "settings.h"
#include "zc/clock.h"

/** The trust file: --trust, else the one in /etc, if it is there. */
static bool trust_load(const struct zc_options *o, struct zc_trust **out, struct zc_err *err)
{
        if (!o->trust && access(ZC_TRUST_DEFAULT, F_OK) != 0 && errno == ENOENT)
                return true;
        return zc_trust_load(o->trust ? o->trust : ZC_TRUST_DEFAULT, out, err);
}

static struct zc_pack_policy policy_of(const struct zc_options *o, const struct zc_trust *trust,
                                       bool judging)
{
        return (struct zc_pack_policy){ .trust = trust,
                                        .trust_path = o->trust ? o->trust : ZC_TRUST_DEFAULT,
                                        .allow_unsigned = o->allow_unsigned || !judging,
                                        .now_ms = zc_wall_ms() };
}

static bool add_all(struct zc_pack *pack, const char *const *paths, size_t count,
                    const struct zc_pack_policy *policy, struct zc_err *err)
{
        for (size_t i = 0; i < count; i++) {
                if (!zc_pack_open(pack, paths[i], policy, err))
                        return false;
        }
        return true;
}

static bool with_builtin(const struct zc_options *o, const struct zc_trust *trust, bool judging,
                         struct zc_pack **out, struct zc_err *err)
{
        const struct zc_pack_policy policy = policy_of(o, trust, judging);
        ZC_AUTO(zc_pack) pack = NULL;

        if (!zc_pack_builtin(&pack, err) ||
            !add_all(pack, o->rules.item, o->rules.count, &policy, err))
                return false;
        *out = ZC_TAKE(pack);
        return true;
}

bool zc_settings_pack(const struct zc_options *o, struct zc_pack **out, struct zc_err *err)
{
        ZC_AUTO(zc_trust) trust = NULL;

        return (o->rules.count == 0 || trust_load(o, &trust, err)) &&
               with_builtin(o, trust, false, out, err);
}

bool zc_settings_pack_of(const struct zc_options *o, const char *const *paths, size_t count,
                         const struct zc_pack *beside, struct zc_pack **out, struct zc_err *err)
{
        ZC_AUTO(zc_trust) trust = NULL;
        ZC_AUTO(zc_pack) pack = zc_pack_new();
        struct zc_pack_policy policy;

        if (!pack)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the rules");
        if (!trust_load(o, &trust, err))
                return false;
        policy = policy_of(o, trust, false);
        zc_pack_beside(pack, beside);
        if (!add_all(pack, paths, count, &policy, err))
                return false;
        *out = ZC_TAKE(pack);
        return true;
}

bool zc_settings_trusted(struct zc_settings *s, struct zc_err *err)
{
        return (s->o->rules.count == 0 || trust_load(s->o, &s->trust, err)) &&
               with_builtin(s->o, s->trust, true, &s->pack, err);
}

void zc_settings_taken(struct zc_settings *s)
{
        if (s->trust)
                zc_trust_accept(s->trust, s->pack);
}
