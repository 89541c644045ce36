/** The symbolic evaluator's ground: the question's packets, lists of states, memory. */
#include "sym.h"

#include <stdlib.h>
#include <string.h>

#define NODES ((size_t)5 << 19)   /* ceiling of a question */
#define COLLECT ((size_t)1 << 18) /* nodes before the first collection */

bool sym_comes_in(const struct sym *s, size_t i)
{
        return s->q.loopback || strcmp(s->host->interfaces[i].name, "lo") != 0;
}

zc_bdd sym_prefix(struct sym *s, unsigned var, const uint8_t *addr, unsigned bits)
{
        unsigned vars[128];
        bool values[128];

        for (unsigned i = 0; i < bits && i < 128; i++) {
                vars[i] = var + i;
                values[i] = addr[i / 8] >> (7 - i % 8) & 1;
        }
        return bdd_cube(s->b, vars, values, bits < 128 ? bits : 128);
}

zc_bdd sym_iif(struct sym *s, size_t number)
{
        uint8_t be[2] = { (uint8_t)(number >> 2), (uint8_t)(number << 6) };

        return sym_prefix(s, s->at.iif, be, SYM_IIF_BITS);
}

static void lay_out(struct sym *s)
{
        unsigned at = 0;

        s->at.addr_bits = s->q.family == ZC_FW_IP ? 32 : 128;
        s->at.proto = at;
        s->at.iif = at += 8;
        s->at.dport = at += SYM_IIF_BITS;
        s->at.saddr = at +=
                16; /* before the destination, which is nearly always "this host": one part that all share */
        s->at.daddr = at += s->at.addr_bits;
        s->at.sport = at += s->at.addr_bits;
        s->at.atoms = at + 16;
}

struct sym *sym_new(const struct zc_fw_ruleset *rs, const struct zc_fw_host *host,
                    const struct sym_question *q)
{
        struct sym *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->rs = rs;
        s->host = host;
        s->q = *q;
        s->b = bdd_new(NODES);
        s->atoms = calloc(SYM_ATOMS, sizeof(*s->atoms));
        s->batch = malloc(sizeof(*s->batch));
        s->collect_at = COLLECT;
        if (!s->b || !s->atoms || !s->batch) {
                sym_free(s);
                return NULL;
        }
        lay_out(s);
        for (size_t i = 0; i < host->interface_count; i++)
                s->iif_count += sym_comes_in(s, i);
        s->lost = s->iif_count > 1u << SYM_IIF_BITS;
        sym_routes(s);
        return s;
}

void sym_ask(struct sym *s, int protocol, uint8_t ct)
{
        s->q.protocol = protocol;
        s->q.ct = ct;
        s->dropped = BDD_NONE;
        s->steps = 0;
}

void sym_free(struct sym *s)
{
        if (!s)
                return;
        for (size_t i = 0; i < s->choice_count; i++)
                free(s->choices[i].options);
        free(s->choices);
        free(s->atoms);
        free(s->batch);
        free(s->dests.list);
        bdd_free(s->b);
        free(s);
}

/* Lists. */

void sym_list_open(struct sym *s, struct sym_list *l)
{
        *l = (struct sym_list){ .prev = s->lists };
        s->lists = l;
}

void sym_list_close(struct sym *s, struct sym_list *l)
{
        s->lists = l->prev;
        free(l->states);
}

void sym_list_unlink(struct sym *s, struct sym_list *l)
{
        s->lists = l->prev;
        l->prev = NULL;
}

static bool same_changes(const struct sym_state *a, const struct sym_state *b)
{
        return memcmp(&a->now, &b->now, sizeof(a->now)) == 0;
}

void sym_drop(struct sym *s, zc_bdd packets)
{
        s->dropped = bdd_or(s->b, s->dropped, packets);
}

void sym_list_add(struct sym *s, struct sym_list *l, const struct sym_state *state)
{
        if (state->set == BDD_NONE)
                return;
        for (size_t i = 0; i < l->n; i++) {
                if (same_changes(&l->states[i], state)) {
                        l->states[i].set = bdd_or(s->b, l->states[i].set, state->set);
                        return;
                }
        }
        if (l->n == l->cap) {
                size_t cap = l->cap ? l->cap * 2 : 4;
                struct sym_state *more =
                        cap <= 4096 ? realloc(l->states, cap * sizeof(*more)) : NULL;

                if (!more) {
                        s->lost = true;
                        return;
                }
                l->states = more;
                l->cap = cap;
        }
        l->states[l->n++] = *state;
}

/* Memory. */

static void roots(void *ctx, bdd_root_fn root, void *to)
{
        struct sym *s = ctx;

        for (struct sym_list *l = s->lists; l; l = l->prev) {
                for (size_t i = 0; i < l->n; i++)
                        root(to, &l->states[i].set);
        }
        for (size_t i = 0; i < s->choice_count; i++) {
                for (size_t k = 0; k < s->choices[i].n; k++) {
                        root(to, &s->choices[i].options[k].may);
                        root(to, &s->choices[i].options[k].must);
                }
        }
        root(to, &s->dropped);
        root(to, &s->local);
        root(to, &s->unicast);
        root(to, &s->here);
        for (size_t i = 0; i < s->dests.n; i++)
                root(to, &s->dests.list[i].to);
}

void sym_collect(struct sym *s)
{
        if (bdd_used(s->b) < s->collect_at)
                return;
        bdd_collect(s->b, roots, s);
        s->collect_at = bdd_used(s->b) * 3 / 2 > COLLECT ? bdd_used(s->b) * 3 / 2 : COLLECT;
}
