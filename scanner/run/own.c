/** Where the listeners of this machine are reached from itself: a connection over lo shows that a service is alive, never its exposure. */
#include "own.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

/** Of any address, and bound to an interface other than lo: what comes over lo is not for it. */
static bool is_bound(const json_t *listener, const struct zc_addr *at)
{
        const char *interface = zc_json_str(listener, "interface", "");

        return *interface && strcmp(interface, "lo") != 0 &&
               zc_addr_class(at) == ZC_ADDR_UNSPECIFIED;
}

bool zc_own_listeners(const json_t *host, struct zc_own **out, size_t *count, json_t *bound)
{
        const json_t *listeners = json_object_get(host, "listeners");
        ZC_AUTO_MEM struct zc_own *list = NULL;
        const json_t *l;
        size_t i;

        *count = 0;
        *out = NULL;
        if (json_array_size(listeners) == 0)
                return true;
        list = calloc(json_array_size(listeners), sizeof *list);
        if (!list)
                return false;
        json_array_foreach (listeners, i, l) {
                json_int_t port = json_integer_value(json_object_get(l, "port"));
                struct zc_err err = { 0 };
                struct zc_addr a;

                /* all of this network namespace: a container that listens here shares it with us */
                if (strcmp(zc_json_str(l, "transport", ""), "tcp") != 0 || port < 1 ||
                    port > UINT16_MAX || !zc_addr_parse(zc_json_str(l, "address", ""), &a, &err))
                        continue;
                if (is_bound(l, &a)) {
                        if (json_array_append(bound, (json_t *)(uintptr_t)l) != 0)
                                return false;
                        continue;
                }
                a = reached_at(&a);
                zc_portset_add(&own_at(list, count, &a)->ports, (uint16_t)port);
        }
        *out = *count > 0 ? ZC_TAKE(list) : NULL;
        return true;
}

/** Binding a datagram socket is refused where the address is another's, and sends nothing. */
bool zc_own_address(const struct zc_addr *a)
{
        struct sockaddr_storage at;
        socklen_t len = zc_addr_to_sockaddr(a, 0, &at);
        ZC_AUTO_FD int fd = -1;

        if (zc_addr_class(a) == ZC_ADDR_LOOPBACK || zc_addr_class(a) == ZC_ADDR_UNSPECIFIED ||
            zc_addr_class(a) == ZC_ADDR_MULTICAST || zc_addr_class(a) == ZC_ADDR_BROADCAST)
                return false;
        fd = socket(a->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        return fd >= 0 && bind(fd, (const struct sockaddr *)&at, len) == 0;
}
