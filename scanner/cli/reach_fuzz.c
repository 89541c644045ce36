/** Fuzz target: a line of `reach --packets`. What is taken is whole, and the same when it is read again; what is refused says so in one line of text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "reach_wire.h"
#include "zc/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const struct zc_fw_packet *a, const struct zc_fw_packet *b)
{
        return a->family == b->family && a->protocol == b->protocol && a->iif == b->iif &&
               memcmp(a->saddr, b->saddr, 16) == 0 && memcmp(a->daddr, b->daddr, 16) == 0 &&
               a->sport == b->sport && a->dport == b->dport && a->flags == b->flags &&
               a->type == b->type && a->code == b->code && a->ct == b->ct && a->ttl == b->ttl &&
               a->tos == b->tos && a->length == b->length && a->mark == b->mark;
}

static void line(struct zc_rd in)
{
        static const struct zc_fw_interface interfaces[] = { { .index = 1, .name = "lo" },
                                                             { .index = 7, .name = "eth0" } };
        const struct zc_fw_host host = { .interfaces = interfaces, .interface_count = 2 };
        struct zc_reach_memory memory = { .iif = NULL };
        struct zc_fw_packet p, again;
        struct zc_err err = { 0 };

        if (zc_reach_line(in, &host, &memory, &p, &err)) {
                if ((p.family != ZC_FW_IP && p.family != ZC_FW_IP6) || (p.iif != 1 && p.iif != 7) ||
                    p.known != ZC_FW_KNOWN_ALL || p.pkttype > 3 ||
                    !zc_reach_line(in, &host, &memory, &again, &err) || !same(&p, &again))
                        abort();
        } else if (err.code != ZC_E_MALFORMED || err.text[0] == '\0' ||
                   strpbrk(err.text, "\n\r\x1b") || !zc_utf8_valid(err.text, strlen(err.text)))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t *exact = malloc(size ? size : 1);

        if (!exact)
                return 0;
        if (size)
                memcpy(exact, data, size);
        line((struct zc_rd){ exact, size });
        free(exact);
        return 0;
}
