/** Where this machine's listeners are reached over lo, and that none of them is left out in silence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../scanner/run/own.h"
#include "alloc.h"
#include "zc/file.h"
#include "zc/json.h"
#include "zc/text.h"

#define L(transport, address, port, more)                                                          \
        "{\"transport\":\"" transport "\",\"address\":\"" address "\",\"port\":" port more "}"

static const struct {
        const char *name, *listeners, *places;
} rows[] = {
        { "none", "", "" },
        { "on any address", L("tcp", "0.0.0.0", "80", "") "," L("tcp", "::", "22", ""),
          "127.0.0.1 80; ::1 22" },
        { "on its own, several ports",
          L("tcp", "10.0.0.5", "80", "") "," L("tcp", "10.0.0.5", "81", ""), "10.0.0.5 80-81" },
        { "udp is not connected to", L("udp", "0.0.0.0", "53", ""), "" },
        { "a container in our network namespace",
          L("tcp", "0.0.0.0", "6379", ",\"container\":\"docker:0123456789ab\""), "127.0.0.1 6379" },
        { "no such port", L("tcp", "0.0.0.0", "0", "") "," L("tcp", "0.0.0.0", "65536", ""), "" },
        { "bound to an interface, which lo is not",
          L("tcp", "0.0.0.0", "80", ",\"interface\":\"eth0\"") "," L("tcp", "0.0.0.0", "22", ""),
          "127.0.0.1 22 not 0.0.0.0%eth0" },
        { "bound to lo", L("tcp", "0.0.0.0", "80", ",\"interface\":\"lo\""), "127.0.0.1 80" },
        { "an address of its own on an interface",
          L("tcp", "10.0.0.5", "80", ",\"interface\":\"eth0\""), "10.0.0.5 80" },
        { "no such address", L("tcp", "here", "80", ""), "" },
};

static void places(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_err err = { 0 };
                ZC_AUTO_TEXT text = { 0 };
                ZC_AUTO_TEXT got = { 0 };
                json_auto_t *host = NULL;
                json_auto_t *bound = json_array();
                struct zc_own *own = NULL;
                const json_t *l;
                size_t count, b;

                zc_text_init(&text, 4096);
                zc_text_init(&got, 4096);
                zc_text_printf(&text, "{\"listeners\":[%s]}", rows[i].listeners);
                host = zc_json_parse(zc_text_str(&text), text.len, &err);
                assert_non_null(host);
                assert_true(zc_own_listeners(host, &own, &count, bound));
                for (size_t k = 0; k < count; k++) {
                        char address[ZC_ADDR_LEN];

                        zc_addr_format(&own[k].addr, address);
                        zc_text_printf(&got, "%s%s ", k ? "; " : "", address);
                        zc_portset_format(&own[k].ports, &got);
                }
                free(own);
                json_array_foreach (bound, b, l) {
                        zc_text_printf(&got, " not %s%%%s", zc_json_str(l, "address", ""),
                                       zc_json_str(l, "interface", ""));
                }
                if (strcmp(zc_text_str(&got), rows[i].places) != 0)
                        fail_msg("%s: %s", rows[i].name, zc_text_str(&got));
        }
}

/** As many addresses as a machine may have, each a place of its own. */
static void many(void **state)
{
        json_auto_t *list = json_array();
        json_auto_t *host = json_pack("{s:O}", "listeners", list);
        json_auto_t *bound = json_array();
        struct zc_own *own = NULL;
        size_t count;

        (void)state;
        for (int i = 0; i < 1000; i++)
                json_array_append_new(list,
                                      json_pack("{s:s, s:o, s:i}", "transport", "tcp", "address",
                                                json_sprintf("10.1.%d.%d", i / 250, i % 250 + 1),
                                                "port", 80));
        assert_true(zc_own_listeners(host, &own, &count, bound));
        assert_int_equal(count, 1000);
        free(own);
}

/** Only what the kernel would let us bind; loopback is everyone's. */
static void own_address(void **state)
{
        static const char *const others[] = { "127.0.0.1",      "::1",           "0.0.0.0",
                                              "192.0.2.201",    "2001:db8::201", "224.0.0.1",
                                              "255.255.255.255" };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(others); i++) {
                struct zc_err err = { 0 };
                struct zc_addr a;

                assert_true(zc_addr_parse(others[i], &a, &err));
                assert_false(zc_own_address(&a));
        }
}

/** No memory for the list is not an empty list. */
static void no_memory(void **state)
{
        json_auto_t *host = json_pack("{s:[{s:s, s:s, s:i}]}", "listeners", "transport", "tcp",
                                      "address", "10.0.0.5", "port", 80);
        json_auto_t *bound = json_array();
        struct zc_own *own = NULL;
        size_t count;

        (void)state;
        alloc_fail_at(1);
        assert_false(zc_own_listeners(host, &own, &count, bound));
        alloc_fail_at(0);
        assert_null(own);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(places), cmocka_unit_test(many),
                                            cmocka_unit_test(own_address),
                                            cmocka_unit_test(no_memory) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
