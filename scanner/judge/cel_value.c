/** Values: making them within the budget, reading JSON containers, maps. Here lives the rule of missing evidence. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cel_impl.h"

struct cel_value cel_stop(struct cel_run *r, const char *why)
{
        if (!r->stop)
                r->stop = why;
        r->left = 0;
        return cel_stopped(r);
}

void *cel_alloc(struct cel_run *r, size_t n, size_t size)
{
        void *p;

        /* Sixteen bytes of result cost as much as a node. */
        if (n > CEL_RESULT_MAX / size || !cel_charge(r, n * size / 16)) {
                cel_stop(r, "a result is larger than its limit");
                return NULL;
        }
        p = zc_arena_array(r->arena, n ? n : 1, size);
        if (!p)
                cel_stop(r, "out of memory");
        return p;
}

struct cel_value cel_error(struct cel_run *r, const char *fmt, ...)
{
        char text[192];
        va_list ap;
        char *copy;

        va_start(ap, fmt);
        vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        copy = cel_alloc(r, strlen(text) + 1, 1);
        if (!copy)
                return cel_stopped(r);
        memcpy(copy, text, strlen(text) + 1);
        return (struct cel_value){ .kind = CEL_ERROR, .p.s = copy };
}

struct cel_value cel_no_overload(struct cel_run *r, const char *what, const struct cel_value *arg, uint32_t argc)
{
        const char *kinds[3] = { "", "", "" };

        for (uint32_t i = 0; i < argc && i < 3; i++)
                kinds[i] = cel_kind_name((enum cel_kind)arg[i].kind);
        return cel_error(r, "no such overload: %s(%s%s%s%s%s)", what, kinds[0], argc > 1 ? ", " : "", kinds[1], argc > 2 ? ", " : "", kinds[2]);
}

char *cel_buffer(struct cel_run *r, size_t n)
{
        return cel_alloc(r, n + 1, 1); /* the arena zeroes: the NUL is there */
}

struct cel_value cel_string(struct cel_run *r, enum cel_kind kind, const char *s, size_t n)
{
        char *copy = cel_buffer(r, n);

        if (!copy)
                return cel_stopped(r);
        memcpy(copy, s, n);
        return cel_string_of(kind, copy, n);
}

struct cel_value cel_list_of(const struct cel_value *items, size_t n)
{
        return (struct cel_value){ .kind = CEL_LIST, .n = (uint32_t)n, .p.items = items };
}

struct cel_value cel_some(struct cel_run *r, struct cel_value v)
{
        struct cel_value *at = cel_alloc(r, 1, sizeof *at);

        if (!at)
                return cel_stopped(r);
        *at = v;
        return (struct cel_value){ .kind = CEL_OPTIONAL, .p.opt = at };
}

const struct cel_value *cel_first_failed(const struct cel_value *arg, uint32_t n)
{
        const struct cel_value *first = NULL;

        for (uint32_t i = 0; i < n; i++) {
                if (arg[i].kind == CEL_UNKNOWN)
                        return &arg[i];
                if (arg[i].kind == CEL_ERROR && !first)
                        first = &arg[i];
        }
        return first;
}

/* ---- JSON ---- */

static bool same_key(const char *a, const char *b)
{
        return a == b || (a && b && strcmp(a, b) == 0);
}

/** One more read, unless it is there already or there are too many. */
static void seen_add(struct cel_seen *list, uint32_t *count, const struct cel_seen *one)
{
        if (*count == ZC_CEL_READS_MAX)
                return;
        for (uint32_t i = 0; i < *count; i++) {
                const struct cel_seen *s = &list[i];
                const json_t *in = s->up ? s->up->json : NULL;

                if (in == (one->up ? one->up->json : NULL) && s->index == one->index && same_key(s->key, one->key) &&
                    (one->up || s->self == one->self))
                        return;
        }
        list[(*count)++] = *one;
}

static void see(struct cel_run *r, const struct cel_doc *up, const struct cel_doc *self, const char *key, uint32_t index, const json_t *json)
{
        if (r->quiet)
                return;
        seen_add(r->seen, &r->seen_count, &(struct cel_seen){ up, self, key, index, json });
}

void cel_reads_aside(struct cel_run *r, struct cel_aside *a)
{
        if (r->quiet)
                return;
        for (uint32_t i = a->base; i < r->seen_count; i++)
                seen_add(a->seen, &a->count, &r->seen[i]);
        r->seen_count = a->base;
}

void cel_reads_back(struct cel_run *r, struct cel_aside *a)
{
        cel_reads_aside(r, a);
        for (uint32_t i = 0; i < a->count; i++)
                seen_add(r->seen, &r->seen_count, &a->seen[i]);
}

struct cel_value cel_from_json(struct cel_run *r, const struct cel_doc *up, const char *key, uint32_t index, const json_t *json)
{
        bool list = json_is_array(json);
        struct cel_doc *doc;

        if (!list && !json_is_object(json)) {
                if (!r->quiet && up->evidence)
                        see(r, up, NULL, key, index, json);
                return cel_from_scalar(json);
        }
        doc = cel_doc_room(r);
        if (!doc)
                return cel_stopped(r);
        doc->json = json;
        doc->up = up;
        doc->key = key;
        doc->index = index;
        doc->evidence = up->evidence;
        doc->pointer = NULL;
        return (struct cel_value){ .kind = list ? CEL_LIST : CEL_MAP,
                                   .doc = true,
                                   .n = (uint32_t)(list ? json_array_size(json) : json_object_size(json)),
                                   .p.at = doc };
}

void cel_touch(struct cel_run *r, struct cel_value v)
{
        if ((v.kind == CEL_LIST || v.kind == CEL_MAP) && v.doc && v.p.at->evidence)
                see(r, v.p.at->up, v.p.at, v.p.at->key, v.p.at->index, v.p.at->json);
}

struct cel_value cel_missing(struct cel_run *r, const struct cel_doc *up, const char *key)
{
        struct cel_doc *doc = cel_doc_room(r);

        if (!doc)
                return cel_stopped(r);
        *doc = (struct cel_doc){ .up = up, .key = key, .evidence = true };
        return (struct cel_value){ .kind = CEL_UNKNOWN, .p.at = doc };
}

struct cel_value cel_list_at(struct cel_run *r, struct cel_value list, uint32_t i)
{
        if (!list.doc)
                return list.p.items[i];
        return cel_from_json(r, list.p.at, NULL, i, json_array_get(list.p.at->json, i));
}

/** A whole number that equals v, for keys: 3.0 finds 3 and 3u. */
static bool whole(struct cel_value v, struct cel_value *out)
{
        *out = v;
        if (v.kind != CEL_DOUBLE)
                return true;
        if (!(v.p.d >= -9223372036854775808.0 && v.p.d < 18446744073709551616.0) || v.p.d != trunc(v.p.d))
                return false;
        *out = v.p.d < 9223372036854775808.0 ? cel_int((int64_t)v.p.d) : cel_uint((uint64_t)v.p.d);
        return true;
}

static bool same_map_key(struct cel_value a, struct cel_value b)
{
        if (a.kind == CEL_STRING && b.kind == CEL_STRING)
                return a.n == b.n && memcmp(a.p.s, b.p.s, a.n) == 0;
        if (a.kind == CEL_BOOL || b.kind == CEL_BOOL || a.kind == CEL_STRING || b.kind == CEL_STRING)
                return a.kind == CEL_BOOL && b.kind == CEL_BOOL && a.p.b == b.p.b;
        return cel_compare(a, b) == 0;
}

static struct cel_value find_in_json(struct cel_run *r, const struct cel_doc *doc, struct cel_value key, bool *found)
{
        const json_t *json = NULL;

        *found = false;
        if (key.kind == CEL_STRING && strlen(key.p.s) == key.n)
                json = json_object_get(doc->json, key.p.s);
        if (!json)
                return doc->evidence && key.kind == CEL_STRING ? cel_missing(r, doc, key.p.s) : cel_null();
        *found = true;
        return cel_from_json(r, doc, key.p.s, 0, json);
}

struct cel_value cel_map_find(struct cel_run *r, struct cel_value map, struct cel_value key, bool *found)
{
        struct cel_value k;

        *found = false;
        if (!cel_charge(r, cel_text_size(key) / 64))
                return cel_stopped(r);
        if (map.doc)
                return find_in_json(r, map.p.at, key, found);
        if (!whole(key, &k) || !cel_charge(r, map.n / 8))
                return r->stop ? cel_stopped(r) : cel_null();
        for (uint32_t i = 0; i < map.n; i++) {
                if (same_map_key(map.p.map->keys[i], k)) {
                        *found = true;
                        return map.p.map->values[i];
                }
        }
        return cel_null();
}

bool cel_map_entries(struct cel_run *r, struct cel_value map, struct cel_value **keys, struct cel_value **values)
{
        const char *key;
        uint32_t i = 0;
        json_t *value;

        if (!map.doc) {
                *keys = (struct cel_value *)(uintptr_t)map.p.map->keys;
                if (values)
                        *values = (struct cel_value *)(uintptr_t)map.p.map->values;
                return true;
        }
        *keys = cel_alloc(r, map.n, sizeof **keys);
        if (values)
                *values = cel_alloc(r, map.n, sizeof **values);
        if (r->stop)
                return false;
        json_object_foreach((json_t *)(uintptr_t)map.p.at->json, key, value) {
                (*keys)[i] = cel_string_of(CEL_STRING, key, strlen(key));
                if (values)
                        (*values)[i] = cel_from_json(r, map.p.at, key, 0, value);
                i++;
        }
        return r->stop == NULL;
}

struct cel_value cel_map_build(struct cel_run *r, struct cel_value *keys, struct cel_value *values, uint32_t n)
{
        struct cel_map *map;

        for (uint32_t i = 0; i < n; i++) {
                if (keys[i].kind != CEL_STRING && keys[i].kind != CEL_INT && keys[i].kind != CEL_UINT && keys[i].kind != CEL_BOOL)
                        return cel_error(r, "unsupported key type: %s", cel_kind_name((enum cel_kind)keys[i].kind));
                if (!cel_charge(r, i / 8 + cel_text_size(keys[i]) / 64))
                        return cel_stopped(r);
                for (uint32_t k = 0; k < i; k++) {
                        if (same_map_key(keys[i], keys[k]))
                                return cel_error(r, "a map's key is repeated");
                }
        }
        map = cel_alloc(r, 1, sizeof *map);
        if (!map)
                return cel_stopped(r);
        map->keys = keys;
        map->values = values;
        return (struct cel_value){ .kind = CEL_MAP, .n = n, .p.map = map };
}

/* ---- members and elements ---- */

static struct cel_value no_key(struct cel_run *r, struct cel_value key)
{
        if (key.kind == CEL_STRING)
                return cel_error(r, "no such key: '%.100s'", key.p.s);
        if (key.kind == CEL_INT)
                return cel_error(r, "no such key: %lld", (long long)key.p.i);
        return cel_error(r, "no such key");
}

/** A list's index: a whole number of any kind. */
static bool list_index(struct cel_value key, int64_t *out)
{
        struct cel_value k;

        if ((key.kind != CEL_INT && key.kind != CEL_UINT && key.kind != CEL_DOUBLE) || !whole(key, &k))
                return false;
        *out = k.kind == CEL_INT ? k.p.i : k.p.u > (uint64_t)INT64_MAX ? INT64_MAX : (int64_t)k.p.u;
        return true;
}

static struct cel_value index_list(struct cel_run *r, struct cel_value list, struct cel_value key, bool opt)
{
        int64_t i;

        if (!list_index(key, &i))
                return cel_error(r, "a list's index is an int, not %s", cel_kind_name((enum cel_kind)key.kind));
        if (i >= 0 && i < (int64_t)list.n)
                return opt ? cel_some(r, cel_list_at(r, list, (uint32_t)i)) : cel_list_at(r, list, (uint32_t)i);
        cel_touch(r, list);
        return opt ? cel_none() : cel_error(r, "index out of range: %lld of a list of %u", (long long)i, list.n);
}

static struct cel_value index_map(struct cel_run *r, struct cel_value map, struct cel_value key, bool opt)
{
        bool found;
        struct cel_value v = cel_map_find(r, map, key, &found);

        if (cel_failed(v))
                return v;
        if (!found)
                return opt ? cel_none() : no_key(r, key);
        if (!opt)
                return v;
        /* In evidence null says "looked for and not there". */
        return v.kind == CEL_NULL && map.doc && map.p.at->evidence ? cel_none() : cel_some(r, v);
}

struct cel_value cel_index(struct cel_run *r, struct cel_value v, struct cel_value key, bool opt)
{
        if (v.kind == CEL_LIST)
                return index_list(r, v, key, opt);
        if (v.kind == CEL_MAP)
                return index_map(r, v, key, opt);
        if (v.kind == CEL_OPTIONAL)
                return v.p.opt ? cel_index(r, *v.p.opt, key, true) : v;
        return cel_error(r, "no such overload: %s has no members", cel_kind_name((enum cel_kind)v.kind));
}

struct cel_value cel_member(struct cel_run *r, struct cel_value v, struct cel_value key, bool opt)
{
        if (v.kind == CEL_MAP)
                return index_map(r, v, key, opt);
        if (v.kind == CEL_OPTIONAL)
                return v.p.opt ? cel_member(r, *v.p.opt, key, true) : v;
        return cel_error(r, "no such overload: %s has no member '%.100s'", cel_kind_name((enum cel_kind)v.kind), key.p.s);
}

struct cel_value cel_has(struct cel_run *r, struct cel_value v, struct cel_value key)
{
        bool found;
        struct cel_value member;

        if (v.kind == CEL_OPTIONAL)
                return v.p.opt ? cel_has(r, *v.p.opt, key) : cel_bool(false);
        if (v.kind != CEL_MAP)
                return cel_error(r, "no such overload: %s has no member '%.100s'", cel_kind_name((enum cel_kind)v.kind), key.p.s);
        member = cel_map_find(r, v, key, &found);
        if (cel_failed(member))
                return member;
        return cel_bool(found && !(member.kind == CEL_NULL && v.doc && v.p.at->evidence));
}
