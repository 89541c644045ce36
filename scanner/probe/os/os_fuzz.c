/** Any bytes as os-release: keys are names inside it, values are no longer than their line, and the walk ends. */
#include <stdlib.h>

#include "os_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_rd in = { data, size };
        struct zc_text value;
        struct zc_rd key;
        size_t before = size + 1;

        zc_text_init(&value, 1 << 16);
        while (zc_os_release_next(&in, &key, &value)) {
                if (in.n >= before || key.n == 0 || key.p < data || key.p + key.n > data + size)
                        abort();
                if (value.len > before - in.n)
                        abort();
                before = in.n;
        }
        zc_text_release(&value);
        return 0;
}
