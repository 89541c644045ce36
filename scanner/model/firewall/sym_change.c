/** What rules change: marks, tracking, addresses and ports. */
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "sym_run.h"

#define FORKS 64 /* values that one step tells apart */

/* Changes. Their values are told apart first: a choice among the bytes makes one run a value. */

static uint16_t choice_in(const struct run *r, unsigned slot, unsigned len)
{
        for (unsigned i = 0; slot < ZC_FW_SLOTS && i < len && slot * 4 + i < ZC_FW_REG_BYTES; i++) {
                if ((r->regs.valid >> (slot * 4 + i) & 1) && r->regs.byte[slot * 4 + i].choice)
                        return r->regs.byte[slot * 4 + i].choice;
        }
        return 0;
}

static void told_apart(struct run *r, uint16_t number, uint32_t at)
{
        const struct sym_choice *c = &r->s->choices[number - 1];
        size_t n = c->n;

        for (size_t i = 0; i < n; i++) {
                struct sym_option o = r->s->choices[number - 1].options[i];
                struct run one = *r;

                one.now = run_narrowed(r, (struct sym_pair){ o.may, o.must });
                if (one.now.may == BDD_NONE)
                        continue;
                for (unsigned k = 0; k < ZC_FW_REG_BYTES; k++) {
                        if (one.regs.byte[k].choice == number)
                                one.regs.byte[k] =
                                        n <= FORKS ? sym_byte_known(o.value[one.regs.byte[k].at])
                                                   : sym_byte_unknown();
                }
                if (n > FORKS) { /* all of them at once, and the value lost */
                        one.now = r->now;
                        run_on(&one, at);
                        return;
                }
                run_on(&one, at);
        }
}

static bool number_of(const struct sym_byte *bytes, uint32_t *out)
{
        uint8_t value[4];

        for (unsigned i = 0; i < 4; i++) {
                value[i] = 0;
                for (unsigned k = 0; k < 8; k++) {
                        if (bytes[i].choice || bytes[i].bit[k] > SYM_ONE)
                                return false;
                        value[i] = (uint8_t)(value[i] << 1 | bytes[i].bit[k]);
                }
        }
        memcpy(out, value, 4);
        return true;
}

static void set_mark(const struct run *r, const struct zc_fw_op *op, uint32_t *mark, bool *lost)
{
        struct sym_byte value[4];

        run_fetch(r, op->sreg, value, 4);
        *mark = 0;
        *lost = !number_of(value, mark);
}

static void change_port(struct run *r, unsigned slot, unsigned last)
{
        struct sym_byte lo[2], hi[2];

        if (slot >= ZC_FW_SLOTS)
                return;
        run_fetch(r, slot, lo, 2);
        run_fetch(r, last < ZC_FW_SLOTS ? last : slot, hi, 2);
        if (memcmp(lo, hi, sizeof(lo)) != 0)
                lo[0] = lo[1] = sym_byte_unknown();
        sym_write(&r->now.now, ZC_FW_BASE_TRANSPORT, 2, lo, 2);
}

static void change_address(struct run *r, unsigned slot, unsigned last)
{
        unsigned len = r->s->at.addr_bits / 8;
        struct sym_byte lo[16], hi[16];

        if (slot >= ZC_FW_SLOTS)
                return;
        run_fetch(r, slot, lo, len);
        run_fetch(r, last < ZC_FW_SLOTS ? last : slot, hi, len);
        for (unsigned i = 0; i < len; i++) {
                if (memcmp(&lo[i], &hi[i], sizeof(lo[i])) != 0)
                        lo[i] = sym_byte_unknown();
        }
        sym_write(&r->now.now, ZC_FW_BASE_NETWORK, r->s->q.family == ZC_FW_IP ? 16 : 24, lo, len);
}

/** To this host: the address is one of the interface's, and only the port matters. */
static void change_to_self(struct run *r)
{
        struct sym_byte any[16];
        unsigned len = r->s->at.addr_bits / 8;

        for (unsigned i = 0; i < len; i++)
                any[i] = sym_byte_unknown();
        sym_write(&r->now.now, ZC_FW_BASE_NETWORK, r->s->q.family == ZC_FW_IP ? 16 : 24, any, len);
        r->now.now.to_self = true;
}

static enum after do_nat(struct run *r, const struct zc_fw_op *op)
{
        bool destination = op->op == ZC_FW_DNAT || op->op == ZC_FW_REDIR;

        if (op->dir != ZC_FW_NO_SLOT && op->dir != ZC_FW_INET && op->dir != r->s->q.family)
                return GO_ON; /* nft_nat_inet_eval: of the other family it does nothing */
        if (run_settle(r) == OVER)
                return OVER;
        if (destination) {
                if (op->op == ZC_FW_DNAT)
                        change_address(r, op->u.nat.addr_min, op->u.nat.addr_max);
                else
                        change_to_self(r);
                change_port(r, op->u.nat.port_min, op->u.nat.port_max);
                r->now.now.dnat = true;
        }
        r->now.now.translated = true;
        if (r->s->q.family == ZC_FW_IP6 && r->s->q.protocol < 0)
                r->now.must = BDD_NONE; /* measured: the kernel drops some of them, as fw_nat() says */
        run_move(r, &r->now, (struct zc_fw_verdict){ .code = ZC_FW_ACCEPT });
        return OVER;
}

static enum after do_write(struct run *r, const struct zc_fw_op *op)
{
        struct sym_byte bytes[ZC_FW_REG_BYTES];

        if (op->len > 16 || op->len + r->now.now.overs > SYM_OVERS || op->offset > UINT8_MAX - 16) {
                r->s->lost = true;
                return OVER;
        }
        run_fetch(r, op->sreg, bytes, op->len);
        sym_write(&r->now.now, op->key, op->offset, bytes, op->len);
        return GO_ON;
}

enum after run_change(struct run *r, const struct zc_fw_op *op, uint32_t at)
{
        unsigned slots[] = { op->kind == ZC_FW_OP_NAT ? op->u.nat.addr_min : op->sreg,
                             op->kind == ZC_FW_OP_NAT ? op->u.nat.port_min : ZC_FW_NO_SLOT };
        unsigned lens[] = { op->kind == ZC_FW_OP_NAT           ? r->s->at.addr_bits / 8
                            : op->kind == ZC_FW_OP_PAYLOAD_SET ? op->len
                                                               : 4,
                            2 };

        for (unsigned i = 0; i < 2; i++) {
                uint16_t number = choice_in(r, slots[i], lens[i]);

                if (number) {
                        if (run_settle(r) == GO_ON)
                                told_apart(r, number, at);
                        return OVER;
                }
        }
        if (op->kind == ZC_FW_OP_NAT)
                return do_nat(r, op);
        if (run_settle(r) == OVER)
                return OVER;
        if (op->kind == ZC_FW_OP_PAYLOAD_SET)
                return do_write(r, op);
        if (op->kind == ZC_FW_OP_NOTRACK && r->now.now.ct == 0)
                r->now.now.ct = ZC_FW_CT_UNTRACKED;
        else if (op->kind == ZC_FW_OP_META_SET && op->key == NFT_META_MARK)
                set_mark(r, op, &r->now.now.mark, &r->now.now.mark_lost);
        else if (op->kind == ZC_FW_OP_CT_SET && op->key == NFT_CT_MARK)
                set_mark(r, op, &r->now.now.ct_mark, &r->now.now.ct_mark_lost);
        return GO_ON;
}
