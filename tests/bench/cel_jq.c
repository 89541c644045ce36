/**
 * The same with libjq: `cel_jq DOCUMENT.json COUNT PROGRAM…`. Built by tests/bench/cel where libjq-dev is installed, for the benchmark alone.
 */
#include <jq.h>
#include <jv.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/** Of this process: a busy machine does not stretch it. */
static double now_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int bench(jv document, unsigned long count, const char *program)
{
        jq_state *jq = jq_init();
        double began;
        int truth = -1;

        if (!jq || !jq_compile(jq, program))
                return 1;
        began = now_ns();
        for (unsigned long i = 0; i < count; i++) {
                jv v;

                jq_start(jq, jv_copy(document), 0);
                v = jq_next(jq);
                truth = jv_get_kind(v) == JV_KIND_TRUE    ? 1
                        : jv_get_kind(v) == JV_KIND_FALSE ? 0
                                                          : -1;
                jv_free(v);
        }
        printf("%.1f %s\n", (now_ns() - began) / (double)count,
               truth == 1   ? "true"
               : truth == 0 ? "false"
                            : "neither");
        jq_teardown(&jq);
        return 0;
}

int main(int argc, char **argv)
{
        unsigned long count = argc > 3 ? strtoul(argv[2], NULL, 10) : 0;
        jv document = argc > 3 ? jv_load_file(argv[1], 0) : jv_invalid();
        int status = 0;

        if (!jv_is_valid(document) || count == 0)
                return 2;
        /* jv_load_file() gives the list of a file's values. */
        document = jv_array_get(document, 0);
        for (int i = 3; i < argc && status == 0; i++)
                status = bench(document, count, argv[i]);
        jv_free(document);
        return status;
}
