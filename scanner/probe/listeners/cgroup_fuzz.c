/** Any text as /proc/PID/cgroup: what is found lies inside it and holds no slash. */
#include <stdlib.h>
#include <string.h>

#include "cgroup_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct zc_rd w, const uint8_t *data, size_t size)
{
        if (w.n > 0 && (w.p < data || w.p + w.n > data + size || memchr(w.p, '/', w.n) ||
                        memchr(w.p, '\n', w.n)))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_cgroup c;

        zc_cgroup_parse((struct zc_rd){ data, size }, &c);
        check(c.unit, data, size);
        check(c.container, data, size);
        if ((c.runtime != NULL) != (c.container.n > 0))
                abort();
        return 0;
}
