/** CEL types: making, comparing, joining and naming them. */
#include <stdio.h>
#include <string.h>

#include "cel_impl.h"
#include "zc/text.h"

const struct zc_cel_type cel_type_of[CEL_KINDS] = {
        [CEL_DYN] = { .kind = CEL_DYN },         [CEL_NULL] = { .kind = CEL_NULL },
        [CEL_BOOL] = { .kind = CEL_BOOL },       [CEL_INT] = { .kind = CEL_INT },
        [CEL_UINT] = { .kind = CEL_UINT },       [CEL_DOUBLE] = { .kind = CEL_DOUBLE },
        [CEL_STRING] = { .kind = CEL_STRING },   [CEL_BYTES] = { .kind = CEL_BYTES },
        [CEL_TIMESTAMP] = { .kind = CEL_TIMESTAMP }, [CEL_DURATION] = { .kind = CEL_DURATION },
        [CEL_LIST] = { .kind = CEL_LIST, .of = { &cel_type_of[CEL_DYN] } },
        [CEL_MAP] = { .kind = CEL_MAP, .open = true, .of = { &cel_type_of[CEL_DYN], &cel_type_of[CEL_DYN] } },
        [CEL_TYPE] = { .kind = CEL_TYPE },
        [CEL_OPTIONAL] = { .kind = CEL_OPTIONAL, .of = { &cel_type_of[CEL_DYN] } },
        [CEL_IP] = { .kind = CEL_IP },           [CEL_CIDR] = { .kind = CEL_CIDR },
        [CEL_STRUCT] = { .kind = CEL_DYN },      [CEL_PARAM] = { .kind = CEL_DYN },
        [CEL_UNKNOWN] = { .kind = CEL_DYN },     [CEL_ERROR] = { .kind = CEL_DYN },
};

const struct zc_cel_type cel_type_free = { .kind = CEL_DYN, .free = true };

static const char *const kind_names[CEL_KINDS] = {
        [CEL_DYN] = "dyn",
        [CEL_NULL] = "null_type",
        [CEL_BOOL] = "bool",
        [CEL_INT] = "int",
        [CEL_UINT] = "uint",
        [CEL_DOUBLE] = "double",
        [CEL_STRING] = "string",
        [CEL_BYTES] = "bytes",
        [CEL_TIMESTAMP] = "google.protobuf.Timestamp",
        [CEL_DURATION] = "google.protobuf.Duration",
        [CEL_LIST] = "list",
        [CEL_MAP] = "map",
        [CEL_TYPE] = "type",
        [CEL_OPTIONAL] = "optional_type",
        [CEL_IP] = "net.IP",
        [CEL_CIDR] = "net.CIDR",
        [CEL_STRUCT] = "object",
        [CEL_PARAM] = "parameter",
        [CEL_UNKNOWN] = "unknown",
        [CEL_ERROR] = "error",
};

const char *cel_kind_name(enum cel_kind kind)
{
        return kind_names[kind];
}

const struct zc_cel_type *zc_cel_type_basic(enum zc_cel_basic basic)
{
        static const enum cel_kind kinds[] = {
                [ZC_CEL_T_DYN] = CEL_DYN,       [ZC_CEL_T_BOOL] = CEL_BOOL,     [ZC_CEL_T_INT] = CEL_INT,
                [ZC_CEL_T_UINT] = CEL_UINT,     [ZC_CEL_T_DOUBLE] = CEL_DOUBLE, [ZC_CEL_T_STRING] = CEL_STRING,
                [ZC_CEL_T_BYTES] = CEL_BYTES,   [ZC_CEL_T_NULL] = CEL_NULL,     [ZC_CEL_T_TIMESTAMP] = CEL_TIMESTAMP,
                [ZC_CEL_T_DURATION] = CEL_DURATION,
        };

        return &cel_type_of[kinds[basic]];
}

static const struct zc_cel_type *make(struct zc_arena *a, enum cel_kind kind, const struct zc_cel_type *x, const struct zc_cel_type *y)
{
        struct zc_cel_type *t = x && y ? zc_arena_new_of(a, struct zc_cel_type) : NULL;

        if (!t)
                return NULL;
        t->kind = kind;
        t->open = true;
        t->of[0] = x;
        t->of[1] = y;
        return t;
}

const struct zc_cel_type *cel_type_list(struct zc_arena *a, const struct zc_cel_type *of)
{
        return make(a, CEL_LIST, of, of);
}

const struct zc_cel_type *cel_type_map(struct zc_arena *a, const struct zc_cel_type *k, const struct zc_cel_type *v)
{
        return make(a, CEL_MAP, k, v);
}

const struct zc_cel_type *cel_type_opt(struct zc_arena *a, const struct zc_cel_type *of)
{
        return make(a, CEL_OPTIONAL, of, of);
}

const struct zc_cel_type *zc_cel_type_list(struct zc_cel_env *env, const struct zc_cel_type *of)
{
        return cel_type_list(env->arena, of);
}

const struct zc_cel_type *zc_cel_type_map(struct zc_cel_env *env, const struct zc_cel_type *key, const struct zc_cel_type *value)
{
        return cel_type_map(env->arena, key, value);
}

/** How many of `of` a kind has. */
static int parts(enum cel_kind kind)
{
        return kind == CEL_MAP ? 2 : kind == CEL_LIST || kind == CEL_OPTIONAL ? 1 : 0;
}

static bool numeric(enum cel_kind kind)
{
        return kind == CEL_INT || kind == CEL_UINT || kind == CEL_DOUBLE;
}

bool cel_type_meets(const struct zc_cel_type *a, const struct zc_cel_type *b)
{
        if (a->kind == CEL_DYN || b->kind == CEL_DYN)
                return true;
        if (a->kind == CEL_NULL || b->kind == CEL_NULL)
                return a->kind == b->kind || a->nullable || b->nullable;
        if (numeric(a->kind) && numeric(b->kind))
                return true;
        /* An object from a schema can equal a map with string keys. */
        if ((a->kind == CEL_STRUCT && b->kind == CEL_MAP) || (a->kind == CEL_MAP && b->kind == CEL_STRUCT))
                return true;
        if (a->kind != b->kind)
                return false;
        for (int i = 0; i < parts(a->kind); i++) {
                if (!cel_type_meets(a->of[i], b->of[i]))
                        return false;
        }
        return true;
}

bool cel_type_same(const struct zc_cel_type *a, const struct zc_cel_type *b)
{
        if (a == b)
                return true;
        if (a->kind != b->kind || a->nullable != b->nullable || a->node != b->node)
                return false;
        for (int i = 0; i < parts(a->kind); i++) {
                if (!cel_type_same(a->of[i], b->of[i]))
                        return false;
        }
        return true;
}

const struct zc_cel_type *cel_type_join(struct zc_arena *a, const struct zc_cel_type *x, const struct zc_cel_type *y)
{
        const struct zc_cel_type *p, *q;

        if (x->free || y->free)
                return x->free ? y : x;
        if (cel_type_same(x, y))
                return x;
        if (x->kind != y->kind)
                return &cel_type_of[CEL_DYN];
        if (x->kind == CEL_STRUCT)
                return x->node == y->node ? (x->nullable ? x : y) : &cel_type_of[CEL_DYN];
        if (parts(x->kind) == 0)
                return x->nullable ? x : y;
        p = cel_type_join(a, x->of[0], y->of[0]);
        q = parts(x->kind) == 2 ? cel_type_join(a, x->of[1], y->of[1]) : p;
        return make(a, x->kind, p, q);
}

static void name_into(const struct zc_cel_type *t, struct zc_text *out, int depth)
{
        static const char *const brief[CEL_KINDS] = { [CEL_NULL] = "null",           [CEL_TIMESTAMP] = "timestamp", [CEL_DURATION] = "duration",
                                                      [CEL_OPTIONAL] = "optional", [CEL_IP] = "ip", [CEL_CIDR] = "cidr" };

        zc_text_add(out, brief[t->kind] ? brief[t->kind] : kind_names[t->kind]);
        if (parts(t->kind) > 0 && depth < 4) {
                zc_text_addc(out, '(');
                name_into(t->of[0], out, depth + 1);
                if (parts(t->kind) == 2) {
                        zc_text_add(out, ", ");
                        name_into(t->of[1], out, depth + 1);
                }
                zc_text_addc(out, ')');
        }
        if (t->nullable)
                zc_text_add(out, " or null");
}

const char *cel_type_name(const struct zc_cel_type *t, char *buf, size_t size)
{
        ZC_AUTO_TEXT text = { 0 };

        zc_text_init(&text, 256);
        name_into(t, &text, 0);
        snprintf(buf, size, "%s", zc_text_str(&text));
        return buf;
}
