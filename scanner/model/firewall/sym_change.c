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
                if (one.now.set == BDD_NONE)
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

        if (!sym_bytes_known(bytes, 4, value))
                return false;
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

static bool is_link_local(const struct zc_fw_address *a)
{
        return a->family == ZC_FW_IP6 && a->addr[0] == 0xfe && (a->addr[1] & 0xc0) == 0x80;
}

/** Packets whose destination is already the address that redirect gives: the interface's first one, of link-local ones the first such. */
static zc_bdd first_addresses(struct sym *s, zc_bdd *some)
{
        zc_bdd same = BDD_NONE, link = sym_link_local(s, s->at.daddr);

        *some = BDD_NONE;
        for (size_t i = 0; i < s->host->interface_count; i++) {
                uint32_t index = s->host->interfaces[i].index;
                zc_bdd from = sym_from(s, index);
                bool first = true, first_link = true;

                for (size_t k = 0; k < s->host->address_count; k++) {
                        const struct zc_fw_address *a = &s->host->addresses[k];
                        zc_bdd to;

                        if (a->interface != index || a->family != s->q.family)
                                continue;
                        to = bdd_and(s->b, from,
                                     sym_prefix(s, s->at.daddr, a->addr, s->at.addr_bits));
                        *some = bdd_or(s->b, *some,
                                       is_link_local(a) ? from : bdd_diff(s->b, from, link));
                        if (is_link_local(a) ? first_link : first)
                                same = bdd_or(s->b, same, to);
                        first = false;
                        first_link &= !is_link_local(a);
                }
        }
        return same;
}

/** Packets to which the translation changes nothing: for `ct status` they are not translated. */
static zc_bdd unchanged(struct run *r, const struct zc_fw_op *op, zc_bdd same_address)
{
        struct sym *s = r->s;
        struct sym_byte to[2], last[2];
        uint8_t addr[16] = { 0 }, port[2];
        int known = sym_rewritten(s, &r->now.now, false, addr);
        bool ports = op->u.nat.port_min < ZC_FW_SLOTS;

        if (op->op == ZC_FW_DNAT)
                same_address =
                        known > 0 ? sym_prefix(s, s->at.daddr, addr, s->at.addr_bits) : BDD_ALL;
        if (!ports)
                return same_address;
        run_fetch(r, op->u.nat.port_min, to, 2);
        run_fetch(r, op->u.nat.port_max < ZC_FW_SLOTS ? op->u.nat.port_max : op->u.nat.port_min,
                  last, 2);
        if (memcmp(to, last, sizeof(to)) != 0 || !sym_bytes_known(to, 2, port))
                return same_address;
        return bdd_and(s->b, same_address, sym_prefix(s, s->at.dport, port, 16));
}

static void change_destination(struct run *r, const struct zc_fw_op *op)
{
        struct sym *s = r->s;
        bool before = r->now.now.overs != 0;
        zc_bdd first = BDD_ALL, some;

        if (op->op == ZC_FW_DNAT) {
                change_address(r, op->u.nat.addr_min, op->u.nat.addr_max);
        } else if (s->host->known) {
                first = first_addresses(s, &some);
                sym_drop(s,
                         bdd_diff(s->b, r->now.set, some)); /* the kernel has no address to give */
                r->now.set = bdd_and(s->b, r->now.set, some);
                change_to_self(r);
        } else {
                change_to_self(r);
        }
        r->now.now.dnat_lost =
                before || bdd_and(s->b, r->now.set, unchanged(r, op, first)) != BDD_NONE;
        change_port(r, op->u.nat.port_min, op->u.nat.port_max);
        r->now.now.dnat = true;
}

/** Interfaces that have no address to masquerade with. */
static bool has_address(const struct sym *s, uint32_t index)
{
        for (size_t i = 0; i < s->host->address_count; i++) {
                if (s->host->addresses[i].interface == index &&
                    s->host->addresses[i].family == s->q.family)
                        return true;
        }
        return false;
}

static enum after do_nat(struct run *r, const struct zc_fw_op *op)
{
        if (op->dir != ZC_FW_NO_SLOT && op->dir != ZC_FW_INET && op->dir != r->s->q.family)
                return GO_ON; /* nft_nat_inet_eval: of the other family it does nothing */
        if (run_settle(r) == OVER)
                return OVER;
        if (r->s->q.family == ZC_FW_IP6 && r->s->q.protocol < 0)
                sym_drop(
                        r->s,
                        r->now.set); /* measured: the kernel drops some of them, as fw_nat() says */
        if (op->op == ZC_FW_DNAT || op->op == ZC_FW_REDIR)
                change_destination(r, op);
        if (op->op == ZC_FW_MASQ && r->s->host->known && r->now.now.oif && !r->now.now.oif_lost &&
            !has_address(r->s, r->now.now.oif)) {
                sym_drop(r->s, r->now.set);
                return OVER;
        }
        r->now.now.translated = true;
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
