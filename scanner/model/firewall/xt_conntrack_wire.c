/** iptables' matches on connection tracking: conntrack in its three revisions, and state. */
#include "xt.h"

#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_state.h>

static const uint8_t zeros[16];

enum { NO_ENTRY = ZC_FW_CT_INVALID | ZC_FW_CT_UNTRACKED };

/* The bits of states are nft's, but for untracked. */
static uint32_t states_of(uint32_t mask)
{
        uint32_t known = ZC_FW_CT_INVALID | ZC_FW_CT_ESTABLISHED | ZC_FW_CT_RELATED | ZC_FW_CT_NEW;

        return (mask & known) | (mask & XT_CONNTRACK_STATE_UNTRACKED ? ZC_FW_CT_UNTRACKED : 0);
}

static uint32_t status_of(uint32_t mask)
{
        return (mask & XT_CONNTRACK_STATE_SNAT ? FW_IPS_SRC_NAT : 0u) |
               (mask & XT_CONNTRACK_STATE_DNAT ? FW_IPS_DST_NAT : 0u);
}

static void ct_state(struct xt *x, uint32_t states, uint32_t status, bool invert)
{
        if (status &&
            (invert ||
             (states &
              NO_ENTRY))) { /* "one of the states, or translated" of packets that may have no entry */
                xt_maybe(x);
                return;
        }
        if (status && !states) { /* a translated packet has a state, whichever */
                xt_ct(x, FW_CT_STATUS, ZC_FW_NO_SLOT, XT_SLOT);
                xt_bits_of_number(x, XT_SLOT, status);
                xt_equals(x, zeros, 4, true);
                return;
        }
        xt_ct(x, FW_CT_STATE, ZC_FW_NO_SLOT, XT_SLOT);
        xt_bits_of_number(x, XT_SLOT, states);
        if (status) {
                xt_ct(x, FW_CT_STATUS, ZC_FW_NO_SLOT, XT_SECOND);
                xt_bits_of_number(x, XT_SECOND, status);
                xt_combine(x, ZC_FW_BIT_OR, XT_SLOT, XT_SECOND);
        }
        xt_equals(x, zeros, 4, !invert);
}

static void ct_address(struct xt *x, unsigned key, unsigned dir, const union nf_inet_addr *addr,
                       const union nf_inet_addr *mask, bool invert)
{
        uint8_t want[16];
        unsigned n = x->six ? 16 : 4;

        memcpy(want, addr, sizeof(want));
        for (unsigned i = 0; i < n; i++)
                want[i] &= ((const uint8_t *)mask)[i];
        xt_ct(x, key, dir, XT_SLOT);
        xt_mask_xor(x, XT_SLOT, mask, zeros, n);
        xt_equals(x, want, n, invert);
}

static void ct_addresses(struct xt *x, const struct xt_conntrack_mtinfo3 *i)
{
        const struct {
                uint16_t flag;
                uint8_t key, dir;
                const union nf_inet_addr *addr, *mask;
        } rows[] = {
                { XT_CONNTRACK_ORIGSRC, FW_CT_SRC, 0, &i->origsrc_addr, &i->origsrc_mask },
                { XT_CONNTRACK_ORIGDST, FW_CT_DST, 0, &i->origdst_addr, &i->origdst_mask },
                { XT_CONNTRACK_REPLSRC, FW_CT_SRC, 1, &i->replsrc_addr, &i->replsrc_mask },
                { XT_CONNTRACK_REPLDST, FW_CT_DST, 1, &i->repldst_addr, &i->repldst_mask },
        };

        for (size_t r = 0; r < ZC_COUNT(rows); r++) {
                if (i->match_flags & rows[r].flag)
                        ct_address(x, rows[r].key, rows[r].dir, rows[r].addr, rows[r].mask,
                                   i->invert_flags & rows[r].flag);
        }
}

static void ct_ports(struct xt *x, const struct xt_conntrack_mtinfo3 *i)
{
        const struct {
                uint16_t flag;
                uint8_t key, dir;
                uint16_t lo, hi;
        } rows[] = {
                { XT_CONNTRACK_ORIGSRC_PORT, FW_CT_PROTO_SRC, 0, i->origsrc_port,
                  i->origsrc_port_high },
                { XT_CONNTRACK_ORIGDST_PORT, FW_CT_PROTO_DST, 0, i->origdst_port,
                  i->origdst_port_high },
                { XT_CONNTRACK_REPLSRC_PORT, FW_CT_PROTO_SRC, 1, i->replsrc_port,
                  i->replsrc_port_high },
                { XT_CONNTRACK_REPLDST_PORT, FW_CT_PROTO_DST, 1, i->repldst_port,
                  i->repldst_port_high },
        };

        for (size_t r = 0; r < ZC_COUNT(rows); r++) {
                if (!(i->match_flags & rows[r].flag))
                        continue;
                xt_ct(x, rows[r].key, rows[r].dir, XT_SLOT);
                xt_ports_between(x, rows[r].lo, rows[r].hi, i->invert_flags & rows[r].flag);
        }
}

/* Everything but the state asks for an entry of the table. */
static void ct_entry(struct xt *x, const struct xt_conntrack_mtinfo3 *i)
{
        uint8_t protocol = (uint8_t)i->l4proto, original = 0;

        xt_ct(x, FW_CT_DIRECTION, ZC_FW_NO_SLOT, XT_SLOT);
        if (i->match_flags & XT_CONNTRACK_DIRECTION)
                xt_equals(x, &original, 1, i->invert_flags & XT_CONNTRACK_DIRECTION);
        ct_addresses(x, i);
        if (i->match_flags & XT_CONNTRACK_PROTO) {
                xt_ct(x, FW_CT_PROTOCOL, ZC_FW_NO_SLOT, XT_SLOT);
                xt_equals(x, &protocol, 1, i->invert_flags & XT_CONNTRACK_PROTO);
        }
        ct_ports(x, i);
        if (i->match_flags & XT_CONNTRACK_STATUS) {
                xt_ct(x, FW_CT_STATUS, ZC_FW_NO_SLOT, XT_SLOT);
                xt_bits_of_number(x, XT_SLOT, i->status_mask);
                xt_equals(x, zeros, 4, !(i->invert_flags & XT_CONNTRACK_STATUS));
        }
        if (i->match_flags & XT_CONNTRACK_EXPIRES)
                xt_maybe(x);
}

/* The three revisions in the words of the last. */
static bool conntrack_read(struct xt *x, struct xt_conntrack_mtinfo3 *i)
{
        struct xt_conntrack_mtinfo1 first;
        uint16_t *ports[] = { &i->origsrc_port, &i->origdst_port, &i->replsrc_port,
                              &i->repldst_port };
        uint16_t *high[] = { &i->origsrc_port_high, &i->origdst_port_high, &i->replsrc_port_high,
                             &i->repldst_port_high };

        if (x->revision == 3)
                return zc_rd_copy(&x->in, i, sizeof(*i));
        if (x->revision == 1) {
                if (!zc_rd_copy(&x->in, &first, sizeof(first)))
                        return false;
                memcpy(i, &first, offsetof(struct xt_conntrack_mtinfo1, state_mask));
                i->state_mask = first.state_mask;
                i->status_mask = first.status_mask;
        } else if (!zc_rd_copy(&x->in, i,
                               offsetof(struct xt_conntrack_mtinfo3, origsrc_port_high))) {
                return false;
        }
        for (size_t p = 0; p < ZC_COUNT(ports); p++) { /* of the older ones in network order */
                uint8_t bytes[2];

                memcpy(bytes, ports[p], 2);
                *ports[p] = *high[p] = (uint16_t)(bytes[0] << 8 | bytes[1]);
        }
        return true;
}

bool xt_conntrack(struct xt *x)
{
        const uint16_t plain = XT_CONNTRACK_STATE | XT_CONNTRACK_STATE_ALIAS;
        struct xt_conntrack_mtinfo3 i = { .match_flags = 0 };
        uint32_t states;
        bool invert, more;

        if (!conntrack_read(x, &i))
                return false;
        states = states_of(i.state_mask);
        invert = i.invert_flags & XT_CONNTRACK_STATE;
        more = i.match_flags & ~plain;
        if (i.match_flags & XT_CONNTRACK_STATE)
                ct_state(x, states, status_of(i.state_mask), invert);
        if (more && (i.match_flags & XT_CONNTRACK_STATE) &&
            (invert ? (states & NO_ENTRY) != NO_ENTRY : (states & NO_ENTRY) != 0))
                xt_maybe(x); /* packets without an entry are asked for their state alone */
        else if (more || !(i.match_flags & XT_CONNTRACK_STATE))
                ct_entry(x, &i);
        return true;
}

bool xt_state(struct xt *x)
{
        struct xt_state_info i;
        uint32_t untracked = XT_STATE_UNTRACKED;

        if (!zc_rd_copy(&x->in, &i, sizeof(i)))
                return false;
        ct_state(x, (i.statemask & 15) | (i.statemask & untracked ? ZC_FW_CT_UNTRACKED : 0u), 0,
                 false);
        return true;
}
