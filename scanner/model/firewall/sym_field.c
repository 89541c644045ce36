/** What a rule loads from a packet, as bits: of the packet where the question leaves them open, known or unknown otherwise. */
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "sym.h"

struct sym_byte sym_byte_known(uint8_t value)
{
        struct sym_byte out = { 0 };

        for (unsigned i = 0; i < 8; i++)
                out.bit[i] = value >> (7 - i) & 1;
        return out;
}

struct sym_byte sym_byte_unknown(void)
{
        struct sym_byte out = { 0 };

        for (unsigned i = 0; i < 8; i++)
                out.bit[i] = SYM_UNKNOWN;
        return out;
}

struct sym_byte sym_byte_of_choice(uint16_t choice, uint8_t at)
{
        return (struct sym_byte){ .choice = choice, .at = at };
}

static struct sym_byte of_field(unsigned var, unsigned at)
{
        struct sym_byte out = { 0 };

        for (unsigned i = 0; i < 8; i++)
                out.bit[i] = SYM_VAR(var + 8 * at + i);
        return out;
}

static struct sym_byte protocol_byte(const struct sym *s)
{
        return s->q.protocol >= 0 ? sym_byte_known((uint8_t)s->q.protocol)
                                  : of_field(s->at.proto, 0);
}

/* The headers as the question has them (RFC 791, 8200, 9293, 768, 792); whole packets, without options or extension headers. */

static struct sym_byte ip_byte(const struct sym *s, unsigned at)
{
        struct sym_byte out = sym_byte_unknown();

        if (at == 0)
                return sym_byte_known(0x45);
        if (at == 6) { /* no fragment; DF is free */
                out = sym_byte_known(0);
                out.bit[1] = SYM_UNKNOWN;
                return out;
        }
        if (at == 7)
                return sym_byte_known(0);
        if (at == 9)
                return protocol_byte(s);
        if (at >= 12)
                return at < 16 ? of_field(s->at.saddr, at - 12) : of_field(s->at.daddr, at - 16);
        return out;
}

static struct sym_byte ip6_byte(const struct sym *s, unsigned at)
{
        struct sym_byte out = sym_byte_unknown();

        if (at == 0) {
                struct sym_byte version = sym_byte_known(0x60);

                memcpy(out.bit, version.bit, 4 * sizeof(*out.bit));
                return out;
        }
        if (at == 6)
                return protocol_byte(s);
        if (at >= 8)
                return at < 24 ? of_field(s->at.saddr, at - 8) : of_field(s->at.daddr, at - 24);
        return out;
}

/** How much of the transport header is always there; 0 for protocols that are not told apart. */
static unsigned transport_size(int protocol)
{
        switch (protocol) {
        case IPPROTO_TCP:
                return 20;
        case IPPROTO_SCTP:
                return 12;
        default:
                return protocol == IPPROTO_UDP || sym_is_icmp(protocol) ? 8 : 0;
        }
}

/** Of what begins a connection: SYN without ACK, RST and FIN. CWR and ECE stand there where ECN is offered (RFC 3168), PSH and URG do no harm. */
static struct sym_byte first_flags(void)
{
        static const unsigned free_bits[] = { 0, 1, 2, 4 };
        struct sym_byte out = sym_byte_known(2);

        for (size_t i = 0; i < ZC_COUNT(free_bits); i++)
                out.bit[free_bits[i]] = SYM_UNKNOWN;
        return out;
}

static enum sym_load transport_byte(const struct sym *s, unsigned at, struct sym_byte *out)
{
        unsigned size = transport_size(s->q.protocol);

        *out = sym_byte_unknown();
        if (at < 2 && size)
                *out = of_field(s->at.sport, at);
        else if (at < 4 && size && !sym_is_icmp(s->q.protocol))
                *out = of_field(s->at.dport, at - 2);
        else if (at == 13 && s->q.protocol == IPPROTO_TCP && s->q.syn)
                *out = first_flags();
        return at < size ? SYM_LOADED : SYM_MAY_BREAK;
}

static enum sym_load packet_byte(const struct sym *s, unsigned base, unsigned at,
                                 struct sym_byte *out)
{
        unsigned header = s->q.family == ZC_FW_IP ? 20 : 40;

        if (base == ZC_FW_BASE_NETWORK && at < header) {
                *out = s->q.family == ZC_FW_IP ? ip_byte(s, at) : ip6_byte(s, at);
                return SYM_LOADED;
        }
        if (base == ZC_FW_BASE_NETWORK)
                return transport_byte(s, at - header, out);
        if (base == ZC_FW_BASE_TRANSPORT)
                return transport_byte(s, at, out);
        *out = sym_byte_unknown();
        return SYM_MAY_BREAK;
}

/**
 * The next header of IPv6: the protocol, or an extension header in front of it (RFC 8200, section 4; 4303's ESP is where a look ends). Who sends
 * chooses, so that none of them is certain.
 */
static struct sym_byte next_header(struct sym *s)
{
        static const uint8_t extensions[] = { 0, 43, 44, 51, 60, 135, 139, 140 };

        if (!s->c_next)
                s->c_next = sym_choice_keep(s, ZC_COUNT(extensions) + 1);
        if (!s->c_next)
                return sym_byte_unknown();
        for (size_t i = 0; i <= ZC_COUNT(extensions); i++) {
                struct sym_option *o = &s->choices[s->c_next - 1].options[i];

                o->may = BDD_ALL;
                o->must = BDD_NONE;
                o->value[0] = i ? extensions[i - 1] : (uint8_t)s->q.protocol;
        }
        return sym_byte_of_choice(s->c_next, 0);
}

enum sym_load sym_payload(struct sym *s, const struct sym_changes *now, unsigned base,
                          unsigned offset, unsigned len, struct sym_byte *out)
{
        enum sym_load how = SYM_LOADED;

        for (unsigned i = 0; i < len; i++) {
                enum sym_load one = packet_byte(s, base, offset + i, &out[i]);

                if (base == ZC_FW_BASE_NETWORK && offset + i == 6 && s->q.family == ZC_FW_IP6 &&
                    s->q.protocol >= 0)
                        out[i] = next_header(s);
                if (one > how)
                        how = one;
                for (uint32_t k = 0; k < now->overs; k++) {
                        if (now->over[k].base == base && now->over[k].offset == offset + i)
                                out[i] = now->over[k].value < 0
                                                 ? sym_byte_unknown()
                                                 : sym_byte_known((uint8_t)now->over[k].value);
                }
        }
        return how;
}

bool sym_bytes_known(const struct sym_byte *bytes, unsigned len, uint8_t *value)
{
        for (unsigned i = 0; i < len; i++) {
                value[i] = 0;
                for (unsigned k = 0; k < 8; k++) {
                        if (bytes[i].choice || bytes[i].bit[k] > SYM_ONE)
                                return false;
                        value[i] = (uint8_t)(value[i] << 1 | bytes[i].bit[k]);
                }
        }
        return true;
}

static int16_t value_of(const struct sym_byte *byte)
{
        uint8_t value;

        return sym_bytes_known(byte, 1, &value) ? (int16_t)value : (int16_t)-1;
}

static int over_order(const void *a, const void *b)
{
        const struct sym_over *x = a, *y = b;

        return x->base != y->base ? x->base - y->base : x->offset - y->offset;
}

void sym_write(struct sym_changes *now, unsigned base, unsigned offset,
               const struct sym_byte *bytes, unsigned len)
{
        for (unsigned i = 0; i < len; i++) {
                struct sym_over over = { (uint8_t)base, (uint8_t)(offset + i),
                                         value_of(&bytes[i]) };
                uint32_t k = 0;

                while (k < now->overs && over_order(&now->over[k], &over) != 0)
                        k++;
                if (k == SYM_OVERS)
                        continue; /* sym_rule() refuses longer writes */
                now->over[k] = over;
                now->overs += k == now->overs;
        }
        qsort(now->over, now->overs, sizeof(*now->over), over_order);
}

/* Choices. */

uint16_t sym_choice_new(struct sym *s, size_t n)
{
        if (s->choice_count == s->choice_cap) {
                size_t cap = s->choice_cap ? s->choice_cap * 2 : 16;
                struct sym_choice *more =
                        cap < UINT16_MAX ? realloc(s->choices, cap * sizeof(*more)) : NULL;

                if (!more) {
                        s->lost = true;
                        return 0;
                }
                s->choices = more;
                s->choice_cap = cap;
        }

        struct sym_choice *c = &s->choices[s->choice_count];

        c->n = n;
        c->options = calloc(n + 1, sizeof(*c->options));
        if (!c->options) {
                s->lost = true;
                return 0;
        }
        return (uint16_t)++s->choice_count;
}

uint16_t sym_choice_keep(struct sym *s, size_t n)
{
        uint16_t number = sym_choice_new(s, n);

        s->choice_kept = s->choice_count;
        return number;
}

static void load_choice(uint16_t choice, unsigned len, struct sym_byte *out)
{
        for (unsigned i = 0; i < len; i++)
                out[i] = choice ? sym_byte_of_choice(choice, (uint8_t)i) : sym_byte_unknown();
}

static void interface_value(const struct zc_fw_interface *i, unsigned key, uint8_t *value)
{
        uint32_t type = i->type;

        switch (key) {
        case NFT_META_IIFNAME:
        case NFT_META_OIFNAME:
                memcpy(value, i->name, 16);
                break;
        case NFT_META_IIFKIND:
        case NFT_META_OIFKIND:
                if (i->kind)
                        memcpy(value, i->kind, strnlen(i->kind, 15));
                break;
        case NFT_META_IIFTYPE:
        case NFT_META_OIFTYPE:
                memcpy(value, &type, 2);
                break;
        case NFT_META_IIFGROUP:
        case NFT_META_OIFGROUP:
                memcpy(value, &i->group, 4);
                break;
        default:
                memcpy(value, &i->index, 4);
        }
}

zc_bdd sym_has_kind(struct sym *s)
{
        zc_bdd out = BDD_NONE;

        for (size_t i = 0, n = 0; i < s->host->interface_count; i++) {
                if (!sym_comes_in(s, i))
                        continue;
                if (s->host->interfaces[i].kind && *s->host->interfaces[i].kind)
                        out = bdd_or(s->b, out, sym_iif(s, n));
                n++;
        }
        return out;
}

/** One choice a key, made when it is first asked for. */
static uint16_t interface_choice(struct sym *s, unsigned key, uint16_t *made)
{
        uint16_t number = *made;

        if (number)
                return number;
        number = sym_choice_keep(s, s->iif_count);
        if (!number)
                return 0;
        for (size_t i = 0, n = 0; i < s->host->interface_count && n < s->iif_count; i++) {
                if (!sym_comes_in(s, i))
                        continue;

                struct sym_option *o = &s->choices[number - 1].options[n];

                o->may = o->must = sym_iif(s, n++);
                interface_value(&s->host->interfaces[i], key, o->value);
        }
        return *made = number;
}

static const struct zc_fw_interface *by_index(const struct sym *s, uint32_t index)
{
        for (size_t i = 0; i < s->host->interface_count; i++) {
                if (s->host->interfaces[i].index == index)
                        return &s->host->interfaces[i];
        }
        return NULL;
}

static enum sym_load out_device(struct sym *s, const struct sym_changes *now, unsigned key,
                                unsigned len, struct sym_byte *out)
{
        const struct zc_fw_interface *i = by_index(s, now->oif);
        uint8_t value[16] = { 0 };

        if (!now->oif && !now->oif_lost)
                return SYM_BREAKS;
        if (i && key == NFT_META_OIFKIND && !now->oif_lost && (!i->kind || !*i->kind))
                return SYM_BREAKS;
        if (!i || now->oif_lost) {
                for (unsigned k = 0; k < len; k++)
                        out[k] = sym_byte_unknown();
                return SYM_MAY_BREAK;
        }
        interface_value(i, key, value);
        for (unsigned k = 0; k < len; k++)
                out[k] = sym_byte_known(value[k]);
        return SYM_LOADED;
}

static void load_number(uint32_t value, unsigned len, bool lost, struct sym_byte *out)
{
        uint8_t bytes[4];

        memcpy(bytes, &value, sizeof(bytes)); /* host order, as the kernel's registers have it */
        for (unsigned i = 0; i < len; i++)
                out[i] = lost    ? sym_byte_unknown()
                         : i < 4 ? sym_byte_known(bytes[i])
                                 : sym_byte_known(0);
}

static bool has_masters(const struct sym *s)
{
        for (size_t i = 0; i < s->host->interface_count; i++) {
                if (s->host->interfaces[i].master)
                        return true;
        }
        return false;
}

static enum sym_load rare_meta(const struct sym *s, unsigned key, struct sym_byte *out,
                               unsigned *len)
{
        bool early = s->hook == ZC_FW_PREROUTING || s->hook == ZC_FW_INGRESS;

        *len = 16;
        switch (key) {
        case NFT_META_SKUID:
        case NFT_META_SKGID:
        case NFT_META_CGROUP: /* new packets from elsewhere have no socket yet */
                if (early || s->q.ct != ZC_FW_CT_ESTABLISHED)
                        return SYM_BREAKS;
                break;
        case NFT_META_RTCLASSID:
                if (early)
                        return SYM_BREAKS;
                break;
        case NFT_META_SDIF:
        case NFT_META_SDIFNAME:
                load_number(0, 16, has_masters(s), out);
                *len = key == NFT_META_SDIF ? 4 : 16;
                return SYM_LOADED;
        default:
                break;
        }
        load_number(0, 16, true, out);
        return SYM_MAY_BREAK;
}

enum sym_load sym_meta(struct sym *s, const struct sym_changes *now, unsigned key,
                       struct sym_byte *out, unsigned *len)
{
        *len = 4;
        switch (key) {
        case NFT_META_L4PROTO:
                *len = 1;
                out[0] = protocol_byte(s);
                return SYM_LOADED;
        case NFT_META_NFPROTO:
                *len = 1;
                out[0] = sym_byte_known(s->netdev ? ZC_FW_NETDEV : (uint8_t)s->q.family);
                return SYM_LOADED;
        case NFT_META_PROTOCOL:
                *len = 2;
                out[0] = sym_byte_known(s->q.family == ZC_FW_IP ? 0x08 : 0x86);
                out[1] = sym_byte_known(s->q.family == ZC_FW_IP ? 0x00 : 0xdd);
                return SYM_LOADED;
        case NFT_META_MARK:
                load_number(now->mark, 4, now->mark_lost, out);
                return SYM_LOADED;
        case NFT_META_PKTTYPE:
                *len = 1;
                out[0] = sym_byte_known(0); /* PACKET_HOST */
                return SYM_LOADED;
        case NFT_META_IIFNAME:
                *len = 16;
                load_choice(interface_choice(s, key, &s->c_name), 16, out);
                return SYM_LOADED;
        case NFT_META_IIFKIND:
                *len = 16;
                load_choice(interface_choice(s, key, &s->c_kind), 16, out);
                return SYM_LOADED;
        case NFT_META_IIF:
                load_choice(interface_choice(s, key, &s->c_index), 4, out);
                return SYM_LOADED;
        case NFT_META_IIFTYPE:
                *len = 2;
                load_choice(interface_choice(s, key, &s->c_type), 2, out);
                return SYM_LOADED;
        case NFT_META_IIFGROUP:
                load_choice(interface_choice(s, key, &s->c_group), 4, out);
                return SYM_LOADED;
        case NFT_META_OIFNAME:
        case NFT_META_OIFKIND:
                *len = 16;
                return out_device(s, now, key, 16, out);
        case NFT_META_OIF:
        case NFT_META_OIFGROUP:
                return out_device(s, now, key, 4, out);
        case NFT_META_OIFTYPE:
                *len = 2;
                return out_device(s, now, key, 2, out);
        default:
                return rare_meta(s, key, out, len);
        }
}

/* Connection tracking. */

static enum sym_load original(struct sym *s, unsigned base, unsigned offset, unsigned n,
                              struct sym_byte *out, unsigned *len)
{
        static const struct sym_changes none;

        *len = n;
        return sym_payload(s, &none, base, offset, n, out);
}

static enum sym_load ct_status(const struct sym *s, const struct sym_changes *now,
                               struct sym_byte *out)
{
        /* IPS_SRC_NAT_DONE and IPS_DST_NAT_DONE (bits 7, 8) depend on who asked first; IPS_DST_NAT is bit 5 */
        load_number(now->dnat ? 1u << 5 : 0, 4, s->q.ct != ZC_FW_CT_NEW, out);
        if (s->q.ct == ZC_FW_CT_NEW) {
                uint32_t one = 1;
                bool little = *(uint8_t *)&one == 1;

                if (now->dnat_lost)
                        out[little ? 0 : 3].bit[2] = SYM_UNKNOWN;
                out[little ? 0 : 3].bit[0] = SYM_UNKNOWN;
                out[little ? 1 : 2].bit[7] = SYM_UNKNOWN;
                if (s->hook == ZC_FW_POSTROUTING || (s->hook == ZC_FW_INPUT && now->translated))
                        out[little ? 0 : 3].bit[3] = SYM_UNKNOWN; /* IPS_SRC_NAT */
        }
        return SYM_LOADED;
}

enum sym_load sym_ct(struct sym *s, const struct sym_changes *now, unsigned key, unsigned dir,
                     struct sym_byte *out, unsigned *len)
{
        bool v4 = s->q.family == ZC_FW_IP, first = s->q.ct == ZC_FW_CT_NEW;

        *len = 4;
        if (key == NFT_CT_STATE) {
                load_number(now->ct ? now->ct : ZC_FW_CT_INVALID, 4, false, out);
                return SYM_LOADED;
        }
        if (now->ct == 0 || now->ct == ZC_FW_CT_INVALID || now->ct == ZC_FW_CT_UNTRACKED)
                return SYM_BREAKS;
        switch (key) {
        case NFT_CT_DIRECTION:
                *len = 1;
                out[0] = first ? sym_byte_known(0) : sym_byte_unknown();
                return SYM_LOADED;
        case NFT_CT_STATUS:
                return ct_status(s, now, out);
        case NFT_CT_MARK:
                load_number(now->ct_mark, 4, now->ct_mark_lost || !first, out);
                return SYM_LOADED;
        case NFT_CT_L3PROTOCOL:
                *len = 1;
                out[0] = sym_byte_known((uint8_t)s->q.family);
                return SYM_LOADED;
        case NFT_CT_PROTOCOL:
                *len = 1;
                out[0] = protocol_byte(s);
                return SYM_LOADED;
        default:
                break;
        }
        if (key == (v4 ? NFT_CT_SRC_IP6 : NFT_CT_SRC_IP) ||
            key == (v4 ? NFT_CT_DST_IP6 : NFT_CT_DST_IP))
                return SYM_BREAKS;
        if (first && dir == 0) {
                if (key == NFT_CT_SRC || key == (v4 ? NFT_CT_SRC_IP : NFT_CT_SRC_IP6))
                        return original(s, ZC_FW_BASE_NETWORK, v4 ? 12 : 8, v4 ? 4 : 16, out, len);
                if (key == NFT_CT_DST || key == (v4 ? NFT_CT_DST_IP : NFT_CT_DST_IP6))
                        return original(s, ZC_FW_BASE_NETWORK, v4 ? 16 : 24, v4 ? 4 : 16, out, len);
                if (!sym_is_icmp(s->q.protocol) && s->q.protocol >= 0 && key == NFT_CT_PROTO_SRC)
                        return original(s, ZC_FW_BASE_TRANSPORT, 0, 2, out, len);
                if (!sym_is_icmp(s->q.protocol) && s->q.protocol >= 0 && key == NFT_CT_PROTO_DST)
                        return original(s, ZC_FW_BASE_TRANSPORT, 2, 2, out, len);
        }
        *len = 16;
        load_number(0, 16, true, out);
        return SYM_MAY_BREAK;
}
