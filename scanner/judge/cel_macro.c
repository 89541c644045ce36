/** The macros: has(), the comprehensions with one and two variables, cel.bind, optMap. Calls become nodes of the tree. */
#include <string.h>

#include "cel_impl.h"

/* vars: names before the body. filter: one more argument is a filter before the body. */
static const struct {
        const char *name;
        enum cel_macro macro;
        uint8_t vars, args;
        bool filter;
} macros[] = {
        { "all", CEL_M_ALL, 1, 2, false },
        { "all", CEL_M_ALL, 2, 3, false },
        { "exists", CEL_M_EXISTS, 1, 2, false },
        { "exists", CEL_M_EXISTS, 2, 3, false },
        { "exists_one", CEL_M_EXISTS_ONE, 1, 2, false },
        { "existsOne", CEL_M_EXISTS_ONE, 1, 2, false },
        { "exists_one", CEL_M_EXISTS_ONE, 2, 3, false },
        { "existsOne", CEL_M_EXISTS_ONE, 2, 3, false },
        { "filter", CEL_M_FILTER, 1, 2, false },
        { "map", CEL_M_MAP, 1, 2, false },
        { "map", CEL_M_MAP, 1, 3, true },
        { "transformList", CEL_M_MAP, 2, 3, false },
        { "transformList", CEL_M_MAP, 2, 4, true },
        { "transformMap", CEL_M_TRANSFORM_MAP, 2, 3, false },
        { "transformMap", CEL_M_TRANSFORM_MAP, 2, 4, true },
        { "optMap", CEL_M_OPT_MAP, 1, 2, false },
        { "optFlatMap", CEL_M_OPT_FLAT_MAP, 1, 2, false },
};

const char *cel_macro_name(size_t i)
{
        return i < ZC_COUNT(macros) ? macros[i].name : NULL;
}

static bool plain_name(const struct cel_compiler *c, const struct cel_ast *n, const char *macro)
{
        if (n->kind == CEL_N_IDENT && !n->rooted)
                return true;
        return cel_fail_at(c, n->pos, "%s() wants a plain name for its variable here", macro);
}

/** has(e.f): the select becomes a test of presence. */
static bool expand_has(struct cel_compiler *c, struct cel_ast **n)
{
        struct cel_ast *call = *n, *select;

        if (call->n != 1)
                return cel_fail_at(c, call->pos, "has() takes one argument, a member: has(e.f)");
        select = call->arg[0];
        if (select->kind != CEL_N_SELECT || select->opt)
                return cel_fail_at(c, select->pos, "has() takes a member, has(e.f); for a key that is computed write key in e");
        select->kind = CEL_N_HAS;
        select->pos = call->pos; /* the source of the test is all of has(…) */
        select->end = call->end;
        *n = select;
        return true;
}

static bool expand_comp(struct cel_compiler *c, struct cel_ast **n, size_t row)
{
        struct cel_ast *call = *n, *comp;
        uint8_t vars = macros[row].vars;
        uint32_t bodies = call->n - 1 - vars;

        if (!plain_name(c, call->arg[1], call->name) || (vars == 2 && !plain_name(c, call->arg[2], call->name)))
                return false;
        if (vars == 2 && strcmp(call->arg[1]->name, call->arg[2]->name) == 0)
                return cel_fail_at(c, call->arg[2]->pos, "the two variables need two names");
        comp = cel_ast_new(c, CEL_N_COMP, call->pos, 1 + bodies);
        if (!comp)
                return false;
        comp->macro = (uint8_t)macros[row].macro;
        comp->vars2 = vars == 2;
        comp->filter = macros[row].filter;
        comp->name = call->name;
        comp->var = call->arg[1]->name;
        comp->var2 = vars == 2 ? call->arg[2]->name : NULL;
        comp->at = call->at;
        comp->arg[0] = call->arg[0];
        for (uint32_t i = 0; i < bodies; i++)
                comp->arg[1 + i] = call->arg[1 + vars + i];
        comp->end = call->end;
        *n = comp;
        return cel_ast_done(c, comp);
}

/** cel.bind(name, value, body) */
static bool expand_bind(struct cel_compiler *c, struct cel_ast **n)
{
        struct cel_ast *call = *n, *comp;

        if (call->n != 4)
                return cel_fail_at(c, call->pos, "cel.bind() takes a name, its value and an expression");
        if (!plain_name(c, call->arg[1], "cel.bind") || !(comp = cel_ast_new(c, CEL_N_COMP, call->pos, 2)))
                return false;
        comp->macro = CEL_M_BIND;
        comp->name = "cel.bind";
        comp->var = call->arg[1]->name;
        comp->arg[0] = call->arg[2];
        comp->arg[1] = call->arg[3];
        comp->end = call->end;
        *n = comp;
        return cel_ast_done(c, comp);
}

bool cel_macro_expand(struct cel_compiler *c, struct cel_ast **n)
{
        const struct cel_ast *call = *n;
        bool named = false;

        if (!call->member)
                return strcmp(call->name, "has") == 0 ? expand_has(c, n) : true;
        if (strcmp(call->name, "bind") == 0 && call->arg[0]->kind == CEL_N_IDENT && strcmp(call->arg[0]->name, "cel") == 0)
                return expand_bind(c, n);
        for (size_t i = 0; i < ZC_COUNT(macros); i++) {
                if (strcmp(macros[i].name, call->name) != 0)
                        continue;
                named = true;
                if (call->n == macros[i].args + 1u)
                        return expand_comp(c, n, i);
        }
        if (named)
                return cel_fail_at(c, call->at, "%s() is a macro and does not take %u arguments", call->name, call->n - 1);
        return true;
}
