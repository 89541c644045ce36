/**
 * Allocation failures for unit tests. The link wraps malloc, calloc, realloc, strdup and strndup for
 * zerocrit's own code; jansson follows once alloc_fail_at() was called. Other libraries are left alone.
 *
 *         for (size_t n = 1; alloc_fail_at(n), !try_it(&err); n++)
 *                 assert_int_equal(err.code, ZC_E_NOMEM);
 *         alloc_fail_at(0);
 */
#ifndef ZC_TEST_ALLOC_H
#define ZC_TEST_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/** Let the n-th allocation from now fail, and every one after it; 0 lets all succeed again. */
void alloc_fail_at(size_t n);
/** Whether an allocation failed since the last alloc_fail_at(). */
bool alloc_failed(void);

#endif
