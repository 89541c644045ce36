/** What rules load and compute, bit by bit. */
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "sym_run.h"

/* Registers. */

void run_store(struct run *r, unsigned slot, const struct sym_byte *bytes, unsigned len)
{
        for (unsigned i = 0; i < len && slot * 4 + i < ZC_FW_REG_BYTES; i++) {
                r->regs.byte[slot * 4 + i] = bytes[i];
                r->regs.valid |= UINT64_C(1) << (slot * 4 + i);
        }
        /* The kernel clears the rest of the last word. */
        for (unsigned at = slot * 4 + len; at % 4 != 0 && at < ZC_FW_REG_BYTES; at++) {
                r->regs.byte[at] = sym_byte_known(0);
                r->regs.valid |= UINT64_C(1) << at;
        }
}

void run_fetch(const struct run *r, unsigned slot, struct sym_byte *out, unsigned len)
{
        for (unsigned i = 0; i < len; i++) {
                unsigned at = slot * 4 + i;

                out[i] = at < ZC_FW_REG_BYTES && (r->regs.valid >> at & 1) ? r->regs.byte[at]
                                                                           : sym_byte_unknown();
        }
}

/* Loads and computations. */

enum after run_payload(struct run *r, const struct zc_fw_op *op)
{
        struct sym_byte out[ZC_FW_REG_BYTES] = { 0 };
        unsigned len = op->len < ZC_FW_REG_BYTES ? op->len : ZC_FW_REG_BYTES;
        enum sym_load how = sym_payload(r->s, &r->now.now, op->key, op->offset, len, out);

        if (op->invert && how != SYM_LOADED) {
                for (unsigned i = 0; i < len; i++)
                        out[i] = sym_byte_unknown();
                how = SYM_LOADED;
        }
        run_store(r, op->dreg, out, len);
        return run_loaded(r, how);
}

enum after run_meta(struct run *r, const struct zc_fw_op *op)
{
        struct sym_byte out[ZC_FW_REG_BYTES] = { 0 };
        unsigned len = 0;
        enum sym_load how = sym_meta(r->s, &r->now.now, op->key, out, &len);

        if (how != SYM_BREAKS)
                run_store(r, op->dreg, out, len);
        if (op->key == NFT_META_IIFKIND) {
                zc_bdd kind = sym_has_kind(r->s);

                return run_condition(r, (struct sym_pair){ kind, kind });
        }
        return run_loaded(r, how);
}

enum after run_ct(struct run *r, const struct zc_fw_op *op)
{
        struct sym_byte out[ZC_FW_REG_BYTES] = { 0 };
        unsigned len = 0;
        enum sym_load how = sym_ct(r->s, &r->now.now, op->key, op->dir, out, &len);

        if (how != SYM_BREAKS)
                run_store(r, op->dreg, out, len);
        return run_loaded(r, how);
}

enum after run_fib(struct run *r, const struct zc_fw_op *op)
{
        struct sym_byte out[ZC_FW_REG_BYTES] = { 0 };
        unsigned len = 0;
        enum sym_load how = sym_fib(r->s, &r->now.now, op, out, &len);

        run_store(r, op->dreg, out, len);
        return run_loaded(r, how);
}

enum after run_unknown_load(struct run *r, const struct zc_fw_op *op)
{
        if (op->dreg < ZC_FW_SLOTS) {
                struct sym_byte out[16];

                for (unsigned i = 0; i < 16; i++)
                        out[i] = sym_byte_unknown();
                run_store(r, op->dreg, out, op->len && op->len < 16 ? op->len : 16);
        }
        return run_condition(r, SYM_MAYBE);
}

/** Extension headers of IPv6 are there or not, as who sends likes. */
enum after run_exthdr(struct run *r, const struct zc_fw_op *op)
{
        const struct sym_byte absent = sym_byte_known(0);

        if (op->op != NFT_EXTHDR_OP_IPV6 || r->s->q.family == ZC_FW_IP6)
                return run_unknown_load(r, op);
        if (!(op->flags & NFT_EXTHDR_F_PRESENT))
                return run_breaks(r);
        run_store(r, op->dreg, &absent, 1);
        return GO_ON;
}

enum after run_immediate(struct run *r, const struct zc_fw_op *op)
{
        struct sym_byte out[ZC_FW_REG_BYTES] = { 0 };
        unsigned len = op->len < ZC_FW_REG_BYTES ? op->len : ZC_FW_REG_BYTES;

        for (unsigned i = 0; i < len; i++)
                out[i] = sym_byte_known(op->u.data.a[i]);
        run_store(r, op->dreg, out, len);
        return GO_ON;
}

enum after run_byteorder(struct run *r, const struct zc_fw_op *op)
{
        struct sym_byte in[ZC_FW_REG_BYTES] = { 0 }, out[ZC_FW_REG_BYTES] = { 0 };
        unsigned len = op->len < ZC_FW_REG_BYTES ? op->len : ZC_FW_REG_BYTES,
                 size = op->key ? op->key : 4;
        uint16_t one = 1;

        run_fetch(r, op->sreg, in, len);
        for (unsigned i = 0; i < len; i++) {
                unsigned other = i / size * size + (size - 1 - i % size);

                out[i] = *(uint8_t *)&one == 1 && other < len ? in[other] : in[i];
        }
        run_store(r, op->dreg, out, len);
        return GO_ON;
}

static sym_bit bit_op(enum zc_fw_bitwise op, sym_bit x, sym_bit y)
{
        sym_bit known = x <= SYM_ONE ? x : y, other = x <= SYM_ONE ? y : x;

        if (known > SYM_ONE)
                return SYM_UNKNOWN;
        if (op == ZC_FW_BIT_AND)
                return known == SYM_ONE ? other : SYM_ZERO;
        if (op == ZC_FW_BIT_OR)
                return known == SYM_ONE ? SYM_ONE : other;
        return known == SYM_ONE ? SYM_NOT(other) : other;
}

static struct sym_byte byte_op(enum zc_fw_bitwise op, const struct sym_byte *x,
                               const struct sym_byte *y)
{
        struct sym_byte out = { 0 };

        for (unsigned i = 0; i < 8; i++)
                out.bit[i] =
                        x->choice || y->choice ? SYM_UNKNOWN : bit_op(op, x->bit[i], y->bit[i]);
        return out;
}

/** A masked choice is a choice of masked values. */
static uint16_t masked_choice(struct run *r, uint16_t number, const struct sym_byte *in,
                              const struct zc_fw_op *op, unsigned len)
{
        size_t n = r->s->choices[number - 1].n;
        uint16_t out = sym_choice_new(r->s, n);

        if (!out)
                return 0;
        for (size_t i = 0; i < n; i++) {
                const struct sym_option *from = &r->s->choices[number - 1].options[i];
                struct sym_option *to = &r->s->choices[out - 1].options[i];

                to->may = from->may;
                to->must = from->must;
                for (unsigned k = 0; k < len && k < sizeof(to->value); k++)
                        to->value[k] = (uint8_t)((from->value[in[k].at] & op->u.data.a[k]) ^
                                                 op->u.data.b[k]);
        }
        return out;
}

/** The choice that all of the bytes are of; 0 when they are not. */
static uint16_t whole_choice(const struct sym_byte *bytes, unsigned len)
{
        uint16_t choice = len ? bytes[0].choice : 0;

        for (unsigned i = 1; i < len; i++) {
                if (bytes[i].choice != choice)
                        return 0;
        }
        return choice;
}

static void shifted(const struct sym_byte *in, unsigned len, unsigned by, bool left,
                    struct sym_byte *out)
{
        uint16_t one = 1;
        bool little = *(uint8_t *)&one == 1;

        /* The words are of the host's order, the first the most significant: bit p counts from the front of all. */
        for (unsigned p = 0; p < len * 8; p++) {
                unsigned from = left ? p + by : p - by; /* wraps around past the front */
                unsigned at = p / 8, src = from / 8;

                if (little) {
                        at = at / 4 * 4 + (3 - at % 4);
                        src = src / 4 * 4 + (3 - src % 4);
                }
                out[at].choice = 0;
                out[at].bit[p % 8] =
                        from < len * 8 ? (in[src].choice ? SYM_UNKNOWN : in[src].bit[from % 8])
                                       : SYM_ZERO;
        }
}

enum after run_bitwise(struct run *r, const struct zc_fw_op *op)
{
        struct sym_byte in[ZC_FW_REG_BYTES] = { 0 }, second[ZC_FW_REG_BYTES],
                        out[ZC_FW_REG_BYTES] = { 0 };
        unsigned len = op->len < ZC_FW_REG_BYTES ? op->len : ZC_FW_REG_BYTES;
        uint16_t choice;

        memset(out, 0, sizeof(out));
        run_fetch(r, op->sreg, in, (len + 3) / 4 * 4);
        choice = whole_choice(in, len);
        if (op->op == ZC_FW_BIT_MASK_XOR && choice) {
                choice = masked_choice(r, choice, in, op, len);
                for (unsigned i = 0; i < len; i++)
                        out[i] = choice ? sym_byte_of_choice(choice, (uint8_t)i)
                                        : sym_byte_unknown();
        } else if (op->op == ZC_FW_BIT_MASK_XOR) {
                for (unsigned i = 0; i < len; i++) {
                        struct sym_byte mask = sym_byte_known(op->u.data.a[i]),
                                        flip = sym_byte_known(op->u.data.b[i]);
                        struct sym_byte kept = byte_op(ZC_FW_BIT_AND, &in[i], &mask);

                        out[i] = byte_op(ZC_FW_BIT_XOR, &kept, &flip);
                }
        } else if (op->op == ZC_FW_BIT_LSHIFT || op->op == ZC_FW_BIT_RSHIFT) {
                shifted(in, (len + 3) / 4 * 4, op->amount, op->op == ZC_FW_BIT_LSHIFT, out);
        } else {
                if (op->sreg2 < ZC_FW_SLOTS) {
                        run_fetch(r, op->sreg2, second, len);
                } else {
                        for (unsigned i = 0; i < len; i++)
                                second[i] = op->u.data.a ? sym_byte_known(op->u.data.a[i])
                                                         : sym_byte_unknown();
                }
                for (unsigned i = 0; i < len; i++)
                        out[i] = byte_op(op->op, &in[i], &second[i]);
        }
        run_store(r, op->dreg, out, len);
        return GO_ON;
}
