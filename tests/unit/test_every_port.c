/** Which scans are of a host that answers on every port. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../scanner/run/every_port.h"

static const struct {
        const char *ports, *open; /* NULL: left out */
        enum zc_every_port every;
        unsigned asked, count;
} rows[] = {
        { NULL, NULL, ZC_EVERY_PORT_UNKNOWN, 0, 0 },
        { "22,80", "22,80", ZC_EVERY_PORT_UNKNOWN, 2, 2 },
        { "1-63", "1-63", ZC_EVERY_PORT_UNKNOWN, 63, 63 },
        { "1-64", "1-64", ZC_EVERY_PORT_YES, 64, 64 },
        { "1-64", "", ZC_EVERY_PORT_NO, 64, 0 },
        { "1-100", "1-74", ZC_EVERY_PORT_NO, 100, 74 },
        { "1-100", "1-75", ZC_EVERY_PORT_YES, 100, 75 },
        { "1-65535", "1-21,23-65535", ZC_EVERY_PORT_YES, 65535, 65534 },
        { "1-65535", "22,80,443,30000-32767", ZC_EVERY_PORT_NO, 65535, 2771 },
        { "no ports", "1-100", ZC_EVERY_PORT_UNKNOWN, 0, 100 },
};

static void test_rows(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                json_t *scan =
                        json_pack("{s:s*, s:s*}", "ports", rows[i].ports, "open", rows[i].open);
                unsigned asked, open;

                assert_non_null(scan);
                assert_int_equal(zc_every_port(scan, &asked, &open), rows[i].every);
                assert_int_equal(asked, rows[i].asked);
                assert_int_equal(open, rows[i].count);
                json_decref(scan);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
