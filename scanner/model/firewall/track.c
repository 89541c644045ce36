/** Connection tracking: the state it gives a packet, and expressions that read and change it. */
#include "eval.h"

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32 };

/* Which flags a connection may begin with: the first row of nf_conntrack_proto_tcp's table, and its list of valid flags. */
static bool tcp_begins(uint8_t flags)
{
        uint8_t f = flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK | TCP_URG);

        return f == TCP_SYN || f == (TCP_SYN | TCP_URG) || f == TCP_ACK || f == (TCP_ACK | TCP_URG);
}

/* Requests only: an answer or an error to nothing is invalid. */
static bool icmp_begins(uint8_t type)
{
        return type == 8 || type == 13 || type == 15 || type == 17;
}

static bool icmp6_begins(uint8_t type)
{
        return type == 128 || type == 139;
}

/* Neighbour discovery and multicast listeners are never tracked. */
static bool icmp6_passes(uint8_t type)
{
        return (type >= 130 && type <= 136) || type == 143;
}

static uint8_t state_of(const struct fw_state *s, uint8_t asked)
{
        uint8_t type = s->v[s->transport];

        if (s->protocol == FW_ICMPV6 && s->six && icmp6_passes(type))
                return ZC_FW_CT_UNTRACKED;
        if (asked != ZC_FW_CT_NEW)
                return asked;
        if ((s->protocol == FW_TCP && !tcp_begins(s->v[s->transport + 13])) ||
            (s->protocol == FW_ICMP && !s->six && !icmp_begins(type)) ||
            (s->protocol == FW_ICMPV6 && s->six && !icmp6_begins(type)))
                return ZC_FW_CT_INVALID;
        return ZC_FW_CT_NEW;
}

static struct fw_tuple reversed(const struct fw_tuple *t)
{
        struct fw_tuple r = { 0 };

        for (int i = 0; i < 2; i++) {
                memcpy(r.addr[i], t->addr[1 - i], 16);
                memcpy(r.addr_u[i], t->addr_u[1 - i], 16);
                memcpy(r.port[i], t->port[1 - i], 2);
                memcpy(r.port_u[i], t->port_u[1 - i], 2);
        }
        return r;
}

void fw_reply_update(struct fw_state *s)
{
        struct fw_tuple now = fw_tuple_of(s);

        s->reply = reversed(&now);
        if (s->protocol == FW_ICMP || s->protocol == FW_ICMPV6)
                memset(s->reply.port_u, 0xff, sizeof(s->reply.port_u));
}

static void entry_new(const struct fw_walk *w, struct fw_state *s)
{
        s->ct_entry = s->nat_first = true;
        if (w->m->tuples) {
                s->original = fw_tuple_of(s);
                fw_reply_update(s);
        }
        s->ct_status = (struct fw_number){ 0, 0 };
        s->ct_mark = (struct fw_number){ 0, 0 };
}

/* A flow that was there before: who began it, what was set on it and how it is translated is its own history. */
static void entry_old(struct fw_state *s)
{
        uint32_t sure = FW_IPS_CONFIRMED | FW_IPS_SEEN_REPLY;

        s->ct_entry = true;
        s->direction_u = 1;
        memset(&s->original, 0, sizeof(s->original));
        memset(s->original.addr_u, 0xff, sizeof(s->original.addr_u));
        memset(s->original.port_u, 0xff, sizeof(s->original.port_u));
        s->reply = s->original;
        if (s->ct_state ==
            ZC_FW_CT_RELATED) /* the first packet of an expected flow, or an ICMP error of any */
                sure = 0;
        s->ct_status = (struct fw_number){ sure, ~sure };
        s->ct_mark = (struct fw_number){ 0, UINT32_MAX };
}

void fw_track(struct fw_walk *w, struct fw_state *s)
{
        static const char *const words[] = { [ZC_FW_CT_INVALID] = "invalid",
                                             [ZC_FW_CT_ESTABLISHED] = "established",
                                             [ZC_FW_CT_RELATED] = "related",
                                             [ZC_FW_CT_NEW] = "new",
                                             [ZC_FW_CT_UNTRACKED] = "untracked" };

        if (s->ct_ran || s->ct_untracked)
                return;
        s->ct_ran = true;
        s->ct_state = state_of(s, w->packet->ct);
        s->ct_untracked = s->ct_state == ZC_FW_CT_UNTRACKED;
        if (s->ct_state == ZC_FW_CT_NEW)
                entry_new(w, s);
        else if (s->ct_state == ZC_FW_CT_ESTABLISHED || s->ct_state == ZC_FW_CT_RELATED)
                entry_old(s);
        FW_TELL(w, s, .what = ZC_FW_TRACKED, .text = words[s->ct_state]);
}

/* ---- expressions ---- */

static enum fw_then number(struct fw_state *s, const struct zc_fw_op *op, uint32_t v, uint32_t u)
{
        fw_store_number(s, op, (struct fw_number){ v & ~u, u });
        return FW_GO_ON;
}

static enum fw_then tuple_part(struct fw_state *s, const struct zc_fw_op *op, const uint8_t *v,
                               const uint8_t *u, size_t n)
{
        fw_store(s, op, v, n);
        for (size_t i = 0; i < n; i++)
                s->r[ZC_FW_REG_BYTES + 4 * (size_t)(op->dreg & 15) + i] = u[i];
        return FW_GO_ON;
}

/* Addresses and ports of a direction. */
static enum fw_then ct_tuple(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        const struct fw_tuple *t = op->dir == 1 ? &s->reply : &s->original;
        bool dst = op->key == FW_CT_DST || op->key == FW_CT_DST_IP || op->key == FW_CT_DST_IP6 ||
                   op->key == FW_CT_PROTO_DST;

        (void)w;
        switch (op->key) {
        case FW_CT_PROTO_SRC:
        case FW_CT_PROTO_DST:
                return tuple_part(s, op, t->port[dst], t->port_u[dst], 2);
        case FW_CT_SRC_IP:
        case FW_CT_DST_IP:
                if (s->six)
                        return FW_BREAK;
                break;
        case FW_CT_SRC_IP6:
        case FW_CT_DST_IP6:
                if (!s->six)
                        return FW_BREAK;
                break;
        default:
                break;
        }
        return tuple_part(s, op, t->addr[dst], t->addr_u[dst], s->six ? 16 : 4);
}

static enum fw_then ct_any(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op,
                           size_t n)
{
        w->cause = op->name ? op->name : "ct";
        fw_store_unknown(s, op, op->len ? op->len : n);
        return FW_GO_ON;
}

static enum fw_then ct_counted(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        switch (op->key) {
        case FW_CT_BYTES:
        case FW_CT_PKTS:
        case FW_CT_AVGPKT:
                return ct_any(w, s, op, 8);
        case FW_CT_LABELS:
                if (s->nat_first) {
                        fw_store(s, op, (const uint8_t[16]){ 0 }, 16);
                        return FW_GO_ON;
                }
                return ct_any(w, s, op, 16);
        case FW_CT_HELPER: /* of the master connection: a new one has none */
                if (s->nat_first)
                        return FW_BREAK;
                ct_any(w, s, op, 16);
                return FW_FORK;
        default:
                return ct_any(w, s, op, 4);
        }
}

enum fw_then fw_ct(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        if (op->key == FW_CT_STATE)
                return number(s, op, s->ct_state, 0);
        if (!s->ct_entry)
                return FW_BREAK;
        switch (op->key) {
        case FW_CT_DIRECTION:
                return number(s, op, 0, s->direction_u);
        case FW_CT_STATUS:
                return number(s, op, s->ct_status.v, s->ct_status.u);
        case FW_CT_MARK:
                return number(s, op, s->ct_mark.v, s->ct_mark.u);
        case FW_CT_L3PROTOCOL:
                return number(s, op, s->six ? ZC_FW_IP6 : ZC_FW_IP, 0);
        case FW_CT_PROTOCOL:
                return number(s, op, s->protocol, 0);
        case FW_CT_SRC:
        case FW_CT_DST:
        case FW_CT_SRC_IP:
        case FW_CT_DST_IP:
        case FW_CT_SRC_IP6:
        case FW_CT_DST_IP6:
        case FW_CT_PROTO_SRC:
        case FW_CT_PROTO_DST:
                return ct_tuple(w, s, op);
        default:
                return ct_counted(w, s, op);
        }
}

enum fw_then fw_ct_set(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        const uint8_t *r = s->r + 4 * (size_t)(op->sreg & 15);

        (void)w;
        if (!s->ct_entry || op->key != FW_CT_MARK)
                return FW_GO_ON;
        memcpy(&s->ct_mark.v, r, 4);
        memcpy(&s->ct_mark.u, r + ZC_FW_REG_BYTES, 4);
        return FW_GO_ON;
}

enum fw_then fw_notrack(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        (void)w;
        (void)op;
        if (s->ct_entry)
                return FW_GO_ON;
        s->ct_untracked = true;
        s->ct_state = ZC_FW_CT_UNTRACKED;
        return FW_GO_ON;
}
