/**
 * Scope: which addresses and names may be contacted. It binds every connection, resolved addresses and redirects included
 * (design section 3). A scope is built once, then only read: safe from several threads.
 */
#ifndef ZC_SCOPE_H
#define ZC_SCOPE_H

#include "zc/addr.h"
#include "zc/err.h"
#include "zc/target.h"

struct zc_scope;

struct zc_scope *zc_scope_new(void) ZC_MUST_USE;
void zc_scope_free(struct zc_scope *s);
ZC_FREEP(zc_scope);

/**
 * An address, a prefix, a name, or "*.example.org" (any depth below it, not itself). Once one `allow` exists, allow alone
 * decides. An allowed name authorises the addresses it resolves to, on behalf of that name only. Say every `allow` and
 * `exclude` before the first target. On failure the scope is unchanged; the error says what to write.
 */
bool zc_scope_allow(struct zc_scope *s, const char *pattern, struct zc_err *err) ZC_MUST_USE;
/** Always wins, also after DNS. */
bool zc_scope_exclude(struct zc_scope *s, const char *pattern, struct zc_err *err) ZC_MUST_USE;
/** The same for each line of a file (zc/listing.h), a hundred thousand as well as one. The error says file, line and column. */
bool zc_scope_exclude_list(struct zc_scope *s, const char *name, const char *text, size_t n, struct zc_err *err) ZC_MUST_USE;
/**
 * A target from the command line or configuration stands as authorised. ZC_E_USAGE (exit 2: nothing is probed) when
 * - `exclude` holds all of it;
 * - there is an `allow` and the target is outside it: a literal, any part of a block, or a name that no pattern matches while
 *   no address is allowed either (otherwise its addresses decide, each at zc_scope_check());
 * - there is none and it is a block wider than /24 (/112) outside private space.
 * `local` authorises loopback and this machine's own addresses, whatever is allowed: that traffic leaves no machine.
 */
bool zc_scope_authorise(struct zc_scope *s, const struct zc_target *t, struct zc_err *err) ZC_MUST_USE;

enum zc_scope_verdict {
        ZC_SCOPE_IN,
        ZC_SCOPE_OUTSIDE,  /* neither allowed nor authorised */
        ZC_SCOPE_EXCLUDED, /* scope.exclude */
        ZC_SCOPE_NEVER,    /* cloud metadata addresses, multicast, broadcast, unspecified; unless named by a literal */
};

/**
 * May this address be contacted, on behalf of this name (NULL for none, or for a literal)? Call it before every connect.
 * What excludes wins over what forbids, what forbids over what allows.
 */
enum zc_scope_verdict zc_scope_check(const struct zc_scope *s, const char *name, const struct zc_addr *addr);
/**
 * The same for a name that another one led to, both of one site (a redirect, design section 3): without an `allow` it stands as authorised as
 * `from`, on whose behalf it is contacted (NULL: a literal). With one, allow alone decides.
 */
enum zc_scope_verdict zc_scope_check_from(const struct zc_scope *s, const char *from, const char *name, const struct zc_addr *addr);
/** In words for a person: "in scope", "outside scope.allow and the targets", "excluded by scope.exclude", … */
const char *zc_scope_verdict_name(enum zc_scope_verdict v);

#endif
