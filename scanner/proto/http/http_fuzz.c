/** Fuzz target: the head of a response and every field we read. Windows stay inside the bytes, and what was read is what was written. */
#include <stdlib.h>
#include <string.h>

#include "zc/http_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct zc_rd in, const uint8_t *p, size_t n)
{
        if (in.n > 0 && (in.p < p || in.n > n || (size_t)(in.p - p) > n - in.n))
                abort();
}

static void field(struct zc_rd v, const uint8_t *p, size_t n)
{
        struct zc_hsts h = zc_hsts_parse(v);
        struct zc_rd rest = v, policy, name, value;
        struct zc_cookie c;
        const char *why;
        int64_t at;

        if (h.valid == (h.why != NULL) || h.max_age < 0)
                abort();
        while (zc_csp_policy_next(&rest, &policy)) {
                while (zc_csp_directive_next(&policy, &name, &value)) {
                        inside(name, p, n);
                        inside(value, p, n);
                        if (name.n == 0)
                                abort();
                }
        }
        for (rest = v; zc_challenge_next(&rest, &name);) {
                inside(name, p, n);
                if (name.n == 0)
                        abort();
        }
        if (zc_cookie_parse(v, &c, &why)) {
                inside(c.name, p, n);
                inside(c.domain, p, n);
                inside(c.path, p, n);
                if (why || c.name.n + c.value_len > 4096)
                        abort();
                zc_cookie_refused(&c, false);
                zc_cookie_refused(&c, true);
        } else if (!why) {
                abort();
        }
        if (zc_cookie_date(v, &at) && (at < -11644473600LL || at > 253402387200LL))
                abort();
}

/** Written again without folding, it reads the same. */
static void again(const struct zc_http_head *h)
{
        size_t cap = 64, n = 0, used;
        struct zc_http_head second;
        struct zc_err err = { 0 };
        uint8_t *copy;

        for (size_t i = 0; i < h->count; i++)
                cap += h->fields[i].name.n + h->fields[i].value.n + 4;
        copy = malloc(cap);
        if (!copy)
                return;
        memcpy(copy, "HTTP/1.1 200\r\n", 14);
        n = 14;
        for (size_t i = 0; i < h->count; i++) {
                memcpy(copy + n, h->fields[i].name.p, h->fields[i].name.n);
                n += h->fields[i].name.n;
                copy[n++] = ':';
                if (h->fields[i].value.n > 0)
                        memcpy(copy + n, h->fields[i].value.p, h->fields[i].value.n);
                n += h->fields[i].value.n;
                copy[n++] = '\r';
                copy[n++] = '\n';
        }
        copy[n++] = '\r';
        copy[n++] = '\n';
        if (!zc_http_head_parse(copy, n, &second, &used, &err) || used != n ||
            second.count != h->count || second.malformed != 0)
                abort();
        free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t *p = malloc(size ? size : 1);
        struct zc_http_head h;
        struct zc_err err = { 0 };
        size_t used = 0;

        if (!p)
                return 0;
        if (size > 0)
                memcpy(p, data, size);
        field((struct zc_rd){ p, size }, p, size);
        if (zc_http_head_parse_cut(p, size, &h, &err)) {
                if (!h.cut || h.status < 100 || h.status > 999)
                        abort();
                for (size_t i = 0; i < h.count; i++) {
                        inside(h.fields[i].name, p, size);
                        inside(h.fields[i].value, p, size);
                }
        }
        if (zc_http_head_parse(p, size, &h, &used, &err)) {
                if (used == 0 || used > size || h.status < 100 || h.status > 999)
                        abort();
                for (size_t i = 0; i < h.count; i++) {
                        inside(h.fields[i].name, p, size);
                        inside(h.fields[i].value, p, size);
                        field(h.fields[i].value, p, size);
                }
                again(&h);
        }
        free(p);
        return 0;
}
