/** What is in the sets that rules with a verdict look in. Pure. */
#include <stdlib.h>
#include <string.h>

#include "ruleset.h"

#define ELEMENTS_MAX 8192

struct fw_set *fw_set_find(const struct fw_ruleset *rs, uint8_t family, struct zc_rd table,
                           struct zc_rd name)
{
        for (size_t i = 0; i < rs->set_count; i++) {
                struct fw_set *s = &rs->set_list[i];

                if (s->family == family && fw_same(s->name, name) && fw_same(s->table, table))
                        return s;
        }
        return NULL;
}

static void want(const struct fw_ruleset *rs, const struct fw_chain *chain, struct zc_rd name)
{
        const uint32_t moving =
                ZC_NFT_SET_EVAL | ZC_NFT_SET_TIMEOUT; /* what is in them changes by itself */
        struct fw_set *s = fw_set_find(rs, chain->c.family, chain->c.table, name);

        if (s && !(s->flags & (moving | ZC_NFT_SET_CONCAT)) && s->count <= ELEMENTS_MAX)
                s->wanted = true;
}

void fw_sets_want(struct fw_ruleset *rs)
{
        for (size_t i = 0; i < rs->chain_count; i++) {
                const struct fw_chain *chain = &rs->chains[i];

                for (const struct fw_step *s = chain->steps; s; s = s->next) {
                        if (s->effect == ZC_NFT_MAPS)
                                want(rs, chain, s->map);
                        for (const struct fw_cond *c = s->conds; c; c = c->next) {
                                if (c->kind == FW_SET)
                                        want(rs, chain, c->set);
                        }
                }
        }
}

static bool add(struct fw_ruleset *rs, struct fw_set *s, const struct zc_nft_element *e)
{
        struct fw_element *one;
        char *copy = zc_arena_strndup(rs->arena, (const char *)e->chain.p, e->chain.n);

        if (!copy)
                return false;
        if (s->element_count == s->element_cap) {
                size_t wanted = s->element_cap ? s->element_cap * 2 : 16;
                struct fw_element *p = realloc(s->elements, wanted * sizeof *p);

                if (!p)
                        return false;
                s->elements = p;
                s->element_cap = wanted;
        }
        one = &s->elements[s->element_count];
        *one = (struct fw_element){ .effect = e->effect, .end = e->flags & ZC_NFT_ELEMENT_END };
        one->chain = (struct zc_rd){ (const uint8_t *)copy, e->chain.n };
        if (e->flags & ZC_NFT_ELEMENT_CATCHALL) {
                memset(one->range.hi, 0xff, FW_KEY);
                s->wanted = s->wanted && !(s->flags & ZC_NFT_SET_INTERVAL);
        } else if (e->key.n != s->key_size || e->key_end || !fw_range_one(e->key, &one->range)) {
                s->wanted = false;
        }
        s->element_count++;
        return true;
}

bool fw_elements_take(struct fw_ruleset *rs, struct zc_rd payload, struct zc_err *err)
{
        struct zc_nft_elements l;
        struct zc_nft_element e;
        struct fw_set *s;
        bool bad = false;

        if (!zc_nft_elements_parse(payload, &l, err))
                return false;
        s = fw_set_find(rs, l.family, l.table, l.set);
        if (!s)
                return zc_fail(err, ZC_E_MALFORMED, "nftables elements: of no set");
        while (zc_nft_element_next(&l.list, &e, &bad)) {
                if (s->element_count == ELEMENTS_MAX)
                        s->wanted = false;
                if (s->wanted && !add(rs, s, &e))
                        return zc_fail(err, ZC_E_NOMEM, "nftables elements");
        }
        return bad ? zc_fail(err, ZC_E_MALFORMED, "nftables elements: one ends early") : true;
}

/** By key; an end comes before the start of the next. */
static int by_key(const void *a, const void *b)
{
        const struct fw_element *x = a, *y = b;
        int c = memcmp(x->range.lo, y->range.lo, FW_KEY);

        return c ? c : (int)y->end - (int)x->end;
}

/** The key before that one: of n bytes, the rest ones. */
static void before(const uint8_t *key, size_t n, uint8_t *out)
{
        memset(out, 0xff, FW_KEY);
        memcpy(out, key, n);
        for (size_t i = n; i-- > 0;) {
                if (out[i]-- != 0)
                        return;
        }
}

/** An interval ends where the next point is; the last one may have no end. */
static void join(struct fw_set *s)
{
        size_t kept = 0;

        qsort(s->elements, s->element_count, sizeof *s->elements, by_key);
        for (size_t i = 0; i < s->element_count; i++) {
                struct fw_element *e = &s->elements[i];

                if (e->end)
                        continue;
                if (i + 1 < s->element_count)
                        before(e[1].range.lo, s->key_size, e->range.hi);
                else
                        memset(e->range.hi, 0xff, FW_KEY);
                s->elements[kept++] = *e;
        }
        s->element_count = kept;
}

void fw_set_done(struct fw_set *s)
{
        if (!s->wanted)
                return;
        if ((s->flags & ZC_NFT_SET_INTERVAL) && s->element_count > 0)
                join(s);
        s->read = true;
}

void fw_set_forget(struct fw_set *s)
{
        free(s->elements);
        s->elements = NULL;
        s->element_count = s->element_cap = 0;
        s->read = false;
}
