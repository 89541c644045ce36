/** Routing tables as the kernel asks them: longest prefix, then lowest metric; the table of local addresses first. */
#include <stdlib.h>

#include "eval.h"

static size_t width(unsigned six)
{
        return six ? 16 : 4;
}

static int by_prefix(const void *a, const void *b)
{
        const struct zc_fw_route *x = *(const struct zc_fw_route *const *)a;
        const struct zc_fw_route *y = *(const struct zc_fw_route *const *)b;
        int d = memcmp(x->dst, y->dst, sizeof(x->dst));

        if (x->prefix != y->prefix)
                return x->prefix > y->prefix ? -1 : 1;
        if (d != 0)
                return d;
        if (x->metric != y->metric)
                return x->metric < y->metric ? -1 : 1;
        return x < y ? -1 : x > y;
}

static bool index_table(struct zc_fw_machine *m, struct fw_fib *t, unsigned six, uint32_t table)
{
        const struct zc_fw_host *host = m->host;
        uint8_t family = six ? ZC_FW_IP6 : ZC_FW_IP;

        t->route = zc_arena_array(m->arena, host->route_count + 1, sizeof(struct zc_fw_route *));
        if (!t->route)
                return false;
        for (size_t i = 0; i < host->route_count; i++) {
                const struct zc_fw_route *r = &host->routes[i];

                if (r->family == family && r->table == table && r->prefix <= 8 * width(six))
                        t->route[t->count++] = r;
        }
        if (t->count > 1)
                qsort(t->route, t->count, sizeof(struct zc_fw_route *), by_prefix);
        for (uint32_t i = 0; i < t->count; i++) {
                if (i == 0 || t->route[i]->prefix != t->route[i - 1]->prefix) {
                        t->length[t->lengths].prefix = t->route[i]->prefix;
                        t->length[t->lengths++].first = i;
                }
                t->length[t->lengths - 1].count++;
        }
        return true;
}

/* Local routes that no address makes: the kernel then checks sources in full (fib_has_custom_local_routes). */
static bool local_routes_are_custom(const struct zc_fw_machine *m)
{
        const struct zc_fw_host *host = m->host;
        const struct fw_fib *t = &m->fib[0][FW_FIB_LOCAL];

        for (uint32_t i = 0; i < t->count; i++) {
                const struct zc_fw_route *r = t->route[i];
                const struct zc_fw_interface *dev = fw_iface(m, r->oif);

                if (r->type != ZC_FW_LOCAL ||
                    (dev && dev->type == FW_ARPHRD_LOOPBACK && r->dst[0] == 127))
                        continue;
                if (r->prefix != 32)
                        return true;
                for (size_t a = 0;; a++) {
                        if (a == host->address_count)
                                return true;
                        if (host->addresses[a].family == ZC_FW_IP &&
                            memcmp(host->addresses[a].addr, r->dst, 4) == 0)
                                break;
                }
        }
        return false;
}

bool fw_index_routes(struct zc_fw_machine *m)
{
        static const uint32_t tables[FW_FIBS] = { [FW_FIB_LOCAL] = FW_TABLE_LOCAL,
                                                  [FW_FIB_MAIN] = FW_TABLE_MAIN,
                                                  [FW_FIB_DEFAULT] = FW_TABLE_DEFAULT };

        for (unsigned six = 0; six < 2; six++) {
                for (unsigned t = 0; t < FW_FIBS; t++) {
                        if (!index_table(m, &m->fib[six][t], six, tables[t]))
                                return false;
                }
        }
        m->custom_local = local_routes_are_custom(m);
        return true;
}

static void masked(uint8_t *out, const uint8_t *addr, size_t n, unsigned prefix)
{
        memset(out, 0, 16);
        memcpy(out, addr, n);
        for (unsigned i = prefix / 8; i < n; i++)
                out[i] = (uint8_t)(i == prefix / 8 ? out[i] & (0xff00u >> (prefix % 8)) : 0);
}

/* The first of a prefix's routes to this network; count is reached when there is none. */
static uint32_t first_of(const struct fw_fib *t, uint32_t length, const uint8_t *net)
{
        uint32_t from = t->length[length].first, to = from + t->length[length].count, end = to;

        while (from < to) {
                uint32_t mid = from + (to - from) / 2;

                if (memcmp(t->route[mid]->dst, net, 16) < 0)
                        from = mid + 1;
                else
                        to = mid;
        }
        return from < end && memcmp(t->route[from]->dst, net, 16) == 0 ? from : t->count;
}

static struct fw_found longest(const struct fw_fib *t, unsigned six, const uint8_t *addr,
                               uint32_t strict)
{
        struct fw_found found = { .route = NULL };
        uint8_t net[16];

        for (uint32_t l = 0; l < t->lengths && !found.route; l++) {
                uint32_t i, end = t->length[l].first + t->length[l].count;

                masked(net, addr, width(six), t->length[l].prefix);
                for (i = first_of(t, l, net); i < end && memcmp(t->route[i]->dst, net, 16) == 0;
                     i++) {
                        const struct zc_fw_route *r = t->route[i];

                        if (strict && r->oif && r->oif != strict)
                                continue;
                        if (!found.route)
                                found.route = r;
                        else if (six && r->metric == found.route->metric &&
                                 r->oif != found.route->oif && r->type == ZC_FW_UNICAST)
                                found.unsure = true;
                }
        }
        return found;
}

struct fw_found fw_route_local(const struct zc_fw_machine *m, unsigned six, const uint8_t *addr,
                               uint32_t strict)
{
        return longest(&m->fib[six][FW_FIB_LOCAL], six, addr, strict);
}

struct fw_found fw_route_find(const struct zc_fw_machine *m, unsigned six, const uint8_t *addr,
                              uint32_t strict)
{
        struct fw_found local = fw_route_local(m, six, addr, strict), f;

        f = longest(&m->fib[six][FW_FIB_MAIN], six, addr, strict);
        if (local.route) { /* of IPv4, the two may be one table: the longer prefix wins there */
                local.unsure = !six && f.route && f.route->prefix > local.route->prefix;
                return local;
        }
        if (f.route && f.route->type != FW_ROUTE_THROW)
                return f;
        return longest(&m->fib[six][FW_FIB_DEFAULT], six, addr, strict);
}

const struct zc_fw_interface *fw_iface(const struct zc_fw_machine *m, uint32_t index)
{
        size_t from = 0, to = m->host->interface_count;

        while (from < to) {
                size_t mid = from + (to - from) / 2;

                if (m->iface[mid]->index == index)
                        return m->iface[mid];
                if (m->iface[mid]->index < index)
                        from = mid + 1;
                else
                        to = mid;
        }
        return NULL;
}

bool fw_is_own(const struct zc_fw_machine *m, unsigned six, const uint8_t *addr, uint32_t index)
{
        for (size_t i = 0; i < m->host->address_count; i++) {
                const struct zc_fw_address *a = &m->host->addresses[i];

                if (a->family == (six ? ZC_FW_IP6 : ZC_FW_IP) &&
                    (!index || a->interface == index) && memcmp(a->addr, addr, width(six)) == 0)
                        return true;
        }
        return false;
}

uint32_t zc_fw_route_to(const struct zc_fw_machine *m, uint8_t family, const uint8_t *addr)
{
        struct fw_found f = fw_route_find(m, family == ZC_FW_IP6, addr, 0);

        if (f.route &&
            f.route->type == ZC_FW_LOCAL) { /* its own, whatever device has the address */
                for (size_t i = 0; i < m->host->interface_count; i++) {
                        if (m->iface[i]->type == FW_ARPHRD_LOOPBACK)
                                return m->iface[i]->index;
                }
        }
        return f.route && !f.unsure && !m->host->policy_routing[family == ZC_FW_IP6] ? f.route->oif
                                                                                     : 0;
}
