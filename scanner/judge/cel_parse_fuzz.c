/** Fuzz target: the input is the source of an expression; what parses is a tree of bounded height whose parts stand within their whole. */
#include <assert.h>
#include <string.h>

#include "cel_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t nodes;

static void look_at(const struct cel_compiler *c, const struct cel_ast *n, unsigned depth)
{
        assert(depth <= CEL_DEPTH && n->height >= 1 && n->height <= CEL_DEPTH);
        assert(n->pos <= n->end && n->end <= c->len);
        nodes++;
        for (uint32_t i = 0; i < n->n; i++) {
                assert(n->arg[i]->height < n->height);
                look_at(c, n->arg[i], depth + 1);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_cel_env env = { 0 };
        struct zc_cel e = { .env = &env };
        struct zc_err err = { 0 };
        struct cel_compiler c = { .env = &env, .e = &e, .err = &err, .len = (uint32_t)size };
        struct cel_ast *root = NULL;
        struct zc_arena *arena;

        if (size > ZC_CEL_SOURCE_MAX || !zc_utf8_valid(data, size))
                return 0;
        arena = zc_arena_new((size_t)8 << 20);
        if (arena && (c.src = zc_arena_strndup(arena, (const char *)data, size))) {
                c.arena = arena;
                e.arena = arena;
                nodes = 0;
                if (cel_parse(&c, &root))
                        look_at(&c, root, 1);
                else
                        assert(err.code == ZC_E_NOMEM || strncmp(err.text, "line ", 5) == 0);
                assert(nodes <= 8 * size + 8); /* macros expand once, and not each other */
        }
        zc_arena_free(arena);
        return 0;
}
