/** Messages, acknowledgements and attributes of any bytes: windows stay inside, and the walk always ends. */
#include <stdlib.h>

#include "zc/netlink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(struct zc_rd attrs, unsigned depth)
{
        struct zc_rd value;
        uint16_t type;
        bool bad = false;
        size_t before = attrs.n;

        while (zc_nla_next(&attrs, &type, &value, &bad)) {
                struct zc_rd text = zc_nla_text(value);

                if (attrs.n >= before || value.n >= before || text.n > value.n || (type & 0xc000))
                        abort();
                before = attrs.n;
                if (depth > 0)
                        walk(value, depth - 1);
        }
        if (bad != (attrs.n > 0))
                abort();
}

static bool take(void *ctx, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        (void)ctx;
        (void)type;
        (void)err;
        walk(payload, 4);
        return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_nl_answer a = { .seq = 1, .portid = 2, .fn = take };
        struct zc_rd in = { data, size };
        struct zc_err err = { 0 };
        struct zc_nlmsg m;
        bool bad = false;

        while (zc_nlmsg_next(&in, &m, &bad)) {
                struct zc_nlack ack;

                if (zc_nlack_parse(&m, &ack) && ack.words.n > m.payload.n)
                        abort();
                walk(m.payload, 4);
        }
        zc_nl_feed(&a, (struct zc_rd){ data, size }, &err);
        if (a.failed && err.code == ZC_OK)
                abort();
        return 0;
}
