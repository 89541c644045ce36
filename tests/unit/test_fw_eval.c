/** The concrete evaluator on rulesets built by hand: what is not known is followed both ways, bounded, and blamed on what made the difference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "zc/fw.h"
#include "zc/text.h"

/* ---- a small ruleset: one inet table, one base chain at input, one other chain ---- */

#define RULES 600
#define OPS 2400

static struct zc_fw_table tables[] = { { .family = ZC_FW_INET, .name = "t" } };
static struct zc_fw_rule rules[2][RULES];
static struct zc_fw_op ops[OPS];
static struct zc_fw_chain chains[2];
static struct zc_fw_ruleset rs;
static uint8_t bytes[OPS * 4];
static size_t byte_count;

static const struct zc_fw_interface interfaces[] = {
        { .index = 1, .name = "lo", .type = 772, .up = true },
        { .index = 2, .name = "eth0", .type = 1, .up = true, .forwarding = { true, true } },
        { .index = 3, .name = "eth1", .type = 1, .up = true, .rp_filter = 1 },
};
static const struct zc_fw_address addresses[] = {
        { 1, ZC_FW_IP, { 127, 0, 0, 1 }, 8 },
        { 2, ZC_FW_IP, { 10, 0, 0, 1 }, 24 },
        { 3, ZC_FW_IP, { 10, 1, 0, 1 }, 24 },
};
static const struct zc_fw_route routes[] = {
        { .family = ZC_FW_IP, .type = ZC_FW_LOCAL, .dst = { 127 }, .prefix = 8, .table = 255, .oif = 1 },
        { .family = ZC_FW_IP, .type = ZC_FW_LOCAL, .dst = { 10, 0, 0, 1 }, .prefix = 32, .table = 255, .oif = 2 },
        { .family = ZC_FW_IP, .type = ZC_FW_LOCAL, .dst = { 10, 1, 0, 1 }, .prefix = 32, .table = 255, .oif = 3 },
        { .family = ZC_FW_IP, .type = ZC_FW_BROADCAST, .dst = { 10, 0, 0, 255 }, .prefix = 32, .table = 255, .oif = 2 },
        { .family = ZC_FW_IP, .type = ZC_FW_UNICAST, .dst = { 10, 0, 0, 0 }, .prefix = 24, .table = 254, .oif = 2 },
        { .family = ZC_FW_IP, .type = ZC_FW_UNICAST, .dst = { 10, 1, 0, 0 }, .prefix = 24, .table = 254, .oif = 3 },
        { .family = ZC_FW_IP, .type = ZC_FW_UNICAST, .prefix = 0, .table = 254, .oif = 2 },
        { .family = ZC_FW_IP, .type = ZC_FW_BLACKHOLE, .dst = { 192, 168, 0, 0 }, .prefix = 16, .table = 254 },
        { .family = ZC_FW_IP, .type = ZC_FW_UNREACHABLE, .dst = { 192, 168, 7, 0 }, .prefix = 24, .table = 254 },
};
static struct zc_fw_host host;

static void reset(enum zc_fw_code policy)
{
        rs = (struct zc_fw_ruleset){ .tables = tables, .table_count = 1, .chains = chains, .chain_count = 2, .ops = ops };
        chains[0] = (struct zc_fw_chain){ .name = "in", .base = true, .hook = ZC_FW_INPUT, .policy = policy, .rules = rules[0] };
        chains[1] = (struct zc_fw_chain){ .name = "c", .rules = rules[1] };
        memset(ops, 0, sizeof(ops));
        memset(rules, 0, sizeof(rules));
        byte_count = 0;
        host = (struct zc_fw_host){ interfaces, ZC_COUNT(interfaces), addresses, ZC_COUNT(addresses), routes, ZC_COUNT(routes), { false, false }, true, false };
}

static struct zc_fw_rule *rule_in(size_t chain)
{
        struct zc_fw_rule *r = &rules[chain][chains[chain].rule_count++];

        assert_true(chains[chain].rule_count <= RULES);
        r->first = (uint32_t)rs.op_count;
        r->handle = chains[chain].rule_count;
        return r;
}

static struct zc_fw_op *op(struct zc_fw_rule *r, enum zc_fw_op_kind kind)
{
        struct zc_fw_op *o = &ops[rs.op_count++];

        assert_true(rs.op_count <= OPS);
        o->kind = (uint8_t)kind;
        o->sreg = o->dreg = o->sreg2 = o->dir = ZC_FW_NO_SLOT;
        r->count++;
        return o;
}

static const uint8_t *data(const void *p, size_t n)
{
        assert_true(byte_count + n <= sizeof(bytes));
        memcpy(bytes + byte_count, p, n);
        byte_count += n;
        return bytes + byte_count - n;
}

static void load(struct zc_fw_rule *r, enum zc_fw_base base, unsigned offset, unsigned len, uint8_t slot)
{
        struct zc_fw_op *o = op(r, ZC_FW_OP_PAYLOAD);

        o->key = (uint8_t)base;
        o->offset = (uint16_t)offset;
        o->len = (uint8_t)len;
        o->dreg = slot;
}

static void compare(struct zc_fw_rule *r, enum zc_fw_cmp how, const void *p, size_t n)
{
        struct zc_fw_op *o = op(r, ZC_FW_OP_CMP);

        o->op = (uint8_t)how;
        o->sreg = 0;
        o->len = (uint8_t)n;
        o->u.data.a = data(p, n);
}

static void dport(struct zc_fw_rule *r, unsigned port)
{
        const uint8_t be[2] = { (uint8_t)(port >> 8), (uint8_t)port };

        load(r, ZC_FW_BASE_TRANSPORT, 2, 2, 0);
        compare(r, ZC_FW_EQ, be, 2);
}

static void ends(struct zc_fw_rule *r, enum zc_fw_code code)
{
        struct zc_fw_op *o = op(r, ZC_FW_OP_VERDICT);

        o->u.verdict.code = code;
        o->u.verdict.chain = 1;
}

static void maybe(struct zc_fw_rule *r, const char *name)
{
        op(r, ZC_FW_OP_MAYBE)->name = name;
}

static struct zc_fw_packet packet(void)
{
        return (struct zc_fw_packet){ .family = ZC_FW_IP, .protocol = 6, .iif = 2, .saddr = { 203, 0, 113, 9 }, .daddr = { 10, 0, 0, 1 }, .sport = 40000,
                                      .dport = 22, .flags = 2, .ct = ZC_FW_CT_NEW, .ttl = 64, .known = ZC_FW_KNOWN_ALL };
}

static struct zc_fw_answer ask(const struct zc_fw_packet *p)
{
        struct zc_fw_machine *m = zc_fw_machine_new(&rs, &host);
        struct zc_fw_answer x;

        assert_non_null(m);
        zc_fw_eval(m, p, NULL, &x);
        zc_fw_machine_free(m);
        return x;
}

static void expect(const struct zc_fw_packet *p, enum zc_fw_outcome outcome, enum zc_fw_certainty certainty, const char *blur)
{
        struct zc_fw_answer x = ask(p);

        assert_string_equal(zc_fw_outcome_name(x.outcome), zc_fw_outcome_name(outcome));
        assert_int_equal(x.certainty, certainty);
        if (blur)
                assert_string_equal(x.blur, blur);
        else
                assert_null(x.blur);
}

/* ---- what is not known ---- */

static void test_unknown_port(void **state)
{
        struct zc_fw_packet p = packet();
        struct zc_fw_rule *r;

        (void)state;
        reset(ZC_FW_DROP);
        r = rule_in(0);
        dport(r, 22);
        ends(r, ZC_FW_ACCEPT);
        expect(&p, ZC_FW_IS_ACCEPT, ZC_FW_CERTAIN, NULL);
        p.dport = 23;
        expect(&p, ZC_FW_IS_DROP, ZC_FW_CERTAIN, NULL);
        p.known &= ~(unsigned)ZC_FW_KNOWN_DPORT;
        expect(&p, ZC_FW_IS_ACCEPT, ZC_FW_POSSIBLE, "the destination port");
        chains[0].policy = ZC_FW_ACCEPT; /* then it does not matter */
        expect(&p, ZC_FW_IS_ACCEPT, ZC_FW_CERTAIN, NULL);
}

/* Which comparison holds for 0x..22 of which the first byte is not known. */
static void test_part_known(void **state)
{
        static const struct {
                enum zc_fw_cmp how;
                uint8_t data[2];
                enum zc_fw_outcome outcome;
                enum zc_fw_certainty certainty;
        } rows[] = {
                { ZC_FW_EQ, { 0x40, 0x05 }, ZC_FW_IS_ACCEPT, ZC_FW_POSSIBLE }, { ZC_FW_EQ, { 0x40, 0x06 }, ZC_FW_IS_DROP, ZC_FW_CERTAIN },
                { ZC_FW_NE, { 0x40, 0x06 }, ZC_FW_IS_ACCEPT, ZC_FW_CERTAIN },  { ZC_FW_LT, { 0x00, 0x05 }, ZC_FW_IS_DROP, ZC_FW_CERTAIN },
                { ZC_FW_GE, { 0x00, 0x05 }, ZC_FW_IS_ACCEPT, ZC_FW_CERTAIN },  { ZC_FW_LE, { 0xff, 0x05 }, ZC_FW_IS_ACCEPT, ZC_FW_CERTAIN },
                { ZC_FW_GT, { 0xff, 0x05 }, ZC_FW_IS_DROP, ZC_FW_CERTAIN },    { ZC_FW_GT, { 0x80, 0x05 }, ZC_FW_IS_ACCEPT, ZC_FW_POSSIBLE },
                { ZC_FW_LE, { 0x80, 0x05 }, ZC_FW_IS_ACCEPT, ZC_FW_POSSIBLE },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_fw_packet p = packet();
                struct zc_fw_rule *r;
                struct zc_fw_answer x;

                reset(ZC_FW_DROP);
                r = rule_in(0);
                load(r, ZC_FW_BASE_NETWORK, 8, 2, 0); /* ttl, protocol */
                compare(r, rows[i].how, rows[i].data, 2);
                ends(r, ZC_FW_ACCEPT);
                p.known &= ~(unsigned)ZC_FW_KNOWN_TTL;
                p.protocol = 5;
                x = ask(&p);
                if (x.outcome != rows[i].outcome || x.certainty != rows[i].certainty)
                        fail_msg("row %zu: %s, %d", i, zc_fw_outcome_name(x.outcome), (int)x.certainty);
        }
}

static void test_maybe(void **state)
{
        struct zc_fw_packet p = packet();
        struct zc_fw_rule *r;

        (void)state;
        reset(ZC_FW_DROP);
        r = rule_in(0);
        maybe(r, "limit");
        op(r, ZC_FW_OP_NEUTRAL);
        expect(&p, ZC_FW_IS_DROP, ZC_FW_CERTAIN, NULL); /* it only counts */
        r = rule_in(0);
        maybe(r, "quota");
        ends(r, ZC_FW_ACCEPT);
        expect(&p, ZC_FW_IS_ACCEPT, ZC_FW_POSSIBLE, "quota");
        r = rule_in(0);
        op(r, ZC_FW_OP_UNKNOWN)->name = "xt target ODD";
        expect(&p, ZC_FW_IS_ACCEPT, ZC_FW_POSSIBLE, "quota");
        rules[0][1].count = 0; /* without the quota nobody knows */
        expect(&p, ZC_FW_IS_UNKNOWN, ZC_FW_POSSIBLE, "xt target ODD");
}

/* Doubts that all lead to one end are walked through to it; more than are worth it are given up, and said. */
static void test_bounds(void **state)
{
        struct zc_fw_packet p = packet();

        (void)state;
        reset(ZC_FW_DROP);
        for (unsigned i = 0; i < 500; i++) {
                struct zc_fw_rule *r = rule_in(0);

                maybe(r, "limit");
                ends(r, ZC_FW_DROP);
        }
        expect(&p, ZC_FW_IS_DROP, ZC_FW_CERTAIN, NULL);
        reset(ZC_FW_DROP);
        for (unsigned i = 0; i < 500; i++) {
                struct zc_fw_rule *r = rule_in(0);
                struct zc_fw_op *o;

                maybe(r, "limit");
                o = op(r, ZC_FW_OP_META_SET);
                o->key = 3;
                o->sreg = 0;
        }
        expect(&p, ZC_FW_IS_UNKNOWN, ZC_FW_POSSIBLE, "limit");
}

static void test_outcomes(void **state)
{
        struct zc_fw_packet p = packet();
        struct zc_fw_rule *r;
        struct zc_fw_answer x;

        (void)state;
        reset(ZC_FW_ACCEPT);
        r = rule_in(0);
        dport(r, 22);
        ends(r, ZC_FW_JUMP);
        r = rule_in(0);
        ends(r, ZC_FW_DROP);
        r = rule_in(1);
        maybe(r, "limit");
        op(r, ZC_FW_OP_REJECT);
        x = ask(&p); /* reject is more open than drop */
        assert_int_equal(x.outcome, ZC_FW_IS_REJECT);
        assert_int_equal(x.certainty, ZC_FW_POSSIBLE);
        assert_int_equal(x.via_count, 1);
        assert_int_equal(x.via[0].chain, 1);
        assert_int_equal(x.via[0].handle, 1);
        assert_int_equal(x.end, ZC_FW_INPUT);
        rules[0][0].count = 0;
        op(&rules[1][0], ZC_FW_OP_QUEUE);
        expect(&p, ZC_FW_IS_DROP, ZC_FW_CERTAIN, NULL);
}

/* ---- sets ---- */

static void look(struct zc_fw_set *set, bool invert)
{
        struct zc_fw_rule *r;
        struct zc_fw_op *o;

        reset(ZC_FW_DROP);
        r = rule_in(0);
        load(r, ZC_FW_BASE_TRANSPORT, 2, 2, 0);
        o = op(r, ZC_FW_OP_LOOKUP);
        o->sreg = 0;
        o->invert = invert;
        o->u.set = set;
        ends(r, ZC_FW_ACCEPT);
        rs.sets = set;
        rs.set_count = 1;
}

static void test_sets(void **state)
{
        static const uint8_t lo[] = { 0, 20, 0, 80, 4, 0 }, hi[] = { 0, 25, 0, 80, 0xff, 0xff };
        static const uint8_t fleet[] = { 1 };
        static uint8_t many[2 * 200];
        struct zc_fw_set intervals = { .name = "ports", .key_len = 2, .read = true, .count = 3, .lo = lo, .hi = hi };
        struct zc_fw_set plain = { .name = "many", .key_len = 2, .read = true, .count = 200, .lo = many, .hi = many };
        struct zc_fw_packet p = packet();

        (void)state;
        for (unsigned i = 0; i < 200; i++) {
                many[2 * i] = (uint8_t)(3 * i >> 8);
                many[2 * i + 1] = (uint8_t)(3 * i);
        }
        for (unsigned port = 0; port < 1030; port++) {
                bool in = (port >= 20 && port <= 25) || port == 80 || port >= 1024;

                p.dport = (uint16_t)port;
                look(&intervals, false);
                expect(&p, in ? ZC_FW_IS_ACCEPT : ZC_FW_IS_DROP, ZC_FW_CERTAIN, NULL);
                look(&plain, true);
                expect(&p, port % 3 == 0 && port < 600 ? ZC_FW_IS_DROP : ZC_FW_IS_ACCEPT, ZC_FW_CERTAIN, NULL);
        }
        p.dport = 22;
        look(&intervals, false);
        intervals.fleeting = fleet;
        expect(&p, ZC_FW_IS_ACCEPT, ZC_FW_POSSIBLE, "ports");
        p.dport = 26;
        expect(&p, ZC_FW_IS_DROP, ZC_FW_CERTAIN, NULL);
        intervals.learns = true;
        expect(&p, ZC_FW_IS_ACCEPT, ZC_FW_POSSIBLE, "ports");
        intervals.learns = intervals.read = false;
        expect(&p, ZC_FW_IS_ACCEPT, ZC_FW_POSSIBLE, "ports");
        intervals.read = intervals.has_catchall = true;
        expect(&p, ZC_FW_IS_ACCEPT, ZC_FW_CERTAIN, NULL);
}

static void test_verdict_map(void **state)
{
        static const uint8_t keys[] = { 0, 22, 0, 23, 0, 24 };
        static const struct zc_fw_verdict verdicts[] = { { .code = ZC_FW_ACCEPT }, { .code = ZC_FW_JUMP, .chain = 1 }, { .code = ZC_FW_CONTINUE } };
        struct zc_fw_set map = { .name = "m", .key_len = 2, .read = true, .count = 3, .lo = keys, .hi = keys, .map = true, .verdicts = true, .verdict = verdicts };
        struct zc_fw_packet p = packet();
        struct zc_fw_rule *r;

        (void)state;
        look(&map, false); /* … and then accept: only 24 goes on to it */
        r = rule_in(1);
        op(r, ZC_FW_OP_REJECT);
        expect(&p, ZC_FW_IS_ACCEPT, ZC_FW_CERTAIN, NULL);
        p.dport = 23;
        expect(&p, ZC_FW_IS_REJECT, ZC_FW_CERTAIN, NULL);
        p.dport = 24;
        expect(&p, ZC_FW_IS_ACCEPT, ZC_FW_CERTAIN, NULL);
        p.dport = 25;
        expect(&p, ZC_FW_IS_DROP, ZC_FW_CERTAIN, NULL);
        p.known &= ~(unsigned)ZC_FW_KNOWN_DPORT;
        expect(&p, ZC_FW_IS_ACCEPT, ZC_FW_POSSIBLE, "the destination port");
        map.read = false;
        expect(&p, ZC_FW_IS_UNKNOWN, ZC_FW_POSSIBLE, "m");
}

/* ---- where packets go ---- */

static void test_routes(void **state)
{
        static const struct {
                uint32_t iif;
                uint8_t from[4], to[4];
                enum zc_fw_outcome outcome;
                enum zc_fw_hook end;
        } rows[] = {
                { 2, { 203, 0, 113, 9 }, { 10, 0, 0, 1 }, ZC_FW_IS_ACCEPT, ZC_FW_INPUT },
                { 2, { 203, 0, 113, 9 }, { 10, 1, 0, 1 }, ZC_FW_IS_ACCEPT, ZC_FW_INPUT },
                { 2, { 203, 0, 113, 9 }, { 10, 1, 0, 9 }, ZC_FW_IS_ACCEPT, ZC_FW_FORWARD },
                { 2, { 203, 0, 113, 9 }, { 10, 0, 0, 255 }, ZC_FW_IS_ACCEPT, ZC_FW_INPUT },
                { 2, { 203, 0, 113, 9 }, { 255, 255, 255, 255 }, ZC_FW_IS_ACCEPT, ZC_FW_INPUT },
                { 2, { 203, 0, 113, 9 }, { 192, 168, 1, 1 }, ZC_FW_IS_DROP, ZC_FW_PREROUTING },
                { 2, { 203, 0, 113, 9 }, { 192, 168, 7, 1 }, ZC_FW_IS_REJECT, ZC_FW_PREROUTING },
                { 2, { 127, 0, 0, 1 }, { 10, 0, 0, 1 }, ZC_FW_IS_DROP, ZC_FW_PREROUTING },
                { 2, { 10, 1, 0, 1 }, { 10, 0, 0, 1 }, ZC_FW_IS_DROP, ZC_FW_PREROUTING },
                { 2, { 10, 1, 0, 9 }, { 10, 0, 0, 1 }, ZC_FW_IS_ACCEPT, ZC_FW_INPUT },
                { 3, { 10, 1, 0, 9 }, { 10, 0, 0, 1 }, ZC_FW_IS_ACCEPT, ZC_FW_INPUT },
                { 3, { 203, 0, 113, 9 }, { 10, 0, 0, 1 }, ZC_FW_IS_DROP, ZC_FW_PREROUTING }, /* rp_filter */
                { 3, { 10, 1, 0, 9 }, { 10, 0, 0, 9 }, ZC_FW_IS_DROP, ZC_FW_PREROUTING },    /* does not forward */
                { 1, { 10, 0, 0, 1 }, { 10, 0, 0, 1 }, ZC_FW_IS_ACCEPT, ZC_FW_INPUT },
        };

        (void)state;
        reset(ZC_FW_ACCEPT);
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_fw_packet p = packet();
                struct zc_fw_answer x;

                p.iif = rows[i].iif;
                memcpy(p.saddr, rows[i].from, 4);
                memcpy(p.daddr, rows[i].to, 4);
                x = ask(&p);
                if (x.outcome != rows[i].outcome || x.end != rows[i].end || x.certainty != ZC_FW_CERTAIN)
                        fail_msg("row %zu: %s at %s", i, zc_fw_outcome_name(x.outcome), zc_fw_hook_name(x.end));
        }
}

static void test_no_routes(void **state)
{
        struct zc_fw_packet p = packet();

        (void)state;
        reset(ZC_FW_ACCEPT);
        host.known = false;
        expect(&p, ZC_FW_IS_ACCEPT, ZC_FW_POSSIBLE, "routes that were not read");
        host.known = true;
        host.policy_routing[0] = true;
        expect(&p, ZC_FW_IS_ACCEPT, ZC_FW_CERTAIN, NULL); /* local all the same */
        memcpy(p.daddr, (const uint8_t[4]){ 10, 1, 0, 9 }, 4);
        expect(&p, ZC_FW_IS_ACCEPT, ZC_FW_POSSIBLE, "policy routing");
}

/* ---- words ---- */

static void test_words(void **state)
{
        ZC_AUTO_TEXT t = { 0 };
        struct zc_fw_rule *r;
        struct zc_fw_op *o;

        (void)state;
        reset(ZC_FW_ACCEPT);
        r = rule_in(0);
        o = op(r, ZC_FW_OP_META);
        o->key = 6;
        o->dreg = 0;
        compare(r, ZC_FW_EQ, "eth", 3);
        o = op(r, ZC_FW_OP_META);
        o->key = 16;
        o->dreg = 0;
        compare(r, ZC_FW_EQ, "\x06", 1);
        dport(r, 22);
        load(r, ZC_FW_BASE_NETWORK, 12, 3, 0);
        compare(r, ZC_FW_NE, "\x0a\x01\x02", 3);
        op(r, ZC_FW_OP_NEUTRAL)->name = "counter";
        ends(r, ZC_FW_JUMP);
        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_fw_rule_words(&rs, r, &t);
        assert_string_equal(zc_text_str(&t), "iifname \"eth*\" tcp dport 22 ip saddr != 10.1.2.0/24 jump c");
}

static void test_out_of_memory(void **state)
{
        struct zc_fw_machine *m = NULL;

        (void)state;
        reset(ZC_FW_ACCEPT);
        for (size_t n = 1; alloc_fail_at(n), m = zc_fw_machine_new(&rs, &host), !m; n++)
                assert_true(alloc_failed());
        alloc_fail_at(0);
        zc_fw_machine_free(m);
        zc_fw_machine_free(NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_unknown_port), cmocka_unit_test(test_part_known),   cmocka_unit_test(test_maybe),
                cmocka_unit_test(test_bounds),       cmocka_unit_test(test_outcomes),     cmocka_unit_test(test_sets),
                cmocka_unit_test(test_verdict_map),  cmocka_unit_test(test_routes),       cmocka_unit_test(test_no_routes),
                cmocka_unit_test(test_words),        cmocka_unit_test(test_out_of_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
