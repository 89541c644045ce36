/**
 * Whatever JSON stands in a report, every format is UTF-8 without control characters, and the two with markup have only their own: known elements,
 * opened and closed in order, known attributes, quoted.
 */
#include <stdint.h>
#include <string.h>

#include "zc/report.h"
#include "zc/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DEPTH_MAX 32u

static const char *const elements[] = {
        "html",    "head",  "meta",    "style",      "title",    "body",      "header",
        "b",       "span",  "nav",     "a",          "main",     "section",   "article",
        "p",       "h1",    "h2",      "h3",         "h4",       "ul",        "ol",
        "li",      "dl",    "dt",      "dd",         "div",      "br",        "svg",
        "desc",    "rect",  "text",    "path",       "circle",   "details",   "summary",
        "table",   "tr",    "th",      "td",         "pre",      "code",      "footer",
        "failure", "error", "skipped", "system-out", "testcase", "testsuite", "testsuites",
};
static const char *const void_elements[] = { "meta", "br" };
static const char *const attributes[] = {
        "charset",    "http-equiv", "content", "name",    "lang",        "class",
        "id",         "href",       "open",    "viewBox", "role",        "aria-labelledby",
        "aria-label", "x",          "y",       "width",   "height",      "rx",
        "d",          "cx",         "cy",      "r",       "text-anchor", "tests",
        "failures",   "errors",     "skipped", "time",    "classname",   "type",
        "message",
};

static bool is_one_of(const char *s, size_t n, const char *const *list, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                if (strlen(list[i]) == n && memcmp(list[i], s, n) == 0)
                        return true;
        }
        return false;
}

/** Past the attributes; at '>' or '/'. */
static const char *attributes_check(const char *s)
{
        while (*s == ' ' || *s == '\n') {
                size_t n;

                s += strspn(s, " \n");
                n = strcspn(s, "= />\n");
                if (!is_one_of(s, n, attributes, ZC_COUNT(attributes)))
                        __builtin_trap();
                s += n;
                if (*s != '=')
                        continue;
                if (s[1] != '"')
                        __builtin_trap();
                s += 2;
                s += strcspn(s, "\"<");
                if (*s++ != '"')
                        __builtin_trap();
        }
        return s;
}

/** One tag, at '<'; returns what follows it. */
static const char *tag_check(const char *s, const char **stack, size_t *depth)
{
        bool closes = s[1] == '/';
        const char *name = s + 1 + closes;
        size_t n = strcspn(name, " />\n");

        if (!is_one_of(name, n, elements, ZC_COUNT(elements)))
                __builtin_trap();
        s = attributes_check(name + n);
        if (closes) {
                if (*depth == 0 || strncmp(stack[--*depth], name, n) != 0 ||
                    strcspn(stack[*depth], " />\n") != n)
                        __builtin_trap();
        } else if (*s == '/') {
                s++;
        } else if (!is_one_of(name, n, void_elements, ZC_COUNT(void_elements))) {
                if (*depth == DEPTH_MAX)
                        __builtin_trap();
                stack[(*depth)++] = name;
        }
        if (*s != '>')
                __builtin_trap();
        return s + 1;
}

static void markup_check(const char *s)
{
        const char *stack[DEPTH_MAX];
        size_t depth = 0;

        if (strncmp(s, "<!DOCTYPE html>", 15) == 0 || strncmp(s, "<?xml", 5) == 0)
                s = strchr(s, '>');
        while ((s = strchr(s, '<')) != NULL)
                s = tag_check(s, stack, &depth);
        if (depth != 0)
                __builtin_trap();
}

static void text_check(const char *s, size_t n)
{
        for (size_t i = 0; i < n;) {
                uint32_t code = 0;
                size_t used = zc_utf8_next((const uint8_t *)s + i, n - i, &code);

                if (used == 0 || (code < 0x20 && code != '\n') || (code >= 0x7f && code < 0xa0) ||
                    (code >= 0x202a && code <= 0x202e) || (code & 0xfffe) == 0xfffe)
                        __builtin_trap();
                i += used;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const struct {
                const char *name;
                bool markup;
        } formats[] = {
                { "html", true }, { "junit", true }, { "sarif", false }, { "markdown", false }
        };
        struct zc_err err = { 0 };
        const struct zc_render how = { .verbose = size ? data[size - 1] % 2 : 0 };
        json_auto_t *report = zc_json_parse((const char *)data, size, &err);

        for (size_t i = 0; report && i < ZC_COUNT(formats); i++) {
                ZC_AUTO(zc_out) out = zc_out_memory((size_t)64 << 20);
                const char *page;
                size_t n = 0;

                if (!out || !zc_format_find(formats[i].name)->render(report, &how, out, &err))
                        __builtin_trap();
                page = zc_out_data(out, &n);
                text_check(page, n);
                if (n == 0 || strlen(page) != n)
                        __builtin_trap();
                if (formats[i].markup)
                        markup_check(page);
        }
        return 0;
}
