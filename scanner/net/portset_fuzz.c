/** Fuzz target: port lists. What is taken is written, read again and the same; what is refused says so in one line of text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "zc/portset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct zc_portset *s)
{
        struct zc_portset t;
        struct zc_err err = { 0 };
        ZC_AUTO_TEXT text = { 0 };

        zc_text_init(&text, ZC_TEXT_CEILING);
        zc_portset_format(s, &text);
        if (zc_portset_count(s) == 0 || zc_portset_has(s, 0) ||
            !zc_portset_parse(zc_text_str(&text), &t, &err) || memcmp(s, &t, sizeof t) != 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        ZC_AUTO_MEM char *spec = strndup((const char *)data, size);
        struct zc_portset s;
        struct zc_err err = { 0 };

        if (!spec)
                return 0;
        if (zc_portset_parse(spec, &s, &err))
                again(&s);
        else if (err.code != ZC_E_USAGE || err.text[0] == '\0' || strpbrk(err.text, "\n\r\x1b") ||
                 !zc_utf8_valid(err.text, strlen(err.text)))
                abort();
        return 0;
}
