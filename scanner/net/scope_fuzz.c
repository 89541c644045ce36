/** Fuzz target: files of exclusions. What is taken excludes the same whatever the order of its lines; what is refused says where in one line of text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "zc/listing.h"
#include "zc/scope.h"
#include "zc/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** The same lines one by one, as --exclude takes them. */
static struct zc_scope *by_lines(const char *text, size_t n)
{
        struct zc_scope *s = zc_scope_new();
        struct zc_err err = { 0 };
        struct zc_listing l;

        zc_listing_start(&l, "f", text, n);
        while (s && zc_listing_next(&l, &err)) {
                ZC_AUTO_MEM char *word = strndup(l.word, l.n);

                if (!word || !zc_scope_exclude(s, word, &err))
                        abort();
        }
        return s;
}

static void compare(const struct zc_scope *a, const struct zc_scope *b, const char *text, size_t n)
{
        struct zc_err err = { 0 };
        struct zc_listing l;

        zc_listing_start(&l, "f", text, n);
        while (zc_listing_next(&l, &err)) {
                ZC_AUTO_MEM char *word = strndup(l.word, l.n);
                struct zc_prefix p;

                if (!word || !zc_prefix_parse(word, &p, &err))
                        continue;
                for (unsigned i = 0; i < 4; i++) {
                        if (zc_scope_check(a, NULL, &p.addr) != zc_scope_check(b, NULL, &p.addr))
                                abort();
                        p.addr.bytes[i]++;
                }
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        ZC_AUTO(zc_scope) s = zc_scope_new();
        ZC_AUTO(zc_scope) t = NULL;
        struct zc_err err = { 0 };
        const char *text = (const char *)data;

        if (!s)
                return 0;
        if (!zc_scope_exclude_list(s, "f", text, size, &err)) {
                if (err.code != ZC_E_USAGE || strncmp(err.text, "f:", 2) != 0 ||
                    strpbrk(err.text, "\n\r\x1b") || !zc_utf8_valid(err.text, strlen(err.text)))
                        abort();
                return 0;
        }
        t = by_lines(text, size);
        if (t)
                compare(s, t, text, size);
        return 0;
}
