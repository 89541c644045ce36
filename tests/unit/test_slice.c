/* Cutting evidence into parts, and parts down to what a brief look needs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../scanner/evidence/slice.h"

/** What a brief look leaves out, in every form; and text that was cut anywhere is cut, not read past. */
static void test_brief(void **state)
{
        static const struct {
                unsigned int depth;
                const char *text, *brief;
        } rows[] = {
                { 1, "{\"a\": 1, \"tls\": {\"x\": [1, {\"y\": \"}\"}]}, \"b\": \"{\"}",
                  "{\"a\": 1, \"tls\": null, \"b\": \"{\"}" },
                { 1, "{\"probes\": {\"tls\": {\"outcome\": \"done\"}}, \"http\": [{}, \"]\\\"\"]}",
                  "{\"probes\": {\"tls\": {\"outcome\": \"done\"}}, \"http\": null}" },
                { 2, "{\"endpoint\": {\"tls\": {\"a\": 1}, \"probes\": {}, \"e\": []}}",
                  "{\"endpoint\": {\"tls\": null, \"probes\": {}, \"e\": []}}" },
                { 2, "{\"endpoint\": null}", "{\"endpoint\": null}" },
                { 1, "", "" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                size_t n = strlen(rows[i].text);

                for (size_t cut = 0; cut <= n; cut++) {
                        char *exact = cut ? memcpy(malloc(cut), rows[i].text, cut) : malloc(1);
                        size_t len = zc_slice_cut(exact, cut, rows[i].depth, "probes");

                        assert_true(len <= cut);
                        if (cut == n) {
                                assert_int_equal(len, strlen(rows[i].brief));
                                assert_memory_equal(exact, rows[i].brief, len);
                        }
                        free(exact);
                }
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_brief) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
