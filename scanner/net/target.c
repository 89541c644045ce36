/** Parsing what a user may name. See include/zc/target.h. */
#include "zc/target.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "zc/portset.h"
#include "zc/text.h"

#define NAME_MAX_LEN 253 /* RFC 1035 section 2.3.4, as text without the root's dot */
#define LABEL_MAX_LEN 63

/* A piece of the target's text. */
struct span {
        const char *p;
        size_t n;
};

struct parse {
        struct zc_arena *arena;
        const char *text;
        struct zc_target *t;
        struct zc_err *err;
};

static const struct {
        const char *name;
        enum zc_scheme scheme;
        uint16_t port;
        const char *path; /* when the URL has none */
} schemes[] = {
        { "http", ZC_SCHEME_HTTP, 80, "/" },
        { "https", ZC_SCHEME_HTTPS, 443, "/" },
        { "postgres", ZC_SCHEME_POSTGRES, 5432, NULL },
        { "postgresql", ZC_SCHEME_POSTGRES, 5432, NULL },
        { "redis", ZC_SCHEME_REDIS, 6379, NULL },
        { "rediss", ZC_SCHEME_REDISS, 6379, NULL },
};

const char *zc_scheme_name(enum zc_scheme s)
{
        static const char *const names[] = { "", "http", "https", "postgres", "redis", "rediss" };

        _Static_assert(ZC_COUNT(names) == ZC_SCHEME_REDISS + 1, "a name for every scheme");
        return names[s];
}

/* ---- errors ---- */

/* The target as a message may show it: escaped, short, and with nothing that could be a password. */
static void show(struct zc_text *out, const char *text)
{
        const char *at = strrchr(text, '@'), *from = at ? at + 1 : text;

        if (at)
                zc_text_add(out, "…@");
        zc_text_escape(out, from, strnlen(from, 120));
}

/* Columns count characters: continuation bytes of UTF-8 do not. */
static size_t column(const char *text, const char *at)
{
        size_t n = 1;

        for (const char *p = text; p < at; p++)
                n += ((unsigned char)*p & 0xc0) != 0x80;
        return n;
}

/* Puts the target and the column in front of what err says. */
static bool fail_at(const struct parse *ps, const char *at)
{
        ZC_AUTO_TEXT text = { 0 };

        zc_text_init(&text, 160);
        show(&text, ps->text);
        return zc_ctx(ps->err, "target \"%s\", column %zu", zc_text_str(&text),
                      column(ps->text, at));
}

#define REFUSE(ps, at, ...) (zc_fail((ps)->err, ZC_E_USAGE, __VA_ARGS__), fail_at((ps), (at)))

static bool no_memory(const struct parse *ps)
{
        return zc_fail(ps->err, ZC_E_NOMEM, "no memory for a target");
}

/* ---- names ---- */

static bool name_char(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
}

static const char *char_reason(char c)
{
        if ((unsigned char)c >= 0x80)
                return "a name is ASCII here: write its xn-- form";
        if ((unsigned char)c <= 0x20 || c == 0x7f)
                return "no blanks or control characters in a host: separate targets by spaces, "
                       "each its own argument";
        if (c == '%')
                return "no percent-encoding in a host: write the character itself";
        if (c == '*')
                return "wildcards stand in scope.allow only: name each host, or a block as in "
                       "192.0.2.0/24";
        return "a name has letters, digits, hyphens, underscores and dots only";
}

static bool label_check(const char *label, size_t n, size_t *at, const char **why)
{
        for (*at = 0; *at < n; (*at)++) {
                if (!name_char(label[*at])) {
                        *why = char_reason(label[*at]);
                        return false;
                }
        }
        *at = 0;
        if (n == 0)
                *why = "a label is empty: write one dot between labels";
        else if (n > LABEL_MAX_LEN)
                *why = "a label has at most 63 characters";
        else if (label[0] == '-' || label[n - 1] == '-')
                *why = "a label neither starts nor ends with a hyphen";
        else
                return true;
        return false;
}

/* "1.2.3.4.5", "10.1", "0x7f.1": resolvers disagree on what these mean, so they are no names. */
static bool numeric(const char *label, size_t n)
{
        bool hex = n > 1 && label[0] == '0' && (label[1] == 'x' || label[1] == 'X');
        const char *digits = hex ? "0123456789abcdefABCDEF" : "0123456789";

        for (size_t i = hex ? 2 : 0; i < n; i++)
                if (!strchr(digits, label[i]))
                        return false;
        return true;
}

bool zc_name_check(const char *name, size_t n, size_t *at, const char **why)
{
        size_t from = 0;

        for (;;) {
                const char *dot = memchr(name + from, '.', n - from);
                size_t len = dot ? (size_t)(dot - name) - from : n - from;

                if (!label_check(name + from, len, at, why)) {
                        *at += from;
                        return false;
                }
                if (!dot)
                        break;
                from += len + 1;
        }
        *at = from;
        *why = "a name's last part is not a number: write a whole IPv4 address, as in 192.0.2.7";
        if (numeric(name + from, n - from))
                return false;
        *at = NAME_MAX_LEN;
        *why = "a name has at most 253 characters";
        return n <= NAME_MAX_LEN;
}

/* ---- hosts ---- */

static bool set_literal(const struct parse *ps, const struct zc_addr *a)
{
        char text[ZC_ADDR_LEN];

        ps->t->literal = true;
        ps->t->addr = zc_addr_unmap(*a);
        zc_addr_format(&ps->t->addr, text);
        ps->t->host = zc_arena_strdup(ps->arena, text);
        return ps->t->host || no_memory(ps);
}

static bool parse_literal(const struct parse *ps, struct span s)
{
        const char *text = zc_arena_strndup(ps->arena, s.p, s.n);
        struct zc_addr a;

        if (!text)
                return no_memory(ps);
        return zc_addr_parse(text, &a, ps->err) ? set_literal(ps, &a) : fail_at(ps, s.p);
}

/* Inside brackets; in a URL RFC 6874 writes the "%" of a zone as "%25". */
static bool parse_bracketed(const struct parse *ps, struct span s)
{
        char buf[ZC_ADDR_LEN * 2];
        const char *percent = memchr(s.p, '%', s.n);
        size_t before = percent ? (size_t)(percent - s.p) + 1 : s.n, skip = 0;
        struct zc_addr a;

        if (s.n >= sizeof buf)
                return REFUSE(ps, s.p, "this is too long for an IPv6 address");
        if (ps->t->scheme != ZC_SCHEME_NONE && s.n - before > 2 &&
            strncmp(s.p + before, "25", 2) == 0)
                skip = 2;
        memcpy(buf, s.p, before);
        memcpy(buf + before, s.p + before + skip, s.n - before - skip);
        buf[s.n - skip] = '\0';
        if (!zc_addr_parse(buf, &a, ps->err))
                return fail_at(ps, s.p);
        if (a.family != AF_INET6)
                return REFUSE(ps, s.p, "brackets are for IPv6 addresses: leave them out");
        return set_literal(ps, &a);
}

static bool parse_name(const struct parse *ps, struct span s)
{
        size_t at;
        const char *why;
        char *host;

        ps->t->absolute = s.n > 1 && s.p[s.n - 1] == '.';
        s.n -= ps->t->absolute;
        if (strspn(s.p, "0123456789.-") >= s.n && memchr(s.p, '.', s.n))
                return REFUSE(ps, s.p,
                              "a range of addresses is written as blocks, as in 192.0.2.0/28");
        if (!zc_name_check(s.p, s.n, &at, &why))
                return REFUSE(ps, s.p + at, "%s", why);
        host = zc_arena_strndup(ps->arena, s.p, s.n);
        if (!host)
                return no_memory(ps);
        zc_ascii_lower(host);
        ps->t->host = host;
        return true;
}

static bool parse_host(const struct parse *ps, struct span s)
{
        if (s.n == 0)
                return REFUSE(
                        ps, s.p,
                        "the host is missing: write a name or an address before the port or path");
        return strspn(s.p, "0123456789.") < s.n ? parse_name(ps, s) : parse_literal(ps, s);
}

static bool parse_port(const struct parse *ps, struct span s)
{
        struct zc_portset named;
        const char *word = zc_arena_strndup(ps->arena, s.p, s.n);
        uint64_t port;

        if (!word)
                return no_memory(ps);
        if (s.n == 0)
                return REFUSE(ps, s.p,
                              "the port is missing after \":\": write a number from 1 to 65535, or "
                              "leave the colon out");
        if (zc_parse_uint(s.p, s.n, 65535, &port) && port > 0) {
                ps->t->port = (uint16_t)port;
                return true;
        }
        if (s.n <= 32 && (*word < '0' || *word > '9') && !strchr(word, ',') &&
            zc_portset_parse(word, &named, &(struct zc_err){ 0 }) && zc_portset_count(&named) == 1)
                return REFUSE(ps, s.p, "a port is a number here: write %d for %s",
                              zc_portset_next(&named, 1), word);
        return REFUSE(
                ps, s.p,
                "this is not a port: write one number from 1 to 65535 (ranges go in --ports)");
}

/* Without brackets all of it is the address; where that fails, perhaps a port was meant behind the last colon. */
static bool parse_bare_ipv6(const struct parse *ps, struct span s)
{
        const char *last = memrchr(s.p, ':', s.n);
        char text[ZC_ADDR_LEN], canonical[ZC_ADDR_LEN];
        size_t n = (size_t)(last - s.p);
        struct zc_addr a;
        uint64_t port;

        if (parse_literal(ps, s))
                return true;
        if (ps->err->code == ZC_E_USAGE && n < sizeof text &&
            zc_parse_uint(last + 1, s.n - n - 1, 65535, &port)) {
                memcpy(text, s.p, n);
                text[n] = '\0';
                if (zc_addr_parse(text, &a, &(struct zc_err){ 0 })) {
                        zc_addr_format(&a, canonical);
                        return REFUSE(ps, last,
                                      "a port behind an IPv6 address needs brackets: write [%s]:%u",
                                      canonical, (unsigned)port);
                }
        }
        return false;
}

/* "[v6]", "[v6]:port", "name", "name:port", "v4:port"; more than one colon without brackets is an IPv6 literal. */
static bool parse_authority(const struct parse *ps, struct span s)
{
        const char *colon = memchr(s.p, ':', s.n), *close, *end = s.p + s.n;

        if (s.n > 0 && s.p[0] == '[') {
                close = memchr(s.p, ']', s.n);
                if (!close)
                        return REFUSE(ps, s.p,
                                      "the bracket is not closed: write [2001:db8::1]:443");
                if (!parse_bracketed(ps, (struct span){ s.p + 1, (size_t)(close - s.p) - 1 }))
                        return false;
                if (close + 1 == end)
                        return true;
                if (close[1] != ':')
                        return REFUSE(ps, close + 1, "only \":port\" may follow the bracket");
                return parse_port(ps, (struct span){ close + 2, (size_t)(end - close) - 2 });
        }
        if (colon && memchr(colon + 1, ':', (size_t)(end - colon) - 1)) {
                if (ps->t->scheme != ZC_SCHEME_NONE)
                        return REFUSE(ps, s.p,
                                      "in a URL an IPv6 address stands in brackets: write "
                                      "https://[2001:db8::1]:443/");
                return parse_bare_ipv6(ps, s);
        }
        if (!colon)
                return parse_host(ps, s);
        return parse_host(ps, (struct span){ s.p, (size_t)(colon - s.p) }) &&
               parse_port(ps, (struct span){ colon + 1, (size_t)(end - colon) - 1 });
}

/* ---- the forms ---- */

static bool refuse_scheme(const struct parse *ps, size_t n)
{
        static const char *const words[] = { "http",  "https",  "postgres", "postgresql",
                                             "redis", "rediss", NULL };
        const char *word = zc_arena_strndup(ps->arena, ps->text, n < 32 ? n : 32), *near;

        if (!word)
                return no_memory(ps);
        near = zc_nearest(word, words);
        if (near)
                return REFUSE(ps, ps->text, "unknown scheme; did you mean %s://?", near);
        return REFUSE(ps, ps->text,
                      "unknown scheme: write http, https, postgres, postgresql, redis or rediss, "
                      "or host:port");
}

static bool has_secret(const char *path)
{
        static const char *const keys[] = { "password=", "sslpassword=", "passfile=" };
        const char *query = strchr(path, '?');

        for (size_t i = 0; query && i < ZC_COUNT(keys); i++)
                for (const char *p = query; (p = strcasestr(p + 1, keys[i])) != NULL;)
                        if (p[-1] == '?' || p[-1] == '&')
                                return true;
        return false;
}

static bool parse_path(const struct parse *ps, const char *p, const char *otherwise)
{
        size_t n = strcspn(p, "#");
        const char *bad = p;

        while (bad < p + n && (unsigned char)*bad > 0x20 && (unsigned char)*bad < 0x7f)
                bad++;
        if (bad < p + n)
                return REFUSE(
                        ps, bad,
                        "a URL's path has printable ASCII only: percent-encode this character");
        if (n > 0 && p[0] == '?')
                ps->t->path = zc_arena_printf(ps->arena, "/%.*s", (int)n, p);
        else if (n > 0)
                ps->t->path = zc_arena_strndup(ps->arena, p, n);
        else
                ps->t->path = otherwise;
        return ps->t->path || (n == 0 && !otherwise) || no_memory(ps);
}

#define SECRETS                                                                                    \
        "secrets never stand on the command line or in a URL: name them under `credentials` in "   \
        "zerocrit.yaml "                                                                           \
        "and list that name in the target's `credentials`"

static bool parse_url(const struct parse *ps, const char *sep)
{
        size_t n = (size_t)(sep - ps->text), i = 0;
        struct span host = { sep + 3, strcspn(sep + 3, "/?#") };
        const char *at;

        while (i < ZC_COUNT(schemes) &&
               (strlen(schemes[i].name) != n || strncasecmp(schemes[i].name, ps->text, n) != 0))
                i++;
        if (i == ZC_COUNT(schemes))
                return refuse_scheme(ps, n);
        at = memrchr(host.p, '@', host.n);
        if (at)
                return zc_fail(ps->err, ZC_E_USAGE, "target \"%s://…%.*s\", column %zu: " SECRETS,
                               schemes[i].name,
                               (int)strspn(at, "@abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX"
                                               "YZ0123456789.-_:"),
                               at, column(ps->text, host.p));
        if (has_secret(host.p + host.n))
                return zc_fail(ps->err, ZC_E_USAGE, "target \"%s://%.*s…\", column %zu: " SECRETS,
                               schemes[i].name,
                               (int)strspn(host.p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTU"
                                                   "VWXYZ0123456789.-_:"),
                               host.p, column(ps->text, strchr(host.p, '?')));
        ps->t->kind = ZC_TARGET_SERVICE;
        ps->t->scheme = schemes[i].scheme;
        if (!parse_authority(ps, host))
                return false;
        if (ps->t->port == 0)
                ps->t->port = schemes[i].port;
        return parse_path(ps, host.p + host.n, schemes[i].path);
}

/* Only an address can carry a "/length"; anything else with a slash was meant as a URL. */
static bool parse_block(const struct parse *ps, const char *slash)
{
        size_t before = (size_t)(slash - ps->text), digits = strcspn(ps->text, "%/");
        bool colons = memchr(ps->text, ':', before) != NULL;

        if (ps->text[0] == '[')
                return REFUSE(ps, ps->text, "a block stands without brackets: write 2001:db8::/32");
        if (before == 0 ||
            strspn(ps->text, colons ? "0123456789abcdefABCDEF:." : "0123456789.") < digits)
                return REFUSE(ps, slash,
                              "a path needs a scheme (https://host/path), and only an address can "
                              "be a block (192.0.2.0/24)");
        if (!zc_prefix_parse(ps->text, &ps->t->block, ps->err)) {
                bool length = strstr(ps->err->text, "prefix length") != NULL;

                return fail_at(ps, length ? slash + 1 : ps->text);
        }
        ps->t->kind = ZC_TARGET_BLOCK;
        return true;
}

static bool parse_local(const struct parse *ps)
{
        if (strcmp(ps->text, "local") != 0)
                return REFUSE(ps, ps->text,
                              "`local` names this machine: write it in lower case and alone, or "
                              "127.0.0.1:443 for one port");
        ps->t->kind = ZC_TARGET_LOCAL;
        return true;
}

static bool parse_plain(const struct parse *ps)
{
        const char *at = strchr(ps->text, '@');

        if (at)
                return zc_fail(ps->err, ZC_E_USAGE, "target with \"@\", column %zu: " SECRETS,
                               column(ps->text, at));
        if (!parse_authority(ps, (struct span){ ps->text, strlen(ps->text) }))
                return false;
        ps->t->kind = ps->t->port ? ZC_TARGET_SERVICE : ZC_TARGET_HOST;
        return true;
}

static bool parse_any(const struct parse *ps)
{
        const char *sep = strstr(ps->text, "://"), *slash = strchr(ps->text, '/');

        if (ps->text[0] == '\0')
                return zc_fail(ps->err, ZC_E_USAGE,
                               "empty target: write a host, host:port, URL, block, or local");
        if (strnlen(ps->text, ZC_TARGET_MAX + 1) > ZC_TARGET_MAX)
                return zc_fail(ps->err, ZC_E_USAGE, "target longer than %d characters",
                               ZC_TARGET_MAX);
        if (sep && sep + 1 == slash)
                return parse_url(ps, sep);
        if (strncasecmp(ps->text, "local", 5) == 0 && (ps->text[5] == '\0' || ps->text[5] == ':'))
                return parse_local(ps);
        if (slash && !strchr(ps->text, '@'))
                return parse_block(ps, slash);
        return parse_plain(ps);
}

bool zc_target_parse(struct zc_arena *arena, const char *text, struct zc_target *out,
                     struct zc_err *err)
{
        struct zc_target t = { 0 };
        const struct parse ps = { arena, text, &t, err };

        if (!parse_any(&ps))
                return false;
        t.named = zc_arena_strdup(arena, text);
        if (!t.named)
                return no_memory(&ps);
        *out = t;
        return true;
}

const char *zc_target_asset(const struct zc_target *t)
{
        return t->kind == ZC_TARGET_LOCAL || t->kind == ZC_TARGET_BLOCK ? NULL : t->host;
}

/* ---- blocks ---- */

static bool all_ones(const struct zc_prefix *block, const struct zc_addr *a)
{
        unsigned width = a->family == AF_INET ? 32 : 128;

        for (unsigned i = block->bits; i < width; i++)
                if (!(a->bytes[i / 8] & (0x80u >> (i % 8))))
                        return false;
        return true;
}

static void increment(struct zc_addr *a)
{
        for (unsigned i = a->family == AF_INET ? 4 : 16; i-- > 0;)
                if (++a->bytes[i] != 0)
                        return;
}

void zc_block_start(struct zc_block_iter *it, const struct zc_prefix *block)
{
        *it = (struct zc_block_iter){ .block = *block, .next = block->addr };
        if (block->addr.family == AF_INET && block->bits < 31)
                increment(&it->next);
}

bool zc_block_next(struct zc_block_iter *it, struct zc_addr *out)
{
        bool last;

        if (it->done)
                return false;
        last = all_ones(&it->block, &it->next);
        it->done = last;
        if (last && it->next.family == AF_INET && it->block.bits < 31)
                return false;
        *out = it->next;
        if (!last)
                increment(&it->next);
        return true;
}
