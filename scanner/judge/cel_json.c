/** The ways out: values as JSON, documents' paths and pointers, the trace. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cel_impl.h"
#include "zc/text.h"

/* ---- to JSON ---- */

static json_t *base64_json(struct cel_value v)
{
        size_t n = ((size_t)v.n + 2) / 3 * 4;
        char *text = malloc(n + 1);
        json_t *out = NULL;

        if (text) {
                cel_base64((const uint8_t *)v.p.s, v.n, text);
                out = json_stringn(text, n);
        }
        free(text);
        return out;
}

/** What a result may still take: values may share parts, JSON does not. */
struct room {
        size_t left;
};

static bool take(struct room *room, size_t n)
{
        bool fits = room->left > n;

        room->left = fits ? room->left - n : 0;
        return fits;
}

#define VALUE_COST 32 /* bytes of a jansson value, about */

static json_t *to_json(const struct cel_value *v, struct room *room, int depth);

static json_t *list_json(const struct cel_value *v, struct room *room, int depth)
{
        json_t *out = json_array();

        for (uint32_t i = 0; out && i < v->n; i++) {
                if (json_array_append_new(out, to_json(&v->p.items[i], room, depth + 1)) != 0) {
                        json_decref(out);
                        return NULL;
                }
        }
        return out;
}

/** A key as text: JSON has no others. */
static const char *key_text(struct cel_value k, char buf[32])
{
        if (k.kind == CEL_STRING)
                return k.p.s;
        if (k.kind == CEL_BOOL)
                return k.p.b ? "true" : "false";
        if (k.kind == CEL_INT)
                snprintf(buf, 32, "%lld", (long long)k.p.i);
        else
                snprintf(buf, 32, "%llu", (unsigned long long)k.p.u);
        return buf;
}

static json_t *map_json(const struct cel_value *v, struct room *room, int depth)
{
        json_t *out = json_object();
        char buf[32];

        for (uint32_t i = 0; out && i < v->n; i++) {
                const char *key = key_text(v->p.map->keys[i], buf);

                if (!take(room, strlen(key)) || json_object_set_new(out, key, to_json(&v->p.map->values[i], room, depth + 1)) != 0) {
                        json_decref(out);
                        return NULL;
                }
        }
        return out;
}

/** Takes the room of a whole JSON value. */
static bool take_json(const json_t *json, struct room *room)
{
        const char *key;
        json_t *value;

        if (!take(room, VALUE_COST + json_string_length(json)))
                return false;
        for (size_t i = 0; i < json_array_size(json); i++) {
                if (!take_json(json_array_get(json, i), room))
                        return false;
        }
        json_object_foreach((json_t *)(uintptr_t)json, key, value) {
                if (!take(room, strlen(key)) || !take_json(value, room))
                        return false;
        }
        return true;
}

static json_t *double_json(double d)
{
        char buf[32];

        if (!isnan(d) && !isinf(d))
                return json_real(d);
        cel_double_text(d, buf);
        return json_string(buf);
}

/** Values that are text in JSON. */
static json_t *text_json(const struct cel_value *v)
{
        char buf[64];

        switch ((enum cel_kind)v->kind) {
        case CEL_TYPE:
                return json_string(v->p.s);
        case CEL_TIMESTAMP:
                cel_time_text(*v, buf);
                break;
        case CEL_DURATION:
                cel_duration_text(v->p.i, buf);
                break;
        default:
                cel_net_text(*v, buf);
                break;
        }
        return json_string(buf);
}

static json_t *to_json(const struct cel_value *v, struct room *room, int depth)
{
        bool text = v->kind == CEL_STRING || v->kind == CEL_BYTES;

        if (depth > CEL_VALUE_DEPTH || !take(room, VALUE_COST + (text ? v->n : 0)))
                return NULL;
        if (v->doc)
                return take_json(v->p.at->json, room) ? json_deep_copy(v->p.at->json) : NULL;
        switch ((enum cel_kind)v->kind) {
        case CEL_BOOL:
                return json_boolean(v->p.b);
        case CEL_INT:
                return json_integer(v->p.i);
        case CEL_UINT:
                if (v->p.u <= (uint64_t)INT64_MAX)
                        return json_integer((json_int_t)v->p.u);
                return zc_json_printf("%llu", (unsigned long long)v->p.u);
        case CEL_DOUBLE:
                return double_json(v->p.d);
        case CEL_STRING:
                return json_stringn(v->p.s, v->n);
        case CEL_BYTES:
                return base64_json(*v);
        case CEL_LIST:
                return list_json(v, room, depth);
        case CEL_MAP:
                return map_json(v, room, depth);
        case CEL_TYPE:
        case CEL_TIMESTAMP:
        case CEL_DURATION:
        case CEL_IP:
        case CEL_CIDR:
                return text_json(v);
        case CEL_OPTIONAL:
                return v->p.opt ? to_json(v->p.opt, room, depth + 1) : json_null();
        default:
                return json_null();
        }
}

json_t *cel_to_json(const struct cel_value *v, size_t limit)
{
        struct room room = { limit };

        return to_json(v, &room, 0);
}

/* ---- paths and pointers ---- */

static void path_into(const struct cel_doc *d, struct zc_text *out)
{
        if (d->up)
                path_into(d->up, out);
        if (d->key && d->up && d->key[0] != '[')
                zc_text_addc(out, '.');
        if (d->key)
                zc_text_escape(out, d->key, strlen(d->key));
        else
                zc_text_printf(out, "[%u]", d->index);
}

void cel_doc_path(const struct cel_doc *d, char *buf, size_t size)
{
        ZC_AUTO_TEXT text = { 0 };

        zc_text_init(&text, size - 1);
        path_into(d, &text);
        snprintf(buf, size, "%s", zc_text_str(&text));
}

static bool pointer_into(const struct cel_doc *d, struct zc_text *out)
{
        if (!d->up) {
                if (d->pointer)
                        zc_text_add(out, d->pointer);
                return d->pointer != NULL;
        }
        if (!pointer_into(d->up, out))
                return false;
        if (d->key)
                zc_json_pointer_add(out, d->key);
        else
                zc_text_printf(out, "/%u", d->index);
        return true;
}

const char *cel_seen_pointer(struct zc_arena *a, const struct cel_seen *s)
{
        ZC_AUTO_TEXT text = { 0 };
        bool known;

        zc_text_init(&text, 4096);
        if (!s->up) {
                known = pointer_into(s->self, &text);
        } else {
                known = pointer_into(s->up, &text);
                if (known && s->key)
                        zc_json_pointer_add(&text, s->key);
                else if (known)
                        zc_text_printf(&text, "/%u", s->index);
        }
        return known ? zc_arena_strdup(a, zc_text_str(&text)) : NULL;
}

/* ---- trace ---- */

struct cel_value cel_eval_traced(struct cel_run *r, const struct cel_ast *n)
{
        struct zc_cel_sub sub = { .source = zc_arena_strndup(r->arena, r->e->src + n->pos, n->end - n->pos), .depth = r->depth };
        char why[256] = "";
        struct cel_value v;
        json_t *json;

        r->depth++;
        v = n->eval(r, n);
        r->depth--;
        if (!sub.source)
                return cel_stop(r, "out of memory");
        if (v.kind == CEL_UNKNOWN)
                cel_doc_path(v.p.at, why, sizeof why);
        else if (v.kind == CEL_ERROR)
                snprintf(why, sizeof why, "%s", v.p.s);
        json = cel_failed(v) ? NULL : cel_to_json(&v, CEL_TRACE_MAX);
        if (!json && !why[0])
                snprintf(why, sizeof why, "(too large to show)");
        cel_where(r->e->src, strlen(r->e->src), n->pos, &sub.line, &sub.column);
        sub.outcome = v.kind == CEL_UNKNOWN ? ZC_CEL_UNKNOWN : v.kind == CEL_ERROR ? ZC_CEL_ERROR : ZC_CEL_VALUE;
        sub.value = json;
        sub.why = why[0] ? why : NULL;
        r->trace->sub(r->trace->ctx, &sub);
        json_decref(json);
        return v;
}
