#include "alloc.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static size_t until; /* allocations that still succeed, plus one; 0: no limit */
static bool failed;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);

void alloc_fail_at(size_t n)
{
        until = n;
        failed = false;
        json_set_alloc_funcs(__wrap_malloc, free);
}

bool alloc_failed(void)
{
        return failed;
}

static bool refuse(void)
{
        if (until == 0)
                return false;
        if (until > 1) {
                until--;
                return false;
        }
        failed = true;
        return true;
}

void *__wrap_malloc(size_t size)
{
        return refuse() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
        return refuse() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
        return refuse() ? NULL : __real_realloc(p, size);
}

char *__wrap_strndup(const char *s, size_t n)
{
        size_t len = strnlen(s, n);
        char *copy = __wrap_malloc(len + 1);

        if (copy) {
                memcpy(copy, s, len);
                copy[len] = '\0';
        }
        return copy;
}

char *__wrap_strdup(const char *s)
{
        return __wrap_strndup(s, strlen(s));
}
