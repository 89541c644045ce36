/** Any text as /etc/passwd: names lie inside it, hold no colon, and the walk ends. */
#include <stdlib.h>
#include <string.h>

#include "passwd_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_rd in = { data, size };
        struct zc_rd name;
        uint32_t uid;
        size_t before = size + 1;

        while (zc_passwd_next(&in, &name, &uid)) {
                if (in.n >= before || name.n == 0 || name.p < data ||
                    name.p + name.n > data + size || memchr(name.p, ':', name.n))
                        abort();
                before = in.n;
        }
        return 0;
}
