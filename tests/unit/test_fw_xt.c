/** iptables' structs into ops: what each match and target becomes, and that none is taken when it is cut short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "zc/fw.h"

#define V4 ZC_FW_IP
#define V6 ZC_FW_IP6

enum { P = ZC_FW_OP_PAYLOAD, M = ZC_FW_OP_META, C = ZC_FW_OP_CT, F = ZC_FW_OP_FIB, I = ZC_FW_OP_IMMEDIATE, B = ZC_FW_OP_BITWISE, EQ = ZC_FW_OP_CMP, R = ZC_FW_OP_RANGE, L = ZC_FW_OP_LOOKUP,
       E = ZC_FW_OP_EXTHDR, MAY = ZC_FW_OP_MAYBE, MS = ZC_FW_OP_META_SET, CS = ZC_FW_OP_CT_SET, PS = ZC_FW_OP_PAYLOAD_SET, N = ZC_FW_OP_NEUTRAL, NT = ZC_FW_OP_NOTRACK, NAT = ZC_FW_OP_NAT,
       REJ = ZC_FW_OP_REJECT, Q = ZC_FW_OP_QUEUE, U = ZC_FW_OP_UNKNOWN, END = 0xff };

static const struct {
        const char *name;
        bool target;
        uint32_t revision;
        enum zc_fw_family family;
        size_t least; /* bytes of the struct; shorter is refused */
        bool known;
        uint8_t bytes[8];
        uint8_t kinds[8];
} rows[] = {
        { "icmp", false, 0, V4, 4, true, { 8, 0, 255, 0 }, { P, R, END } },
        { "icmp", false, 0, V4, 4, true, { 255, 0, 255, 0 }, { END } },
        { "icmp6", false, 0, V6, 4, true, { 128, 0, 255, 1 }, { P, R, END } },
        { "tcp", false, 0, V4, 12, true, { 0, 0, 0xff, 0xff, 22, 0, 22, 0 }, { P, R, END } },
        { "multiport", false, 1, V4, 48, true, { 1, 1, 22, 0 }, { P, L, END } },
        { "multiport", false, 1, V4, 48, true, { 2, 1, 22, 0 }, { P, P, L, END } },
        { "addrtype", false, 1, V4, 8, true, { 0, 0, 4, 0 }, { F, L, END } },
        { "addrtype", false, 1, V6, 8, true, { 0, 0, 32, 0 }, { P, B, EQ, END } },
        { "mark", false, 1, V4, 12, true, { 1, 0, 0, 0, 3, 0, 0, 0 }, { M, B, EQ, END } },
        { "connmark", false, 1, V4, 12, true, { 1, 0, 0, 0, 3, 0, 0, 0 }, { C, B, EQ, END } },
        { "state", false, 0, V4, 4, true, { 6, 0, 0, 0 }, { C, B, EQ, END } },
        { "ttl", false, 0, V4, 2, true, { 2, 64 }, { P, EQ, END } },
        { "hl", false, 0, V6, 2, true, { 0, 255 }, { P, EQ, END } },
        { "rt", false, 0, V6, 0, true, { 0 }, { E, EQ, MAY, END } },
        { "pkttype", false, 0, V4, 8, true, { 0 }, { M, EQ, END } },
        { "length", false, 0, V4, 6, true, { 40, 0, 60, 0 }, { P, R, END } },
        { "dscp", false, 0, V6, 2, true, { 16, 0 }, { P, B, EQ, END } },
        { "tos", false, 1, V4, 3, true, { 255, 16, 0 }, { P, B, EQ, END } },
        { "mac", false, 0, V4, 12, true, { 2 }, { M, EQ, P, EQ, END } },
        { "iprange", false, 1, V4, 68, true, { 0 }, { END } },
        { "conntrack", false, 3, V4, 164, true, { 0 }, { C, END } },
        { "comment", false, 0, V4, 0, true, { 0 }, { END } },
        { "limit", false, 0, V4, 0, true, { 0 }, { MAY, END } },
        { "set", false, 4, V4, 0, false, { 0 }, { MAY, END } },
        { "icmp", false, 7, V4, 0, false, { 0 }, { MAY, END } },
        { "icmp6", false, 0, V4, 0, false, { 0 }, { MAY, END } },
        { "LOG", true, 0, V4, 0, true, { 0 }, { N, END } },
        { "REJECT", true, 0, V4, 4, true, { 3 }, { REJ, END } },
        { "MARK", true, 2, V4, 8, true, { 1, 0, 0, 0, 1 }, { M, B, MS, END } },
        { "CONNMARK", true, 1, V4, 16, true, { 7 }, { C, B, CS, END } },
        { "CT", true, 2, V4, 32, true, { 1 }, { NT, END } },
        { "REDIRECT", true, 0, V6, 40, true, { 0 }, { NAT, END } },
        { "MASQUERADE", true, 0, V6, 40, true, { 0 }, { NAT, END } },
        { "DNAT", true, 2, V4, 42, true, { 3 }, { I, I, I, I, NAT, END } },
        { "NFQUEUE", true, 3, V4, 6, true, { 1 }, { Q, END } },
        { "TTL", true, 0, V4, 2, true, { 0, 5 }, { I, PS, END } },
        { "NETMAP", true, 0, V4, 0, false, { 0 }, { U, END } },
};

/* The number of ops, or -1 when it is refused. */
static int read_one(size_t r, size_t size, bool *known, uint8_t kinds[16])
{
        uint8_t bytes[256] = { 0 };
        struct zc_arena *arena = zc_arena_new(0);
        struct zc_fw_ops ops = { .arena = arena };
        struct zc_err err = { 0 };
        bool ok;

        memcpy(bytes, rows[r].bytes, sizeof(rows[r].bytes));
        *known = true;
        ok = (rows[r].target ? zc_fw_xt_target : zc_fw_xt_match)(
                &ops, rows[r].name, rows[r].revision, (struct zc_rd){ bytes, size }, rows[r].family, known, &err);
        for (size_t i = 0; i < ops.count && i < 16; i++) {
                assert_non_null(ops.list[i].name);
                kinds[i] = ops.list[i].kind;
        }
        zc_arena_free(arena);
        return ok ? (int)ops.count : -1;
}

static void each_becomes(void **unused)
{
        (void)unused;
        for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
                uint8_t kinds[16] = { 0 };
                size_t want = 0;
                bool known;
                int n = read_one(r, sizeof((uint8_t[256]){ 0 }), &known, kinds);

                while (rows[r].kinds[want] != END)
                        want++;
                if (n != (int)want || known != rows[r].known || memcmp(kinds, rows[r].kinds, want) != 0)
                        fail_msg("%s, revision %u: %d ops, known %d", rows[r].name, rows[r].revision, n, known);
        }
}

static void none_is_cut_short(void **unused)
{
        (void)unused;
        for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
                uint8_t kinds[16];
                bool known;

                for (size_t n = 0; n < rows[r].least; n++) {
                        if (read_one(r, n, &known, kinds) >= 0)
                                fail_msg("%s, revision %u: taken with %zu bytes", rows[r].name, rows[r].revision, n);
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_becomes),
                cmocka_unit_test(none_is_cut_short),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
