/** One line of `reach --packets`. See reach_wire.h. */
#include "reach_wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "zc/addr.h"
#include "zc/text.h"

#define STRING_MAX 64

enum member {
        M_IIF,
        M_FAMILY,
        M_PROTOCOL,
        M_SADDR,
        M_DADDR,
        M_SPORT,
        M_DPORT,
        M_FLAGS,
        M_CT,
        M_TYPE,
        M_CODE,
        M_MARK,
        M_TTL,
        M_TOS,
        M_LENGTH,
        M_PKTTYPE,
        MEMBERS
};

/** A value as it stood there: a number or a string. */
struct value {
        bool number;
        uint64_t n;
        char s[STRING_MAX]; /* NUL-terminated */
        size_t len;
};

struct parse {
        const uint8_t *start;
        struct zc_rd in;
        struct zc_err *err;
        size_t key; /* column of the member that is read */
        unsigned seen;
        struct value value[5]; /* of the first five, which belong together */
        struct zc_fw_packet *out;
        const struct zc_fw_host *host;
};

/* ---- words ---- */

struct word {
        const char *name;
        uint8_t value;
};

static const struct word protocols[] = {
        { "tcp", IPPROTO_TCP },
        { "udp", IPPROTO_UDP },
        { "icmp", IPPROTO_ICMP },
        { "icmpv6", IPPROTO_ICMPV6 },
        { "ipv6-icmp", IPPROTO_ICMPV6 },
        { "sctp", IPPROTO_SCTP },
        { "dccp", IPPROTO_DCCP },
        { "udplite", IPPROTO_UDPLITE },
        { "esp", IPPROTO_ESP },
        { "ah", IPPROTO_AH },
        { "gre", IPPROTO_GRE },
        { "igmp", IPPROTO_IGMP },
        { "ipip", IPPROTO_IPIP },
        { "ospf", 89 },
        { "vrrp", 112 },
        { NULL, 0 },
};
static const struct word states[] = {
        { "new", ZC_FW_CT_NEW },
        { "established", ZC_FW_CT_ESTABLISHED },
        { "related", ZC_FW_CT_RELATED },
        { "invalid", ZC_FW_CT_INVALID },
        { "untracked", ZC_FW_CT_UNTRACKED },
        { NULL, 0 },
};
static const struct word tcp_flags[] = {
        { "syn", 2 },  { "ack", 16 }, { "fin", 1 },  { "rst", 4 },   { "psh", 8 },
        { "urg", 32 }, { "ece", 64 }, { "ecn", 64 }, { "cwr", 128 }, { NULL, 0 },
};
static const struct word pkttypes[] = {
        { "host", 0 },      { "unicast", 0 }, { "broadcast", 1 },
        { "multicast", 2 }, { "other", 3 },   { NULL, 0 },
};

static const struct word *word_find(const struct word *w, const char *s, size_t n)
{
        for (; w->name; w++) {
                if (strlen(w->name) == n && memcmp(w->name, s, n) == 0)
                        return w;
        }
        return NULL;
}

static bool word_fail(struct zc_err *err, const char *what, const struct word *w, const char *s,
                      size_t n)
{
        ZC_AUTO_TEXT shown = { 0 };
        ZC_AUTO_TEXT all = { 0 };

        zc_text_init(&shown, 80);
        zc_text_init(&all, 200);
        zc_text_escape(&shown, s, n);
        for (; w->name; w++)
                zc_text_printf(&all, "%s%s", all.len ? ", " : "", w->name);
        return zc_fail(err, ZC_E_MALFORMED, "\"%s\" is no %s: %s", zc_text_str(&shown), what,
                       zc_text_str(&all));
}

static bool word_set(struct zc_err *err, const char *what, const struct word *table, const char *s,
                     uint8_t *out)
{
        const struct word *w = word_find(table, s, strlen(s));

        if (!w)
                return word_fail(err, what, table, s, strlen(s));
        *out = w->value;
        return true;
}

bool zc_reach_flags(const char *s, uint8_t *out, struct zc_err *err)
{
        uint8_t flags = 0;

        while (*s) {
                size_t n = strcspn(s, ",");
                const struct word *w = word_find(tcp_flags, s, n);

                if (!w)
                        return word_fail(err, "TCP flag", tcp_flags, s, n);
                flags |= w->value;
                s += n + (s[n] == ',');
        }
        *out = flags;
        return true;
}

bool zc_reach_ct(const char *s, uint8_t *out, struct zc_err *err)
{
        return word_set(err, "state of a connection", states, s, out);
}

const char *zc_reach_protocol_name(uint8_t protocol)
{
        for (const struct word *w = protocols; w->name; w++) {
                if (w->value == protocol)
                        return w->name;
        }
        return NULL;
}

bool zc_reach_has_ports(uint8_t protocol)
{
        return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP ||
               protocol == IPPROTO_DCCP || protocol == IPPROTO_UDPLITE;
}

bool zc_reach_protocol(const char *s, uint8_t family, uint8_t *out, struct zc_err *err)
{
        uint64_t n;

        if (zc_parse_uint(s, strlen(s), 255, &n))
                *out = (uint8_t)n;
        else if (!word_set(err, "protocol", protocols, s, out))
                return false;
        if (*out == IPPROTO_ICMP && family == ZC_FW_IP6)
                return zc_fail(err, ZC_E_MALFORMED, "icmp is not of family ip6: write icmpv6");
        if (*out == IPPROTO_ICMPV6 && family == ZC_FW_IP)
                return zc_fail(err, ZC_E_MALFORMED, "icmpv6 is not of family ip: write icmp");
        return true;
}

/* ---- JSON: one flat object ---- */

static size_t column(const struct parse *p)
{
        return (size_t)(p->in.p - p->start) + 1;
}

static bool bad(struct parse *p, const char *expected)
{
        return zc_fail(p->err, ZC_E_MALFORMED, "column %zu: expected %s", column(p), expected);
}

static void space(struct parse *p)
{
        while (p->in.n > 0 && (*p->in.p == ' ' || *p->in.p == '\t' || *p->in.p == '\r')) {
                p->in.p++;
                p->in.n--;
        }
}

static bool take(struct parse *p, char c)
{
        space(p);
        if (p->in.n == 0 || *p->in.p != (uint8_t)c)
                return false;
        p->in.p++;
        p->in.n--;
        return true;
}

static bool hex4(struct parse *p, unsigned *out)
{
        unsigned v = 0;

        for (int i = 0; i < 4; i++) {
                uint8_t c;
                unsigned d;

                if (!zc_rd_u8(&p->in, &c))
                        return false;
                d = c >= '0' && c <= '9'                 ? c - 48u
                    : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32u) - 87u
                                                         : 16;
                if (d > 15)
                        return false;
                v = v * 16 + d;
        }
        *out = v;
        return true;
}

/* Nothing that is meant here needs more than ASCII; an escaped NUL ends no string early. */
static bool escape(struct parse *p, char *out)
{
        static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
        const char *at;
        unsigned code;
        uint8_t c;

        if (!zc_rd_u8(&p->in, &c))
                return false;
        at = c ? strchr(from, c) : NULL;
        if (at) {
                *out = to[at - from];
                return true;
        }
        if (c != 'u' || !hex4(p, &code) || code == 0 || code > 0x7f)
                return false;
        *out = (char)code;
        return true;
}

static bool string(struct parse *p, char *out, size_t room, size_t *len)
{
        size_t n = 0;

        while (p->in.n > 0 && *p->in.p != '"') {
                uint8_t c = *p->in.p;
                char plain = (char)c;

                if (c < 0x20)
                        return bad(p, "no control character in a string");
                p->in.p++;
                p->in.n--;
                if (c == '\\' && !escape(p, &plain))
                        return bad(p, "another escape");
                if (n + 1 >= room)
                        return bad(p, "a shorter string");
                out[n++] = plain;
        }
        if (p->in.n == 0)
                return bad(p, "the string's closing quote");
        p->in.p++;
        p->in.n--;
        out[n] = '\0';
        *len = n;
        return true;
}

static bool number(struct parse *p, uint64_t *out)
{
        uint64_t n = 0;
        size_t digits = 0;

        for (; p->in.n > 0 && *p->in.p >= '0' && *p->in.p <= '9'; digits++) {
                if (digits == 1 && n == 0)
                        return bad(p, "no leading zero");
                if (n > UINT32_MAX)
                        return bad(p, "a smaller number");
                n = n * 10 + (*p->in.p - '0');
                p->in.p++;
                p->in.n--;
        }
        if (digits == 0 || (p->in.n > 0 && strchr(".eE", *p->in.p) && *p->in.p))
                return bad(p, digits ? "a whole number" : "a string or a number");
        *out = n;
        return true;
}

static bool value(struct parse *p, struct value *v)
{
        v->number = !take(p, '"');
        v->len = 0;
        v->s[0] = '\0';
        return v->number ? number(p, &v->n) : string(p, v->s, sizeof(v->s), &v->len);
}

/* ---- members ---- */

static const struct {
        const char *name;
        uint8_t len, text; /* text: a string is expected */
        uint32_t max;      /* of a number */
} members[MEMBERS] = {
        [M_IIF] = { "iif", 3, 1, 0 },
        [M_FAMILY] = { "family", 6, 1, 0 },
        [M_PROTOCOL] = { "protocol", 8, 2, 255 }, /* either */
        [M_SADDR] = { "saddr", 5, 1, 0 },
        [M_DADDR] = { "daddr", 5, 1, 0 },
        [M_SPORT] = { "sport", 5, 0, 65535 },
        [M_DPORT] = { "dport", 5, 0, 65535 },
        [M_FLAGS] = { "flags", 5, 1, 0 },
        [M_CT] = { "ct", 2, 1, 0 },
        [M_TYPE] = { "type", 4, 0, 255 },
        [M_CODE] = { "code", 4, 0, 255 },
        [M_MARK] = { "mark", 4, 0, UINT32_MAX },
        [M_TTL] = { "ttl", 3, 0, 255 },
        [M_TOS] = { "tos", 3, 0, 255 },
        [M_LENGTH] = { "length", 6, 0, 65535 },
        [M_PKTTYPE] = { "pkttype", 7, 1, 0 },
};

static bool no_such(struct parse *p, const char *name, size_t n)
{
        const char *names[MEMBERS + 1] = { NULL }, *near;
        ZC_AUTO_TEXT shown = { 0 };

        for (int i = 0; i < MEMBERS; i++)
                names[i] = members[i].name;
        zc_text_init(&shown, 80);
        zc_text_escape(&shown, name, n);
        near = zc_nearest(name, names);
        return zc_fail(p->err, ZC_E_MALFORMED, "column %zu: there is no \"%s\"%s%s%s", p->key,
                       zc_text_str(&shown),
                       near ? "; did you mean \""
                            : " (iif, family, protocol, "
                              "saddr, daddr, sport, dport, flags, ct, type, code, mark, ttl, tos, "
                              "length, pkttype)",
                       near ? near : "", near ? "\"?" : "");
}

/* An error of a word, with the column of its member in front. */
static bool at_member(struct parse *p, enum member m)
{
        return zc_ctx(p->err, "column %zu: %s", p->key, members[m].name);
}

static bool set_number(struct zc_fw_packet *o, enum member m, uint32_t n)
{
        switch (m) {
        case M_SPORT:
                o->sport = (uint16_t)n;
                break;
        case M_DPORT:
                o->dport = (uint16_t)n;
                break;
        case M_TYPE:
                o->type = (uint8_t)n;
                break;
        case M_CODE:
                o->code = (uint8_t)n;
                break;
        case M_MARK:
                o->mark = n;
                break;
        case M_TTL:
                o->ttl = (uint8_t)n;
                break;
        case M_TOS:
                o->tos = (uint8_t)n;
                break;
        default:
                o->length = (uint16_t)n;
                break;
        }
        return true;
}

static bool set_word(struct parse *p, enum member m, const char *s)
{
        bool ok = m == M_FLAGS ? zc_reach_flags(s, &p->out->flags, p->err)
                  : m == M_CT  ? zc_reach_ct(s, &p->out->ct, p->err)
                               : word_set(p->err, "packet type", pkttypes, s, &p->out->pkttype);

        return ok || at_member(p, m);
}

static bool set(struct parse *p, enum member m, const struct value *v)
{
        if (v->number ? members[m].text == 1 : members[m].text == 0)
                return zc_fail(p->err, ZC_E_MALFORMED, "column %zu: %s: expected a %s", p->key,
                               members[m].name, v->number ? "string" : "number");
        if (v->number && v->n > members[m].max)
                return zc_fail(p->err, ZC_E_MALFORMED, "column %zu: %s: expected at most %u",
                               p->key, members[m].name, members[m].max);
        if (m <= M_DADDR)
                return true; /* they are read together */
        return v->number ? set_number(p->out, m, (uint32_t)v->n) : set_word(p, m, v->s);
}

static bool member(struct parse *p)
{
        struct value other, *v;
        char name[STRING_MAX];
        size_t n = 0;
        int m = 0;

        space(p);
        p->key = column(p);
        if (!take(p, '"'))
                return bad(p, "a member's name in quotes");
        if (!string(p, name, sizeof(name), &n))
                return false;
        while (m < MEMBERS && (members[m].len != n || memcmp(members[m].name, name, n) != 0))
                m++;
        if (m == MEMBERS)
                return no_such(p, name, n);
        if (p->seen & 1u << m)
                return zc_fail(p->err, ZC_E_MALFORMED, "column %zu: %s stands there twice", p->key,
                               members[m].name);
        p->seen |= 1u << m;
        v = m <= M_DADDR ? &p->value[m] : &other;
        if (!take(p, ':'))
                return bad(p, "a colon");
        space(p);
        return value(p, v) && set(p, (enum member)m, v);
}

static bool object(struct parse *p)
{
        if (!take(p, '{'))
                return bad(p, "an object: {\"iif\":\"eth0\",\"family\":\"ip\",…}");
        if (!take(p, '}')) {
                do {
                        if (!member(p))
                                return false;
                } while (take(p, ','));
                if (!take(p, '}'))
                        return bad(p, "a comma or the closing brace");
        }
        space(p);
        return p->in.n == 0 || bad(p, "nothing after the object");
}

/* ---- what belongs together ---- */

static bool need(struct parse *p, enum member m)
{
        return p->seen & 1u << m ||
               zc_fail(p->err, ZC_E_MALFORMED, "\"%s\" is missing", members[m].name);
}

static bool set_iif(struct parse *p, struct zc_reach_memory *memory)
{
        const char *name = p->value[M_IIF].s;
        ZC_AUTO_TEXT shown = { 0 };

        if (!p->host)
                return true;
        if (!memory->iif || strcmp(memory->iif->name, name) != 0)
                memory->iif = zc_fw_interface_find(p->host, name);
        if (memory->iif) {
                p->out->iif = memory->iif->index;
                return true;
        }
        zc_text_init(&shown, 80);
        zc_text_escape(&shown, name, p->value[M_IIF].len);
        return zc_fail(p->err, ZC_E_MALFORMED,
                       "iif: there is no interface \"%s\" in this network namespace; see `ip link`",
                       zc_text_str(&shown));
}

static bool set_family(struct parse *p)
{
        static const struct word families[] = { { "ip", ZC_FW_IP },
                                                { "ip6", ZC_FW_IP6 },
                                                { NULL, 0 } };

        return word_set(p->err, "family", families, p->value[M_FAMILY].s, &p->out->family);
}

static bool set_protocol(struct parse *p)
{
        const struct value *v = &p->value[M_PROTOCOL];
        char digits[24];

        if (!v->number)
                return zc_reach_protocol(v->s, p->out->family, &p->out->protocol, p->err);
        snprintf(digits, sizeof(digits), "%u", (unsigned)v->n);
        return zc_reach_protocol(digits, p->out->family, &p->out->protocol, p->err);
}

static bool address_fail(struct parse *p, enum member m)
{
        const char *text = p->value[m].s;
        bool six = p->out->family == ZC_FW_IP6;
        struct zc_addr a;
        struct zc_err why = { 0 };

        if (!zc_addr_parse(text, &a, &why))
                return zc_fail(p->err, ZC_E_MALFORMED, "%s: %s", members[m].name, why.text);
        if ((a.family == AF_INET6) == six)
                return zc_fail(p->err, ZC_E_MALFORMED, "%s: expected an address without a zone",
                               members[m].name);
        return zc_fail(p->err, ZC_E_MALFORMED, "%s: %s is no address of family %s", members[m].name,
                       text, six ? "ip6" : "ip");
}

static bool dotted(const char *s, uint8_t out[4])
{
        for (int i = 0; i < 4; i++) {
                unsigned n = 0, digits = 0;

                for (; *s >= '0' && *s <= '9' && digits < 4; s++, digits++)
                        n = n * 10 + (unsigned)(*s - '0');
                if (digits == 0 || digits > 3 || n > 255 ||
                    (digits > 1 && s[-(int)digits] == '0') || *s++ != (i < 3 ? '.' : '\0'))
                        return false;
                out[i] = (uint8_t)n;
        }
        return true;
}

static bool set_address(struct parse *p, enum member m, uint8_t out[16])
{
        const char *text = p->value[m].s;
        bool ok = p->out->family == ZC_FW_IP ? dotted(text, out)
                                             : inet_pton(AF_INET6, text, out) == 1;

        return (ok && strlen(text) == p->value[m].len) || address_fail(p, m);
}

static bool together(struct parse *p, struct zc_reach_memory *memory)
{
        struct zc_fw_packet *o = p->out;
        bool icmp;

        for (int m = M_IIF; m <= M_DADDR; m++) {
                if (!need(p, (enum member)m))
                        return false;
        }
        if (!set_iif(p, memory) || !set_family(p) || !set_protocol(p) ||
            !set_address(p, M_SADDR, o->saddr) || !set_address(p, M_DADDR, o->daddr))
                return false;
        if (zc_reach_has_ports(o->protocol) && (!need(p, M_SPORT) || !need(p, M_DPORT)))
                return false;
        icmp = o->protocol == IPPROTO_ICMP || o->protocol == IPPROTO_ICMPV6;
        if (icmp && !(p->seen & 1u << M_TYPE)) /* an echo request */
                o->type = o->protocol == IPPROTO_ICMP ? 8 : 128;
        return true;
}

bool zc_reach_line(struct zc_rd line, const struct zc_fw_host *host, struct zc_reach_memory *memory,
                   struct zc_fw_packet *out, struct zc_err *err)
{
        struct parse p = { .start = line.p, .in = line, .err = err, .out = out, .host = host };

        *out = (struct zc_fw_packet){
                .flags = 2, .ct = ZC_FW_CT_NEW, .ttl = 64, .known = ZC_FW_KNOWN_ALL
        };
        return object(&p) && together(&p, memory);
}
