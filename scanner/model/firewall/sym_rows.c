/** From sets of packets to rows: one field after the other, values that lead to the same remainder together. */
#include <stdlib.h>
#include <string.h>

#include "sym_row.h"
#include "sym_rows.h"

/* From the last field to the first. */

static void by_sets(struct sym_row *r, zc_bdd f)
{
        struct zc_fw_in_set sets[SYM_ATOMS], *kept;
        unsigned var = bdd_var(r->s->b, f);
        size_t had = r->admit.set_count;

        if (f == BDD_NONE || r->nomem)
                return;
        if (f == BDD_ALL) {
                row_add(r);
                return;
        }
        if (had)
                memcpy(sets, r->admit.sets, had * sizeof(*sets));
        for (unsigned in = 0; in < 2 && had < SYM_ATOMS; in++) {
                const struct zc_fw_in_set *before = r->admit.sets;

                kept = row_keep(r, had + 1, sizeof(*kept));
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
static const struct zc_fw_span *types_of(struct sym_row *r, const struct split_part *p, bool whole,
                                         size_t *count)
{
        struct zc_fw_span *out = row_keep(r, 256, sizeof(*out));
        size_t n = 0;

        for (uint32_t type = 0; out && type < 256; type++) {
                uint32_t codes = 0, first = type << 8, last = first | 0xff;

                for (size_t i = 0; i < p->count; i++) {
                        uint32_t lo = row_number(p->spans[i].lo), hi = row_number(p->spans[i].hi);

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
static void by_type(struct sym_row *r, const struct split_part *p)
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

static void by_sport(struct sym_row *r, zc_bdd f)
{
        struct split split;

        split_field(r->s->b, f, r->s->at.sport, 16, &split);
        r->nomem |= split.nomem || split.cut;
        for (size_t i = 0; i < split.count && !r->nomem; i++) {
                const struct split_part *p = &split.parts[i];

                r->admit.source_port_count = r->admit.icmp_type_count = 0;
                if (!row_everything(p, 16) && sym_is_icmp(r->admit.protocol)) {
                        by_type(r, p);
                        continue;
                }
                if (!row_everything(p, 16))
                        r->admit.source_ports = row_spans(r, p, 0, &r->admit.source_port_count);
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
                        (void)row_step_back(s->hi, bits);
                        memcpy(at, p->spans[i].hi, 16);
                        out->count += memcmp(p->spans[i].lo, s->lo, bits / 8) > 0;
                        if (!row_next_address(at, bits))
                                break; /* it ends with the last address */
                } else {
                        out->count++;
                }
        }
        return true;
}

/** The sources as the shorter list: who may, or who may not. */
static void sources_of(struct sym_row *r, const struct split_part *p)
{
        struct zc_fw_admit *a = &r->admit;
        struct split_part others;
        size_t except = 0;
        bool cut = false;

        a->sources = row_cidrs(r, p, &a->source_count, &a->sources_cut);
        if (!turned_over(p, r->s->at.addr_bits, &others)) {
                r->nomem = true;
                return;
        }

        const struct zc_fw_cidr *list = row_cidrs(r, &others, &except, &cut);

        if (!cut && except && (a->sources_cut || except < a->source_count)) {
                a->sources = list;
                a->source_count = except;
                a->sources_except = true;
                a->sources_cut = false;
        }
        free(others.spans);
}

static void by_destination(struct sym_row *r, zc_bdd f)
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
                    bdd_diff(r->s->b, r->everywhere, row_union(r->s, p, r->s->at.daddr, bits)) !=
                            BDD_NONE ||
                    r->everywhere == BDD_NONE) {
                        if (!split.cut)
                                r->admit.destinations = row_cidrs(r, p, &r->admit.destination_count,
                                                                  &r->admit.destinations_cut);
                }
                if (r->admit.hook == ZC_FW_FORWARD || r->admit.destination_count) {
                        row_pick(r, p, r->dest);
                        r->has_dest = true;
                }
                by_sport(r, p->rest);
        }
        split_release(&split);
}

/** The part with, or without, sources that no packet has, where it is said more shortly so; false when it has no others. */
static bool told_shortly(struct sym_row *r, const struct split_part *p, struct split *out)
{
        unsigned bits = r->s->at.addr_bits, var = r->s->at.saddr;
        zc_bdd own = row_union(r->s, p, var, bits);
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

static void one_source(struct sym_row *r, const struct split_part *p, bool cut)
{
        unsigned bits = r->s->at.addr_bits;
        uint8_t source[16] = { 0 };
        struct split shorter = { 0 };
        const struct split_part *told = p;
        bool any = row_everything(p, bits);

        if (!any && !cut && !told_shortly(r, p, &shorter))
                return;
        if (shorter.count)
                told = &shorter.parts[0];
        r->admit.source_count = 0;
        r->admit.sources = NULL;
        r->admit.sources_cut = cut;
        r->admit.sources_except = false;
        if (!row_everything(told, bits) && !cut)
                sources_of(r, told);
        row_pick(r, p, source);
        r->source = source;
        by_destination(r, p->rest);
        r->source = NULL;
        split_release(&shorter);
}

static void by_source(struct sym_row *r, zc_bdd f)
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

static void items_of(struct sym_row *r, zc_bdd from, zc_bdd f, struct items *l)
{
        struct split ports;

        split_field(r->s->b, f, r->s->at.dport, 16, &ports);
        r->nomem |= ports.nomem || ports.cut;
        for (size_t i = 0; i < ports.count; i++) {
                for (size_t k = 0; k < ports.parts[i].count; k++) {
                        const struct split_span *span = &ports.parts[i].spans[k];
                        struct item item = { r->coarse ? BDD_ALL : ports.parts[i].rest, from,
                                             row_number(span->lo), row_number(span->hi) };

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
static bool overlay(struct sym_row *r, const struct item *in, size_t n, struct items *out)
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

static void interfaces_of(struct sym_row *r, zc_bdd from)
{
        const struct zc_fw_host *host = r->s->host;
        uint32_t *out = row_keep(r, host->interface_count, sizeof(*out));
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
static void rows_of(struct sym_row *r, const struct item *in, size_t n)
{
        struct zc_fw_span *ports = row_keep(r, n, sizeof(*ports));
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

static void by_interface_and_port(struct sym_row *r, zc_bdd f)
{
        struct split split;
        struct items items = { 0 }, cut = { 0 };

        split_field(r->s->b, f, r->s->at.iif, SYM_IIF_BITS, &split);
        for (size_t i = 0; i < split.count; i++)
                items_of(r, row_union(r->s, &split.parts[i], r->s->at.iif, SYM_IIF_BITS),
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

static void by_protocol(struct sym_row *r, zc_bdd f)
{
        struct split split;

        if (r->admit.protocol >= 0) {
                by_interface_and_port(r, f);
                return;
        }
        split_field(r->s->b, f, r->s->at.proto, 8, &split);
        r->nomem |= split.nomem;
        for (size_t i = 0; i < split.count && !r->nomem; i++) {
                struct zc_fw_span *out = row_keep(r, split.parts[i].count, sizeof(*out));

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
        struct sym_row r = { .s = s,
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
