/** Text inside HTML and XML. */
#include "markup.h"

#include <stdarg.h>
#include <string.h>

#include "page.h"

static const char *const refs[128] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;",
};

void markup_clean(struct zc_out *out, const char *clean)
{
        const char *from = clean;

        for (const char *s = clean; *s; s++) {
                const char *ref = (unsigned char)*s < 128 ? refs[(unsigned char)*s] : NULL;

                if (!ref)
                        continue;
                zc_out_write(out, from, (size_t)(s - from));
                zc_out_puts(out, ref);
                from = s + 1;
        }
        zc_out_puts(out, from);
}

void markup_cut(struct zc_out *out, const char *s, size_t cap)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, cap);
        page_clean_lines(&t, s);
        markup_clean(out, zc_text_str(&t));
        if (t.cut)
                zc_out_puts(out, "…");
}

void markup_text(struct zc_out *out, const char *s)
{
        markup_cut(out, s, ZC_TEXT_CEILING);
}

void markup_fmt(struct zc_out *out, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        for (const char *next; (next = strchr(fmt, '%')) != NULL; fmt = next + 2) {
                zc_out_write(out, fmt, (size_t)(next - fmt));
                if (next[1] == 's')
                        markup_text(out, va_arg(ap, const char *));
                else
                        zc_out_write(out, next + 1, 1);
        }
        va_end(ap);
        zc_out_puts(out, fmt);
}
