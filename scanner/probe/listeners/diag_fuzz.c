/** Any bytes as a socket: refused or read, and an address that is read can be written. */
#include <stdlib.h>

#include "diag_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_err err = { 0 };
        struct zc_diag d;
        char text[ZC_ADDR_LEN];

        if (!zc_diag_parse((struct zc_rd){ data, size }, &d, &err)) {
                if (err.code != ZC_E_MALFORMED)
                        abort();
                return 0;
        }
        if (size < 72 || (d.v6only && !d.has_v6only))
                abort();
        zc_addr_format(&d.addr, text);
        return 0;
}
