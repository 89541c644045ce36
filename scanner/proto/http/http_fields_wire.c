/** Strict-Transport-Security, Content-Security-Policy, WWW-Authenticate. Pure. */
#include "zc/http_wire.h"

#define HSTS_MAX_AGE INT64_C(9007199254740991) /* 2^53 - 1: exact in every JSON reader */

static void skip(struct zc_rd *in, size_t n)
{
        in->p += n;
        in->n -= n;
}

/* ---- Strict-Transport-Security (RFC 6797 section 6.1) ---- */

struct directive {
        struct zc_rd name, value;
        bool has_value;
};

/* token [ OWS "=" OWS ( token | quoted-string ) ] */
static bool hsts_directive(struct zc_rd *in, struct directive *d)
{
        size_t n = zc_http_token(*in);

        *d = (struct directive){ .name = { in->p, n } };
        if (n == 0)
                return false;
        skip(in, n);
        *in = zc_http_trim(*in);
        if (in->n == 0 || in->p[0] != '=')
                return true;
        skip(in, 1);
        *in = zc_http_trim(*in);
        d->has_value = true;
        n = zc_http_quoted(*in);
        if (n > 0) {
                d->value = (struct zc_rd){ in->p + 1, n - 2 };
        } else {
                n = zc_http_token(*in);
                d->value = (struct zc_rd){ in->p, n };
        }
        skip(in, n);
        *in = zc_http_trim(*in);
        return n > 0;
}

/* 1*DIGIT */
static bool delta_seconds(struct zc_rd v, int64_t *out)
{
        int64_t s = 0;

        for (size_t i = 0; i < v.n; i++) {
                if (v.p[i] < '0' || v.p[i] > '9')
                        return false;
                s = s > (HSTS_MAX_AGE - 9) / 10 ? HSTS_MAX_AGE : s * 10 + (v.p[i] - '0');
        }
        *out = s;
        return v.n > 0;
}

static const char *hsts_take(struct zc_hsts *h, const struct directive *d, bool *has_age)
{
        if (zc_http_is(d->name, "max-age")) {
                if (*has_age)
                        return "max-age stands twice";
                if (!d->has_value || !delta_seconds(d->value, &h->max_age))
                        return "max-age is not a number of seconds";
                *has_age = true;
        } else if (zc_http_is(d->name, "includeSubDomains")) {
                if (h->include_subdomains)
                        return "includeSubDomains stands twice";
                if (d->has_value)
                        return "includeSubDomains takes no value";
                h->include_subdomains = true;
        } else if (zc_http_is(d->name, "preload") && !d->has_value) {
                h->preload = true;
        }
        return NULL;
}

static struct zc_hsts hsts_invalid(const char *why)
{
        return (struct zc_hsts){ .why = why };
}

struct zc_hsts zc_hsts_parse(struct zc_rd value)
{
        struct zc_hsts h = { .valid = true };
        bool has_age = false;
        const char *why;

        for (;;) {
                struct directive d;

                value = zc_http_trim(value);
                if (value.n > 0 && value.p[0] != ';') {
                        if (!hsts_directive(&value, &d))
                                return hsts_invalid("a directive is not well-formed");
                        why = hsts_take(&h, &d, &has_age);
                        if (why)
                                return hsts_invalid(why);
                }
                if (value.n == 0)
                        break;
                if (value.p[0] != ';')
                        return hsts_invalid("directives are not separated by semicolons");
                skip(&value, 1);
        }
        return has_age ? h : hsts_invalid("there is no max-age");
}

/* ---- Content-Security-Policy (CSP Level 3 section 2.2) ---- */

/* Up to c, without what white space stands around it. What is left after the last is not a part. */
static bool part(struct zc_rd *in, uint8_t c, struct zc_rd *out)
{
        while (in->n > 0) {
                if (!zc_rd_until(in, c, out)) {
                        *out = *in;
                        skip(in, in->n);
                }
                *out = zc_http_trim(*out);
                if (out->n > 0)
                        return true;
        }
        return false;
}

bool zc_csp_policy_next(struct zc_rd *value, struct zc_rd *policy)
{
        return part(value, ',', policy);
}

static bool is_ascii(struct zc_rd in)
{
        for (size_t i = 0; i < in.n; i++)
                if (in.p[i] >= 0x80)
                        return false;
        return true;
}

bool zc_csp_directive_next(struct zc_rd *policy, struct zc_rd *name, struct zc_rd *value)
{
        struct zc_rd d;
        size_t n = 0;

        do {
                if (!part(policy, ';', &d))
                        return false;
        } while (!is_ascii(d));
        while (n < d.n && d.p[n] != ' ' && d.p[n] != '\t')
                n++;
        *name = (struct zc_rd){ d.p, n };
        *value = zc_http_trim((struct zc_rd){ d.p + n, d.n - n });
        return true;
}

/* ---- WWW-Authenticate (RFC 9110 section 11.6.1) ---- */

static bool is_token68(uint8_t c)
{
        return zc_http_tchar(c) || c == '/' || c == '=';
}

/** After a scheme and a space: a token68 is skipped whole, so that it is not taken for a parameter. */
static void token68_skip(struct zc_rd *in)
{
        size_t n = 0, end;

        while (n < in->n && is_token68(in->p[n]))
                n++;
        for (end = n; end < in->n && (in->p[end] == ' ' || in->p[end] == '\t');)
                end++;
        if (n > 0 && (end == in->n || in->p[end] == ','))
                skip(in, end);
}

/** "=" and a value after a name: it was a parameter. */
static bool parameter_skip(struct zc_rd *in)
{
        struct zc_rd rest = zc_http_trim(*in);
        size_t n;

        if (rest.n == 0 || rest.p[0] != '=')
                return false;
        skip(&rest, 1);
        rest = zc_http_trim(rest);
        n = zc_http_quoted(rest);
        skip(&rest, n ? n : zc_http_token(rest));
        *in = rest;
        return true;
}

bool zc_challenge_next(struct zc_rd *value, struct zc_rd *scheme)
{
        while (value->n > 0) {
                size_t n;

                *value = zc_http_trim(*value);
                n = zc_http_token(*value);
                if (n == 0) { /* a comma between challenges, or what is none: passed over */
                        if (value->n > 0)
                                skip(value, 1);
                        continue;
                }
                *scheme = (struct zc_rd){ value->p, n };
                skip(value, n);
                if (parameter_skip(value))
                        continue;
                if (value->n > 0 && value->p[0] == ' ') {
                        *value = zc_http_trim(*value);
                        token68_skip(value);
                }
                return true;
        }
        return false;
}
