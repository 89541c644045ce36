/** Lines of `reach --packets`: what is taken, what is refused and with which words, and every truncation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../scanner/cli/reach_wire.h"

static const struct zc_fw_interface interfaces[] = { { .index = 1, .name = "lo" }, { .index = 7, .name = "eth0" } };
static const struct zc_fw_host host = { .interfaces = interfaces, .interface_count = 2 };

#define HEAD "{\"iif\":\"eth0\",\"family\":\"ip\",\"protocol\":\"tcp\",\"saddr\":\"203.0.113.9\",\"daddr\":\"10.0.0.1\",\"sport\":40000,\"dport\":22"
#define ICMP "{\"iif\":\"lo\",\"family\":\"ip6\",\"protocol\":\"icmpv6\",\"saddr\":\"2001:db8::1\",\"daddr\":\"::1\""

static bool parse(const char *s, size_t n, struct zc_fw_packet *p, struct zc_err *err)
{
        uint8_t *exact = malloc(n ? n : 1);
        struct zc_reach_memory memory = { .iif = NULL };
        bool ok;

        assert_non_null(exact);
        memcpy(exact, s, n);
        ok = zc_reach_line((struct zc_rd){ exact, n }, &host, &memory, p, err);
        free(exact);
        return ok;
}

static void test_taken(void **state)
{
        struct zc_fw_packet p;
        struct zc_err err = { 0 };
        const char *all = HEAD ",\"flags\":\"syn,ack\",\"ct\":\"established\",\"mark\":4294967295,\"ttl\":0,\"tos\":255,\"length\":65535,\"pkttype\":\"multicast\" } \r";

        (void)state;
        assert_true(parse(HEAD "}", strlen(HEAD "}"), &p, &err));
        assert_int_equal(p.iif, 7);
        assert_int_equal(p.family, ZC_FW_IP);
        assert_int_equal(p.protocol, 6);
        assert_memory_equal(p.saddr, "\xcb\x00\x71\x09", 4);
        assert_memory_equal(p.daddr, "\x0a\x00\x00\x01", 4);
        assert_int_equal(p.sport, 40000);
        assert_int_equal(p.dport, 22);
        assert_int_equal(p.flags, 2);
        assert_int_equal(p.ct, ZC_FW_CT_NEW);
        assert_int_equal(p.ttl, 64);
        assert_int_equal(p.known, ZC_FW_KNOWN_ALL);
        assert_true(parse(all, strlen(all), &p, &err));
        assert_int_equal(p.flags, 18);
        assert_int_equal(p.ct, ZC_FW_CT_ESTABLISHED);
        assert_true(p.mark == UINT32_MAX && p.ttl == 0 && p.tos == 255 && p.length == 65535 && p.pkttype == 2);
        assert_true(parse(ICMP "}", strlen(ICMP "}"), &p, &err));
        assert_int_equal(p.type, 128);
        assert_true(parse(ICMP ",\"type\":135,\"code\":1}", strlen(ICMP ",\"type\":135,\"code\":1}"), &p, &err));
        assert_true(p.type == 135 && p.code == 1);
        assert_int_equal(p.saddr[15], 1);
}

static const struct {
        const char *line, *says;
} refused[] = {
        { "", "column 1: expected an object" },
        { "[]", "column 1: expected an object" },
        { "{}", "\"iif\" is missing" },
        { HEAD "} x", "expected nothing after the object" },
        { HEAD ",}", "expected a member's name in quotes" },
        { HEAD " \"ttl\":1}", "expected a comma or the closing brace" },
        { HEAD ",\"ttl\" 1}", "expected a colon" },
        { HEAD ",\"ttl\":1,\"ttl\":2}", "ttl stands there twice" },
        { HEAD ",\"tll\":1}", "there is no \"tll\"; did you mean \"ttl\"?" },
        { HEAD ",\"colour\":1}", "there is no \"colour\" (iif, family" },
        { HEAD ",\"ttl\":256}", "ttl: expected at most 255" },
        { HEAD ",\"ttl\":-1}", "expected a string or a number" },
        { HEAD ",\"ttl\":1.5}", "expected a whole number" },
        { HEAD ",\"ttl\":01}", "expected no leading zero" },
        { HEAD ",\"ttl\":\"1\"}", "ttl: expected a number" },
        { HEAD ",\"ct\":1}", "ct: expected a string" },
        { HEAD ",\"ct\":\"NEW\"}", "\"NEW\" is no state of a connection: new, established" },
        { HEAD ",\"flags\":\"syn,x\"}", "\"x\" is no TCP flag" },
        { HEAD ",\"pkttype\":\"\\u001b\"}", "\"\\u{1b}\" is no packet type" },
        { HEAD ",\"mark\":4294967296}", "mark: expected at most 4294967295" },
        { HEAD ",\"mark\":99999999999999999999}", "expected a smaller number" },
        { HEAD ",\"mark\":null}", "expected a string or a number" },
        { "{\"iif\":\"eth1\",\"family\":\"ip\",\"protocol\":\"tcp\",\"saddr\":\"1.2.3.4\",\"daddr\":\"1.2.3.4\"}", "there is no interface \"eth1\"" },
        { "{\"iif\":\"lo\",\"family\":\"inet\",\"protocol\":\"tcp\",\"saddr\":\"1.2.3.4\",\"daddr\":\"1.2.3.4\"}", "\"inet\" is no family: ip, ip6" },
        { "{\"iif\":\"lo\",\"family\":\"ip\",\"protocol\":\"tpc\",\"saddr\":\"1.2.3.4\",\"daddr\":\"1.2.3.4\"}", "\"tpc\" is no protocol" },
        { "{\"iif\":\"lo\",\"family\":\"ip\",\"protocol\":256,\"saddr\":\"1.2.3.4\",\"daddr\":\"1.2.3.4\"}", "protocol: expected at most 255" },
        { "{\"iif\":\"lo\",\"family\":\"ip6\",\"protocol\":\"icmp\",\"saddr\":\"::1\",\"daddr\":\"::1\"}", "write icmpv6" },
        { "{\"iif\":\"lo\",\"family\":\"ip\",\"protocol\":\"tcp\",\"saddr\":\"1.2.3\",\"daddr\":\"1.2.3.4\"}", "saddr: \"1.2.3\" is not an IPv4 address" },
        { "{\"iif\":\"lo\",\"family\":\"ip\",\"protocol\":\"tcp\",\"saddr\":\"1.2.3.04\",\"daddr\":\"1.2.3.4\"}", "leading zero" },
        { "{\"iif\":\"lo\",\"family\":\"ip\",\"protocol\":\"tcp\",\"saddr\":\"1.2.3.4\",\"daddr\":\"::1\"}", "::1 is no address of family ip" },
        { "{\"iif\":\"lo\",\"family\":\"ip6\",\"protocol\":\"tcp\",\"saddr\":\"fe80::1%1\",\"daddr\":\"::1\"}", "without a zone" },
        { "{\"iif\":\"lo\",\"family\":\"ip\",\"protocol\":\"tcp\",\"saddr\":\"1.2.3.4\",\"daddr\":\"1.2.3.4\",\"dport\":1}", "\"sport\" is missing" },
        { "{\"iif\":\"a\nb\"}", "expected no control character" },
        { "{\"iif\":\"\\u0000\"}", "expected another escape" },
        { "{\"iif\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"}", "expected a shorter string" },
};

static void test_refused(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(refused); i++) {
                struct zc_fw_packet p;
                struct zc_err err = { 0 };

                assert_false(parse(refused[i].line, strlen(refused[i].line), &p, &err));
                if (!strstr(err.text, refused[i].says))
                        fail_msg("%s: %s", refused[i].line, err.text);
                assert_int_equal(err.code, ZC_E_MALFORMED);
        }
}

static void test_truncated(void **state)
{
        const char whole[] = HEAD ",\"ct\":\"n\\u0065w\",\"flags\":\"\"}";

        (void)state;
        for (size_t n = 0; n < sizeof(whole); n++) {
                struct zc_fw_packet p;
                struct zc_err err = { 0 };

                if (parse(whole, n, &p, &err) != (n == sizeof(whole) - 1))
                        fail_msg("%zu bytes: %s", n, err.text);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_taken), cmocka_unit_test(test_refused), cmocka_unit_test(test_truncated) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
