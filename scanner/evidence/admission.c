#include "admission.h"

#include <string.h>

#include "zc/addr.h"

#define SOURCES_MAX 64u
#define VIA_MAX 32u
#define WORD_MAX 256u
#define WIDE_IP 8 /* a prefix as short as this, outside private space, is part of "any but ..." */
#define WIDE_IP6 16

/* ---- one line against one listener ---- */

/** Whether "22,80,1000-2000" holds the port; text that cannot be read might. */
static bool ports_hold(const char *ports, uint64_t port)
{
        while (*ports) {
                size_t n = strcspn(ports, ","), low_n = strcspn(ports, "-,");
                uint64_t low, high;

                if (!zc_parse_uint(ports, low_n, UINT16_MAX, &low))
                        return true;
                high = low;
                if (low_n < n &&
                    !zc_parse_uint(ports + low_n + 1, n - low_n - 1, UINT16_MAX, &high))
                        return true;
                if (port >= low && port <= high)
                        return true;
                ports += n + (ports[n] == ',');
        }
        return false;
}

static bool is_wildcard(const char *address)
{
        return strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
}

static bool family_matches(const json_t *admit, const json_t *listener)
{
        const char *of = zc_json_str(admit, "family", "");

        if (strcmp(of, zc_json_str(listener, "family", "")) == 0)
                return true;
        /* [::] without IPV6_V6ONLY takes IPv4 too */
        return strcmp(of, "ip") == 0 && strcmp(zc_json_str(listener, "address", ""), "::") == 0 &&
               !json_is_true(json_object_get(listener, "v6only"));
}

static bool protocol_matches(const json_t *admit, const json_t *listener)
{
        const char *of = zc_json_str(admit, "protocol", "any");

        return strcmp(of, "any") == 0 || strcmp(of, zc_json_str(listener, "transport", "")) == 0;
}

/** "eth*" begins as the interface does, "*" is every one. What comes in by lo alone comes from here. */
static bool interface_matches(const json_t *admit, const json_t *listener)
{
        const json_t *list = json_object_get(admit, "interfaces"), *item;
        const char *bound = zc_json_str(listener, "interface", NULL);
        size_t i;

        json_array_foreach (list, i, item) {
                const char *name = json_string_value(item);
                size_t n = name ? strcspn(name, "*") : 0;

                if (!name || (name[n] == '*' ? !bound || strncmp(bound, name, n) == 0
                                             : strcmp(name, "lo") != 0 &&
                                                       (!bound || strcmp(bound, name) == 0)))
                        return true;
        }
        return json_array_size(list) == 0;
}

/** Sent to the listener's port and passed on to another machine, or to a container: the port answers, whoever listens. */
static bool is_published(const json_t *admit, const json_t *listener)
{
        const char *ports = zc_json_str(admit, "ports", NULL);
        struct zc_addr address;

        return json_is_object(json_object_get(admit, "translated")) &&
               strcmp(zc_json_str(admit, "hook", ""), "forward") == 0 && ports &&
               zc_addr_parse(zc_json_str(listener, "address", ""), &address,
                             &(struct zc_err){ 0 }) &&
               zc_addr_class(&address) != ZC_ADDR_LOOPBACK &&
               ports_hold(ports,
                          (uint64_t)json_integer_value(json_object_get(listener, "port")));
}

static bool destination_matches(const json_t *admit, const json_t *listener)
{
        const json_t *list = json_object_get(admit, "destinations"), *item;
        const char *text = zc_json_str(listener, "address", "");
        struct zc_addr address;
        size_t i;

        if (json_array_size(list) == 0 || is_wildcard(text) ||
            (json_is_object(json_object_get(admit, "translated")) && /* it was the address before */
             !is_published(admit, listener)) ||
            !zc_addr_parse(text, &address, &(struct zc_err){ 0 }))
                return true;
        json_array_foreach (list, i, item) {
                struct zc_prefix prefix;

                if (!json_is_string(item) ||
                    !zc_prefix_parse(json_string_value(item), &prefix, &(struct zc_err){ 0 }) ||
                    zc_prefix_contains(&prefix, &address))
                        return true;
        }
        return false;
}

/** Whether the line's packets arrive at the listener: as they are, or with another destination written into them. */
static bool port_matches(const json_t *admit, const json_t *listener)
{
        const json_t *to = json_object_get(admit, "translated");
        const char *hook = zc_json_str(admit, "hook", ""),
                   *ports = zc_json_str(admit, "ports", NULL);
        const char *address = zc_json_str(listener, "address", "");
        json_int_t port = json_integer_value(json_object_get(listener, "port"));
        const char *to_address = zc_json_str(to, "address", NULL);

        if (is_published(admit, listener))
                return true;
        if (!json_is_object(to))
                return strcmp(hook, "input") == 0 && (!ports || ports_hold(ports, (uint64_t)port));
        if (json_is_integer(json_object_get(to, "port")) &&
            json_integer_value(json_object_get(to, "port")) != port)
                return false;
        if (!json_is_integer(json_object_get(to, "port")) && ports &&
            !ports_hold(ports, (uint64_t)port))
                return false;
        if (to_address && strcmp(to_address, address) == 0)
                return true;
        return strcmp(hook, "input") == 0 && (!to_address || is_wildcard(address));
}

static bool (*const tests[])(const json_t *admit, const json_t *listener) = {
        family_matches, protocol_matches, port_matches, interface_matches, destination_matches,
};

static bool admit_matches(const json_t *admit, const json_t *listener)
{
        for (size_t i = 0; i < ZC_COUNT(tests); i++)
                if (!tests[i](admit, listener))
                        return false;
        return true;
}

/* ---- sources ---- */

static bool is_near(enum zc_addr_class c)
{
        return c == ZC_ADDR_PRIVATE || c == ZC_ADDR_LINK || c == ZC_ADDR_LOOPBACK;
}

/** The last address of a prefix. */
static struct zc_addr prefix_last(const struct zc_prefix *p)
{
        size_t bytes = p->addr.family == AF_INET ? 4 : 16;
        struct zc_addr last = p->addr;

        for (size_t i = 0; i < bytes; i++) {
                unsigned int kept = p->bits > i * 8 ? p->bits - (unsigned int)i * 8 : 0;

                if (kept < 8)
                        last.bytes[i] |= (uint8_t)(0xffu >> kept);
        }
        return last;
}

/**
 * How far away a source may stand. A named piece of the Internet (one office) is a closed circle, as a private network is;
 * a piece so large that it can only be a part of "everyone but" is everyone. Text that cannot be read may be everyone.
 */
static enum zc_reach source_reach(const char *text)
{
        struct zc_prefix p;
        struct zc_addr last;

        if (!text || !zc_prefix_parse(text, &p, &(struct zc_err){ 0 }))
                return ZC_REACH_ANY;
        last = prefix_last(&p);
        if (zc_addr_class(&p.addr) == ZC_ADDR_LOOPBACK && zc_addr_class(&last) == ZC_ADDR_LOOPBACK)
                return ZC_REACH_NONE;
        if (p.bits == 0)
                return ZC_REACH_ANY;
        if (is_near(zc_addr_class(&p.addr)) && is_near(zc_addr_class(&last)))
                return ZC_REACH_PRIVATE;
        return p.bits <= (p.addr.family == AF_INET ? WIDE_IP : WIDE_IP6) ? ZC_REACH_ANY
                                                                         : ZC_REACH_PRIVATE;
}

/* How much of the Internet sources name together: each piece may be an office, and all of them everyone but a few. */
struct space {
        json_t *seen;     /* set of sources, each counted once; NULL: all are counted */
        uint64_t ip, ip6; /* addresses; blocks of 2^80 */
};

static void space_add(struct space *s, const char *text)
{
        struct zc_prefix p;

        if (!text || source_reach(text) != ZC_REACH_PRIVATE ||
            !zc_prefix_parse(text, &p, &(struct zc_err){ 0 }) || is_near(zc_addr_class(&p.addr)) ||
            (s->seen && json_object_get(s->seen, text)))
                return;
        if (s->seen)
                json_object_set_new(s->seen, text, json_true());
        if (p.addr.family == AF_INET)
                s->ip += UINT64_C(1) << (32 - p.bits);
        else if (p.bits <= 48)
                s->ip6 += UINT64_C(1) << (48 - p.bits);
}

static bool space_is_wide(const struct space *s)
{
        return s->ip >= UINT64_C(1) << (32 - WIDE_IP) || s->ip6 >= UINT64_C(1) << (48 - WIDE_IP6);
}

static enum zc_reach sources_reach(const json_t *sources, struct space *space)
{
        enum zc_reach widest = ZC_REACH_NONE;
        const json_t *source;
        size_t i;

        json_array_foreach (sources, i, source) {
                enum zc_reach one = source_reach(json_string_value(source));

                widest = one > widest ? one : widest;
                space_add(space, json_string_value(source));
        }
        return space_is_wide(space) ? ZC_REACH_ANY : widest;
}

/** Blocks of the Internet in a prefix: /32 of IPv4, /48 of IPv6; what is no part of it is not counted. */
static uint64_t public_size(const char *text)
{
        static const char *const others[] = { "0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8",
                                              "224.0.0.0/3" };
        struct zc_prefix p, other;
        uint64_t size;

        if (!text || !zc_prefix_parse(text, &p, &(struct zc_err){ 0 }))
                return 0;
        if (p.addr.family == AF_INET6) {
                bool global = zc_prefix_parse("2000::/3", &other, &(struct zc_err){ 0 });

                if (global && zc_prefix_covers(&p, &other))
                        return UINT64_C(1) << 45;
                return global && zc_prefix_covers(&other, &p) && p.bits <= 48
                               ? UINT64_C(1) << (48 - p.bits)
                               : 0;
        }
        size = UINT64_C(1) << (32 - p.bits);
        for (size_t i = 0; i < ZC_COUNT(others); i++) {
                if (!zc_prefix_parse(others[i], &other, &(struct zc_err){ 0 }))
                        continue;
                if (zc_prefix_covers(&other, &p))
                        return 0;
                if (zc_prefix_covers(&p, &other))
                        size -= UINT64_C(1) << (32 - other.bits);
        }
        return size;
}

/** Everyone but some is everyone, unless what is left out is nearly the whole of the Internet. */
static bool leaves_public(const json_t *admit)
{
        bool ip6 = strcmp(zc_json_str(admit, "family", ""), "ip6") == 0;
        uint64_t all = public_size(ip6 ? "::/0" : "0.0.0.0/0"), gone = 0;
        const json_t *item;
        size_t i;

        json_array_foreach (json_object_get(admit, "except"), i, item) {
                gone += public_size(json_string_value(item));
        }
        return gone < all && all - gone >= UINT64_C(1) << (ip6 ? 48 - WIDE_IP6 : 32 - WIDE_IP);
}

/** A line of members of a set: which they are is not in the evidence. */
static bool is_of_set(const json_t *admit)
{
        const json_t *item;
        size_t i;

        json_array_foreach (json_object_get(admit, "sets"), i, item) {
                if (json_is_true(json_object_get(item, "member")))
                        return true;
        }
        return false;
}

/* ---- all lines ---- */

/** What the matching lines add up to. */
struct sum {
        enum zc_reach widest;
        const json_t *best; /* the first line that is as wide as widest */
        bool certain;       /* a line as wide as widest is certain */
        enum zc_reach must; /* as wide as the certain lines are */
        bool open;          /* a line's sources are not in the evidence, or the reading stopped */
        enum zc_reach translated;
        bool alike; /* lines as wide as widest leave out the same sources */
        json_t *sources;
        struct space space; /* of all lines that match */
        struct space certain_space;
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

static void sum_add(struct sum *sum, const json_t *admit)
{
        const json_t *sources = json_object_get(admit, "sources");
        enum zc_reach reach = sources_reach(sources, &sum->space);
        bool certain = strcmp(zc_json_str(admit, "certainty", "certain"), "certain") == 0;

        sum->open = sum->open || !json_is_array(sources);
        if (reach == ZC_REACH_ANY && !space_is_wide(&sum->space) && !leaves_public(admit))
                reach = ZC_REACH_PRIVATE;
        if (reach == ZC_REACH_ANY && is_of_set(admit)) {
                sum->open = true;
                reach = ZC_REACH_PRIVATE;
        }
        if (certain) {
                enum zc_reach must = sources_reach(sources, &sum->certain_space);

                must = must < reach ? must : reach;
                sum->must = must > sum->must ? must : sum->must;
        }
        if (reach == ZC_REACH_NONE)
                return;
        if (json_is_object(json_object_get(admit, "translated")) && reach > sum->translated)
                sum->translated = reach;
        sources_add(sum->sources, sources);
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

/** What is listed as beyond the model and bears on nothing in this namespace. */
static bool is_elsewhere(const json_t *beyond)
{
        static const char others[] = "other network namespaces ";

        return strncmp(zc_json_str(beyond, "what", ""), others, sizeof others - 1) == 0;
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
                if (!is_elsewhere(item))
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

static struct zc_admission by_lines(const json_t *host, const json_t *firewall,
                                    const json_t *listener, size_t *budget)
{
        const json_t *admits = json_object_get(firewall, "admits"), *admit;
        struct sum sum = { .widest = ZC_REACH_NONE,
                           .must = ZC_REACH_NONE,
                           .open = !is_whole(host, firewall),
                           .sources = json_array(),
                           .space = { .seen = json_object() },
                           .certain_space = { .seen = json_object() } };
        struct zc_admission a = { .widest = ZC_REACH_UNKNOWN };
        const char *verdict = "accept";
        size_t i;

        json_array_foreach (admits, i, admit) {
                size_t cost = line_cost(admit);

                if (*budget < cost) {
                        sum.open = true;
                        break;
                }
                *budget -= cost;
                if (admit_matches(admit, listener))
                        sum_add(&sum, admit);
        }
        a.widest = sum.must != sum.widest || (sum.open && sum.widest != ZC_REACH_ANY)
                           ? ZC_REACH_UNKNOWN
                           : sum.widest;
        a.translated = sum.translated;
        if (!sum.best)
                verdict = sum.open ? "unknown" : refusal(firewall, listener);
        a.facts = sum_facts(&sum, verdict);
        json_decref(sum.sources);
        json_decref(sum.space.seen);
        json_decref(sum.certain_space.seen);
        return a;
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
        struct space space = { .seen = json_object() };

        if (strcmp(verdict, "unknown") == 0)
                a.widest = ZC_REACH_UNKNOWN;
        else if (strcmp(verdict, "accept") == 0)
                a.widest =
                        json_is_array(sources) ? sources_reach(sources, &space) : ZC_REACH_UNKNOWN;
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
                return by_lines(host, firewall, listener, budget);
        return (struct zc_admission){ .widest = ZC_REACH_UNKNOWN,
                                      .facts = json_pack("{ss}", "verdict", "unknown") };
}
