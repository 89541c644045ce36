/** The firewall's wire on recorded dumps, whole and cut; what becomes of packets that meet no condition; what is not understood is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../scanner/probe/firewall/ruleset.h"
#include "alloc.h"
#include "zc/file.h"

/** Feeds a recorded dump. Counts the messages that were refused. */
static unsigned feed(struct fw_ruleset *rs, const char *name)
{
        struct zc_err err = { 0 };
        struct zc_nlmsg m;
        struct zc_rd in;
        char path[128];
        unsigned refused = 0;
        bool bad = false;
        char *buf;
        size_t len;

        snprintf(path, sizeof path, "tests/corpus/nft/%s", name);
        if (!zc_file_read(path, 1 << 20, &buf, &len, &err))
                fail_msg("%s", err.text);
        in = (struct zc_rd){ (const uint8_t *)buf, len };
        assert_true(fw_ruleset_init(rs, &err));
        while (zc_nlmsg_next(&in, &m, &bad)) {
                if (m.type >= 16)
                        refused += !fw_ruleset_take(rs, m.type, m.payload, &err);
        }
        assert_false(bad);
        free(buf); /* nothing may point into it */
        return refused;
}

static const struct fw_chain *chain(const struct fw_ruleset *rs, uint8_t family, const char *table,
                                    const char *name)
{
        const struct fw_chain *c = fw_chain_find(rs, family, zc_rd_str(table), zc_rd_str(name));

        if (!c)
                fail_msg("no chain %s %s", table, name);
        return c;
}

static void test_recorded(void **state)
{
        static const struct {
                const char *name;
                size_t tables, chains, sets, rules;
                enum fw_fate input, input6, forward;
        } rows[] = {
                { "empty", 0, 0, 0, 0, FW_ACCEPT, FW_ACCEPT, FW_ACCEPT },
                { "native", 8, 12, 2, 9, FW_UNKNOWN, FW_UNKNOWN, FW_DROP } /* without its sets' elements */,
                { "iptables", 2, 2, 0, 4, FW_DROP, FW_ACCEPT, FW_ACCEPT },
                { "jumps", 3, 7, 0, 10, FW_DROP, FW_DROP, FW_DROP },
        };

        (void)state;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct fw_ruleset rs;
                struct fw_doubt where;
                enum fw_fate fates[3];

                assert_int_equal(feed(&rs, rows[i].name), 0);
                fates[0] = fw_path_fate(&rs, FW_INPUT, ZC_NFT_IP, &where);
                fates[1] = fw_path_fate(&rs, FW_INPUT, ZC_NFT_IP6, &where);
                fates[2] = fw_path_fate(&rs, FW_FORWARD, ZC_NFT_IP, &where);
                if (rs.table_count != rows[i].tables || rs.chain_count != rows[i].chains ||
                    rs.sets != rows[i].sets || rs.rules != rows[i].rules)
                        fail_msg("%s: %zu tables, %zu chains, %zu sets, %zu rules", rows[i].name,
                                 rs.table_count, rs.chain_count, rs.sets, rs.rules);
                if (fates[0] != rows[i].input || fates[1] != rows[i].input6 ||
                    fates[2] != rows[i].forward)
                        fail_msg("%s: fates %d %d %d", rows[i].name, fates[0], fates[1], fates[2]);
                assert_null(rs.strange);
                fw_ruleset_release(&rs);
        }
}

static void test_members(void **state)
{
        struct fw_ruleset rs;
        const struct fw_chain *c;

        (void)state;
        feed(&rs, "native");
        c = chain(&rs, ZC_NFT_INET, "filter", "inp");
        assert_true(c->c.base && c->c.has_policy && c->c.policy == ZC_NFT_POLICY_DROP &&
                    c->c.priority == 0 && c->rules == 5);
        assert_string_equal(fw_hook_name(c->c.family, c->c.hook), "input");
        assert_true(zc_rd_is(c->c.type, "filter"));
        c = chain(&rs, ZC_NFT_INET, "filter", "forw");
        assert_int_equal(c->c.priority, -5);
        assert_false(chain(&rs, ZC_NFT_INET, "filter", "web")->c.base);
        c = chain(&rs, ZC_NFT_NETDEV, "d", "i");
        assert_int_equal(c->device_count, 1);
        assert_true(zc_rd_is(c->devices[0].name, "v0") && !c->devices[0].prefix);
        assert_string_equal(fw_hook_name(c->c.family, c->c.hook), "ingress");
        fw_ruleset_release(&rs);

        feed(&rs, "jumps");
        assert_int_equal(chain(&rs, ZC_NFT_NETDEV, "d", "i")->device_count, 2);
        c = chain(&rs, ZC_NFT_IP, "n", "i");
        assert_true(fw_table_of(&rs, c)->flags & ZC_NFT_TABLE_DORMANT);
        fw_ruleset_release(&rs);
        assert_null(fw_hook_name(ZC_NFT_NETDEV, 2));
        assert_null(fw_hook_name(ZC_NFT_IP, 99));
        assert_null(fw_family_name(99));
}

/** Every message of every dump, cut at every length, and with every attribute's length at 0 and at its most: refused or read, never over the end. */
static void test_sweeps(void **state)
{
        static const char *const dumps[] = { "native", "iptables", "jumps" };
        unsigned refused = 0;

        (void)state;
        for (size_t d = 0; d < 3; d++) {
                struct zc_err err = { 0 };
                struct zc_nlmsg m;
                struct fw_ruleset rs;
                char path[128];
                char *buf;
                size_t len;
                bool bad;
                struct zc_rd in;

                snprintf(path, sizeof path, "tests/corpus/nft/%s", dumps[d]);
                assert_true(zc_file_read(path, 1 << 20, &buf, &len, &err));
                assert_true(fw_ruleset_init(&rs, &err));
                for (in = (struct zc_rd){ (const uint8_t *)buf, len };
                     zc_nlmsg_next(&in, &m, &bad);) {
                        for (size_t n = 0; n <= m.payload.n; n++) {
                                uint8_t *exact = malloc(n + (n == 0));

                                memcpy(exact, m.payload.p, n);
                                refused += !fw_ruleset_take(&rs, m.type, (struct zc_rd){ exact, n },
                                                            &err);
                                free(exact);
                        }
                        for (size_t at = 4; at + 4 <= m.payload.n; at += 4) {
                                uint8_t *exact =
                                        memcpy(malloc(m.payload.n), m.payload.p, m.payload.n);

                                for (unsigned fill = 0; fill <= 0xff; fill += 0xff) {
                                        exact[at] = exact[at + 1] = (uint8_t)fill;
                                        refused += !fw_ruleset_take(
                                                &rs, m.type, (struct zc_rd){ exact, m.payload.n },
                                                &err);
                                }
                                free(exact);
                        }
                }
                fw_ruleset_release(&rs);
                free(buf);
        }
        assert_true(refused > 1000);
}

struct bytes {
        uint8_t p[512];
        size_t n;
};

static void put_attr(struct bytes *b, uint16_t type, const void *p, size_t n)
{
        uint16_t head[2] = { (uint16_t)(n + 4), type };

        memcpy(b->p + b->n, head, 4);
        memcpy(b->p + b->n + 4, p, n);
        b->n += (4 + n + 3) & ~(size_t)3;
}

static void put_u32(struct bytes *b, uint16_t type, uint32_t v)
{
        const uint8_t be[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
                                (uint8_t)v };

        put_attr(b, type, be, 4);
}

static struct bytes message(uint8_t family)
{
        struct bytes b = { { family }, 4 };

        return b;
}

static bool take(struct fw_ruleset *rs, unsigned type, const struct bytes *b)
{
        struct zc_err err = { 0 };

        return fw_ruleset_take(rs, ZC_NFT_TYPE(type), (struct zc_rd){ b->p, b->n }, &err);
}

static void put_chain(struct fw_ruleset *rs, uint8_t family, uint32_t hook, const char *type,
                      int policy)
{
        struct bytes b = message(family);
        struct bytes h = { { 0 }, 0 };

        put_attr(&b, 1, "t", 2);
        put_attr(&b, 3, "c", 2);
        put_u32(&h, 1, hook);
        put_u32(&h, 2, (uint32_t)-7);
        put_attr(&b, 4, h.p, h.n);
        if (policy >= 0)
                put_u32(&b, 5, (uint32_t)policy);
        put_attr(&b, 7, type, strlen(type) + 1);
        assert_true(take(rs, ZC_NFT_NEWCHAIN, &b));
}

static void test_not_understood(void **state)
{
        static const struct {
                const char *name;
                uint8_t family;
                uint32_t hook;
                const char *type;
                int policy;
                enum fw_fate fate;
                const char *strange;
        } rows[] = {
                { "plain", ZC_NFT_IP, 1, "filter", 0, FW_DROP, NULL },
                { "no policy told", ZC_NFT_IP, 1, "filter", -1, FW_UNKNOWN, NULL },
                { "a new policy", ZC_NFT_IP, 1, "filter", 2, FW_UNKNOWN, "policy 2" },
                { "a new hook", ZC_NFT_INET, 9, "filter", 0, FW_UNKNOWN, "hook 9" },
                { "a new hook that lets through", ZC_NFT_INET, 9, "filter", 1, FW_ACCEPT,
                  "hook 9" },
                { "a new netdev hook", ZC_NFT_NETDEV, 2, "filter", 0, FW_UNKNOWN, "hook 2" },
                { "egress", ZC_NFT_NETDEV, 1, "filter", 0, FW_ACCEPT, NULL },
                { "a new type", ZC_NFT_IP, 1, "novel", 0, FW_UNKNOWN, NULL },
                { "nat", ZC_NFT_IP, 1, "nat", 0, FW_UNKNOWN, NULL },
                { "another family", ZC_NFT_IP6, 1, "filter", 0, FW_ACCEPT, NULL },
                { "a hook off the path", ZC_NFT_IP, 3, "filter", 0, FW_ACCEPT, NULL },
        };

        (void)state;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct fw_ruleset rs;
                struct zc_err err = { 0 };
                struct fw_doubt where;

                assert_true(fw_ruleset_init(&rs, &err));
                put_chain(&rs, rows[i].family, rows[i].hook, rows[i].type, rows[i].policy);
                if (fw_path_fate(&rs, FW_INPUT, ZC_NFT_IP, &where) != rows[i].fate)
                        fail_msg("%s: another fate", rows[i].name);
                assert_int_equal(rs.chains[0].c.priority, -7);
                if (rows[i].strange)
                        assert_string_equal(rs.strange->what, rows[i].strange);
                else
                        assert_null(rs.strange);
                fw_ruleset_release(&rs);
        }
}

static void test_strange_is_told_once(void **state)
{
        struct fw_ruleset rs;
        struct zc_err err = { 0 };
        struct bytes e = { { 0 }, 0 };
        struct bytes list = { { 0 }, 0 };
        struct bytes r = message(ZC_NFT_IP);
        struct bytes t = message(ZC_NFT_IP);

        (void)state;
        assert_true(fw_ruleset_init(&rs, &err));
        put_chain(&rs, ZC_NFT_IP, 1, "filter", 1);
        put_attr(&e, 1, "novel\x1b", 7);
        put_attr(&list, 1, e.p, e.n);
        put_attr(&r, 1, "t", 2);
        put_attr(&r, 2, "c", 2);
        put_attr(&r, 3, "\0\0\0\0\0\0\0\7", 8);
        put_attr(&r, 4, list.p, list.n);
        assert_true(take(&rs, ZC_NFT_NEWRULE, &r));
        assert_true(take(&rs, ZC_NFT_NEWRULE, &r));
        put_attr(&r, 2, "d", 2); /* a chain that there is not */
        assert_false(take(&rs, ZC_NFT_NEWRULE, &r));
        put_attr(&t, 1, "t", 2);
        put_u32(&t, 99, 1);
        put_u32(&t, 2, 0x80);
        assert_true(take(&rs, ZC_NFT_NEWTABLE, &t));
        assert_int_equal(rs.rules, 2);
        assert_string_equal(rs.strange->what, "expression novel\\u{1b}");
        assert_string_equal(rs.strange->where, "ip t c handle 7");
        assert_string_equal(rs.strange->next->what, "table attribute 99");
        assert_string_equal(rs.strange->next->next->what, "table flags 128");
        assert_null(rs.strange->next->next->next);
        assert_false(take(&rs, 18, &t)); /* an object, that nobody asked for */
        fw_ruleset_release(&rs);
}

/** Memory runs out at every allocation in turn: refused with that reason, and all is freed. */
static void test_no_memory(void **state)
{
        struct zc_err err = { 0 };
        char *buf;
        size_t len;
        size_t n = 1;

        (void)state;
        assert_true(zc_file_read("tests/corpus/nft/native", 1 << 20, &buf, &len, &err));
        for (bool whole = false; !whole; n++) {
                struct zc_rd in = { (const uint8_t *)buf, len };
                struct fw_ruleset rs;
                struct zc_nlmsg m;
                bool bad;

                alloc_fail_at(n);
                whole = fw_ruleset_init(&rs, &err);
                while (whole && zc_nlmsg_next(&in, &m, &bad))
                        whole = m.type < 16 || fw_ruleset_take(&rs, m.type, m.payload, &err);
                alloc_fail_at(0);
                assert_true(whole || err.code == ZC_E_NOMEM);
                assert_true(!whole || rs.chain_count == 12);
                fw_ruleset_release(&rs);
        }
        assert_true(n > 4); /* the arena, its first block, tables, chains */
        free(buf);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_recorded),
                cmocka_unit_test(test_members),
                cmocka_unit_test(test_sweeps),
                cmocka_unit_test(test_not_understood),
                cmocka_unit_test(test_strange_is_told_once),
                cmocka_unit_test(test_no_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
