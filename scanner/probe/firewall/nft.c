/** Tables, chains, rules, sets, objects: the messages of nf_tables into the model. */
#include "nft.h"

#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "zc/text.h"

void fw_nft_init(struct fw_nft *n, struct fw_build *b)
{
        memset(n, 0, sizeof *n);
        n->b = b;
}

void fw_nft_release(struct fw_nft *n)
{
        for (size_t i = 0; i < n->sets.count; i++)
                fw_elements_release(&fw_build_at(n->sets, struct fw_nft_set, i)->elements);
        free(n->sets.at);
        memset(n, 0, sizeof *n);
}

/** The hook that a family numbers so; NO_HOOK for one that we do not know. */
static enum zc_fw_hook hook_of(enum zc_fw_family family, uint32_t number)
{
        static const uint8_t ip[] = { ZC_FW_PREROUTING, ZC_FW_INPUT,       ZC_FW_FORWARD,
                                      ZC_FW_OUTPUT,     ZC_FW_POSTROUTING, ZC_FW_INGRESS };
        static const uint8_t arp[] = { ZC_FW_INPUT, ZC_FW_OUTPUT, ZC_FW_FORWARD };
        static const uint8_t netdev[] = { ZC_FW_INGRESS, ZC_FW_EGRESS };
        static const struct {
                uint8_t family, count;
                const uint8_t *hooks;
        } rows[] = {
                { ZC_FW_INET, 6, ip },       { ZC_FW_IP, 5, ip },     { ZC_FW_ARP, 3, arp },
                { ZC_FW_NETDEV, 2, netdev }, { ZC_FW_BRIDGE, 5, ip }, { ZC_FW_IP6, 5, ip },
        };

        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                if (rows[i].family == family)
                        return number < rows[i].count ? rows[i].hooks[number] : ZC_FW_NO_HOOK;
        }
        return ZC_FW_NO_HOOK;
}

static bool no_place(struct zc_err *err, const char *what)
{
        return zc_fail(err, ZC_E_MALFORMED, "nftables %s: of a table or chain that was not told",
                       what);
}

static void unknown_attr(const struct fw_place *at, enum zc_fw_weight weight, const char *of,
                         uint32_t type)
{
        const struct zc_rd none = { 0 };

        if (type)
                fw_place_gap(at, weight, none, "%s attribute %u", of, (unsigned)type);
}

static void unknown_flags(const struct fw_place *at, enum zc_fw_weight weight, const char *of,
                          uint32_t flags)
{
        const struct zc_rd none = { 0 };

        if (flags)
                fw_place_gap(at, weight, none, "%s flags %#x", of, (unsigned)flags);
}

static bool take_table(struct fw_nft *n, struct zc_rd payload, struct zc_err *err)
{
        const uint32_t known = ZC_NFT_TABLE_DORMANT | ZC_NFT_TABLE_OWNER | ZC_NFT_TABLE_PERSIST;
        struct fw_place at = { .b = n->b };
        struct zc_fw_table *t;
        struct zc_nft_table w;

        if (!zc_nft_table_parse(payload, &w, err))
                return false;
        t = fw_build_table(n->b, (enum zc_fw_family)w.family, w.name);
        if (!t)
                return true;
        t->handle = w.handle;
        t->dormant = w.flags & ZC_NFT_TABLE_DORMANT;
        t->owned = w.flags & ZC_NFT_TABLE_OWNER;
        t->persist = w.flags & ZC_NFT_TABLE_PERSIST;
        at.family = t->family;
        at.table = (uint32_t)n->b->tables.count - 1;
        unknown_attr(&at, ZC_FW_DECIDES, "table", w.unknown);
        unknown_flags(&at, ZC_FW_DECIDES, "table", w.flags & ~known);
        if (hook_of(t->family, 0) == ZC_FW_NO_HOOK)
                unknown_attr(&at, ZC_FW_DECIDES, "a table of family", w.family);
        return true;
}

/* ---- chains ---- */

static void add_devices(struct fw_build *b, struct zc_fw_chain *c, const struct zc_nft_chain *w)
{
        struct zc_rd list = w->devices, name;
        struct zc_fw_device *devices;
        bool prefix;
        size_t n = w->device.n > 0;

        while (zc_nft_device_next(&list, &name, &prefix))
                n++;
        if (n == 0)
                return;
        c->devices = devices = zc_arena_array(b->arena, n, sizeof *devices);
        if (!devices) {
                b->failed = true;
                return;
        }
        for (list = w->devices; zc_nft_device_next(&list, &name, &prefix);)
                devices[c->device_count++] =
                        (struct zc_fw_device){ fw_build_text(b, name), prefix };
        if (c->device_count ==
            0) /* with one device, the kernel names it alone, or alone and in the list */
                devices[c->device_count++].name = fw_build_text(b, w->device);
}

static void add_base(const struct fw_place *at, struct zc_fw_chain *c, const struct zc_nft_chain *w)
{
        const struct zc_rd none = { 0 };

        c->base = true;
        c->hook = hook_of(at->family, w->hook);
        c->priority = w->priority;
        c->nat = zc_rd_is(w->type, "nat");
        c->type = fw_build_text(at->b, w->type);
        c->policy = !w->has_policy || w->policy > ZC_NFT_POLICY_ACCEPT ? ZC_FW_CONTINUE
                    : w->policy == ZC_NFT_POLICY_DROP                  ? ZC_FW_DROP
                                                                       : ZC_FW_ACCEPT;
        c->devices_unknown = w->devices_unknown;
        add_devices(at->b, c, w);
        if (c->hook == ZC_FW_NO_HOOK)
                fw_place_gap(at, ZC_FW_DECIDES, none, "hook %u", (unsigned)w->hook);
        if (c->policy == ZC_FW_CONTINUE)
                fw_place_gap(at, ZC_FW_DECIDES, none, "policy %u", (unsigned)w->policy);
        if (!c->nat && !zc_rd_is(w->type, "filter") && !zc_rd_is(w->type, "route"))
                fw_place_gap(at, ZC_FW_DECIDES, w->type, "a chain of type ");
        if (c->devices_unknown)
                fw_place_gap(at, ZC_FW_IN_OPS, none,
                             "devices of a chain, told in a way that is not known");
}

static bool take_chain(struct fw_nft *n, struct zc_rd payload, struct zc_err *err)
{
        const uint32_t known = ZC_NFT_CHAIN_BASE | ZC_NFT_CHAIN_HW_OFFLOAD | ZC_NFT_CHAIN_BINDING;
        struct fw_place at = { .b = n->b };
        struct zc_nft_chain w;
        struct zc_fw_chain *c;

        if (!zc_nft_chain_parse(payload, &w, err))
                return false;
        at.family = (enum zc_fw_family)w.family;
        at.table = fw_build_find(n->b, FW_TABLES, w.family, w.table);
        if (at.table == FW_NOWHERE)
                return n->b->failed || no_place(err, "chain");
        c = fw_build_chain(n->b, at.table, w.name);
        if (!c)
                return true;
        at.chain = c->name;
        c->handle = w.handle;
        c->offload = w.flags & ZC_NFT_CHAIN_HW_OFFLOAD;
        c->binding = w.flags & ZC_NFT_CHAIN_BINDING;
        if (w.base)
                add_base(&at, c, &w);
        unknown_attr(&at, ZC_FW_DECIDES, "chain", w.unknown);
        unknown_flags(&at, ZC_FW_DECIDES, "chain", w.flags & ~known);
        return true;
}

/* ---- rules ---- */

static bool take_rule(struct fw_nft *n, struct zc_rd payload, struct zc_err *err)
{
        struct fw_place at = { .b = n->b };
        struct zc_nft_rule w;
        uint32_t chain;

        if (!zc_nft_rule_parse(payload, &w, err))
                return false;
        at.family = (enum zc_fw_family)w.family;
        at.table = fw_build_find(n->b, FW_TABLES, w.family, w.table);
        chain = at.table == FW_NOWHERE ? FW_NOWHERE
                                       : fw_build_find(n->b, FW_CHAINS, at.table, w.chain);
        if (chain == FW_NOWHERE)
                return n->b->failed || no_place(err, "rule");
        at.chain = fw_build_at(n->b->chains, struct zc_fw_chain, chain)->name;
        at.handle = w.handle;
        fw_build_rule_open(n->b, chain, w.handle);
        if (w.unknown) {
                unknown_attr(&at, ZC_FW_IN_OPS, "rule", w.unknown);
                (void)fw_build_op(n->b, ZC_FW_OP_UNKNOWN, "rule attribute");
        }
        if (!fw_decode_rule(&at, w.expressions, err))
                return false;
        fw_build_comment(n->b, zc_nft_comment(w.userdata));
        fw_build_rule_close(n->b);
        return true;
}

/* ---- sets ---- */

static struct zc_rd keep(struct fw_build *b, struct zc_rd text)
{
        return (struct zc_rd){ fw_build_bytes(b, text), text.n };
}

static void describe_set(struct fw_build *b, struct zc_fw_set *s, const struct zc_nft_set *w)
{
        uint8_t widths[ZC_FW_KEY_MAX / 4];
        const size_t fields = zc_nft_fields(w->description, widths, ZC_COUNT(widths));

        s->anonymous = w->flags & ZC_NFT_SET_ANONYMOUS;
        s->key_len = w->key_size;
        s->map = w->flags & ZC_NFT_SET_MAP;
        s->verdicts = s->map && w->data_type == ZC_NFT_DATA_VERDICT;
        s->data_len = s->map && !s->verdicts ? w->data_size : 0;
        s->objects = w->flags & ZC_NFT_SET_OBJECT ? (uint8_t)w->object : 0;
        s->ordered = (w->flags & ZC_NFT_SET_CONCAT) && (w->flags & ZC_NFT_SET_INTERVAL);
        s->fields = fields ? fw_build_bytes(b, (struct zc_rd){ widths, fields }) : NULL;
        s->field_count = s->fields ? fields : 0;
}

/** Widths, each padded to a register, make up the key. */
static bool fields_fit(const struct zc_fw_set *s)
{
        size_t sum = 0;

        for (size_t i = 0; i < s->field_count; i++)
                sum += (s->fields[i] + 3u) & ~3u;
        return sum == s->key_len;
}

static bool take_set(struct fw_nft *n, struct zc_rd payload, struct zc_err *err)
{
        const uint32_t known = 0x1ff;
        struct fw_place at = { .b = n->b };
        struct fw_nft_set *own;
        struct zc_nft_set w;
        struct zc_fw_set *s;

        if (!zc_nft_set_parse(payload, &w, err))
                return false;
        at.family = (enum zc_fw_family)w.family;
        at.table = fw_build_find(n->b, FW_TABLES, w.family, w.table);
        if (at.table == FW_NOWHERE)
                return n->b->failed || no_place(err, "set");
        s = fw_build_set(n->b, at.table, w.name);
        own = fw_build_more(n->b, &n->sets, sizeof *own);
        if (!s || !own)
                return true;
        describe_set(n->b, s, &w);
        s->weak = fw_decode_may_break(&at, w.expression, w.expressions);
        *own = (struct fw_nft_set){
                w.family, false, keep(n->b, w.table), keep(n->b, w.name), { 0 }
        };
        own->elements.set = (uint32_t)n->b->sets.count - 1;
        own->elements.flags = w.flags;
        own->elements.spoilt = w.unknown || (w.flags & ~known) || s->key_len == 0 ||
                               s->key_len > ZC_FW_KEY_MAX || s->data_len > ZC_FW_KEY_MAX ||
                               (s->map && !s->verdicts && !s->objects && s->data_len == 0) ||
                               (s->ordered && !fields_fit(s));
        unknown_attr(&at, ZC_FW_IN_OPS, "set", w.unknown);
        unknown_flags(&at, ZC_FW_IN_OPS, "set", w.flags & ~known);
        if (own->elements.spoilt)
                fw_place_gap(&at, ZC_FW_IN_OPS, w.name, "a set that is not as others: ");
        return true;
}

static bool take_elements(struct fw_nft *n, struct zc_rd payload, struct zc_err *err)
{
        struct fw_place at = { .b = n->b };
        struct zc_nft_elements w;
        struct zc_nft_element one;
        struct fw_elements *e;
        uint32_t set;
        bool bad = false;

        if (!zc_nft_elements_parse(payload, &w, err))
                return false;
        at.family = (enum zc_fw_family)w.family;
        at.table = fw_build_find(n->b, FW_TABLES, w.family, w.table);
        set = at.table == FW_NOWHERE ? FW_NOWHERE : fw_build_find(n->b, FW_SETS, at.table, w.set);
        if (set == FW_NOWHERE || set >= n->sets.count)
                return n->b->failed || no_place(err, "elements");
        e = &fw_build_at(n->sets, struct fw_nft_set, set)->elements;
        if (w.unknown && !e->spoilt) {
                unknown_attr(&at, ZC_FW_IN_OPS, "elements'", w.unknown);
                e->spoilt = true;
        }
        while (zc_nft_element_next(&w.list, &one, &bad))
                fw_elements_add(e, &at, &one);
        return bad ? zc_fail(err, ZC_E_MALFORMED, "nftables elements: one ends early") : true;
}

void fw_nft_set_done(struct fw_nft *n, size_t set)
{
        struct fw_nft_set *own = fw_build_at(n->sets, struct fw_nft_set, set);
        const struct zc_fw_set *s = fw_build_at(n->b->sets, struct zc_fw_set, own->elements.set);
        const struct fw_place at = { .b = n->b,
                                     .family = (enum zc_fw_family)own->family,
                                     .table = s->table };

        fw_elements_finish(&own->elements, &at);
        fw_elements_release(&own->elements);
}

/* ---- the rest ---- */

/** Some objects turn connection tracking on by being there, whether a rule refers to them or not (measured). */
static bool take_object(struct fw_nft *n, struct zc_rd payload, struct zc_err *err)
{
        static const uint8_t tracking[] = { NFT_OBJECT_CT_HELPER, NFT_OBJECT_CT_TIMEOUT,
                                            NFT_OBJECT_CT_EXPECT, NFT_OBJECT_CONNLIMIT,
                                            NFT_OBJECT_SYNPROXY };
        struct zc_nft_named w;

        if (!zc_nft_object_parse(payload, &w, err))
                return false;
        for (size_t i = 0; i < ZC_COUNT(tracking); i++) {
                if (tracking[i] == w.type)
                        fw_build_conntrack(n->b, (enum zc_fw_family)w.family);
        }
        return true;
}

static bool take_flowtable(struct fw_nft *n, struct zc_rd payload, struct zc_err *err)
{
        struct fw_place at = { .b = n->b };
        struct zc_nft_named w;

        if (!zc_nft_flowtable_parse(payload, &w, err))
                return false;
        at.family = (enum zc_fw_family)w.family;
        at.table = fw_build_find(n->b, FW_TABLES, w.family, w.table);
        if (at.table == FW_NOWHERE)
                return n->b->failed || no_place(err, "flow table");
        fw_place_gap(
                &at, ZC_FW_REMARK, w.name,
                "established connections that it took over pass no forward chain: flow table ");
        return true;
}

bool fw_nft_take(struct fw_nft *n, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        static const struct {
                uint16_t type;
                bool (*take)(struct fw_nft *n, struct zc_rd payload, struct zc_err *err);
        } rows[] = {
                { ZC_NFT_TYPE(ZC_NFT_NEWSETELEM), take_elements },
                { ZC_NFT_TYPE(ZC_NFT_NEWRULE), take_rule },
                { ZC_NFT_TYPE(ZC_NFT_NEWCHAIN), take_chain },
                { ZC_NFT_TYPE(ZC_NFT_NEWSET), take_set },
                { ZC_NFT_TYPE(ZC_NFT_NEWTABLE), take_table },
                { ZC_NFT_TYPE(ZC_NFT_NEWOBJ), take_object },
                { ZC_NFT_TYPE(ZC_NFT_NEWFLOWTABLE), take_flowtable },
        };

        if (type == ZC_NFT_TYPE(ZC_NFT_NEWGEN))
                return zc_nft_gen_parse(payload, &n->generation, err);
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                if (rows[i].type == type && n->b->failed)
                        return zc_fail(err, ZC_E_NOMEM, "the firewall's model");
                if (rows[i].type == type)
                        return rows[i].take(n, payload, err);
        }
        return zc_fail(err, ZC_E_MALFORMED, "nftables: a message of type %u that was not asked for",
                       type);
}

/* ---- which sets matter ---- */

/** A base chain that a packet coming in, or passing through, gets to. */
static bool entered(const struct fw_build *b, const struct zc_fw_chain *c)
{
        const struct zc_fw_table *t = fw_build_at(b->tables, struct zc_fw_table, c->table);

        return c->base && !t->dormant && t->family != ZC_FW_ARP && c->hook != ZC_FW_OUTPUT &&
               c->hook != ZC_FW_EGRESS;
}

/** True when it was not reached before. */
static bool reach(uint8_t *reached)
{
        bool before = *reached;

        *reached = 1;
        return !before;
}

/** Chains that a rule of a reached chain leads to. A verdict map may lead to all of its table. True when there were more. */
static bool spread(const struct fw_build *b, const struct fw_build_rule *r, uint8_t *reached)
{
        const uint32_t table = fw_build_at(b->chains, struct zc_fw_chain, r->chain)->table;
        bool more = false;

        for (uint32_t i = 0; i < r->rule.count; i++) {
                const struct zc_fw_op *op = fw_build_at(b->ops, struct zc_fw_op, r->rule.first + i);
                const bool map = op->kind == ZC_FW_OP_LOOKUP && !op->u.set &&
                                 fw_build_at(b->sets, struct zc_fw_set, op->amount)->verdicts;
                const bool jump =
                        op->kind == ZC_FW_OP_VERDICT &&
                        (op->u.verdict.code == ZC_FW_JUMP || op->u.verdict.code == ZC_FW_GOTO);

                more |= jump && reach(&reached[op->u.verdict.chain]);
                for (size_t c = 0; map && c < b->chains.count; c++)
                        more |= fw_build_at(b->chains, struct zc_fw_chain, c)->table == table &&
                                reach(&reached[c]);
        }
        return more;
}

static void want_of_rule(struct fw_nft *n, const struct zc_fw_rule *r)
{
        for (uint32_t i = 0; i < r->count && !r->idle; i++) {
                const struct zc_fw_op *op = fw_build_at(n->b->ops, struct zc_fw_op, r->first + i);

                if (op->kind == ZC_FW_OP_LOOKUP && !op->u.set && op->amount < n->sets.count)
                        fw_build_at(n->sets, struct fw_nft_set, op->amount)->wanted = true;
        }
}

void fw_nft_want(struct fw_nft *n)
{
        struct fw_build *b = n->b;
        ZC_AUTO_MEM uint8_t *reached = NULL;
        const struct fw_build_rule *rules = b->rules.at;
        bool more = true;

        if (b->failed)
                return;
        reached = calloc(b->chains.count + 1, 1);
        if (!reached) {
                b->failed = true;
                return;
        }
        for (size_t i = 0; i < b->chains.count; i++)
                reached[i] = entered(b, fw_build_at(b->chains, struct zc_fw_chain, i));
        while (more) { /* as often as jumps are deep: 16 in the kernel's rules */
                more = false;
                for (size_t i = 0; i < b->rules.count; i++)
                        more |= reached[rules[i].chain] && spread(b, &rules[i], reached);
        }
        for (size_t i = 0; i < b->rules.count; i++) {
                if (reached[rules[i].chain])
                        want_of_rule(n, &rules[i].rule);
        }
        for (size_t i = 0; i < n->sets.count; i++) {
                struct fw_nft_set *s = fw_build_at(n->sets, struct fw_nft_set, i);

                s->wanted = s->wanted && !s->elements.spoilt;
        }
}
