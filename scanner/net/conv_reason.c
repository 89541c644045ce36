/** How a connection attempt went, in words. */
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <string.h>

#include "zc/exchange.h"

/* RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1: destination unreachable */
static const char *const unreachable4[] = {
        "network unreachable",
        "host unreachable",
        "protocol unreachable",
        "port unreachable",
        "fragmentation needed",
        "source route failed",
        "network unknown",
        "host unknown",
        "host isolated",
        "network prohibited",
        "host prohibited",
        "network unreachable for this type of service",
        "host unreachable for this type of service",
        "administratively prohibited",
        "host precedence violation",
        "precedence cutoff",
};

/* RFC 4443 section 3.1 */
static const char *const unreachable6[] = {
        "no route",
        "administratively prohibited",
        "beyond the scope of the source address",
        "address unreachable",
        "port unreachable",
        "source address failed policy",
        "reject route",
};

static const char *icmp_words(bool v6, int type, int code)
{
        const char *const *words = v6 ? unreachable6 : unreachable4;
        int count = (int)(v6 ? ZC_COUNT(unreachable6) : ZC_COUNT(unreachable4));

        if (type == (v6 ? ICMP6_TIME_EXCEEDED : ICMP_TIME_EXCEEDED))
                return "time exceeded";
        if (type == (v6 ? ICMP6_DST_UNREACH : ICMP_DEST_UNREACH) && code >= 0 && code < count)
                return words[code];
        return NULL;
}

static void icmp_reason(const struct zc_conv *c, char out[ZC_CONV_REASON_LEN])
{
        bool v6 = c->addr.family == AF_INET6;
        const char *words = icmp_words(v6, c->icmp_type, c->icmp_code);
        char from[ZC_ADDR_LEN] = "", number[32] = "";

        if (c->icmp_from.family)
                zc_addr_format(&c->icmp_from, from);
        if (!words)
                snprintf(number, sizeof number, "type %d code %d", c->icmp_type, c->icmp_code);
        snprintf(out, ZC_CONV_REASON_LEN, "ICMP%s %s%s%s", v6 ? "v6" : "", words ? words : number,
                 *from ? " from " : "", from);
}

static const char *local_words(int sys)
{
        switch (sys) {
        case ENETUNREACH:
        case EHOSTUNREACH:
                return "no route from here";
        case EADDRNOTAVAIL:
                return "no local address or port left";
        case EMFILE:
        case ENFILE:
                return "no file descriptor left";
        case EPERM:
        case EACCES:
                return "this machine's own rules forbid it";
        default:
                return "this machine could not send";
        }
}

static void with_errno(char out[ZC_CONV_REASON_LEN], const char *words, int sys)
{
        char buf[96];

        if (sys)
                snprintf(out, ZC_CONV_REASON_LEN, "%s (%s)", words,
                         strerror_r(sys, buf, sizeof buf));
        else
                snprintf(out, ZC_CONV_REASON_LEN, "%s", words);
}

void zc_conv_reason(const struct zc_conv *c, char out[ZC_CONV_REASON_LEN])
{
        switch (c->connect) {
        case ZC_CONNECT_NONE:
                with_errno(out, "not tried: the deadline passed first", 0);
                break;
        case ZC_CONNECT_OPEN:
                with_errno(out, "connected", 0);
                break;
        case ZC_CONNECT_REFUSED:
                with_errno(out, "refused", 0);
                break;
        case ZC_CONNECT_SILENT:
                with_errno(out, c->cut ? "no answer before the deadline" : "no answer", 0);
                break;
        case ZC_CONNECT_UNREACHABLE:
                if (c->icmp_type >= 0)
                        icmp_reason(c, out);
                else
                        with_errno(out, "unreachable", c->sys);
                break;
        case ZC_CONNECT_LOCAL:
                with_errno(out, local_words(c->sys), c->sys);
                break;
        case ZC_CONNECT_SCOPE:
                with_errno(out, zc_scope_verdict_name(c->verdict), 0);
                break;
        }
}
