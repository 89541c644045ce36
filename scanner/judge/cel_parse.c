/** The CEL grammar, to a tree. Chains of && and || and of one operator's precedence are one node each. */
#include <assert.h>
#include <string.h>

#include "cel_impl.h"

/* What keeps the parser's own recursion within bounds: parentheses and operators that leave no node count too. */
#define NEST_MAX (CEL_DEPTH * 2)

static bool parse_expr(struct cel_compiler *c, struct cel_ast **out);

struct cel_ast *cel_ast_new(struct cel_compiler *c, enum cel_node kind, uint32_t pos, uint32_t n)
{
        struct cel_ast *a = zc_arena_new_of(c->arena, struct cel_ast);

        if (a && n > 0 && !(a->arg = zc_arena_array(c->arena, n, sizeof(struct cel_ast *))))
                a = NULL;
        if (!a) {
                cel_nomem(c);
                return NULL;
        }
        a->kind = (uint8_t)kind;
        a->pos = pos;
        a->n = n;
        return a;
}

bool cel_ast_done(const struct cel_compiler *c, struct cel_ast *n)
{
        uint8_t height = 0;

        for (uint32_t i = 0; i < n->n; i++) {
                if (n->arg[i]->height > height)
                        height = n->arg[i]->height;
        }
        if (height >= CEL_DEPTH)
                return cel_fail_at(c, n->pos, "the expression nests deeper than %d levels", CEL_DEPTH);
        n->height = (uint8_t)(height + 1);
        n->end = n->end ? n->end : c->tok.pos;
        while (n->end > n->pos && strchr(" \t\r\n\f", c->src[n->end - 1]))
                n->end--;
        return true;
}

static bool is_op(const struct cel_compiler *c, const char *op)
{
        return c->tok.kind == CEL_TK_OP && strcmp(c->tok.op, op) == 0;
}

/** Takes an operator if it is next; *took says so. False only on a lexical error behind it. */
static bool take(struct cel_compiler *c, const char *op, bool *took)
{
        *took = is_op(c, op);
        return !*took || cel_lex(c);
}

static bool expected(const struct cel_compiler *c, const char *what)
{
        if (c->tok.kind == CEL_TK_END)
                return cel_fail_at(c, c->tok.pos, "the expression ends where %s is expected", what);
        return cel_fail_at(c, c->tok.pos, "expected %s", what);
}

static bool expect(struct cel_compiler *c, const char *op, const char *what)
{
        return is_op(c, op) ? cel_lex(c) : expected(c, what);
}

/* ---- growing lists of nodes ---- */

struct nodes {
        struct cel_ast **p;
        uint32_t n, cap;
};

static bool push(struct cel_compiler *c, struct nodes *v, struct cel_ast *a)
{
        if (v->n == v->cap) {
                uint32_t cap = v->cap ? v->cap * 2 : 4;
                struct cel_ast **p = zc_arena_array(c->arena, cap, sizeof *p);

                if (!p)
                        return cel_nomem(c);
                if (v->n)
                        memcpy(p, v->p, v->n * sizeof *p);
                v->p = p;
                v->cap = cap;
        }
        v->p[v->n++] = a;
        return true;
}

static bool node_of(struct cel_compiler *c, enum cel_node kind, uint32_t pos, struct nodes v, struct cel_ast **out)
{
        struct cel_ast *a = cel_ast_new(c, kind, pos, 0);

        if (!a)
                return false;
        a->arg = v.p;
        a->n = v.n;
        *out = a;
        return cel_ast_done(c, a);
}

/* ---- primaries ---- */

static bool reserved(const char *name)
{
        static const char *const words[] = { "as",     "break",     "const",  "continue", "else", "for",  "function", "if", "import", "let",
                                             "loop",   "package",   "namespace", "return", "var",  "void", "while",    "in" };

        for (size_t i = 0; i < ZC_COUNT(words); i++) {
                if (strcmp(words[i], name) == 0)
                        return true;
        }
        return false;
}

static bool literal_node(struct cel_compiler *c, struct cel_value v, struct cel_ast **out)
{
        struct cel_ast *a = cel_ast_new(c, CEL_N_LITERAL, c->tok.pos, 0);

        if (!a)
                return false;
        a->value = v;
        *out = a;
        a->end = c->tok.end;
        return cel_lex(c) && cel_ast_done(c, a);
}

/** Elements up to the closing bracket: `?e` and a trailing comma are for lists. */
static bool parse_elements(struct cel_compiler *c, const char *close, bool list, struct nodes *v)
{
        while (!is_op(c, close)) {
                struct cel_ast *e = NULL;
                bool spread = false;

                if (list && !take(c, "?", &spread))
                        return false;
                if (!parse_expr(c, &e) || !e || !push(c, v, e))
                        return false;
                e->spread = spread;
                if (!is_op(c, ","))
                        break;
                if (!cel_lex(c))
                        return false;
                if (!list && is_op(c, close))
                        return expected(c, "an argument");
        }
        return expect(c, close, list ? "',' or ']'" : "',' or ')'");
}

static bool parse_list(struct cel_compiler *c, struct cel_ast **out)
{
        uint32_t pos = c->tok.pos;
        struct nodes v = { 0 };

        return cel_lex(c) && parse_elements(c, "]", true, &v) && node_of(c, CEL_N_LIST, pos, v, out);
}

static bool parse_map(struct cel_compiler *c, struct cel_ast **out)
{
        uint32_t pos = c->tok.pos;
        struct nodes v = { 0 };

        if (!cel_lex(c))
                return false;
        while (!is_op(c, "}")) {
                struct cel_ast *k, *e;
                bool spread;

                if (!take(c, "?", &spread) || !parse_expr(c, &k) || !expect(c, ":", "':' and the entry's value") || !parse_expr(c, &e) ||
                    !push(c, &v, k) || !push(c, &v, e))
                        return false;
                k->spread = spread;
                if (!is_op(c, ","))
                        break;
                if (!cel_lex(c))
                        return false;
        }
        return expect(c, "}", "',' or '}'") && node_of(c, CEL_N_MAP, pos, v, out);
}

/** `name(` has been read up to the name; args[0] is the receiver of a member call. */
static bool parse_call(struct cel_compiler *c, uint32_t pos, uint32_t at, const char *name, struct cel_ast *receiver, struct cel_ast **out)
{
        struct nodes v = { 0 };

        if ((receiver && !push(c, &v, receiver)) || !cel_lex(c) || !parse_elements(c, ")", false, &v))
                return false;
        if (v.n > CEL_ARGS + (receiver != NULL))
                return cel_fail_at(c, pos, "more than %d arguments", CEL_ARGS);
        if (!node_of(c, CEL_N_CALL, pos, v, out))
                return false;
        (*out)->name = name;
        (*out)->at = at;
        (*out)->member = receiver != NULL;
        return cel_macro_expand(c, out);
}

static bool parse_name(struct cel_compiler *c, bool rooted, uint32_t pos, struct cel_ast **out)
{
        static const struct { const char *word; struct cel_value value; } words[] = {
                { "true", { .kind = CEL_BOOL, .p.b = true } }, { "false", { .kind = CEL_BOOL } }, { "null", { .kind = CEL_NULL } },
        };
        const char *name = c->tok.name;
        uint32_t end = c->tok.end, at = c->tok.pos;
        struct cel_ast *a;

        for (size_t i = 0; i < ZC_COUNT(words) && !rooted; i++) {
                if (strcmp(name, words[i].word) == 0)
                        return literal_node(c, words[i].value, out);
        }
        if (reserved(name))
                return cel_fail_at(c, c->tok.pos, "'%s' is a reserved word", name);
        if (!cel_lex(c))
                return false;
        if (is_op(c, "("))
                return parse_call(c, pos, at, name, NULL, out);
        if (!(a = cel_ast_new(c, CEL_N_IDENT, pos, 0)))
                return false;
        a->name = name;
        a->rooted = rooted;
        a->end = end;
        *out = a;
        return cel_ast_done(c, a);
}

static bool parse_primary(struct cel_compiler *c, struct cel_ast **out)
{
        uint32_t pos = c->tok.pos;

        if (c->tok.kind == CEL_TK_LITERAL) {
                if (c->tok.big)
                        return cel_fail_at(c, pos, "the number does not fit an int; write it with a u");
                return literal_node(c, c->tok.value, out);
        }
        if (c->tok.kind == CEL_TK_IDENT)
                return parse_name(c, false, pos, out);
        if (is_op(c, "."))
                return cel_lex(c) && (c->tok.kind == CEL_TK_IDENT ? parse_name(c, true, pos, out) : expected(c, "a name"));
        if (is_op(c, "["))
                return parse_list(c, out);
        if (is_op(c, "{"))
                return parse_map(c, out);
        if (is_op(c, "("))
                return cel_lex(c) && parse_expr(c, out) && expect(c, ")", "')'");
        return expected(c, "a value");
}

/* ---- postfix, unary ---- */

static bool parse_member(struct cel_compiler *c, uint32_t pos, struct cel_ast **out)
{
        struct cel_ast *a;
        struct cel_token name;
        bool opt;

        if (!cel_lex(c) || !take(c, "?", &opt))
                return false;
        name = c->tok;
        if (name.kind != CEL_TK_IDENT && name.kind != CEL_TK_QUOTED)
                return expected(c, "a member's name");
        if (name.kind == CEL_TK_IDENT && strcmp(name.name, "in") == 0)
                return cel_fail_at(c, name.pos, "'in' is a reserved word");
        if (!cel_lex(c))
                return false;
        if (is_op(c, "(") && !opt && name.kind == CEL_TK_IDENT)
                return parse_call(c, pos, name.pos, name.name, *out, out);
        if (!(a = cel_ast_new(c, CEL_N_SELECT, pos, 1)))
                return false;
        a->arg[0] = *out;
        a->name = name.name;
        a->at = name.pos;
        a->opt = opt;
        a->end = name.end;
        *out = a;
        return cel_ast_done(c, a);
}

static bool parse_index(struct cel_compiler *c, uint32_t pos, struct cel_ast **out)
{
        struct cel_ast *a = cel_ast_new(c, CEL_N_INDEX, pos, 2);
        bool opt;

        if (!a || !cel_lex(c) || !take(c, "?", &opt))
                return false;
        a->opt = opt;
        a->arg[0] = *out;
        if (!parse_expr(c, &a->arg[1]))
                return false;
        a->end = c->tok.end;
        *out = a;
        return expect(c, "]", "']'") && cel_ast_done(c, a);
}

static bool parse_postfix(struct cel_compiler *c, uint32_t pos, struct cel_ast **out)
{
        for (;;) {
                bool ok;

                if (is_op(c, "."))
                        ok = parse_member(c, pos, out);
                else if (is_op(c, "["))
                        ok = parse_index(c, pos, out);
                else if (is_op(c, "{") && ((*out)->kind == CEL_N_IDENT || (*out)->kind == CEL_N_SELECT))
                        return cel_fail_at(c, c->tok.pos, "messages are not part of CEL over JSON; a map is {'key': value}");
                else
                        return true;
                if (!ok)
                        return false;
        }
}

/** A number behind a minus is one literal, so that the smallest int can be written. */
static bool negative_literal(struct cel_compiler *c, bool *folded)
{
        struct cel_value *v = &c->tok.value;

        *folded = false;
        if (c->tok.kind != CEL_TK_LITERAL || (v->kind != CEL_INT && v->kind != CEL_DOUBLE))
                return true;
        if (v->kind == CEL_DOUBLE)
                v->p.d = -v->p.d;
        else if (c->tok.big)
                c->tok.big = false;
        else
                v->p.i = -v->p.i;
        *folded = true;
        return true;
}

static bool parse_unary(struct cel_compiler *c, struct cel_ast **out)
{
        uint32_t pos = c->tok.pos, count = 0;
        const char *op = is_op(c, "!") ? "!" : is_op(c, "-") ? "-" : NULL;
        struct cel_ast *a;
        bool folded;

        while (op && is_op(c, op)) {
                count++;
                if (!cel_lex(c))
                        return false;
        }
        if (op && *op == '-') {
                if (!negative_literal(c, &folded))
                        return false;
                count -= folded;
        }
        uint32_t operand = c->tok.pos;
        if (!parse_primary(c, out) || !parse_postfix(c, operand, out))
                return false;
        if (count == 0) {
                if (op)
                        (*out)->pos = pos;
                return true;
        }
        if (!(a = cel_ast_new(c, *op == '!' ? CEL_N_NOT : CEL_N_NEG, pos, 1)))
                return false;
        a->arg[0] = *out;
        a->count = count;
        *out = a;
        return cel_ast_done(c, a);
}

/* ---- binary operators ---- */

const char *const cel_op_name[CEL_OPS] = { "==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%" };

/* A level's operators are a range of enum cel_op: multiplication binds strongest. */
static const struct { enum cel_op first, last; } levels[] = {
        { CEL_OP_EQ, CEL_OP_IN }, { CEL_OP_ADD, CEL_OP_SUB }, { CEL_OP_MUL, CEL_OP_MOD },
};

static bool at_level(const struct cel_compiler *c, size_t level, enum cel_op *op)
{
        for (unsigned int i = levels[level].first; i <= (unsigned int)levels[level].last; i++) {
                if (is_op(c, cel_op_name[i]) || (i == CEL_OP_IN && c->tok.kind == CEL_TK_IDENT && strcmp(c->tok.name, "in") == 0)) {
                        *op = (enum cel_op)i;
                        return true;
                }
        }
        return false;
}

static bool chain_node(struct cel_compiler *c, uint32_t pos, struct nodes v, const struct cel_step *steps, struct cel_ast **out)
{
        assert(steps); /* a chain has an operator */
        if (!node_of(c, CEL_N_CHAIN, pos, v, out))
                return false;
        (*out)->step = zc_arena_array(c->arena, v.n - 1, sizeof *steps);
        if (!(*out)->step)
                return cel_nomem(c);
        memcpy((*out)->step, steps, (v.n - 1) * sizeof *steps);
        return true;
}

static bool parse_level(struct cel_compiler *c, size_t level, struct cel_ast **out);

static bool parse_operand(struct cel_compiler *c, size_t level, struct cel_ast **out)
{
        return level + 1 < ZC_COUNT(levels) ? parse_level(c, level + 1, out) : parse_unary(c, out);
}

static bool parse_level(struct cel_compiler *c, size_t level, struct cel_ast **out)
{
        uint32_t pos = c->tok.pos, cap = 0, n = 0;
        struct cel_step *steps = NULL;
        struct nodes v = { 0 };
        struct cel_ast *a;
        enum cel_op op;

        if (!parse_operand(c, level, out))
                return false;
        if (!at_level(c, level, &op))
                return true;
        if (!push(c, &v, *out))
                return false;
        for (; at_level(c, level, &op); n++) {
                if (n == cap) {
                        struct cel_step *more = zc_arena_array(c->arena, cap = cap ? cap * 2 : 2, sizeof *more);

                        if (!more)
                                return cel_nomem(c);
                        if (n)
                                memcpy(more, steps, n * sizeof *more);
                        steps = more;
                }
                steps[n] = (struct cel_step){ .op = op, .pos = c->tok.pos };
                if (!cel_lex(c) || !parse_operand(c, level, &a) || !push(c, &v, a))
                        return false;
        }
        return chain_node(c, pos, v, steps, out);
}

/** && binds stronger than ||; all terms of one chain are one node. */
static bool parse_logic(struct cel_compiler *c, bool or, struct cel_ast **out)
{
        const char *op = or ? "||" : "&&";
        uint32_t pos = c->tok.pos;
        struct nodes v = { 0 };
        struct cel_ast *a;
        bool more = true;

        while (more) {
                if (!(or ? parse_logic(c, false, &a) : parse_level(c, 0, &a)))
                        return false;
                if (v.n == 0 && !is_op(c, op)) {
                        *out = a;
                        return true;
                }
                if (!push(c, &v, a) || !take(c, op, &more))
                        return false;
        }
        return node_of(c, or ? CEL_N_OR : CEL_N_AND, pos, v, out);
}

static bool parse_cond(struct cel_compiler *c, struct cel_ast **out)
{
        uint32_t pos = c->tok.pos;
        struct cel_ast *a;
        bool more;

        if (!parse_logic(c, true, out) || !take(c, "?", &more))
                return false;
        if (!more)
                return true;
        if (!(a = cel_ast_new(c, CEL_N_COND, pos, 3)))
                return false;
        a->arg[0] = *out;
        *out = a;
        return parse_logic(c, true, &a->arg[1]) && expect(c, ":", "':' of the conditional") && parse_expr(c, &a->arg[2]) &&
               cel_ast_done(c, a);
}

static bool parse_expr(struct cel_compiler *c, struct cel_ast **out)
{
        bool ok;

        if (c->depth >= NEST_MAX)
                return cel_fail_at(c, c->tok.pos, "the expression nests deeper than %d levels", CEL_DEPTH);
        c->depth++;
        ok = parse_cond(c, out);
        c->depth--;
        return ok;
}

bool cel_parse(struct cel_compiler *c, struct cel_ast **out)
{
        if (!cel_lex(c) || !parse_expr(c, out))
                return false;
        if (c->tok.kind == CEL_TK_END)
                return true;
        return cel_fail_at(c, c->tok.pos, "expected an operator or the end of the expression");
}
