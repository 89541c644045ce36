/**
 * What a user may name: a host name, an IPv4 or IPv6 literal (brackets and zone allowed), host:port, a URL (http, https,
 * postgres, postgresql, redis, rediss), a CIDR block, or `local`. Parsing is pure: nothing is resolved or contacted.
 */
#ifndef ZC_TARGET_H
#define ZC_TARGET_H

#include "zc/addr.h"
#include "zc/arena.h"
#include "zc/err.h"

enum zc_target_kind { ZC_TARGET_LOCAL, ZC_TARGET_HOST, ZC_TARGET_SERVICE, ZC_TARGET_BLOCK };
enum zc_scheme { ZC_SCHEME_NONE, ZC_SCHEME_HTTP, ZC_SCHEME_HTTPS, ZC_SCHEME_POSTGRES, ZC_SCHEME_REDIS, ZC_SCHEME_REDISS };

struct zc_target {
        enum zc_target_kind kind;
        const char *named; /* as typed */
        const char *host;  /* name in lower case, ASCII, without a trailing dot, or the canonical literal; NULL for local and blocks */
        bool literal;      /* addr holds the host (an IPv4-mapped literal as its IPv4 address) */
        bool absolute;     /* the name was typed with a trailing dot: resolve it with one, past any search list */
        struct zc_addr addr;
        uint16_t port; /* 0: none given; a URL without a port has its scheme's default */
        enum zc_scheme scheme;
        const char *path; /* of a URL with its query, without a fragment; "/" at least for http(s), NULL where the URL has none */
        struct zc_prefix block;
};

#define ZC_TARGET_MAX 4096 /* bytes; also of a URL */

/**
 * Strings live in the arena. An empty string, credentials inside a URL (secrets never come from argv, and the message does
 * not repeat them), an unknown scheme, a bad port or prefix are ZC_E_USAGE; the text names the target, the column (characters
 * from 1) and what to type instead.
 *
 * Colons: text with two or more and no brackets is an IPv6 literal ("::1", "fe80::1%eth0"), whole; a port needs brackets
 * ("[::1]:443").
 */
bool zc_target_parse(struct zc_arena *arena, const char *text, struct zc_target *out, struct zc_err *err) ZC_MUST_USE;
/** Whether a name has RFC 1123's syntax (underscores too), without a trailing dot. On failure: where, and why in words. */
bool zc_name_check(const char *name, size_t n, size_t *at, const char **why) ZC_MUST_USE;
/** "http" and so on; "" for ZC_SCHEME_NONE. */
const char *zc_scheme_name(enum zc_scheme s);

/** Design section 1: the host part of a URL or host:port, the literal or name; NULL for local (the vantage id) and blocks (the member). */
const char *zc_target_asset(const struct zc_target *t);

/** The members of a block, one by one, never materialised. IPv4 network and broadcast addresses of blocks wider than /31 are left out. */
struct zc_block_iter {
        struct zc_prefix block;
        struct zc_addr next;
        bool done;
};
void zc_block_start(struct zc_block_iter *it, const struct zc_prefix *block);
bool zc_block_next(struct zc_block_iter *it, struct zc_addr *out);

#endif
