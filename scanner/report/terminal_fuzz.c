/** Whatever JSON stands in a report, the page is text that cannot act on a terminal, in lines that fit but for the verdict. */
#include <stdint.h>
#include <string.h>

#include "zc/report.h"
#include "zc/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void page_check(const char *s, size_t n)
{
        for (size_t i = 0; i < n;) {
                uint32_t code = 0;
                size_t used = zc_utf8_next((const uint8_t *)s + i, n - i, &code);

                if (used == 0 || (code < 0x20 && code != '\n') || (code >= 0x7f && code < 0xa0) ||
                    (code >= 0x202a && code <= 0x202e))
                        __builtin_trap();
                i += used;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_err err = { 0 };
        struct zc_render how = { .columns = size ? data[0] : 0,
                                 .verbose = size ? data[size - 1] % 3 : 0 };
        json_auto_t *report = zc_json_parse((const char *)data, size, &err);
        ZC_AUTO(zc_out) out = zc_out_memory((size_t)64 << 20);
        const char *page;
        size_t n = 0;

        if (!report || !out)
                return 0;
        if (!zc_format_find("terminal")->render(report, &how, out, &err))
                return 0;
        page = zc_out_data(out, &n);
        page_check(page, n);
        if (n == 0 || page[n - 1] != '\n')
                __builtin_trap();
        return 0;
}
