/** The hosts file (hosts(5)), and the order in which addresses of a name are kept. Pure. */
#include <string.h>

#include "zc/resolve.h"
#include "zc/text.h"

#define WORD_MAX 256

void zc_addrs_add(struct zc_addrs *out, const struct zc_addr *a)
{
        struct zc_addr u = zc_addr_unmap(*a);
        size_t i = 0;

        while (i < out->count && zc_addr_cmp(&out->list[i], &u) < 0)
                i++;
        if (i < out->count && zc_addr_cmp(&out->list[i], &u) == 0)
                return;
        out->cut |= out->count == ZC_RESOLVE_MAX;
        if (i == ZC_RESOLVE_MAX)
                return;
        out->count -= out->count == ZC_RESOLVE_MAX;
        memmove(&out->list[i + 1], &out->list[i], (out->count - i) * sizeof out->list[0]);
        out->list[i] = u;
        out->count++;
}

static bool blank(uint8_t c)
{
        return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of a line, NUL-terminated; words too long to be a name or an address come out empty. False at the end. */
static bool word(struct zc_rd *line, char out[WORD_MAX])
{
        size_t n = 0;

        while (line->n > 0 && blank(line->p[0])) {
                line->p++;
                line->n--;
        }
        if (line->n == 0 || line->p[0] == '#')
                return false;
        while (n < line->n && !blank(line->p[n]) && line->p[n] != '#')
                n++;
        out[0] = '\0';
        if (n < WORD_MAX && memchr(line->p, '\0', n) == NULL) {
                memcpy(out, line->p, n);
                out[n] = '\0';
        }
        return zc_rd_skip(line, n);
}

static void find_in_line(struct zc_rd line, const char *name, struct zc_addrs *out)
{
        char text[WORD_MAX];
        struct zc_addr a;
        struct zc_err err;

        if (!word(&line, text) || !zc_addr_parse(text, &a, &err))
                return;
        while (word(&line, text)) {
                if (zc_ascii_eq(text, name)) {
                        zc_addrs_add(out, &a);
                        return;
                }
        }
}

void zc_hosts_find(struct zc_rd file, const char *name, struct zc_addrs *out)
{
        struct zc_rd line;

        while (zc_rd_until(&file, '\n', &line))
                find_in_line(line, name, out);
        find_in_line(file, name, out); /* the last line may lack its end */
}
