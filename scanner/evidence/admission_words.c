/** What a firewall lets in, in words that name every condition. */
#include <string.h>

#include "admission.h"
#include "subject.h"

#define SHOWN_MAX 3u /* of sources, interfaces, vantages */
#define WAYS_MAX 3u

void zc_names_words(const json_t *names, struct zc_text *t)
{
        size_t count = json_array_size(names), i;

        for (i = 0; i < count && i < SHOWN_MAX; i++) {
                const char *name = json_string_value(json_array_get(names, i));

                zc_text_add(t, i > 0 ? ", " : "");
                zc_subject_text(t, name ? name : "?");
        }
        if (count > i)
                zc_text_printf(t, " and %zu more", count - i);
}

/** " of set office", " not of set blocked" */
static void add_sets(struct zc_text *t, const json_t *sets)
{
        const json_t *set;
        size_t i;

        json_array_foreach (sets, i, set) {
                zc_text_add(t, json_is_false(json_object_get(set, "member")) ? " not of set "
                                                                             : " of set ");
                zc_subject_text(t, zc_json_str(set, "name", "?"));
        }
}

static void add_way(struct zc_text *t, const json_t *way, bool doubt)
{
        static const struct {
                const char *key, *words;
        } terms[] = { { "source_ports", " from source port " }, { "asked", " asking for port " } };

        zc_names_words(json_object_get(way, "sources"), t);
        if (json_array_size(json_object_get(way, "except")) > 0) {
                zc_text_add(t, " but ");
                zc_names_words(json_object_get(way, "except"), t);
        }
        add_sets(t, json_object_get(way, "sets"));
        if (json_array_size(json_object_get(way, "interfaces")) > 0) {
                zc_text_add(t, " by ");
                zc_names_words(json_object_get(way, "interfaces"), t);
        }
        for (size_t i = 0; i < ZC_COUNT(terms); i++) {
                const char *value = zc_json_str(way, terms[i].key, NULL);

                if (value) {
                        zc_text_add(t, terms[i].words);
                        zc_subject_text(t, value);
                }
        }
        if (doubt && strcmp(zc_json_str(way, "certainty", ""), "possible") == 0)
                zc_text_add(t, " perhaps");
}

static void add_ways(struct zc_text *t, const json_t *facts, bool certain)
{
        const json_t *ways = json_object_get(facts, "ways"), *way;
        size_t i;

        json_array_foreach (ways, i, way) {
                if (i == WAYS_MAX) {
                        zc_text_printf(t, "; and in %zu ways more",
                                       json_array_size(ways) - WAYS_MAX);
                        return;
                }
                zc_text_add(t, i > 0 ? "; and " : "");
                add_way(t, way, certain);
        }
        if (json_array_size(ways) == 0)
                add_way(t, facts, false);
}

void zc_admission_words(const json_t *facts, struct zc_text *t)
{
        static const char *const words[][2] = {
                { "drop", "firewall drops" },
                { "reject", "firewall rejects" },
                { "unknown", "what the firewall lets in is not known" },
        };
        const char *verdict = zc_json_str(facts, "verdict", "");
        bool certain = strcmp(zc_json_str(facts, "certainty", "certain"), "certain") == 0;

        for (size_t i = 0; i < ZC_COUNT(words); i++)
                if (strcmp(words[i][0], verdict) == 0)
                        zc_text_add(t, words[i][1]);
        if (strcmp(verdict, "accept") == 0) {
                zc_text_add(t, certain ? "firewall lets in " : "firewall may let in ");
                add_ways(t, facts, certain);
        }
}
