/** What fields are called and how values are written. See words.h. */
#include "words.h"

#include <arpa/inet.h>
#include <stdio.h>

struct field {
        uint8_t base, protocol; /* protocol of a transport field; 4 and 6: of a network one */
        uint8_t offset, len;
        enum fw_form form;
        const char *name;
};

#define NET ZC_FW_BASE_NETWORK
#define TRANS ZC_FW_BASE_TRANSPORT

static const struct field fields[] = {
        { NET, 4, 1, 1, FW_FORM_HEX, "ip dscp" },
        { NET, 4, 2, 2, FW_FORM_BIG, "ip length" },
        { NET, 4, 4, 2, FW_FORM_BIG, "ip id" },
        { NET, 4, 6, 2, FW_FORM_HEX, "ip frag-off" },
        { NET, 4, 8, 1, FW_FORM_BIG, "ip ttl" },
        { NET, 4, 9, 1, FW_FORM_PROTOCOL, "ip protocol" },
        { NET, 4, 12, 4, FW_FORM_ADDR4, "ip saddr" },
        { NET, 4, 16, 4, FW_FORM_ADDR4, "ip daddr" },
        { NET, 6, 4, 2, FW_FORM_BIG, "ip6 length" },
        { NET, 6, 6, 1, FW_FORM_PROTOCOL, "ip6 nexthdr" },
        { NET, 6, 7, 1, FW_FORM_BIG, "ip6 hoplimit" },
        { NET, 6, 8, 16, FW_FORM_ADDR6, "ip6 saddr" },
        { NET, 6, 24, 16, FW_FORM_ADDR6, "ip6 daddr" },
        { TRANS, FW_TCP, 0, 2, FW_FORM_BIG, "tcp sport" },
        { TRANS, FW_TCP, 2, 2, FW_FORM_BIG, "tcp dport" },
        { TRANS, FW_TCP, 13, 1, FW_FORM_FLAGS, "tcp flags" },
        { TRANS, FW_UDP, 0, 2, FW_FORM_BIG, "udp sport" },
        { TRANS, FW_UDP, 2, 2, FW_FORM_BIG, "udp dport" },
        { TRANS, FW_SCTP, 0, 2, FW_FORM_BIG, "sctp sport" },
        { TRANS, FW_SCTP, 2, 2, FW_FORM_BIG, "sctp dport" },
        { TRANS, FW_ICMP, 0, 1, FW_FORM_ICMP, "icmp type" },
        { TRANS, FW_ICMP, 1, 1, FW_FORM_BIG, "icmp code" },
        { TRANS, FW_ICMPV6, 0, 1, FW_FORM_ICMPV6, "icmpv6 type" },
        { TRANS, FW_ICMPV6, 1, 1, FW_FORM_BIG, "icmpv6 code" },
        { TRANS, 0, 0, 2, FW_FORM_BIG, "th sport" },
        { TRANS, 0, 2, 2, FW_FORM_BIG, "th dport" },
};

static const struct {
        const char *name;
        enum fw_form form;
} metas[FW_META_KEYS] = {
        [FW_META_LEN] = { "meta length", FW_FORM_HOST },
        [FW_META_PROTOCOL] = { "meta protocol", FW_FORM_ETHERTYPE },
        [FW_META_PRIORITY] = { "meta priority", FW_FORM_MARK },
        [FW_META_MARK] = { "meta mark", FW_FORM_MARK },
        [FW_META_IIF] = { "iif", FW_FORM_INDEX },
        [FW_META_OIF] = { "oif", FW_FORM_INDEX },
        [FW_META_IIFNAME] = { "iifname", FW_FORM_NAME },
        [FW_META_OIFNAME] = { "oifname", FW_FORM_NAME },
        [FW_META_IIFTYPE] = { "iiftype", FW_FORM_HOST },
        [FW_META_OIFTYPE] = { "oiftype", FW_FORM_HOST },
        [FW_META_SKUID] = { "meta skuid", FW_FORM_HOST },
        [FW_META_SKGID] = { "meta skgid", FW_FORM_HOST },
        [FW_META_NFPROTO] = { "meta nfproto", FW_FORM_NFPROTO },
        [FW_META_L4PROTO] = { "meta l4proto", FW_FORM_PROTOCOL },
        [FW_META_PKTTYPE] = { "meta pkttype", FW_FORM_PKTTYPE },
        [FW_META_CPU] = { "meta cpu", FW_FORM_HOST },
        [FW_META_IIFGROUP] = { "iifgroup", FW_FORM_HOST },
        [FW_META_OIFGROUP] = { "oifgroup", FW_FORM_HOST },
        [FW_META_IIFKIND] = { "meta iifkind", FW_FORM_NAME },
        [FW_META_OIFKIND] = { "meta oifkind", FW_FORM_NAME },
        [FW_META_TIME_NS] = { "meta time", FW_FORM_HOST },
        [FW_META_TIME_DAY] = { "meta day", FW_FORM_HOST },
        [FW_META_TIME_HOUR] = { "meta hour", FW_FORM_HOST },
        [FW_META_SDIFNAME] = { "meta sdifname", FW_FORM_NAME },
};

static const struct {
        const char *name;
        enum fw_form form;
} cts[] = {
        [FW_CT_STATE] = { "state", FW_FORM_STATE },
        [FW_CT_DIRECTION] = { "direction", FW_FORM_HOST },
        [FW_CT_STATUS] = { "status", FW_FORM_STATUS },
        [FW_CT_MARK] = { "mark", FW_FORM_MARK },
        [FW_CT_HELPER] = { "helper", FW_FORM_NAME },
        [FW_CT_L3PROTOCOL] = { "l3proto", FW_FORM_NFPROTO },
        [FW_CT_SRC] = { "saddr", FW_FORM_HEX },
        [FW_CT_DST] = { "daddr", FW_FORM_HEX },
        [FW_CT_PROTOCOL] = { "protocol", FW_FORM_PROTOCOL },
        [FW_CT_PROTO_SRC] = { "proto-src", FW_FORM_BIG },
        [FW_CT_PROTO_DST] = { "proto-dst", FW_FORM_BIG },
        [FW_CT_ZONE] = { "zone", FW_FORM_HOST },
        [FW_CT_SRC_IP] = { "ip saddr", FW_FORM_ADDR4 },
        [FW_CT_DST_IP] = { "ip daddr", FW_FORM_ADDR4 },
        [FW_CT_SRC_IP6] = { "ip6 saddr", FW_FORM_ADDR6 },
        [FW_CT_DST_IP6] = { "ip6 daddr", FW_FORM_ADDR6 },
        [FW_CT_ID] = { "id", FW_FORM_HOST },
};

size_t fw_words_width(enum fw_form form)
{
        return form == FW_FORM_ADDR4   ? 4
               : form == FW_FORM_ADDR6 ? 16
               : form == FW_FORM_NAME  ? 16
                                       : 0;
}

/* ---- loads ---- */

/* A field, or as many of its first bytes as a prefix needs. */
static bool is_field(const struct field *f, const struct zc_fw_op *op, uint8_t protocol)
{
        bool part = f->form == FW_FORM_ADDR4 || f->form == FW_FORM_ADDR6;

        if (f->base != op->key || f->offset != op->offset ||
            !(part ? op->len > 0 && op->len <= f->len : op->len == f->len))
                return false;
        if (f->base == TRANS)
                return f->protocol == 0 || f->protocol == protocol;
        return (protocol == 4 || protocol == 6)
                       ? f->protocol == protocol
                       : f->form == FW_FORM_ADDR4 || f->form == FW_FORM_ADDR6 ||
                                 f->form == FW_FORM_PROTOCOL;
}

static enum fw_form payload(struct zc_text *t, const struct zc_fw_op *op, uint8_t protocol)
{
        static const char *const bases[] = { "ll", "nh", "th", "ih" };

        for (size_t i = 0; i < ZC_COUNT(fields); i++) {
                if (is_field(&fields[i], op, protocol)) {
                        zc_text_add(t, fields[i].name);
                        return fields[i].form;
                }
        }
        zc_text_printf(t, "@%s,%u,%u", op->key < ZC_COUNT(bases) ? bases[op->key] : "?",
                       8u * op->offset, 8u * op->len);
        return FW_FORM_HEX;
}

static enum fw_form fib(struct zc_text *t, const struct zc_fw_op *op)
{
        zc_text_printf(t, "fib %s%s%s%s", op->flags & FW_FIB_F_DADDR ? "daddr" : "saddr",
                       op->flags & FW_FIB_F_MARK ? " . mark" : "",
                       op->flags & FW_FIB_F_IIF ? " . iif" : "",
                       op->flags & FW_FIB_F_OIF ? " . oif" : "");
        zc_text_add(t, op->key == FW_FIB_ADDRTYPE  ? " type"
                       : op->key == FW_FIB_OIFNAME ? " oifname"
                                                   : " oif");
        if (op->flags & FW_FIB_F_PRESENT)
                return FW_FORM_YES;
        return op->key == FW_FIB_ADDRTYPE  ? FW_FORM_TYPE
               : op->key == FW_FIB_OIFNAME ? FW_FORM_NAME
                                           : FW_FORM_HOST;
}

static enum fw_form ct(struct zc_text *t, const struct zc_fw_op *op)
{
        bool known = op->key < ZC_COUNT(cts) && cts[op->key].name;

        zc_text_printf(t, "ct %s%s",
                       op->dir == 0   ? "original "
                       : op->dir == 1 ? "reply "
                                      : "",
                       known ? cts[op->key].name : "?");
        if (known && cts[op->key].form == FW_FORM_HEX)
                return op->len == 16 ? FW_FORM_ADDR6 : FW_FORM_ADDR4;
        return known ? cts[op->key].form : FW_FORM_HEX;
}

enum fw_form fw_words_load(struct zc_text *t, const struct zc_fw_op *op, uint8_t protocol)
{
        switch (op->kind) {
        case ZC_FW_OP_PAYLOAD:
                return payload(t, op, protocol);
        case ZC_FW_OP_META:
                if (op->key < FW_META_KEYS && metas[op->key].name) {
                        zc_text_add(t, metas[op->key].name);
                        return metas[op->key].form;
                }
                zc_text_printf(t, "meta %u", op->key);
                return FW_FORM_HOST;
        case ZC_FW_OP_CT:
                return ct(t, op);
        case ZC_FW_OP_FIB:
                return fib(t, op);
        case ZC_FW_OP_EXTHDR:
                zc_text_printf(t, "exthdr %u", op->key);
                return op->flags & 1 ? FW_FORM_YES : FW_FORM_HEX;
        default:
                zc_text_add(t, op->name ? op->name : "something");
                return FW_FORM_HEX;
        }
}

/* ---- values ---- */

struct word {
        uint32_t value;
        const char *name;
};

static const struct word protocols[] = { { 1, "icmp" },   { 2, "igmp" },      { 6, "tcp" },
                                         { 17, "udp" },   { 33, "dccp" },     { 47, "gre" },
                                         { 50, "esp" },   { 51, "ah" },       { 58, "ipv6-icmp" },
                                         { 132, "sctp" }, { 136, "udplite" }, { 0, NULL } };
static const struct word states[] = { { 1, "invalid" }, { 2, "established" }, { 4, "related" },
                                      { 8, "new" },     { 64, "untracked" },  { 0, NULL } };
static const struct word statuses[] = { { 1, "expected" },  { 2, "seen-reply" }, { 4, "assured" },
                                        { 8, "confirmed" }, { 16, "snat" },      { 32, "dnat" },
                                        { 512, "dying" },   { 0, NULL } };
static const struct word types[] = { { 1, "unicast" },     { 2, "local" },     { 3, "broadcast" },
                                     { 4, "anycast" },     { 5, "multicast" }, { 6, "blackhole" },
                                     { 7, "unreachable" }, { 8, "prohibit" },  { 0, NULL } };
static const struct word pkttypes[] = {
        { 0, "host" }, { 1, "broadcast" }, { 2, "multicast" }, { 3, "other" }, { 0, NULL }
};
static const struct word families[] = { { 2, "ipv4" }, { 10, "ipv6" }, { 0, NULL } };
static const struct word ethertypes[] = {
        { 0x800, "ip" }, { 0x86dd, "ip6" }, { 0x806, "arp" }, { 0, NULL }
};
static const struct word icmps[] = { { 0, "echo-reply" },         { 3, "destination-unreachable" },
                                     { 5, "redirect" },           { 8, "echo-request" },
                                     { 11, "time-exceeded" },     { 12, "parameter-problem" },
                                     { 13, "timestamp-request" }, { 0, NULL } };
static const struct word icmp6s[] = { { 1, "destination-unreachable" },
                                      { 2, "packet-too-big" },
                                      { 3, "time-exceeded" },
                                      { 4, "parameter-problem" },
                                      { 128, "echo-request" },
                                      { 129, "echo-reply" },
                                      { 133, "nd-router-solicit" },
                                      { 134, "nd-router-advert" },
                                      { 135, "nd-neighbor-solicit" },
                                      { 136, "nd-neighbor-advert" },
                                      { 0, NULL } };
static const struct word flags[] = { { 1, "fin" },  { 2, "syn" },   { 4, "rst" },
                                     { 8, "psh" },  { 16, "ack" },  { 32, "urg" },
                                     { 64, "ecn" }, { 128, "cwr" }, { 0, NULL } };

static void named(struct zc_text *t, const struct word *w, uint32_t v)
{
        for (; w->name; w++) {
                if (w->value == v) {
                        zc_text_add(t, w->name);
                        return;
                }
        }
        zc_text_printf(t, "%u", v);
}

static void bits(struct zc_text *t, const struct word *w, uint32_t v)
{
        bool any = false;

        for (; w->name; w++) {
                if (v & w->value) {
                        zc_text_printf(t, "%s%s", any ? "," : "", w->name);
                        v &= ~w->value;
                        any = true;
                }
        }
        if (v || !any)
                zc_text_printf(t, "%s0x%x", any ? "," : "", v);
}

static void hex(struct zc_text *t, const uint8_t *v, size_t n)
{
        zc_text_add(t, "0x");
        for (size_t i = 0; i < n; i++)
                zc_text_printf(t, "%02x", v[i]);
}

static uint32_t big(const uint8_t *v, size_t n)
{
        uint32_t x = 0;

        for (size_t i = 0; i < n && i < 4; i++)
                x = x << 8 | v[i];
        return x;
}

static uint32_t host(const uint8_t *v, size_t n)
{
        uint32_t x = 0;

        memcpy(&x, v, n < 4 ? n : 4);
        return x;
}

static void address(struct zc_text *t, int af, const uint8_t *v, size_t n)
{
        uint8_t whole[16] = { 0 };
        char text[INET6_ADDRSTRLEN];

        memcpy(whole, v, n < 16 ? n : 16);
        if (inet_ntop(af, whole, text, sizeof(text)))
                zc_text_add(t, text);
        if (n < (af == AF_INET ? 4u : 16u))
                zc_text_printf(t, "/%zu", 8 * n);
}

static void name(struct zc_text *t, const uint8_t *v, size_t n)
{
        size_t len = strnlen((const char *)v, n);

        zc_text_addc(t, '"');
        zc_text_escape(t, v, len);
        zc_text_add(t, len == n && n < 16 ? "*\"" : "\"");
}

static void word_or_number(struct zc_text *t, enum fw_form form, const uint8_t *v, size_t n)
{
        switch (form) {
        case FW_FORM_PROTOCOL:
                named(t, protocols, v[0]);
                break;
        case FW_FORM_STATE:
                bits(t, states, host(v, n));
                break;
        case FW_FORM_STATUS:
                bits(t, statuses, host(v, n));
                break;
        case FW_FORM_TYPE:
                named(t, types, host(v, n));
                break;
        case FW_FORM_PKTTYPE:
                named(t, pkttypes, v[0]);
                break;
        case FW_FORM_NFPROTO:
                named(t, families, v[0]);
                break;
        case FW_FORM_ETHERTYPE:
                named(t, ethertypes, big(v, n));
                break;
        case FW_FORM_ICMP:
                named(t, icmps, v[0]);
                break;
        case FW_FORM_ICMPV6:
                named(t, icmp6s, v[0]);
                break;
        case FW_FORM_FLAGS:
                bits(t, flags, v[0]);
                break;
        default:
                zc_text_add(t, host(v, n) ? "exists" : "missing");
                break;
        }
}

void fw_words_value(struct zc_text *t, enum fw_form form, const uint8_t *v, size_t n)
{
        if (n == 0)
                return;
        switch (form) {
        case FW_FORM_HEX:
                hex(t, v, n);
                break;
        case FW_FORM_BIG:
                if (n > 4)
                        hex(t, v, n);
                else
                        zc_text_printf(t, "%u", big(v, n));
                break;
        case FW_FORM_HOST:
        case FW_FORM_INDEX:
                if (n > 4)
                        hex(t, v, n);
                else
                        zc_text_printf(t, "%u", host(v, n));
                break;
        case FW_FORM_MARK:
                zc_text_printf(t, "0x%x", host(v, n));
                break;
        case FW_FORM_ADDR4:
                address(t, AF_INET, v, n);
                break;
        case FW_FORM_ADDR6:
                address(t, AF_INET6, v, n);
                break;
        case FW_FORM_NAME:
                name(t, v, n);
                break;
        default:
                word_or_number(t, form, v, n);
                break;
        }
}

const char *fw_words_protocol(uint8_t protocol)
{
        for (const struct word *w = protocols; w->name; w++) {
                if (w->value == protocol)
                        return w->name;
        }
        return NULL;
}
