/** Expressions over registers: arithmetic that keeps what is not known apart, and comparisons with three answers. */
#include "eval.h"

static uint8_t *slot(struct fw_state *s, uint8_t n)
{
        return s->r + 4 * (n & (ZC_FW_SLOTS - 1));
}

static size_t room(uint8_t n, size_t len)
{
        size_t left = ZC_FW_REG_BYTES - 4 * (size_t)(n & (ZC_FW_SLOTS - 1));

        return len < left ? len : left;
}

/* ---- arithmetic ---- */

static void mask_xor(struct fw_state *s, const struct zc_fw_op *op, size_t n)
{
        const uint8_t *from = slot(s, op->sreg);
        uint8_t *to = slot(s, op->dreg);
        size_t whole = room(op->dreg, (n + 3) & ~(size_t)3);

        for (size_t i = 0; i < n; i++) {
                uint8_t mask = op->u.data.a ? op->u.data.a[i] : 0xff;
                uint8_t flip = op->u.data.b ? op->u.data.b[i] : 0;
                uint8_t u = from[i + ZC_FW_REG_BYTES] & mask;

                to[i] = (uint8_t)(((from[i] & mask) ^ flip) & ~u);
                to[i + ZC_FW_REG_BYTES] = u;
        }
        for (size_t i = n; i < whole; i++)
                to[i] = to[i + ZC_FW_REG_BYTES] = 0;
}

/* Words in host order, the carry from one to the next, as the kernel does it. */
static void shift_words(uint8_t *to, const uint8_t *from, size_t words, unsigned by, bool left)
{
        uint32_t carry = 0;

        for (size_t i = 0; i < words; i++) {
                size_t at = 4 * (left ? words - 1 - i : i);
                uint32_t x, y;

                memcpy(&x, from + at, 4);
                if (left) {
                        y = x << by | carry;
                        carry = x >> (32 - by);
                } else {
                        y = carry | x >> by;
                        carry = x << (32 - by);
                }
                memcpy(to + at, &y, 4);
        }
}

static void shift(struct fw_state *s, const struct zc_fw_op *op, size_t n)
{
        size_t words = (n + 3) / 4;
        bool left = op->op == ZC_FW_BIT_LSHIFT;
        unsigned by = op->amount & 31;

        if (by == 0) {
                memmove(slot(s, op->dreg), slot(s, op->sreg), 4 * words);
                memmove(slot(s, op->dreg) + ZC_FW_REG_BYTES, slot(s, op->sreg) + ZC_FW_REG_BYTES,
                        4 * words);
                return;
        }
        shift_words(slot(s, op->dreg), slot(s, op->sreg), words, by, left);
        shift_words(slot(s, op->dreg) + ZC_FW_REG_BYTES, slot(s, op->sreg) + ZC_FW_REG_BYTES, words,
                    by, left);
}

static void boolean(struct fw_state *s, const struct zc_fw_op *op, size_t n)
{
        static const uint8_t none[ZC_FW_REG_BYTES];
        bool two = op->sreg2 != ZC_FW_NO_SLOT;
        const uint8_t *a = slot(s, op->sreg), *b = two ? slot(s, op->sreg2) : op->u.data.a;
        uint8_t *to = slot(s, op->dreg);

        for (size_t i = 0; b && i < n; i++) {
                unsigned av = a[i], au = a[i + ZC_FW_REG_BYTES], bv = b[i];
                unsigned bu = two ? b[i + ZC_FW_REG_BYTES] : none[i];
                unsigned v, u;

                if (op->op == ZC_FW_BIT_AND) {
                        v = av & bv;
                        u = (au & (bv | bu)) | (bu & (av | au));
                } else if (op->op == ZC_FW_BIT_OR) {
                        v = av | bv;
                        u = (au & ~(bv & ~bu)) | (bu & ~(av & ~au));
                } else {
                        v = av ^ bv;
                        u = au | bu;
                }
                to[i] = (uint8_t)(v & ~u);
                to[i + ZC_FW_REG_BYTES] = (uint8_t)u;
        }
}

enum fw_then fw_bitwise(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        size_t n = room(op->dreg, room(op->sreg, op->len));

        (void)w;
        if (op->sreg2 != ZC_FW_NO_SLOT)
                n = room(op->sreg2, n);
        if (op->op == ZC_FW_BIT_MASK_XOR)
                mask_xor(s, op, n);
        else if (op->op == ZC_FW_BIT_LSHIFT || op->op == ZC_FW_BIT_RSHIFT)
                shift(s, op, n & ~(size_t)3 ? n & ~(size_t)3 : 4);
        else
                boolean(s, op, n);
        return FW_GO_ON;
}

static void swap(uint8_t *to, const uint8_t *from, size_t n, size_t size)
{
        uint8_t out[ZC_FW_REG_BYTES] = { 0 };

        for (size_t i = 0; i + size <= n; i += size) {
                for (size_t j = 0; j < size; j++)
                        out[i + j] = from[i + size - 1 - j];
        }
        memcpy(to, out, n - n % size);
}

/* Network to host and back are the same thing: the order of the bytes of each element turns round, on a little-endian machine. */
enum fw_then fw_byteorder(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        size_t n = room(op->dreg, room(op->sreg, op->len)), size = op->key;

        (void)w;
        if (size != 2 && size != 4 && size != 8)
                return FW_GO_ON;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        swap(slot(s, op->dreg), slot(s, op->sreg), n, size);
        swap(slot(s, op->dreg) + ZC_FW_REG_BYTES, slot(s, op->sreg) + ZC_FW_REG_BYTES, n, size);
#endif
        return FW_GO_ON;
}

/* ---- comparisons ---- */

struct bounds {
        uint8_t least[ZC_FW_REG_BYTES], most[ZC_FW_REG_BYTES];
};

static void bound(struct bounds *b, const uint8_t *r, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                b->least[i] = (uint8_t)(r[i] & ~r[i + ZC_FW_REG_BYTES]);
                b->most[i] = (uint8_t)(r[i] | r[i + ZC_FW_REG_BYTES]);
        }
}

static inline bool all_known(const uint8_t *r, size_t n)
{
        const uint8_t *u = r + ZC_FW_REG_BYTES;
        uint32_t slot;
        uint8_t any = 0;

        if (n <= 4) { /* the rest of the slot is known to be zero, or else the slow way finds out */
                memcpy(&slot, u, 4);
                return slot == 0;
        }
        for (size_t i = 0; i < n; i++)
                any |= u[i];
        return any == 0;
}

/* memcmp() of what is nearly always one, two or four bytes. */
static inline int order(const uint8_t *a, const uint8_t *b, size_t n)
{
        uint32_t x, y;

        switch (n) {
        case 1:
                return a[0] - b[0];
        case 2:
                return (a[0] << 8 | a[1]) - (b[0] << 8 | b[1]);
        case 3:
                return (a[0] << 16 | a[1] << 8 | a[2]) - (b[0] << 16 | b[1] << 8 | b[2]);
        case 4:
                memcpy(&x, a, 4);
                memcpy(&y, b, 4);
                return x == y ? 0 : memcmp(a, b, 4);
        default:
                return memcmp(a, b, n);
        }
}

static enum fw_tri tri_not(enum fw_tri t)
{
        return t == FW_EITHER ? t : t == FW_YES ? FW_NO : FW_YES;
}

static enum fw_tri equal(const uint8_t *r, const uint8_t *data, size_t n)
{
        enum fw_tri t = FW_YES;

        for (size_t i = 0; i < n; i++) {
                uint8_t u = r[i + ZC_FW_REG_BYTES];

                if ((r[i] ^ data[i]) & ~u)
                        return FW_NO;
                if (u)
                        t = FW_EITHER;
        }
        return t;
}

/* Is it less than the data, or with `same`, not more? */
static enum fw_tri below(const uint8_t *r, const uint8_t *data, size_t n, bool same)
{
        struct bounds b;

        bound(&b, r, n);
        if (memcmp(b.most, data, n) < (same ? 1 : 0))
                return FW_YES;
        return memcmp(b.least, data, n) < (same ? 1 : 0) ? FW_EITHER : FW_NO;
}

static enum fw_tri compare(const uint8_t *r, const uint8_t *data, size_t n, unsigned op)
{
        switch (op) {
        case ZC_FW_EQ:
                return equal(r, data, n);
        case ZC_FW_NE:
                return tri_not(equal(r, data, n));
        case ZC_FW_LT:
                return below(r, data, n, false);
        case ZC_FW_LE:
                return below(r, data, n, true);
        case ZC_FW_GT:
                return tri_not(below(r, data, n, true));
        case ZC_FW_GE:
                return tri_not(below(r, data, n, false));
        default:
                return FW_EITHER;
        }
}

static enum fw_then condition(struct fw_walk *w, enum fw_tri t)
{
        static const enum fw_then then[] = { FW_BREAK, FW_GO_ON, FW_FORK };

        if (t == FW_EITHER && !w->cause)
                w->cause = "what is not known of the packet";
        return then[t];
}

enum fw_then fw_cmp(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        const uint8_t *r = slot(s, op->sreg);
        size_t n = room(op->sreg, op->len);
        int d;

        if (!all_known(r, n))
                return condition(w, compare(r, op->u.data.a, n, op->op));
        d = order(r, op->u.data.a, n);
        switch (op->op) {
        case ZC_FW_EQ:
                return d == 0 ? FW_GO_ON : FW_BREAK;
        case ZC_FW_NE:
                return d != 0 ? FW_GO_ON : FW_BREAK;
        case ZC_FW_LT:
                return d < 0 ? FW_GO_ON : FW_BREAK;
        case ZC_FW_LE:
                return d <= 0 ? FW_GO_ON : FW_BREAK;
        case ZC_FW_GT:
                return d > 0 ? FW_GO_ON : FW_BREAK;
        case ZC_FW_GE:
                return d >= 0 ? FW_GO_ON : FW_BREAK;
        default:
                return condition(w, FW_EITHER);
        }
}

enum fw_then fw_range(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        const uint8_t *r = slot(s, op->sreg);
        size_t n = room(op->sreg, op->len);
        enum fw_tri low = tri_not(below(r, op->u.data.a, n, false));
        enum fw_tri high = below(r, op->u.data.b, n, true);
        enum fw_tri in = low == FW_NO || high == FW_NO     ? FW_NO
                         : low == FW_YES && high == FW_YES ? FW_YES
                                                           : FW_EITHER;

        return condition(w, op->invert ? tri_not(in) : in);
}

enum fw_then fw_maybe(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        (void)s;
        w->cause = op->name ? op->name : "a condition that is not modelled";
        return FW_FORK;
}
