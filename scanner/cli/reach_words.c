/** The way of a packet in words, hook by hook and rule by rule. */
#include <netinet/in.h>
#include <string.h>

#include "reach.h"
#include "reach_wire.h"
#include "zc/addr.h"

#define INDENT_MAX 12u

struct printing {
        struct zc_reaching *r;
        const struct zc_reach_question *q;
        enum zc_fw_hook hook;     /* whose name is printed; NO_HOOK: none */
        struct zc_text rewritten; /* what the rule that is printed next did */
};

void zc_reach_address(struct zc_text *t, uint8_t family, const uint8_t *bytes)
{
        struct zc_addr a = { .family = family == ZC_FW_IP6 ? AF_INET6 : AF_INET };
        char text[ZC_ADDR_LEN];

        memcpy(a.bytes, bytes, family == ZC_FW_IP6 ? 16 : 4);
        zc_addr_format(&a, text);
        zc_text_add(t, text);
}

static void with_port(struct zc_text *t, uint8_t family, const uint8_t *bytes, unsigned port)
{
        bool six = family == ZC_FW_IP6 && port > 0;

        zc_text_add(t, six ? "[" : "");
        zc_reach_address(t, family, bytes);
        zc_text_add(t, six ? "]" : "");
        if (port > 0)
                zc_text_printf(t, ":%u", port);
}

/* ---- the question ---- */

static const char *state_words(uint8_t ct)
{
        switch (ct) {
        case ZC_FW_CT_ESTABLISHED:
                return "of an established connection";
        case ZC_FW_CT_RELATED:
                return "related to a connection";
        case ZC_FW_CT_INVALID:
                return "that belongs to no connection";
        case ZC_FW_CT_UNTRACKED:
                return "that is not tracked";
        default:
                return "the first of a connection";
        }
}

static void put_question(struct zc_reaching *r, const struct zc_reach_question *q)
{
        const struct zc_fw_packet *p = &q->packet;
        const char *protocol = zc_reach_protocol_name(p->protocol);
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        if (protocol)
                zc_text_add(&t, protocol);
        else
                zc_text_printf(&t, "protocol %u", p->protocol);
        zc_text_addc(&t, ' ');
        if (q->anyone)
                zc_text_add(&t, "anyone");
        else
                zc_reach_address(&t, p->family, p->saddr);
        zc_text_add(&t, " -> ");
        if (q->chosen_to && !r->machine)
                zc_text_add(&t, "this host");
        else
                with_port(&t, p->family, p->daddr, p->dport);
        if (q->any_port)
                zc_text_add(&t, ", any port");
        if (q->iif)
                zc_text_printf(&t, ", by %s", q->iif->name);
        if (q->by)
                zc_text_printf(&t, " (%s)", q->by);
        zc_out_printf(r->out, "%s, %s\n", zc_text_str(&t), state_words(p->ct));
}

/* ---- the way ---- */

static unsigned indent(const struct zc_fw_event *e)
{
        return 2 * (e->depth < INDENT_MAX ? e->depth : INDENT_MAX);
}

/* A hook is named when something stands there. */
static void put_hook(struct printing *p, const struct zc_fw_event *e)
{
        if (p->hook == e->hook)
                return;
        p->hook = e->hook;
        zc_out_printf(p->r->out, "%*s%s\n", (int)indent(e), "", zc_fw_hook_name(e->hook));
}

static void put_chain(struct printing *p, const struct zc_fw_event *e)
{
        const struct zc_fw_table *t = &p->r->live.ruleset.tables[e->chain->table];

        put_hook(p, e);
        zc_out_printf(p->r->out, "%*s  %s %s %s  (%s%spriority %d)\n", (int)indent(e), "",
                      zc_fw_family_name(t->family), t->name, e->chain->name,
                      t->backend == ZC_FW_LEGACY ? "legacy, " : "", e->chain->nat ? "nat, " : "",
                      e->chain->priority);
}

/* sign: + it holds, - it does not, ? nobody knows */
static void put_rule(struct printing *p, const struct zc_fw_event *e, char sign, const char *why)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_fw_rule_words(&p->r->live.ruleset, e->rule, &t);
        if (e->rule->comment)
                zc_text_printf(&t, "  # %s", e->rule->comment);
        zc_out_printf(p->r->out, "%*s  %c %s %llu  %s\n", (int)indent(e), "", sign, e->chain->name,
                      (unsigned long long)e->rule->handle, zc_text_str(&t));
        if (why && *why)
                zc_out_printf(p->r->out, "%*s      %s\n", (int)indent(e), "", why);
}

static void rule(struct printing *p, const struct zc_fw_event *e, char sign, bool explain)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        if (explain)
                zc_fw_why_words(&p->r->live.ruleset, e, &t);
        put_rule(p, e, sign, zc_text_str(&t));
}

static void maybe(struct printing *p, const struct zc_fw_event *e)
{
        if (e->rule)
                rule(p, e, '?', true);
        else
                zc_out_printf(p->r->out, "%*s  ? %s\n", (int)indent(e), "", e->text ? e->text : "");
}

static void keep_rewritten(struct printing *p, const struct zc_fw_event *e)
{
        zc_text_clear(&p->rewritten);
        zc_text_printf(&p->rewritten, "now %s ", e->text);
        if (e->address)
                with_port(&p->rewritten, p->q->packet.family, e->address, e->port);
        else
                zc_text_add(&p->rewritten, "what the kernel chooses");
}

static void put_routed(struct printing *p, const struct zc_fw_event *e)
{
        if (e->address)
                zc_out_printf(p->r->out, "%*srouted: out by %s\n", (int)indent(e), "",
                              (const char *)e->address);
        else
                zc_out_printf(p->r->out, "%*srouted: %s\n", (int)indent(e), "",
                              e->text ? e->text : "");
}

static void step(void *ctx, const struct zc_fw_event *e)
{
        struct printing *p = ctx;

        switch (e->what) {
        case ZC_FW_AT_CHAIN:
                put_chain(p, e);
                break;
        case ZC_FW_RULE_HOLDS:
                if (e->op || p->r->o->explain)
                        put_rule(p, e, '+', zc_text_str(&p->rewritten));
                zc_text_clear(&p->rewritten);
                break;
        case ZC_FW_RULE_FAILS:
                if (p->r->o->explain)
                        rule(p, e, '-', true);
                break;
        case ZC_FW_RULE_MAYBE:
                maybe(p, e);
                break;
        case ZC_FW_OTHERWISE:
                zc_out_printf(p->r->out, "%*s  or else\n", (int)indent(e), "");
                p->hook = e->hook;
                break;
        case ZC_FW_AT_POLICY:
                zc_out_printf(p->r->out, "%*s  + %s policy %s\n", (int)indent(e), "",
                              e->chain->name, e->verdict == ZC_FW_ACCEPT ? "accept" : "drop");
                break;
        case ZC_FW_TRACKED:
                if (p->r->o->explain) {
                        put_hook(p, e);
                        zc_out_printf(p->r->out, "%*s  connection tracking: %s\n", (int)indent(e),
                                      "", e->text);
                }
                break;
        case ZC_FW_ROUTED:
                put_routed(p, e);
                break;
        case ZC_FW_REWRITTEN:
                keep_rewritten(p, e);
                break;
        case ZC_FW_ENDS:
                if (e->rule && e->outcome != ZC_FW_IS_ACCEPT && e->op)
                        rule(p, e, '+', false);
                zc_out_printf(p->r->out, "%*s= %s%s%s\n", (int)indent(e), "",
                              zc_fw_outcome_name(e->outcome), e->text ? ": " : "",
                              e->text ? e->text : "");
                break;
        case ZC_FW_AT_HOOK:
                break;
        }
}

/* ---- the answer ---- */

static void put_last_via(struct zc_reaching *r, const struct zc_fw_answer *x)
{
        const struct zc_fw_ruleset *rs = &r->live.ruleset;
        const struct zc_fw_via *v;
        const struct zc_fw_chain *chain;

        if (x->via_count == 0)
                return;
        v = &x->via[x->via_count - 1];
        chain = &rs->chains[v->chain];
        zc_out_printf(r->out, ", by %s %s %s ", zc_fw_family_name(rs->tables[chain->table].family),
                      rs->tables[chain->table].name, chain->name);
        if (v->handle)
                zc_out_printf(r->out, "handle %llu", (unsigned long long)v->handle);
        else
                zc_out_puts(r->out, "policy");
}

static void put_answer(struct zc_reaching *r, const struct zc_reach_question *q,
                       const struct zc_fw_answer *x)
{
        static const char *const verdicts[] = { "ACCEPT", "REJECT", "DROP", "UNKNOWN" };
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_out_puts(r->out, verdicts[x->outcome]);
        if (x->outcome != ZC_FW_IS_UNKNOWN)
                zc_out_puts(r->out, x->certainty == ZC_FW_CERTAIN ? ", certain" : ", possible");
        if (x->outcome == ZC_FW_IS_ACCEPT && x->translated) {
                with_port(&t, q->packet.family, x->daddr, x->dport);
                zc_out_printf(r->out, ", as %s", zc_text_str(&t));
        }
        put_last_via(r, x);
        if (x->blur)
                zc_out_printf(r->out, "; it depends on: %s", x->blur);
        zc_out_puts(r->out, "\n");
}

static bool way(struct zc_reaching *r, const struct zc_reach_question *q, struct zc_err *err)
{
        struct zc_fw_answer x = { .outcome = ZC_FW_IS_UNKNOWN, .certainty = ZC_FW_POSSIBLE };
        struct printing p = { .r = r, .q = q };
        const struct zc_fw_trace trace = { step, &p };

        (void)err;
        if (r->printed)
                zc_out_puts(r->out, "\n");
        r->printed = r;
        zc_text_init(&p.rewritten, ZC_TEXT_CEILING);
        put_question(r, q);
        if (r->machine) {
                zc_fw_eval(r->machine, &q->packet, &trace, &x);
                r->unknown |= x.outcome == ZC_FW_IS_UNKNOWN;
                put_answer(r, q, &x);
        } else
                zc_out_printf(r->out, "UNKNOWN: %s\n", r->why.text);
        zc_text_release(&p.rewritten);
        return true;
}

static bool same(struct zc_reaching *r, const struct zc_reach_question *q, struct zc_err *err)
{
        ZC_AUTO_TEXT t = { 0 };

        (void)err;
        zc_text_init(&t, ZC_TEXT_CEILING);
        with_port(&t, q->packet.family, q->packet.daddr, q->packet.dport);
        zc_out_printf(r->out, "the same to %s\n", zc_text_str(&t));
        return true;
}

static bool end(struct zc_reaching *r, struct zc_err *err)
{
        const struct zc_fw_ruleset *rs = &r->live.ruleset;

        (void)err;
        for (size_t i = 0; r->machine && i < rs->gap_count; i++) {
                if (rs->gaps[i].weight == ZC_FW_DECIDES)
                        zc_out_printf(r->out, "not modelled, may decide: %s, %s\n",
                                      rs->gaps[i].what, rs->gaps[i].where);
        }
        return true;
}

const struct zc_reach_printer zc_reach_words = { way, same, end };
