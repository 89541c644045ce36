/** base64 (RFC 4648, section 4). Decoding takes text with or without padding. */
#include <string.h>

#include "cel_impl.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void cel_base64(const uint8_t *in, size_t n, char *out)
{
        for (size_t i = 0; i < n; i += 3, out += 4) {
                size_t left = n - i;
                uint32_t bits = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) | (left > 2 ? in[i + 2] : 0u);

                out[0] = digits[bits >> 18];
                out[1] = digits[bits >> 12 & 63];
                out[2] = left > 1 ? digits[bits >> 6 & 63] : '=';
                out[3] = left > 2 ? digits[bits & 63] : '=';
        }
}

CEL_FN(encode)
{
        size_t n = ((size_t)arg[0].n + 2) / 3 * 4;
        char *out = cel_buffer(r, n);

        if (!out)
                return cel_stopped(r);
        cel_base64((const uint8_t *)arg[0].p.s, arg[0].n, out);
        return cel_string_of(CEL_STRING, out, n);
}

CEL_FN(decode)
{
        size_t n = arg[0].n, used = 0, held = 0;
        char *out = cel_buffer(r, n);
        uint32_t bits = 0;

        if (!out)
                return cel_stopped(r);
        if (n % 4 == 0) {
                for (int i = 0; i < 2 && n > 0 && arg[0].p.s[n - 1] == '='; i++)
                        n--;
        }
        for (size_t i = 0; i < n; i++) {
                const char *at = arg[0].p.s[i] ? strchr(digits, arg[0].p.s[i]) : NULL;

                if (!at)
                        return cel_error(r, "base64.decode(): the text is not base64");
                bits = bits << 6 | (uint32_t)(at - digits);
                held += 6;
                if (held >= 8) {
                        held -= 8;
                        out[used++] = (char)(bits >> held & 0xFF);
                }
        }
        if (held >= 6)
                return cel_error(r, "base64.decode(): the text ends early");
        return cel_string_of(CEL_BYTES, out, used);
}

static const struct cel_fn encoders[] = {
        { "base64.encode", false, "y", "s", encode },
        { "base64.decode", false, "s", "y", decode },
};
const struct cel_fns cel_fns_encode = { encoders, ZC_COUNT(encoders) };
