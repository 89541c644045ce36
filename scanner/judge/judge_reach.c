/** How far away someone can stand: what the exposure says of endpoints and listeners. */
#include <stdio.h>
#include <string.h>

#include "judge_work.h"

void zc_judge_reach(const struct zc_rule *rule, enum zc_reach reach, struct zc_judgement *j)
{
        if (j->verdict != ZC_FAIL || !rule->by_reach || reach != ZC_REACH_UNKNOWN)
                return;
        j->verdict = ZC_UNKNOWN;
        j->stage = "reach";
        snprintf(j->why, sizeof(j->why), "reach");
}

enum zc_severity zc_rule_severity(const struct zc_rule *rule, enum zc_reach reach)
{
        return reach == ZC_REACH_UNKNOWN ? zc_rule_worst(rule) : rule->severity[reach];
}

/** How wide a reach is taken to be: what is not known may be anything but is not more than `any`. */
static int reach_rank(enum zc_reach reach)
{
        return reach == ZC_REACH_UNKNOWN ? 2 * (int)ZC_REACH_PRIVATE + 1 : 2 * (int)reach;
}

/** The widest of a key. */
static void reach_note(json_t *index, const char *a, const char *b, enum zc_reach reach)
{
        ZC_AUTO_MEM char *key = zc_key(a, b, NULL);
        const json_t *known = key ? json_object_get(index, key) : NULL;

        if (key &&
            (!known || reach_rank((enum zc_reach)json_integer_value(known)) < reach_rank(reach)))
                json_object_set_new(index, key, json_integer((json_int_t)reach));
}

static enum zc_reach reach_look(const json_t *index, const char *a, const char *b)
{
        ZC_AUTO_MEM char *key = zc_key(a, b, NULL);
        const json_t *known = key ? json_object_get(index, key) : NULL;

        return known ? (enum zc_reach)json_integer_value(known) : ZC_REACH_UNKNOWN;
}

static void port_key(const json_t *part, char out[32])
{
        snprintf(out, 32, "%lld/%.4s", (long long)json_integer_value(json_object_get(part, "port")),
                 zc_json_str(part, "transport", ""));
}

static enum zc_reach row_reach(const json_t *row)
{
        enum zc_reach reach = ZC_REACH_UNKNOWN;

        return zc_reach_parse(zc_json_str(row, "reach", "unknown"), &reach) ? reach
                                                                            : ZC_REACH_UNKNOWN;
}

bool zc_work_reach_index(struct zc_judge_run *j)
{
        const json_t *row;
        size_t i;

        j->reach_by_listener = json_object();
        j->reach_by_port = json_object();
        json_array_foreach (j->exposure, i, row) {
                const char *asset = zc_json_str(row, "asset", "");
                const char *listener = zc_json_str(row, "listener", NULL);
                char port[32];

                port_key(row, port);
                reach_note(j->reach_by_port, asset, port, row_reach(row));
                if (listener)
                        reach_note(j->reach_by_listener, asset, listener, row_reach(row));
        }
        return j->reach_by_listener && j->reach_by_port;
}

enum zc_reach zc_work_reach(const struct zc_work *w, const struct zc_entity *e)
{
        const json_t *endpoint = w->endpoint;
        enum zc_reach reach;
        char port[32];

        if (!endpoint && strcmp(w->rule->kind->name, "exposure") == 0)
                return row_reach(e->self);
        if (!endpoint)
                return reach_look(w->j->reach_by_listener, e->asset, e->subject);
        reach = w->place.row == SIZE_MAX ? ZC_REACH_UNKNOWN
                                         : row_reach(json_array_get(w->j->exposure, w->place.row));
        if (reach != ZC_REACH_UNKNOWN)
                return reach;
        port_key(endpoint, port);
        return reach_look(w->j->reach_by_port, w->asset, port);
}

bool zc_kind_has_reach(const struct zc_kind *kind)
{
        return strncmp(kind->at, "endpoints[]", 11) == 0 || strcmp(kind->name, "exposure") == 0 ||
               strcmp(kind->name, "listener") == 0;
}
