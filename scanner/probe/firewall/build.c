/** The firewall model under construction: growing lists and names. Pure. */
#include "build.h"

#include <string.h>

#include "zc/text.h"

#define GAPS_MAX 200
#define NAME_LIMIT 4096

struct fw_name {
        uint32_t hash, within, value;
        uint8_t space;
        const char *text; /* NULL: a free slot */
};

void fw_build_init(struct fw_build *b, struct zc_arena *arena)
{
        memset(b, 0, sizeof *b);
        b->arena = arena;
}

void fw_build_release(struct fw_build *b)
{
        struct fw_list *const lists[] = { &b->tables, &b->chains, &b->rules,
                                          &b->ops,    &b->sets,   &b->gaps };

        for (size_t i = 0; i < ZC_COUNT(lists); i++) {
                free(lists[i]->at);
                *lists[i] = (struct fw_list){ 0 };
        }
        free(b->names.slots);
        b->names = (struct fw_names){ 0 };
}

void *fw_build_more(struct fw_build *b, struct fw_list *list, size_t size)
{
        uint8_t *at;

        if (list->count == list->cap) {
                size_t wanted = list->cap ? list->cap + list->cap / 2 : 16;
                void *p = wanted > SIZE_MAX / size ? NULL : realloc(list->at, wanted * size);

                if (!p) {
                        b->failed = true;
                        return NULL;
                }
                list->at = p;
                list->cap = wanted;
        }
        at = (uint8_t *)list->at + list->count++ * size;
        return memset(at, 0, size);
}

/** Letters that the escaping leaves alone. */
static bool plain(struct zc_rd text)
{
        for (size_t i = 0; i < text.n; i++) {
                if (text.p[i] < 0x20 || text.p[i] > 0x7e || text.p[i] == '\\')
                        return false;
        }
        return true;
}

const char *fw_build_text(struct fw_build *b, struct zc_rd text)
{
        char *copy;

        if (plain(text)) {
                copy = zc_arena_strndup(b->arena, (const char *)text.p, text.n);
        } else {
                ZC_AUTO_TEXT t = { 0 };

                zc_text_init(&t, NAME_LIMIT);
                zc_text_escape(&t, text.p, text.n);
                copy = t.failed ? NULL : zc_arena_strdup(b->arena, zc_text_str(&t));
        }
        b->failed |= !copy;
        return copy;
}

const uint8_t *fw_build_bytes(struct fw_build *b, struct zc_rd bytes)
{
        uint8_t *copy = zc_arena_alloc(b->arena, bytes.n + (bytes.n == 0));

        if (copy && bytes.n > 0)
                memcpy(copy, bytes.p, bytes.n);
        b->failed |= !copy;
        return copy;
}

/* ---- names: open addressing, at most two thirds full ---- */

static uint32_t hash_of(enum fw_space space, uint32_t within, struct zc_rd text)
{
        uint32_t h = (2166136261u ^ space) * 16777619u ^ within;

        for (size_t i = 0; i < text.n; i++)
                h = (h ^ text.p[i]) * 16777619u; /* FNV-1a */
        return h;
}

static struct fw_name *slot_of(const struct fw_names *n, uint32_t hash, enum fw_space space,
                               uint32_t within, struct zc_rd text)
{
        for (size_t i = hash & (n->cap - 1);; i = (i + 1) & (n->cap - 1)) {
                struct fw_name *s = &n->slots[i];

                if (!s->text || (s->hash == hash && s->space == space && s->within == within &&
                                 zc_rd_is(text, s->text)))
                        return s;
        }
}

static bool names_grow(struct fw_names *n)
{
        struct fw_names more = { .cap = n->cap ? n->cap * 2 : 64, .count = n->count };

        more.slots = calloc(more.cap, sizeof *more.slots);
        if (!more.slots)
                return false;
        for (size_t i = 0; i < n->cap; i++) {
                const struct fw_name *s = &n->slots[i];

                if (s->text)
                        *slot_of(&more, s->hash, s->space, s->within, zc_rd_str(s->text)) = *s;
        }
        free(n->slots);
        *n = more;
        return true;
}

static void name_add(struct fw_build *b, enum fw_space space, uint32_t within, const char *text,
                     size_t value)
{
        uint32_t hash = hash_of(space, within, zc_rd_str(text));
        struct fw_name *s;

        if (b->names.count * 3 >= b->names.cap * 2 && !names_grow(&b->names)) {
                b->failed = true;
                return;
        }
        s = slot_of(&b->names, hash, space, within, zc_rd_str(text));
        b->names.count += !s->text;
        *s = (struct fw_name){ hash, within, (uint32_t)value, (uint8_t)space, text };
}

uint32_t fw_build_find(struct fw_build *b, enum fw_space space, uint32_t within, struct zc_rd name)
{
        ZC_AUTO_TEXT t = { 0 };
        const struct fw_name *s;

        if (b->names.cap == 0)
                return FW_NOWHERE;
        if (!plain(name)) {
                zc_text_init(&t, NAME_LIMIT);
                zc_text_escape(&t, name.p, name.n);
                b->failed |= t.failed;
                name = zc_rd_str(zc_text_str(&t));
        }
        s = slot_of(&b->names, hash_of(space, within, name), space, within, name);
        return s->text ? s->value : FW_NOWHERE;
}

/* ---- entries ---- */

struct zc_fw_table *fw_build_table(struct fw_build *b, enum zc_fw_family family, struct zc_rd name)
{
        struct zc_fw_table *t = fw_build_more(b, &b->tables, sizeof *t);

        if (!t || !(t->name = fw_build_text(b, name)))
                return NULL;
        t->family = family;
        name_add(b, FW_TABLES, family, t->name, b->tables.count - 1);
        return t;
}

struct zc_fw_chain *fw_build_chain(struct fw_build *b, uint32_t table, struct zc_rd name)
{
        struct zc_fw_chain *c = fw_build_more(b, &b->chains, sizeof *c);

        if (!c || !(c->name = fw_build_text(b, name)))
                return NULL;
        c->table = table;
        name_add(b, FW_CHAINS, table, c->name, b->chains.count - 1);
        return c;
}

struct zc_fw_set *fw_build_set(struct fw_build *b, uint32_t table, struct zc_rd name)
{
        struct zc_fw_set *s = fw_build_more(b, &b->sets, sizeof *s);

        if (!s || !(s->name = fw_build_text(b, name)))
                return NULL;
        s->table = table;
        name_add(b, FW_SETS, table, s->name, b->sets.count - 1);
        return s;
}

void fw_build_rule_open(struct fw_build *b, uint32_t chain, uint64_t handle)
{
        struct fw_build_rule *r = fw_build_more(b, &b->rules, sizeof *r);

        if (!r)
                return;
        r->chain = chain;
        r->rule.handle = handle;
        r->rule.first = (uint32_t)b->ops.count;
}

struct zc_fw_op *fw_build_op(struct fw_build *b, enum zc_fw_op_kind kind, const char *name)
{
        struct zc_fw_op *op = fw_build_more(b, &b->ops, sizeof *op);

        if (!op)
                return NULL;
        op->kind = (uint8_t)kind;
        op->name = name;
        op->sreg = op->dreg = op->sreg2 = op->dir = ZC_FW_NO_SLOT;
        if (kind == ZC_FW_OP_VERDICT)
                op->u.verdict.chain = FW_NOWHERE;
        return op;
}

void fw_build_ops(struct fw_build *b, const struct zc_fw_ops *ops)
{
        for (size_t i = 0; i < ops->count; i++) {
                struct zc_fw_op *op = fw_build_more(b, &b->ops, sizeof *op);

                if (op)
                        *op = ops->list[i];
        }
}

void fw_build_comment(struct fw_build *b, struct zc_rd comment)
{
        struct zc_fw_rule *r;

        if (b->failed || b->rules.count == 0 || comment.n == 0)
                return;
        r = &fw_build_at(b->rules, struct fw_build_rule, b->rules.count - 1)->rule;
        if (!r->comment)
                r->comment = fw_build_text(b, comment);
}

/** What it does to a packet is nothing, whatever holds. */
static bool op_is_idle(const struct fw_build *b, const struct zc_fw_op *op)
{
        switch ((enum zc_fw_op_kind)op->kind) {
        case ZC_FW_OP_LOOKUP:
                return !(op->u.set ? op->u.set : fw_build_at(b->sets, struct zc_fw_set, op->amount))
                                ->verdicts;
        case ZC_FW_OP_VERDICT:
                return op->u.verdict.code == ZC_FW_CONTINUE || op->u.verdict.code == ZC_FW_BREAK;
        case ZC_FW_OP_NEUTRAL:
        case ZC_FW_OP_DYNSET: /* what it adds is in no snapshot: a set that learns is doubted anyway */
                return true;
        default:
                return op->kind <= ZC_FW_OP_MAYBE;
        }
}

void fw_build_rule_close(struct fw_build *b)
{
        struct zc_fw_rule *r;

        if (b->failed || b->rules.count == 0)
                return;
        r = &fw_build_at(b->rules, struct fw_build_rule, b->rules.count - 1)->rule;
        r->count = (uint32_t)b->ops.count - r->first;
        r->idle = true;
        for (uint32_t i = 0; i < r->count; i++) {
                const struct zc_fw_op *op = fw_build_at(b->ops, struct zc_fw_op, r->first + i);

                r->idle = r->idle && op_is_idle(b, op);
        }
}

void fw_build_conntrack(struct fw_build *b, enum zc_fw_family family)
{
        b->conntrack[0] |= family == ZC_FW_IP || family == ZC_FW_INET || family == ZC_FW_BRIDGE;
        b->conntrack[1] |= family == ZC_FW_IP6 || family == ZC_FW_INET || family == ZC_FW_BRIDGE;
}

bool fw_build_told(const struct fw_build *b, const char *what)
{
        for (size_t i = 0; i < b->gaps.count; i++) {
                const char *told = fw_build_at(b->gaps, struct zc_fw_gap, i)->what;

                if (told && strcmp(told, what) == 0)
                        return true;
        }
        return false;
}

void fw_build_gap(struct fw_build *b, enum zc_fw_weight weight, const char *what, const char *where)
{
        const bool full = b->gaps.count >= GAPS_MAX;
        struct zc_fw_gap *g = NULL;

        for (size_t i = GAPS_MAX; i < b->gaps.count && full; i++) { /* one more of each weight */
                g = fw_build_at(b->gaps, struct zc_fw_gap, i);
                if (g->weight == weight)
                        return;
        }
        if (!(g = fw_build_more(b, &b->gaps, sizeof *g)))
                return;
        g->weight = weight;
        g->what = zc_arena_strdup(b->arena, full ? "more than is listed here" : what);
        g->where = zc_arena_strdup(b->arena, full ? "" : where);
        b->failed |= !g->what || !g->where;
}

/* ---- the end ---- */

static void *settle(struct fw_build *b, struct fw_list *list, size_t size)
{
        void *p = zc_arena_array(b->arena, list->count + (list->count == 0), size);

        if (p && list->count > 0)
                memcpy(p, list->at, list->count * size);
        free(list->at);
        *list = (struct fw_list){ 0 };
        b->failed |= !p;
        return p;
}

/** Each chain its rules, in the order in which they came. */
static void deal_rules(struct fw_build *b)
{
        const struct fw_build_rule *all = b->rules.at;
        struct zc_fw_chain *chains = b->chains.at;

        for (size_t i = 0; i < b->rules.count; i++)
                chains[all[i].chain].rule_count++;
        for (size_t i = 0; i < b->chains.count; i++) {
                chains[i].rules =
                        zc_arena_array(b->arena, chains[i].rule_count + 1, sizeof *chains[i].rules);
                b->failed |= !chains[i].rules;
                chains[i].rule_count = 0;
        }
        for (size_t i = 0; i < b->rules.count && !b->failed; i++) {
                struct zc_fw_chain *c = &chains[all[i].chain];

                c->rules[c->rule_count++] = all[i].rule;
        }
}

static void link_sets(struct zc_fw_ruleset *rs)
{
        for (size_t i = 0; i < rs->op_count && rs->ops; i++) {
                struct zc_fw_op *op = &rs->ops[i];

                if ((op->kind == ZC_FW_OP_LOOKUP || op->kind == ZC_FW_OP_DYNSET) && !op->u.set)
                        op->u.set = &rs->sets[op->amount];
        }
}

bool fw_build_finish(struct fw_build *b, struct zc_fw_ruleset *out, struct zc_err *err)
{
        struct zc_fw_ruleset rs = { .arena = b->arena,
                                    .table_count = b->tables.count,
                                    .chain_count = b->chains.count,
                                    .op_count = b->ops.count,
                                    .set_count = b->sets.count,
                                    .gap_count = b->gaps.count };

        if (!b->failed)
                deal_rules(b);
        if (!b->failed) {
                rs.tables = settle(b, &b->tables, sizeof *rs.tables);
                rs.chains = settle(b, &b->chains, sizeof *rs.chains);
                rs.ops = settle(b, &b->ops, sizeof *rs.ops);
                rs.sets = settle(b, &b->sets, sizeof *rs.sets);
                rs.gaps = settle(b, &b->gaps, sizeof *rs.gaps);
        }
        memcpy(rs.conntrack, b->conntrack, sizeof rs.conntrack);
        fw_build_release(b);
        if (b->failed)
                return zc_fail(err, ZC_E_NOMEM, "the firewall's model");
        link_sets(&rs);
        *out = rs;
        return true;
}
