/** One rule on one state: its conditions gather into one set; what they do not hold goes on, the rest meets the verdict. */
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "sym_run.h"

struct sym_state run_narrowed(const struct run *r, struct sym_pair p)
{
        struct sym_state out = r->now;

        out.set = bdd_and(r->s->b, out.set, p.may);
        return out;
}

void run_fall(struct run *r, struct sym_pair p)
{
        struct sym_state out = r->now;

        out.set = bdd_diff(r->s->b, out.set, p.must);
        sym_list_add(r->s, r->next, &out);
}

static void tell_unmet(struct run *r, zc_bdd named)
{
        struct sym *s = r->s;
        zc_bdd came = BDD_NONE;

        for (size_t i = 0; s->entered && i < s->entered->n; i++)
                came = bdd_or(s->b, came, s->entered->states[i].set);
        came = bdd_and(s->b, came, named);
        if (came != BDD_NONE)
                s->watch->unmet(s->watch->ctx, r->chain, r->number, came);
}

/** What the conditions so far do not hold goes on to the next rule; from here on the state is what they hold. */
enum after run_settle(struct run *r)
{
        zc_bdd named;

        if (r->held.may != BDD_NONE && r->seen)
                *r->seen |= SYM_POSSIBLE;
        named = r->held.may;
        run_fall(r, r->held);
        r->now = run_narrowed(r, r->held);
        r->held = SYM_ALWAYS;
        if (r->now.set == BDD_NONE) {
                if (r->seen && named != BDD_NONE && r->s->watch && r->s->watch->unmet)
                        tell_unmet(r, named);
                return OVER;
        }
        if (r->seen)
                *r->seen |= SYM_HIT;
        return GO_ON;
}

enum after run_breaks(struct run *r)
{
        sym_list_add(r->s, r->next, &r->now);
        return OVER;
}

enum after run_condition(struct run *r, struct sym_pair p)
{
        r->held = sym_both(r->s, r->held, p);
        if (r->held.may == BDD_NONE)
                return run_breaks(r);
        return GO_ON;
}

enum after run_loaded(struct run *r, enum sym_load how)
{
        if (how == SYM_BREAKS)
                return run_breaks(r);
        return how == SYM_MAY_BREAK ? run_condition(r, SYM_MAYBE) : GO_ON;
}

/* Conditions. */

static enum after do_cmp(struct run *r, const struct zc_fw_op *op)
{
        struct sym_byte key[ZC_FW_REG_BYTES];

        run_fetch(r, op->sreg, key, op->len);
        return run_condition(r, sym_compare(r->s, key, op->len, op->op, op->u.data.a));
}

static enum after do_range(struct run *r, const struct zc_fw_op *op)
{
        struct sym_byte key[ZC_FW_REG_BYTES];
        struct sym_pair p;

        run_fetch(r, op->sreg, key, op->len);
        p = sym_between(r->s, key, op->len, op->u.data.a, op->u.data.b);
        return run_condition(r, op->invert ? sym_not(r->s, p) : p);
}

/* Verdicts. */

void run_move(struct run *r, const struct sym_state *state, struct zc_fw_verdict verdict)
{
        struct sym_moves *m = r->moves;

        if (state->set == BDD_NONE)
                return;
        if (m->list.n == m->cap) {
                size_t cap = m->cap ? m->cap * 2 : 8;
                struct sym_state *states = realloc(m->list.states, cap * sizeof(*states));

                if (states)
                        m->list.states = states;

                struct zc_fw_verdict *verdicts = realloc(m->verdicts, cap * sizeof(*verdicts));

                if (verdicts)
                        m->verdicts = verdicts;
                if (!states || !verdicts) {
                        r->s->lost = true;
                        return;
                }
                m->cap = m->list.cap = cap;
        }
        m->list.states[m->list.n] = *state;
        m->verdicts[m->list.n++] = verdict;
}

static enum after leave(struct run *r, struct zc_fw_verdict verdict)
{
        if (run_settle(r) == GO_ON)
                run_move(r, &r->now, verdict);
        return OVER;
}

/** It may be let through, and it may not. */
static enum after perhaps(struct run *r, bool may_go_on)
{
        if (run_settle(r) == OVER)
                return OVER;
        sym_drop(r->s, r->now.set);
        run_move(r, &r->now, (struct zc_fw_verdict){ .code = ZC_FW_ACCEPT });
        if (may_go_on)
                sym_list_add(r->s, r->next, &r->now);
        return OVER;
}

static enum after do_verdict(struct run *r, const struct zc_fw_op *op)
{
        switch (op->u.verdict.code) {
        case ZC_FW_CONTINUE:
                return GO_ON;
        case ZC_FW_BREAK:
                return run_breaks(r);
        case ZC_FW_QUEUE:
                return perhaps(r, false);
        default:
                return leave(r, op->u.verdict);
        }
}

static enum after do_gone(struct run *r, const struct zc_fw_op *op)
{
        (void)op;
        return leave(r, (struct zc_fw_verdict){ .code = ZC_FW_DROP });
}

static enum after do_perhaps(struct run *r, const struct zc_fw_op *op)
{
        return perhaps(r, op->kind == ZC_FW_OP_UNKNOWN);
}

/* Maps. */

static bool same_verdict(const struct zc_fw_verdict *a, const struct zc_fw_verdict *b)
{
        return a->code == b->code && a->chain == b->chain;
}

static const struct zc_fw_verdict *verdict_of(const struct zc_fw_set *set, size_t i)
{
        return i < set->count ? &set->verdict[i] : &set->catchall_verdict;
}

/** The packets that meet one verdict of the map. `continue` goes on with the next expression (trap: it is not terminal). */
static void branch(struct run *r, struct sym_pair where, const struct zc_fw_verdict *v, uint32_t at)
{
        struct sym_state state = run_narrowed(r, where);

        if (state.set == BDD_NONE)
                return;
        if (v->code == ZC_FW_CONTINUE) {
                struct run on = *r;

                on.now = state;
                on.held = SYM_ALWAYS;
                run_on(&on, at + 1);
        } else if (v->code == ZC_FW_BREAK) {
                sym_list_add(r->s, r->next, &state);
        } else if (v->code == ZC_FW_QUEUE) {
                sym_drop(r->s, state.set);
                run_move(r, &state, (struct zc_fw_verdict){ .code = ZC_FW_ACCEPT });
        } else {
                run_move(r, &state, *v);
        }
}

static enum after verdict_map(struct run *r, const struct zc_fw_set *map,
                              const struct sym_byte *key, uint32_t at)
{
        struct sym_pair *hits = calloc(map->count + 1, sizeof(*hits)), any = SYM_NEVER;
        size_t all = map->count + map->has_catchall;

        if (!hits || !sym_map_hits(r->s, map, key, hits)) {
                r->s->lost |= !hits;
                free(hits);
                return perhaps(r, true);
        }
        if (run_settle(r) == OVER) {
                free(hits);
                return OVER;
        }
        for (size_t i = 0; i < all; i++) {
                if (hits[i].may == BDD_NONE)
                        continue;
                for (size_t k = i + 1; k < all; k++) {
                        if (same_verdict(verdict_of(map, i), verdict_of(map, k))) {
                                hits[i].may = bdd_or(r->s->b, hits[i].may, hits[k].may);
                                hits[i].must = bdd_or(r->s->b, hits[i].must, hits[k].must);
                                hits[k] = SYM_NEVER;
                        }
                }
                any.may = bdd_or(r->s->b, any.may, hits[i].may);
                any.must = bdd_or(r->s->b, any.must, hits[i].must);
                branch(r, hits[i], verdict_of(map, i), at);
        }
        run_fall(r, any);
        free(hits);
        return OVER;
}

/** A map that gives data: a choice of them. */
static enum after data_map(struct run *r, const struct zc_fw_set *map, const struct sym_byte *key,
                           unsigned slot)
{
        struct sym_byte out[ZC_FW_REG_BYTES] = { 0 };
        struct sym_pair *hits = calloc(map->count + 1, sizeof(*hits)), any = SYM_NEVER;
        size_t all = map->count + map->has_catchall;
        uint16_t number = 0;

        if (hits && (map->data || !map->count) &&
            map->data_len <= sizeof(((struct sym_option *)0)->value) &&
            sym_map_hits(r->s, map, key, hits))
                number = sym_choice_new(r->s, all);
        for (size_t i = 0; number && i < all; i++) {
                struct sym_option *o = &r->s->choices[number - 1].options[i];

                o->may = hits[i].may;
                o->must = hits[i].must;
                memcpy(o->value,
                       i < map->count ? map->data + i * map->data_len : map->catchall_data,
                       map->data_len);
                any.may = bdd_or(r->s->b, any.may, o->may);
                any.must = bdd_or(r->s->b, any.must, o->must);
        }
        free(hits);
        for (unsigned i = 0; i < map->data_len && i < ZC_FW_REG_BYTES; i++)
                out[i] = number ? sym_byte_of_choice(number, (uint8_t)i) : sym_byte_unknown();
        run_store(r, slot, out, map->data_len < ZC_FW_REG_BYTES ? map->data_len : ZC_FW_REG_BYTES);
        return run_condition(r, number ? any : SYM_MAYBE);
}

static enum after do_lookup(struct run *r, const struct zc_fw_op *op, uint32_t at)
{
        const struct zc_fw_set *set = op->u.set;
        struct sym_byte key[ZC_FW_REG_BYTES];
        struct sym_pair p;

        if (!set || set->key_len > ZC_FW_KEY_MAX)
                return run_condition(r, SYM_MAYBE);
        memset(key, 0, sizeof(key));
        run_fetch(r, op->sreg, key, set->key_len);
        if (set->map && set->verdicts)
                return verdict_map(r, set, key, at);
        if (set->map && op->dreg < ZC_FW_SLOTS)
                return data_map(r, set, key, op->dreg);
        p = sym_in_set(r->s, set, key);
        return run_condition(r, op->invert ? sym_not(r->s, p) : p);
}

static enum after do_maybe(struct run *r, const struct zc_fw_op *op)
{
        (void)op;
        return run_condition(r, SYM_MAYBE);
}

static enum after do_nothing(struct run *r, const struct zc_fw_op *op)
{
        (void)r;
        (void)op;
        return GO_ON;
}

static enum after (*const ops[])(struct run *r, const struct zc_fw_op *op) = {
        [ZC_FW_OP_PAYLOAD] = run_payload,
        [ZC_FW_OP_EXTHDR] = run_exthdr,
        [ZC_FW_OP_META] = run_meta,
        [ZC_FW_OP_CT] = run_ct,
        [ZC_FW_OP_FIB] = run_fib,
        [ZC_FW_OP_RT] = run_unknown_load,
        [ZC_FW_OP_SOCKET] = run_unknown_load,
        [ZC_FW_OP_IMMEDIATE] = run_immediate,
        [ZC_FW_OP_BITWISE] = run_bitwise,
        [ZC_FW_OP_BYTEORDER] = run_byteorder,
        [ZC_FW_OP_LOAD_ANY] = run_unknown_load,
        [ZC_FW_OP_CMP] = do_cmp,
        [ZC_FW_OP_RANGE] = do_range,
        [ZC_FW_OP_MAYBE] = do_maybe,
        [ZC_FW_OP_EXTHDR_SET] = do_maybe,
        [ZC_FW_OP_DYNSET] = do_maybe,
        [ZC_FW_OP_NEUTRAL] = do_nothing,
        [ZC_FW_OP_VERDICT] = do_verdict,
        [ZC_FW_OP_REJECT] = do_gone,
        [ZC_FW_OP_QUEUE] = do_perhaps,
        [ZC_FW_OP_SYNPROXY] = do_perhaps,
        [ZC_FW_OP_FWD] = do_gone,
        [ZC_FW_OP_TPROXY] = do_maybe,
        [ZC_FW_OP_UNKNOWN] = do_perhaps,
};

static enum after step(struct run *r, uint32_t at)
{
        const struct zc_fw_op *op = &r->ops[at];

        switch (op->kind) {
        case ZC_FW_OP_LOOKUP:
                return do_lookup(r, op, at);
        case ZC_FW_OP_META_SET:
        case ZC_FW_OP_CT_SET:
        case ZC_FW_OP_PAYLOAD_SET:
        case ZC_FW_OP_NOTRACK:
        case ZC_FW_OP_NAT:
                return run_change(r, op, at);
        default:
                return op->kind < ZC_COUNT(ops) && ops[op->kind] ? ops[op->kind](r, op)
                                                                 : perhaps(r, true);
        }
}

void run_on(struct run *r, uint32_t at)
{
        for (; at < r->count; at++) {
                if (step(r, at) == OVER)
                        return;
        }
        if (run_settle(r) == GO_ON)
                sym_list_add(r->s, r->next, &r->now);
}

/** It loads or asks, and does nothing else. */
static bool is_condition(const struct zc_fw_op *op)
{
        return op->kind < ZC_FW_OP_META_SET &&
               !(op->kind == ZC_FW_OP_LOOKUP && op->u.set && op->u.set->verdicts);
}

static bool is_other_protocol(const struct sym *s, uint8_t value)
{
        bool but = false;

        if (s->q.protocol >= 0)
                return value != s->q.protocol;
        for (size_t i = 0; i < s->q.but_count; i++)
                but |= value == s->q.but[i];
        return but;
}

/** Whether the rule asks for another protocol or family than the question's: seen before its other conditions are spelt out. */
static bool never_holds(const struct sym *s, const struct zc_fw_rule *rule)
{
        const struct zc_fw_op *op = s->rs->ops + rule->first, *end = op + rule->count;

        for (; op + 1 < end && (is_condition(op) || op->kind == ZC_FW_OP_NEUTRAL); op++) {
                const struct zc_fw_op *cmp = op + 1;

                if (op->kind != ZC_FW_OP_META || cmp->kind != ZC_FW_OP_CMP || cmp->op != ZC_FW_EQ ||
                    cmp->len != 1 || cmp->sreg != op->dreg)
                        continue;
                if (op->key == NFT_META_L4PROTO && is_other_protocol(s, cmp->u.data.a[0]))
                        return true;
                if (op->key == NFT_META_NFPROTO && !s->netdev &&
                    cmp->u.data.a[0] != (uint8_t)s->q.family)
                        return true;
        }
        return false;
}

void sym_rule(struct sym *s, const struct zc_fw_chain *chain, size_t number,
              const struct sym_state *in, struct sym_list *next, struct sym_moves *moves)
{
        const struct zc_fw_rule *rule = &chain->rules[number];
        struct run r = { .s = s,
                         .chain = chain,
                         .ops = s->rs->ops + rule->first,
                         .count = rule->count,
                         .number = number,
                         .now = *in,
                         .held = SYM_ALWAYS,
                         .next = next,
                         .moves = moves };

        if (s->seen) {
                r.seen = &s->seen[s->first_rule[chain - s->rs->chains] + number];
                *r.seen |= SYM_VISITED;
        }
        if (never_holds(s, rule)) {
                sym_list_add(s, next, in);
                return;
        }
        run_on(&r, 0);
        while (s->choice_count > s->choice_kept)
                free(s->choices[--s->choice_count].options);
        if (++s->steps > (size_t)4 << 20)
                s->lost = true;
}

bool sym_is_plain(const struct zc_fw_ruleset *rs, const struct zc_fw_rule *rule,
                  enum zc_fw_code *code)
{
        const struct zc_fw_op *op = rs->ops + rule->first, *last = op + rule->count - 1;

        if (rule->count == 0)
                return false;
        for (; op < last; op++) {
                if (!is_condition(op) && op->kind != ZC_FW_OP_NEUTRAL)
                        return false;
        }
        *code = last->kind == ZC_FW_OP_VERDICT ? last->u.verdict.code : ZC_FW_DROP;
        return (last->kind == ZC_FW_OP_VERDICT || last->kind == ZC_FW_OP_REJECT) &&
               (*code == ZC_FW_ACCEPT || *code == ZC_FW_DROP);
}

struct sym_pair sym_named(struct sym *s, const struct zc_fw_chain *chain, size_t number,
                          const struct sym_changes *now)
{
        const struct zc_fw_rule *rule = &chain->rules[number];
        struct sym_list away;
        struct sym_moves none = { 0 };
        struct run r = { .s = s,
                         .chain = chain,
                         .ops = s->rs->ops + rule->first,
                         .count = rule->count,
                         .number = number,
                         .now = { .set = BDD_ALL, .now = *now },
                         .held = SYM_ALWAYS,
                         .next = &away,
                         .moves = &none };
        bool holds = true;

        if (never_holds(s, rule))
                return SYM_NEVER;
        sym_list_open(s, &away);
        for (uint32_t at = 0; at < r.count && holds; at++) {
                if (r.ops[at].kind == ZC_FW_OP_NEUTRAL && strcmp(r.ops[at].name, "counter") == 0)
                        continue;
                if (!is_condition(&r.ops[at]))
                        break;
                holds = step(&r, at) == GO_ON;
        }
        sym_list_close(s, &away);
        free(none.list.states);
        free(none.verdicts);
        while (s->choice_count > s->choice_kept)
                free(s->choices[--s->choice_count].options);
        return holds ? r.held : SYM_NEVER;
}
