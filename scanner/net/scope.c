/** What may be contacted. See include/zc/scope.h. */
#include "zc/scope.h"

#include <ifaddrs.h>
#include <string.h>
#include <strings.h>

#include "prefixes.h"
#include "zc/listing.h"
#include "zc/text.h"

/* Names of one kind; only appended to. */
struct names {
        char **list; /* lower case; ".example.org" for "*.example.org" */
        size_t n, cap;
};

struct patterns {
        struct zc_prefixes prefixes;
        struct names names;
};

struct zc_scope {
        struct patterns allow, exclude, targets;
        struct zc_prefixes
                own; /* loopback and this machine's addresses, once `local` is a target */
        struct zc_prefixes
                literal; /* single addresses that were spelt out: what is never contacted otherwise may be here */
};

/* Addresses at which clouds hand credentials to whoever asks from the machine itself. */
static const struct zc_prefix metadata[] = {
        { { AF_INET, { 169, 254, 169, 254 }, 0 }, 32 }, /* AWS, Azure, Google and most others */
        { { AF_INET, { 169, 254, 170, 2 }, 0 }, 32 },   /* AWS ECS */
        { { AF_INET, { 100, 100, 100, 200 }, 0 }, 32 }, /* Alibaba */
        { { AF_INET6, { 0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54 }, 0 },
          128 }, /* AWS, fd00:ec2::254 */
        { { AF_INET6, { 0xfd, 0x20, 0x00, 0xce, [14] = 0x02, [15] = 0x54 }, 0 },
          128 }, /* Google, fd20:ce::254 */
};

static const struct zc_prefix private_space[] = {
        { { AF_INET, { 10 }, 0 }, 8 },           { { AF_INET, { 172, 16 }, 0 }, 12 },
        { { AF_INET, { 192, 168 }, 0 }, 16 },    { { AF_INET, { 100, 64 }, 0 }, 10 },
        { { AF_INET, { 127 }, 0 }, 8 },          { { AF_INET, { 169, 254 }, 0 }, 16 },
        { { AF_INET6, { 0xfc }, 0 }, 7 },        { { AF_INET6, { 0xfe, 0x80 }, 0 }, 10 },
        { { AF_INET6, { 0xfe, 0xc0 }, 0 }, 10 },
};

/*
 * IPv6 addresses behind which an IPv4 address stands, and where its bytes are: NAT64 by its well-known prefix (RFC 6052), by the prefix for
 * local use with each length that it leaves room for (RFC 8215), and 6to4 (RFC 3056). Which of the lengths a network has is not known here.
 */
static const struct embedding {
        struct zc_prefix prefix;
        uint8_t at[4];
} embeddings[] = {
        { { { AF_INET6, { 0x00, 0x64, 0xff, 0x9b }, 0 }, 96 }, { 12, 13, 14, 15 } },
        { { { AF_INET6, { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 0 }, 48 }, { 12, 13, 14, 15 } },
        { { { AF_INET6, { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 0 }, 48 }, { 6, 7, 9, 10 } },
        { { { AF_INET6, { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 0 }, 48 }, { 7, 9, 10, 11 } },
        { { { AF_INET6, { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 0 }, 48 }, { 9, 10, 11, 12 } },
        { { { AF_INET6, { 0x20, 0x02 }, 0 }, 16 }, { 2, 3, 4, 5 } },
};

/* ---- lists ---- */

static bool add_prefix(struct zc_prefixes *ps, const struct zc_prefix *p, struct zc_err *err)
{
        return zc_prefixes_add(ps, p) || zc_fail(err, ZC_E_NOMEM, "no memory for the scope");
}

/* Room for one more; the list may move. */
static bool reserve(struct names *ns)
{
        size_t want = ns->cap ? ns->cap * 2 : 8;
        char **more;

        if (ns->n < ns->cap)
                return true;
        more = reallocarray(ns->list, want, sizeof *more);
        if (!more)
                return false;
        ns->list = more;
        ns->cap = want;
        return true;
}

static bool add_name(struct names *ns, const char *name, size_t n, struct zc_err *err)
{
        char *copy = strndup(name, n);

        if (!copy || !reserve(ns)) {
                free(copy);
                return zc_fail(err, ZC_E_NOMEM, "no memory for the scope");
        }
        zc_ascii_lower(copy);
        ns->list[ns->n++] = copy;
        return true;
}

/* A trailing dot does not make another name. */
static bool matches(const struct names *ns, const char *name)
{
        size_t n = name ? strlen(name) : 0;

        if (n > 0 && name[n - 1] == '.')
                n--;
        for (size_t i = 0; i < ns->n && n > 0; i++) {
                const char *want = ns->list[i];
                size_t len = strlen(want);

                if (*want == '.' ? n > len && strncasecmp(name + n - len, want, len) == 0
                                 : n == len && strncasecmp(name, want, len) == 0)
                        return true;
        }
        return false;
}

static void release(struct patterns *p)
{
        for (size_t i = 0; i < p->names.n; i++)
                free(p->names.list[i]);
        free(p->names.list);
        zc_prefixes_release(&p->prefixes);
}

struct zc_scope *zc_scope_new(void)
{
        return calloc(1, sizeof(struct zc_scope));
}

void zc_scope_free(struct zc_scope *s)
{
        if (!s)
                return;
        release(&s->allow);
        release(&s->exclude);
        release(&s->targets);
        zc_prefixes_release(&s->own);
        zc_prefixes_release(&s->literal);
        free(s);
}

/* ---- patterns ---- */

static bool refuse_pattern(const char *key, const char *pattern, const char *why,
                           struct zc_err *err)
{
        ZC_AUTO_TEXT text = { 0 };

        zc_text_init(&text, 120);
        zc_text_escape(&text, pattern, strlen(pattern));
        return zc_fail(err, ZC_E_USAGE, "%s \"%s\": %s", key, zc_text_str(&text), why);
}

static bool name_pattern(struct patterns *p, const char *key, const char *pattern,
                         struct zc_err *err)
{
        bool below = strncmp(pattern, "*.", 2) == 0;
        const char *name = below ? pattern + 1 : pattern; /* keeps the dot */
        size_t n = strlen(name), at;
        const char *why;

        if (n > 1 && name[n - 1] == '.')
                n--;
        if (!zc_name_check(name + below, n - below, &at, &why))
                return refuse_pattern(key, pattern, why, err);
        return add_name(&p->names, name, n, err);
}

static bool add_pattern(struct zc_scope *s, struct patterns *p, const char *key,
                        const char *pattern, struct zc_err *err)
{
        struct zc_prefix prefix;

        if (*pattern == '\0')
                return zc_fail(
                        err, ZC_E_USAGE,
                        "%s: empty pattern: write an address, a block, a name, or *.example.org",
                        key);
        if (!strchr(pattern, ':') && !strchr(pattern, '/') &&
            strspn(pattern, "0123456789.") < strlen(pattern))
                return name_pattern(p, key, pattern, err);
        if (strstr(pattern, "://") || strchr(pattern, '['))
                return refuse_pattern(
                        key, pattern,
                        "write the address, block or name alone, without scheme, brackets or port",
                        err);
        if (!zc_prefix_parse(pattern, &prefix, err))
                return zc_ctx(err, "%s", key);
        prefix.addr.zone = 0;
        if (p == &s->allow && !strchr(pattern, '/') && !add_prefix(&s->literal, &prefix, err))
                return false;
        return add_prefix(&p->prefixes, &prefix, err);
}

bool zc_scope_allow(struct zc_scope *s, const char *pattern, struct zc_err *err)
{
        return add_pattern(s, &s->allow, "scope.allow", pattern, err);
}

bool zc_scope_exclude(struct zc_scope *s, const char *pattern, struct zc_err *err)
{
        return add_pattern(s, &s->exclude, "scope.exclude", pattern, err);
}

/* One line: a prefix waits for the others, so that they are taken in order; a name is taken at once. */
static bool list_line(struct zc_scope *s, const struct zc_listing *l, struct zc_prefixes *seen,
                      struct zc_err *err)
{
        ZC_AUTO_MEM char *pattern = strndup(l->word, l->n);
        struct zc_scope one = { 0 };
        bool ok;

        if (!pattern || (seen->n == seen->cap && !zc_prefixes_room(seen)))
                return zc_fail(err, ZC_E_NOMEM, "no memory for the scope");
        ok = add_pattern(&one, &one.exclude, "exclude", pattern, err);
        if (ok && one.exclude.prefixes.n > 0)
                seen->list[seen->n++] = one.exclude.prefixes.list[0];
        else if (ok && one.exclude.names.n > 0)
                ok = add_name(&s->exclude.names, one.exclude.names.list[0],
                              strlen(one.exclude.names.list[0]), err);
        release(&one.exclude);
        return ok || zc_ctx(err, "%s:%u:%zu", l->name, l->line, l->column);
}

bool zc_scope_exclude_list(struct zc_scope *s, const char *name, const char *text, size_t n,
                           struct zc_err *err)
{
        size_t names = s->exclude.names.n;
        struct zc_prefixes seen = { 0 };
        struct zc_listing l;
        bool ok = true;

        zc_listing_start(&l, name, text, n);
        while (ok && zc_listing_next(&l, err))
                ok = list_line(s, &l, &seen, err);
        ok = ok && !l.failed;
        if (ok && seen.n > 1)
                qsort(seen.list, seen.n, sizeof *seen.list, zc_prefix_order);
        for (size_t i = 0; ok && i < seen.n; i++)
                ok = add_prefix(&s->exclude.prefixes, &seen.list[i], err);
        while (!ok && s->exclude.names.n > names)
                free(s->exclude.names.list[--s->exclude.names.n]);
        zc_prefixes_release(&seen);
        return ok;
}

/* ---- targets ---- */

static bool configured(const struct zc_scope *s)
{
        return s->allow.prefixes.n + s->allow.names.n > 0;
}

static bool wide_and_public(const struct zc_prefix *p)
{
        if (p->bits >= (p->addr.family == AF_INET ? 24 : 112))
                return false;
        for (size_t i = 0; i < ZC_COUNT(private_space); i++)
                if (zc_prefix_covers(&private_space[i], p))
                        return false;
        return true;
}

static bool refuse_target(const struct zc_target *t, const char *why, struct zc_err *err)
{
        return refuse_pattern("target", t->named, why, err);
}

static bool authorise_prefix(struct zc_scope *s, const struct zc_target *t,
                             const struct zc_prefix *p, struct zc_err *err)
{
        if (zc_prefixes_cover(&s->exclude.prefixes, p))
                return refuse_target(t,
                                     "scope.exclude holds it: take it out of the targets, or out "
                                     "of the exclusions",
                                     err);
        if (configured(s) && !zc_prefixes_cover(&s->allow.prefixes, p))
                return refuse_target(
                        t,
                        t->literal
                                ? "outside scope.allow: add it there, or take it out of the targets"
                                : "not all of this block is inside scope.allow: name the part that "
                                  "is, or allow the rest",
                        err);
        if (!configured(s) && wide_and_public(p))
                return refuse_target(t,
                                     "a public block wider than /24 (IPv6: /112) needs scope.allow "
                                     "in a configuration that names it",
                                     err);
        return add_prefix(&s->targets.prefixes, p, err);
}

static bool authorise_name(struct zc_scope *s, const struct zc_target *t, struct zc_err *err)
{
        if (matches(&s->exclude.names, t->host))
                return refuse_target(t,
                                     "scope.exclude names it: take it out of the targets, or out "
                                     "of the exclusions",
                                     err);
        if (configured(s) && s->allow.prefixes.n == 0 && !matches(&s->allow.names, t->host))
                return refuse_target(
                        t, "outside scope.allow: add it there, or take it out of the targets", err);
        return add_name(&s->targets.names, t->host, strlen(t->host), err);
}

static bool authorise_local(struct zc_scope *s, struct zc_err *err)
{
        static const struct zc_prefix loopback[] = {
                { { AF_INET, { 127 }, 0 }, 8 },
                { { AF_INET6, { [15] = 1 }, 0 }, 128 },
        };
        struct ifaddrs *all;
        bool ok = true;

        for (size_t i = 0; i < ZC_COUNT(loopback); i++)
                if (!add_prefix(&s->own, &loopback[i], err))
                        return false;
        if (getifaddrs(&all) != 0)
                return zc_fail_errno(err, "reading this machine's addresses");
        for (const struct ifaddrs *i = all; i && ok; i = i->ifa_next) {
                struct zc_addr a;
                struct zc_prefix p;

                if (!zc_addr_from_sockaddr(i->ifa_addr, &a, NULL))
                        continue;
                p = zc_prefix_of(&a);
                ok = add_prefix(&s->own, &p, err);
        }
        freeifaddrs(all);
        return ok;
}

static bool here(const struct zc_target *t, const struct zc_addr *a, struct zc_err *err)
{
        return zc_addr_zone_here(a) ||
               refuse_target(t, "no such interface on this machine: see `ip link`", err);
}

bool zc_scope_authorise(struct zc_scope *s, const struct zc_target *t, struct zc_err *err)
{
        struct zc_prefix one;

        if (t->kind == ZC_TARGET_LOCAL)
                return authorise_local(s, err);
        if (t->kind == ZC_TARGET_BLOCK)
                return here(t, &t->block.addr, err) && authorise_prefix(s, t, &t->block, err);
        if (!t->literal)
                return authorise_name(s, t, err);
        one = zc_prefix_of(&t->addr);
        return here(t, &t->addr, err) && authorise_prefix(s, t, &one, err) &&
               add_prefix(&s->literal, &one, err);
}

/* ---- the question ---- */

static bool never(const struct zc_addr *a)
{
        enum zc_addr_class class = zc_addr_class(a);

        return class == ZC_ADDR_UNSPECIFIED || class == ZC_ADDR_MULTICAST ||
               class == ZC_ADDR_BROADCAST;
}

/** Whether the address, or an IPv4 address that a translator would make of it, is one of those. */
static bool any_of(const struct zc_addr *a,
                   bool (*one)(const struct zc_scope *, const struct zc_addr *),
                   const struct zc_scope *s)
{
        if (one(s, a))
                return true;
        for (size_t i = 0; i < ZC_COUNT(embeddings); i++) {
                struct zc_addr v4 = { .family = AF_INET };

                if (!zc_prefix_contains(&embeddings[i].prefix, a))
                        continue;
                for (size_t b = 0; b < 4; b++)
                        v4.bytes[b] = a->bytes[embeddings[i].at[b]];
                if (one(s, &v4))
                        return true;
        }
        return false;
}

static bool is_excluded(const struct zc_scope *s, const struct zc_addr *a)
{
        return zc_prefixes_has(&s->exclude.prefixes, a);
}

static bool is_metadata(const struct zc_scope *s, const struct zc_addr *a)
{
        (void)s;
        for (size_t i = 0; i < ZC_COUNT(metadata); i++)
                if (zc_prefix_contains(&metadata[i], a))
                        return true;
        return false;
}

enum zc_scope_verdict zc_scope_check(const struct zc_scope *s, const char *name,
                                     const struct zc_addr *addr)
{
        struct zc_addr a = zc_addr_unmap(*addr);

        if (any_of(&a, is_excluded, s) || matches(&s->exclude.names, name))
                return ZC_SCOPE_EXCLUDED;
        if ((never(&a) || any_of(&a, is_metadata, s)) && !zc_prefixes_has(&s->literal, &a))
                return ZC_SCOPE_NEVER;
        if (zc_prefixes_has(&s->own, &a))
                return ZC_SCOPE_IN;
        if (configured(s))
                return zc_prefixes_has(&s->allow.prefixes, &a) || matches(&s->allow.names, name)
                               ? ZC_SCOPE_IN
                               : ZC_SCOPE_OUTSIDE;
        return zc_prefixes_has(&s->targets.prefixes, &a) || matches(&s->targets.names, name)
                       ? ZC_SCOPE_IN
                       : ZC_SCOPE_OUTSIDE;
}

enum zc_scope_verdict zc_scope_check_from(const struct zc_scope *s, const char *from,
                                          const char *name, const struct zc_addr *addr)
{
        enum zc_scope_verdict v = zc_scope_check(s, name, addr);

        return v == ZC_SCOPE_OUTSIDE && !configured(s) ? zc_scope_check(s, from, addr) : v;
}

const char *zc_scope_verdict_name(enum zc_scope_verdict v)
{
        static const char *const names[] = {
                [ZC_SCOPE_IN] = "in scope",
                [ZC_SCOPE_OUTSIDE] = "outside scope.allow and the targets",
                [ZC_SCOPE_EXCLUDED] = "excluded by scope.exclude",
                [ZC_SCOPE_NEVER] = "never contacted unless its address is named",
        };

        _Static_assert(ZC_COUNT(names) == ZC_SCOPE_NEVER + 1, "a name for every verdict");
        return names[v];
}
