/** The concrete evaluator: one packet through every hook. Where the packet, the host or time alone could tell, both ways are followed. */
#include "eval.h"

static fw_op_fn *const ops[] = {
        [ZC_FW_OP_PAYLOAD] = fw_payload,
        [ZC_FW_OP_EXTHDR] = fw_exthdr,
        [ZC_FW_OP_META] = fw_meta,
        [ZC_FW_OP_CT] = fw_ct,
        [ZC_FW_OP_FIB] = fw_fib,
        [ZC_FW_OP_RT] = fw_rt,
        [ZC_FW_OP_SOCKET] = fw_socket,
        [ZC_FW_OP_IMMEDIATE] = fw_immediate,
        [ZC_FW_OP_BITWISE] = fw_bitwise,
        [ZC_FW_OP_BYTEORDER] = fw_byteorder,
        [ZC_FW_OP_LOAD_ANY] = fw_load_any,
        [ZC_FW_OP_CMP] = fw_cmp,
        [ZC_FW_OP_RANGE] = fw_range,
        [ZC_FW_OP_LOOKUP] = fw_lookup,
        [ZC_FW_OP_MAYBE] = fw_maybe,
        [ZC_FW_OP_META_SET] = fw_meta_set,
        [ZC_FW_OP_CT_SET] = fw_ct_set,
        [ZC_FW_OP_PAYLOAD_SET] = fw_payload_set,
        [ZC_FW_OP_EXTHDR_SET] = fw_exthdr_set,
        [ZC_FW_OP_NOTRACK] = fw_notrack,
        [ZC_FW_OP_NAT] = fw_nat,
        [ZC_FW_OP_DYNSET] = fw_dynset,
        [ZC_FW_OP_NEUTRAL] = fw_neutral,
        [ZC_FW_OP_VERDICT] = fw_verdict,
        [ZC_FW_OP_REJECT] = fw_reject,
        [ZC_FW_OP_QUEUE] = fw_queue,
        [ZC_FW_OP_SYNPROXY] = fw_synproxy,
        [ZC_FW_OP_FWD] = fw_fwd,
        [ZC_FW_OP_TPROXY] = fw_tproxy,
        [ZC_FW_OP_UNKNOWN] = fw_unknown,
};

/* ---- telling ---- */

void fw_tell(struct fw_walk *w, const struct fw_state *s, struct zc_fw_event event)
{
        event.hook = s->hook;
        event.depth = w->depth;
        if (s->in_chain && !event.chain)
                event.chain = &w->m->rs->chains[s->chain];
        if (event.op && event.op->sreg != ZC_FW_NO_SLOT) {
                event.value = s->r + 4 * (size_t)(event.op->sreg & 15);
                event.unknown = event.value + ZC_FW_REG_BYTES;
        }
        w->trace->step(w->trace->ctx, &event);
}

static const struct zc_fw_rule *rule_at(const struct fw_walk *w, const struct fw_state *s)
{
        const struct zc_fw_chain *chain = &w->m->rs->chains[s->chain];

        return s->in_chain && s->rule < chain->rule_count ? &chain->rules[s->rule] : NULL;
}

static void tell_rule(struct fw_walk *w, const struct fw_state *s, enum zc_fw_step what)
{
        const struct zc_fw_rule *rule = rule_at(w, s);
        const struct zc_fw_op *op =
                rule && s->op < rule->count ? &w->m->rs->ops[rule->first + s->op] : NULL;

        FW_TELL(w, s, .what = what, .rule = rule, .op = op, .verdict = w->verdict.code,
                .text = what == ZC_FW_RULE_MAYBE ? w->cause : NULL);
}

/* ---- the end of a way ---- */

/* From the most open: what nobody knows may be open. */
static unsigned rank(enum zc_fw_outcome o)
{
        static const unsigned ranks[] = { [ZC_FW_IS_ACCEPT] = 0,
                                          [ZC_FW_IS_UNKNOWN] = 1,
                                          [ZC_FW_IS_REJECT] = 2,
                                          [ZC_FW_IS_DROP] = 3 };

        return ranks[o];
}

static void via(struct fw_state *s, uint32_t chain, uint64_t handle)
{
        if (s->via_count == ZC_FW_VIA_MAX) /* the last one decides */
                s->via_count--;
        s->via[s->via_count++] = (struct zc_fw_via){ chain, handle };
}

static void keep(struct fw_walk *w, struct fw_state *s, enum zc_fw_outcome outcome)
{
        struct zc_fw_answer *a = w->out;
        const uint8_t *port = s->v + s->transport + 2;

        a->outcome = outcome;
        a->end = s->hook == ZC_FW_POSTROUTING || s->hook == ZC_FW_EGRESS ? ZC_FW_FORWARD : s->hook;
        a->via_count = s->via_count;
        memcpy(a->via, s->via, s->via_count * sizeof(*s->via));
        a->translated = s->translated;
        memset(a->daddr, 0, sizeof(a->daddr));
        memcpy(a->daddr, fw_addr(s, true), s->six ? 16 : 4);
        a->dport = (uint16_t)(s->ports ? port[0] << 8 | port[1] : 0);
        a->mark = s->mark.v;
}

static unsigned finish(struct fw_walk *w, struct fw_state *s, enum zc_fw_outcome outcome,
                       const char *text)
{
        const struct zc_fw_rule *rule = rule_at(w, s);

        if (rule)
                via(s, s->chain, rule->handle);
        FW_TELL(w, s, .what = ZC_FW_ENDS, .outcome = outcome, .text = text, .rule = rule);
        if (!w->seen || rank(outcome) < rank(w->out->outcome))
                keep(w, s, outcome);
        w->seen |= 1u << outcome;
        w->stop = w->seen & 1u << ZC_FW_IS_ACCEPT && w->seen & (w->seen - 1);
        return 1u << outcome;
}

/* ---- chains ---- */

static enum fw_then one_end(struct fw_walk *w, enum zc_fw_outcome outcome, const char *text)
{
        w->options = 0;
        return fw_option_add(
                w, (struct fw_option){ .kind = FW_OPT_END, .outcome = outcome, .text = text });
}

/* The end of a chain: back to who jumped here, or the base chain's policy. */
static enum fw_then fall_off(struct fw_walk *w, struct fw_state *s)
{
        const struct zc_fw_chain *base = &w->m->rs->chains[s->base];

        s->op = 0;
        if (s->depth > 0) {
                s->depth--;
                s->chain = s->frame[s->depth].chain;
                s->rule = s->frame[s->depth].rule;
                return FW_GO_ON;
        }
        via(s, s->base, 0);
        FW_TELL(w, s, .what = ZC_FW_AT_POLICY, .chain = base, .verdict = base->policy);
        if (base->policy == ZC_FW_ACCEPT) {
                fw_leave(w, s);
                return FW_GO_ON;
        }
        s->in_chain = false;
        return one_end(w, ZC_FW_IS_DROP, NULL);
}

static enum fw_then jump(struct fw_walk *w, struct fw_state *s, uint32_t chain, bool back)
{
        if (chain >= w->m->rs->chain_count || (back && s->depth == ZC_COUNT(s->frame)))
                return one_end(w, ZC_FW_IS_UNKNOWN, "a jump that the kernel would not take");
        if (back) {
                s->frame[s->depth].chain = s->chain;
                s->frame[s->depth++].rule = s->rule + 1;
        }
        s->chain = chain;
        s->rule = s->op = 0;
        return FW_GO_ON;
}

static enum fw_then take_verdict(struct fw_walk *w, struct fw_state *s)
{
        struct zc_fw_verdict v = w->verdict;

        if (w->trace)
                tell_rule(w, s, ZC_FW_RULE_HOLDS);
        switch (v.code) {
        case ZC_FW_ACCEPT:
                via(s, s->chain, rule_at(w, s)->handle);
                fw_leave(w, s);
                return FW_GO_ON;
        case ZC_FW_DROP:
                return one_end(w, ZC_FW_IS_DROP, NULL);
        case ZC_FW_CONTINUE:
                s->op++;
                return FW_GO_ON;
        case ZC_FW_BREAK:
                s->rule++;
                s->op = 0;
                return FW_GO_ON;
        case ZC_FW_JUMP:
        case ZC_FW_GOTO:
                return jump(w, s, v.chain, v.code == ZC_FW_JUMP);
        case ZC_FW_RETURN:
                return fall_off(w, s);
        case ZC_FW_QUEUE:
                return fw_queue(w, s, &(struct zc_fw_op){ .name = "queue" });
        default:
                return one_end(w, ZC_FW_IS_UNKNOWN, "stolen");
        }
}

/* Nothing that is left of the rule does anything: whether it holds does not matter. */
static bool rest_is_idle(const struct zc_fw_op *op, const struct zc_fw_op *end)
{
        while (op < end && op->kind == ZC_FW_OP_NEUTRAL)
                op++;
        return op == end;
}

/*
 * A later condition fails whether or not the one in doubt holds: then there is no choice. Only what loads and compares is looked at, on a copy;
 * *failed is the op.
 */
static bool fails_anyway(struct fw_walk *w, const struct fw_state *s, const struct zc_fw_op *op,
                         const struct zc_fw_op *end, const struct zc_fw_op **failed)
{
        const char *cause = w->cause;
        unsigned options = w->options;
        struct fw_state then;
        bool fails = false;

        memcpy(&then, s, offsetof(struct fw_state, via));
        for (; op < end && !fails; op++) {
                enum fw_then got = FW_GO_ON;

                if (op->kind == ZC_FW_OP_MAYBE || op->kind == ZC_FW_OP_NEUTRAL)
                        continue;
                if (op->kind > ZC_FW_OP_LOOKUP)
                        break;
                got = ops[op->kind](w, &then, op);
                fails = got == FW_BREAK;
                *failed = op;
                if (!fails && got != FW_GO_ON && got != FW_FORK)
                        break;
        }
        w->cause = cause;
        w->options = options;
        return fails;
}

/* GO_ON at its end, BREAK, or what op s->op gave. */
static enum fw_then run_rule(struct fw_walk *w, struct fw_state *s, const struct zc_fw_rule *rule)
{
        const struct zc_fw_op *first = w->m->rs->ops + rule->first, *failed = NULL;

        if (s->op == 0)
                w->cause = NULL;
        for (uint32_t i = s->op; i < rule->count; i++) {
                enum fw_then then;

                if (first[i].kind == ZC_FW_OP_NEUTRAL)
                        continue;
                then = ops[first[i].kind](w, s, &first[i]);
                if (then == FW_GO_ON)
                        continue;
                s->op = i;
                if (then == FW_FORK && rest_is_idle(first + i + 1, first + rule->count))
                        return FW_BREAK;
                if (then == FW_FORK &&
                    fails_anyway(w, s, &first[i + 1], first + rule->count, &failed)) {
                        s->op = (uint32_t)(failed - first);
                        return FW_BREAK;
                }
                return then;
        }
        s->op = rule->count;
        return FW_GO_ON;
}

/* Without a trace, rules that can do nothing with this packet are passed over. */
static bool passes_over(const struct fw_walk *w, const struct fw_state *s,
                        const struct zc_fw_rule *rule)
{
        uint16_t protocol = w->m->protocol[rule->first];

        return !w->trace && s->op == 0 &&
               (rule->idle || (protocol != FW_ANY_PROTOCOL && protocol != s->protocol));
}

/* Until the base chain is left or there is a choice. */
static enum fw_then run_chains(struct fw_walk *w, struct fw_state *s)
{
        const struct zc_fw_chain *chains = w->m->rs->chains;

        while (s->in_chain) {
                const struct zc_fw_chain *chain = &chains[s->chain];
                enum fw_then then;

                if (s->rule >= chain->rule_count) {
                        then = fall_off(w, s);
                } else if (passes_over(w, s, &chain->rules[s->rule])) {
                        s->rule++;
                        continue;
                } else {
                        then = run_rule(w, s, &chain->rules[s->rule]);
                        if (then == FW_ENDS)
                                then = take_verdict(w, s);
                        else if (then == FW_GO_ON || then == FW_BREAK) {
                                if (w->trace)
                                        tell_rule(w, s,
                                                  then == FW_BREAK ? ZC_FW_RULE_FAILS
                                                                   : ZC_FW_RULE_HOLDS);
                                s->rule++;
                                s->op = 0;
                                continue;
                        }
                }
                if (then != FW_GO_ON)
                        return then;
        }
        return FW_GO_ON;
}

/* ---- choices ---- */

static void copy(struct fw_state *to, const struct fw_state *from)
{
        memcpy(to, from, offsetof(struct fw_state, via) + from->via_count * sizeof(*from->via));
}

/* Go one way; the outcomes when it ended here, else 0. */
static unsigned take(struct fw_walk *w, struct fw_state *s, const struct fw_option *o)
{
        switch (o->kind) {
        case FW_OPT_END:
                return finish(w, s, o->outcome, o->text);
        case FW_OPT_VERDICT:
                w->verdict = o->verdict;
                if (take_verdict(w, s) != FW_CHOOSE)
                        return 0;
                if (w->options > 1) /* a queue among other verdicts */
                        return finish(w, s, ZC_FW_IS_UNKNOWN, "queue");
                return finish(w, s, w->option[0].outcome, w->option[0].text);
        case FW_OPT_GO_ON:
                s->op++;
                return 0;
        case FW_OPT_BREAK:
                s->rule++;
                s->op = 0;
                return 0;
        case FW_OPT_FORWARD:
                if (fw_u(s)[s->six ? 7 : 8] == 0 && s->v[s->six ? 7 : 8] <= 1)
                        return finish(w, s, ZC_FW_IS_DROP, "its time to live ends here");
                fw_take_hook_option(w, s, o);
                return 0;
        default:
                fw_take_hook_option(w, s, o);
                return 0;
        }
}

/** The doubts of one way, and what came of the side ways. */
struct doubts {
        struct {
                unsigned outcomes;
                bool differ; /* among themselves */
                const char *cause;
        } list[12];
        unsigned count, outcomes;
};

static unsigned walk(struct fw_walk *w, struct fw_state *s);

static unsigned side_way(struct fw_walk *w, const struct fw_state *s, const struct fw_option *o)
{
        struct fw_state other;
        unsigned ended;

        copy(&other, s);
        if (w->depth >= FW_DEPTH || w->forks >= FW_FORKS) {
                w->stop = true;
                return finish(w, &other, ZC_FW_IS_UNKNOWN, "too many open questions");
        }
        w->forks++;
        w->depth++;
        ended = take(w, &other, o);
        if (!ended)
                ended = walk(w, &other);
        w->depth--;
        return ended;
}

/* All options but the last, each to its end; the last is taken here. */
static unsigned choose(struct fw_walk *w, struct fw_state *s, struct doubts *d)
{
        struct fw_option options[FW_OPTIONS];
        unsigned n = w->options, side = 0;
        const char *cause = w->cause;
        bool differ = false;

        memcpy(options, w->option, n * sizeof(*options));
        if (n > 1 && w->trace)
                tell_rule(w, s, ZC_FW_RULE_MAYBE);
        for (unsigned i = 0; i + 1 < n && !w->stop; i++) {
                unsigned ended = side_way(w, s, &options[i]);

                differ |= i > 0 && ended != side;
                side |= ended;
                if (w->trace && !w->stop)
                        tell_rule(w, s, ZC_FW_OTHERWISE);
        }
        if (n > 1) {
                d->outcomes |= side;
                if (d->count < ZC_COUNT(d->list)) {
                        d->list[d->count].outcomes = side;
                        d->list[d->count].differ = differ;
                        d->list[d->count++].cause = cause;
                }
        }
        return w->stop ? side : take(w, s, &options[n - 1]);
}

/* Whose doubt made a difference? The earliest one whose side ways came to another end than what followed. */
static unsigned settle(struct fw_walk *w, const struct doubts *d, unsigned ended)
{
        unsigned after = ended;

        for (unsigned i = d->count; i-- > 0;) {
                if (d->list[i].differ || d->list[i].outcomes != after)
                        w->blur = d->list[i].cause;
                after |= d->list[i].outcomes;
        }
        return ended | d->outcomes;
}

static unsigned walk(struct fw_walk *w, struct fw_state *s)
{
        struct doubts d = { .count = 0 };
        unsigned ended = 0;

        while (!ended) {
                enum fw_then then = s->in_chain ? run_chains(w, s) : fw_at_hook(w, s);

                if (then == FW_GO_ON)
                        continue;
                if (then == FW_FORK) {
                        w->options = 2;
                        w->option[0] = (struct fw_option){ .kind = FW_OPT_GO_ON };
                        w->option[1] = (struct fw_option){ .kind = FW_OPT_BREAK };
                }
                ended = choose(w, s, &d);
        }
        return settle(w, &d, ended);
}

/* ---- the question ---- */

static void begin(struct fw_walk *w, struct fw_state *s)
{
        fw_state_init(s, w->m, w->packet);
        if (s->in.iface &&
            s->in.iface->type ==
                    FW_ARPHRD_LOOPBACK) { /* the host's own: sent before it is received */
                s->local_out = true;
                s->out = s->in;
                s->in = (struct fw_dev){ .iface = NULL };
                s->hook = ZC_FW_OUTPUT;
        }
        FW_TELL(w, s, .what = ZC_FW_AT_HOOK);
}

void zc_fw_eval(const struct zc_fw_machine *m, const struct zc_fw_packet *packet,
                const struct zc_fw_trace *trace, struct zc_fw_answer *out)
{
        struct fw_walk w;
        struct fw_state s;

        memset(&w, 0,
               offsetof(struct fw_walk, option)); /* options are written before they are read */
        w.m = m;
        w.packet = packet;
        w.trace = trace;
        w.out = out;
        out->via_count = 0;
        begin(&w, &s);
        walk(&w, &s);
        out->certainty = w.seen & (w.seen - 1) || w.seen == 1u << ZC_FW_IS_UNKNOWN ? ZC_FW_POSSIBLE
                                                                                   : ZC_FW_CERTAIN;
        out->blur = out->certainty == ZC_FW_POSSIBLE ? (w.blur ? w.blur : w.cause) : NULL;
        /* what stands beside the model can still end what was let in, and undoes no drop */
        if (m->gap && out->certainty == ZC_FW_CERTAIN && out->outcome == ZC_FW_IS_ACCEPT) {
                out->certainty = ZC_FW_POSSIBLE;
                out->blur = m->gap;
        }
}
