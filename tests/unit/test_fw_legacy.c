/** Legacy tables as getsockopt gives them, recorded and made here: what is in the model, whole and cut and short of memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <netinet/in.h>

#include <linux/netfilter_ipv4/ip_tables.h>

#include "../../scanner/probe/firewall/legacy_build.h"
#include "alloc.h"
#include "zc/file.h"

#define INFO sizeof(struct ipt_getinfo)

struct table {
        char *buf;
        struct zc_rd entries;
        struct fw_legacy_info info;
        enum zc_fw_family family;
        const char *name;
};

static struct table recorded(const char *name)
{
        static const char *const names[] = { "filter", "nat", "mangle", "raw" };
        struct zc_err err = { 0 };
        struct table t;
        char path[128];
        size_t len;

        snprintf(path, sizeof path, "tests/corpus/legacy/%s", name);
        if (!zc_file_read(path, 1 << 20, &t.buf, &len, &err))
                fail_msg("%s", err.text);
        t.family = t.buf[0] & 4 ? ZC_FW_IP6 : ZC_FW_IP;
        t.name = names[t.buf[0] & 3];
        assert_true(fw_legacy_info_parse((struct zc_rd){ (const uint8_t *)t.buf + 1, INFO },
                                         &t.info, &err));
        t.entries = (struct zc_rd){ (const uint8_t *)t.buf + 1 + INFO, len - 1 - INFO };
        return t;
}

static bool build(const struct table *t, struct zc_arena *arena, struct zc_fw_ruleset *rs,
                  struct zc_err *err)
{
        struct fw_build b;
        bool ok;

        fw_build_init(&b, arena);
        ok = fw_legacy_add(&b, t->family, zc_rd_str(t->name), &t->info, t->entries, err);
        if (!ok && (b.tables.count || b.chains.count || b.rules.count))
                fail_msg("what is refused leaves something behind");
        ok = ok && fw_build_finish(&b, rs, err);
        fw_build_release(&b);
        return ok;
}

static const struct zc_fw_chain *chain_of(const struct zc_fw_ruleset *rs, const char *name)
{
        for (size_t i = 0; i < rs->chain_count; i++) {
                if (strcmp(rs->chains[i].name, name) == 0)
                        return &rs->chains[i];
        }
        fail_msg("no chain %s", name);
        return NULL;
}

static void test_recorded(void **state)
{
        static const struct {
                const char *file, *chain, *type;
                enum zc_fw_hook hook;
                int priority;
                size_t chains;
        } rows[] = {
                { "ip-filter-1", "FORWARD", "filter", ZC_FW_FORWARD, 0, 3 },
                { "ip-filter-2", "INPUT", "filter", ZC_FW_INPUT, 0, 4 },
                { "ip-nat-2", "PREROUTING", "nat", ZC_FW_PREROUTING, -100, 4 },
                { "ip-nat-2", "POSTROUTING", "nat", ZC_FW_POSTROUTING, 100, 4 },
                { "ip-nat-2", "INPUT", "nat", ZC_FW_INPUT, 100, 4 },
                { "ip6-mangle-4", "FORWARD", "filter", ZC_FW_FORWARD, -150, 5 },
                { "ip6-raw-2", "PREROUTING", "filter", ZC_FW_PREROUTING, -300, 2 },
                { "ip-raw-4", "OUTPUT", "filter", ZC_FW_OUTPUT, -300, 2 },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_arena *arena = zc_arena_new(0);
                struct table t = recorded(rows[i].file);
                const struct zc_fw_chain *c;
                struct zc_err err = { 0 };
                struct zc_fw_ruleset rs = { 0 };

                if (!build(&t, arena, &rs, &err))
                        fail_msg("%s: %s", rows[i].file, err.text);
                c = chain_of(&rs, rows[i].chain);
                assert_true(rs.table_count == 1 && rs.tables &&
                            rs.tables[0].backend == ZC_FW_LEGACY);
                assert_int_equal(rs.chain_count, rows[i].chains);
                assert_int_equal(rs.gap_count, 0);
                assert_true(c->base && c->hook == rows[i].hook && c->priority == rows[i].priority);
                assert_string_equal(c->type, rows[i].type);
                for (size_t r = 0; r < c->rule_count; r++)
                        assert_int_equal(c->rules[r].handle, r + 1);
                zc_arena_free(arena);
                free(t.buf);
        }
}

/* ---- tables made here ---- */

struct blob {
        _Alignas(8) uint8_t p[4096];
        size_t n;
};

/** One entry with a standard target, or with one that has a name. */
static uint32_t put(struct blob *b, const char *target, int verdict, const char *text)
{
        struct ipt_entry e = { .target_offset = sizeof e };
        struct xt_error_target t = { .target.u.user.target_size =
                                             strcmp(target, "ERROR") == 0 ? 64 : 40 };
        const size_t at = b->n;

        e.next_offset = (uint16_t)(sizeof e + t.target.u.user.target_size);
        snprintf(t.target.u.user.name, sizeof t.target.u.user.name, "%s", target);
        if (strcmp(target, "ERROR") == 0)
                snprintf(t.errorname, sizeof t.errorname, "%s", text);
        else
                memcpy(t.errorname, &verdict, sizeof verdict);
        memcpy(b->p + at, &e, sizeof e);
        memcpy(b->p + at + sizeof e, &t, t.target.u.user.target_size);
        b->n += e.next_offset;
        return (uint32_t)at;
}

#define ENTRY ((int)(sizeof(struct ipt_entry) + 40))
#define HEAD ((int)(sizeof(struct ipt_entry) + 64))
enum { DROP = -1, ACCEPT = -2, QUEUE = -4, RETURN = -5 };

/** INPUT { rule } policy DROP; u { RETURN }: with one rule whose verdict, and chain of the user's whose end, are given. */
static struct table made(struct blob *b, int verdict, int end, uint8_t flags)
{
        struct table t = { .family = ZC_FW_IP, .name = "filter" };

        memset(b, 0, sizeof *b);
        put(b, "", verdict, NULL);
        b->p[offsetof(struct ipt_ip, flags)] = flags;
        t.info = (struct fw_legacy_info){ .hooks = 2,
                                          .entry = { 0 },
                                          .underflow = { 0, (uint32_t)ENTRY } };
        put(b, "", DROP, NULL);
        put(b, "ERROR", 0, "u");
        put(b, "", end, NULL);
        put(b, "ERROR", 0, "ERROR");
        t.info.size = (uint32_t)b->n;
        t.info.count = 5;
        t.entries = (struct zc_rd){ b->p, b->n };
        return t;
}

static void test_verdicts(void **state)
{
        static const struct {
                int verdict;
                uint8_t flags;
                bool refused;
                int ops; /* of the rule */
                enum zc_fw_code code;
        } rows[] = {
                { ACCEPT, 0, false, 1, ZC_FW_ACCEPT },
                { DROP, 0, false, 1, ZC_FW_DROP },
                { RETURN, 0, false, 1, ZC_FW_RETURN },
                { QUEUE, 0, false, 1, ZC_FW_QUEUE },
                { 2 * ENTRY + HEAD, 0, false, 1, ZC_FW_JUMP },
                { 2 * ENTRY + HEAD, IPT_F_GOTO, false, 1, ZC_FW_GOTO },
                { ENTRY, 0, false, 0, ZC_FW_CONTINUE }, /* no target: on to the next */
                { 2 * ENTRY, 0, true, 0, 0 },           /* into the head of a chain */
                { 3 * ENTRY + HEAD, 0, true, 0, 0 },    /* past the end of one */
                { 8, 0, true, 0, 0 },
                { 99999, 0, true, 0, 0 },
                { -3, 0, true, 0, 0 }, /* stolen */
                { INT32_MIN, 0, true, 0, 0 },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_arena *arena = zc_arena_new(0);
                struct zc_fw_ruleset rs = { 0 };
                struct zc_err err = { 0 };
                struct blob b;
                const struct table t = made(&b, rows[i].verdict, RETURN, rows[i].flags);

                assert_int_equal(build(&t, arena, &rs, &err), !rows[i].refused);
                if (!rows[i].refused) {
                        const struct zc_fw_chain *in = chain_of(&rs, "INPUT"),
                                                 *u = chain_of(&rs, "u");

                        assert_true(in->policy == ZC_FW_DROP && in->rule_count == 1 && !u->base &&
                                    u->rule_count == 0);
                        assert_int_equal(in->rules[0].count, rows[i].ops);
                        if (rows[i].ops)
                                assert_true(rs.ops && rs.ops[0].u.verdict.code == rows[i].code);
                        if (rs.ops && (rows[i].code == ZC_FW_JUMP || rows[i].code == ZC_FW_GOTO))
                                assert_ptr_equal(&rs.chains[rs.ops[0].u.verdict.chain], u);
                }
                zc_arena_free(arena);
        }
}

static void test_layouts(void **state)
{
        static const struct {
                const char *what;
                uint32_t hooks, entry, underflow, count;
                int end;
                bool ok;
        } rows[] = {
                { "as it is", 2, 0, ENTRY, 5, RETURN, true },
                { "a chain that ends with a drop", 2, 0, ENTRY, 5, DROP, false },
                { "another count", 2, 0, ENTRY, 4, RETURN, false },
                { "a hook that is nowhere", 6, 0, ENTRY, 5, RETURN, false },
                { "a hook that we do not know", 34, 0, ENTRY, 5, RETURN, false },
                { "a policy that is nowhere", 2, 0, 8, 5, RETURN, false },
                { "a policy that is a rule", 2, 0, 0, 5, RETURN, false },
                { "no hook", 0, 0, 0, 5, RETURN, false },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_arena *arena = zc_arena_new(0);
                struct zc_fw_ruleset rs = { 0 };
                struct zc_err err = { 0 };
                struct blob b;
                struct table t = made(&b, ACCEPT, rows[i].end, 0);

                t.info.hooks = rows[i].hooks;
                t.info.entry[1] = rows[i].entry;
                t.info.underflow[1] = rows[i].underflow;
                t.info.count = rows[i].count;
                if (build(&t, arena, &rs, &err) != rows[i].ok)
                        fail_msg("%s: %s", rows[i].what, err.text);
                zc_arena_free(arena);
        }
}

/** Cut at every length, and with every pair of bytes at nothing and at its most: refused or read, never past its end. */
static void test_cut(void **state)
{
        static const char *const names[] = { "ip-filter-2", "ip6-filter-1", "ip-nat-4",
                                             "ip6-mangle-2", "ip-raw-4" };
        unsigned refused = 0;

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(names); i++) {
                struct table t = recorded(names[i]);
                const struct zc_rd whole = t.entries;

                for (size_t n = 0; n < 2 * whole.n; n++) {
                        const bool cut = n < whole.n;
                        const size_t size = cut ? n : whole.n;
                        struct zc_arena *arena = zc_arena_new(0);
                        uint8_t *room = malloc(whole.n + 1); /* what is taken ends where it does */
                        uint8_t *exact = room + 1 + whole.n - size;
                        struct zc_fw_ruleset rs = { 0 };
                        struct zc_err err = { 0 };

                        assert_non_null(room);
                        memcpy(exact, whole.p, size);
                        if (!cut)
                                exact[n - whole.n] = n & 1 ? 0xff : 0;
                        t.entries = (struct zc_rd){ exact, size };
                        if (cut && build(&t, arena, &rs, &err))
                                fail_msg("%s, cut to %zu bytes, is taken", names[i], size);
                        refused += !cut && !build(&t, arena, &rs, &err);
                        free(room);
                        zc_arena_free(arena);
                }
                free(t.buf);
        }
        assert_true(refused > 500);
}

static void test_no_memory(void **state)
{
        struct table t = recorded("ip-filter-2");
        bool ok = false;

        (void)state;
        for (size_t n = 1; !ok; n++) {
                struct zc_arena *arena = zc_arena_new(0);
                struct zc_fw_ruleset rs = { 0 };
                struct zc_err err = { 0 };

                alloc_fail_at(n);
                ok = build(&t, arena, &rs, &err);
                alloc_fail_at(0);
                if (!ok)
                        assert_int_equal(err.code, ZC_E_NOMEM);
                zc_arena_free(arena);
        }
        free(t.buf);
}

/** What is asked of the IP header. */
static void test_header(void **state)
{
        struct zc_arena *arena = zc_arena_new(0);
        struct ipt_ip ip = { .proto = 6, .invflags = IPT_INV_SRCIP, .iniface = "eth0" };
        struct zc_fw_ops ops = { .arena = arena };
        struct zc_err err = { 0 };
        bool known = true;

        (void)state;
        memcpy(&ip.src, "\x0a\x01\x00\x00", 4);
        memcpy(&ip.smsk, "\xff\xff\x00\x00", 4);
        memset(ip.iniface_mask, 0xff, 5);
        assert_true(zc_fw_xt_header(&ops, (struct zc_rd){ (const uint8_t *)&ip, sizeof ip },
                                    ZC_FW_IP, &known, &err));
        assert_true(known && ops.count == 6);
        assert_true(ops.list[1].kind == ZC_FW_OP_CMP && ops.list[1].len == 1 &&
                    ops.list[1].u.data.a[0] == 6);
        assert_true(ops.list[2].kind == ZC_FW_OP_PAYLOAD && ops.list[2].offset == 12 &&
                    ops.list[2].len == 2);
        assert_true(ops.list[3].op == ZC_FW_NE && memcmp(ops.list[3].u.data.a, "\x0a\x01", 2) == 0);
        assert_true(ops.list[5].len == 5 && memcmp(ops.list[5].u.data.a, "eth0", 5) == 0);
        ip.flags = 0x80; /* of a kernel to come */
        assert_true(zc_fw_xt_header(&ops, (struct zc_rd){ (const uint8_t *)&ip, sizeof ip },
                                    ZC_FW_IP, &known, &err) &&
                    !known);
        for (size_t n = 0; n < sizeof ip; n++)
                assert_false(zc_fw_xt_header(&ops, (struct zc_rd){ (const uint8_t *)&ip, n },
                                             ZC_FW_IP, &known, &err));
        zc_arena_free(arena);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_recorded),  cmocka_unit_test(test_verdicts),
                cmocka_unit_test(test_layouts),   cmocka_unit_test(test_cut),
                cmocka_unit_test(test_no_memory), cmocka_unit_test(test_header),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
