/** One function per form of text; each is pure. */
#include "config_format.h"

#include <ctype.h>
#include <string.h>

#include "zc/addr.h"
#include "zc/clock.h"
#include "zc/portset.h"
#include "zc/rules.h"
#include "zc/scope.h"
#include "zc/target.h"
#include "zc/text.h"

#define RATE_MAX 1000000u
#define ID_MAX 128u

static bool check_time(struct zc_arena *arena, const char *s, struct zc_err *err)
{
        int64_t ms;

        (void)arena;
        return zc_time_parse(s, &ms) ||
               zc_fail(err, ZC_E_USAGE, "\"%.64s\" is no time; write 2026-12-01T00:00:00Z", s);
}

static bool check_duration(struct zc_arena *arena, const char *s, struct zc_err *err)
{
        int64_t ms;

        (void)arena;
        return (zc_duration_parse(s, &ms) && ms > 0) ||
               zc_fail(err, ZC_E_USAGE,
                       "\"%.64s\" is no duration; write a number and a unit, such as 500ms, 60s, "
                       "3m, 24h or 400d",
                       s);
}

bool zc_rate_parse(const char *s, unsigned *per_second)
{
        size_t n = strcspn(s, "/");
        uint64_t v = 0;

        if (!zc_parse_uint(s, n, RATE_MAX, &v) || v == 0)
                return false;
        if (strcmp(s + n, "/m") == 0)
                v = (v + 59) / 60;
        else if (strcmp(s + n, "/s") != 0)
                return false;
        *per_second = (unsigned)v;
        return true;
}

static bool check_rate(struct zc_arena *arena, const char *s, struct zc_err *err)
{
        unsigned rate;

        (void)arena;
        return zc_rate_parse(s, &rate) ||
               zc_fail(err, ZC_E_USAGE, "\"%.64s\" is no rate; write 50/s or 600/m", s);
}

static bool check_path(struct zc_arena *arena, const char *s, struct zc_err *err)
{
        (void)arena;
        return *s != '\0' || zc_fail(err, ZC_E_USAGE, "the file name is empty");
}

/** Ids and tags stand in reports, waivers and selectors: one word, no surprises. */
static bool check_id(struct zc_arena *arena, const char *s, struct zc_err *err)
{
        size_t n = strlen(s);

        (void)arena;
        if (n == 0)
                return zc_fail(err, ZC_E_USAGE, "the name is empty");
        if (n > ID_MAX)
                return zc_fail(err, ZC_E_USAGE, "a name has at most %u bytes, this one %zu", ID_MAX,
                               n);
        for (size_t i = 0; i < n; i++) {
                if (!isalnum((unsigned char)s[i]) && !strchr("-_.", s[i]))
                        return zc_fail(err, ZC_E_USAGE,
                                       "\"%.64s\": names have letters, digits, - _ and . only", s);
        }
        return true;
}

static bool check_selector(struct zc_arena *arena, const char *s, struct zc_err *err)
{
        if (strncmp(s, "tag:", 4) == 0)
                return check_id(arena, s + 4, err);
        if (strncmp(s, "id:", 3) == 0)
                return check_id(arena, s + 3, err);
        return zc_fail(err, ZC_E_USAGE, "\"%.64s\" selects nothing; write tag:NAME or id:TARGET",
                       s);
}

static bool check_gate(struct zc_arena *arena, const char *s, struct zc_err *err)
{
        static const char *const words[] = { "critical", "high",         "medium",   "low",
                                             "info",     "new-critical", "new-high", "new-medium",
                                             "new-low",  "new-info",     NULL };
        const char *near;

        for (size_t i = 0; words[i]; i++) {
                if (strcmp(words[i], s) == 0)
                        return true;
        }
        if (strncmp(s, "tag:", 4) == 0)
                return check_id(arena, s + 4, err);
        if (strncmp(s, "id:", 3) == 0)
                return check_id(arena, s + 3, err);
        near = zc_nearest(s, words);
        if (near)
                return zc_fail(err, ZC_E_USAGE, "there is no \"%.64s\"; did you mean %s?", s, near);
        return zc_fail(err, ZC_E_USAGE,
                       "\"%.64s\" is no severity; write critical, high, medium, low, info, "
                       "new-SEVERITY, tag:NAME or id:RULE",
                       s);
}

/** "443/tcp" */
static bool check_port(struct zc_arena *arena, const char *s, struct zc_err *err)
{
        size_t n = strcspn(s, "/");
        uint64_t port;

        (void)arena;
        if (zc_parse_uint(s, n, UINT16_MAX, &port) && port > 0 &&
            (strcmp(s + n, "/tcp") == 0 || strcmp(s + n, "/udp") == 0))
                return true;
        return zc_fail(err, ZC_E_USAGE, "\"%.64s\" is no port; write 443/tcp or 53/udp", s);
}

static bool check_ports(struct zc_arena *arena, const char *s, struct zc_err *err)
{
        struct zc_portset *tcp = zc_arena_new_of(arena, struct zc_portset);
        struct zc_portset *udp = zc_arena_new_of(arena, struct zc_portset);

        return tcp && udp ? zc_portset_parse_both(s, tcp, udp, err)
                          : zc_fail(err, ZC_E_NOMEM, "no memory for a port list");
}

static bool check_scope(struct zc_arena *arena, const char *s, struct zc_err *err)
{
        static const char prefix[] = "scope.allow: ";
        ZC_AUTO(zc_scope) scope = zc_scope_new();

        (void)arena;
        if (!scope)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the scope");
        if (zc_scope_allow(scope, s, err))
                return true;
        if (strncmp(err->text, prefix, sizeof(prefix) - 1) ==
            0) /* where it stands is said already, and it may be exclude */
                memmove(err->text, err->text + sizeof(prefix) - 1,
                        strlen(err->text) - sizeof(prefix) + 2);
        return false;
}

static bool check_address(struct zc_arena *arena, const char *s, struct zc_err *err)
{
        struct zc_addr addr;

        (void)arena;
        return zc_addr_parse(s, &addr, err);
}

static bool check_target(struct zc_arena *arena, const char *s, struct zc_err *err)
{
        struct zc_target t;

        return zc_target_parse(arena, s, &t, err);
}

static const struct zc_config_format formats[] = {
        { "address", check_address },
        { "date-time", check_time },
        { "duration", check_duration },
        { "gate", check_gate },
        { "id", check_id },
        { "path", check_path },
        { "port", check_port },
        { "ports", check_ports },
        { "rate", check_rate },
        { "scope", check_scope },
        { "selector", check_selector },
        { "target", check_target },
};

const struct zc_config_format *zc_config_format_find(const char *name)
{
        for (size_t i = 0; i < ZC_COUNT(formats); i++) {
                if (strcmp(formats[i].name, name) == 0)
                        return &formats[i];
        }
        return NULL;
}
