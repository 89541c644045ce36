/** Any datagram at any port: read, and what it tells is text that may stand in a document. */
#include <stdlib.h>
#include <string.h>

#include "zc/text.h"
#include "zc/udp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_rd in = { data, size };
        const struct zc_udp_row *row;
        struct zc_said said = { 0 };
        uint8_t which;

        if (!zc_rd_u8(&in, &which))
                return 0;
        row = &zc_udp_rows[which % zc_udp_row_count];
        if (row->read && !row->read(in))
                return 0;
        if (row->detail)
                row->detail(in, &said);
        if (strnlen(said.product, ZC_SAID_LEN) == ZC_SAID_LEN ||
            !zc_utf8_valid(said.product, strlen(said.product)) ||
            !zc_utf8_valid(said.version, strlen(said.version)))
                abort();
        return 0;
}
