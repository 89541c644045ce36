/**
 * HTTP as bytes: the head of a response (RFC 9112) and the fields that say how a browser is to protect itself: Strict-Transport-Security
 * (RFC 6797), Content-Security-Policy (CSP Level 3, first depth), Set-Cookie (RFC 6265bis), WWW-Authenticate (RFC 9110 section 11.6.1).
 * Pure. Windows point into the bytes that were given.
 */
#ifndef ZC_HTTP_WIRE_H
#define ZC_HTTP_WIRE_H

#include "zc/err.h"
#include "zc/rd.h"

#define ZC_HTTP_FIELDS_MAX 128u

struct zc_http_field {
        struct zc_rd name, value; /* value without white space around it */
};

struct zc_http_head {
        unsigned major, minor, status;
        struct zc_rd reason;
        struct zc_http_field fields[ZC_HTTP_FIELDS_MAX]; /* in order, duplicates kept */
        size_t count;
        size_t dropped;   /* fields beyond ZC_HTTP_FIELDS_MAX */
        size_t malformed; /* lines that are no field; passed over */
        size_t folded;    /* lines folded into the one before (obs-fold); each is one value here */
        bool cut;         /* its end was not seen: there may be more fields */
};

/**
 * One status line and its fields, to the empty line. `used` is what it took; what follows it is the body, or after an interim (1xx) response the
 * next head. obs-fold is replaced by spaces in place. ZC_E_LIMIT: the end is not there yet; ZC_E_MALFORMED: no status line.
 */
bool zc_http_head_parse(uint8_t *p, size_t n, struct zc_http_head *out, size_t *used, struct zc_err *err) ZC_MUST_USE;

/** What there is of a head whose end never came: the fields of its whole lines; `cut` is set. No status line: ZC_E_LIMIT, ZC_E_MALFORMED. */
bool zc_http_head_parse_cut(uint8_t *p, size_t n, struct zc_http_head *out, struct zc_err *err) ZC_MUST_USE;
/** Every field was looked at: what is not among them was not sent. */
bool zc_http_head_whole(const struct zc_http_head *head);

/** The n-th field (from 0) of a name, whatever its case; NULL when there are not so many. */
const struct zc_rd *zc_http_find(const struct zc_http_head *head, const char *name, size_t n);
size_t zc_http_count(const struct zc_http_head *head, const char *name);
/** Whether the bytes are this text, whatever the case. */
bool zc_http_is(struct zc_rd bytes, const char *text);
/** White space (SP, HTAB) taken off both ends. */
struct zc_rd zc_http_trim(struct zc_rd in);
/** A tchar of RFC 9110 section 5.6.2. */
bool zc_http_tchar(uint8_t c);
/** The next part of a list up to `c`, trimmed, empty ones included; false when nothing is left. Starts with *more = true. */
bool zc_http_part(struct zc_rd *in, uint8_t c, bool *more, struct zc_rd *part);
/** A token at the start: how many bytes, 0 for none. */
size_t zc_http_token(struct zc_rd in);
/** A quoted-string (RFC 9110 section 5.6.4) at the start, quotes included: how many bytes, 0 for none. */
size_t zc_http_quoted(struct zc_rd in);

/* ---- Strict-Transport-Security ---- */

struct zc_hsts {
        bool valid;      /* a user agent would take it */
        int64_t max_age; /* seconds; what is larger than fits is as large as fits */
        bool include_subdomains, preload;
        const char *why; /* of an invalid one; static */
};
/** One field value; of several fields only the first counts (RFC 6797 section 8.1). */
struct zc_hsts zc_hsts_parse(struct zc_rd value);

/* ---- Content-Security-Policy ---- */

/** The next policy of a field value: they are separated by commas. Empty ones are passed over. */
bool zc_csp_policy_next(struct zc_rd *value, struct zc_rd *policy);
/** The next directive of a policy; empty ones and ones that are not ASCII are passed over. Of two with one name, the first counts. */
bool zc_csp_directive_next(struct zc_rd *policy, struct zc_rd *name, struct zc_rd *value);

/* ---- Set-Cookie ---- */

enum zc_same_site { ZC_SAME_SITE_ABSENT, ZC_SAME_SITE_STRICT, ZC_SAME_SITE_LAX, ZC_SAME_SITE_NONE, ZC_SAME_SITE_OTHER };

struct zc_cookie {
        struct zc_rd name;  /* the value is not kept */
        size_t value_len;
        struct zc_rd domain, path; /* empty: not given */
        bool secure, http_only;
        enum zc_same_site same_site; /* OTHER: a word that is none of the three, which counts as absent */
        bool has_max_age, has_expires;
        int64_t max_age; /* seconds */
        int64_t expires; /* seconds since the epoch */
};
/** False, with why: a user agent drops it (RFC 6265bis section 5.6). */
bool zc_cookie_parse(struct zc_rd value, struct zc_cookie *out, const char **why) ZC_MUST_USE;
/** Whether a user agent keeps it, that came from here: prefixes, Secure, SameSite=None (section 5.7). NULL, or why not; static. */
const char *zc_cookie_refused(const struct zc_cookie *c, bool https);
/** The sane-cookie-date of section 5.1.1; false when it is none. */
bool zc_cookie_date(struct zc_rd in, int64_t *seconds) ZC_MUST_USE;

/* ---- WWW-Authenticate ---- */

/** The next challenge's scheme ("Basic") of a field value; its parameters are passed over. */
bool zc_challenge_next(struct zc_rd *value, struct zc_rd *scheme);

#endif
