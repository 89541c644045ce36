/** From sets of packets to rows: one field after the other, values that lead to the same remainder together. */
#include <stdlib.h>
#include <string.h>

#include "split.h"
#include "sym.h"
#include "sym_rows.h"

#define LISTED 1024 /* addresses of a row */
#define ROWS 2048   /* of all */

/** A row under construction, and a packet of it. */
struct row {
        struct sym *s;
        const struct zc_fw_machine *machine;
        struct zc_arena *arena;
        struct zc_fw_admits *out;
        struct zc_fw_admit admit;
        zc_bdd everywhere;     /* destinations that need no listing */
        zc_bdd valid;          /* sources that there are */
        const uint8_t *source; /* of a packet of the row; NULL: any */
        uint8_t dest[16];
        bool has_dest, nomem;
        bool coarse;                /* too many rows: ports and interfaces only */
        struct zc_fw_cidr *scratch; /* LISTED of them */
};

static void *keep(struct row *r, size_t n, size_t size)
{
        void *p = zc_arena_array(r->arena, n ? n : 1, size);

        r->nomem |= !p;
        return p;
}

static uint32_t number(const uint8_t *be)
{
        return (uint32_t)be[0] << 8 | be[1];
}

/* Lists. */

static const struct zc_fw_span *spans_of(struct row *r, const struct split_part *p, unsigned shift,
                                         size_t *count)
{
        struct zc_fw_span *out = keep(r, p->count, sizeof(*out));
        size_t n = 0;

        for (size_t i = 0; out && i < p->count; i++) {
                struct zc_fw_span one = { number(p->spans[i].lo) >> shift,
                                          number(p->spans[i].hi) >> shift };

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

static bool next_address(uint8_t *addr, unsigned bits)
{
        for (unsigned i = bits / 8; i-- > 0;) {
                if (++addr[i] != 0)
                        return true;
        }
        return false;
}

static bool step_back(uint8_t *addr, unsigned bits)
{
        for (unsigned i = bits / 8; i-- > 0;) {
                if (addr[i]-- != 0)
                        return true;
        }
        return false;
}

static const struct zc_fw_cidr *cidrs_of(struct row *r, const struct split_part *p, size_t *count,
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
                } while (next_address(at, bits) && memcmp(end, p->spans[i].hi, bits / 8) < 0);
        }
        out = keep(r, n, sizeof(*out));
        if (out) {
                memcpy(out, r->scratch, n * sizeof(*out));
                *count = n;
        }
        return out;
}

static bool is_everything(const struct split_part *p, unsigned bits)
{
        for (unsigned i = 0; i < (bits + 7) / 8; i++) {
                if (p->spans[0].lo[i] != 0 ||
                    p->spans[0].hi[i] !=
                            (uint8_t)(i * 8 + 8 <= bits ? 0xff : 0xff << (8 - bits % 8)))
                        return false;
        }
        return p->count == 1;
}

static zc_bdd union_of(struct sym *s, const struct split_part *p, unsigned var, unsigned bits)
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
static void pick(const struct row *r, const struct split_part *p, uint8_t *out)
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
                (void)next_address(out, bits);
}

static bool own_address(const struct row *r, uint32_t index, uint8_t *out)
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

static void ask(struct row *r, struct zc_fw_admit *a, struct zc_fw_packet *p)
{
        struct zc_fw_answer answer = { 0 };

        zc_fw_eval(r->machine, p, NULL, &answer);
        if (answer.outcome != ZC_FW_IS_ACCEPT)
                return;
        for (size_t i = 0; i < answer.via_count; i++)
                add_via(a, &answer.via[i]);
}

static void find_via(struct row *r, struct zc_fw_admit *a)
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

static bool room_for_row(struct row *r)
{
        struct zc_fw_admits *out = r->out;

        if (out->count < out->cap)
                return true;

        size_t cap = out->cap ? out->cap * 2 : 64;
        struct zc_fw_admit *more = cap <= ROWS ? keep(r, cap, sizeof(*more)) : NULL;

        if (!more)
                return false;
        if (out->count)
                memcpy(more, out->rows, out->count * sizeof(*more));
        out->rows = more;
        out->cap = cap;
        return true;
}

static void add_row(struct row *r)
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

/* From the last field to the first. */

static void by_sets(struct row *r, zc_bdd f)
{
        struct zc_fw_in_set sets[SYM_ATOMS], *kept;
        unsigned var = bdd_var(r->s->b, f);
        size_t had = r->admit.set_count;

        if (f == BDD_NONE || r->nomem)
                return;
        if (f == BDD_ALL) {
                add_row(r);
                return;
        }
        if (had)
                memcpy(sets, r->admit.sets, had * sizeof(*sets));
        for (unsigned in = 0; in < 2 && had < SYM_ATOMS; in++) {
                const struct zc_fw_in_set *before = r->admit.sets;

                kept = keep(r, had + 1, sizeof(*kept));
                if (!kept)
                        return;
                if (had)
                        memcpy(kept, sets, had * sizeof(*kept));
                kept[had] = (struct zc_fw_in_set){ r->s->atoms[var - r->s->at.atoms].set, in != 0 };
                r->admit.sets = kept;
                r->admit.set_count = had + 1;
                by_sets(r, in ? bdd_high(r->s->b, f) : bdd_low(r->s->b, f));
                r->admit.sets = before;
                r->admit.set_count = had;
        }
}

/** Types of which all codes, or only some, are in the part. */
static const struct zc_fw_span *types_of(struct row *r, const struct split_part *p, bool whole,
                                         size_t *count)
{
        struct zc_fw_span *out = keep(r, 256, sizeof(*out));
        size_t n = 0;

        for (uint32_t type = 0; out && type < 256; type++) {
                uint32_t codes = 0, first = type << 8, last = first | 0xff;

                for (size_t i = 0; i < p->count; i++) {
                        uint32_t lo = number(p->spans[i].lo), hi = number(p->spans[i].hi);

                        if (lo <= last && hi >= first)
                                codes += (hi < last ? hi : last) - (lo > first ? lo : first) + 1;
                }
                if (codes == 0 || (codes == 256) != whole)
                        continue;
                if (n && out[n - 1].hi + 1 == type)
                        out[n - 1].hi = type;
                else
                        out[n++] = (struct zc_fw_span){ type, type };
        }
        *count = n;
        return out;
}

/** A row names types, not codes: where only some codes pass, the type is only possible. */
static void by_type(struct row *r, const struct split_part *p)
{
        enum zc_fw_certainty was = r->admit.certainty;

        for (int whole = 1; whole >= 0; whole--) {
                r->admit.icmp_types = types_of(r, p, whole, &r->admit.icmp_type_count);
                r->admit.certainty = whole ? was : ZC_FW_POSSIBLE;
                if (r->admit.icmp_type_count)
                        by_sets(r, p->rest);
        }
        r->admit.certainty = was;
}

static void by_sport(struct row *r, zc_bdd f)
{
        struct split split;

        split_field(r->s->b, f, r->s->at.sport, 16, &split);
        r->nomem |= split.nomem || split.cut;
        for (size_t i = 0; i < split.count && !r->nomem; i++) {
                const struct split_part *p = &split.parts[i];

                r->admit.source_port_count = r->admit.icmp_type_count = 0;
                if (!is_everything(p, 16) && sym_is_icmp(r->admit.protocol)) {
                        by_type(r, p);
                        continue;
                }
                if (!is_everything(p, 16))
                        r->admit.source_ports = spans_of(r, p, 0, &r->admit.source_port_count);
                by_sets(r, p->rest);
        }
        split_release(&split);
}

/** Who else: the values between the part's. */
static bool turned_over(const struct split_part *p, unsigned bits, struct split_part *out)
{
        uint8_t at[16] = { 0 };

        *out = (struct split_part){ .spans = calloc(p->count + 1, sizeof(*out->spans)) };
        if (!out->spans)
                return false;
        for (size_t i = 0; i <= p->count; i++) {
                struct split_span *s = &out->spans[out->count];

                memcpy(s->lo, at, 16);
                memset(s->hi, 0xff, bits / 8);
                if (i < p->count) {
                        memcpy(s->hi, p->spans[i].lo, 16);
                        (void)step_back(s->hi, bits);
                        memcpy(at, p->spans[i].hi, 16);
                        out->count += memcmp(p->spans[i].lo, s->lo, bits / 8) > 0;
                        if (!next_address(at, bits))
                                break; /* it ends with the last address */
                } else {
                        out->count++;
                }
        }
        return true;
}

/** The sources as the shorter list: who may, or who may not. */
static void sources_of(struct row *r, const struct split_part *p)
{
        struct zc_fw_admit *a = &r->admit;
        struct split_part others;
        size_t except = 0;
        bool cut = false;

        a->sources = cidrs_of(r, p, &a->source_count, &a->sources_cut);
        if (!turned_over(p, r->s->at.addr_bits, &others)) {
                r->nomem = true;
                return;
        }

        const struct zc_fw_cidr *list = cidrs_of(r, &others, &except, &cut);

        if (!cut && except && (a->sources_cut || except < a->source_count)) {
                a->sources = list;
                a->source_count = except;
                a->sources_except = true;
                a->sources_cut = false;
        }
        free(others.spans);
}

static void by_destination(struct row *r, zc_bdd f)
{
        unsigned bits = r->s->at.addr_bits;
        struct split split;

        split_field(r->s->b, f, r->s->at.daddr, bits, &split);
        r->nomem |= split.nomem;
        for (size_t i = 0; i < split.count && !r->nomem; i++) {
                const struct split_part *p = &split.parts[i];

                r->admit.destination_count = 0;
                r->admit.destinations = NULL;
                r->admit.destinations_cut = split.cut;
                r->has_dest = false;
                if (split.cut ||
                    bdd_diff(r->s->b, r->everywhere, union_of(r->s, p, r->s->at.daddr, bits)) !=
                            BDD_NONE ||
                    r->everywhere == BDD_NONE) {
                        if (!split.cut)
                                r->admit.destinations = cidrs_of(r, p, &r->admit.destination_count,
                                                                 &r->admit.destinations_cut);
                }
                if (r->admit.hook == ZC_FW_FORWARD || r->admit.destination_count) {
                        pick(r, p, r->dest);
                        r->has_dest = true;
                }
                by_sport(r, p->rest);
        }
        split_release(&split);
}

/** The part with, or without, sources that no packet has, where it is said more shortly so; false when it has no others. */
static bool told_shortly(struct row *r, const struct split_part *p, struct split *out)
{
        unsigned bits = r->s->at.addr_bits, var = r->s->at.saddr;
        zc_bdd own = union_of(r->s, p, var, bits);
        zc_bdd others[] = { bdd_or(r->s->b, own, r->valid ^ 1), bdd_and(r->s->b, own, r->valid) };
        size_t shortest = p->count;

        *out = (struct split){ 0 };
        for (size_t i = 0; i < 2; i++) {
                struct split one;

                split_field(r->s->b, others[i], var, bits, &one);
                if (!one.cut && !one.nomem && one.count == 1 && one.parts[0].count < shortest) {
                        shortest = one.parts[0].count;
                        split_release(out);
                        *out = one;
                } else {
                        split_release(&one);
                }
        }
        return others[1] != BDD_NONE;
}

static void one_source(struct row *r, const struct split_part *p, bool cut)
{
        unsigned bits = r->s->at.addr_bits;
        uint8_t source[16] = { 0 };
        struct split shorter = { 0 };
        const struct split_part *told = p;
        bool any = is_everything(p, bits);

        if (!any && !cut && !told_shortly(r, p, &shorter))
                return;
        if (shorter.count)
                told = &shorter.parts[0];
        r->admit.source_count = 0;
        r->admit.sources = NULL;
        r->admit.sources_cut = cut;
        r->admit.sources_except = false;
        if (!is_everything(told, bits) && !cut)
                sources_of(r, told);
        pick(r, p, source);
        r->source = source;
        by_destination(r, p->rest);
        r->source = NULL;
        split_release(&shorter);
}

static void by_source(struct row *r, zc_bdd f)
{
        struct split split;

        split_field(r->s->b, f, r->s->at.saddr, r->s->at.addr_bits, &split);
        r->nomem |= split.nomem;
        for (size_t i = 0; i < split.count && !r->nomem; i++)
                one_source(r, &split.parts[i], split.cut);
        split_release(&split);
}

/* Ports and interfaces together: the same remainder for some ports over some interfaces. */

struct item {
        zc_bdd rest, from; /* from: the interfaces */
        uint32_t lo, hi;
};
struct items {
        struct item *list;
        size_t n, cap;
};

static bool add_item(struct items *l, const struct item *item)
{
        if (l->n == l->cap) {
                size_t cap = l->cap ? l->cap * 2 : 64;
                struct item *more = realloc(l->list, cap * sizeof(*more));

                if (!more)
                        return false;
                l->list = more;
                l->cap = cap;
        }
        l->list[l->n++] = *item;
        return true;
}

static void items_of(struct row *r, zc_bdd from, zc_bdd f, struct items *l)
{
        struct split ports;

        split_field(r->s->b, f, r->s->at.dport, 16, &ports);
        r->nomem |= ports.nomem || ports.cut;
        for (size_t i = 0; i < ports.count; i++) {
                for (size_t k = 0; k < ports.parts[i].count; k++) {
                        const struct split_span *span = &ports.parts[i].spans[k];
                        struct item item = { r->coarse ? BDD_ALL : ports.parts[i].rest, from,
                                             number(span->lo), number(span->hi) };

                        r->nomem |= !add_item(l, &item);
                }
        }
        split_release(&ports);
}

static int by_rest(const void *a, const void *b)
{
        const struct item *x = a, *y = b;

        if (x->rest != y->rest)
                return x->rest < y->rest ? -1 : 1;
        return x->lo < y->lo ? -1 : x->lo > y->lo;
}

static int by_from(const void *a, const void *b)
{
        const struct item *x = a, *y = b;

        if (x->from != y->from)
                return x->from < y->from ? -1 : 1;
        return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/** Items of one remainder, cut where one of them begins or ends: who leads there at each port. */
static bool overlay(struct row *r, const struct item *in, size_t n, struct items *out)
{
        uint32_t at = 0;
        size_t first = 0; /* those before it are over */

        while (at <= UINT16_MAX) {
                uint32_t next = UINT16_MAX + 1;
                struct item one = { .rest = in[0].rest, .from = BDD_NONE, .lo = at };

                while (first < n && in[first].hi < at)
                        first++;
                for (size_t i = first; i < n; i++) {
                        if (in[i].lo > at) {
                                next = in[i].lo < next ? in[i].lo : next;
                                break; /* sorted by lo */
                        }
                        if (in[i].hi < at)
                                continue;
                        one.from = bdd_or(r->s->b, one.from, in[i].from);
                        next = in[i].hi + 1 < next ? in[i].hi + 1 : next;
                }
                one.hi = next - 1;
                if (one.from != BDD_NONE && !add_item(out, &one))
                        return false;
                at = next;
        }
        return true;
}

static void interfaces_of(struct row *r, zc_bdd from)
{
        const struct zc_fw_host *host = r->s->host;
        uint32_t *out = keep(r, host->interface_count, sizeof(*out));
        size_t n = 0;

        for (size_t i = 0, number_of = 0; out && i < host->interface_count; i++) {
                if (!sym_comes_in(r->s, i))
                        continue;
                if (bdd_and(r->s->b, from, sym_iif(r->s, number_of++)) != BDD_NONE)
                        out[n++] = (uint32_t)i;
        }
        r->admit.interfaces = out;
        r->admit.interface_count = n;
}

/** Items of one remainder and one set of interfaces are one row's ports. */
static void rows_of(struct row *r, const struct item *in, size_t n)
{
        struct zc_fw_span *ports = keep(r, n, sizeof(*ports));
        size_t count = 0;

        for (size_t i = 0; ports && i < n; i++) {
                if (count && ports[count - 1].hi + 1 == in[i].lo)
                        ports[count - 1].hi = in[i].hi;
                else
                        ports[count++] = (struct zc_fw_span){ in[i].lo, in[i].hi };
        }
        r->admit.ports = ports;
        r->admit.port_count = r->admit.protocol >= 0 && !sym_is_icmp(r->admit.protocol) ? count : 0;
        interfaces_of(r, in[0].from);
        if (!r->nomem)
                by_source(r, in[0].rest);
}

static void by_interface_and_port(struct row *r, zc_bdd f)
{
        struct split split;
        struct items items = { 0 }, cut = { 0 };

        split_field(r->s->b, f, r->s->at.iif, SYM_IIF_BITS, &split);
        for (size_t i = 0; i < split.count; i++)
                items_of(r, union_of(r->s, &split.parts[i], r->s->at.iif, SYM_IIF_BITS),
                         split.parts[i].rest, &items);
        if (items.n)
                qsort(items.list, items.n, sizeof(*items.list), by_rest);
        for (size_t i = 0, k; i < items.n && !r->nomem; i = k) {
                for (k = i; k < items.n && items.list[k].rest == items.list[i].rest; k++)
                        continue;
                cut.n = 0;
                r->nomem |= !overlay(r, items.list + i, k - i, &cut);
                if (cut.n)
                        qsort(cut.list, cut.n, sizeof(*cut.list), by_from);
                for (size_t a = 0, e; a < cut.n && !r->nomem; a = e) {
                        for (e = a; e < cut.n && cut.list[e].from == cut.list[a].from; e++)
                                continue;
                        rows_of(r, cut.list + a, e - a);
                }
        }
        free(items.list);
        free(cut.list);
        split_release(&split);
}

static void by_protocol(struct row *r, zc_bdd f)
{
        struct split split;

        if (r->admit.protocol >= 0) {
                by_interface_and_port(r, f);
                return;
        }
        split_field(r->s->b, f, r->s->at.proto, 8, &split);
        r->nomem |= split.nomem;
        for (size_t i = 0; i < split.count && !r->nomem; i++) {
                struct zc_fw_span *out = keep(r, split.parts[i].count, sizeof(*out));

                for (size_t k = 0; out && k < split.parts[i].count; k++)
                        out[k] = (struct zc_fw_span){ split.parts[i].spans[k].lo[0],
                                                      split.parts[i].spans[k].hi[0] };
                r->admit.protocols = out;
                r->admit.protocol_count = split.parts[i].count;
                by_interface_and_port(r, split.parts[i].rest);
        }
        split_release(&split);
}

bool sym_rows(struct sym *s, const struct zc_fw_machine *machine, const struct sym_rows_of *what,
              struct zc_arena *arena, struct zc_fw_admits *out)
{
        struct row r = { .s = s,
                         .machine = machine,
                         .arena = arena,
                         .out = out,
                         .everywhere = what->everywhere,
                         .valid = what->valid,
                         .admit = what->admit };
        size_t before = out->count;

        r.scratch = calloc(LISTED, sizeof(*r.scratch));
        r.nomem = !r.scratch;
        if (!r.nomem)
                by_protocol(&r, what->packets);
        if (r.nomem && r.scratch) { /* in less detail, then */
                out->count = before;
                r.admit = what->admit;
                r.nomem = false;
                r.coarse = true;
                by_protocol(&r, what->packets);
        }
        free(r.scratch);
        return !r.nomem;
}
