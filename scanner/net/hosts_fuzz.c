/** Fuzz target: a hosts file, asked for a name: the first line. What comes back is sorted, unique and bounded. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "zc/resolve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_rd file = { data, size }, line;
        struct zc_addrs found = { 0 };
        char name[256];

        if (!zc_rd_line(&file, &line) || line.n >= sizeof name)
                return 0;
        memcpy(name, line.p, line.n);
        name[line.n] = '\0';
        zc_hosts_find(file, name, &found);
        if (found.count > ZC_RESOLVE_MAX)
                abort();
        for (size_t i = 1; i < found.count; i++)
                if (zc_addr_cmp(&found.list[i - 1], &found.list[i]) >= 0)
                        abort();
        return 0;
}
