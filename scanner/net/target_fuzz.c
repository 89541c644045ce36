/**
 * Fuzz target: what a user may name. What is taken has a sane host and, put together again from its parts, means the same;
 * what is refused says so in one line of valid text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "zc/target.h"
#include "zc/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
        if (!holds)
                abort();
}

/* The canonical text of a target: what parsing took apart. */
static void put_together(const struct zc_target *t, struct zc_text *out)
{
        bool brackets = t->literal && t->addr.family == AF_INET6;

        if (t->kind == ZC_TARGET_LOCAL) {
                zc_text_add(out, "local");
                return;
        }
        if (t->scheme != ZC_SCHEME_NONE)
                zc_text_printf(out, "%s://", zc_scheme_name(t->scheme));
        zc_text_printf(out, brackets ? "[%s]" : "%s", t->host);
        if (t->absolute)
                zc_text_addc(out, '.');
        if (t->port)
                zc_text_printf(out, ":%u", t->port);
        if (t->path)
                zc_text_add(out, t->path);
}

static void check_host(const struct zc_target *t)
{
        struct zc_addr a;
        size_t at;
        const char *why;

        check(t->host != NULL);
        if (t->literal)
                check(zc_addr_parse(t->host, &a, &(struct zc_err){ 0 }) &&
                      zc_addr_cmp(&a, &t->addr) == 0);
        else
                check(zc_name_check(t->host, strlen(t->host), &at, &why));
        check((t->kind == ZC_TARGET_SERVICE) == (t->port != 0));
}

static void check_again(struct zc_arena *arena, const struct zc_target *t)
{
        struct zc_target u;
        ZC_AUTO_TEXT text = { 0 };

        zc_text_init(&text, ZC_TEXT_CEILING);
        put_together(t, &text);
        check(text.len > ZC_TARGET_MAX ||
              zc_target_parse(arena, zc_text_str(&text), &u, &(struct zc_err){ 0 }));
        if (text.len > ZC_TARGET_MAX || t->kind == ZC_TARGET_LOCAL)
                return;
        check(u.kind == t->kind && u.port == t->port && u.scheme == t->scheme &&
              u.literal == t->literal && u.absolute == t->absolute);
        check(strcmp(u.host, t->host) == 0 && (u.path == NULL) == (t->path == NULL) &&
              (!u.path || strcmp(u.path, t->path) == 0));
}

static void check_block(const struct zc_prefix *block)
{
        struct zc_block_iter it;
        struct zc_addr a;
        char text[ZC_ADDR_LEN];
        struct zc_prefix again;

        zc_block_start(&it, block);
        for (unsigned i = 0; i < 300 && zc_block_next(&it, &a); i++)
                check(zc_prefix_contains(block, &a));
        zc_prefix_format(block, text);
        check(zc_prefix_parse(text, &again, &(struct zc_err){ 0 }) && again.bits == block->bits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        ZC_AUTO(zc_arena) arena = zc_arena_new(0);
        ZC_AUTO_MEM char *text = strndup((const char *)data, size);
        struct zc_target t;
        struct zc_err err = { 0 };

        if (!arena || !text)
                return 0;
        if (!zc_target_parse(arena, text, &t, &err)) {
                check((err.code == ZC_E_USAGE || err.code == ZC_E_LIMIT /* of zone names */) &&
                      err.text[0] && !strpbrk(err.text, "\n\r\x1b"));
                check(zc_utf8_valid(err.text, strlen(err.text)));
                return 0;
        }
        if (t.kind == ZC_TARGET_BLOCK) {
                check_block(&t.block);
                return 0;
        }
        if (t.kind != ZC_TARGET_LOCAL)
                check_host(&t);
        check_again(arena, &t);
        return 0;
}
