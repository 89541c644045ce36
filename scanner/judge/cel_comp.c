/** Checking comprehensions: what their variables are, what they give, and what of the evidence they go over. */
#include <string.h>

#include "cel_impl.h"

/** What the range's variables are: for a list its elements (and index), for a map its keys (and values). */
struct vars {
        const struct zc_cel_type *type[2];
        bool element[2]; /* the variable stands for an element of the range, and so for its path */
};

static bool range_vars(struct cel_compiler *c, const struct cel_ast *n, struct vars *v)
{
        const struct zc_cel_type *t = n->arg[0]->type, *dyn = &cel_type_of[CEL_DYN];
        char text[96];

        *v = (struct vars){ .type = { dyn, dyn }, .element = { !n->vars2, n->vars2 } };
        if (n->macro == CEL_M_BIND) {
                v->type[0] = t;
        } else if (n->macro >= CEL_M_OPT_MAP) {
                if (t->kind == CEL_OPTIONAL)
                        v->type[0] = t->of[0];
                else if (t->kind != CEL_DYN && !c->env->lenient)
                        return cel_fail_at(c, n->at, "%s() goes with an optional value, not %s", n->name, cel_type_name(t, text, sizeof text));
        } else if (t->kind == CEL_LIST) {
                v->type[n->vars2] = t->of[0];
                if (n->vars2)
                        v->type[0] = &cel_type_of[CEL_INT];
        } else if (t->kind == CEL_MAP || t->kind == CEL_STRUCT) {
                v->type[0] = t->kind == CEL_MAP ? t->of[0] : &cel_type_of[CEL_STRING];
                v->type[1] = t->kind == CEL_MAP ? t->of[1] : dyn;
                v->element[0] = false;
        } else if (t->kind != CEL_DYN && !c->env->lenient) {
                return cel_fail_at(c, n->at, "%s() goes over a list or a map, not %s", n->name, cel_type_name(t, text, sizeof text));
        }
        return true;
}

static bool comp_type(struct cel_compiler *c, struct cel_ast *n, const struct vars *v)
{
        const struct zc_cel_type *body = n->arg[n->n - 1]->type;
        const struct zc_cel_type *boolean = &cel_type_of[CEL_BOOL];
        bool test = n->macro <= CEL_M_EXISTS_ONE || n->macro == CEL_M_FILTER || n->filter;
        const struct cel_ast *tested = n->arg[1];
        char text[96];

        if (test && tested->type->kind != CEL_BOOL && tested->type->kind != CEL_DYN && !c->env->lenient)
                return cel_fail_at(c, tested->pos, "%s() wants a bool here; this is %s", n->name, cel_type_name(tested->type, text, sizeof text));
        switch ((enum cel_macro)n->macro) {
        case CEL_M_ALL:
        case CEL_M_EXISTS:
        case CEL_M_EXISTS_ONE:
                n->type = boolean;
                break;
        case CEL_M_MAP:
                n->type = cel_type_list(c->arena, body);
                break;
        case CEL_M_FILTER:
                n->type = cel_type_list(c->arena, v->type[0]);
                n->path = v->element[0] ? n->arg[0]->path : NULL;
                break;
        case CEL_M_TRANSFORM_MAP:
                n->type = cel_type_map(c->arena, v->type[0], body);
                break;
        case CEL_M_BIND:
                n->type = body;
                n->path = n->arg[1]->path;
                break;
        case CEL_M_OPT_MAP:
                n->type = cel_type_opt(c->arena, body);
                break;
        case CEL_M_OPT_FLAT_MAP:
                n->type = body;
                break;
        }
        return n->type ? true : cel_nomem(c);
}

static bool check_bodies(struct cel_compiler *c, struct cel_ast *n)
{
        for (uint32_t i = 1; i < n->n; i++) {
                if (!cel_check(c, n->arg[i]))
                        return false;
                if (!(n->macro == CEL_M_BIND && i == 1) && !cel_path_note(c, n->arg[i]))
                        return false;
        }
        return true;
}

/** The range counts as read itself when nothing inside of it is. */
static bool note_range(struct cel_compiler *c, const struct cel_ast *n, const char *inside)
{
        const char *body = n->macro == CEL_M_BIND ? n->arg[1]->path : NULL; /* noted by whoever uses it */

        if (!inside || n->macro == CEL_M_FILTER || cel_path_under(c, inside) || (body && strncmp(body, inside, strlen(inside)) == 0))
                return true;
        return cel_path_note(c, n->arg[0]);
}

bool cel_check_comp(struct cel_compiler *c, struct cel_ast *n)
{
        struct cel_scope first, second;
        const struct cel_scope *outer = c->scope;
        const char *path, *inside;
        bool loop = n->macro < CEL_M_BIND;
        struct vars v;
        bool ok;

        if (!cel_check(c, n->arg[0]) || !range_vars(c, n, &v))
                return false;
        if (loop && c->comps == CEL_COMP_DEPTH)
                return cel_fail_at(c, n->at, "more than %d comprehensions inside each other", CEL_COMP_DEPTH);
        path = n->arg[0]->path;
        inside = path;
        if (path && loop && !(inside = zc_arena_printf(c->arena, "%s[]", path)))
                return cel_nomem(c);
        if (loop && n->arg[0]->type->node && !(n->arg[0]->type->kind == CEL_MAP && n->arg[0]->type->open))
                n->keys = cel_schema_names(c->arena, n->arg[0]->type);
        first = (struct cel_scope){ n->var, v.type[0], v.element[0] ? inside : NULL, n->slot = c->locals++, outer };
        second = (struct cel_scope){ n->var2, v.type[1], v.element[1] ? inside : NULL, n->slot2 = c->locals, &first };
        c->scope = n->vars2 ? &second : &first;
        c->locals += n->vars2;
        c->comps += loop;
        if (c->locals > c->e->slots)
                c->e->slots = c->locals;
        ok = check_bodies(c, n) && comp_type(c, n, &v) && note_range(c, n, inside);
        c->comps -= loop;
        c->locals -= 1u + n->vars2;
        c->scope = outer;
        n->eval = n->macro >= CEL_M_BIND ? cel_eval_bind : cel_eval_comp;
        return ok;
}
