/** Netlink: the wire with every length wrong, answers fed by hand, and the real kernel where no privilege is needed. */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "zc/netlink.h"

struct bytes {
        uint8_t p[512];
        size_t n;
};

static void put(struct bytes *b, const void *p, size_t n)
{
        memcpy(b->p + b->n, p, n);
        b->n += n;
        while (b->n % 4)
                b->p[b->n++] = 0;
}

static void put_attr(struct bytes *b, uint16_t type, const void *p, uint16_t n)
{
        uint16_t head[2] = { (uint16_t)(n + 4), type };

        put(b, head, sizeof head);
        put(b, p, n);
}

static void put_msg(struct bytes *b, uint16_t type, uint16_t flags, uint32_t seq,
                    const struct bytes *body)
{
        struct nlmsghdr h = {
                .nlmsg_len = (uint32_t)(sizeof h + body->n),
                .nlmsg_type = type,
                .nlmsg_flags = flags,
                .nlmsg_seq = seq,
                .nlmsg_pid = 7,
        };

        put(b, &h, sizeof h);
        put(b, body->p, body->n);
}

static void test_attributes(void **state)
{
        static const struct {
                const char *name;
                uint8_t bytes[12];
                size_t n;
                unsigned count;
                bool bad;
        } rows[] = {
                { "nothing", { 0 }, 0, 0, false },
                { "one, empty", { 4, 0, 1, 0 }, 4, 1, false },
                { "one, padded", { 5, 0, 1, 0, 9, 0, 0, 0 }, 8, 1, false },
                { "the last one's padding missing", { 5, 0, 1, 0, 9 }, 5, 1, false },
                { "two", { 5, 0, 1, 0, 9, 0, 0, 0, 4, 0, 2, 0 }, 12, 2, false },
                { "half a header", { 4, 0, 1 }, 3, 0, true },
                { "length 0", { 0, 0, 1, 0 }, 4, 0, true },
                { "length 3", { 3, 0, 1, 0 }, 4, 0, true },
                { "length over the end", { 9, 0, 1, 0, 1, 2, 3, 4 }, 8, 0, true },
                { "length max", { 0xff, 0xff, 1, 0, 1, 2, 3, 4 }, 8, 0, true },
                { "rubbish behind", { 4, 0, 1, 0, 1 }, 5, 1, true },
        };

        (void)state;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                uint8_t *exact = malloc(rows[i].n + (rows[i].n == 0));
                struct zc_rd in = { exact, rows[i].n };
                struct zc_rd value;
                uint16_t type;
                unsigned count = 0;
                bool bad = true;

                memcpy(exact, rows[i].bytes, rows[i].n);
                while (zc_nla_next(&in, &type, &value, &bad))
                        count++;
                if (count != rows[i].count || bad != rows[i].bad)
                        fail_msg("%s: %u attributes, bad %d", rows[i].name, count, bad);
                free(exact);
        }
}

static void test_attribute_values(void **state)
{
        static const uint8_t n8[8] = { 0, 0, 0, 0, 0, 0, 1, 2 };
        struct zc_rd in = { (const uint8_t *)"\x0c\x00\x01\xc0\x00\x00\x00\x00\x00\x00\x01\x02",
                            12 };
        struct zc_rd value;
        uint64_t v64;
        uint32_t v32;
        uint16_t type;
        uint8_t v8;
        bool bad;

        (void)state;
        assert_true(zc_nla_next(&in, &type, &value, &bad));
        assert_int_equal(type, 1); /* without NESTED and NET_BYTEORDER */
        assert_true(zc_nla_be64(value, &v64));
        assert_int_equal(v64, 0x102);
        assert_false(zc_nla_be32(value, &v32));
        assert_false(zc_nla_u32(value, &v32));
        assert_true(zc_nla_be32((struct zc_rd){ n8 + 4, 4 }, &v32));
        assert_int_equal(v32, 0x102);
        assert_true(zc_nla_u8((struct zc_rd){ n8 + 7, 1 }, &v8));
        assert_int_equal(v8, 2);
        assert_false(zc_nla_u8(value, &v8));
        assert_int_equal(zc_nla_text((struct zc_rd){ (const uint8_t *)"ab\0c", 4 }).n, 2);
        assert_int_equal(zc_nla_text((struct zc_rd){ (const uint8_t *)"abc", 3 }).n, 3);
}

struct seen {
        unsigned messages, restarts;
        uint16_t last;
        bool refuse;
};

static bool see(void *ctx, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        struct seen *s = ctx;

        (void)payload;
        s->messages++;
        s->last = type;
        return s->refuse ? zc_fail(err, ZC_E_LIMIT, "enough") : true;
}

static void see_again(void *ctx)
{
        struct seen *s = ctx;

        s->restarts++;
        s->messages = 0;
}

static struct bytes errno_body(int error)
{
        struct bytes b = { 0 };
        int32_t raw = -error;

        put(&b, &raw, sizeof raw);
        return b;
}

static void test_answers(void **state)
{
        struct bytes none = { 0 };
        struct bytes ok = errno_body(0);
        struct bytes intr = errno_body(EINTR);
        struct bytes perm = errno_body(EPERM);
        struct bytes positive = errno_body(-1);
        const struct {
                const char *name;
                struct {
                        uint16_t type, flags;
                        uint32_t seq;
                        const struct bytes *body;
                } m[3];
                unsigned messages;
                bool over, interrupted, failed;
                enum zc_code code;
        } rows[] = {
                { "a dump",
                  { { 20, NLM_F_MULTI, 1, &none }, { NLMSG_DONE, 0, 1, &ok } },
                  1,
                  true,
                  false,
                  false,
                  ZC_OK },
                { "done without a word",
                  { { NLMSG_DONE, 0, 1, &none } },
                  0,
                  true,
                  false,
                  false,
                  ZC_OK },
                { "not over",
                  { { 20, 0, 1, &none }, { NLMSG_NOOP, 0, 1, &none } },
                  1,
                  false,
                  false,
                  false,
                  ZC_OK },
                { "acknowledged",
                  { { 20, 0, 1, &none }, { NLMSG_ERROR, 0, 1, &ok } },
                  1,
                  true,
                  false,
                  false,
                  ZC_OK },
                { "a stale answer",
                  { { 20, 0, 9, &none }, { NLMSG_DONE, 0, 9, &ok } },
                  0,
                  false,
                  false,
                  false,
                  ZC_OK },
                { "changed under way",
                  { { 20, NLM_F_DUMP_INTR, 1, &none },
                    { 20, 0, 1, &none },
                    { NLMSG_DONE, 0, 1, &ok } },
                  0,
                  true,
                  true,
                  false,
                  ZC_OK },
                { "changed at the end",
                  { { 20, 0, 1, &none }, { NLMSG_DONE, NLM_F_DUMP_INTR, 1, &ok } },
                  1,
                  true,
                  true,
                  false,
                  ZC_OK },
                { "EINTR",
                  { { 20, 0, 1, &none }, { NLMSG_DONE, 0, 1, &intr } },
                  1,
                  true,
                  true,
                  false,
                  ZC_OK },
                { "denied", { { NLMSG_ERROR, 0, 1, &perm } }, 0, true, false, true, ZC_E_DENIED },
                { "a positive errno",
                  { { NLMSG_ERROR, 0, 1, &positive } },
                  0,
                  true,
                  false,
                  true,
                  ZC_E_MALFORMED },
                { "an error without errno",
                  { { NLMSG_ERROR, 0, 1, &none } },
                  0,
                  true,
                  false,
                  true,
                  ZC_E_MALFORMED },
        };

        (void)state;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct bytes b = { 0 };
                struct seen seen = { 0 };
                struct zc_nl_answer a = { .seq = 1, .portid = 7, .fn = see, .ctx = &seen };
                struct zc_err err = { 0 };

                for (size_t j = 0; j < 3 && rows[i].m[j].body; j++)
                        put_msg(&b, rows[i].m[j].type, rows[i].m[j].flags, rows[i].m[j].seq,
                                rows[i].m[j].body);
                zc_nl_feed(&a, (struct zc_rd){ b.p, b.n }, &err);
                if (seen.messages != rows[i].messages || a.over != rows[i].over ||
                    a.interrupted != rows[i].interrupted || a.failed != rows[i].failed ||
                    err.code != rows[i].code)
                        fail_msg("%s: %u messages, over %d, interrupted %d, failed %d: %s",
                                 rows[i].name, seen.messages, a.over, a.interrupted, a.failed,
                                 err.text);
        }
}

/** The kernel's own words, with the request repeated whole, capped, or (at the end of a dump) not at all. */
static void test_words(void **state)
{
        static const struct {
                uint16_t type, flags;
                uint32_t request;
        } rows[] = {
                { NLMSG_ERROR, NLM_F_ACK_TLVS | NLM_F_CAPPED, 40 },
                { NLMSG_ERROR, NLM_F_ACK_TLVS, 40 },
                { NLMSG_DONE, NLM_F_ACK_TLVS, 0 },
        };

        (void)state;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct nlmsghdr req = { .nlmsg_len = rows[i].request };
                uint8_t rest[24] = { 0 };
                struct bytes body = errno_body(EINVAL);
                struct bytes b = { 0 };
                struct zc_nl_answer a = { .seq = 1, .portid = 7 };
                struct zc_err err = { 0 };

                if (rows[i].request)
                        put(&body, &req, sizeof req);
                if (rows[i].request && !(rows[i].flags & NLM_F_CAPPED))
                        put(&body, rest, sizeof rest);
                put_attr(&body, NLMSGERR_ATTR_MSG, "no \x1b[1mway", 10);
                put_msg(&b, rows[i].type, rows[i].flags, 1, &body);
                zc_nl_feed(&a, (struct zc_rd){ b.p, b.n }, &err);
                assert_true(a.failed);
                assert_string_equal(err.text,
                                    "the kernel refuses: no \\u{1b}[1mway (Invalid argument)");
                assert_int_equal(err.sys, EINVAL);
                for (size_t n = 1; n < b.n; n++) { /* every truncation is refused */
                        uint8_t *exact = memcpy(malloc(n), b.p, n);

                        a = (struct zc_nl_answer){ .seq = 1, .portid = 7 };
                        err = (struct zc_err){ 0 };
                        zc_nl_feed(&a, (struct zc_rd){ exact, n }, &err);
                        if (n < b.n - 2) /* the last padding may be missing */
                                assert_int_equal(err.code, ZC_E_MALFORMED);
                        free(exact);
                }
                for (uint32_t n = 0; n < 2; n++) { /* the message's length at 0 and at its most */
                        uint8_t *exact = memcpy(malloc(b.n), b.p, b.n);

                        memset(exact, n ? 0xff : 0, 4);
                        a = (struct zc_nl_answer){ .seq = 1, .portid = 7 };
                        zc_nl_feed(&a, (struct zc_rd){ exact, b.n }, &err);
                        assert_int_equal(err.code, ZC_E_MALFORMED);
                        free(exact);
                }
        }
}

static void test_kernel(void **state)
{
        __attribute__((cleanup(zc_nl_freep))) struct zc_nl *nl = NULL;
        uint8_t buf[256];
        struct seen seen = { 0 };
        struct zc_err err = { 0 };
        void *body;
        struct nlmsghdr *req;

        (void)state;
        assert_true(zc_nl_open(NETLINK_ROUTE, &nl, &err));
        for (int i = 0; i < 3;
             i++) { /* the socket serves again after an answer was refused, and after an error */
                seen = (struct seen){ .refuse = i == 1 };
                req = zc_nl_message(buf, RTM_GETLINK, NLM_F_DUMP, sizeof(struct ifinfomsg), &body);
                assert_int_equal(zc_nl_request(nl, req, see, see_again, &seen, &err), i != 1);
                assert_true(seen.messages >= 1); /* lo */
                assert_int_equal(seen.last, RTM_NEWLINK);
                assert_int_equal(err.code, i == 0 ? ZC_OK : i == 1 ? ZC_E_LIMIT : err.code);
                seen = (struct seen){ 0 };
                req = zc_nl_message(buf, RTM_GETLINK, 0, sizeof(struct ifinfomsg), &body);
                ((struct ifinfomsg *)body)->ifi_index = 0x7ffffff0;
                assert_false(zc_nl_request(nl, req, see, NULL, &seen, &err));
                assert_int_equal(err.sys, ENODEV);
                assert_int_equal(err.code, ZC_E_IO);
        }
        assert_int_equal(seen.restarts, 0);
}

static void test_no_such_protocol(void **state)
{
        struct zc_nl *nl = NULL;
        struct zc_err err = { 0 };

        (void)state;
        assert_false(zc_nl_open(31, &nl, &err));
        assert_int_equal(err.code, ZC_E_UNSUPPORTED);
        assert_null(nl);
        zc_nl_close(NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_attributes), cmocka_unit_test(test_attribute_values),
                cmocka_unit_test(test_answers),    cmocka_unit_test(test_words),
                cmocka_unit_test(test_kernel),     cmocka_unit_test(test_no_such_protocol),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
