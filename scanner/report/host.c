/** Whose names are whose: vantages by the name people gave them, and the machine that is known by itself and by its addresses. */
#include <string.h>

#include "page.h"
#include "view.h"
#include "zc/addr.h"

#define MACHINE_ID_LEN 32u

/** An id that nobody chose: the machine's own. People know such a machine by its host name. */
static bool is_machine_id(const char *id)
{
        return strlen(id) == MACHINE_ID_LEN && strspn(id, "0123456789abcdef") == MACHINE_ID_LEN;
}

const char *page_run_name(const json_t *run)
{
        const char *id = zc_json_str(run, "vantage.id", "");

        return *id && !is_machine_id(id) ? id
                                         : zc_json_str(run, "vantage.hostname", *id ? id : "?");
}

const char *page_vantage(const json_t *report, const char *id)
{
        const json_t *run;
        size_t i;

        json_array_foreach (json_object_get(report, "runs"), i, run) {
                if (strcmp(zc_json_str(run, "vantage.id", ""), id) == 0)
                        return page_run_name(run);
        }
        return NULL;
}

const char *page_own(const json_t *run)
{
        const json_t *target;
        size_t i;

        json_array_foreach (json_object_get(run, "targets"), i, target) {
                const char *id = zc_json_str(target, "id", "");

                if (strcmp(zc_json_str(target, "named", ""), "local") == 0 && *id)
                        return id;
        }
        return zc_json_str(run, "vantage.id", "");
}

static bool holds(const json_t *run, const char *asset)
{
        const json_t *address;
        size_t i;

        json_array_foreach (zc_json_at(run, "vantage.addresses"), i, address) {
                if (json_is_string(address) && strcmp(json_string_value(address), asset) == 0)
                        return true;
        }
        return false;
}

/** Every machine has these, each its own. */
static bool is_everyones(const char *asset)
{
        struct zc_addr a = { 0 };
        struct zc_err ignored = { 0 };

        if (!zc_addr_parse(asset, &a, &ignored))
                return false;
        switch (zc_addr_class(&a)) {
        case ZC_ADDR_LOOPBACK:
        case ZC_ADDR_LINK:
                return true;
        default:
                return false;
        }
}

const char *page_self(const json_t *report, const char *asset)
{
        const char *self = NULL, *only = NULL;
        const json_t *run;
        bool several = false, two = false;
        size_t i;

        json_array_foreach (json_object_get(report, "runs"), i, run) {
                const char *own = page_own(run);

                if (strcmp(own, asset) == 0)
                        return own;
                several = several || (only && strcmp(only, own) != 0);
                only = own;
                if (!holds(run, asset))
                        continue;
                two = two || (self && strcmp(self, own) != 0);
                self = own;
        }
        /* two machines with one address: nothing says which of them it was */
        return two || (several && is_everyones(asset)) ? NULL : self;
}

json_t *page_hosts(const json_t *report)
{
        json_auto_t *assets = json_object();
        json_auto_t *hosts = json_object();
        const json_t *v;
        const char *asset;
        json_t *none;
        size_t i;

        json_array_foreach (json_object_get(report, "assets"), i, v) {
                if (json_is_string(v))
                        json_object_set_new(assets, json_string_value(v), json_null());
        }
        json_object_foreach (assets, asset, none) {
                const char *self = page_self(report, asset);

                json_object_set_new(hosts, self && json_object_get(assets, self) ? self : asset,
                                    json_null());
        }
        return json_incref(hosts);
}

bool page_many_hosts(const json_t *report)
{
        json_auto_t *hosts = page_hosts(report);

        return json_object_size(hosts) > 1;
}
