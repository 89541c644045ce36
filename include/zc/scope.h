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

/** An address, a prefix, a name, or "*.example.org" (any depth below it). Once one `allow` exists, allow alone decides. */
bool zc_scope_allow(struct zc_scope *s, const char *pattern, struct zc_err *err) ZC_MUST_USE;
/** Always wins, also after DNS. */
bool zc_scope_exclude(struct zc_scope *s, const char *pattern, struct zc_err *err) ZC_MUST_USE;
/**
 * A target from the command line or configuration stands as authorised, unless `allow` or `exclude` says otherwise, or it is a
 * block wider than /24 (/112) outside private space without a configured scope: ZC_E_USAGE, exit 2.
 */
bool zc_scope_authorise(struct zc_scope *s, const struct zc_target *t, struct zc_err *err) ZC_MUST_USE;

enum zc_scope_verdict {
        ZC_SCOPE_IN,
        ZC_SCOPE_OUTSIDE,  /* neither allowed nor authorised */
        ZC_SCOPE_EXCLUDED, /* scope.exclude */
        ZC_SCOPE_NEVER,    /* 169.254.169.254, multicast, broadcast, unspecified; unless named as a target */
};

/** May this address be contacted, on behalf of this name (NULL for none)? Call it before every connect. */
enum zc_scope_verdict zc_scope_check(const struct zc_scope *s, const char *name, const struct zc_addr *addr);
const char *zc_scope_verdict_name(enum zc_scope_verdict v);

#endif
