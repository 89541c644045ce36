/**
 * Regular expressions: RE2's syntax, run by PCRE2 under limits. What RE2 has not (back-references, look-around, atomic groups,
 * possessive repeats, recursion, callouts) is refused before PCRE2 sees the pattern, and where the two differ the pattern
 * is rewritten: \v, \s, \Q.
 */
#include <stdio.h>
#include <string.h>

#include "cel_impl.h"

#define MATCH_LIMIT 100000u
#define DEPTH_LIMIT 10000u
#define HEAP_LIMIT_KIB 1024u
#define REPEAT_MAX 1000u /* RE2's own */
#define GROUPS_MAX 64u   /* nested */

/** The pattern being read, and what PCRE2 gets. */
struct scan {
        const char *p, *end;
        char out[CEL_PATTERN_MAX * 8 + 16];
        size_t n;
        const char *why;
};

static bool refuse(struct scan *s, const char *why)
{
        s->why = why;
        return false;
}

static void put(struct scan *s, const char *text, size_t n)
{
        /* No rewriting makes more than eight bytes of one. */
        memcpy(s->out + s->n, text, n);
        s->n += n;
}

/** Up to `close`, copied, behind \x{ or \p{. */
static bool braces(struct scan *s, size_t max)
{
        const char *close = memchr(s->p, '}', (size_t)(s->end - s->p));

        if (!close || (size_t)(close - s->p) > max)
                return refuse(s, "a brace behind an escape does not close");
        put(s, s->p, (size_t)(close + 1 - s->p));
        s->p = close + 1;
        return true;
}

/** \Q…\E: every byte literally. */
static bool literal_run(struct scan *s, bool class)
{
        if (class)
                return refuse(s, "\\Q is not allowed in a class");
        while (s->p < s->end && !(s->p[0] == '\\' && s->end - s->p > 1 && s->p[1] == 'E')) {
                if ((*s->p > 0 && *s->p < 0x30) || strchr("\\[]{}()^?|:;<=>@`~", *s->p))
                        put(s, "\\", 1);
                put(s, s->p++, 1);
        }
        if (s->p < s->end)
                s->p += 2;
        return true;
}

static bool escape(struct scan *s, bool class)
{
        static const struct { char letter; const char *outside, *inside; } rewrite[] = {
                { 's', "[\\t\\n\\f\\r ]", "\\t\\n\\f\\r " }, { 'S', "[^\\t\\n\\f\\r ]", NULL }, { 'v', "\\x0b", "\\x0b" },
                { 'a', "\\x07", "\\x07" },                   { 'z', "\\z", NULL },                { 'A', "\\A", NULL },
                { 'b', "\\b", NULL },                        { 'B', "\\B", NULL },
        };
        char ch;

        if (s->p == s->end)
                return refuse(s, "it ends with a backslash");
        ch = *s->p++;
        for (size_t i = 0; i < ZC_COUNT(rewrite); i++) {
                const char *to = class ? rewrite[i].inside : rewrite[i].outside;

                if (rewrite[i].letter != ch)
                        continue;
                if (!to)
                        return refuse(s, "this escape is not allowed in a class");
                put(s, to, strlen(to));
                return true;
        }
        if (ch == 'Q')
                return literal_run(s, class);
        if (ch >= '1' && ch <= '9')
                return refuse(s, "back-references are not allowed");
        if (((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')) && !strchr("dDwWnrtfxpP", ch))
                return refuse(s, "an escape that RE2 does not have");
        if ((uint8_t)ch >= 0x80)
                return refuse(s, "an escape of a letter that needs none");
        put(s, "\\", 1);
        put(s, &ch, 1);
        if ((ch == 'x' || ch == 'p' || ch == 'P') && s->p < s->end && *s->p == '{')
                return braces(s, 40);
        return true;
}

/** Behind '[': up to its ']'. */
static bool class_of(struct scan *s)
{
        put(s, "[", 1);
        if (s->p < s->end && *s->p == '^')
                put(s, s->p++, 1);
        if (s->p < s->end && *s->p == ']') {
                put(s, "\\]", 2);
                s->p++;
        }
        while (s->p < s->end && *s->p != ']') {
                char ch = *s->p++;

                if (ch == '\\') {
                        if (!escape(s, true))
                                return false;
                } else if (ch == '[' && s->p < s->end && *s->p == ':') {
                        const char *close = memmem(s->p, (size_t)(s->end - s->p), ":]", 2);

                        if (!close)
                                return refuse(s, "a class name does not close");
                        put(s, "[", 1);
                        put(s, s->p, (size_t)(close + 2 - s->p));
                        s->p = close + 2;
                } else {
                        if (ch == '[')
                                put(s, "\\", 1);
                        put(s, &ch, 1);
                }
        }
        if (s->p == s->end)
                return refuse(s, "a class does not close");
        put(s, s->p++, 1);
        return true;
}

/** Behind '(': flags and names. */
static bool group(struct scan *s)
{
        const char *p = s->p;

        put(s, "(", 1);
        if (p == s->end || *p != '?')
                return p < s->end && *p == '*' ? refuse(s, "verbs are not allowed") : true;
        p++;
        if (s->end - p > 1 && ((p[0] == 'P' && p[1] == '<') || (p[0] == '<' && p[1] != '=' && p[1] != '!'))) {
                const char *close = memchr(p, '>', (size_t)(s->end - p));

                if (!close || close - p > 34)
                        return refuse(s, "a group's name does not close");
                put(s, s->p, (size_t)(close + 1 - s->p));
                s->p = close + 1;
                return true;
        }
        while (p < s->end && strchr("ims-", *p) && *p != '\0')
                p++;
        if (p == s->end || (*p != ':' && *p != ')') || (*p == ')' && p == s->p + 1))
                return refuse(s, "look-around, atomic groups and the like are not allowed");
        put(s, s->p, (size_t)(p - s->p));
        s->p = p;
        return true;
}

/** "{2,5}" at s->p; 0 when it is no repeat. */
static size_t counted(struct scan *s, bool *too_many)
{
        const char *p = s->p + 1;
        unsigned long number = 0;
        bool digit = false;

        *too_many = false;
        for (; p < s->end && ((*p >= '0' && *p <= '9') || (*p == ',' && digit)); p++) {
                digit = digit || *p != ',';
                number = *p == ',' ? 0 : number * 10 + (unsigned long)(*p - '0');
                if (number > REPEAT_MAX) {
                        *too_many = true;
                        return 1;
                }
        }
        return digit && p < s->end && *p == '}' ? (size_t)(p + 1 - s->p) : 0;
}

/** *, +, ?, {n,m} and the ? that makes them lazy; another repeat behind is an error in RE2 (and possessive in PCRE2). */
static bool repeat(struct scan *s)
{
        bool too_many = false;
        size_t n = *s->p == '{' ? counted(s, &too_many) : 1;

        if (too_many)
                return refuse(s, "a repeat of more than 1000");
        if (n == 0) { /* a brace that stands for itself */
                put(s, "\\{", 2);
                s->p++;
                return true;
        }
        put(s, s->p, n);
        s->p += n;
        if (s->p < s->end && *s->p == '?')
                put(s, s->p++, 1);
        if (s->p < s->end && (strchr("*+?", *s->p) || (*s->p == '{' && counted(s, &too_many) > 0)) && *s->p != '\0')
                return refuse(s, "a repeat of a repeat");
        return true;
}

static bool translate(struct scan *s)
{
        while (s->p < s->end) {
                bool ok = true;
                char ch = *s->p;

                if (ch == '*' || ch == '+' || ch == '?' || ch == '{') {
                        ok = repeat(s);
                } else {
                        s->p++;
                        if (ch == '\\')
                                ok = escape(s, false);
                        else if (ch == '[')
                                ok = class_of(s);
                        else if (ch == '(')
                                ok = group(s);
                        else
                                put(s, &ch, 1);
                }
                if (!ok)
                        return false;
        }
        return true;
}

pcre2_code *cel_regex_compile(const char *pattern, size_t n, char why[128])
{
        struct scan *s = n <= CEL_PATTERN_MAX ? calloc(1, sizeof *s) : NULL;
        pcre2_compile_context *context = s ? pcre2_compile_context_create(NULL) : NULL;
        pcre2_code *code = NULL;
        PCRE2_SIZE at;
        int error;

        snprintf(why, 128, "%s", n > CEL_PATTERN_MAX ? "longer than 1024 bytes" : "");
        if (context) {
                s->p = pattern;
                s->end = pattern + n;
                pcre2_set_parens_nest_limit(context, GROUPS_MAX);
                if (!translate(s)) {
                        snprintf(why, 128, "%s", s->why);
                } else {
                        code = pcre2_compile((PCRE2_SPTR)s->out, s->n,
                                             PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C, &error, &at, context);
                        if (!code && error != PCRE2_ERROR_HEAP_FAILED)
                                pcre2_get_error_message(error, (PCRE2_UCHAR *)why, 128);
                }
        }
        pcre2_compile_context_free(context);
        free(s);
        return code;
}

/** Every try is paid for: a cheap one first, so that ordinary patterns cost little. */
static int try_match(struct cel_run *r, const pcre2_code *code, struct cel_value subject, pcre2_match_context *context)
{
        static const uint32_t limits[] = { 1000, 10000, MATCH_LIMIT };
        int rc = PCRE2_ERROR_MATCHLIMIT;

        for (size_t i = 0; i < ZC_COUNT(limits) && rc == PCRE2_ERROR_MATCHLIMIT; i++) {
                if (!cel_charge(r, i == 0 ? 50 + subject.n + (size_t)subject.n * subject.n / 128 : limits[i] / 2))
                        return PCRE2_ERROR_NOMEMORY;
                pcre2_set_match_limit(context, limits[i]);
                rc = pcre2_match(code, (PCRE2_SPTR)subject.p.s, subject.n, 0, PCRE2_NO_UTF_CHECK, r->match, context);
        }
        return rc;
}

struct cel_value cel_regex_match(struct cel_run *r, const pcre2_code *code, struct cel_value subject)
{
        pcre2_match_context *context = pcre2_match_context_create(NULL);
        int rc = PCRE2_ERROR_NOMEMORY;

        if (!r->match)
                r->match = pcre2_match_data_create(1, NULL);
        if (context && r->match) {
                pcre2_set_depth_limit(context, DEPTH_LIMIT);
                pcre2_set_heap_limit(context, HEAP_LIMIT_KIB);
                rc = try_match(r, code, subject, context);
        }
        pcre2_match_context_free(context);
        if (r->stop)
                return cel_stopped(r);
        if (rc >= 0 || rc == PCRE2_ERROR_NOMATCH)
                return cel_bool(rc >= 0);
        if (rc == PCRE2_ERROR_NOMEMORY)
                return cel_stop(r, "out of memory");
        return cel_error(r, "the regular expression backtracks too much on this text");
}
