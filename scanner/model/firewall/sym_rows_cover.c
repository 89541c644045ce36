/** Rows that other rows say already. */
#include <string.h>

#include "sym_rows.h"

static bool same_bytes(const void *a, const void *b, size_t n)
{
        return n == 0 || memcmp(a, b, n) == 0;
}

static bool within_spans(const struct zc_fw_span *in, size_t n, const struct zc_fw_span *of,
                         size_t m)
{
        for (size_t i = 0; i < n; i++) {
                bool found = false;

                for (size_t k = 0; k < m; k++)
                        found |= in[i].lo >= of[k].lo && in[i].hi <= of[k].hi;
                if (!found)
                        return false;
        }
        return true;
}

static bool covers(const struct zc_fw_admit *a, const struct zc_fw_admit *b)
{
        if (a->family != b->family || a->hook != b->hook || a->protocol != b->protocol ||
            a->translated || a->destination_count || a->set_count || a->sources_cut)
                return false;
        return within_spans(b->ports, b->port_count, a->ports, a->port_count) &&
               (a->source_count == 0 ||
                (a->source_count == b->source_count && a->sources_except == b->sources_except &&
                 same_bytes(a->sources, b->sources, a->source_count * sizeof(*a->sources)))) &&
               (a->source_port_count == 0 ||
                (b->source_port_count && within_spans(b->source_ports, b->source_port_count,
                                                      a->source_ports, a->source_port_count))) &&
               (a->icmp_type_count == 0 ||
                (b->icmp_type_count && within_spans(b->icmp_types, b->icmp_type_count,
                                                    a->icmp_types, a->icmp_type_count))) &&
               (a->interface_count >= b->interface_count);
}

void sym_rows_drop_covered(struct zc_fw_admits *out, size_t first)
{
        size_t kept = first;

        for (size_t i = first; i < out->count; i++) {
                bool said = false;

                for (size_t k = 0; k < first && !said; k++)
                        said = covers(&out->rows[k], &out->rows[i]);
                if (!said)
                        out->rows[kept++] = out->rows[i];
        }
        out->count = kept;
}
