/** The table of interface names. See zone.h. */
#include "zone.h"

#include <pthread.h>
#include <string.h>

#define ZONES 256u
#define NOT_HERE 0x80000000u

static struct {
        pthread_mutex_t lock;
        struct {
                uint32_t zone;
                char name[IF_NAMESIZE];
        } list[ZONES];
        unsigned n;
} zones = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* With the lock held. */
static bool add(uint32_t zone, const char *name)
{
        if (zones.n == ZONES)
                return false;
        zones.list[zones.n].zone = zone;
        strncpy(zones.list[zones.n].name, name, IF_NAMESIZE - 1); /* the table began as zeros */
        zones.n++;
        return true;
}

bool zone_of_name(const char *name, uint32_t *zone)
{
        bool ok = false;
        uint32_t index;

        pthread_mutex_lock(&zones.lock);
        for (unsigned i = 0; i < zones.n && !ok; i++) {
                if (strcmp(zones.list[i].name, name) == 0) {
                        *zone = zones.list[i].zone;
                        ok = true;
                }
        }
        if (!ok) {
                index = if_nametoindex(name);
                *zone = index ? index : NOT_HERE | zones.n;
                ok = add(*zone, name);
        }
        pthread_mutex_unlock(&zones.lock);
        return ok;
}

bool zone_name(uint32_t zone, char out[IF_NAMESIZE])
{
        bool ok = false;

        pthread_mutex_lock(&zones.lock);
        for (unsigned i = 0; i < zones.n && !ok; i++) {
                if (zones.list[i].zone == zone) {
                        memcpy(out, zones.list[i].name, IF_NAMESIZE);
                        ok = true;
                }
        }
        if (!ok && !(zone & NOT_HERE) && if_indextoname(zone, out)) {
                (void)add(zone, out);
                ok = true;
        }
        pthread_mutex_unlock(&zones.lock);
        return ok;
}

bool zone_is_here(uint32_t zone)
{
        char name[IF_NAMESIZE];

        return !(zone & NOT_HERE) && zone_name(zone, name);
}
