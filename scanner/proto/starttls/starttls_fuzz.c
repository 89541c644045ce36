/** Fuzz target: the replies that come before TLS. What is consumed was there, and half a reply consumes nothing. */
#include <stdint.h>
#include <stdlib.h>

#include "zc/starttls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The whole preamble, its bytes given in two parts: the result must not depend on where they are cut. */
static enum zc_starttls_result converse(const char *service, struct zc_rd all, size_t cut)
{
        struct zc_rd in = { all.p, cut };
        struct zc_starttls s;
        uint8_t buf[256];
        struct zc_wr out;
        enum zc_event ev = ZC_EV_CONNECTED;
        size_t shown = cut, used;

        zc_starttls_init(&s, zc_starttls_find(service));
        for (unsigned i = 0; i < 32; i++) {
                enum zc_step step;

                zc_wr_init(&out, buf, sizeof buf);
                step = zc_starttls_step(&s, ev, &in, &out);
                if (out.failed)
                        abort();
                if (step == ZC_STEP_DONE)
                        return s.result;
                used = (size_t)(in.p - all.p);
                ev = step == ZC_STEP_SEND ? ZC_EV_SENT : shown < all.n ? ZC_EV_DATA : ZC_EV_EOF;
                if (step == ZC_STEP_MORE)
                        shown = all.n;
                in = (struct zc_rd){ all.p + used, shown - used };
        }
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const services[] = { "postgresql", "smtp" };
        struct zc_rd in = { data, size };
        struct zc_smtp_reply r;

        if (zc_smtp_reply_parse(&in, &r) == ZC_REPLY_DONE) {
                if (in.n >= size || r.lines == 0 || r.code < 200 || r.code > 599)
                        abort();
        } else if (in.n != size) {
                abort();
        }
        for (size_t i = 0; i < ZC_COUNT(services); i++) {
                struct zc_rd all = { data, size };

                if (converse(services[i], all, size) != converse(services[i], all, size / 2))
                        abort();
        }
        return 0;
}
