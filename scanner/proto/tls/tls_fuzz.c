/** Fuzz target: what a server answers. An answer does not depend on how it was cut, and its windows lie within what was given. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "zc/tls_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(struct zc_rd w, const uint8_t *scratch)
{
        if (w.n > 0 && (w.p < scratch || w.p + w.n > scratch + ZC_TLS_ANSWER_SCRATCH))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t scratch[ZC_TLS_ANSWER_SCRATCH], again[ZC_TLS_ANSWER_SCRATCH];
        struct zc_tls_answer a, b;

        zc_tls_answer_parse((struct zc_rd){ data, size }, scratch, &a);
        within(a.session, scratch);
        within(a.alpn, scratch);
        if (strlen(a.why) >= sizeof a.why)
                abort();
        if ((a.kind == ZC_TLS_ANSWER_HELLO || a.kind == ZC_TLS_ANSWER_RETRY) &&
            (a.version >> 8 != 3 || a.session.n > 32))
                abort();
        for (size_t n = 0; n < size; n += 1 + size / 16) { /* a part says the same, or not enough */
                zc_tls_answer_parse((struct zc_rd){ data, n }, again, &b);
                if (b.kind != ZC_TLS_ANSWER_MORE &&
                    (b.kind != a.kind || b.version != a.version || b.alert != a.alert))
                        abort();
        }
        return 0;
}
