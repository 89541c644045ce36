/** One line of what the firewall lets in, against one listener: do its packets arrive there? */
#include "admission.h"

#include <string.h>

#include "zc/addr.h"

bool zc_ports_next(const char **text, uint32_t *low, uint32_t *high)
{
        const char *p = *text;
        size_t n = p ? strcspn(p, ",") : 0, low_n = p ? strcspn(p, "-,") : 0;
        uint64_t first, last;

        if (!p || *p == '\0')
                return false;
        *text = NULL;
        if (!zc_parse_uint(p, low_n, UINT16_MAX, &first))
                return false;
        last = first;
        if (low_n < n && !zc_parse_uint(p + low_n + 1, n - low_n - 1, UINT16_MAX, &last))
                return false;
        *low = (uint32_t)first;
        *high = (uint32_t)last;
        *text = p + n + (p[n] == ',');
        return true;
}

/** Whether "22,80,1000-2000" holds the port; text that cannot be read might. */
static bool ports_hold(const char *ports, uint64_t port)
{
        uint32_t low, high;

        while (zc_ports_next(&ports, &low, &high))
                if (port >= low && port <= high)
                        return true;
        return !ports;
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

/** Programs that hold a published port open on the host and hand on what reaches them: the container's port is what answers there. */
static bool stands_for_container(const json_t *listener)
{
        static const char *const names[] = { "docker-proxy", "rootlessport",
                                             "rootlesskit",  "slirp4netns",
                                             "conmon",       "pasta",
                                             "pasta.avx2",   "containers-rootlessport" };
        const char *process = zc_json_str(listener, "process", "");

        for (size_t i = 0; i < ZC_COUNT(names); i++)
                if (strcmp(names[i], process) == 0)
                        return true;
        return false;
}

static bool address_of(const json_t *listener, struct zc_addr *out)
{
        return zc_addr_parse(zc_json_str(listener, "address", ""), out, &(struct zc_err){ 0 });
}

static bool is_loopback(const json_t *listener)
{
        struct zc_addr address;

        return address_of(listener, &address) && zc_addr_class(&address) == ZC_ADDR_LOOPBACK;
}

/** Whether the line's packets were sent to the listener's address, whatever became of them. */
static bool destination_matches(const json_t *admit, const json_t *listener)
{
        const json_t *list = json_object_get(admit, "destinations"), *item;
        struct zc_addr address;
        size_t i;

        if (json_array_size(list) == 0 || is_wildcard(zc_json_str(listener, "address", "")) ||
            !address_of(listener, &address))
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

static bool asks_for(const json_t *admit, const json_t *listener)
{
        const char *ports = zc_json_str(admit, "ports", NULL);

        return (!ports || ports_hold(ports, (uint64_t)json_integer_value(
                                                    json_object_get(listener, "port")))) &&
               destination_matches(admit, listener);
}

/** With another destination written into them they are the listener's. A destination that is not told is one of the host's, never 127.0.0.1. */
static bool is_led_to(const json_t *admit, const json_t *listener)
{
        const json_t *to = json_object_get(admit, "translated");
        const json_t *port = json_object_get(to, "port");
        const char *address = zc_json_str(listener, "address", "");
        const char *to_address = zc_json_str(to, "address", NULL);
        const char *ports = zc_json_str(admit, "ports", NULL);
        uint64_t own = (uint64_t)json_integer_value(json_object_get(listener, "port"));

        if (json_is_integer(port) ? (uint64_t)json_integer_value(port) != own
                                  : ports && !ports_hold(ports, own))
                return false;
        if (to_address && strcmp(to_address, address) == 0)
                return true;
        return strcmp(zc_json_str(admit, "hook", ""), "input") == 0 &&
               (to_address ? is_wildcard(address) : !is_loopback(listener));
}

static bool is_forwarded(const json_t *admit)
{
        return strcmp(zc_json_str(admit, "hook", ""), "forward") == 0;
}

static bool is_translated(const json_t *admit)
{
        return json_is_object(json_object_get(admit, "translated"));
}

static bool arrives(const json_t *admit, const json_t *listener)
{
        if (!is_translated(admit)) /* the network cannot name 127.0.0.1 */
                return strcmp(zc_json_str(admit, "hook", ""), "input") == 0 &&
                       asks_for(admit, listener) && !is_loopback(listener);
        return is_led_to(admit, listener) ||
               (is_forwarded(admit) && stands_for_container(listener) && !is_loopback(listener) &&
                asks_for(admit, listener));
}

bool zc_admission_takes(const json_t *admit, const json_t *listener)
{
        return family_matches(admit, listener) && protocol_matches(admit, listener) &&
               interface_matches(admit, listener) && arrives(admit, listener);
}

bool zc_admission_leads_past(const json_t *admit, const json_t *listener)
{
        return is_translated(admit) && family_matches(admit, listener) &&
               protocol_matches(admit, listener) && interface_matches(admit, listener) &&
               !is_loopback(listener) && asks_for(admit, listener) && !arrives(admit, listener);
}

bool zc_admission_is_published(const json_t *admit)
{
        return is_translated(admit) && is_forwarded(admit);
}
