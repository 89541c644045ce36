/** What refusals of a version mean beside the answers to others. The conversations themselves: tests/integration/tls.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "zc/tls_versions.h"

/* One letter a version, SSL 3.0 to TLS 1.3: y offered, n not, c closed every time, ? unknown. */
static void fill(struct zc_tls_version v[ZC_TLS_VERSIONS], const char *letters)
{
        for (uint16_t i = 0; i < ZC_TLS_VERSIONS; i++) {
                v[i] = (struct zc_tls_version){ .version = (uint16_t)(ZC_SSL3 + i),
                                                .closes = letters[i] == 'c' };
                v[i].offered = letters[i] == 'y'   ? ZC_TLS_OFFERED
                               : letters[i] == 'n' ? ZC_TLS_NOT_OFFERED
                                                   : ZC_TLS_UNKNOWN;
        }
}

static void test_settle(void **state)
{
        static const struct {
                const char *before;
                uint16_t seen;
                const char *after;
        } rows[] = {
                { "nnnyy", 0, "nnnyy" },
                { "cccyy", 0, "nnnyy" }, /* closed says no of a peer that answers to another */
                { "ccccc", 0, "?????" }, /* and nothing of one that never answers */
                { "nnnnn", 0, "?????" }, /* every refusal may be about something else */
                { "nnnnn", ZC_TLS12, "nnnyn" }, /* unless a handshake shows otherwise */
                { "ccccc", ZC_TLS13, "nnnny" },
                { "?c?yy", 0, "?n?yy" }, /* silence stays silence */
                { "?????", ZC_TLS12, "???y?" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_tls_version v[ZC_TLS_VERSIONS];
                char after[ZC_TLS_VERSIONS + 1] = "";

                fill(v, rows[i].before);
                zc_tls_versions_settle(v, rows[i].seen);
                for (size_t k = 0; k < ZC_TLS_VERSIONS; k++)
                        after[k] = "?yn"[v[k].offered];
                assert_string_equal(after, rows[i].after);
        }
}

/* Settling before a handshake was tried must not lose what the hellos said. */
static void test_settle_again(void **state)
{
        struct zc_tls_version v[ZC_TLS_VERSIONS];

        (void)state;
        fill(v, "cccc?");
        zc_tls_versions_settle(v, 0);
        zc_tls_versions_settle(v, ZC_TLS12);
        assert_int_equal(v[0].offered, ZC_TLS_NOT_OFFERED);
        assert_int_equal(v[3].offered, ZC_TLS_OFFERED);
        assert_int_equal(v[4].offered, ZC_TLS_UNKNOWN);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_settle),
                                            cmocka_unit_test(test_settle_again) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
