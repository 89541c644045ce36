/**
 * What it costs to say what the live ruleset of this network namespace lets in: `tool_fw_admits [TIMES [without-anomalies]]` reads once, asks TIMES,
 * and prints the processor time of each part, a time, in milliseconds; the rows, the anomalies; and the most memory that was held.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "zc/fw_read.h"
#include "zc/fw_sym.h"

static double now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
        size_t times = argc > 1 ? strtoull(argv[1], NULL, 10) : 1, anomalies = 0, rows = 0;
        double read = 0, admit = 0, search = 0;
        struct zc_err err = { 0 };
        struct rusage use;
        bool ok = true;

        for (size_t i = 0; i < times && ok; i++) {
                struct zc_fw_live live = { 0 };
                struct zc_fw_admits admits = { 0 };
                struct zc_fw_anomalies found = { 0 };
                double t0 = now(), t1, t2;

                ok = zc_fw_read(&live, &err);
                t1 = now();

                struct zc_fw_machine *m = ok ? zc_fw_machine_new(&live.ruleset, &live.host) : NULL;

                ok = m && zc_fw_admits(&live.ruleset, &live.host, m, ZC_FW_ALL_PROTOCOLS,
                                       live.arena, &admits, &err);
                t2 = now();
                if (ok && argc <= 2)
                        ok = zc_fw_anomalies(&live.ruleset, &live.host, m, &admits, live.arena,
                                             &found, &err);
                anomalies = found.count;
                search += now() - t2;
                admit += t2 - t1;
                read += t1 - t0;
                rows = admits.count;
                zc_fw_machine_free(m);
                zc_fw_live_release(&live);
        }
        if (!ok) {
                fprintf(stderr, "%s\n", err.text);
                return 1;
        }
        getrusage(RUSAGE_SELF, &use);
        printf("read %.2f ms, admits %.2f ms, anomalies %.2f ms; %zu rows, %zu anomalies, %ld "
               "KiB\n",
               read / (double)times, admit / (double)times, search / (double)times, rows, anomalies,
               use.ru_maxrss);
        return 0;
}
