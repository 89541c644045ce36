/**
 * `tool_cel_bench DOCUMENT.json COUNT EXPR…`: compiles each CEL expression once, evaluates it COUNT times with `self` bound to the document, and
 * prints a line for each: nanoseconds of the processor that an evaluation took, and the result. For tests/bench/cel, beside tests/bench/cel_jq.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "zc/cel.h"

#define DOCUMENT_MAX ((size_t)1 << 20)

/** Of this process: a busy machine does not stretch it. */
static double now_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static bool bench(struct zc_cel_env *env, const json_t *self, unsigned long count,
                  const char *source, struct zc_err *err)
{
        const struct zc_cel_binding vars[] = { { "self", self, "" } };
        ZC_AUTO(zc_cel) e = NULL;
        ZC_AUTO(zc_arena) arena = zc_arena_new(0);
        struct zc_cel_result r = { .outcome = ZC_CEL_ERROR };
        double began;

        if (!arena || !zc_cel_compile(env, source, ZC_CEL_T_BOOL, &e, err))
                return false;
        began = now_ns();
        for (unsigned long i = 0; i < count; i++) {
                zc_arena_reset(arena);
                zc_cel_test(e, vars, 1, ZC_CEL_BUDGET, arena, &r);
        }
        printf("%.1f %s\n", (now_ns() - began) / (double)count,
               r.outcome != ZC_CEL_VALUE ? r.why
               : r.truth                 ? "true"
                                         : "false");
        return true;
}

int main(int argc, char **argv)
{
        ZC_AUTO(zc_cel_env) env = zc_cel_env_new();
        struct zc_err err = { 0 };
        json_auto_t *self = argc > 3 ? zc_json_load(argv[1], DOCUMENT_MAX, &err) : NULL;
        unsigned long count = argc > 3 ? strtoul(argv[2], NULL, 10) : 0;
        bool ok = env && self && count > 0 &&
                  zc_cel_declare(env, "self", zc_cel_type_basic(ZC_CEL_T_DYN), true, &err);

        for (int i = 3; i < argc && ok; i++)
                ok = bench(env, self, count, argv[i], &err);
        if (!ok)
                fprintf(stderr, "%s\n",
                        err.text[0] ? err.text : "cel_bench DOCUMENT.json COUNT EXPR…");
        return ok ? 0 : 1;
}
