/** What the firewall lets in, as short as a cell of a table has room for, and the ports that are let in for nobody. */
#include <stdio.h>
#include <string.h>

#include "page.h"
#include "view.h"

#define SOURCES_MAX 2u
#define WAYS_MAX 2u
#define UNUSED_MAX 4u
#define WIDE_MIN 1024
#define PORTS_MAX 24u /* characters of ports; more become their number */

static bool is_any(const char *source)
{
        return strcmp(source, "0.0.0.0/0") == 0 || strcmp(source, "::/0") == 0;
}

static void add_list(const json_t *list, struct zc_text *t)
{
        const json_t *v;
        size_t i;

        json_array_foreach (list, i, v) {
                if (i < SOURCES_MAX) {
                        zc_text_add(t, i ? ", " : "");
                        page_clean(t, json_string_value(v) ? json_string_value(v) : "?");
                }
        }
        if (json_array_size(list) > SOURCES_MAX)
                zc_text_printf(t, " +%zu", json_array_size(list) - SOURCES_MAX);
}

/** "any", "10.0.0.0/8, 192.168.0.0/16 +2", "all but 192.0.2.0/24" */
static void add_sources(const json_t *way, struct zc_text *t)
{
        const json_t *sources = json_object_get(way, "sources"), *v;
        const json_t *except = json_object_get(way, "except");
        size_t i;
        bool any = json_array_size(sources) == 0;

        json_array_foreach (sources, i, v) {
                any = any || (json_is_string(v) && is_any(json_string_value(v)));
        }
        if (!any) {
                add_list(sources, t);
                return;
        }
        zc_text_add(t, json_array_size(except) > 0 ? "all but " : "any");
        add_list(except, t);
}

static void add_sets(const json_t *sets, struct zc_text *t)
{
        const json_t *set;
        size_t i;

        json_array_foreach (sets, i, set) {
                zc_text_add(t, json_is_false(json_object_get(set, "member")) ? " but set "
                                                                             : " in set ");
                page_clean(t, zc_json_str(set, "name", "?"));
        }
}

/** " (to 172.17.0.2:6379)": where the packets go that were sent to this host. */
static void add_to(const json_t *to, struct zc_text *t)
{
        const json_t *port = json_object_get(to, "port");

        if (!json_is_object(to))
                return;
        zc_text_add(t, " (to ");
        page_clean(t, zc_json_str(to, "address", "this host"));
        if (json_is_integer(port))
                zc_text_printf(t, ":%lld", (long long)json_integer_value(port));
        zc_text_add(t, ")");
}

/** @to: whether it is told where the packets are led. */
static void add_way(const json_t *way, bool to, struct zc_text *t)
{
        static const char *const terms[][2] = { { "source_ports", " from port " },
                                                { "asked", " at " } };

        add_sources(way, t);
        add_sets(json_object_get(way, "sets"), t);
        if (json_array_size(json_object_get(way, "interfaces")) > 0) {
                zc_text_add(t, " by ");
                add_list(json_object_get(way, "interfaces"), t);
        }
        for (size_t i = 0; i < ZC_COUNT(terms); i++) {
                const char *value = zc_json_str(way, terms[i][0], NULL);

                if (value) {
                        zc_text_add(t, terms[i][1]);
                        page_clean(t, value);
                }
        }
        if (to && !zc_json_str(way, "asked", NULL))
                add_to(json_object_get(way, "translated"), t);
}

char *view_lets_in(const json_t *row, const char *listens)
{
        const json_t *firewall = json_object_get(row, "firewall");
        const json_t *ways = json_object_get(firewall, "ways"), *way;
        const char *verdict = zc_json_str(firewall, "verdict", NULL);
        ZC_AUTO_TEXT t = { 0 };
        size_t i;

        zc_text_init(&t, 256);
        if (strcmp(listens, "loopback") == 0)
                return strdup("-");
        if (!verdict || strcmp(verdict, "unknown") == 0)
                return strdup(zc_json_str(row, "listener", NULL) ? "not known" : "-");
        if (strcmp(verdict, "accept") != 0)
                return strdup("nothing");
        json_array_foreach (ways, i, way) {
                zc_text_add(&t, i == 0 ? "" : i < WAYS_MAX ? "; " : " …");
                if (i >= WAYS_MAX)
                        break;
                add_way(way, true, &t);
        }
        if (json_array_size(ways) == 0)
                add_way(firewall, true, &t);
        if (strcmp(zc_json_str(firewall, "certainty", "certain"), "possible") == 0)
                zc_text_add(&t, ", perhaps");
        return zc_text_steal(&t);
}

const char *view_port(const json_t *row, struct zc_text *t)
{
        const char *ports = zc_json_str(row, "ports", NULL);

        zc_text_clear(t);
        if (ports)
                page_clean(t, ports);
        else
                zc_text_printf(t, "%lld",
                               (long long)json_integer_value(json_object_get(row, "port")));
        zc_text_addc(t, '/');
        page_clean(t, zc_json_str(row, "transport", ""));
        return zc_text_str(t);
}

/** @wide: so many ports that it is the default that lets them in, not a rule for a service. */
static bool is_unused(const json_t *row, bool wide)
{
        return strcmp(zc_json_str(row, "kind", ""), "unused") == 0 &&
               (json_integer_value(json_object_get(row, "count")) > WIDE_MIN) == wide;
}

/** "8080/tcp from any", "65,000 ports/udp from 10.0.0.0/8 by eth1" */
static void add_unused(const struct view_exposure *x, const json_t *row, struct zc_text *t)
{
        json_int_t count = json_integer_value(json_object_get(row, "count"));
        ZC_AUTO_MEM char *lets = view_lets_in(row, "");
        ZC_AUTO_TEXT port = { 0 };

        zc_text_init(&port, 600);
        if (x->many) {
                page_clean(t, zc_json_str(row, "asset", "?"));
                zc_text_addc(t, ' ');
        }
        if (strlen(zc_json_str(row, "ports", "")) > PORTS_MAX)
                zc_text_printf(t, "%lld %s ports", (long long)count,
                               strcmp(zc_json_str(row, "transport", ""), "udp") == 0 ? "UDP"
                                                                                     : "TCP");
        else
                zc_text_add(t, view_port(row, &port));
        zc_text_printf(t, " from %s", lets ? lets : "?");
}

size_t view_unused(const struct view_exposure *x, bool full, struct zc_text *t)
{
        const json_t *row;
        size_t i, n = 0;

        for (int wide = 0; wide < 2; wide++) {
                json_array_foreach (x->json, i, row) {
                        if (!is_unused(row, wide == 1))
                                continue;
                        if (full || n < UNUSED_MAX) {
                                zc_text_add(t, n > 0 ? "; " : "");
                                add_unused(x, row, t);
                        }
                        n++;
                }
        }
        if (!full && n > UNUSED_MAX)
                zc_text_printf(t, "; and %zu more (-v)", n - UNUSED_MAX);
        return n;
}
