#include "record_wire.h"

#include <limits.h>
#include <string.h>

#include "zc/json.h"

#define LINES_ROOM 65536u
#define ADDRESS_MAX 128u

/* ---- lines ---- */

void zc_lines_init(struct zc_lines *l, size_t ceiling)
{
        *l = (struct zc_lines){ .ceiling = ceiling };
}

void zc_lines_release(struct zc_lines *l)
{
        free(l->p);
        *l = (struct zc_lines){ .ceiling = l->ceiling };
}

/** What was taken makes room first; only a long line makes the buffer grow. */
static void lines_compact(struct zc_lines *l)
{
        if (l->taken == 0)
                return;
        memmove(l->p, l->p + l->taken, l->len - l->taken);
        l->len -= l->taken;
        l->scanned -= l->taken;
        l->taken = 0;
}

char *zc_lines_room(struct zc_lines *l, size_t *n, struct zc_err *err)
{
        lines_compact(l);
        if (l->len > l->ceiling) {
                zc_fail(err, ZC_E_LIMIT, "a record is longer than %zu bytes", l->ceiling);
                return NULL;
        }
        if (l->cap - l->len < LINES_ROOM / 2) {
                size_t cap = l->cap ? l->cap * 2 : LINES_ROOM;
                char *p = realloc(l->p, cap);

                if (!p) {
                        zc_fail(err, ZC_E_NOMEM, "no memory for a record of %zu bytes", cap);
                        return NULL;
                }
                l->p = p;
                l->cap = cap;
        }
        *n = l->cap - l->len;
        return l->p + l->len;
}

void zc_lines_filled(struct zc_lines *l, size_t n)
{
        l->len += n;
}

bool zc_lines_next(struct zc_lines *l, const char **line, size_t *len)
{
        const char *end;

        if (l->scanned == l->len)
                return false;
        end = memchr(l->p + l->scanned, '\n', l->len - l->scanned);
        if (!end) {
                l->scanned = l->len;
                return false;
        }
        *line = l->p + l->taken;
        *len = (size_t)(end - *line);
        l->taken += *len + 1;
        l->scanned = l->taken;
        return true;
}

size_t zc_lines_rest(const struct zc_lines *l)
{
        return l->len - l->taken;
}

/* ---- records ---- */

static bool listed(const char *const *words, const char *word)
{
        for (; words && *words; words++) {
                if (strcmp(*words, word) == 0)
                        return true;
        }
        return false;
}

/* A member that a record must have, and its type. */
struct member {
        const char *name;
        json_type type;
};

static bool members_check(const json_t *body, const struct member *members, const char *what,
                          struct zc_err *err)
{
        for (; members->name; members++) {
                const json_t *v = json_object_get(body, members->name);

                if (!v || json_typeof(v) != members->type)
                        return zc_fail(err, ZC_E_MALFORMED,
                                       "%s record: \"%s\" is missing or of another type", what,
                                       members->name);
        }
        return true;
}

static bool identity_check(const json_t *body, const struct member *members, const char *what,
                           struct zc_err *err)
{
        const char *transport;

        if (!members_check(body, members, what, err))
                return false;
        transport = json_string_value(json_object_get(body, "transport"));
        if (strcmp(transport, "tcp") != 0 && strcmp(transport, "udp") != 0)
                return zc_fail(err, ZC_E_MALFORMED,
                               "%s record: the transport is neither tcp nor udp", what);
        return true;
}

static bool host_check(const struct zc_record_rules *rules, struct zc_record *r, struct zc_err *err)
{
        json_t *host = json_object_get(r->whole, "host");
        json_t *probes = json_object_get(host, "probes");
        const char *key;
        json_t *value;

        json_object_foreach (host, key, value) {
                if (strcmp(key, "probes") != 0 && !listed(rules->members, key))
                        return zc_fail(err, ZC_E_MALFORMED,
                                       "host record: a member that is not the collector's");
        }
        if (probes && !json_is_object(probes))
                return zc_fail(err, ZC_E_MALFORMED, "host record: probes is no object");
        json_object_foreach (probes, key, value) {
                if (!listed(rules->probes, key) ||
                    !json_is_string(json_object_get(value, "outcome")))
                        return zc_fail(err, ZC_E_MALFORMED,
                                       "host record: an outcome that is not the collector's");
        }
        return true;
}

static bool scan_check(const struct zc_record_rules *rules, struct zc_record *r, struct zc_err *err)
{
        static const struct member members[] = { { "asset", JSON_STRING },
                                                 { "address", JSON_STRING },
                                                 { "transport", JSON_STRING },
                                                 { "outcome", JSON_STRING },
                                                 { NULL, JSON_NULL } };

        (void)rules;
        return identity_check(r->body, members, "scan", err);
}

static bool endpoint_check(const struct zc_record_rules *rules, struct zc_record *r,
                           struct zc_err *err)
{
        static const struct member members[] = { { "asset", JSON_STRING },
                                                 { "address", JSON_STRING },
                                                 { "port", JSON_INTEGER },
                                                 { "transport", JSON_STRING },
                                                 { NULL, JSON_NULL } };
        const json_t *name = json_object_get(r->body, "name");
        json_int_t port;

        (void)rules;
        if (!identity_check(r->body, members, "endpoint", err))
                return false;
        port = json_integer_value(json_object_get(r->body, "port"));
        if (port < 1 || port > UINT16_MAX)
                return zc_fail(err, ZC_E_MALFORMED, "endpoint record: no such port");
        if (name && !json_is_string(name) && !json_is_null(name))
                return zc_fail(err, ZC_E_MALFORMED, "endpoint record: the name is no text");
        return true;
}

static bool problem_check(const struct zc_record_rules *rules, struct zc_record *r,
                          struct zc_err *err)
{
        static const struct member members[] = { { "what", JSON_STRING }, { NULL, JSON_NULL } };

        (void)rules;
        return members_check(r->body, members, "problem", err);
}

static bool place_check(struct zc_record *r, size_t members, const char *what, struct zc_err *err)
{
        const json_t *target = json_object_get(r->body, "target");
        const json_t *named = json_object_get(r->body, "named");

        if (json_object_size(r->body) != members || !json_is_integer(target) ||
            !json_is_integer(named) || json_integer_value(target) < 0 ||
            json_integer_value(named) < 0 || json_integer_value(target) > INT_MAX ||
            json_integer_value(named) > INT_MAX)
                return zc_fail(err, ZC_E_MALFORMED, "%s record: it names no target", what);
        r->target = (size_t)json_integer_value(target);
        r->named = (size_t)json_integer_value(named);
        return true;
}

static bool begin_check(const struct zc_record_rules *rules, struct zc_record *r,
                        struct zc_err *err)
{
        (void)rules;
        r->address = json_string_value(json_object_get(r->body, "address"));
        if (!r->address || strlen(r->address) > ADDRESS_MAX)
                return zc_fail(err, ZC_E_MALFORMED, "begin record: it names no address");
        return place_check(r, 3, "begin", err);
}

static bool end_check(const struct zc_record_rules *rules, struct zc_record *r, struct zc_err *err)
{
        const json_t *answered = json_object_get(r->body, "answered");

        (void)rules;
        if (!json_is_boolean(answered))
                return zc_fail(err, ZC_E_MALFORMED,
                               "end record: it does not say whether it answered");
        r->answered = json_is_true(answered);
        return place_check(r, 3, "end", err);
}

static const struct form {
        const char *key;
        bool (*check)(const struct zc_record_rules *rules, struct zc_record *r, struct zc_err *err);
} forms[ZC_RECORD_KINDS] = {
        [ZC_RECORD_HOST] = { "host", host_check },
        [ZC_RECORD_SCAN] = { "scan", scan_check },
        [ZC_RECORD_ENDPOINT] = { "endpoint", endpoint_check },
        [ZC_RECORD_PROBLEM] = { "problem", problem_check },
        [ZC_RECORD_BEGIN] = { "begin", begin_check },
        [ZC_RECORD_END] = { "end", end_check },
};

bool zc_record_parse(const char *line, size_t len, const struct zc_record_rules *rules,
                     struct zc_record *out, struct zc_err *err)
{
        json_auto_t *whole = zc_json_parse(line, len, err);
        struct zc_record r = { 0 };

        if (!whole)
                return false;
        if (!json_is_object(whole) || json_object_size(whole) != 1)
                return zc_fail(err, ZC_E_MALFORMED, "a record is an object of one member");
        for (size_t k = 0; k < ZC_RECORD_KINDS; k++) {
                const json_t *body = json_object_get(whole, forms[k].key);

                if (!body)
                        continue;
                if (!json_is_object(body))
                        return zc_fail(err, ZC_E_MALFORMED, "%s record: its value is no object",
                                       forms[k].key);
                r = (struct zc_record){ .kind = (enum zc_record_kind)k,
                                        .whole = whole,
                                        .body = body };
                if (!forms[k].check(rules, &r, err))
                        return false;
                whole = NULL;
                *out = r;
                return true;
        }
        return zc_fail(err, ZC_E_MALFORMED, "a record of an unknown form");
}

void zc_record_release(struct zc_record *r)
{
        json_decref(r->whole);
        *r = (struct zc_record){ 0 };
}
