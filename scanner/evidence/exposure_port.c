/** Rows of the exposure join that no listener stands behind: ports that are passed on, and ports that are let in for nobody. */
#include <string.h>

#include "admission.h"
#include "join.h"
#include "zc/portset.h"

#define SPREAD_MAX 32u /* ports of one line that get a row each */
#define ROWS_MAX 256u  /* per machine and kind: a hostile document makes no more */
#define PORTS_TEXT_MAX 512u

static const char *const transports[] = { "tcp", "udp" };

static bool is_of(const json_t *admit, const char *transport)
{
        const char *of = zc_json_str(admit, "protocol", "any");

        return strcmp(of, "any") == 0 || strcmp(of, transport) == 0;
}

/** The ports that a line names; all where it names none. False for text that cannot be read. */
static bool ports_of(const json_t *admit, struct zc_portset *out)
{
        const char *text = zc_json_str(admit, "ports", "1-65535");
        uint32_t low, high;

        *out = (struct zc_portset){ 0 };
        while (zc_ports_next(&text, &low, &high)) {
                for (uint32_t p = low; p <= high; p++)
                        zc_portset_add(out, (uint16_t)p);
        }
        return text != NULL;
}

/** "2000-3000" of several, as many as have room; NULL for one alone, or when out of memory. */
static char *ports_text(const struct zc_portset *set)
{
        struct zc_text t;

        if (zc_portset_count(set) < 2)
                return NULL;
        zc_text_init(&t, PORTS_TEXT_MAX);
        zc_portset_format(set, &t);
        if (t.cut && strrchr(zc_text_str(&t), ','))
                zc_text_shorten(&t, (size_t)(strrchr(t.p, ',') - t.p));
        return zc_text_steal(&t);
}

/** Tells rows of one kind apart: by the ports, and by the one address that they are asked for at. */
static char *port_key(size_t host, const char *kind, const char *transport,
                      const struct zc_portset *ports, const char *address)
{
        struct zc_text t;

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_text_printf(&t, "%zu %s %s %s ", host, kind, transport, address ? address : "");
        zc_portset_format(ports, &t);
        return zc_text_steal(&t);
}

/** A row for the ports, or one line more for the one that there is. */
static bool ports_join(struct zc_join *j, size_t host, enum zc_join_kind kind, const char *key,
                       const json_t *place, const struct zc_portset *ports, const json_t *admit)
{
        const json_t *at = key ? json_object_get(j->index, key) : NULL;
        struct zc_join_row *r;

        if (!key)
                return false;
        if (at)
                return json_array_append(j->rows[json_integer_value(at)].lines,
                                         (json_t *)(uintptr_t)admit) == 0;
        r = zc_join_row_add(j, key, json_deep_copy(place), host);
        if (!r)
                return false;
        r->kind = kind;
        r->asset = j->hosts[host].asset;
        r->isolated = zc_join_is_isolated(j, r->asset);
        r->count = zc_portset_count(ports);
        r->ports = ports_text(ports);
        r->lines = json_array();
        return (r->ports || r->count < 2) &&
               json_array_append(r->lines, (json_t *)(uintptr_t)admit) == 0;
}

static json_t *place_new(const char *transport, const json_t *admit, const char *address,
                         const struct zc_portset *ports)
{
        bool ip6 = strcmp(zc_json_str(admit, "family", "ip"), "ip6") == 0;

        return json_pack("{sssssssi}", "transport", transport, "family", ip6 ? "ip6" : "ip",
                         "address",
                         address ? address
                         : ip6   ? "::"
                                 : "0.0.0.0",
                         "port", zc_portset_next(ports, 0));
}

/* ---- ports that are passed on ---- */

/** The address that a line's packets were sent to, where it is one; NULL: any of the host's. */
static const char *only_destination(const json_t *admit, char out[ZC_ADDR_LEN])
{
        const json_t *list = json_object_get(admit, "destinations");
        const char *text =
                json_array_size(list) == 1 ? json_string_value(json_array_get(list, 0)) : NULL;
        struct zc_prefix p;

        if (!text || !zc_prefix_parse(text, &p, &(struct zc_err){ 0 }) ||
            p.bits < (p.addr.family == AF_INET ? 32 : 128))
                return NULL;
        zc_addr_format(&p.addr, out);
        return out;
}

/** A listener that the very port belongs to and the line leads to: its own row tells. */
static bool has_listener(const struct zc_join *j, size_t host, const json_t *admit,
                         const char *transport, int port)
{
        const json_t *list = json_object_get(j->hosts[host].facts, "listeners"), *listener;
        size_t i;

        json_array_foreach (list, i, listener) {
                if (json_integer_value(json_object_get(listener, "port")) == port &&
                    strcmp(zc_json_str(listener, "transport", ""), transport) == 0 &&
                    zc_admission_takes(admit, listener))
                        return true;
        }
        return false;
}

static bool publish(struct zc_join *j, size_t host, const char *transport, const json_t *admit,
                    const struct zc_portset *ports)
{
        char text[ZC_ADDR_LEN];
        const char *address = only_destination(admit, text);
        ZC_AUTO_MEM char *key = port_key(host, "published", transport, ports, address);
        json_auto_t *place = place_new(transport, admit, address, ports);
        ZC_AUTO_MEM char *found = place ? zc_join_place_key(host, "published", place,
                                                            zc_json_str(place, "address", ""), "")
                                        : NULL;
        const json_t *row;

        if (!found || !ports_join(j, host, ZC_JOIN_PUBLISHED, key, place, ports, admit))
                return false;
        row = json_object_get(j->index, key);
        if (address)
                j->rows[json_integer_value(row)].at_address = true;
        return zc_portset_count(ports) > 1 || json_object_get(j->index, found) ||
               json_object_set(j->index, found, (json_t *)(uintptr_t)row) == 0;
}

static bool publish_line(struct zc_join *j, size_t host, const char *transport, const json_t *admit)
{
        struct zc_portset all;

        if (!ports_of(admit, &all) || zc_portset_count(&all) == 0)
                return true;
        if (zc_portset_count(&all) > SPREAD_MAX)
                return publish(j, host, transport, admit, &all);
        for (int p = zc_portset_next(&all, 0); p >= 0; p = zc_portset_next(&all, p + 1)) {
                struct zc_portset one = { 0 };

                zc_portset_add(&one, (uint16_t)p);
                if (!has_listener(j, host, admit, transport, p) &&
                    !publish(j, host, transport, admit, &one))
                        return false;
        }
        return true;
}

bool zc_join_published(struct zc_join *j, size_t host)
{
        const json_t *admit;
        size_t i, before = j->row_count;

        json_array_foreach (zc_json_at(j->hosts[host].facts, "firewall.admits"), i, admit) {
                for (size_t t = 0; t < ZC_COUNT(transports); t++) {
                        if (j->row_count - before < ROWS_MAX && zc_admission_is_published(admit) &&
                            is_of(admit, transports[t]) &&
                            !publish_line(j, host, transports[t], admit))
                                return false;
                }
        }
        return true;
}

size_t zc_join_published_row(const struct zc_join *j, const struct zc_join_seen *s, size_t host)
{
        const char *const places[] = { s->text, s->address.family == AF_INET ? "0.0.0.0" : "::" };

        for (size_t i = 0; i < ZC_COUNT(places); i++) {
                ZC_AUTO_MEM char *key =
                        zc_join_place_key(host, "published", s->part, places[i], "");
                const json_t *at = key ? json_object_get(j->index, key) : NULL;

                if (at)
                        return (size_t)json_integer_value(at);
        }
        return SIZE_MAX;
}

/* ---- ports that nobody listens on ---- */

static bool all_listeners_known(const json_t *host)
{
        const json_t *o = zc_json_at(host, "probes.listeners");

        return json_is_array(json_object_get(host, "listeners")) &&
               (strcmp(zc_json_str(o, "outcome", ""), "done") == 0 ||
                json_is_true(json_object_get(o, "whole")));
}

static void take_away(struct zc_portset *set, int port)
{
        set->bits[port / 64] &= ~(UINT64_C(1) << (port % 64));
}

/** What was found open from elsewhere has somebody behind it, whoever that is. */
static void take_open(const struct zc_join *j, size_t host, const char *transport,
                      struct zc_portset *set)
{
        for (size_t i = 0; i < j->row_count; i++) {
                const struct zc_join_row *r = &j->rows[i];

                if (r->host == host && r->endpoint && !r->ports &&
                    strcmp(zc_json_str(r->key, "transport", ""), transport) == 0)
                        take_away(set,
                                  (uint16_t)json_integer_value(json_object_get(r->key, "port")));
        }
}

/** Leaves the ports that a line lets in and that lead to no listener. False: the budget is used up. */
static bool take_listened(struct zc_join *j, size_t host, const char *transport,
                          const json_t *admit, struct zc_portset *set)
{
        const json_t *list = json_object_get(j->hosts[host].facts, "listeners"), *listener;
        const json_t *to = json_object_get(admit, "translated");
        bool led = json_is_integer(json_object_get(to, "port"));
        size_t i, cost = 1 + json_array_size(list);

        if (j->budget < cost)
                return false;
        j->budget -= cost;
        json_array_foreach (list, i, listener) {
                json_int_t port = json_integer_value(json_object_get(listener, "port"));

                if (strcmp(zc_json_str(listener, "transport", ""), transport) != 0 || port < 0 ||
                    port > UINT16_MAX || !zc_admission_takes(admit, listener))
                        continue;
                if (led)
                        *set = (struct zc_portset){ 0 };
                else
                        take_away(set, (int)port);
        }
        return true;
}

/** A line that lets in nobody but the host itself, or says nothing of who, is no news. */
static bool lets_in(const json_t *firewall, const json_t *admit)
{
        struct zc_space space = { 0 };

        return strcmp(zc_json_str(admit, "hook", ""), "input") == 0 &&
               zc_line_limit(firewall, admit, NULL) > ZC_REACH_NONE &&
               zc_sources_reach(json_object_get(admit, "sources"), &space) > ZC_REACH_NONE;
}

/** A line that does not say its ports (null says: all) says nothing of any. */
static bool unused_line(struct zc_join *j, size_t host, const char *transport, const json_t *admit)
{
        struct zc_portset set;
        ZC_AUTO_MEM char *key = NULL;
        json_auto_t *place = NULL;

        if (!json_object_get(admit, "ports") || !ports_of(admit, &set) ||
            !take_listened(j, host, transport, admit, &set))
                return true;
        take_open(j, host, transport, &set);
        take_away(&set, 0);
        if (zc_portset_count(&set) == 0)
                return true;
        key = port_key(host, "unused", transport, &set, NULL);
        place = place_new(transport, admit, NULL, &set);
        return place && ports_join(j, host, ZC_JOIN_UNUSED, key, place, &set, admit);
}

bool zc_join_unused(struct zc_join *j, size_t host)
{
        const json_t *facts = j->hosts[host].facts, *firewall = json_object_get(facts, "firewall");
        const json_t *admit;
        size_t i, before = j->row_count;

        if (!all_listeners_known(facts))
                return true;
        json_array_foreach (json_object_get(firewall, "admits"), i, admit) {
                for (size_t t = 0; t < ZC_COUNT(transports); t++) {
                        if (j->row_count - before < ROWS_MAX && is_of(admit, transports[t]) &&
                            lets_in(firewall, admit) && !unused_line(j, host, transports[t], admit))
                                return false;
                }
        }
        return true;
}
