/** Packets: what is written is read back; every truncation, length and header chain that is wrong is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "zc/packet.h"

static struct zc_addr addr(const char *text)
{
        struct zc_addr a;
        struct zc_err err;

        assert_true(zc_addr_parse(text, &a, &err));
        return a;
}

static struct zc_segment sample(bool v6)
{
        return (struct zc_segment){ .src = addr(v6 ? "2001:db8::1" : "192.0.2.1"),
                                    .dst = addr(v6 ? "2001:db8::7" : "192.0.2.7"),
                                    .sport = 61440,
                                    .dport = 443,
                                    .seq = 0x01020304,
                                    .flags = ZC_TCP_SYN };
}

static size_t written(const struct zc_segment *s, uint8_t buf[ZC_SEGMENT_MAX])
{
        struct zc_wr w;

        zc_wr_init(&w, buf, ZC_SEGMENT_MAX);
        zc_segment_write(&w, s);
        assert_false(w.failed);
        return w.len;
}

/* What a receiver would compute over header, pseudo-header and segment: 0 when the checksum is right. */
static uint16_t verified(const uint8_t *p, size_t n, bool v6)
{
        size_t header = v6 ? 40 : 20, addresses = v6 ? 8 : 12, size = v6 ? 32 : 8;
        uint32_t sum = zc_checksum_add(0, p + addresses, size) + 6 + (uint32_t)(n - header);

        return zc_checksum_end(zc_checksum_add(sum, p + header, n - header));
}

static void segments_are_read_back(void **state)
{
        (void)state;
        for (int v6 = 0; v6 < 2; v6++) {
                struct zc_segment s = sample(v6);
                struct zc_packet_seen seen;
                uint8_t buf[ZC_SEGMENT_MAX];
                size_t n = written(&s, buf);

                assert_int_equal(n, v6 ? 64 : 44);
                assert_int_equal(verified(buf, n, v6), 0);
                if (!v6)
                        assert_int_equal(zc_checksum_end(zc_checksum_add(0, buf, 20)), 0);
                assert_true(zc_packet_parse((struct zc_rd){ buf, n }, &seen));
                assert_int_equal(seen.kind, ZC_PACKET_TCP);
                assert_int_equal(zc_addr_cmp(&seen.from, &s.src), 0);
                assert_int_equal(seen.segment.sport, s.sport);
                assert_int_equal(seen.segment.dport, s.dport);
                assert_int_equal(seen.segment.seq, s.seq);
                assert_int_equal(seen.segment.flags, s.flags);
                assert_int_equal(seen.icmp_type, -1);
        }
}

static void what_is_cut_is_refused(void **state)
{
        (void)state;
        for (int v6 = 0; v6 < 2; v6++) {
                struct zc_segment s = sample(v6);
                uint8_t buf[ZC_SEGMENT_MAX];
                size_t size = written(&s, buf);

                for (size_t n = 1; n < size; n++) {
                        uint8_t *exact = memcpy(malloc(n), buf, n);
                        struct zc_packet_seen seen;

                        assert_false(zc_packet_parse((struct zc_rd){ exact, n }, &seen));
                        free(exact);
                }
        }
}

/* A byte of a good packet changed. */
static void what_is_wrong_is_refused(void **state)
{
        static const struct {
                bool v6;
                size_t at;
                uint8_t value;
                bool good;
        } rows[] = {
                { false, 0, 0x44, false },  /* a header of 16 bytes */
                { false, 0, 0x55, false },  /* version 5 */
                { false, 0, 0x4f, false },  /* options past the end */
                { false, 3, 19, false },    /* a total shorter than the header */
                { false, 3, 45, false },    /* longer than there is */
                { false, 3, 39, false },    /* that cuts the TCP header */
                { false, 7, 1, false },     /* a later fragment */
                { false, 9, 17, false },    /* UDP */
                { false, 32, 0x40, false }, /* a TCP header of 16 bytes */
                { false, 32, 0xf0, false }, /* that ends behind the packet */
                { false, 32, 0x50, true },  { true, 5, 19, false }, { true, 5, 25, false },
                { true, 6, 0, false },  /* hop-by-hop options, whose length runs out */
                { true, 6, 59, false }, /* no next header */
                { true, 52, 0x40, false },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_segment s = sample(rows[i].v6);
                struct zc_packet_seen seen;
                uint8_t buf[ZC_SEGMENT_MAX];
                size_t n = written(&s, buf);

                buf[rows[i].at] = rows[i].value;
                assert_int_equal(zc_packet_parse((struct zc_rd){ buf, n }, &seen), rows[i].good);
        }
}

static void padding_of_the_link_is_not_read(void **state)
{
        struct zc_segment s = sample(false);
        struct zc_packet_seen seen;
        uint8_t buf[ZC_SEGMENT_MAX] = { 0 };

        (void)state;
        written(&s, buf);
        assert_true(zc_packet_parse((struct zc_rd){ buf, sizeof buf }, &seen));
}

/* IPv6 headers in a row, as often as `times`; then TCP. */
static bool chained(uint8_t header, unsigned times)
{
        struct zc_segment s = sample(true);
        struct zc_packet_seen seen;
        uint8_t plain[ZC_SEGMENT_MAX], buf[256] = { 0 };
        size_t n = written(&s, plain), at = 40;

        memcpy(buf, plain, 40);
        buf[6] = times ? header : 6;
        for (unsigned i = 1; i <= times; i++, at += 8)
                buf[at] = i == times ? 6 : header;
        memcpy(buf + at, plain + 40, n - 40);
        buf[5] = (uint8_t)(at - 40 + n - 40);
        return zc_packet_parse((struct zc_rd){ buf, at + n - 40 }, &seen) &&
               seen.segment.dport == s.dport;
}

static void extension_headers_are_few(void **state)
{
        (void)state;
        assert_true(chained(0, 0));
        assert_true(chained(0, 1));   /* hop-by-hop */
        assert_true(chained(60, 3));  /* destination options */
        assert_true(chained(43, 7));  /* routing */
        assert_true(chained(44, 1));  /* the only fragment */
        assert_false(chained(60, 8)); /* so many nobody sends */
}

static void errors_say_what_they_quote(void **state)
{
        (void)state;
        for (int v6 = 0; v6 < 2; v6++) {
                struct zc_segment s = sample(v6);
                struct zc_packet_seen seen;
                uint8_t quoted[ZC_SEGMENT_MAX], buf[128] = { 0 };
                size_t header = v6 ? 40 : 20, n = written(&s, quoted),
                       all = header + 8 + header + 8;

                memcpy(buf, quoted,
                       header); /* from 192.0.2.1, about a packet from there: only the parser's matter */
                buf[v6 ? 6 : 9] = v6 ? 58 : 1;
                buf[v6 ? 5 : 3] = (uint8_t)(v6 ? 8 + header + 8 : all);
                buf[header] = v6 ? 1 : 3;
                buf[header + 1] = 1;
                memcpy(buf + header + 8, quoted, n < header + 8 ? n : header + 8);
                assert_true(zc_packet_parse((struct zc_rd){ buf, all }, &seen));
                assert_int_equal(seen.kind, ZC_PACKET_ICMP);
                assert_int_equal(seen.icmp_type, v6 ? 1 : 3);
                assert_int_equal(seen.icmp_code, 1);
                assert_int_equal(seen.segment.seq, s.seq);
                assert_int_equal(seen.segment.dport, s.dport);
                buf[v6 ? 5 : 3]--; /* less than eight bytes of the segment */
                assert_false(zc_packet_parse((struct zc_rd){ buf, all - 1 }, &seen));
                buf[v6 ? 5 : 3]++;
                buf[header] = v6 ? 128 : 8; /* an echo */
                assert_false(zc_packet_parse((struct zc_rd){ buf, all }, &seen));
        }
}

static void neighbours(void **state)
{
        static const uint8_t link[6] = { 2, 0, 0, 0, 0, 7 };
        struct zc_addr us = addr("192.0.2.1"), them = addr("192.0.2.7"),
                       six = addr("2001:db8::1:2:3");
        struct zc_packet_seen seen;
        uint8_t buf[128], to[6];
        struct zc_wr w;

        (void)state;
        zc_wr_init(&w, buf, sizeof buf);
        zc_solicit_write(&w, &us, link, &them);
        assert_int_equal(w.len, 28);
        assert_false(zc_arp_parse((struct zc_rd){ buf, w.len }, &seen)); /* a request is no reply */
        buf[7] = 2;
        assert_true(zc_arp_parse((struct zc_rd){ buf, w.len }, &seen));
        assert_memory_equal(seen.link, link, 6);
        assert_int_equal(zc_addr_cmp(&seen.from, &us), 0);
        for (size_t n = 1; n < w.len; n++)
                assert_false(zc_arp_parse((struct zc_rd){ buf, n }, &seen));
        zc_solicit_link(&six, to);
        assert_memory_equal(to, ((uint8_t[]){ 0x33, 0x33, 0xff, 2, 0, 3 }), 6);
        zc_wr_init(&w, buf, sizeof buf);
        zc_solicit_write(&w, &six, link, &six);
        assert_int_equal(w.len, 72);
        assert_int_equal(zc_checksum_end(zc_checksum_add(zc_checksum_add(0, buf + 8, 32) + 58 + 32,
                                                         buf + 40, 32)),
                         0);
        buf[40] = 136; /* as an advertisement: its option must be the target's (2) */
        assert_false(zc_packet_parse((struct zc_rd){ buf, w.len }, &seen));
        buf[64] = 2;
        assert_true(zc_packet_parse((struct zc_rd){ buf, w.len }, &seen));
        assert_int_equal(seen.kind, ZC_PACKET_NEIGHBOUR);
        assert_memory_equal(seen.link, link, 6);
        buf[65] = 0; /* an option without a length */
        assert_false(zc_packet_parse((struct zc_rd){ buf, w.len }, &seen));
        buf[65] = 1;
        buf[7] = 254; /* it came through a router */
        assert_false(zc_packet_parse((struct zc_rd){ buf, w.len }, &seen));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(segments_are_read_back),
                cmocka_unit_test(what_is_cut_is_refused),
                cmocka_unit_test(what_is_wrong_is_refused),
                cmocka_unit_test(padding_of_the_link_is_not_read),
                cmocka_unit_test(extension_headers_are_few),
                cmocka_unit_test(errors_say_what_they_quote),
                cmocka_unit_test(neighbours),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
