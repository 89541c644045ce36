/** Set-Cookie as a browser reads it (RFC 6265bis sections 5.1.1, 5.6 and 5.7). Pure. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "zc/http_wire.h"
#include "zc/text.h"

#define PAIR_MAX 4096u            /* name and value */
#define ATTRIBUTE_MAX 1024u       /* its value */
#define AGE_MAX INT64_C(34560000) /* 400 days: longer lives are cut to that */

/* ---- dates ---- */

static bool is_delimiter(uint8_t c)
{
        return c == 0x09 || (c >= 0x20 && c <= 0x2f) || (c >= 0x3b && c <= 0x40) ||
               (c >= 0x5b && c <= 0x60) || (c >= 0x7b && c <= 0x7e);
}

/** min to max digits at the start, then the end or something that is no digit. */
static bool number(struct zc_rd *t, size_t min, size_t max, unsigned *out)
{
        unsigned v = 0;
        size_t n = 0;

        for (; n < t->n && n <= max && t->p[n] >= '0' && t->p[n] <= '9'; n++)
                v = v * 10 + (unsigned)(t->p[n] - '0');
        if (n < min || n > max)
                return false;
        t->p += n;
        t->n -= n;
        *out = v;
        return true;
}

static bool colon(struct zc_rd *t)
{
        return zc_rd_starts(*t, ":", 1) && zc_rd_skip(t, 1);
}

/* hms-time = time-field ":" time-field ":" time-field */
static bool time_of(struct zc_rd t, unsigned hms[3])
{
        unsigned v[3];

        if (!number(&t, 1, 2, &v[0]) || !colon(&t) || !number(&t, 1, 2, &v[1]) || !colon(&t) ||
            !number(&t, 1, 2, &v[2]))
                return false;
        memcpy(hms, v, sizeof v);
        return true;
}

static unsigned month_of(struct zc_rd t)
{
        static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";

        for (unsigned i = 0; i < 12 && t.n >= 3; i++)
                if (strncasecmp((const char *)t.p, months + (size_t)i * 3, 3) == 0)
                        return i + 1;
        return 0;
}

struct date {
        bool has_time, has_day, has_month, has_year;
        unsigned hms[3], day, month, year;
};

/* The first token of each form is that part of the date. */
static void date_token(struct date *d, struct zc_rd t)
{
        struct zc_rd rest = t;

        if (!d->has_time && time_of(t, d->hms)) {
                d->has_time = true;
        } else if (!d->has_day && number(&rest, 1, 2, &d->day)) {
                d->has_day = true;
        } else if (!d->has_month && month_of(t) > 0) {
                d->has_month = true;
                d->month = month_of(t);
        } else if (!d->has_year && (rest = t, number(&rest, 2, 4, &d->year))) {
                d->has_year = true;
        }
}

/* Days since the epoch of a date in the proleptic Gregorian calendar; the year begins in March. */
static int64_t days_of(unsigned year, unsigned month, unsigned day)
{
        int64_t y = (int64_t)year - (month <= 2), era = y / 400, of_era = y - era * 400;
        int64_t m = month > 2 ? month - 3 : month + 9, of_year = (153 * m + 2) / 5 + day - 1;

        return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

bool zc_cookie_date(struct zc_rd in, int64_t *seconds)
{
        struct date d = { 0 };

        while (in.n > 0) {
                size_t n = 0;

                while (n < in.n && !is_delimiter(in.p[n]))
                        n++;
                if (n > 0)
                        date_token(&d, (struct zc_rd){ in.p, n });
                n += n < in.n;
                in.p += n;
                in.n -= n;
        }
        if (!d.has_time || !d.has_day || !d.has_month || !d.has_year)
                return false;
        if (d.year < 100)
                d.year += d.year >= 70 ? 1900 : 2000;
        if (d.day < 1 || d.day > 31 || d.year < 1601 || d.hms[0] > 23 || d.hms[1] > 59 ||
            d.hms[2] > 59)
                return false;
        *seconds = days_of(d.year, d.month, d.day) * 86400 + d.hms[0] * INT64_C(3600) +
                   d.hms[1] * INT64_C(60) + d.hms[2];
        return true;
}

/* ---- attributes ---- */

/* ["-"] 1*DIGIT; anything else is no Max-Age */
static void max_age(struct zc_cookie *c, struct zc_rd v)
{
        bool minus = zc_rd_starts(v, "-", 1) && zc_rd_skip(&v, 1);
        int64_t s = 0;

        for (size_t i = 0; i < v.n; i++) {
                if (v.p[i] < '0' || v.p[i] > '9')
                        return;
                s = s > AGE_MAX ? AGE_MAX : s * 10 + (v.p[i] - '0');
        }
        if (v.n == 0)
                return;
        c->has_max_age = true;
        c->max_age = minus ? -s : s > AGE_MAX ? AGE_MAX : s;
}

static void same_site(struct zc_cookie *c, struct zc_rd v)
{
        c->same_site = zc_http_is(v, "strict") ? ZC_SAME_SITE_STRICT
                       : zc_http_is(v, "lax")  ? ZC_SAME_SITE_LAX
                       : zc_http_is(v, "none") ? ZC_SAME_SITE_NONE
                                               : ZC_SAME_SITE_OTHER;
}

static void expires(struct zc_cookie *c, struct zc_rd v)
{
        if (zc_cookie_date(v, &c->expires))
                c->has_expires = true;
}

static void domain(struct zc_cookie *c, struct zc_rd v)
{
        if (v.n > 0 && v.p[0] == '.' && !zc_rd_skip(&v, 1))
                return;
        c->domain = v;
}

static void path(struct zc_cookie *c, struct zc_rd v)
{
        c->path = v.n > 0 && v.p[0] == '/' ? v : (struct zc_rd){ v.p, 0 }; /* else the default */
}

static void secure(struct zc_cookie *c, struct zc_rd v)
{
        (void)v;
        c->secure = true;
}

static void http_only(struct zc_cookie *c, struct zc_rd v)
{
        (void)v;
        c->http_only = true;
}

/* Of an attribute that stands twice the last counts. */
static void attribute(struct zc_cookie *c, struct zc_rd av)
{
        static const struct {
                const char *name;
                void (*take)(struct zc_cookie *c, struct zc_rd v);
        } rows[] = {
                { "Expires", expires },    { "Max-Age", max_age }, { "Domain", domain },
                { "Path", path },          { "Secure", secure },   { "HttpOnly", http_only },
                { "SameSite", same_site },
        };
        struct zc_rd name, value = av;

        if (!zc_rd_until(&value, '=', &name)) {
                name = av;
                value = (struct zc_rd){ av.p + av.n, 0 };
        }
        name = zc_http_trim(name);
        value = zc_http_trim(value);
        if (value.n > ATTRIBUTE_MAX)
                return;
        for (size_t i = 0; i < ZC_COUNT(rows); i++)
                if (zc_http_is(name, rows[i].name))
                        rows[i].take(c, value);
}

/* ---- the cookie ---- */

static bool has_control(struct zc_rd in)
{
        for (size_t i = 0; i < in.n; i++)
                if ((in.p[i] < 0x20 && in.p[i] != '\t') || in.p[i] == 0x7f)
                        return true;
        return false;
}

bool zc_cookie_parse(struct zc_rd value, struct zc_cookie *out, const char **why)
{
        struct zc_cookie c = { 0 };
        struct zc_rd pair, av, content;
        bool more = true;

        *why = "it has a control character";
        if (has_control(value))
                return false;
        if (!zc_http_part(&value, ';', &more, &pair))
                return false;
        content = pair;
        if (zc_rd_until(&content, '=', &c.name))
                c.name = zc_http_trim(c.name);
        else
                c.name = (struct zc_rd){ pair.p, 0 };
        content = zc_http_trim(content);
        c.value_len = content.n;
        *why = "it has neither name nor value";
        if (c.name.n == 0 && c.value_len == 0)
                return false;
        *why = "name and value have more than 4096 bytes";
        if (c.name.n + c.value_len > PAIR_MAX)
                return false;
        while (zc_http_part(&value, ';', &more, &av))
                attribute(&c, av);
        *why = NULL;
        *out = c;
        return true;
}

static bool has_prefix(struct zc_rd name, const char *prefix)
{
        size_t n = strlen(prefix);

        return name.n >= n && strncasecmp((const char *)name.p, prefix, n) == 0;
}

const char *zc_cookie_refused(const struct zc_cookie *c, bool https)
{
        if (c->secure && !https)
                return "Secure, but set over plain HTTP";
        if (c->same_site == ZC_SAME_SITE_NONE && !c->secure)
                return "SameSite=None without Secure";
        if (has_prefix(c->name, "__Secure-") && !c->secure)
                return "the prefix __Secure- without Secure";
        if (!has_prefix(c->name, "__Host-"))
                return NULL;
        if (!c->secure)
                return "the prefix __Host- without Secure";
        if (c->domain.n > 0)
                return "the prefix __Host- with a Domain";
        return zc_rd_is(c->path, "/") ? NULL : "the prefix __Host- without Path=/";
}
