/** nf_tables' recorded answers into the model: what is in it, what is not known, whole and cut and short of memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../scanner/probe/firewall/expr_wire.h"
#include "../../scanner/probe/firewall/nft.h"
#include "alloc.h"
#include "zc/file.h"
#include "zc/netlink.h"

struct model {
        struct zc_arena *arena;
        struct zc_fw_ruleset rs;
        unsigned refused;
};

struct reading {
        struct fw_build b;
        struct fw_nft nft;
};

static void begin(struct reading *r, struct model *m)
{
        *m = (struct model){ .arena = zc_arena_new(0) };
        assert_non_null(m->arena);
        fw_build_init(&r->b, m->arena);
        fw_nft_init(&r->nft, &r->b);
}

static bool end(struct reading *r, struct model *m, struct zc_err *err)
{
        bool ok;

        for (size_t i = 0; i < r->nft.sets.count; i++)
                fw_nft_set_done(&r->nft, i);
        fw_nft_release(&r->nft);
        ok = fw_build_finish(&r->b, &m->rs, err);
        fw_build_release(&r->b);
        return ok;
}

static char *corpus(const char *name, struct zc_rd *out)
{
        struct zc_err err = { 0 };
        char path[128];
        char *buf;
        size_t len;

        snprintf(path, sizeof path, "tests/corpus/fwmodel/%s", name);
        if (!zc_file_read(path, 1 << 20, &buf, &len, &err))
                fail_msg("%s", err.text);
        *out = (struct zc_rd){ (const uint8_t *)buf, len };
        return buf;
}

/** A recorded answer, each message from a copy of its exact size, which is gone when the model is asked. */
static bool feed(const char *name, struct model *m, struct zc_err *err)
{
        struct reading r;
        struct zc_nlmsg msg;
        struct zc_rd in;
        bool bad = false;
        char *buf = corpus(name, &in);

        begin(&r, m);
        while (zc_nlmsg_next(&in, &msg, &bad)) {
                uint8_t *exact = test_malloc(msg.payload.n);

                memcpy(exact, msg.payload.p, msg.payload.n);
                m->refused +=
                        !fw_nft_take(&r.nft, msg.type, (struct zc_rd){ exact, msg.payload.n }, err);
                test_free(exact);
        }
        assert_false(bad);
        free(buf);
        return end(&r, m, err);
}

static const struct zc_fw_set *set_of(const struct model *m, const char *name)
{
        for (size_t i = 0; i < m->rs.set_count; i++) {
                if (strcmp(m->rs.sets[i].name, name) == 0)
                        return &m->rs.sets[i];
        }
        fail_msg("no set %s", name);
        return NULL;
}

static void test_recorded(void **state)
{
        static const struct {
                const char *name;
                size_t tables, chains, rules, sets;
                bool conntrack[2];
        } rows[] = {
                { "empty", 0, 0, 0, 0, { false, false } },
                { "iptables", 5, 5, 9, 0, { true, false } },
                { "rules-1", 6, 14, 12, 0, { false, false } },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_err err = { 0 };
                struct model m;
                size_t rules = 0;

                assert_true(feed(rows[i].name, &m, &err));
                for (size_t c = 0; c < m.rs.chain_count; c++)
                        rules += m.rs.chains[c].rule_count;
                if (m.refused || m.rs.table_count != rows[i].tables ||
                    m.rs.chain_count != rows[i].chains || rules != rows[i].rules ||
                    m.rs.set_count != rows[i].sets)
                        fail_msg("%s: %u refused, %zu tables, %zu chains, %zu rules, %zu sets",
                                 rows[i].name, m.refused, m.rs.table_count, m.rs.chain_count, rules,
                                 m.rs.set_count);
                assert_memory_equal(m.rs.conntrack, rows[i].conntrack, 2);
                zc_arena_free(m.arena);
        }
}

static void test_chains(void **state)
{
        struct zc_err err = { 0 };
        struct model m;

        (void)state;
        assert_true(feed("iptables", &m, &err));
        assert_string_equal(m.rs.chains[0].name, "INPUT");
        assert_true(m.rs.chains[0].base && m.rs.chains[0].hook == ZC_FW_INPUT &&
                    m.rs.chains[0].policy == ZC_FW_DROP && !m.rs.chains[0].nat);
        assert_string_equal(m.rs.chains[0].rules[0].comment, "hello x");
        assert_true(m.rs.chains[1].nat && m.rs.chains[1].hook == ZC_FW_PREROUTING &&
                    m.rs.chains[1].priority == -100);
        zc_arena_free(m.arena);
}

static void check_set(const struct model *m, const char *name, const char *lo, const char *hi,
                      size_t bytes)
{
        const struct zc_fw_set *s = set_of(m, name);

        assert_true(s->read);
        assert_int_equal(s->count * s->key_len, bytes);
        assert_memory_equal(s->lo, lo, bytes);
        assert_memory_equal(s->hi, hi, bytes);
}

static void test_sets(void **state)
{
        struct zc_err err = { 0 };
        struct model m;
        const struct zc_fw_set *s;

        (void)state;
        assert_true(feed("sets", &m, &err));
        assert_int_equal(m.refused, 0);
        check_set(&m, "vi", "\x0a\x00\x00\x00\x0b\x00\x00\x00\xff\x00\x00\x00",
                  "\x0a\xff\xff\xff\x0b\x00\x00\x09\xff\xff\xff\xff", 12);
        s = set_of(&m, "vi");
        assert_true(s->map && s->verdicts && s->has_catchall && !s->ordered);
        assert_true(s->verdict[0].code == ZC_FW_DROP && s->verdict[1].code == ZC_FW_ACCEPT &&
                    s->verdict[2].code == ZC_FW_GOTO &&
                    strcmp(m.rs.chains[s->verdict[2].chain].name, "sub") == 0 &&
                    s->catchall_verdict.code == ZC_FW_RETURN);
        check_set(&m, "co", "\x0a\x00\x00\x00\x00\x01\x00\x00", "\x0a\xff\xff\xff\x00\x64\x00\x00",
                  8);
        s = set_of(&m, "co");
        assert_true(s->ordered && s->field_count == 2 && s->fields[0] == 4 && s->fields[1] == 2);
        check_set(&m, "ca", "\x01\x01\x01\x01\x00\x50\x00\x00", "\x01\x01\x01\x01\x00\x50\x00\x00",
                  8);
        assert_memory_equal(set_of(&m, "ca")->data, "\x02\x02\x02\x02\x1f\x90\x00\x00", 8);
        check_set(&m, "empty", "", "", 0);
        assert_int_equal(set_of(&m, "v6")->count, 3);
        s = set_of(&m, "to");
        assert_true(s->count == 2 && s->fleeting && (s->fleeting[0] & 3) == 3);
        assert_int_equal(set_of(&m, "om")->objects, 1);
        zc_arena_free(m.arena);
}

/** Every message cut at every length, and with every length field at nothing and at its most: refused or read, never past its end. */
static void test_cut(void **state)
{
        static const char *const names[] = { "iptables", "rules-1", "rules-4", "rules-6", "sets" };
        unsigned refused = 0;

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(names); i++) {
                struct zc_err err = { 0 };
                struct reading r;
                struct model m;
                struct zc_nlmsg msg;
                struct zc_rd in;
                bool bad;
                char *buf = corpus(names[i], &in);

                begin(&r, &m);
                while (zc_nlmsg_next(&in, &msg, &bad)) {
                        for (size_t n = 0; n <= msg.payload.n; n++) {
                                uint8_t *exact = memcpy(malloc(n + (n == 0)), msg.payload.p, n);

                                refused += !fw_nft_take(&r.nft, msg.type,
                                                        (struct zc_rd){ exact, n }, &err);
                                free(exact);
                        }
                        for (size_t at = 4; at + 4 <= msg.payload.n; at += 4) {
                                uint8_t *exact =
                                        memcpy(malloc(msg.payload.n), msg.payload.p, msg.payload.n);

                                exact[at] = exact[at + 1] = at & 8 ? 0xff : 0;
                                refused +=
                                        !fw_nft_take(&r.nft, msg.type,
                                                     (struct zc_rd){ exact, msg.payload.n }, &err);
                                free(exact);
                        }
                }
                assert_true(end(&r, &m, &err));
                zc_arena_free(m.arena);
                free(buf);
        }
        assert_true(refused > 5000);
}

/* ---- expressions of our own ---- */

struct bytes {
        uint8_t p[512];
        size_t n;
};

static void put(struct bytes *b, uint16_t type, const void *p, size_t n)
{
        uint16_t head[2] = { (uint16_t)(n + 4), type };

        memcpy(b->p + b->n, head, 4);
        if (n > 0)
                memcpy(b->p + b->n + 4, p, n);
        b->n += (4 + n + 3) & ~(size_t)3;
}

static void put_number(struct bytes *b, uint16_t type, unsigned size, uint64_t v)
{
        uint8_t be[8];

        for (unsigned i = 0; i < size; i++)
                be[i] = (uint8_t)(v >> 8 * (size - 1 - i));
        put(b, type, be, size);
}

static void take(struct reading *r, unsigned type, const struct bytes *b)
{
        struct zc_err err = { 0 };

        if (!fw_nft_take(&r->nft, ZC_NFT_TYPE(type), (struct zc_rd){ b->p, b->n }, &err))
                fail_msg("%s", err.text);
}

/** A table, a chain at input, and one rule of one expression. */
static void one_rule(struct model *m, const char *name, const struct bytes *data)
{
        struct zc_err err = { 0 };
        struct bytes t = { { ZC_FW_INET }, 4 }, c = t, r = t, hook = { 0 }, e = { 0 }, list = { 0 };
        struct reading reading;

        begin(&reading, m);
        put(&t, 1, "t", 2);
        take(&reading, ZC_NFT_NEWTABLE, &t);
        put(&c, 1, "t", 2);
        put(&c, 3, "c", 2);
        put_number(&hook, 1, 4, 1);
        put_number(&hook, 2, 4, 0);
        put(&c, 4, hook.p, hook.n);
        put_number(&c, 5, 4, 1);
        put(&c, 7, "filter", 7);
        take(&reading, ZC_NFT_NEWCHAIN, &c);
        put(&e, 1, name, strlen(name) + 1);
        put(&e, 2, data->p, data->n);
        put(&list, 1, e.p, e.n);
        put(&r, 1, "t", 2);
        put(&r, 2, "c", 2);
        put_number(&r, 3, 8, 7);
        put(&r, 4, list.p, list.n);
        take(&reading, ZC_NFT_NEWRULE, &r);
        assert_true(end(&reading, m, &err));
        assert_int_equal(m->rs.op_count, 1);
}

/** A number of an expression: attribute, size, value. */
struct number {
        uint8_t attr, size;
        uint32_t value;
};

static const struct {
        const char *name;
        struct number n[6];
        enum zc_fw_op_kind plain, strange; /* as it is, and with an attribute 99 more */
} kinds[] = {
        { "payload",
          { { 1, 4, 1 }, { 2, 4, 1 }, { 3, 4, 12 }, { 4, 4, 4 } },
          ZC_FW_OP_PAYLOAD,
          ZC_FW_OP_LOAD_ANY },
        { "payload",
          { { 5, 4, 1 }, { 2, 4, 1 }, { 3, 4, 12 }, { 4, 4, 4 } },
          ZC_FW_OP_PAYLOAD_SET,
          ZC_FW_OP_UNKNOWN },
        { "meta", { { 1, 4, 1 }, { 2, 4, 3 } }, ZC_FW_OP_META, ZC_FW_OP_LOAD_ANY },
        { "meta", { { 3, 4, 1 }, { 2, 4, 3 } }, ZC_FW_OP_META_SET, ZC_FW_OP_UNKNOWN },
        { "meta", { { 3, 4, 1 }, { 2, 4, 12 } }, ZC_FW_OP_NEUTRAL, ZC_FW_OP_UNKNOWN }, /* nftrace */
        { "meta",
          { { 1, 4, 1 }, { 2, 4, 77 } },
          ZC_FW_OP_LOAD_ANY,
          ZC_FW_OP_LOAD_ANY }, /* a key of later */
        { "ct", { { 1, 4, 8 }, { 2, 4, 0 } }, ZC_FW_OP_CT, ZC_FW_OP_LOAD_ANY },
        { "ct", { { 4, 4, 8 }, { 2, 4, 1 } }, ZC_FW_OP_CT_SET, ZC_FW_OP_UNKNOWN },
        { "fib", { { 1, 4, 1 }, { 2, 4, 3 }, { 3, 4, 2 } }, ZC_FW_OP_FIB, ZC_FW_OP_LOAD_ANY },
        { "fib", { { 1, 4, 1 }, { 2, 4, 3 }, { 3, 4, 64 } }, ZC_FW_OP_LOAD_ANY, ZC_FW_OP_LOAD_ANY },
        { "rt", { { 1, 4, 1 }, { 2, 4, 0 } }, ZC_FW_OP_RT, ZC_FW_OP_LOAD_ANY },
        { "socket", { { 2, 4, 1 }, { 1, 4, 0 } }, ZC_FW_OP_SOCKET, ZC_FW_OP_LOAD_ANY },
        { "exthdr",
          { { 1, 4, 1 }, { 2, 1, 2 }, { 3, 4, 2 }, { 4, 4, 2 }, { 6, 4, 1 } },
          ZC_FW_OP_EXTHDR,
          ZC_FW_OP_LOAD_ANY },
        { "exthdr",
          { { 1, 4, 1 }, { 2, 1, 2 }, { 3, 4, 2 }, { 4, 4, 2 }, { 6, 4, 9 } },
          ZC_FW_OP_LOAD_ANY,
          ZC_FW_OP_LOAD_ANY },
        { "exthdr",
          { { 2, 1, 2 }, { 3, 4, 0 }, { 4, 4, 0 }, { 6, 4, 1 } },
          ZC_FW_OP_EXTHDR_SET,
          ZC_FW_OP_UNKNOWN },
        { "byteorder",
          { { 1, 4, 1 }, { 2, 4, 2 }, { 3, 4, 1 }, { 4, 4, 4 }, { 5, 4, 4 } },
          ZC_FW_OP_BYTEORDER,
          ZC_FW_OP_LOAD_ANY },
        { "bitwise",
          { { 1, 4, 1 }, { 2, 4, 1 }, { 3, 4, 4 }, { 6, 4, 3 }, { 8, 4, 2 } },
          ZC_FW_OP_BITWISE,
          ZC_FW_OP_LOAD_ANY },
        { "bitwise",
          { { 1, 4, 1 }, { 2, 4, 1 }, { 3, 4, 4 }, { 6, 4, 3 } },
          ZC_FW_OP_LOAD_ANY,
          ZC_FW_OP_LOAD_ANY },
        { "bitwise",
          { { 1, 4, 1 }, { 2, 4, 1 }, { 3, 4, 4 }, { 6, 4, 6 } },
          ZC_FW_OP_LOAD_ANY,
          ZC_FW_OP_LOAD_ANY },
        { "numgen", { { 1, 4, 1 }, { 2, 4, 2 } }, ZC_FW_OP_LOAD_ANY, ZC_FW_OP_LOAD_ANY },
        { "hash", { { 2, 4, 1 }, { 4, 4, 2 } }, ZC_FW_OP_LOAD_ANY, ZC_FW_OP_LOAD_ANY },
        { "osf", { { 1, 4, 1 } }, ZC_FW_OP_LOAD_ANY, ZC_FW_OP_LOAD_ANY },
        { "xfrm", { { 1, 4, 1 }, { 2, 4, 1 } }, ZC_FW_OP_LOAD_ANY, ZC_FW_OP_LOAD_ANY },
        { "tunnel", { { 2, 4, 1 }, { 1, 4, 0 } }, ZC_FW_OP_LOAD_ANY, ZC_FW_OP_LOAD_ANY },
        { "limit", { { 1, 8, 5 }, { 2, 8, 1 } }, ZC_FW_OP_MAYBE, ZC_FW_OP_MAYBE },
        { "quota", { { 1, 8, 5 } }, ZC_FW_OP_MAYBE, ZC_FW_OP_MAYBE },
        { "connlimit", { { 1, 4, 5 } }, ZC_FW_OP_MAYBE, ZC_FW_OP_MAYBE },
        { "flow_offload", { { 0 } }, ZC_FW_OP_MAYBE, ZC_FW_OP_UNKNOWN },
        { "counter", { { 1, 8, 5 } }, ZC_FW_OP_NEUTRAL, ZC_FW_OP_MAYBE },
        { "log", { { 5, 4, 5 } }, ZC_FW_OP_NEUTRAL, ZC_FW_OP_MAYBE },
        { "last", { { 1, 4, 0 } }, ZC_FW_OP_NEUTRAL, ZC_FW_OP_MAYBE },
        { "dup", { { 2, 4, 1 } }, ZC_FW_OP_NEUTRAL, ZC_FW_OP_MAYBE },
        { "notrack", { { 0 } }, ZC_FW_OP_NOTRACK, ZC_FW_OP_UNKNOWN },
        { "nat", { { 1, 4, 1 }, { 2, 4, 2 }, { 3, 4, 1 } }, ZC_FW_OP_NAT, ZC_FW_OP_UNKNOWN },
        { "nat", { { 1, 4, 1 }, { 2, 4, 9 }, { 3, 4, 1 } }, ZC_FW_OP_UNKNOWN, ZC_FW_OP_UNKNOWN },
        { "masq", { { 0 } }, ZC_FW_OP_NAT, ZC_FW_OP_UNKNOWN },
        { "redir", { { 1, 4, 1 } }, ZC_FW_OP_NAT, ZC_FW_OP_UNKNOWN },
        { "tproxy", { { 1, 4, 2 }, { 3, 4, 1 } }, ZC_FW_OP_TPROXY, ZC_FW_OP_UNKNOWN },
        { "reject", { { 1, 4, 2 }, { 2, 1, 3 } }, ZC_FW_OP_REJECT, ZC_FW_OP_UNKNOWN },
        { "reject", { { 1, 4, 3 } }, ZC_FW_OP_UNKNOWN, ZC_FW_OP_UNKNOWN },
        { "queue", { { 1, 2, 3 }, { 3, 2, 1 } }, ZC_FW_OP_QUEUE, ZC_FW_OP_UNKNOWN },
        { "synproxy", { { 1, 2, 1460 } }, ZC_FW_OP_SYNPROXY, ZC_FW_OP_UNKNOWN },
        { "fwd", { { 1, 4, 1 } }, ZC_FW_OP_FWD, ZC_FW_OP_UNKNOWN },
        { "objref", { { 1, 4, 1 } }, ZC_FW_OP_NEUTRAL, ZC_FW_OP_UNKNOWN },
        { "objref", { { 1, 4, 4 } }, ZC_FW_OP_MAYBE, ZC_FW_OP_UNKNOWN },
        { "objref", { { 1, 4, 10 } }, ZC_FW_OP_SYNPROXY, ZC_FW_OP_UNKNOWN },
        { "objref", { { 1, 4, 99 } }, ZC_FW_OP_UNKNOWN, ZC_FW_OP_UNKNOWN },
        { "novel", { { 1, 4, 1 } }, ZC_FW_OP_UNKNOWN, ZC_FW_OP_UNKNOWN },
        { "meta",
          { { 1, 2, 1 }, { 2, 4, 3 } },
          ZC_FW_OP_UNKNOWN,
          ZC_FW_OP_UNKNOWN },                                            /* of another size */
        { "meta", { { 1, 4, 1 } }, ZC_FW_OP_UNKNOWN, ZC_FW_OP_UNKNOWN }, /* without its key */
        { "payload",
          { { 1, 4, 23 }, { 2, 4, 1 }, { 3, 4, 12 }, { 4, 4, 8 } },
          ZC_FW_OP_UNKNOWN,
          ZC_FW_OP_UNKNOWN }, /* past the registers */
};

static bool is_doubt(enum zc_fw_op_kind kind)
{
        return kind == ZC_FW_OP_UNKNOWN || kind == ZC_FW_OP_MAYBE || kind == ZC_FW_OP_LOAD_ANY;
}

static void test_kinds(void **state)
{
        (void)state;
        for (size_t i = 0; i < 2 * ZC_COUNT(kinds); i++) {
                const bool strange = i % 2;
                const enum zc_fw_op_kind want = strange ? kinds[i / 2].strange : kinds[i / 2].plain;
                struct bytes data = { 0 };
                struct model m;

                for (size_t k = 0; k < 6 && kinds[i / 2].n[k].size; k++)
                        put_number(&data, kinds[i / 2].n[k].attr, kinds[i / 2].n[k].size,
                                   kinds[i / 2].n[k].value);
                if (strange)
                        put_number(&data, 99, 4, 1);
                one_rule(&m, kinds[i / 2].name, &data);
                if (m.rs.ops[0].kind != want)
                        fail_msg("row %zu, %s: kind %u, not %u", i / 2, kinds[i / 2].name,
                                 m.rs.ops[0].kind, want);
                if (strange && (m.rs.gap_count != 1 || !is_doubt(m.rs.ops[0].kind) ||
                                m.rs.gaps[0].weight != ZC_FW_IN_OPS ||
                                strcmp(m.rs.gaps[0].where, "inet t c handle 7") != 0))
                        fail_msg("row %zu, %s: %zu gaps", i / 2, kinds[i / 2].name, m.rs.gap_count);
                zc_arena_free(m.arena);
        }
}

static void test_memory(void **state)
{
        static const char *const names[] = { "iptables", "sets" };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(names); i++) {
                for (size_t n = 1;; n++) {
                        struct zc_err err = { 0 };
                        struct reading r;
                        struct model m;
                        struct zc_nlmsg msg;
                        struct zc_rd in;
                        bool bad, ok = true;
                        char *buf = corpus(names[i], &in);

                        begin(&r, &m);
                        alloc_fail_at(n);
                        while (ok && zc_nlmsg_next(&in, &msg, &bad))
                                ok = fw_nft_take(&r.nft, msg.type, msg.payload, &err);
                        ok = end(&r, &m, ok ? &err : &(struct zc_err){ 0 }) && ok;
                        const bool failed = alloc_failed();

                        alloc_fail_at(0);
                        zc_arena_free(m.arena);
                        free(buf);
                        if (ok != !failed || (!ok && err.code != ZC_E_NOMEM))
                                fail_msg("%s: allocation %zu: %s", names[i], n, err.text);
                        if (ok)
                                break;
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_recorded), cmocka_unit_test(test_chains),
                cmocka_unit_test(test_sets),     cmocka_unit_test(test_cut),
                cmocka_unit_test(test_kinds),    cmocka_unit_test(test_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
