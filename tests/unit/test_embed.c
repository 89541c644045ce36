#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "zc/def.h"
#include "zc/embed.h"
#include "zc/file.h"

/** What the program carries is what stands in the source tree. */
static void every_file_is_carried_whole(void **state)
{
        (void)state;
        for (size_t i = 0; i < zc_embedded_count; i++) {
                const struct zc_embedded *e = &zc_embedded[i];
                ZC_AUTO_MEM char *buf = NULL;
                struct zc_err err = { 0 };
                size_t len = 0;

                assert_ptr_equal(zc_embedded_find(e->path), e);
                assert_int_equal(*e->end, '\0');
                assert_true(zc_file_read(e->path, 1 << 24, &buf, &len, &err));
                assert_int_equal(e->end - e->data, len);
                assert_memory_equal(e->data, buf, len);
        }
        assert_null(zc_embedded_find("none"));
        assert_null(zc_embedded_find(""));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(every_file_is_carried_whole) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
