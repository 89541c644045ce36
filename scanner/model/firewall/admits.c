/** What the ruleset admits: a question per family and protocol, its ends as rows. */
#include <netinet/in.h>
#include <string.h>

#include "sym.h"
#include "sym_rows.h"

struct asking {
        struct sym *s;
        const struct zc_fw_machine *machine;
        struct zc_arena *arena;
        struct zc_fw_admits *out;
        struct sym_list ends[2]; /* input, forward */
        zc_bdd sources;          /* that packets can have */
};

/** What tells rows apart: where the packets went in the end. Marks and the like no longer matter. */
static void normalise(struct sym_changes *now, enum zc_fw_hook hook)
{
        struct sym_changes kept = { .oif = hook == ZC_FW_FORWARD ? now->oif : 0,
                                    .oif_lost = hook == ZC_FW_FORWARD && now->oif_lost,
                                    .to_self = now->to_self,
                                    .dnat = now->dnat };

        if (now->dnat) {
                for (uint32_t i = 0; i < now->overs; i++) {
                        const struct sym_over *o = &now->over[i];

                        if (o->base == ZC_FW_BASE_TRANSPORT ||
                            (o->base == ZC_FW_BASE_NETWORK && o->offset >= 16))
                                kept.over[kept.overs++] = *o;
                }
        }
        *now = kept;
}

static void at_end(void *ctx, enum zc_fw_hook hook, const struct sym_state *state)
{
        struct asking *a = ctx;
        struct sym_state kept = *state;

        normalise(&kept.now, hook);
        sym_list_add(a->s, &a->ends[hook == ZC_FW_FORWARD], &kept);
}

static void translation(const struct sym_changes *now, enum zc_fw_family family,
                        struct zc_fw_admit *out)
{
        unsigned from = family == ZC_FW_IP ? 16 : 24, len = family == ZC_FW_IP ? 4 : 16, known = 0,
                 port = 0;

        out->translated = now->dnat;
        for (uint32_t i = 0; i < now->overs; i++) {
                const struct sym_over *o = &now->over[i];

                if (o->value < 0)
                        continue;
                if (o->base == ZC_FW_BASE_NETWORK && o->offset >= from && o->offset < from + len) {
                        out->address[o->offset - from] = (uint8_t)o->value;
                        known++;
                } else if (o->base == ZC_FW_BASE_TRANSPORT && (o->offset == 2 || o->offset == 3)) {
                        out->port |= (uint16_t)((unsigned)o->value << (o->offset == 2 ? 8 : 0));
                        port++;
                }
        }
        out->address_known = known == len;
        out->port_known = port == 2;
}

static bool rows(struct asking *a, const struct sym_state *end, enum zc_fw_hook hook,
                 enum zc_fw_certainty certainty, zc_bdd packets)
{
        struct sym *s = a->s;
        struct sym_rows_of what = { .packets = packets,
                                    .valid = a->sources,
                                    .admit = { .family = s->q.family,
                                               .hook = hook,
                                               .protocol = s->q.protocol,
                                               .certainty = certainty,
                                               .out = end->now.oif } };

        translation(&end->now, s->q.family, &what.admit);
        if (hook == ZC_FW_FORWARD || end->now.dnat) {
                what.everywhere =
                        end->now.dnat ? s->here : sym_way_to(s, end->now.oif, end->now.oif_lost);
                return sym_rows(s, a->machine, &what, a->arena, a->out);
        }
        what.everywhere = s->here;
        what.packets = bdd_and(s->b, packets, s->unicast);
        if (!sym_rows(s, a->machine, &what, a->arena, a->out))
                return false;
        if (s->q.protocol == IPPROTO_TCP || s->q.protocol == IPPROTO_SCTP)
                return true; /* which know neither */

        /* Multicast and broadcast: only what they admit beyond that. */
        size_t first = a->out->count;

        what.everywhere = BDD_NONE;
        what.packets = bdd_diff(s->b, packets, s->unicast);
        return sym_rows(s, a->machine, &what, a->arena, a->out) &&
               (sym_rows_drop_covered(a->out, first), true);
}

/** Packets that arrive in more than one way: none of the ways is certain. */
static zc_bdd several_ways(const struct asking *a)
{
        zc_bdd once = BDD_NONE, twice = BDD_NONE;

        for (unsigned f = 0; f < 2; f++) {
                for (size_t i = 0; i < a->ends[f].n; i++) {
                        zc_bdd set = a->ends[f].states[i].set;

                        twice = bdd_or(a->s->b, twice, bdd_and(a->s->b, once, set));
                        once = bdd_or(a->s->b, once, set);
                }
        }
        return twice;
}

static void ask(struct asking *a)
{
        zc_bdd unsure = bdd_or(a->s->b, a->s->dropped, several_ways(a));

        a->sources = sym_valid_sources(a->s);

        for (unsigned f = 0; f < 2; f++) {
                enum zc_fw_hook hook = f ? ZC_FW_FORWARD : ZC_FW_INPUT;
                size_t before = a->out->count;

                for (size_t i = 0; i < a->ends[f].n; i++) {
                        struct sym_state *e = &a->ends[f].states[i];

                        if (!rows(a, e, hook, ZC_FW_CERTAIN, bdd_diff(a->s->b, e->set, unsure)) ||
                            !rows(a, e, hook, ZC_FW_POSSIBLE, bdd_and(a->s->b, e->set, unsure)) ||
                            bdd_full(a->s->b)) {
                                a->out->unknown[a->s->q.family == ZC_FW_IP6][f] = true;
                                a->out->count = before;
                                break;
                        }
                }
        }
}

static bool one_question(const struct zc_fw_ruleset *rs, const struct zc_fw_host *host,
                         const struct sym_question *q, struct asking *a)
{
        struct sym *s = sym_new(rs, host, q);

        if (!s)
                return false;
        a->s = s;
        s->ended = at_end;
        s->ctx = a;
        sym_list_open(s, &a->ends[0]);
        sym_list_open(s, &a->ends[1]);
        sym_walk(s);
        if (s->lost)
                a->out->unknown[q->family == ZC_FW_IP6][0] =
                        a->out->unknown[q->family == ZC_FW_IP6][1] = true;
        else
                ask(a);
        sym_list_close(s, &a->ends[1]);
        sym_list_close(s, &a->ends[0]);
        sym_free(s);
        return true;
}

bool zc_fw_admits(const struct zc_fw_ruleset *rs, const struct zc_fw_host *host,
                  const struct zc_fw_machine *machine, enum zc_fw_extent extent,
                  struct zc_arena *arena, struct zc_fw_admits *out, struct zc_err *err)
{
        static const uint8_t told[][4] = { { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP },
                                           { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP,
                                             IPPROTO_ICMPV6 } };
        size_t questions = extent == ZC_FW_TCP_AND_UDP ? 2 : ZC_COUNT(told[0]) + 1;
        struct asking a = { .machine = machine, .arena = arena, .out = out };

        *out = (struct zc_fw_admits){ 0 };
        for (unsigned f = 0; f < 2; f++) {
                for (size_t i = 0; i < questions; i++) {
                        struct sym_question q = { .family = f ? ZC_FW_IP6 : ZC_FW_IP,
                                                  .protocol = i < ZC_COUNT(told[f])
                                                                      ? told[f][i]
                                                                      : ZC_FW_OTHER_PROTOCOLS,
                                                  .but = told[f],
                                                  .but_count = ZC_COUNT(told[f]),
                                                  .ct = ZC_FW_CT_NEW,
                                                  .syn = true };

                        if (!one_question(rs, host, &q, &a))
                                return zc_fail(err, ZC_E_NOMEM, "what the firewall admits");
                }
        }
        for (size_t i = 0; i < out->count && zc_fw_decides(rs); i++)
                out->rows[i].certainty =
                        ZC_FW_POSSIBLE; /* what stands beside the model undoes no drop */
        return true;
}
