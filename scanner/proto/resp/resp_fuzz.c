/** A server's bytes, whole and cut in two, through the parser and the step machine: the same answers, and nothing but text in what is kept. */
#include <stdlib.h>
#include <string.h>

#include "zc/resp.h"
#include "zc/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct zc_resp_ask in_pieces(const uint8_t *data, size_t size, size_t first)
{
        struct zc_resp_ask a = { .patience = 1 };
        uint8_t send[256];
        struct zc_rd in = { data, 0 };
        struct zc_wr out;
        enum zc_step step;
        size_t cuts[] = { first, size };

        zc_wr_init(&out, send, sizeof send);
        step = zc_resp_ask_step(&a, ZC_EV_CONNECTED, &in, &out);
        for (size_t i = 0; i < 2 && step != ZC_STEP_DONE; i++) {
                const uint8_t *from = in.p;

                in = (struct zc_rd){ from, (size_t)(data + cuts[i] - from) };
                zc_wr_init(&out, send, sizeof send);
                step = zc_resp_ask_step(&a, ZC_EV_DATA, &in, &out);
                while (step == ZC_STEP_SEND) {
                        zc_wr_init(&out, send, sizeof send);
                        step = zc_resp_ask_step(&a, ZC_EV_SENT, &in, &out);
                }
        }
        if (step != ZC_STEP_DONE)
                zc_resp_ask_step(&a, ZC_EV_EOF, &in, &out);
        return a;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_resp_ask whole = in_pieces(data, size, size);
        struct zc_resp_ask cut = in_pieces(data, size, size / 2);
        struct zc_rd in = { data, size }, value;

        if (memcmp(whole.answers, cut.answers, sizeof whole.answers) != 0 ||
            strcmp(whole.version, cut.version) != 0)
                abort();
        if (!zc_utf8_valid(whole.received, strlen(whole.received)) ||
            !zc_utf8_valid(whole.version, strlen(whole.version)))
                abort();
        if (whole.answers[ZC_RESP_INFO] == ZC_RESP_RUNS &&
            whole.answers[ZC_RESP_PING] != ZC_RESP_RUNS)
                abort();
        while (zc_resp_whole(&in, &value) == ZC_RESP_VALUE)
                if (value.n < 3 || value.p + value.n != in.p)
                        abort();
        return 0;
}
