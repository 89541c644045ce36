/** What stands at a hook, as nfnetlink_hook tells it: ranks of chains, and what is told of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/netfilter/nfnetlink_hook.h>

#include "../../scanner/probe/firewall/hooks.h"
#include "../../scanner/probe/firewall/hooks_wire.h"
#include "../../scanner/probe/firewall/legacy_build.h"

struct bytes {
        uint8_t p[512];
        size_t n;
};

static void put(struct bytes *b, uint16_t type, const void *p, size_t n)
{
        const uint16_t head[2] = { (uint16_t)(n + 4), type };

        memcpy(b->p + b->n, head, 4);
        memcpy(b->p + b->n + 4, p, n);
        b->n += (4 + n + 3) & ~(size_t)3;
}

static void put_number(struct bytes *b, uint16_t type, int32_t v)
{
        const uint32_t u = (uint32_t)v;
        const uint8_t be[4] = { (uint8_t)(u >> 24), (uint8_t)(u >> 16), (uint8_t)(u >> 8),
                                (uint8_t)u };

        put(b, type, be, 4);
}

static void put_text(struct bytes *b, uint16_t type, const char *text)
{
        put(b, type, text, strlen(text) + 1);
}

/** @chain: of table `t` of family inet, or NULL. */
static struct bytes entry(int priority, const char *function, const char *module, const char *chain)
{
        struct bytes b = { { 2 }, 4 }, info = { .n = 0 }, desc = { .n = 0 };
        const uint8_t family = ZC_FW_INET;

        put_number(&b, NFNLA_HOOK_HOOKNUM, 1);
        put_number(&b, NFNLA_HOOK_PRIORITY, priority);
        if (function)
                put_text(&b, NFNLA_HOOK_FUNCTION_NAME, function);
        if (module)
                put_text(&b, NFNLA_HOOK_MODULE_NAME, module);
        if (!chain)
                return b;
        put_text(&desc, NFNLA_CHAIN_TABLE, "t");
        put_text(&desc, NFNLA_CHAIN_NAME, chain);
        put(&desc, NFNLA_CHAIN_FAMILY, &family, 1);
        put_number(&info, NFNLA_HOOK_INFO_TYPE, NFNL_HOOK_TYPE_NFTABLES);
        put(&info, NFNLA_HOOK_INFO_DESC, desc.p, desc.n);
        put(&b, NFNLA_HOOK_CHAIN_INFO, info.p, info.n);
        return b;
}

struct fixture {
        struct zc_arena *arena;
        struct fw_build b;
        struct fw_hooks h;
};

static struct zc_fw_chain *base(struct fixture *f, uint32_t table, const char *name, int priority)
{
        struct zc_fw_chain *c = fw_build_chain(&f->b, table, zc_rd_str(name));

        c->base = true;
        c->hook = ZC_FW_INPUT;
        c->priority = priority;
        return c;
}

/** A table of nf_tables with the chains a and b at input, and a legacy one. */
static void begin(struct fixture *f)
{
        f->arena = zc_arena_new(0);
        fw_build_init(&f->b, f->arena);
        (void)fw_build_table(&f->b, ZC_FW_INET, zc_rd_str("t"));
        fw_build_table(&f->b, ZC_FW_IP, zc_rd_str("filter"))->backend = ZC_FW_LEGACY;
        (void)base(f, 0, "a", 0);
        (void)base(f, 0, "b", 0);
        (void)base(f, 1, "INPUT", 0);
        f->h = (struct fw_hooks){ .b = &f->b, .hook = ZC_FW_INPUT };
}

static void end(struct fixture *f)
{
        fw_build_release(&f->b);
        zc_arena_free(f->arena);
}

static void take(struct fixture *f, struct bytes b)
{
        struct zc_err err = { 0 };

        if (!fw_hooks_take(&f->h, (struct zc_rd){ b.p, b.n }, &err))
                fail_msg("%s", err.text);
}

static const struct zc_fw_chain *chain(const struct fixture *f, size_t i)
{
        return fw_build_at(f->b.chains, struct zc_fw_chain, i);
}

static void test_ranks(void **state)
{
        struct fixture f;

        (void)state;
        begin(&f);
        take(&f, entry(-400, "ipv4_conntrack_defrag", "nf_defrag_ipv4", NULL));
        take(&f, entry(0, "nft_do_chain_inet", "nf_tables", "b"));
        take(&f, entry(0, "ipt_do_table", "ip_tables", NULL));
        take(&f, entry(0, "nft_do_chain_inet", "nf_tables", "a"));
        take(&f, entry(2147483647, "nf_confirm", "nf_conntrack", NULL));
        assert_true(chain(&f, 0)->rank[0] == 4 && chain(&f, 1)->rank[0] == 2 &&
                    chain(&f, 2)->rank[0] == 3);
        assert_true(chain(&f, 0)->rank[1] == 0 && f.b.gaps.count == 0);
        end(&f);
}

static void test_told(void **state)
{
        static const struct {
                const char *function;
                int gaps;
                enum zc_fw_weight weight;
        } rows[] = {
                { "ipv4_conntrack_in", 0, 0 },
                { "nf_nat_ipv4_local_in", 0, 0 },
                { "ip_sabotage_in", 0, 0 },
                { "selinux_ip_forward", 1, ZC_FW_SOCKETS },
                { "nf_hook_run_bpf", 1, ZC_FW_DECIDES },
                { "my_filter", 1, ZC_FW_DECIDES },
                { NULL, 1, ZC_FW_REMARK },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct fixture f;

                begin(&f);
                take(&f, entry(5, rows[i].function, "some", NULL));
                assert_int_equal(f.b.gaps.count, rows[i].gaps);
                if (rows[i].gaps)
                        assert_int_equal(fw_build_at(f.b.gaps, struct zc_fw_gap, 0)->weight,
                                         rows[i].weight);
                end(&f);
        }
}

/** A rule of the legacy table changes the mark: who is first matters, unless it is told. */
static void test_order(void **state)
{
        (void)state;
        for (int told = 0; told < 2; told++) {
                struct fixture f;

                begin(&f);
                fw_build_rule_open(&f.b, 2, 1);
                (void)fw_build_op(&f.b, ZC_FW_OP_META_SET, "xt target MARK");
                fw_build_rule_close(&f.b);
                if (told) {
                        take(&f, entry(0, "nft_do_chain_inet", NULL, "a"));
                        take(&f, entry(0, "ipt_do_table", NULL, NULL));
                        take(&f, entry(0, "nft_do_chain_inet", NULL, "b"));
                }
                fw_legacy_order(&f.b);
                assert_int_equal(f.b.gaps.count, !told);
                end(&f);
        }
}

static void test_cut(void **state)
{
        const struct bytes whole = entry(0, "nft_do_chain_inet", "nf_tables", "a");
        unsigned refused = 0;
        struct fixture f;

        (void)state;
        begin(&f);
        for (size_t n = 0; n < whole.n; n++) {
                uint8_t *exact = malloc(n + 1);
                struct zc_err err = { 0 };

                assert_non_null(exact);
                memcpy(exact + 1, whole.p, n);
                refused += !fw_hooks_take(&f.h, (struct zc_rd){ exact + 1, n }, &err);
                free(exact);
        }
        assert_true(refused > 60);
        end(&f);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ranks),
                cmocka_unit_test(test_told),
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_cut),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
