/** Port sets. See include/zc/portset.h; the names and the top-100 are in ports_table.c. */
#include "zc/portset.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "ports_table.h"

#define PORT_MAX 65535u

/* ---- the bitmap ---- */

void zc_portset_add(struct zc_portset *s, uint16_t port)
{
        s->bits[port / 64] |= UINT64_C(1) << (port % 64);
}

/* Word by word, so that a list of many wide ranges costs nothing. */
static void add_range(struct zc_portset *s, unsigned first, unsigned last)
{
        for (unsigned w = first / 64; w <= last / 64; w++) {
                uint64_t bits = UINT64_MAX;

                if (w == first / 64)
                        bits &= UINT64_MAX << (first % 64);
                if (w == last / 64)
                        bits &= UINT64_MAX >> (63 - last % 64);
                s->bits[w] |= bits;
        }
}

bool zc_portset_has(const struct zc_portset *s, uint16_t port)
{
        return (s->bits[port / 64] >> (port % 64)) & 1;
}

unsigned zc_portset_count(const struct zc_portset *s)
{
        unsigned n = 0;

        for (size_t i = 0; i < ZC_COUNT(s->bits); i++)
                n += (unsigned)__builtin_popcountll(s->bits[i]);
        return n;
}

int zc_portset_next(const struct zc_portset *s, int from)
{
        for (unsigned p = from < 0 ? 0 : (unsigned)from; p <= PORT_MAX;) {
                uint64_t rest = s->bits[p / 64] >> (p % 64);

                if (rest != 0)
                        return (int)(p + (unsigned)__builtin_ctzll(rest));
                p = (p / 64 + 1) * 64;
        }
        return -1;
}

void zc_portset_format(const struct zc_portset *s, struct zc_text *out)
{
        const char *comma = "";

        for (int first = zc_portset_next(s, 0), last; first >= 0;
             first = zc_portset_next(s, last + 1)) {
                for (last = first; last < (int)PORT_MAX && zc_portset_has(s, (uint16_t)(last + 1));)
                        last++;
                if (last == first)
                        zc_text_printf(out, "%s%d", comma, first);
                else
                        zc_text_printf(out, "%s%d-%d", comma, first, last);
                comma = ",";
        }
}

/* ---- names ---- */

const char *zc_port_name(uint16_t port, bool udp)
{
        unsigned want = udp ? ZC_PORT_UDP : ZC_PORT_TCP;

        for (size_t i = 0; i < zc_ports_count; i++)
                if (zc_ports[i].port == port && (zc_ports[i].transports & want) &&
                    !(zc_ports[i].transports & ZC_PORT_ALIAS))
                        return zc_ports[i].name;
        return NULL;
}

static bool add_named(struct zc_portset *s, const char *name, size_t n)
{
        bool any = false;

        for (size_t i = 0; i < zc_ports_count; i++) {
                if (strlen(zc_ports[i].name) != n || strncasecmp(zc_ports[i].name, name, n) != 0)
                        continue;
                zc_portset_add(s, zc_ports[i].port);
                any = true;
        }
        return any;
}

/* The listed name nearest to a misspelt one, or NULL. */
static const char *nearest(const char *name)
{
        const char *words[512];
        size_t n = 0;

        assert(zc_ports_count < ZC_COUNT(words));
        while (n < zc_ports_count) {
                words[n] = zc_ports[n].name;
                n++;
        }
        words[n] = NULL;
        return zc_nearest(name, words);
}

/* ---- lists ---- */

static void add_top(struct zc_portset *s)
{
        for (size_t i = 0; i < zc_ports_top_count; i++)
                zc_portset_add(s, zc_ports_top[i]);
}

static void add_thousand(struct zc_portset *s)
{
        struct zc_portset own = { 0 };

        add_top(&own);
        for (size_t i = 0; i < zc_ports_count; i++)
                if ((zc_ports[i].transports & (ZC_PORT_TCP | ZC_PORT_ALIAS)) == ZC_PORT_TCP)
                        zc_portset_add(&own, zc_ports[i].port);
        for (size_t i = 0; i < zc_ports_near_count; i++)
                add_range(&own, zc_ports_near[i].first, zc_ports_near[i].last);
        for (uint16_t port = 1; zc_portset_count(&own) < 1000; port++)
                zc_portset_add(&own, port);
        for (size_t i = 0; i < ZC_COUNT(s->bits); i++)
                s->bits[i] |= own.bits[i];
}

/* ---- the text form ---- */

struct part {
        const char *p;
        size_t n, column;
        struct zc_text *text; /* escaped, for messages */
};

static bool refuse_name(const struct part *part, struct zc_err *err)
{
        const char *text = zc_text_str(part->text), *near = nearest(text);

        if (part->n > 4 && strncmp(part->p, "top-", 4) == 0)
                return zc_fail(err, ZC_E_USAGE,
                               "ports, column %zu: \"%s\" is not a list we have: write top-100, "
                               "top-1000, all, or ranges as in 1-1024",
                               part->column, text);
        if (near)
                return zc_fail(
                        err, ZC_E_USAGE,
                        "ports, column %zu: no service is called \"%s\"; did you mean \"%s\"?",
                        part->column, text, near);
        return zc_fail(err, ZC_E_USAGE,
                       "ports, column %zu: no service is called \"%s\": write numbers, ranges as "
                       "in 1000-2000, top-100, or all",
                       part->column, text);
}

static bool parse_number(const struct part *part, const char *s, size_t n, uint64_t *out,
                         struct zc_err *err)
{
        size_t column = part->column + (size_t)(s - part->p);

        if (n == 0)
                return zc_fail(err, ZC_E_USAGE,
                               "ports, column %zu: \"%s\" lacks an end: write both, as in 1-1024",
                               column, zc_text_str(part->text));
        if (strspn(s, "0123456789") >= n) {
                if (zc_parse_uint(s, n, PORT_MAX, out) && *out > 0)
                        return true;
                return zc_fail(err, ZC_E_USAGE,
                               "ports, column %zu: %.*s is not a port: ports go from 1 to 65535",
                               column, (int)(n < 40 ? n : 40), s);
        }
        return zc_fail(err, ZC_E_USAGE,
                       "ports, column %zu: \"%s\" is not a port: write a number from 1 to 65535, a "
                       "range or a service name",
                       column, zc_text_str(part->text));
}

static bool parse_range(const struct part *part, struct zc_portset *s, struct zc_err *err)
{
        const char *dash = memchr(part->p, '-', part->n);
        size_t n = dash ? (size_t)(dash - part->p) : part->n;
        uint64_t first = 0, last;

        if (!parse_number(part, part->p, n, &first, err))
                return false;
        last = first;
        if (dash && !parse_number(part, dash + 1, part->n - n - 1, &last, err))
                return false;
        if (last < first)
                return zc_fail(err, ZC_E_USAGE,
                               "ports, column %zu: the range runs backwards: write %u-%u",
                               part->column, (unsigned)last, (unsigned)first);
        add_range(s, (unsigned)first, (unsigned)last);
        return true;
}

static bool is_word(const struct part *part, const char *word)
{
        return part->n == strlen(word) && strncasecmp(part->p, word, part->n) == 0;
}

static bool parse_part(const struct part *part, struct zc_portset *s, struct zc_err *err)
{
        if (part->n == 0)
                return zc_fail(err, ZC_E_USAGE,
                               "ports, column %zu: a port is missing: write 22,80,1000-2000, "
                               "top-100, all or service names",
                               part->column);
        if (part->p[0] == '-' || (part->p[0] >= '0' && part->p[0] <= '9'))
                return parse_range(part, s, err);
        if (is_word(part, "all")) {
                add_range(s, 1, PORT_MAX);
                return true;
        }
        if (is_word(part, "top-100")) {
                add_top(s);
                return true;
        }
        if (is_word(part, "top-1000")) {
                add_thousand(s);
                return true;
        }
        return add_named(s, part->p, part->n) || refuse_name(part, err);
}

/* Without the blanks around it, so that "22, 80" of a configuration reads as meant. */
static struct part trimmed(const char *spec, const char *p, size_t n, struct zc_text *text)
{
        while (n > 0 && (*p == ' ' || *p == '\t')) {
                p++;
                n--;
        }
        while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t'))
                n--;
        zc_text_clear(text);
        zc_text_escape(text, p, n);
        return (struct part){ p, n, (size_t)(p - spec) + 1, text };
}

/** Takes "udp:" and "tcp:" off the front, "/udp" and "/tcp" off the end; whether it is about UDP. */
static bool transport_take(struct part *part)
{
        static const struct {
                const char *before, *behind;
                bool udp;
        } words[] = { { "udp:", "/udp", true }, { "tcp:", "/tcp", false } };

        for (size_t i = 0; i < ZC_COUNT(words); i++) {
                if (part->n >= 4 && strncasecmp(part->p, words[i].before, 4) == 0) {
                        part->p += 4;
                        part->column += 4;
                } else if (part->n < 4 ||
                           strncasecmp(part->p + part->n - 4, words[i].behind, 4) != 0) {
                        continue;
                }
                part->n -= 4;
                return words[i].udp;
        }
        return false;
}

static bool parse_parts(const char *spec, struct zc_portset *tcp, struct zc_portset *udp,
                        struct zc_err *err)
{
        ZC_AUTO_TEXT text = { 0 };

        zc_text_init(&text, 80);
        for (const char *p = spec;; p++) {
                size_t n = strcspn(p, ",");
                struct part part = trimmed(spec, p, n, &text);

                if (!parse_part(&part, udp && transport_take(&part) ? udp : tcp, err))
                        return false;
                p += n;
                if (*p == '\0')
                        return true;
        }
}

bool zc_portset_parse(const char *spec, struct zc_portset *out, struct zc_err *err)
{
        struct zc_portset s = { 0 };

        if (!parse_parts(spec, &s, NULL, err))
                return false;
        *out = s;
        return true;
}

bool zc_portset_parse_both(const char *spec, struct zc_portset *tcp, struct zc_portset *udp,
                           struct zc_err *err)
{
        struct zc_portset t = { 0 }, u = { 0 };

        if (!parse_parts(spec, &t, &u, err))
                return false;
        if (zc_portset_count(&u) > ZC_PORTSET_UDP_MOST)
                return zc_fail(err, ZC_E_USAGE,
                               "ports: %u UDP ports, and at most %u can be asked: a host says that "
                               "one is closed about once a second; name those that matter",
                               zc_portset_count(&u), ZC_PORTSET_UDP_MOST);
        *tcp = t;
        *udp = u;
        return true;
}
