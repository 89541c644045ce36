/** Fuzz target: the input is the source of an expression; its tokens follow each other without overlap and end with the end. */
#include <assert.h>
#include <string.h>

#include "cel_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** The text of a literal or a name stands in memory that is its own. */
static void look_at(const struct cel_token *t)
{
        if (t->kind == CEL_TK_LITERAL && (t->value.kind == CEL_STRING || t->value.kind == CEL_BYTES)) {
                assert(t->value.p.s[t->value.n] == '\0');
                assert(t->value.kind == CEL_BYTES || zc_utf8_valid(t->value.p.s, t->value.n));
        }
        if (t->kind == CEL_TK_IDENT || t->kind == CEL_TK_QUOTED)
                assert(t->name && strlen(t->name) <= t->end - t->pos);
        if (t->kind == CEL_TK_OP)
                assert(strlen(t->op) == t->end - t->pos);
}

static void walk(struct cel_compiler *c)
{
        uint32_t end = 0;

        while (cel_lex(c)) {
                assert(c->tok.pos >= end && c->tok.end >= c->tok.pos && c->tok.end <= c->len);
                if (c->tok.kind == CEL_TK_END)
                        return;
                assert(c->tok.end > c->tok.pos);
                look_at(&c->tok);
                end = c->tok.end;
        }
        assert(c->err->code != ZC_OK && strncmp(c->err->text, "line ", 5) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_cel_env env = { 0 };
        struct zc_err err = { 0 };
        struct cel_compiler c = { .env = &env, .err = &err, .len = (uint32_t)size };
        struct zc_arena *arena;

        if (size > ZC_CEL_SOURCE_MAX || !zc_utf8_valid(data, size))
                return 0;
        arena = zc_arena_new((size_t)8 << 20);
        if (arena && (c.src = zc_arena_strndup(arena, (const char *)data, size))) {
                c.arena = arena;
                walk(&c);
        }
        zc_arena_free(arena);
        return 0;
}
