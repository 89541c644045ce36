/**
 * The netlink wire: messages in a datagram, attributes in a message, acknowledgements. Pure.
 *
 *      nlmsghdr  u32 length, u16 type, u16 flags, u32 seq, u32 portid   then the payload, padded to 4
 *      nlattr    u16 length, u16 type                                   then the payload, padded to 4
 *
 * Lengths count the header and not the padding; the last one's padding may be missing (linux/netlink.h).
 */
#include <linux/netlink.h>
#include <string.h>

#include "zc/netlink.h"

#define HEADER_SIZE 16u
#define ATTR_SIZE 4u

/** What lies between this item's end and the next one's start, as far as there is anything. */
static void skip_padding(struct zc_rd *rd, size_t length)
{
        size_t pad = (4 - length % 4) % 4;

        if (!zc_rd_skip(rd, pad))
                *rd = (struct zc_rd){ rd->p + rd->n, 0 };
}

bool zc_nla_next(struct zc_rd *attrs, uint16_t *type, struct zc_rd *payload, bool *bad)
{
        struct zc_rd in = *attrs;
        uint16_t length;
        uint16_t kind;
        struct zc_rd body;

        *bad = false;
        if (in.n == 0)
                return false;
        if (!zc_rd_u16host(&in, &length) || !zc_rd_u16host(&in, &kind) || length < ATTR_SIZE ||
            !zc_rd_take(&in, length - ATTR_SIZE, &body)) {
                *bad = true;
                return false;
        }
        skip_padding(&in, length);
        *attrs = in;
        *type = kind & (uint16_t)NLA_TYPE_MASK;
        *payload = body;
        return true;
}

bool zc_nla_u8(struct zc_rd payload, uint8_t *out)
{
        return payload.n == 1 && zc_rd_u8(&payload, out);
}

bool zc_nla_u32(struct zc_rd payload, uint32_t *out)
{
        return payload.n == 4 && zc_rd_u32host(&payload, out);
}

bool zc_nla_be32(struct zc_rd payload, uint32_t *out)
{
        return payload.n == 4 && zc_rd_u32(&payload, out);
}

bool zc_nla_be64(struct zc_rd payload, uint64_t *out)
{
        return payload.n == 8 && zc_rd_u64(&payload, out);
}

struct zc_rd zc_nla_text(struct zc_rd payload)
{
        struct zc_rd rest = payload;
        struct zc_rd text;

        return zc_rd_until(&rest, 0, &text) ? text : payload;
}

bool zc_nlmsg_next(struct zc_rd *datagram, struct zc_nlmsg *out, bool *bad)
{
        struct zc_rd in = *datagram;
        struct zc_nlmsg m = { 0 };
        uint32_t length;

        *bad = false;
        if (in.n == 0)
                return false;
        if (!zc_rd_u32host(&in, &length) || !zc_rd_u16host(&in, &m.type) ||
            !zc_rd_u16host(&in, &m.flags) || !zc_rd_u32host(&in, &m.seq) ||
            !zc_rd_u32host(&in, &m.portid) || length < HEADER_SIZE ||
            !zc_rd_take(&in, length - HEADER_SIZE, &m.payload)) {
                *bad = true;
                return false;
        }
        skip_padding(&in, length);
        *datagram = in;
        *out = m;
        return true;
}

/** Behind the errno an error repeats the request: its header alone when NLM_F_CAPPED says so or all is well, else the whole of it. */
static bool skip_request(struct zc_rd *in, const struct zc_nlmsg *m, int error)
{
        struct zc_rd header = *in;
        uint32_t length;

        if (m->type == NLMSG_DONE)
                return true;
        if (!zc_rd_u32host(&header, &length) || length < HEADER_SIZE ||
            !zc_rd_skip(in, HEADER_SIZE))
                return false;
        if (error == 0 || (m->flags & NLM_F_CAPPED))
                return true;
        if (!zc_rd_skip(in, length - HEADER_SIZE))
                return false;
        skip_padding(in, length);
        return true;
}

bool zc_nlack_parse(const struct zc_nlmsg *m, struct zc_nlack *out)
{
        struct zc_nlack ack = { 0 };
        struct zc_rd in = m->payload;
        struct zc_rd value;
        uint32_t raw = 0;
        uint16_t type;
        bool bad = false;

        if (m->type == NLMSG_DONE && in.n == 0) { /* some dumps end without a word */
                *out = ack;
                return true;
        }
        if (!zc_rd_u32host(&in, &raw) || (int32_t)raw > 0 || (int32_t)raw < -4095)
                return false;
        ack.error = -(int32_t)raw;
        if (m->flags & NLM_F_ACK_TLVS) {
                if (!skip_request(&in, m, ack.error))
                        return false;
                while (zc_nla_next(&in, &type, &value, &bad)) {
                        if (type == NLMSGERR_ATTR_MSG)
                                ack.words = zc_nla_text(value);
                }
                if (bad)
                        return false;
        }
        *out = ack;
        return true;
}
