/** Unions of ranges. Pure. */
#include "cover.h"

#include <stdlib.h>
#include <string.h>

#define RANGES_MAX 65536

void fw_cover_add(struct fw_cover *c, enum fw_field dim, const struct fw_range *range)
{
        size_t count = c->dims[dim].count, cap = c->dims[dim].cap;

        if (memcmp(range->lo, range->hi, FW_KEY) > 0)
                return; /* no packet at all */
        if (count == cap) {
                size_t wanted = cap ? cap * 2 : 16;
                struct fw_range *p = wanted > RANGES_MAX
                                             ? NULL
                                             : realloc(c->dims[dim].ranges, wanted * sizeof *p);

                if (!p) {
                        c->lost = true;
                        return;
                }
                c->dims[dim].ranges = p;
                c->dims[dim].cap = wanted;
        }
        c->dims[dim].ranges[c->dims[dim].count++] = *range;
}

void fw_cover_merge(struct fw_cover *to, const struct fw_cover *from)
{
        for (int d = 0; d < FW_DIMS; d++) {
                for (size_t i = 0; i < from->dims[d].count; i++)
                        fw_cover_add(to, (enum fw_field)d, &from->dims[d].ranges[i]);
        }
        to->lost |= from->lost;
}

bool fw_cover_empty(const struct fw_cover *c)
{
        for (int d = 0; d < FW_DIMS; d++) {
                if (c->dims[d].count > 0)
                        return false;
        }
        return !c->lost;
}

/** What no public peer sends from, and port 0: by first bytes, both ends. */
static const struct {
        enum fw_field dim;
        uint8_t lo[2], hi[2];
} outside[] = {
        { FW_SPORT, { 0, 0 }, { 0, 0 } },           { FW_DPORT, { 0, 0 }, { 0, 0 } },
        { FW_SADDR4, { 0, 0 }, { 0, 255 } },        { FW_SADDR4, { 10, 0 }, { 10, 255 } },
        { FW_SADDR4, { 127, 0 }, { 127, 255 } },    { FW_SADDR4, { 169, 254 }, { 169, 254 } },
        { FW_SADDR4, { 172, 16 }, { 172, 31 } },    { FW_SADDR4, { 192, 168 }, { 192, 168 } },
        { FW_SADDR4, { 224, 0 }, { 255, 255 } },    { FW_SADDR6, { 0, 0 }, { 0x1f, 255 } },
        { FW_SADDR6, { 0x40, 0 }, { 0xff, 0xff } },
};

static int by_start(const void *a, const void *b)
{
        return memcmp(a, b, FW_KEY);
}

/** The next higher key; false beyond the last. */
static bool next_key(uint8_t *key)
{
        for (size_t i = FW_KEY; i-- > 0;) {
                if (++key[i] != 0)
                        return true;
        }
        return false;
}

static bool full(struct fw_range *ranges, size_t count)
{
        uint8_t next[FW_KEY] = { 0 };

        qsort(ranges, count, sizeof *ranges, by_start);
        for (size_t i = 0; i < count; i++) {
                if (memcmp(ranges[i].lo, next, FW_KEY) > 0)
                        return false;
                if (memcmp(ranges[i].hi, next, FW_KEY) < 0)
                        continue;
                memcpy(next, ranges[i].hi, FW_KEY);
                if (!next_key(next))
                        return true;
        }
        return false;
}

bool fw_cover_full(struct fw_cover *c)
{
        for (size_t i = 0; i < ZC_COUNT(outside); i++) {
                struct fw_range r;

                if (c->dims[outside[i].dim].count == 0)
                        continue;
                memset(r.lo, 0, FW_KEY);
                memset(r.hi, 0xff, FW_KEY);
                memcpy(r.lo, outside[i].lo, 2);
                memcpy(r.hi, outside[i].hi, 2);
                fw_cover_add(c, outside[i].dim, &r);
        }
        for (int d = 0; d < FW_DIMS; d++) {
                if (c->dims[d].count > 0 && full(c->dims[d].ranges, c->dims[d].count))
                        return true;
        }
        return c->lost;
}

void fw_cover_release(struct fw_cover *c)
{
        for (int d = 0; d < FW_DIMS; d++)
                free(c->dims[d].ranges);
        memset(c, 0, sizeof *c);
}
