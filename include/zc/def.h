/** Small macros that every module uses: attributes, cleanup, counting. Depends on nothing. */
#ifndef ZC_DEF_H
#define ZC_DEF_H

#include <stdlib.h>
#include <unistd.h>

#define ZC_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define ZC_MUST_USE __attribute__((warn_unused_result))
#define ZC_UNUSED __attribute__((unused))

/** Number of elements of a true array. */
#define ZC_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/**
 * A pointer to `struct type` that is freed when it leaves scope, unless ZC_TAKE took it.
 * The type's header declares its cleanup once, with ZC_FREEP(type), below type_free().
 */
#define ZC_AUTO(type) __attribute__((cleanup(type##_freep))) struct type *
#define ZC_FREEP(type)                                                                             \
        static inline void type##_freep(struct type **p)                                           \
        {                                                                                          \
                type##_free(*p);                                                                   \
        }                                                                                          \
        struct type

/** Move a pointer out of its variable, leaving NULL behind. */
#define ZC_TAKE(p)                                                                                 \
        __extension__({                                                                            \
                __typeof__(p) zc_taken_ = (p);                                                     \
                (p) = NULL;                                                                        \
                zc_taken_;                                                                         \
        })

static inline void zc_mem_freep(void *p)
{
        free(*(void **)p);
}

static inline void zc_fd_closep(const int *fd)
{
        if (*fd >= 0)
                close(*fd);
}

/** `ZC_AUTO_MEM char *s = NULL;` is free()d, `ZC_AUTO_FD int fd = -1;` is closed, at scope's end. */
#define ZC_AUTO_MEM __attribute__((cleanup(zc_mem_freep)))
#define ZC_AUTO_FD __attribute__((cleanup(zc_fd_closep)))

#endif
