/** Expressions that load a register: bytes of the packet, and what the kernel keeps beside them. */
#include "eval.h"

static uint8_t *reg(struct fw_state *s, const struct zc_fw_op *op)
{
        return s->r + 4 * (op->dreg & (ZC_FW_SLOTS - 1));
}

/* What a register has room for from this slot on. */
static size_t room(const struct zc_fw_op *op, size_t n)
{
        size_t left = ZC_FW_REG_BYTES - 4 * (size_t)(op->dreg & (ZC_FW_SLOTS - 1));

        return n < left ? n : left;
}

void fw_store(struct fw_state *s, const struct zc_fw_op *op, const void *v, size_t n)
{
        uint8_t *r = reg(s, op);
        size_t whole = room(op, (n + 3) & ~(size_t)3);

        n = room(op, n);
        memset(r, 0, whole);
        memset(r + ZC_FW_REG_BYTES, 0, whole);
        memcpy(r, v, n);
}

void fw_store_unknown(struct fw_state *s, const struct zc_fw_op *op, size_t n)
{
        uint8_t *r = reg(s, op);
        size_t whole = room(op, (n + 3) & ~(size_t)3);

        memset(r, 0, whole);
        memset(r + ZC_FW_REG_BYTES, 0, whole);
        memset(r + ZC_FW_REG_BYTES, 0xff, room(op, n));
}

void fw_store_number(struct fw_state *s, const struct zc_fw_op *op, struct fw_number n)
{
        uint8_t *r = reg(s, op);

        memcpy(r, &n.v, 4);
        memcpy(r + ZC_FW_REG_BYTES, &n.u, 4);
}

static enum fw_then store8(struct fw_state *s, const struct zc_fw_op *op, uint8_t v)
{
        fw_store_number(s, op, (struct fw_number){ v, 0 });
        return FW_GO_ON;
}

static enum fw_then store32(struct fw_state *s, const struct zc_fw_op *op, uint32_t v)
{
        fw_store_number(s, op, (struct fw_number){ v, 0 });
        return FW_GO_ON;
}

/* ---- payload ---- */

/* A link header is there on devices that have one; only its type is known. */
static enum fw_then link_header(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        uint16_t type = s->in.iface ? s->in.iface->type : FW_ARPHRD_ETHER;
        uint8_t header[16] = { 0 }, hole[16];
        size_t n = op->len, at = op->offset;

        if (s->in.iface && type != FW_ARPHRD_ETHER && type != FW_ARPHRD_LOOPBACK)
                return FW_BREAK;
        fw_store_unknown(s, op, n);
        if (at + n <= 14) {
                memset(hole, 0xff, sizeof(hole));
                header[12] = s->six ? 0x86 : 0x08;
                header[13] = s->six ? 0xdd : 0x00;
                memset(hole + 12, 0, 2);
                memcpy(reg(s, op), header + at, room(op, n));
                memcpy(reg(s, op) + ZC_FW_REG_BYTES, hole + at, room(op, n));
        }
        if (s->in.unknown || s->hook == ZC_FW_EGRESS) {
                w->cause = "link header";
                return FW_FORK;
        }
        return FW_GO_ON;
}

static enum fw_then past_headers(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op,
                                 size_t at)
{
        static const uint8_t none[ZC_FW_REG_BYTES];
        size_t n = op->len;

        if (!s->length_unknown && at + n > s->length) {
                if (op->invert)
                        fw_store(s, op, none, n < sizeof(none) ? n : sizeof(none));
                return op->invert ? FW_GO_ON : FW_BREAK;
        }
        fw_store_unknown(s, op, n);
        if (at < s->end) {
                memcpy(reg(s, op), s->v + at, room(op, s->end - at));
                memcpy(reg(s, op) + ZC_FW_REG_BYTES, fw_u(s) + at, room(op, s->end - at));
        }
        if (!s->length_unknown || op->invert)
                return FW_GO_ON;
        w->cause = "length of the packet";
        return FW_FORK;
}

/* What the question left open, for who asks why. */
static void not_told(struct fw_walk *w, const struct fw_state *s, size_t at)
{
        size_t src = s->six ? 8 : 12, dst = s->six ? 24 : 16, n = s->six ? 16 : 4;

        if (at >= src && at < src + n)
                w->cause = "the source address";
        else if (at >= dst && at < dst + n)
                w->cause = s->translated ? "the address it is translated to" : "the destination";
        else if (s->ports && at == s->transport)
                w->cause = "the source port";
        else if (s->ports && at == s->transport + 2u)
                w->cause = "the destination port";
        else
                w->cause = "a header field that is not told";
}

enum fw_then fw_payload(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        size_t at = op->offset, n = op->len;

        switch (op->key) {
        case ZC_FW_BASE_NETWORK:
                break;
        case ZC_FW_BASE_TRANSPORT:
                at += s->transport;
                break;
        case ZC_FW_BASE_INNER:
                if (s->protocol != FW_TCP && s->protocol != FW_UDP)
                        return FW_BREAK;
                at += s->end;
                break;
        default:
                return link_header(w, s, op);
        }
        if (at + n > s->end)
                return past_headers(w, s, op, at);
        if (n == 4 || n == 2 || n == 1) {
                uint8_t *r = reg(s, op);

                memset(r, 0, 4);
                memset(r + ZC_FW_REG_BYTES, 0, 4);
                memcpy(r, s->v + at, n);
                memcpy(r + ZC_FW_REG_BYTES, fw_u(s) + at, n);
        } else {
                fw_store(s, op, s->v + at, n);
                memcpy(reg(s, op) + ZC_FW_REG_BYTES, fw_u(s) + at, room(op, n));
        }
        if (fw_u(s)[at])
                not_told(w, s, at);
        return FW_GO_ON;
}

/* ---- options and extension headers: the packets that are asked about have none ---- */

enum { EXTHDR_IPV6, EXTHDR_TCP, EXTHDR_IPV4, EXTHDR_SCTP, EXTHDR_DCCP };
#define EXTHDR_PRESENT 1u

static enum fw_then exthdr_absent(struct fw_state *s, const struct zc_fw_op *op)
{
        return op->flags & EXTHDR_PRESENT ? store8(s, op, 0) : FW_BREAK;
}

static enum fw_then exthdr_any(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        w->cause = op->name ? op->name : "exthdr";
        if (op->flags & EXTHDR_PRESENT) {
                fw_store_number(s, op, (struct fw_number){ 0, 1 });
                return FW_GO_ON;
        }
        fw_store_unknown(s, op, op->len);
        return FW_FORK;
}

enum fw_then fw_exthdr(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        switch (op->op) {
        case EXTHDR_IPV6:
                if (!s->six)
                        return FW_BREAK;
                return op->key == s->protocol ? exthdr_any(w, s, op) : exthdr_absent(s, op);
        case EXTHDR_IPV4:
                return s->six ? FW_BREAK : exthdr_absent(s, op);
        case EXTHDR_TCP:
                if (s->protocol == FW_TCP && s->length_unknown)
                        return exthdr_any(w, s, op);
                return exthdr_absent(s, op);
        case EXTHDR_SCTP:
                return s->protocol == FW_SCTP ? exthdr_any(w, s, op) : exthdr_absent(s, op);
        default:
                return s->protocol == FW_DCCP ? exthdr_any(w, s, op) : exthdr_absent(s, op);
        }
}

/* ---- meta ---- */

static enum fw_then device_name(struct fw_state *s, const struct zc_fw_op *op, struct fw_dev d)
{
        char name[16] = { 0 };

        if (d.unknown)
                fw_store_unknown(s, op, 16);
        else {
                if (d.iface)
                        memcpy(name, d.iface->name, strnlen(d.iface->name, sizeof(name)));
                fw_store(s, op, name, 16);
        }
        return FW_GO_ON;
}

static enum fw_then device_number(struct fw_state *s, const struct zc_fw_op *op, struct fw_dev d)
{
        bool index = op->key == FW_META_IIF || op->key == FW_META_OIF;
        bool type = op->key == FW_META_IIFTYPE || op->key == FW_META_OIFTYPE;

        if (d.unknown) {
                fw_store_unknown(s, op, type ? 2 : 4);
                return FW_GO_ON;
        }
        if (!d.iface)
                return index ? store32(s, op, 0) : FW_BREAK;
        return store32(s, op, index ? d.iface->index : type ? d.iface->type : d.iface->group);
}

static enum fw_then device_kind(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op,
                                struct fw_dev d)
{
        char kind[16] = { 0 };

        if (d.unknown) {
                fw_store_unknown(s, op, 16);
                w->cause = "kind of the interface";
                return FW_FORK;
        }
        if (!d.iface || !d.iface->kind || !*d.iface->kind)
                return FW_BREAK;
        memcpy(kind, d.iface->kind, strnlen(d.iface->kind, sizeof(kind) - 1));
        fw_store(s, op, kind, 16);
        return FW_GO_ON;
}

static enum fw_then meta_length(struct fw_state *s, const struct zc_fw_op *op)
{
        if (!s->length_unknown)
                return store32(s, op, s->length);
        fw_store_unknown(s, op, 4);
        return FW_GO_ON;
}

/* nfproto: the family in whose name the chain runs, which for a device's own chains is neither. */
static enum fw_then meta_nfproto(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        const struct zc_fw_chain *base = &w->m->rs->chains[s->base];

        if (w->m->rs->tables[base->table].family == ZC_FW_NETDEV)
                return store8(s, op, ZC_FW_NETDEV);
        return store8(s, op, s->six ? ZC_FW_IP6 : ZC_FW_IP);
}

static enum fw_then meta_protocol(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        const uint8_t type[2][2] = { { 0x08, 0x00 }, { 0x86, 0xdd } };

        (void)w;
        fw_store(s, op, type[s->six], 2);
        return FW_GO_ON;
}

/* What belongs to a local socket: new packets from outside have none yet. */
static enum fw_then meta_socket(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        bool early = s->hook == ZC_FW_INGRESS || s->hook == ZC_FW_PREROUTING;

        if (!s->local_out && (early || s->ct_state != ZC_FW_CT_ESTABLISHED))
                return FW_BREAK;
        fw_store_unknown(s, op, 4);
        w->cause = "owner of the socket";
        return FW_FORK;
}

static enum fw_then meta_any(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        w->cause = op->name ? op->name : "meta";
        fw_store_unknown(s, op, op->len ? op->len : 4);
        return FW_GO_ON;
}

/* The realm of the route: none before routing. */
static enum fw_then meta_realm(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        if (!s->local_out && (s->hook == ZC_FW_PREROUTING || s->hook == ZC_FW_INGRESS))
                return FW_BREAK;
        return meta_any(w, s, op);
}

static enum fw_then meta_rest(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        switch (op->key) {
        case FW_META_SKUID:
        case FW_META_SKGID:
        case FW_META_CGROUP:
                return meta_socket(w, s, op);
        case FW_META_RTCLASSID:
                return meta_realm(w, s, op);
        case FW_META_SECPATH:
                return store8(s, op, 0); /* the packet came in the clear */
        case FW_META_SDIF:
        case FW_META_SDIFNAME:
                if (!s->in.iface || s->in.iface->master)
                        return meta_any(w, s, op);
                fw_store(s, op, (const uint8_t[16]){ 0 }, op->key == FW_META_SDIF ? 4 : 16);
                return FW_GO_ON;
        case FW_META_BRI_IIFNAME:
        case FW_META_BRI_OIFNAME:
        case FW_META_BRI_IIFPVID:
        case FW_META_BRI_IIFVPROTO:
                w->cause = "bridge of the interface";
                fw_store_unknown(s, op, op->len ? op->len : 4);
                return FW_FORK;
        case FW_META_TIME_NS:
                fw_store_unknown(s, op, 8);
                return FW_GO_ON;
        case FW_META_TIME_DAY:
                fw_store_unknown(s, op, 1);
                return FW_GO_ON;
        default:
                return meta_any(w, s, op);
        }
}

enum fw_then fw_meta(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        switch (op->key) {
        case FW_META_L4PROTO:
                return store8(s, op, s->protocol);
        case FW_META_NFPROTO:
                return meta_nfproto(w, s, op);
        case FW_META_IIFNAME:
                return device_name(s, op, s->in);
        case FW_META_OIFNAME:
                return device_name(s, op, s->out);
        case FW_META_IIF:
        case FW_META_IIFTYPE:
        case FW_META_IIFGROUP:
                return device_number(s, op, s->in);
        case FW_META_OIF:
        case FW_META_OIFTYPE:
        case FW_META_OIFGROUP:
                return device_number(s, op, s->out);
        case FW_META_IIFKIND:
                return device_kind(w, s, op, s->in);
        case FW_META_OIFKIND:
                return device_kind(w, s, op, s->out);
        case FW_META_MARK:
                fw_store_number(s, op, s->mark);
                return FW_GO_ON;
        case FW_META_PRIORITY:
                fw_store_number(s, op, s->priority);
                return FW_GO_ON;
        case FW_META_PKTTYPE:
                return store8(s, op, s->pkttype);
        case FW_META_LEN:
                return meta_length(s, op);
        case FW_META_PROTOCOL:
                return meta_protocol(w, s, op);
        default:
                return meta_rest(w, s, op);
        }
}

/* ---- the rest ---- */

enum fw_then fw_rt(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        enum { NEXTHOP4 = 1, NEXTHOP6 = 2 };

        w->cause = op->name ? op->name : "rt";
        if (s->hook == ZC_FW_INGRESS || (s->hook == ZC_FW_PREROUTING && !s->local_out) ||
            (op->key == NEXTHOP4 && s->six) || (op->key == NEXTHOP6 && !s->six))
                return FW_BREAK;
        fw_store_unknown(s, op, op->len ? op->len : op->key == NEXTHOP6 ? 16 : 4);
        return FW_GO_ON;
}

/* The sockets of the host are not part of the model. */
enum fw_then fw_socket(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        w->cause = op->name ? op->name : "socket";
        fw_store_unknown(s, op, op->len ? op->len : 4);
        return FW_FORK;
}

enum fw_then fw_immediate(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        (void)w;
        fw_store(s, op, op->u.data.a, op->len);
        return FW_GO_ON;
}

/* Does the rule come to a condition on what was loaded before it does anything? Then breaking here and failing there are one. */
static bool condition_follows(const struct zc_fw_op *op, const struct zc_fw_op *end)
{
        while (++op < end) {
                if (op->kind == ZC_FW_OP_CMP || op->kind == ZC_FW_OP_RANGE)
                        return true;
                if (op->kind != ZC_FW_OP_BITWISE && op->kind != ZC_FW_OP_BYTEORDER)
                        return false;
        }
        return false;
}

enum fw_then fw_load_any(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        const struct zc_fw_ruleset *rs = w->m->rs;
        const struct zc_fw_rule *rule = &rs->chains[s->chain].rules[s->rule];

        w->cause = op->name ? op->name : "what the kernel alone knows";
        fw_store_unknown(s, op, op->len ? op->len : 4);
        return condition_follows(op, rs->ops + rule->first + rule->count) ? FW_GO_ON : FW_FORK;
}
