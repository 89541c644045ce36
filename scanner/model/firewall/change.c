/** Expressions that change the packet, its mark, or nothing that is asked about. */
#include "eval.h"

static const uint8_t *source(const struct fw_state *s, const struct zc_fw_op *op)
{
        return s->r + 4 * (size_t)(op->sreg & 15);
}

static struct fw_number number(const struct fw_state *s, const struct zc_fw_op *op)
{
        struct fw_number n;

        memcpy(&n.v, source(s, op), 4);
        memcpy(&n.u, source(s, op) + ZC_FW_REG_BYTES, 4);
        return n;
}

enum fw_then fw_meta_set(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        struct fw_number n = number(s, op);
        uint8_t type = *source(s, op);

        (void)w;
        if (op->key == FW_META_MARK)
                s->mark = n;
        else if (op->key == FW_META_PRIORITY)
                s->priority = n;
        else if (op->key == FW_META_PKTTYPE && type <= 3 && s->pkttype <= 3)
                s->pkttype = type;
        return FW_GO_ON;
}

enum fw_then fw_payload_set(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        const uint8_t *from = source(s, op);
        size_t at = op->offset, n = op->len, left = ZC_FW_REG_BYTES - 4 * (size_t)(op->sreg & 15);

        if (op->key == ZC_FW_BASE_LINK)
                return FW_GO_ON;
        if (op->key == ZC_FW_BASE_TRANSPORT)
                at += s->transport;
        else if (op->key == ZC_FW_BASE_INNER)
                at += s->end;
        if (!s->length_unknown && at + n > s->length)
                return FW_BREAK;
        n = n < left ? n : left;
        for (size_t i = 0; i < n && at + i < s->end; i++) {
                s->v[at + i] = from[i];
                fw_u(s)[at + i] = from[i + ZC_FW_REG_BYTES];
        }
        if (!s->length_unknown || at + n <= s->end)
                return FW_GO_ON;
        w->cause = "length of the packet";
        return FW_FORK;
}

/* Options are not in the packets that are asked about; but who is not TCP breaks. */
enum fw_then fw_exthdr_set(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        (void)w;
        (void)op;
        return s->protocol == FW_TCP ? FW_GO_ON : FW_BREAK;
}

/* A full set, or the element's own limit, breaks the rule. */
enum fw_then fw_dynset(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        (void)s;
        w->cause = op->name ? op->name : "dynset";
        return FW_FORK;
}

enum fw_then fw_neutral(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        (void)w;
        (void)s;
        (void)op;
        return FW_GO_ON;
}

/* With a socket that takes it the packet stays as it is and goes there; without one the rule breaks. */
enum fw_then fw_tproxy(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        if (s->protocol != FW_TCP && s->protocol != FW_UDP)
                return FW_BREAK;
        w->cause = op->name ? op->name : "tproxy";
        return FW_FORK;
}
