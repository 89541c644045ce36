/** UDP: every payload fits, every kept answer is its own port's and no other's, and is refused where it is cut before it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "zc/file.h"
#include "zc/udp.h"

static void test_payloads(void **state)
{
        (void)state;
        for (size_t i = 0; i < zc_udp_row_count; i++) {
                const struct zc_udp_row *row = &zc_udp_rows[i];
                uint8_t out[ZC_UDP_ASK_MAX];
                struct zc_wr w;

                zc_wr_init(&w, out, sizeof out);
                row->write(&w);
                assert_false(w.failed);
                assert_true(row->service && row->sent);
                assert_true(i == 0 || row[-1].port < row->port);
                assert_ptr_equal(zc_udp_row_find(row->port), row);
                /* what is sent is no answer to itself: a port that echoes is not the service */
                assert_true(!row->read || !row->read((struct zc_rd){ out, w.len }));
        }
        assert_null(zc_udp_row_find(9));
}

/** From an exact copy at every length: nothing is read past the end, and what tells is there. */
static void cut_everywhere(const struct zc_udp_row *row, const uint8_t *bytes, size_t len)
{
        for (size_t n = 0; n <= len; n++) {
                uint8_t *exact = malloc(n + 1);
                struct zc_said said = { 0 };
                struct zc_rd in;

                assert_non_null(exact);
                memcpy(exact + 1, bytes, n);
                in = (struct zc_rd){ exact + 1, n };
                if (n < 2 && row->read)
                        assert_false(row->read(in));
                if ((!row->read || row->read(in)) && row->detail)
                        row->detail(in, &said);
                free(exact);
        }
}

static void test_answers(void **state)
{
        glob_t found;

        (void)state;
        assert_int_equal(glob("tests/corpus/udp/*", 0, NULL, &found), 0);
        assert_true(found.gl_pathc > 20);
        for (size_t i = 0; i < found.gl_pathc; i++) {
                ZC_AUTO_MEM char *bytes = NULL;
                struct zc_err err = { 0 };
                const struct zc_udp_row *row;
                size_t len;

                assert_true(zc_file_read(found.gl_pathv[i], 4096, &bytes, &len, &err));
                row = &zc_udp_rows[(uint8_t)bytes[0] % zc_udp_row_count];
                cut_everywhere(row, (const uint8_t *)bytes + 1, len - 1);
        }
        globfree(&found);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_payloads),
                cmocka_unit_test(test_answers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
