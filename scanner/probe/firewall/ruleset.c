/** Reading the ruleset over nfnetlink: four dumps between two looks at the generation. */
#include "ruleset.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "zc/text.h"

#define READINGS 6
#define ARENA_LIMIT ((size_t)256 << 20)
#define STRANGE_MAX 64

bool fw_same(struct zc_rd a, struct zc_rd b)
{
        return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool fw_ruleset_init(struct fw_ruleset *rs, struct zc_err *err)
{
        memset(rs, 0, sizeof *rs);
        rs->arena = zc_arena_new(ARENA_LIMIT);
        return rs->arena ? true : zc_fail(err, ZC_E_NOMEM, "nftables ruleset");
}

void fw_ruleset_release(struct fw_ruleset *rs)
{
        zc_arena_free(rs->arena);
        free(rs->tables);
        free(rs->chains);
        for (size_t i = 0; i < rs->set_count; i++)
                fw_set_forget(&rs->set_list[i]);
        free(rs->set_list);
        memset(rs, 0, sizeof *rs);
}

static bool no_memory(struct zc_err *err)
{
        return zc_fail(err, ZC_E_NOMEM, "nftables ruleset: more than %zu MiB", ARENA_LIMIT >> 20);
}

/** A copy that outlives the message. False when out of memory. */
static bool keep(struct fw_ruleset *rs, struct zc_rd *text)
{
        char *copy = zc_arena_strndup(rs->arena, (const char *)text->p, text->n);

        text->p = (const uint8_t *)copy;
        return copy != NULL;
}

/** Room for one more at the end of a growing array. */
static void *grow(void *array, size_t count, size_t *cap, size_t size)
{
        size_t wanted = *cap ? *cap * 2 : 16;
        void *p = array;

        if (count < *cap)
                return array;
        if (wanted > SIZE_MAX / size || !(p = realloc(array, wanted * size)))
                return NULL;
        *cap = wanted;
        return p;
}

static void add_name(struct zc_text *t, struct zc_rd name)
{
        zc_text_addc(t, ' ');
        zc_text_escape(t, name.p, name.n);
}

/** Once per kind of strangeness, with the first place. */
static bool strange(struct fw_ruleset *rs, const char *what, uint8_t family, struct zc_rd table,
                    struct zc_rd chain, uint64_t handle)
{
        ZC_AUTO_TEXT where = { 0 };
        struct fw_strange **end = &rs->strange;
        size_t n = 0;

        for (; *end; end = &(*end)->next, n++) {
                if (strcmp((*end)->what, what) == 0)
                        return true;
        }
        if (n >= STRANGE_MAX)
                return true;
        zc_text_init(&where, 2048);
        if (fw_family_name(family))
                zc_text_add(&where, fw_family_name(family));
        else
                zc_text_printf(&where, "family %u", family);
        add_name(&where, table);
        if (chain.n > 0)
                add_name(&where, chain);
        if (handle)
                zc_text_printf(&where, " handle %llu", (unsigned long long)handle);
        if (!(*end = zc_arena_new_of(rs->arena, struct fw_strange)))
                return false;
        (*end)->what = zc_arena_strdup(rs->arena, what);
        (*end)->where = zc_arena_strdup(rs->arena, zc_text_str(&where));
        return (*end)->what && (*end)->where;
}

static bool strange_number(struct fw_ruleset *rs, const char *what, uint32_t number, uint8_t family,
                           struct zc_rd table, struct zc_rd chain, uint64_t handle)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, 128);
        zc_text_printf(&t, "%s %u", what, number);
        return strange(rs, zc_text_str(&t), family, table, chain, handle);
}

static void digest_bytes(uint64_t *h, const void *p, size_t n)
{
        for (size_t i = 0; i < n; i++)
                *h = (*h ^ ((const uint8_t *)p)[i]) * 0x100000001b3u; /* FNV-1a */
}

static void digest_number(uint64_t *h, uint64_t n)
{
        digest_bytes(h, &n, sizeof n);
}

/** What tells one ruleset from another: handles are never used twice, so that names and handles are enough. No counters. */
static void digest_place(struct fw_ruleset *rs, uint8_t family, struct zc_rd table,
                         struct zc_rd name, uint64_t handle)
{
        digest_number(&rs->digest, family);
        digest_bytes(&rs->digest, table.p, table.n);
        digest_number(&rs->digest, table.n);
        digest_bytes(&rs->digest, name.p, name.n);
        digest_number(&rs->digest, handle);
}

static bool take_table(struct fw_ruleset *rs, struct zc_rd payload, struct zc_err *err)
{
        const uint32_t known = ZC_NFT_TABLE_DORMANT | ZC_NFT_TABLE_OWNER | ZC_NFT_TABLE_PERSIST;
        struct zc_rd none = { 0 };
        struct zc_nft_table t;
        void *p;

        if (!zc_nft_table_parse(payload, &t, err))
                return false;
        if (!(p = grow(rs->tables, rs->table_count, &rs->table_cap, sizeof *rs->tables)))
                return no_memory(err);
        rs->tables = p;
        if (!keep(rs, &t.name))
                return no_memory(err);
        digest_place(rs, t.family, t.name, none, t.handle);
        digest_number(&rs->digest, t.flags);
        rs->tables[rs->table_count++] = (struct fw_table){
                .family = t.family, .name = t.name, .flags = t.flags, .handle = t.handle
        };
        if (t.unknown &&
            !strange_number(rs, "table attribute", t.unknown, t.family, t.name, none, 0))
                return no_memory(err);
        if ((t.flags & ~known) &&
            !strange_number(rs, "table flags", t.flags & ~known, t.family, t.name, none, 0))
                return no_memory(err);
        if (!fw_family_name(t.family) &&
            !strange_number(rs, "family", t.family, t.family, t.name, none, 0))
                return no_memory(err);
        return true;
}

static bool keep_devices(struct fw_ruleset *rs, struct fw_chain *chain)
{
        struct zc_rd list = chain->c.devices;
        struct zc_rd name;
        bool prefix;
        size_t n = 0;

        while (zc_nft_device_next(&list, &name, &prefix))
                n++;
        if (n + chain->c.device.n == 0)
                return true;
        chain->devices = zc_arena_array(rs->arena, n + 1, sizeof *chain->devices);
        if (!chain->devices)
                return false;
        if (n == 0) /* with one device, the kernel names it alone, or alone and in the list */
                chain->devices[chain->device_count++].name = chain->c.device;
        for (list = chain->c.devices;
             zc_nft_device_next(&list, &name, &prefix) && chain->device_count < n;)
                chain->devices[chain->device_count++] = (struct fw_device){ name, prefix };
        for (size_t i = 0; i < chain->device_count; i++) {
                if (!keep(rs, &chain->devices[i].name))
                        return false;
        }
        return true;
}

static bool chain_strange(struct fw_ruleset *rs, const struct zc_nft_chain *c)
{
        const uint32_t known = ZC_NFT_CHAIN_BASE | ZC_NFT_CHAIN_HW_OFFLOAD | ZC_NFT_CHAIN_BINDING;

        if (c->unknown &&
            !strange_number(rs, "chain attribute", c->unknown, c->family, c->table, c->name, 0))
                return false;
        if ((c->flags & ~known) &&
            !strange_number(rs, "chain flags", c->flags & ~known, c->family, c->table, c->name, 0))
                return false;
        if (c->base && !fw_hook_name(c->family, c->hook))
                return strange_number(rs, "hook", c->hook, c->family, c->table, c->name, 0);
        if (c->base && c->has_policy && c->policy > ZC_NFT_POLICY_ACCEPT)
                return strange_number(rs, "policy", c->policy, c->family, c->table, c->name, 0);
        return true;
}

static bool take_chain(struct fw_ruleset *rs, struct zc_rd payload, struct zc_err *err)
{
        struct zc_nft_chain c;
        struct fw_chain *chain;
        void *p;

        if (!zc_nft_chain_parse(payload, &c, err))
                return false;
        if (!chain_strange(rs, &c) || !keep(rs, &c.table) || !keep(rs, &c.name) ||
            !keep(rs, &c.type))
                return no_memory(err);
        if (!(p = grow(rs->chains, rs->chain_count, &rs->chain_cap, sizeof *rs->chains)))
                return no_memory(err);
        rs->chains = p;
        digest_place(rs, c.family, c.table, c.name, c.handle);
        digest_number(&rs->digest, c.policy);
        chain = &rs->chains[rs->chain_count++];
        *chain = (struct fw_chain){ .c = c };
        if (!keep_devices(rs, chain))
                return no_memory(err);
        chain->c.device = chain->c.devices = (struct zc_rd){ 0 };
        return true;
}

/** Rules come in the order of chains, so that the search starts where the last one ended. */
static struct fw_chain *chain_of_rule(struct fw_ruleset *rs, const struct zc_nft_rule *r)
{
        for (size_t i = 0; i < rs->chain_count; i++) {
                size_t at = (rs->last + i) % rs->chain_count;
                struct fw_chain *chain = &rs->chains[at];

                if (chain->c.family == r->family && fw_same(chain->c.name, r->chain) &&
                    fw_same(chain->c.table, r->table)) {
                        rs->last = at;
                        return chain;
                }
        }
        return NULL;
}

static void add_steps(struct fw_chain *chain, struct fw_step *steps)
{
        if (!chain->steps_last)
                chain->steps = steps;
        else
                chain->steps_last->next = steps;
        for (; steps; steps = steps->next)
                chain->steps_last = steps;
}

static bool rule_strange(struct fw_ruleset *rs, const struct zc_nft_rule *r,
                         struct zc_rd expression)
{
        ZC_AUTO_TEXT what = { 0 };

        if (r->unknown && !strange_number(rs, "rule attribute", r->unknown, r->family, r->table,
                                          r->chain, r->handle))
                return false;
        if (expression.n == 0)
                return true;
        zc_text_init(&what, 256);
        zc_text_add(&what, "expression ");
        zc_text_escape(&what, expression.p, expression.n);
        return strange(rs, zc_text_str(&what), r->family, r->table, r->chain, r->handle);
}

static bool take_rule(struct fw_ruleset *rs, struct zc_rd payload, struct zc_err *err)
{
        struct zc_rd unknown = { 0 };
        struct fw_step *steps = NULL;
        struct zc_nft_rule r;
        struct fw_chain *chain;
        bool bad = false, ok;

        if (!zc_nft_rule_parse(payload, &r, err))
                return false;
        chain = chain_of_rule(rs, &r);
        ok = fw_rule_steps(rs->arena, &r, &steps, &unknown, &bad);
        if (bad || !chain)
                return zc_fail(err, ZC_E_MALFORMED,
                               bad ? "nftables rule: an expression ends early"
                                   : "nftables rule: no chain holds it");
        digest_place(rs, r.family, r.table, r.chain, r.handle);
        rs->rules++;
        chain->rules++;
        if (!ok)
                return no_memory(err);
        add_steps(chain, steps);
        return rule_strange(rs, &r, unknown) ? true : no_memory(err);
}

static bool take_set(struct fw_ruleset *rs, struct zc_rd payload, struct zc_err *err)
{
        struct zc_nft_set s;
        void *p;

        if (!zc_nft_set_parse(payload, &s, err))
                return false;
        digest_place(rs, s.family, s.table, s.name, s.flags);
        rs->sets += !(s.flags & ZC_NFT_SET_ANONYMOUS); /* an anonymous one is part of its rule */
        if (s.unknown &&
            !strange_number(rs, "set attribute", s.unknown, s.family, s.table, s.name, 0))
                return no_memory(err);
        if (!(p = grow(rs->set_list, rs->set_count, &rs->set_cap, sizeof *rs->set_list)))
                return no_memory(err);
        rs->set_list = p;
        if (!keep(rs, &s.table) || !keep(rs, &s.name))
                return no_memory(err);
        rs->set_list[rs->set_count++] = (struct fw_set){ .family = s.family,
                                                         .table = s.table,
                                                         .name = s.name,
                                                         .flags = s.flags,
                                                         .key_size = s.key_size,
                                                         .count = s.count };
        return true;
}

bool fw_ruleset_take(struct fw_ruleset *rs, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        switch (type) {
        case ZC_NFT_TYPE(ZC_NFT_NEWTABLE):
                return take_table(rs, payload, err);
        case ZC_NFT_TYPE(ZC_NFT_NEWCHAIN):
                return take_chain(rs, payload, err);
        case ZC_NFT_TYPE(ZC_NFT_NEWRULE):
                return take_rule(rs, payload, err);
        case ZC_NFT_TYPE(ZC_NFT_NEWSET):
                return take_set(rs, payload, err);
        case ZC_NFT_TYPE(ZC_NFT_NEWSETELEM):
                return fw_elements_take(rs, payload, err);
        case ZC_NFT_TYPE(ZC_NFT_NEWGEN):
                return zc_nft_gen_parse(payload, &rs->generation, err);
        default:
                return zc_fail(err, ZC_E_MALFORMED,
                               "nftables: a message of type %u that was not asked for", type);
        }
}

struct dump {
        struct fw_ruleset *rs;
        uint16_t get;
        struct fw_set *set; /* whose elements */
};

static bool take(void *ctx, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        const struct dump *d = ctx;

        return fw_ruleset_take(d->rs, type, payload, err);
}

/** A dump starts again: what it gave so far is forgotten. */
static void forget(void *ctx)
{
        const struct dump *d = ctx;
        struct fw_ruleset *rs = d->rs;

        switch (d->get) {
        case ZC_NFT_GETTABLE:
                rs->table_count = 0;
                break;
        case ZC_NFT_GETCHAIN:
                rs->chain_count = 0;
                break;
        case ZC_NFT_GETRULE:
                for (size_t i = 0; i < rs->chain_count; i++) {
                        rs->chains[i].rules = 0;
                        rs->chains[i].steps = rs->chains[i].steps_last = NULL;
                }
                rs->rules = 0;
                break;
        case ZC_NFT_GETSETELEM:
                fw_set_forget(d->set);
                break;
        default:
                for (size_t i = 0; i < rs->set_count; i++)
                        fw_set_forget(&rs->set_list[i]);
                rs->set_count = 0;
                rs->sets = 0;
        }
}

static bool ask(struct zc_nl *nl, uint16_t get, uint16_t flags, struct fw_ruleset *rs,
                struct zc_err *err)
{
        uint8_t buf[64] __attribute__((aligned(8)));
        struct dump d = { rs, get, NULL };
        void *extra;
        struct nlmsghdr *req =
                zc_nl_message(buf, ZC_NFT_TYPE(get), flags, sizeof(struct nfgenmsg), &extra);

        return zc_nl_request(nl, req, take, forget, &d, err);
}

/** A text attribute behind the message so far; buf has room. */
static void put_text(struct nlmsghdr *req, uint16_t type, struct zc_rd text)
{
        uint8_t *at = (uint8_t *)req + req->nlmsg_len;
        struct nlattr head = { (uint16_t)(sizeof head + text.n + 1), type };

        memcpy(at, &head, sizeof head);
        memcpy(at + sizeof head, text.p, text.n);
        req->nlmsg_len += (head.nla_len + 3u) & ~3u;
}

/** A set that cannot be read stays unread: rules that look in it are not evaluated. */
static bool ask_elements(struct zc_nl *nl, struct fw_ruleset *rs, struct fw_set *set,
                         struct zc_err *err)
{
        uint8_t buf[1024] __attribute__((aligned(8))) = { 0 };
        struct dump d = { rs, ZC_NFT_GETSETELEM, set };
        struct nfgenmsg *family;
        void *extra;
        struct nlmsghdr *req;

        if (set->table.n > 300 || set->name.n > 300)
                return true;
        req = zc_nl_message(buf, ZC_NFT_TYPE(ZC_NFT_GETSETELEM), NLM_F_DUMP, sizeof *family,
                            &extra);
        family = extra;
        family->nfgen_family = set->family;
        put_text(req, 1, set->table);
        put_text(req, 2, set->name);
        if (!zc_nl_request(nl, req, take, forget, &d, err))
                return false;
        fw_set_done(set);
        return true;
}

static bool read_elements(struct zc_nl *nl, struct fw_ruleset *rs, struct zc_err *err)
{
        fw_sets_want(rs);
        for (size_t i = 0; i < rs->set_count; i++) {
                if (rs->set_list[i].wanted && !ask_elements(nl, rs, &rs->set_list[i], err))
                        return false;
        }
        return true;
}

static bool read_once(struct zc_nl *nl, struct fw_ruleset *rs, struct zc_err *err)
{
        static const uint16_t dumps[] = { ZC_NFT_GETTABLE, ZC_NFT_GETCHAIN, ZC_NFT_GETRULE,
                                          ZC_NFT_GETSET };

        for (size_t i = 0; i < ZC_COUNT(dumps); i++) {
                if (!ask(nl, dumps[i], NLM_F_DUMP, rs, err))
                        return false;
        }
        return read_elements(nl, rs, err);
}

/** The kernel answers EINVAL to every question about a subsystem that it does not have. */
static bool ask_generation(struct zc_nl *nl, struct fw_ruleset *rs, struct zc_err *err)
{
        if (ask(nl, ZC_NFT_GETGEN, 0, rs, err))
                return true;
        if (err->sys == EINVAL || err->sys == EOPNOTSUPP)
                err->code = ZC_E_UNSUPPORTED;
        return false;
}

/** One reading between two equal generations. *changed: it is of no use, but the next one may be. */
static bool read_steady(struct zc_nl *nl, struct fw_ruleset *rs, bool *changed, struct zc_err *err)
{
        struct zc_err lost;
        uint32_t before;
        bool whole;

        *changed = false;
        if (!fw_ruleset_init(rs, err) || !ask_generation(nl, rs, err))
                return false;
        before = rs->generation;
        whole = read_once(nl, rs, err);
        if (!ask_generation(nl, rs, whole ? err : &lost))
                return false;
        *changed = rs->generation != before;
        return whole || *changed;
}

/*
 * The kernel raises the generation shortly before the new rules come into force, so that one reading between two equal generations
 * can still be half of the old rules and half of the new (measured). One change comes into force once: two readings of one
 * generation that are the same were not cut by it.
 */
bool fw_ruleset_read(struct zc_nl *nl, struct fw_ruleset *out, struct zc_err *err)
{
        struct fw_ruleset last = { 0 };

        for (int i = 0; i < READINGS; i++) {
                struct fw_ruleset rs;
                bool changed = false;
                bool ok = read_steady(nl, &rs, &changed, err);

                if (ok && !changed && last.arena && last.generation == rs.generation &&
                    last.digest == rs.digest) {
                        fw_ruleset_release(&last);
                        *out = rs;
                        return true;
                }
                fw_ruleset_release(&last);
                if (ok && !changed)
                        last = rs;
                else
                        fw_ruleset_release(&rs);
                if (!ok)
                        return zc_ctx(err, "reading the nftables ruleset");
        }
        fw_ruleset_release(&last);
        return zc_fail(err, ZC_E_IO, "the nftables ruleset changed during each of %d readings",
                       READINGS);
}
