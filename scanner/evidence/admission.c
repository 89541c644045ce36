#include "admission.h"

#include <stdio.h>
#include <string.h>

#include "zc/addr.h"

#define SOURCES_MAX 64u
#define VIA_MAX 32u
#define WORD_MAX 256u
#define WAYS_MAX 16u

/* ---- all lines ---- */

/** What the matching lines add up to. */
struct sum {
        const json_t *firewall, *listener; /* NULL: the lines are a port's */
        const char *bound;                 /* interface that the listener is bound to */
        enum zc_reach widest;
        const json_t *best; /* the first line that is as wide as widest */
        bool certain;       /* a line as wide as widest is certain */
        enum zc_reach must; /* as wide as the certain lines are */
        bool open;          /* a line's sources are not in the evidence, or the reading stopped */
        enum zc_reach translated;
        bool alike;         /* lines as wide as widest leave out the same sources */
        const json_t *past; /* a line that leads what asks for the port elsewhere */
        json_t *sources;
        json_t *ways;          /* {sources, and the terms that go with them} */
        struct zc_space space; /* of all lines that match and may come from anywhere */
        struct zc_space certain_space;
};

/** Adds what is new of it. Rows repeat it per listener, so it stays short whatever the evidence holds. */
static void sources_add(json_t *to, const json_t *sources)
{
        const json_t *source, *known;
        size_t i, k;

        json_array_foreach (sources, i, source) {
                bool there = json_array_size(to) >= SOURCES_MAX;

                json_array_foreach (to, k, known) {
                        there = there || json_equal(known, source);
                }
                if (!there && json_string_length(source) <= WORD_MAX)
                        json_array_append(to, (json_t *)(uintptr_t)source);
        }
}

/** The first rules of a way through the ruleset, with what names them and nothing else. */
static json_t *via_new(const json_t *via)
{
        static const char *const names[] = { "family", "table", "chain", "handle" };
        json_t *out = json_array();
        const json_t *step;
        size_t i;

        json_array_foreach (via, i, step) {
                json_t *kept = json_object();

                if (i == VIA_MAX) {
                        json_decref(kept);
                        break;
                }
                for (size_t n = 0; n < ZC_COUNT(names); n++) {
                        json_t *member = json_object_get(step, names[n]);

                        if (member && json_string_length(member) <= WORD_MAX)
                                json_object_set(kept, names[n], member);
                }
                json_array_append_new(out, kept);
        }
        return out;
}

/* ---- the ways in ---- */

static void take_texts(json_t *to, const json_t *from, const char *key)
{
        const json_t *list = json_object_get(from, key);

        if (json_array_size(list) == 0)
                return;
        json_object_set_new(to, key, json_array());
        sources_add(json_object_get(to, key), list);
}

static void take_sets(json_t *way, const json_t *admit)
{
        const json_t *set;
        json_t *out = json_array();
        size_t i;

        json_array_foreach (json_object_get(admit, "sets"), i, set) {
                if (i < WAYS_MAX && json_string_length(json_object_get(set, "name")) <= WORD_MAX)
                        json_array_append(out, (json_t *)(uintptr_t)set);
        }
        if (json_array_size(out) > 0)
                json_object_set(way, "sets", out);
        json_decref(out);
}

static bool is_everywhere(const json_t *interfaces)
{
        const char *only = json_array_size(interfaces) == 1
                                   ? json_string_value(json_array_get(interfaces, 0))
                                   : NULL;

        return json_array_size(interfaces) == 0 || (only && strcmp(only, "*") == 0);
}

/** Whether the ports that are asked for are not simply the listener's own. A port's row is called by them. */
static bool is_another(const struct sum *sum, const char *ports)
{
        char own[24];

        snprintf(own, sizeof(own), "%lld",
                 (long long)json_integer_value(json_object_get(sum->listener, "port")));
        return sum->listener && ports && strlen(ports) <= WORD_MAX && strcmp(ports, own) != 0;
}

/** What goes with a line's sources: all of it must hold for a packet to come in. */
static json_t *terms_new(const struct sum *sum, const json_t *admit, bool certain)
{
        json_t *way = json_pack("{ss}", "certainty", certain ? "certain" : "possible");
        json_t *to = json_object_get(admit, "translated");
        json_t *ports = json_object_get(admit, "ports"),
               *from = json_object_get(admit, "source_ports");

        take_texts(way, admit, "except");
        take_sets(way, admit);
        if (!is_everywhere(json_object_get(admit, "interfaces")) && !sum->bound)
                take_texts(way, admit, "interfaces");
        if (json_is_string(from) && json_string_length(from) <= WORD_MAX)
                json_object_set(way, "source_ports", from);
        if (json_is_object(to)) {
                json_object_set(way, "translated", to);
                if (is_another(sum, json_string_value(ports)))
                        json_object_set(way, "asked", ports);
        }
        return way;
}

static bool same_terms(const json_t *way, const json_t *terms)
{
        const char *key;
        json_t *value;

        if (json_object_size(way) != json_object_size(terms) + 1)
                return false;
        json_object_foreach ((json_t *)(uintptr_t)terms, key, value) {
                if (!json_equal(value, json_object_get(way, key)))
                        return false;
        }
        return true;
}

static void way_add(struct sum *sum, const json_t *admit, bool certain)
{
        json_t *terms = terms_new(sum, admit, certain), *way;
        size_t i;

        json_array_foreach (sum->ways, i, way) {
                if (same_terms(way, terms)) {
                        sources_add(json_object_get(way, "sources"),
                                    json_object_get(admit, "sources"));
                        json_decref(terms);
                        return;
                }
        }
        if (json_array_size(sum->ways) >= WAYS_MAX) {
                json_decref(terms);
                return;
        }
        json_object_set_new(terms, "sources", json_array());
        sources_add(json_object_get(terms, "sources"), json_object_get(admit, "sources"));
        for (i = 0; i < json_array_size(sum->ways); i++) /* what has the fewest terms comes first */
                if (json_object_size(json_array_get(sum->ways, i)) > json_object_size(terms))
                        break;
        json_array_insert_new(sum->ways, i, terms);
}

/** Whether the ways say more than `sources`, `except` and `translated` beside them do. */
static bool ways_tell(const json_t *ways)
{
        static const char *const terms[] = { "interfaces", "source_ports", "asked", "sets" };
        const json_t *first = json_array_get(ways, 0);

        for (size_t i = 0; i < ZC_COUNT(terms); i++)
                if (json_object_get(first, terms[i]))
                        return true;
        return json_array_size(ways) > 1;
}

/* ---- adding up ---- */

static enum zc_reach nearer(enum zc_reach a, enum zc_reach b)
{
        return a < b ? a : b;
}

/** How far away its senders may stand. Pieces of the Internet add up only where they all may come by. */
static enum zc_reach line_reach(struct sum *sum, const json_t *admit, struct zc_space *whole)
{
        enum zc_reach limit = zc_line_limit(sum->firewall, admit, sum->bound), reach;
        struct zc_space alone = { 0 };
        struct zc_space *space = limit == ZC_REACH_ANY ? whole : &alone;

        reach = zc_sources_reach(json_object_get(admit, "sources"), space);
        if (reach == ZC_REACH_ANY && !zc_space_is_wide(space) && !zc_line_leaves_public(admit))
                reach = ZC_REACH_PRIVATE;
        if (nearer(reach, limit) == ZC_REACH_ANY && zc_line_is_of_set(admit)) {
                sum->open = true;
                reach = ZC_REACH_PRIVATE;
        }
        return nearer(reach, limit);
}

/** A redirect leads to the address of the interface; whether that is the one listened on is not in the evidence. */
static bool may_miss(const struct sum *sum, const json_t *admit)
{
        const json_t *to = json_object_get(admit, "translated");
        struct zc_addr address;

        return sum->listener && json_is_object(to) &&
               !json_is_string(json_object_get(to, "address")) &&
               strcmp(zc_json_str(admit, "hook", ""), "input") == 0 &&
               (!zc_addr_parse(zc_json_str(sum->listener, "address", ""), &address,
                               &(struct zc_err){ 0 }) ||
                zc_addr_class(&address) != ZC_ADDR_UNSPECIFIED);
}

static void sum_best(struct sum *sum, const json_t *admit, enum zc_reach reach, bool certain)
{
        if (sum->best && reach == sum->widest)
                sum->alike = sum->alike && json_equal(json_object_get(sum->best, "except"),
                                                      json_object_get(admit, "except"));
        if (reach > sum->widest || !sum->best) {
                sum->alike = true;
                sum->widest = reach;
                sum->best = admit;
                sum->certain = certain;
        }
        sum->certain = sum->certain || (reach == sum->widest && certain);
}

static void sum_add(struct sum *sum, const json_t *admit)
{
        const json_t *sources = json_object_get(admit, "sources");
        enum zc_reach reach = line_reach(sum, admit, &sum->space);
        bool certain = strcmp(zc_json_str(admit, "certainty", "certain"), "certain") == 0 &&
                       !may_miss(sum, admit);

        sum->open = sum->open || !json_is_array(sources);
        if (certain) {
                enum zc_reach must = nearer(line_reach(sum, admit, &sum->certain_space), reach);

                sum->must = must > sum->must ? must : sum->must;
        }
        if (reach == ZC_REACH_NONE)
                return;
        if (json_is_object(json_object_get(admit, "translated")) && reach > sum->translated)
                sum->translated = reach;
        sources_add(sum->sources, sources);
        way_add(sum, admit, certain);
        sum_best(sum, admit, reach, certain);
}

/** What is listed as not modelled, and bears on nothing that the lines say. */
static bool is_told_apart(const json_t *beyond)
{
        static const char others[] = "other network namespaces ";

        return json_is_false(json_object_get(beyond, "beyond")) ||
               strncmp(zc_json_str(beyond, "what", ""), others, sizeof others - 1) == 0;
}

/** Whether the lines are all there are: nothing was left unread or is beyond the model, and the evidence says so. */
static bool is_whole(const json_t *host, const json_t *firewall)
{
        const json_t *o = zc_json_at(host, "probes.firewall");
        const json_t *beyond = json_object_get(firewall, "not_modelled");
        const char *outcome = zc_json_str(o, "outcome", "");
        const json_t *item;
        size_t i;

        json_array_foreach (beyond, i, item) {
                if (!is_told_apart(item))
                        return false;
        }
        return json_is_array(beyond) &&
               (strcmp(outcome, "done") == 0 || json_is_true(json_object_get(o, "whole")));
}

/** Where nothing is let in: by what the chain's end does, else by a rule's drop. */
static const char *refusal(const json_t *firewall, const json_t *listener)
{
        const json_t *input = zc_json_at(firewall, "defaults.input");
        const char *end = zc_json_str(input, zc_json_str(listener, "family", "ip"), "drop");

        return strcmp(end, "reject") == 0 ? "reject" : "drop";
}

static json_t *sum_facts(const struct sum *sum, const char *verdict)
{
        json_t *facts = json_pack("{ss}", "verdict", verdict);
        const json_t *via = json_object_get(sum->best, "via");
        json_t *to = json_object_get(sum->best, "translated");
        json_t *except = json_object_get(sum->best, "except");

        if (json_is_object(to))
                json_object_set(facts, "translated", to);
        if (sum->alike && json_array_size(except) > 0 && json_array_size(except) <= SOURCES_MAX)
                json_object_set(facts, "except", except);
        if (json_array_size(sum->sources) > 0 || strcmp(verdict, "unknown") != 0)
                json_object_set(facts, "sources", sum->sources);
        if (ways_tell(sum->ways))
                json_object_set(facts, "ways", sum->ways);
        if (sum->past)
                json_object_set(facts, "passed_on", json_object_get(sum->past, "translated"));
        if (sum->best)
                json_object_set_new(facts, "certainty",
                                    json_string(sum->certain ? "certain" : "possible"));
        if (json_is_array(via))
                json_object_set_new(facts, "via", via_new(via));
        return facts;
}

/** Comparisons that one line can take. */
static size_t line_cost(const json_t *admit)
{
        return 1 + json_array_size(json_object_get(admit, "sources")) +
               json_array_size(json_object_get(admit, "destinations")) +
               json_array_size(json_object_get(admit, "interfaces"));
}

static void sum_lines(struct sum *sum, const json_t *lines, size_t *budget)
{
        const json_t *admit;
        size_t i;

        json_array_foreach (lines, i, admit) {
                size_t cost = line_cost(admit);

                if (*budget < cost) {
                        sum->open = true;
                        break;
                }
                *budget -= cost;
                if (!sum->listener || zc_admission_takes(admit, sum->listener))
                        sum_add(sum, admit);
                else if (!sum->past && zc_admission_leads_past(admit, sum->listener))
                        sum->past = admit;
        }
}

static struct zc_admission by_lines(const json_t *host, const json_t *lines, const json_t *listener,
                                    size_t *budget)
{
        const json_t *firewall = json_object_get(host, "firewall");
        struct sum sum = { .firewall = firewall,
                           .listener = listener,
                           .bound = zc_json_str(listener, "interface", NULL),
                           .widest = ZC_REACH_NONE,
                           .must = ZC_REACH_NONE,
                           .open = !is_whole(host, firewall),
                           .sources = json_array(),
                           .ways = json_array(),
                           .space = { .seen = json_object() },
                           .certain_space = { .seen = json_object() } };
        struct zc_admission a = { .widest = ZC_REACH_UNKNOWN };
        const char *verdict = "accept";

        sum_lines(&sum, lines, budget);
        a.widest = sum.must != sum.widest || (sum.open && sum.widest != ZC_REACH_ANY)
                           ? ZC_REACH_UNKNOWN
                           : sum.widest;
        a.translated = sum.translated;
        if (!sum.best)
                verdict = sum.open ? "unknown" : refusal(firewall, listener);
        a.facts = sum_facts(&sum, verdict);
        json_decref(sum.sources);
        json_decref(sum.ways);
        json_decref(sum.space.seen);
        json_decref(sum.certain_space.seen);
        return a;
}

struct zc_admission zc_admission_by_lines(const json_t *host, const json_t *lines, size_t *budget)
{
        return by_lines(host, lines, NULL, budget);
}

static json_t *reach_facts(const json_t *reach, const char *verdict)
{
        json_t *facts = json_pack("{ss}", "verdict", verdict);
        const json_t *sources = json_object_get(reach, "sources");
        const json_t *via = json_object_get(reach, "via");
        const char *certainty = zc_json_str(reach, "certainty", NULL);

        if (json_is_array(sources)) {
                json_object_set_new(facts, "sources", json_array());
                sources_add(json_object_get(facts, "sources"), sources);
        }
        if (certainty)
                json_object_set_new(facts, "certainty", json_string(certainty));
        if (json_is_array(via))
                json_object_set_new(facts, "via", via_new(via));
        return facts;
}

/** The firewall probe has answered for this very listener. */
static struct zc_admission by_reach(const json_t *reach, const char *verdict)
{
        const json_t *sources = json_object_get(reach, "sources");
        struct zc_admission a = { .widest = ZC_REACH_NONE, .facts = reach_facts(reach, verdict) };
        struct zc_space space = { .seen = json_object() };

        if (strcmp(verdict, "unknown") == 0)
                a.widest = ZC_REACH_UNKNOWN;
        else if (strcmp(verdict, "accept") == 0)
                a.widest = json_is_array(sources) ? zc_sources_reach(sources, &space)
                                                  : ZC_REACH_UNKNOWN;
        json_decref(space.seen);
        return a;
}

struct zc_admission zc_admission_of(const json_t *host, const json_t *listener, size_t *budget)
{
        const json_t *firewall = json_object_get(host, "firewall");
        const json_t *reach = json_object_get(listener, "reach");
        const char *verdict = zc_json_str(reach, "verdict", NULL);

        if (verdict)
                return by_reach(reach, verdict);
        if (json_is_array(json_object_get(firewall, "admits")))
                return by_lines(host, json_object_get(firewall, "admits"), listener, budget);
        return (struct zc_admission){ .widest = ZC_REACH_UNKNOWN,
                                      .facts = json_pack("{ss}", "verdict", "unknown") };
}
