/** The evaluator alone: `tool_fw_verdicts INTERFACE ADDRESS COUNT` asks the live ruleset about COUNT packets to ADDRESS and prints verdicts a second of processor time. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "zc/fw_read.h"

static const uint16_t ports[] = { 22, 80, 443, 5432, 2222, 8080, 12345, 33333 };

static double seconds(void)
{
        struct timespec t;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static unsigned long accepted(const struct zc_fw_machine *m, struct zc_fw_packet *p,
                              unsigned long n)
{
        unsigned long open = 0;

        for (unsigned long i = 0; i < n; i++) {
                struct zc_fw_answer x;

                p->protocol = i % 3 == 2 ? 17 : 6;
                p->saddr[0] = (uint8_t)(11 + i % 100);
                p->saddr[1] = (uint8_t)(i >> 8);
                p->saddr[2] = (uint8_t)i;
                p->saddr[3] = 7;
                p->dport = ports[i % ZC_COUNT(ports)];
                zc_fw_eval(m, p, NULL, &x);
                open += x.outcome == ZC_FW_IS_ACCEPT;
        }
        return open;
}

int main(int argc, char **argv)
{
        struct zc_fw_packet p = { .family = ZC_FW_IP,
                                  .sport = 40000,
                                  .flags = 2,
                                  .ct = ZC_FW_CT_NEW,
                                  .ttl = 64,
                                  .known = ZC_FW_KNOWN_ALL };
        const struct zc_fw_interface *in;
        struct zc_fw_machine *m;
        struct zc_fw_live live;
        struct zc_err err = { 0 };
        unsigned long n, open;
        double took;

        if (argc != 4 || inet_pton(AF_INET, argv[2], p.daddr) != 1)
                return 2;
        n = strtoul(argv[3], NULL, 10);
        if (!zc_fw_read(&live, &err)) {
                fprintf(stderr, "%s\n", err.text);
                return 1;
        }
        in = zc_fw_interface_find(&live.host, argv[1]);
        m = in ? zc_fw_machine_new(&live.ruleset, &live.host) : NULL;
        if (!m || n == 0)
                return 1;
        p.iif = in->index;
        took = seconds();
        open = accepted(m, &p, n);
        took = seconds() - took;
        printf("%.0f verdicts a second, %lu of %lu accepted\n", (double)n / took, open, n);
        zc_fw_machine_free(m);
        zc_fw_live_release(&live);
        return 0;
}
