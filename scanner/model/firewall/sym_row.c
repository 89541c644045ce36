/** One row of admits: parts of a set of packets as lists, and a packet that shows which rules decide. */
#include <string.h>

#include "sym_row.h"

void *row_keep(struct sym_row *r, size_t n, size_t size)
{
        void *p = zc_arena_array(r->arena, n ? n : 1, size);

        r->nomem |= !p;
        return p;
}

uint32_t row_number(const uint8_t *be)
{
        return (uint32_t)be[0] << 8 | be[1];
}

/* Lists. */

const struct zc_fw_span *row_spans(struct sym_row *r, const struct split_part *p, unsigned shift,
                                   size_t *count)
{
        struct zc_fw_span *out = row_keep(r, p->count, sizeof(*out));
        size_t n = 0;

        for (size_t i = 0; out && i < p->count; i++) {
                struct zc_fw_span one = { row_number(p->spans[i].lo) >> shift,
                                          row_number(p->spans[i].hi) >> shift };

                if (n &&
                    out[n - 1].hi + 1 >= one.lo) /* spans that differ in the bits shifted out */
                        out[n - 1].hi = one.hi > out[n - 1].hi ? one.hi : out[n - 1].hi;
                else
                        out[n++] = one;
        }
        *count = n;
        return out;
}

/** The longest aligned block that starts at lo and does not pass hi: its prefix length; *end is its last address. */
static unsigned block(const uint8_t *lo, const uint8_t *hi, unsigned bits, uint8_t *end)
{
        unsigned prefix = bits;

        memcpy(end, lo, 16);
        while (prefix > 0) {
                unsigned at = prefix - 1;
                uint8_t bit = (uint8_t)(0x80 >> at % 8);

                if (lo[at / 8] & bit)
                        break;
                end[at / 8] |= bit;
                if (memcmp(end, hi, bits / 8) > 0) {
                        end[at / 8] &= (uint8_t)~bit;
                        break;
                }
                prefix--;
        }
        return prefix;
}

bool row_next_address(uint8_t *addr, unsigned bits)
{
        for (unsigned i = bits / 8; i-- > 0;) {
                if (++addr[i] != 0)
                        return true;
        }
        return false;
}

bool row_step_back(uint8_t *addr, unsigned bits)
{
        for (unsigned i = bits / 8; i-- > 0;) {
                if (addr[i]-- != 0)
                        return true;
        }
        return false;
}

const struct zc_fw_cidr *row_cidrs(struct sym_row *r, const struct split_part *p, size_t *count,
                                   bool *cut)
{
        unsigned bits = r->s->at.addr_bits;
        struct zc_fw_cidr *out;
        size_t n = 0;

        *count = 0;
        for (size_t i = 0; i < p->count; i++) {
                uint8_t at[16], end[16];

                memcpy(at, p->spans[i].lo, 16);
                do {
                        if (n == LISTED) {
                                *cut = true;
                                return NULL;
                        }
                        memcpy(r->scratch[n].addr, at, 16);
                        r->scratch[n++].prefix = (uint8_t)block(at, p->spans[i].hi, bits, end);
                        memcpy(at, end, 16);
                } while (row_next_address(at, bits) && memcmp(end, p->spans[i].hi, bits / 8) < 0);
        }
        out = row_keep(r, n, sizeof(*out));
        if (out) {
                memcpy(out, r->scratch, n * sizeof(*out));
                *count = n;
        }
        return out;
}

bool row_everything(const struct split_part *p, unsigned bits)
{
        for (unsigned i = 0; i < (bits + 7) / 8; i++) {
                if (p->spans[0].lo[i] != 0 ||
                    p->spans[0].hi[i] !=
                            (uint8_t)(i * 8 + 8 <= bits ? 0xff : 0xff << (8 - bits % 8)))
                        return false;
        }
        return p->count == 1;
}

zc_bdd row_union(struct sym *s, const struct split_part *p, unsigned var, unsigned bits)
{
        zc_bdd out = BDD_NONE;

        for (size_t i = 0; i < p->count; i++)
                out = bdd_or(s->b, out, bdd_range(s->b, var, bits, p->spans[i].lo, p->spans[i].hi));
        return out;
}

/* The rules that decide: asked of the concrete evaluator for packets of the row. */

static bool within(const struct split_part *p, const uint8_t *addr, unsigned bits)
{
        for (size_t i = 0; i < p->count; i++) {
                if (memcmp(addr, p->spans[i].lo, bits / 8) >= 0 &&
                    memcmp(addr, p->spans[i].hi, bits / 8) <= 0)
                        return true;
        }
        return false;
}

/** An address of the part: an ordinary one where it can be. */
void row_pick(const struct sym_row *r, const struct split_part *p, uint8_t *out)
{
        static const uint8_t v4[] = { 203, 0, 113, 9 },
                             v6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 9 };
        unsigned bits = r->s->at.addr_bits;
        const uint8_t *usual = bits == 32 ? v4 : v6;

        if (within(p, usual, bits)) {
                memcpy(out, usual, bits / 8);
                return;
        }
        memcpy(out, p->spans[0].lo, 16);
        if (memcmp(p->spans[0].lo, p->spans[0].hi, bits / 8) != 0)
                (void)row_next_address(out, bits);
}

static bool own_address(const struct sym_row *r, uint32_t index, uint8_t *out)
{
        const struct zc_fw_host *host = r->s->host;

        for (int any = 0; any < 2; any++) {
                for (size_t i = 0; i < host->address_count; i++) {
                        const struct zc_fw_address *a = &host->addresses[i];

                        if (a->family == r->s->q.family && (any || a->interface == index) &&
                            a->addr[0] != 127 && a->addr[0] != 0xfe && a->addr[0] != 0) {
                                memcpy(out, a->addr, 16);
                                return true;
                        }
                }
        }
        return false;
}

static void add_via(struct zc_fw_admit *a, const struct zc_fw_via *via)
{
        for (size_t i = 0; i < a->via_count; i++) {
                if (a->via[i].chain == via->chain && a->via[i].handle == via->handle)
                        return;
        }
        if (a->via_count < ZC_FW_VIA_MAX)
                a->via[a->via_count++] = *via;
}

static void ask(struct sym_row *r, struct zc_fw_admit *a, struct zc_fw_packet *p)
{
        struct zc_fw_answer answer = { 0 };

        zc_fw_eval(r->machine, p, NULL, &answer);
        if (answer.outcome != ZC_FW_IS_ACCEPT)
                return;
        for (size_t i = 0; i < answer.via_count; i++)
                add_via(a, &answer.via[i]);
}

static void find_via(struct sym_row *r, struct zc_fw_admit *a)
{
        unsigned bytes = r->s->at.addr_bits / 8;
        const struct zc_fw_interface *iif =
                a->interface_count ? &r->s->host->interfaces[a->interfaces[0]] : NULL;
        struct zc_fw_packet p = { .family = (uint8_t)a->family,
                                  .ct = ZC_FW_CT_NEW,
                                  .ttl = 64,
                                  .flags = 2,
                                  .iif = iif ? iif->index : 0,
                                  .sport = 40000,
                                  .known = ZC_FW_KNOWN_ALL &
                                           ~(unsigned)(ZC_FW_KNOWN_TTL | ZC_FW_KNOWN_TOS |
                                                       ZC_FW_KNOWN_LENGTH) };

        if (!r->machine || !iif)
                return;
        p.protocol = (uint8_t)(a->protocol >= 0    ? (uint32_t)a->protocol
                               : a->protocol_count ? a->protocols[0].lo
                                                   : 132);
        if (a->source_port_count)
                p.sport = (uint16_t)a->source_ports[0].lo;
        if (a->icmp_type_count)
                p.type = (uint8_t)a->icmp_types[0].lo;
        if (r->has_dest)
                memcpy(p.daddr, r->dest, bytes);
        else if (!own_address(r, iif->index, p.daddr))
                return;

        bool listed = a->source_count && !a->sources_except;
        size_t sources = listed ? a->source_count : 1;

        for (size_t i = 0; i < (a->port_count ? a->port_count : 1) && i < 16; i++) {
                p.dport = a->port_count ? (uint16_t)a->ports[i].lo : 0;
                for (size_t k = 0; k < sources && k < 4; k++) {
                        memcpy(p.saddr, listed ? a->sources[k].addr : r->source, bytes);
                        ask(r, a, &p);
                }
        }
}

static bool room_for_row(struct sym_row *r)
{
        struct zc_fw_admits *out = r->out;

        if (out->count < out->cap)
                return true;

        size_t cap = out->cap ? out->cap * 2 : 64;
        struct zc_fw_admit *more = cap <= ROWS ? row_keep(r, cap, sizeof(*more)) : NULL;

        if (!more)
                return false;
        if (out->count)
                memcpy(more, out->rows, out->count * sizeof(*more));
        out->rows = more;
        out->cap = cap;
        return true;
}

void row_add(struct sym_row *r)
{
        struct zc_fw_admit *a;

        if (!room_for_row(r)) {
                r->nomem = true;
                return;
        }
        a = &r->out->rows[r->out->count++];
        *a = r->admit;
        if (r->coarse)
                a->sources_cut = a->destinations_cut = true;
        if (a->sources_cut || a->destinations_cut)
                a->certainty = ZC_FW_POSSIBLE;
        if (!r->coarse)
                find_via(r, a);
}
