/** Fuzz target: any text as a CVSS vector. What is read is written back the same, and scores within its band's bounds. */
#include <stdint.h>
#include <string.h>

#include "zc/cvss.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *s = malloc(size + 1);
        struct zc_err err = { 0 };
        struct zc_cvss v;
        char macro[7];

        if (!s)
                return 0;
        memcpy(s, data, size);
        s[size] = '\0';
        if (zc_cvss_parse(s, &v, &err)) {
                ZC_AUTO_TEXT t = { 0 };

                zc_text_init(&t, ZC_TEXT_CEILING);
                zc_cvss_text(&v, &t);
                zc_cvss_macro(&v, macro);
                if (strcmp(zc_text_str(&t), s) != 0 || zc_cvss_score(&v) > 100 ||
                    strlen(macro) != 6)
                        __builtin_trap();
        } else if (err.code != ZC_E_USAGE || err.text[0] == '\0') {
                __builtin_trap();
        }
        free(s);
        return 0;
}
