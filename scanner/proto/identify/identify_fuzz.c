/** Any bytes, after any question: a verdict that more bytes and their end do not contradict. */
#include <stdlib.h>
#include <string.h>

#include "zc/identify.h"
#include "zc/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Text that may stand in a document: ended, and UTF-8. */
static void detail(struct zc_rd in, enum zc_asked asked, const char *service)
{
        struct zc_said said;

        zc_identify_detail(in, asked, service, &said);
        if (!zc_utf8_valid(said.product, strnlen(said.product, sizeof said.product)) ||
            !zc_utf8_valid(said.version, strnlen(said.version, sizeof said.version)) ||
            strnlen(said.product, sizeof said.product) == sizeof said.product)
                abort();
        (void)zc_identify_wants(in, asked, service);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_rd in = { data, size };
        enum zc_asked asked;
        uint8_t which;

        if (!zc_rd_u8(&in, &which))
                return 0;
        asked = which % ZC_ASKED_COUNT;
        for (int whole = 0; whole <= 1; whole++) {
                const char *name = NULL;
                enum zc_told t = zc_identify_bytes(in, asked, whole, &name);

                if ((t == ZC_TOLD_SERVICE) != (name != NULL) || (whole && t == ZC_TOLD_MORE))
                        abort();
                if (name)
                        detail(in, asked, name);
        }
        if (in.n >
            0) { /* what is told of a beginning without an end in sight may not need more than is there */
                const char *early = NULL, *late = NULL;
                enum zc_told t = zc_identify_bytes(in, asked, false, &early);

                if (t == ZC_TOLD_SERVICE &&
                    (zc_identify_bytes(in, asked, true, &late) != ZC_TOLD_SERVICE ||
                     strcmp(early, late) != 0))
                        abort();
        }
        return 0;
}
