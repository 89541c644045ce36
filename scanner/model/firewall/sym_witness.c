/** One packet out of a set: an ordinary one where the set has such. */
#include <string.h>

#include "sym.h"

struct picking {
        struct sym *s;
        zc_bdd left;
};

static bool prefer(struct picking *p, zc_bdd these)
{
        zc_bdd some = bdd_and(p->s->b, p->left, these);

        if (some != BDD_NONE)
                p->left = some;
        return some != BDD_NONE;
}

static void prefer_number(struct picking *p, unsigned var, uint16_t value)
{
        uint8_t be[2] = { (uint8_t)(value >> 8), (uint8_t)value };

        (void)prefer(p, sym_prefix(p->s, var, be, 16));
}

static void prefer_ordinary(struct picking *p)
{
        static const uint16_t ports[] = { 80, 443, 8080, 53 };
        static const uint8_t v4[] = { 203, 0, 113, 9 },
                             v6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 9 };
        struct sym *s = p->s;
        zc_bdd here = bdd_diff(s->b, s->here, sym_link_local(s, s->at.daddr));

        if (s->q.loopback)
                (void)prefer(p, sym_elsewhere(s));
        if (!prefer(p, here))
                (void)prefer(p, s->here);
        (void)prefer(p, sym_valid_sources(s));
        (void)prefer(p,
                     sym_prefix(s, s->at.saddr, s->at.addr_bits == 32 ? v4 : v6, s->at.addr_bits));
        if (!sym_is_icmp(s->q.protocol))
                prefer_number(p, s->at.sport, 40000);
        for (size_t i = 0; i < ZC_COUNT(ports); i++)
                prefer_number(p, s->at.dport, ports[i]);
}

struct bits {
        uint8_t at[(8 + SYM_IIF_BITS + 16 + 128 + 128 + 16) / 8 + 1];
};

/** Some path to the end; false where it asks for something that is no part of a packet. */
static bool some_path(struct picking *p, struct bits *bits)
{
        const struct bdd *b = p->s->b;

        memset(bits, 0, sizeof(*bits));
        while (p->left > BDD_ALL) {
                unsigned var = bdd_var(b, p->left);
                bool one = bdd_low(b, p->left) == BDD_NONE;

                if (var >= p->s->at.atoms)
                        return false;
                if (one)
                        bits->at[var / 8] |= (uint8_t)(0x80 >> var % 8);
                p->left = one ? bdd_high(b, p->left) : bdd_low(b, p->left);
        }
        return p->left == BDD_ALL;
}

static void field(const struct bits *bits, unsigned var, unsigned n, uint8_t *out)
{
        for (unsigned i = 0; i < n; i++) {
                unsigned at = var + i;

                if (bits->at[at / 8] >> (7 - at % 8) & 1)
                        out[i / 8] |= (uint8_t)(0x80 >> i % 8);
        }
}

static uint16_t number(const struct bits *bits, unsigned var, unsigned n)
{
        uint8_t be[2] = { 0 };

        field(bits, var, n, be);
        return (uint16_t)((be[0] << 8 | be[1]) >> (16 - n));
}

bool sym_witness(struct sym *s, zc_bdd set, struct zc_fw_packet *out)
{
        struct picking p = { s, set };
        struct bits bits;
        size_t iif, n = 0;

        if (set == BDD_NONE || bdd_full(s->b))
                return false;
        prefer_ordinary(&p);
        if (!some_path(&p, &bits))
                return false;
        *out = (struct zc_fw_packet){ .family = (uint8_t)s->q.family,
                                      .ct = s->q.ct,
                                      .ttl = 64,
                                      .flags = s->q.ct == ZC_FW_CT_NEW ? 2 : 16,
                                      .known = ZC_FW_KNOWN_ALL };
        out->protocol = s->q.protocol >= 0 ? (uint8_t)s->q.protocol
                                           : (uint8_t)number(&bits, s->at.proto, 8);
        field(&bits, s->at.saddr, s->at.addr_bits, out->saddr);
        field(&bits, s->at.daddr, s->at.addr_bits, out->daddr);
        if (sym_is_icmp(s->q.protocol)) {
                uint16_t type = number(&bits, s->at.sport, 16);

                out->type = (uint8_t)(type >> 8);
                out->code = (uint8_t)type;
        } else {
                out->sport = number(&bits, s->at.sport, 16);
                out->dport = number(&bits, s->at.dport, 16);
        }
        iif = number(&bits, s->at.iif, SYM_IIF_BITS);
        for (size_t i = 0; i < s->host->interface_count; i++) {
                if (sym_comes_in(s, i) && n++ == iif)
                        out->iif = s->host->interfaces[i].index;
        }
        return out->iif != 0;
}
