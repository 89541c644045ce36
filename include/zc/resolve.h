/**
 * Names to addresses: the hosts file, then DNS by c-ares; every address of both families, within a deadline. Nothing else of
 * nsswitch.conf is asked (no mDNS, no LDAP), so that what a run resolves can be repeated.
 */
#ifndef ZC_RESOLVE_H
#define ZC_RESOLVE_H

#include "zc/addr.h"
#include "zc/clock.h"
#include "zc/err.h"
#include "zc/rd.h"

#define ZC_RESOLVE_MAX 64 /* addresses kept per name */
#define ZC_RESOLVE_WHY_LEN 96

struct zc_addrs {
        struct zc_addr list[ZC_RESOLVE_MAX];
        size_t count;
        bool cut; /* there were more */
        /** "" or what could not be learnt although the rest is there: "IPv6: no name server answered in time". */
        char missing[ZC_RESOLVE_WHY_LEN];
};

/** What tests change; zero members mean the system's own. */
struct zc_resolve_options {
        const char *servers; /* "127.0.0.1:5353,…" */
        const char *hosts;   /* path instead of /etc/hosts */
        int timeout_ms, tries; /* of one question to one server */
};

/**
 * Once per process, before threads and before the sandbox: reads resolv.conf and the hosts file, which zc_resolve() then needs
 * no more. Either missing is no error. @options: NULL outside tests.
 */
bool zc_resolve_init(struct zc_err *err) ZC_MUST_USE;
bool zc_resolve_init_with(const struct zc_resolve_options *options, struct zc_err *err) ZC_MUST_USE;
void zc_resolve_release(void);

/**
 * Duplicates removed, IPv4 first, each family in canonical order. A literal (no brackets) is its own answer. A trailing dot
 * passes the search list. `localhost` and names below it are loopback even without a hosts file (RFC 6761). From any thread.
 * Fails with ZC_E_TIMEOUT; ZC_E_IO with the reason ("no such name", "the name has no address", "the name server failed", …);
 * ZC_E_USAGE for what is no name.
 */
bool zc_resolve(const char *name, struct zc_deadline deadline, struct zc_addrs *out, struct zc_err *err) ZC_MUST_USE;

/** Adds what a hosts file says about a name (without trailing dot). Lines that are none are passed over. Pure. */
void zc_hosts_find(struct zc_rd file, const char *name, struct zc_addrs *out);
/** Keeps the order and the bound that zc_resolve() promises. */
void zc_addrs_add(struct zc_addrs *out, const struct zc_addr *a);

#endif
