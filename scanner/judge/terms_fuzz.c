/**
 * Fuzz target: a profile, a policy and a table of a framework, by the first byte. Whatever loads is applied to our own rules: nothing may crash,
 * every refusal is an error of usage with words, and a policy's profile never leaves out what the policy asks for.
 */
#include <stdint.h>
#include <string.h>

#include "zc/framework.h"
#include "zc/judge.h"

#define NOW 1795341600000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct zc_pack *pack;

static void refused(const struct zc_err *err)
{
        if ((err->code != ZC_E_USAGE && err->code != ZC_E_LIMIT) || err->text[0] == '\0')
                __builtin_trap();
}

static void apply(const struct zc_profile *profile, const struct zc_policy *policy)
{
        const struct zc_judge_options o = {
                .pack = pack, .profile = profile, .policy = policy, .now_ms = NOW
        };
        struct zc_err err = { 0 };

        if (!zc_judge_check(&o, &err))
                refused(&err);
}

static void profile_one(const char *text, size_t n)
{
        ZC_AUTO(zc_profile) p = NULL;
        struct zc_err err = { 0 };

        if (zc_profile_parse("/nowhere/f.yaml", text, n, &p, &err))
                apply(p, NULL);
        else
                refused(&err);
}

static void policy_one(const char *text, size_t n)
{
        ZC_AUTO(zc_policy) p = NULL;
        struct zc_err err = { 0 };

        if (zc_policy_parse("f.yaml", text, n, &p, &err))
                apply(NULL, p);
        else
                refused(&err);
}

static void framework_one(const char *text, size_t n)
{
        ZC_AUTO(zc_framework) f = NULL;
        struct zc_err err = { 0 };
        json_t *coverage;

        if (!zc_framework_parse("f.yaml", text, n, &f, &err)) {
                refused(&err);
                return;
        }
        coverage = zc_framework_coverage(f, pack, NULL, &err);
        if (!coverage)
                refused(&err);
        json_decref(coverage);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static void (*const each[])(const char *text, size_t n) = { profile_one, policy_one,
                                                                    framework_one };
        struct zc_err err = { 0 };
        char *text;

        if (!pack && !zc_pack_builtin(&pack, &err))
                __builtin_trap();
        /* what a profile extends is read from files, and these are not the input's */
        if (size == 0 || size > 65536 || memmem(data, size, "extends", 7))
                return 0;
        text = malloc(size);
        if (!text)
                return 0;
        memcpy(text, data + 1, size - 1);
        each[data[0] % ZC_COUNT(each)](text, size - 1);
        free(text);
        return 0;
}
