/** ipset's recorded answers: what a `set` match looks in, whole and cut and short of memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/netfilter/xt_set.h>

#include "../../scanner/probe/firewall/ipset.h"
#include "../../scanner/probe/firewall/ipset_wire.h"
#include "alloc.h"
#include "zc/file.h"
#include "zc/netlink.h"

struct asked {
        struct zc_arena *arena;
        struct fw_ipsets sets;
        struct zc_fw_ruleset rs;
        bool ok, refused;
};

/** The answers of a file of the corpus, each from a copy of its exact size cut by `less` bytes, then one match. */
static struct asked ask_failing(const char *file, size_t less, struct xt_set_info info,
                                unsigned revision, size_t fail)
{
        struct asked a = { .arena = zc_arena_new(0) };
        struct fw_place at = { .family = ZC_FW_IP };
        struct fw_ipset_message m;
        struct zc_err err = { 0 };
        struct fw_build b;
        struct zc_nlmsg msg;
        struct zc_rd in;
        char path[128];
        bool bad;
        char *buf;
        size_t len;

        snprintf(path, sizeof path, "tests/corpus/ipset/%s", file);
        if (!zc_file_read(path, 1 << 20, &buf, &len, &err))
                fail_msg("%s", err.text);
        alloc_fail_at(fail);
        in = (struct zc_rd){ (const uint8_t *)buf + 3, len - 3 };
        at.family = buf[0] & 1 ? ZC_FW_IP6 : ZC_FW_IP;
        fw_build_init(&b, a.arena);
        fw_ipsets_init(&a.sets);
        b.ipsets = &a.sets;
        at.b = &b;
        while (zc_nlmsg_next(&in, &msg, &bad)) {
                const size_t n = less < msg.payload.n ? msg.payload.n - less : 0;
                uint8_t *exact = test_malloc(n + 1);
                const struct zc_rd cut = { exact + 1, n };
                uint32_t i = FW_NOWHERE;

                memcpy(exact + 1, msg.payload.p, n);
                if (fw_ipset_message_parse(msg.payload, &m, &err))
                        i = fw_ipsets_want(&a.sets, FW_NOWHERE, m.name);
                if (i != FW_NOWHERE) {
                        const bool taken = fw_ipsets_take(&a.sets, i, cut, &err);

                        a.refused |= !taken;
                        fw_ipsets_done(&a.sets, i, taken ? NULL : "it was malformed");
                }
                test_free(exact);
        }
        free(buf);
        if (a.sets.list.count > 0)
                fw_ipset_at(&a.sets, 0)->index = 0;
        if (fw_build_table(&b, at.family, zc_rd_str("t")) &&
            fw_build_chain(&b, 0, zc_rd_str("c"))) {
                fw_build_rule_open(&b, 0, 1);
                fw_ipset_match(&at, (struct zc_rd){ (const uint8_t *)&info, sizeof info },
                               revision);
                fw_build_rule_close(&b);
        }
        a.ok = fw_build_finish(&b, &a.rs, &err) && !a.sets.heap.failed;
        fw_ipsets_settle(&a.sets);
        return a;
}

static struct asked ask(const char *file, size_t less, struct xt_set_info info, unsigned revision)
{
        return ask_failing(file, less, info, revision, 0);
}

static void release(struct asked *a)
{
        fw_ipsets_release(&a->sets);
        zc_arena_free(a->arena);
}

enum {
        P = ZC_FW_OP_PAYLOAD,
        M = ZC_FW_OP_META,
        B = ZC_FW_OP_BITWISE,
        L = ZC_FW_OP_LOOKUP,
        I = ZC_FW_OP_IMMEDIATE,
        C = ZC_FW_OP_CMP,
        MAY = ZC_FW_OP_MAYBE,
        END = 0xff
};
#define SRC 2 /* of the first dimension */
#define INV 1

static const struct {
        const char *file;
        uint8_t dim, flags;
        uint8_t kinds[8];
        size_t count, key_len;
        bool ordered;
} rows[] = {
        { "a", 1, SRC, { P, L, END }, 2, 4, false },
        { "a", 0, SRC, { I, C, END }, 0, 0, false }, /* fewer dimensions than it has */
        { "a", 0, SRC | INV, { END }, 0, 0, false },
        { "n", 1, SRC, { P, L, END }, 2, 4, false }, /* 10/8 without 10.1/16 */
        { "nm", 1, 0, { P, B, L, END }, 1, 4, false },
        { "bp", 1, 0, { M, P, L, END }, 22, 8, false },
        { "ip", 2, SRC, { P, M, P, P, L, END }, 3, 16, true }, /* types of ICMP beside ports */
        { "ip", 2, 6, { P, M, P, L, END }, 3, 12, false },
        { "np", 2, 2, { P, M, P, L, END }, 1, 12, true },
        { "ipp", 3, 10, { P, M, P, P, L, END }, 1, 16, false },
        { "ippn", 3, 2, { P, M, P, P, L, END }, 1, 16, true },
        { "nif", 2, 6, { MAY, END }, 0, 0, false }, /* a port of a bridge */
        { "bim", 2, 2, { MAY, END }, 0, 0, false },
        { "t6", 1, SRC, { P, L, END }, 1, 16, false },
        { "list", 1, SRC, { P, L, END }, 4, 4, false },
        { "list-nomatch", 1, SRC, { MAY, END }, 0, 0, false },
};

static void test_match(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct asked a = ask(rows[i].file, 0,
                                     (struct xt_set_info){ 0, rows[i].dim, rows[i].flags }, 1);
                size_t n = 0;

                assert_true(a.ok && !a.refused);
                while (n < ZC_COUNT(rows[i].kinds) && n < a.rs.op_count &&
                       a.rs.ops[n].kind == rows[i].kinds[n])
                        n++;
                if (rows[i].kinds[n] != END || n != a.rs.op_count)
                        fail_msg("%s, flags %u: op %zu is another, of %zu", rows[i].file,
                                 rows[i].flags, n, a.rs.op_count);
                if (rows[i].key_len) {
                        const struct zc_fw_set *s = a.rs.ops[n - 1].u.set;

                        if (s->count != rows[i].count || s->key_len != rows[i].key_len ||
                            s->ordered != rows[i].ordered)
                                fail_msg("%s: %zu elements of %u bytes", rows[i].file, s->count,
                                         (unsigned)s->key_len);
                }
                release(&a);
        }
}

static void test_parts(void **state)
{
        struct asked a = ask("n", 0, (struct xt_set_info){ 0, 1, SRC }, 1);
        const struct zc_fw_set *s = a.rs.ops[1].u.set;

        (void)state;
        assert_memory_equal(s->lo, "\x0a\x00\x00\x00\x0a\x02\x00\x00", 8);
        assert_memory_equal(s->hi, "\x0a\x00\xff\xff\x0a\xff\xff\xff", 8);
        assert_string_equal(s->name, "n");
        release(&a);
        a = ask("t6", 0, (struct xt_set_info){ 0, 1, SRC }, 1);
        assert_int_equal(a.rs.ops[1].u.set->fleeting[0], 1);
        release(&a);
}

/** Networks within networks: which parts remain, and which of them nobody is sure of. */
static void test_layout(void **state)
{
        enum { NO = FW_IPSET_NOMATCH, FLEET = FW_IPSET_FLEETING };
        static const struct {
                uint8_t records[12]; /* least, greatest, how */
                size_t count;
                uint8_t parts[12]; /* least, greatest, fleeting */
                size_t left;
        } cases[] = {
                { { 0, 255, 0, 16, 31, NO }, 2, { 0, 15, 0, 32, 255, 0 }, 2 },
                { { 0, 255, 0, 240, 255, NO }, 2, { 0, 239, 0 }, 1 },
                { { 0, 255, NO, 0, 15, 0 }, 2, { 0, 15, 0 }, 1 },
                { { 0, 255, 0, 16, 31, FLEET }, 2, { 0, 15, 0, 16, 31, 0, 32, 255, 0 }, 3 },
                { { 0, 255, 0, 16, 31, NO | FLEET }, 2, { 0, 15, 0, 16, 31, 1, 32, 255, 0 }, 3 },
                { { 0, 255, FLEET, 16, 31, 0 }, 2, { 0, 15, 1, 16, 31, 0, 32, 255, 1 }, 3 },
                { { 0, 127, 0, 0, 31, NO, 0, 7, 0 }, 3, { 0, 7, 0, 32, 127, 0 }, 2 },
                { { 200, 255, 0, 0, 7, 0 }, 2, { 0, 7, 0, 200, 255, 0 }, 2 },
                { { 5, 5, 0, 5, 5, FLEET }, 2, { 5, 5, 0 }, 1 },
                { { 0 }, 0, { 0 }, 0 },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(cases); i++) {
                struct zc_arena *arena = zc_arena_new(0);
                struct zc_fw_set set = { .key_len = 1 };
                uint8_t records[12];
                struct fw_build b;

                memcpy(records, cases[i].records, sizeof records);
                fw_build_init(&b, arena);
                fw_ipset_lay_out(&b, records, cases[i].count, &set);
                assert_false(b.failed);
                if (set.count != cases[i].left)
                        fail_msg("case %zu: %zu parts", i, set.count);
                for (size_t p = 0; p < set.count; p++) {
                        assert_int_equal(set.lo[p], cases[i].parts[3 * p]);
                        assert_int_equal(set.hi[p], cases[i].parts[3 * p + 1]);
                        assert_int_equal(set.fleeting[p / 8] >> p % 8 & 1,
                                         cases[i].parts[3 * p + 2]);
                }
                zc_arena_free(arena);
        }
}

/** A network within another hides it, whatever the interface. */
static void test_own_parts(void **state)
{
        static const uint8_t from[] = { 0,  'a', 255, 'a', 0, 16, 'b', 31, 'b', 0,
                                        16, 'c', 31,  'c', 0, 20, 'a', 20, 'a', 0 };
        static const uint8_t want[] = { 0,  'a', 15,  'a', 0,   32, 'a', 255, 'a', 0,   16, 'b',
                                        19, 'b', 0,   21,  'b', 31, 'b', 0,   16,  'c', 19, 'c',
                                        0,  21,  'c', 31,  'c', 0,  20,  'a', 20,  'a', 0 };
        uint8_t *records = malloc(sizeof from);
        size_t count = sizeof from / 5, found = 0;

        (void)state;
        assert_non_null(records);
        memcpy(records, from, sizeof from);
        assert_true(fw_ipset_own_parts(&records, &count, 1, 2));
        assert_int_equal(count, sizeof want / 5);
        for (size_t i = 0; i < count; i++) { /* elements of one network in any order */
                for (size_t k = 0; k < count; k++)
                        found += memcmp(records + 5 * i, want + 5 * k, 5) == 0;
        }
        assert_int_equal(found, count);
        free(records);
}

static void test_cut(void **state)
{
        static const char *const files[] = { "a", "ip", "nif", "bp", "cc", "t6" };
        unsigned refused = 0;

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(files); i++) {
                for (size_t less = 1; less < 300; less++) {
                        struct asked a = ask(files[i], less, (struct xt_set_info){ 0, 2, SRC }, 1);

                        assert_true(a.ok);
                        if (a.refused)
                                assert_int_equal(a.rs.ops[a.rs.op_count - 1].kind, ZC_FW_OP_MAYBE);
                        refused += a.refused;
                        release(&a);
                }
        }
        assert_true(refused > 1000);
}

static void test_odd(void **state)
{
        struct asked a = ask("a", 0, (struct xt_set_info){ 77, 1, SRC }, 1);

        (void)state;
        assert_true(a.rs.op_count == 1 &&
                    a.rs.ops[0].kind ==
                            ZC_FW_OP_MAYBE); /* of another number: wanted, not there yet */
        assert_int_equal(fw_ipsets_next(&a.sets), 1);
        release(&a);
        a = ask("a", 0, (struct xt_set_info){ 0, 1, SRC }, 0);
        assert_true(a.rs.ops[0].kind == ZC_FW_OP_MAYBE && a.rs.gap_count == 1);
        release(&a);
        a = ask("a", 0, (struct xt_set_info){ 0, 1, SRC }, 4); /* cut short */
        assert_true(a.rs.ops[0].kind == ZC_FW_OP_MAYBE && a.rs.gap_count == 1);
        release(&a);
}

static void test_no_memory(void **state)
{
        bool ok = false;

        (void)state;
        for (size_t n = 1; !ok && n < 500; n++) {
                struct asked a = ask_failing("list", 0, (struct xt_set_info){ 0, 1, SRC }, 1, n);

                ok = !alloc_failed();
                alloc_fail_at(0);
                assert_true(!a.ok || a.rs.op_count > 0);
                release(&a);
        }
        assert_true(ok);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_match),     cmocka_unit_test(test_parts),
                cmocka_unit_test(test_layout),    cmocka_unit_test(test_own_parts),
                cmocka_unit_test(test_cut),       cmocka_unit_test(test_odd),
                cmocka_unit_test(test_no_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
