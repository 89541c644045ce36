/** Where the listeners of this machine are reached from itself: a connection over lo shows that a service is alive, never its exposure. */
#include <string.h>

#include "collector_work.h"

/** "Any address" answers at loopback; every other at itself. */
static struct zc_addr reached_at(const struct zc_addr *listening)
{
        static const struct zc_addr loopback4 = { AF_INET, { 127, 0, 0, 1 }, 0 };
        static const struct zc_addr loopback6 = { AF_INET6, { [15] = 1 }, 0 };

        if (zc_addr_class(listening) != ZC_ADDR_UNSPECIFIED)
                return zc_addr_unmap(*listening);
        return listening->family == AF_INET ? loopback4 : loopback6;
}

/** @list has room for every listener. */
static struct zc_own *own_at(struct zc_own *list, size_t *count, const struct zc_addr *addr)
{
        for (size_t i = 0; i < *count; i++) {
                if (zc_addr_cmp(&list[i].addr, addr) == 0)
                        return &list[i];
        }
        list[*count] = (struct zc_own){ .addr = *addr };
        return &list[(*count)++];
}

struct zc_own *zc_own_listeners(const json_t *host, size_t *count)
{
        const json_t *listeners = json_object_get(host, "listeners");
        ZC_AUTO_MEM struct zc_own *list = NULL;
        const json_t *l;
        size_t i;

        *count = 0;
        if (json_array_size(listeners) == 0)
                return NULL;
        list = calloc(json_array_size(listeners), sizeof *list);
        if (!list)
                return NULL;
        json_array_foreach (listeners, i, l) {
                json_int_t port = json_integer_value(json_object_get(l, "port"));
                struct zc_err err = { 0 };
                struct zc_addr a;
                struct zc_own *own;

                /* all of this network namespace: a container that listens here shares it with us */
                if (strcmp(zc_json_str(l, "transport", ""), "tcp") != 0 || port < 1 ||
                    port > UINT16_MAX || !zc_addr_parse(zc_json_str(l, "address", ""), &a, &err))
                        continue;
                a = reached_at(&a);
                own = own_at(list, count, &a);
                zc_portset_add(&own->ports, (uint16_t)port);
        }
        return *count > 0 ? ZC_TAKE(list) : NULL;
}
