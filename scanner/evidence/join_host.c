/** The machines of the exposure join: which addresses each has, and which of them an endpoint belongs to. */
#include <string.h>

#include "join.h"

#define ADDRESSES_MAX 4096u

bool zc_join_canonical(const char *text, struct zc_addr *address, char out[ZC_ADDR_LEN])
{
        if (!text || !zc_addr_parse(text, address, &(struct zc_err){ 0 }))
                return false;
        *address = zc_addr_unmap(*address);
        zc_addr_format(address, out);
        return true;
}

static void host_address(struct zc_join_host *h, const char *text, bool *near, bool *far)
{
        struct zc_addr address;
        char key[ZC_ADDR_LEN];

        if (json_object_size(h->addresses) >= ADDRESSES_MAX ||
            !zc_join_canonical(text, &address, key))
                return;
        *near = *near || zc_addr_class(&address) == ZC_ADDR_PRIVATE;
        *far = *far || zc_addr_class(&address) == ZC_ADDR_GLOBAL;
        json_object_set_new(h->addresses, key, json_true());
}

/** An address that the configuration says stands for the asset further out (NAT). */
static void host_public(const struct zc_join *j, struct zc_join_host *h)
{
        bool near = false, far = false; /* what counts is where the vantage itself stands */

        for (size_t i = 0; i < j->count; i++) {
                const json_t *targets = json_object_get(zc_evidence_run(j->evs[i]), "targets"),
                             *target;
                size_t k;

                json_array_foreach (targets, k, target) {
                        if (strcmp(zc_json_str(target, "id", ""), h->asset) == 0)
                                host_address(h, zc_json_str(target, "public", NULL), &near, &far);
                }
        }
}

static bool host_fill(const struct zc_join *j, struct zc_join_host *h, const struct zc_evidence *ev)
{
        const json_t *list = zc_json_at(zc_evidence_run(ev), "vantage.addresses"), *address;
        bool near = false, far = false;
        size_t i;

        *h = (struct zc_join_host){ .ev = ev,
                                    .facts = zc_evidence_host(ev),
                                    .asset = zc_evidence_asset(ev),
                                    .asked = zc_evidence_asks_host(ev),
                                    .addresses = json_object() };
        if (!h->addresses)
                return false;
        json_array_foreach (list, i, address) {
                host_address(h, json_string_value(address), &near, &far);
        }
        h->outside = far && !near;
        host_public(j, h);
        return true;
}

/** Assets that some configuration calls isolated. */
static bool isolated_fill(struct zc_join *j)
{
        for (size_t i = 0; i < j->count; i++) {
                const json_t *targets = json_object_get(zc_evidence_run(j->evs[i]), "targets"),
                             *target;
                size_t k;

                json_array_foreach (targets, k, target) {
                        const char *id = zc_json_str(target, "id", "");

                        if (strcmp(zc_json_str(target, "zone", ""), "isolated") == 0 &&
                            (!j->believed || j->believed(j->believed_ctx, id)) &&
                            json_object_set_new(j->isolated, id, json_true()) != 0)
                                return false;
                }
        }
        return true;
}

bool zc_join_is_isolated(const struct zc_join *j, const char *asset)
{
        return json_object_get(j->isolated, asset) != NULL;
}

bool zc_join_hosts(struct zc_join *j)
{
        for (size_t i = 0; i < j->count; i++)
                if (!host_fill(j, &j->hosts[i], j->evs[i]))
                        return false;
        return isolated_fill(j);
}

/* ---- what an endpoint says ---- */

bool zc_join_see(const struct zc_join *j, size_t evidence, const json_t *part,
                 struct zc_join_seen *s)
{
        const struct zc_join_host *from = &j->hosts[evidence];
        enum zc_addr_class class;
        bool self;

        *s = (struct zc_join_seen){ .part = part };
        if (!zc_join_canonical(zc_json_str(part, "address", NULL), &s->address, s->text))
                return false;
        class = zc_addr_class(&s->address);
        self = class == ZC_ADDR_LOOPBACK ||
               strcmp(zc_json_str(part, "reached_from", ""), "self") == 0 ||
               json_object_get(from->addresses, s->text) != NULL;
        s->reach = class == ZC_ADDR_GLOBAL || (from->outside && class != ZC_ADDR_LINK)
                           ? ZC_REACH_ANY
                           : ZC_REACH_PRIVATE;
        if (class == ZC_ADDR_LOOPBACK)
                s->seen = ZC_SEEN_LOOPBACK;
        else if (self)
                s->seen = ZC_SEEN_SELF;
        else
                s->seen = s->reach == ZC_REACH_ANY ? ZC_SEEN_ANY : ZC_SEEN_PRIVATE;
        return true;
}

/** Whether two runs looked from one machine, whatever the vantage was called. */
static bool same_machine(const struct zc_evidence *a, const struct zc_evidence *b)
{
        static const char *const same[] = { "vantage.hostname", "vantage.addresses" };

        for (size_t i = 0; i < ZC_COUNT(same); i++) {
                const json_t *x = zc_json_at(zc_evidence_run(a), same[i]);

                if (!x || !json_equal(x, zc_json_at(zc_evidence_run(b), same[i])))
                        return false;
        }
        return true;
}

/** Evidence of the vantage's own machine in which that machine was a target; the vantage's own where there is none. */
static size_t own_host(const struct zc_join *j, size_t evidence)
{
        for (size_t i = 0; i < j->count && !j->hosts[evidence].asked; i++) {
                if (j->hosts[i].facts && j->hosts[i].asked &&
                    same_machine(j->evs[i], j->evs[evidence]))
                        return i;
        }
        return j->hosts[evidence].facts ? evidence : SIZE_MAX;
}

/** Over lo it is the vantage's own; else the only host that has the address, or the one of the same asset. */
size_t zc_join_host_of(const struct zc_join *j, size_t evidence, const struct zc_join_seen *s)
{
        const char *asset = zc_json_str(s->part, "asset", "");
        size_t found = SIZE_MAX, count = 0;

        if (s->seen <= ZC_SEEN_SELF)
                return own_host(j, evidence);
        if (zc_addr_class(&s->address) == ZC_ADDR_LINK)
                return SIZE_MAX;
        for (size_t i = 0; i < j->count; i++) {
                if (!j->hosts[i].facts || !json_object_get(j->hosts[i].addresses, s->text))
                        continue;
                if (strcmp(j->hosts[i].asset, asset) == 0)
                        return i;
                found = i;
                count++;
        }
        return count == 1 ? found : SIZE_MAX;
}
