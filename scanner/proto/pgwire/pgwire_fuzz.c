/** A server's bytes, whole and cut in two, through the step machine: the same answer, and nothing but text in what is kept. */
#include <stdlib.h>
#include <string.h>

#include "zc/pgwire.h"
#include "zc/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct zc_pg_ask ask_in_pieces(const uint8_t *data, size_t size, size_t first)
{
        struct zc_pg_ask a = { .user = "u", .database = "d" };
        uint8_t send[512];
        struct zc_rd in = { data, 0 };
        struct zc_wr out;
        enum zc_step step;
        size_t cuts[] = { first, size };

        zc_wr_init(&out, send, sizeof send);
        step = zc_pg_ask_step(&a, ZC_EV_CONNECTED, &in, &out);
        for (size_t i = 0; i < 2 && step != ZC_STEP_DONE; i++) {
                const uint8_t *from = in.p;

                in = (struct zc_rd){ from, (size_t)(data + cuts[i] - from) };
                zc_wr_init(&out, send, sizeof send);
                step = zc_pg_ask_step(&a, ZC_EV_DATA, &in, &out);
                if (step == ZC_STEP_SEND)
                        step = zc_pg_ask_step(&a, ZC_EV_SENT, &in, &out);
        }
        if (step != ZC_STEP_DONE)
                zc_pg_ask_step(&a, ZC_EV_EOF, &in, &out);
        return a;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_pg_ask whole = ask_in_pieces(data, size, size);
        struct zc_pg_ask cut = ask_in_pieces(data, size, size / 2);

        if (whole.answer != cut.answer || whole.auth != cut.auth ||
            strcmp(whole.sqlstate, cut.sqlstate) != 0)
                abort();
        if (!zc_utf8_valid(whole.message, strlen(whole.message)) ||
            !zc_utf8_valid(whole.received, strlen(whole.received)))
                abort();
        if (whole.answer == ZC_PG_READY && !strstr(whole.received, "R 0"))
                abort(); /* nobody is in without having been let in */
        return 0;
}
