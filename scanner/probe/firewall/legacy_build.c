/**
 * Legacy tables in the model's words. A table is one list of entries: each built-in chain begins where hook_entry says and ends with its
 * policy, the entry at the hook's underflow; a chain of the user begins behind an ERROR entry that bears its name and ends with a RETURN
 * (ipt_do_table). What is laid out otherwise, as iptables never does it, is refused as a whole.
 */
#include "legacy_build.h"

#include <linux/netfilter.h>
#include <linux/netfilter/x_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipset.h"
#include "zc/netlink.h"

/* NF_IP_PRI_* of linux/netfilter_ipv4.h, which are those of IPv6 too. */
static const struct {
        const char *name;
        int32_t priority, source; /* of input and postrouting, where that differs */
} tables[] = {
        { "raw", -300, -300 }, { "mangle", -150, -150 }, { "nat", -100, 100 },
        { "filter", 0, 0 },    { "security", 50, 50 },
};

static const struct {
        const char *name;
        enum zc_fw_hook hook;
        bool source; /* translates sources */
} hooks[FW_LEGACY_HOOKS] = {
        { "PREROUTING", ZC_FW_PREROUTING, false },  { "INPUT", ZC_FW_INPUT, true },
        { "FORWARD", ZC_FW_FORWARD, false },        { "OUTPUT", ZC_FW_OUTPUT, false },
        { "POSTROUTING", ZC_FW_POSTROUTING, true },
};

#define NO_HOOK FW_LEGACY_HOOKS

struct chain {
        struct zc_rd name;   /* of the user's */
        unsigned hook;       /* index in hooks, or NO_HOOK */
        uint32_t start, end; /* offsets: of its first entry, of its policy or last RETURN */
        enum zc_fw_code policy;
        uint32_t index; /* in the build */
};

struct layout {
        struct fw_build *b;
        enum zc_fw_family family;
        bool six;
        const struct fw_legacy_info *info;
        struct zc_rd entries;
        struct fw_list chains; /* struct chain, by offset */
        struct zc_err *err;
};

static bool odd(const struct layout *l, uint32_t at, const char *what)
{
        return zc_fail(l->err, ZC_E_MALFORMED, "entry at offset %u: %s", (unsigned)at, what);
}

static struct chain *chain_at(const struct layout *l, size_t i)
{
        return fw_build_at(l->chains, struct chain, i);
}

/* ---- verdicts ---- */

/** Of a standard target that goes to no other entry. */
static bool verdict_of(int32_t number, struct zc_fw_verdict *out)
{
        const uint32_t v =
                (uint32_t) - (number + 1); /* NF_*; a queue has its number in the upper half */
        struct zc_fw_verdict is = { .chain = FW_NOWHERE };

        if (number == XT_RETURN)
                is.code = ZC_FW_RETURN;
        else if (v == NF_DROP)
                is.code = ZC_FW_DROP;
        else if (v == NF_ACCEPT)
                is.code = ZC_FW_ACCEPT;
        else if ((v & NF_VERDICT_MASK) == NF_QUEUE)
                is = (struct zc_fw_verdict){ ZC_FW_QUEUE, FW_NOWHERE, (uint16_t)(v >> 16) };
        else
                return false;
        *out = is;
        return true;
}

static bool is_return(const struct fw_legacy_entry *e)
{
        return e->kind == FW_LEGACY_STANDARD && e->unconditional && e->verdict == XT_RETURN;
}

/* ---- the layout ---- */

/** The built-in chain that begins here, or NO_HOOK. */
static unsigned hook_at(const struct fw_legacy_info *info, uint32_t at)
{
        for (unsigned h = 0; h < FW_LEGACY_HOOKS; h++) {
                if ((info->hooks >> h & 1) && info->entry[h] == at)
                        return h;
        }
        return NO_HOOK;
}

static struct chain *open_chain(struct layout *l, struct zc_rd name, unsigned hook, uint32_t start)
{
        struct chain *c = fw_build_more(l->b, &l->chains, sizeof *c);

        if (c)
                *c = (struct chain){
                        .name = name, .hook = hook, .start = start, .end = FW_NOWHERE
                };
        return c;
}

static bool close_builtin(const struct layout *l, struct chain *c, const struct fw_legacy_entry *e)
{
        struct zc_fw_verdict v;

        if (e->kind != FW_LEGACY_STANDARD || !e->unconditional || e->verdict >= 0 ||
            !verdict_of(e->verdict, &v) || (v.code != ZC_FW_ACCEPT && v.code != ZC_FW_DROP))
                return odd(l, e->at, "no policy where a chain ends");
        c->policy = v.code;
        c->end = e->at;
        return true;
}

/** What has been seen: the chain that is open, and its last entry. */
struct scan {
        bool open;
        struct fw_legacy_entry last;
        uint32_t count;
};

/** A chain of the user ends where the next one begins, or the table does. */
static bool close_user(const struct layout *l, struct scan *s)
{
        struct chain *c;

        if (!s->open)
                return true;
        c = chain_at(l, l->chains.count - 1);
        if (c->hook != NO_HOOK || s->last.at < c->start || !is_return(&s->last))
                return odd(l, s->last.at, "a chain does not end as chains do");
        c->end = s->last.at;
        s->open = false;
        return true;
}

static bool scan_entry(struct layout *l, struct scan *s, const struct fw_legacy_entry *e)
{
        const unsigned hook = hook_at(l->info, e->at);
        struct chain *c;

        if (e->kind == FW_LEGACY_ERROR) {
                if (!close_user(l, s))
                        return false;
                s->open = e->next < l->info->size && open_chain(l, e->name, NO_HOOK, e->next);
                return true;
        }
        if (hook != NO_HOOK) {
                if (s->open)
                        return odd(l, e->at, "a built-in chain inside another");
                s->open = open_chain(l, (struct zc_rd){ 0 }, hook, e->at) != NULL;
        }
        if (!s->open)
                return l->b->failed || odd(l, e->at, "in no chain");
        c = chain_at(l, l->chains.count - 1);
        if (c->hook != NO_HOOK && e->at == l->info->underflow[c->hook]) {
                s->open = false;
                return close_builtin(l, c, e);
        }
        return true;
}

/** The chain whose first entry stands at this offset. */
static const struct chain *chain_starting(const struct layout *l, uint32_t at)
{
        size_t lo = 0, hi = l->chains.count;

        while (lo < hi) {
                const size_t mid = (lo + hi) / 2;
                const struct chain *c = chain_at(l, mid);

                if (c->start == at)
                        return c;
                if (c->start < at)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return NULL;
}

static bool targets_fit(const struct layout *l)
{
        struct zc_rd rest = l->entries;
        struct fw_legacy_entry e;
        struct zc_fw_verdict v;
        bool bad;

        while (fw_legacy_entry_next(&rest, l->info->size, l->six, &e, &bad)) {
                if (e.kind != FW_LEGACY_STANDARD)
                        continue;
                if (e.verdict < 0 ? !verdict_of(e.verdict, &v)
                                  : (uint32_t)e.verdict != e.next &&
                                            !chain_starting(l, (uint32_t)e.verdict))
                        return odd(l, e.at, "it goes to where no chain begins");
        }
        return true;
}

static bool every_hook(const struct layout *l)
{
        for (unsigned h = 0; h < FW_LEGACY_HOOKS; h++) {
                bool there = !(l->info->hooks >> h & 1);

                for (size_t i = 0; i < l->chains.count; i++)
                        there |= chain_at(l, i)->hook == h && chain_at(l, i)->end != FW_NOWHERE;
                if (!there)
                        return odd(l, l->info->entry[h], "a built-in chain that is not there");
        }
        return (l->info->hooks >> FW_LEGACY_HOOKS) == 0 || odd(l, 0, "a hook that we do not know");
}

static bool scan(struct layout *l)
{
        struct zc_rd rest = l->entries;
        struct scan s = { .open = false };
        struct fw_legacy_entry e;
        bool bad = false;

        if (rest.n != l->info->size)
                return zc_fail(l->err, ZC_E_MALFORMED, "%zu bytes of entries where %u were told",
                               rest.n, (unsigned)l->info->size);
        while (fw_legacy_entry_next(&rest, l->info->size, l->six, &e, &bad)) {
                if (!scan_entry(l, &s, &e))
                        return false;
                s.last = e;
                s.count++;
        }
        if (bad || s.open || s.count != l->info->count ||
            (s.count > 0 && s.last.kind != FW_LEGACY_ERROR))
                return odd(l, l->info->size - (uint32_t)rest.n,
                           "the table does not end as tables do");
        return every_hook(l) && targets_fit(l);
}

/* ---- the rules ---- */

struct rule {
        const struct layout *l;
        const struct fw_legacy_entry *e;
        const struct fw_place *at;
        struct zc_fw_ops ops;
};

/** What one part of the entry says, in ops; what it does not say in any sense is unknown. */
static void settle(struct rule *r, bool ok, bool known, const char *word, struct zc_rd name,
                   unsigned revision)
{
        if (ok)
                fw_build_ops(r->l->b, &r->ops);
        else
                (void)fw_build_op(r->l->b, ZC_FW_OP_UNKNOWN, word);
        if (!ok || !known)
                fw_place_gap(r->at, ZC_FW_IN_OPS, name, "xt %s, revision %u: ", word, revision);
        r->ops = (struct zc_fw_ops){ .arena = r->l->b->arena };
}

static void part(struct rule *r, bool target, struct zc_rd name, unsigned revision,
                 struct zc_rd data)
{
        struct fw_build *b = r->l->b;
        const char *plain = fw_build_text(b, name);
        struct zc_err lost = { 0 };
        bool known = true, ok;

        if (!plain)
                return;
        if (!target && zc_rd_is(name, "comment")) {
                fw_build_comment(b, zc_nla_text(data));
                return;
        }
        if (b->ipsets && zc_rd_is(name, target ? "SET" : "set")) {
                (target ? fw_ipset_target : fw_ipset_match)(r->at, data, revision);
                return;
        }
        if (fw_xt_conntrack(plain, target, data))
                fw_build_conntrack(b, r->l->family);
        ok = (target ? zc_fw_xt_target : zc_fw_xt_match)(&r->ops, plain, revision, data,
                                                         r->l->family, &known, &lost);
        settle(r, ok, known, target ? "target" : "match", name, revision);
}

static void standard(const struct rule *r)
{
        const struct fw_legacy_entry *e = r->e;
        struct zc_fw_verdict v = { .chain = FW_NOWHERE };
        struct zc_fw_op *op;

        if (e->verdict >= 0 && (uint32_t)e->verdict == e->next)
                return; /* a rule without a target */
        if (e->verdict >= 0) {
                const struct chain *to = chain_starting(r->l, (uint32_t)e->verdict);

                v.code = e->go ? ZC_FW_GOTO : ZC_FW_JUMP;
                v.chain = to ? to->index : FW_NOWHERE;
        } else if (!verdict_of(e->verdict, &v)) {
                return; /* scan() has refused those */
        }
        op = fw_build_op(r->l->b, ZC_FW_OP_VERDICT, "verdict");
        if (op)
                op->u.verdict = v;
}

static void add_rule(struct rule *r, const struct chain *c, uint64_t number)
{
        struct zc_rd matches = r->e->matches;
        const struct zc_rd none = { 0 };
        struct zc_err lost = { 0 };
        struct fw_legacy_match m;
        bool bad, known = true, ok;

        fw_build_rule_open(r->l->b, c->index, number);
        ok = zc_fw_xt_header(&r->ops, r->e->header, r->l->family, &known, &lost);
        settle(r, ok, known, "header", none, 0);
        while (fw_legacy_match_next(&matches, &m, &bad))
                part(r, false, m.name, m.revision, m.data);
        if (bad)
                settle(r, false, false, "match", none, 0);
        if (r->e->kind == FW_LEGACY_STANDARD)
                standard(r);
        else
                part(r, true, r->e->name, r->e->revision, r->e->data);
        fw_build_rule_close(r->l->b);
}

static void add_rules(const struct layout *l, struct fw_place *at, const struct chain *c)
{
        struct zc_rd rest = { l->entries.p + c->start, l->entries.n - c->start };
        uint64_t number = 0;
        struct fw_legacy_entry e;
        bool bad;

        at->chain = fw_build_at(l->b->chains, struct zc_fw_chain, c->index)->name;
        while (!l->b->failed && fw_legacy_entry_next(&rest, l->info->size, l->six, &e, &bad) &&
               e.at < c->end) {
                struct rule r = { l, &e, at, { .arena = l->b->arena } };

                at->handle = ++number;
                add_rule(&r, c, number);
        }
}

/* ---- the chains ---- */

static size_t table_row(struct zc_rd name)
{
        size_t i = 0;

        while (i < ZC_COUNT(tables) && !zc_rd_is(name, tables[i].name))
                i++;
        return i;
}

bool fw_legacy_known(struct zc_rd table)
{
        return table_row(table) < ZC_COUNT(tables);
}

static void add_chain(const struct layout *l, uint32_t table, size_t row, struct chain *c)
{
        struct zc_rd name = c->hook == NO_HOOK ? c->name : zc_rd_str(hooks[c->hook].name);
        struct zc_fw_chain *to = fw_build_chain(l->b, table, name);

        c->index = (uint32_t)l->b->chains.count - 1;
        if (!to || c->hook == NO_HOOK)
                return;
        to->base = true;
        to->hook = hooks[c->hook].hook;
        to->policy = c->policy;
        to->nat = strcmp(tables[row].name, "nat") == 0;
        to->type = to->nat ? "nat" : "filter";
        to->priority = hooks[c->hook].source ? tables[row].source : tables[row].priority;
}

static void fill(struct layout *l, struct zc_rd table)
{
        struct zc_fw_table *t = fw_build_table(l->b, l->family, table);
        const uint32_t number = (uint32_t)l->b->tables.count - 1;
        struct fw_place at = { .b = l->b, .family = l->family, .table = number };

        if (!t)
                return;
        t->backend = ZC_FW_LEGACY;
        for (size_t i = 0; i < l->chains.count && !l->b->failed; i++)
                add_chain(l, number, table_row(table), chain_at(l, i));
        for (size_t i = 0; i < l->chains.count && !l->b->failed; i++)
                add_rules(l, &at, chain_at(l, i));
}

bool fw_legacy_add(struct fw_build *b, enum zc_fw_family family, struct zc_rd table,
                   const struct fw_legacy_info *info, struct zc_rd entries, struct zc_err *err)
{
        struct layout l = { b, family, family == ZC_FW_IP6, info, entries, { 0 }, err };
        bool ok;

        if (!fw_legacy_known(table))
                return zc_fail(err, ZC_E_UNSUPPORTED, "a table of this name is not known");
        ok = scan(&l) && !b->failed;
        if (b->failed)
                zc_fail(err, ZC_E_NOMEM, "the firewall's model");
        if (ok)
                fill(&l, table);
        free(l.chains.at);
        return ok;
}

/* ---- who is first ---- */

static bool changes(const struct zc_fw_op *op)
{
        return op->kind == ZC_FW_OP_META_SET || op->kind == ZC_FW_OP_CT_SET ||
               op->kind == ZC_FW_OP_PAYLOAD_SET || op->kind == ZC_FW_OP_EXTHDR_SET ||
               op->kind == ZC_FW_OP_NOTRACK || op->kind == ZC_FW_OP_NAT ||
               op->kind == ZC_FW_OP_UNKNOWN || op->kind == ZC_FW_OP_TPROXY;
}

/** Whether some rule of the table changes the packet, or what is kept beside it. */
static bool table_changes(const struct fw_build *b, uint32_t table)
{
        for (size_t i = 0; i < b->rules.count; i++) {
                const struct fw_build_rule *r = fw_build_at(b->rules, struct fw_build_rule, i);

                if (fw_build_at(b->chains, struct zc_fw_chain, r->chain)->table != table)
                        continue;
                for (uint32_t o = 0; o < r->rule.count; o++) {
                        if (changes(fw_build_at(b->ops, struct zc_fw_op, r->rule.first + o)))
                                return true;
                }
        }
        return false;
}

static bool meet(const struct fw_build *b, const struct zc_fw_chain *legacy,
                 const struct zc_fw_chain *nft)
{
        const struct zc_fw_table *lt = fw_build_at(b->tables, struct zc_fw_table, legacy->table);
        const struct zc_fw_table *nt = fw_build_at(b->tables, struct zc_fw_table, nft->table);

        return legacy->base && nft->base && lt->backend == ZC_FW_LEGACY &&
               nt->backend == ZC_FW_NF_TABLES && !nt->dormant && legacy->hook == nft->hook &&
               legacy->priority == nft->priority && legacy->nat == nft->nat &&
               (nt->family == ZC_FW_INET || nt->family == lt->family) &&
               (table_changes(b, legacy->table) || table_changes(b, nft->table));
}

/** The kernel has told which is first. */
static bool ranked(const struct fw_build *b, const struct zc_fw_chain *legacy,
                   const struct zc_fw_chain *nft)
{
        const unsigned six =
                fw_build_at(b->tables, struct zc_fw_table, legacy->table)->family == ZC_FW_IP6;

        return legacy->rank[six] && nft->rank[six];
}

void fw_legacy_order(struct fw_build *b)
{
        for (size_t i = 0; i < b->chains.count && !b->failed; i++) {
                const struct zc_fw_chain *legacy = fw_build_at(b->chains, struct zc_fw_chain, i);

                for (size_t n = 0; n < b->chains.count; n++) {
                        const struct zc_fw_chain *nft =
                                fw_build_at(b->chains, struct zc_fw_chain, n);
                        char where[200];

                        if (!meet(b, legacy, nft) || ranked(b, legacy, nft))
                                continue;
                        snprintf(where, sizeof where, "%s and %s, priority %d", legacy->name,
                                 nft->name, (int)legacy->priority);
                        fw_build_gap(b, ZC_FW_DECIDES,
                                     "chains of legacy tables and of nf_tables at one priority: "
                                     "which is first "
                                     "is not known",
                                     where);
                        return;
                }
        }
}
