/**
 * Files: capped reading, and output that appears whole or not at all.
 */
#ifndef ZC_FILE_H
#define ZC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "zc/err.h"

/** Read a regular file, FIFO or /proc file of at most cap bytes; "-" is standard input. *buf is NUL-terminated, free(). */
bool zc_file_read(const char *path, size_t cap, char **buf, size_t *len, struct zc_err *err) ZC_MUST_USE;
/** The same from an open descriptor, which stays open; name is for messages. */
bool zc_file_read_fd(int fd, const char *name, size_t cap, char **buf, size_t *len, struct zc_err *err) ZC_MUST_USE;

/**
 * Whether a file may decide what we do: where we run as root, it and the folders that its name and its real place stand in belong to root, or to
 * whom sudo came from, and nobody else can write them. ZC_E_USAGE, with what to do about it. "-" is fine.
 */
bool zc_file_guard(const char *path, struct zc_err *err) ZC_MUST_USE;

/**
 * An output. Everything that zerocrit writes goes through one of these. A file is written to
 * "PATH.XXXXXX" beside it and renamed on commit; "-" is standard output. Errors are sticky: the first
 * is kept and returned by commit, and later writes do nothing. Abandoned, nothing is left behind.
 */
struct zc_out;

/** @mode: 0600 unless the format is meant to be shared (0644). The file is given to SUDO_UID where that is set and we are root. */
bool zc_out_open(const char *path, mode_t mode, struct zc_out **out, struct zc_err *err) ZC_MUST_USE;
/** An output into memory, for tests and for documents that are made in two steps. */
struct zc_out *zc_out_memory(size_t ceiling) ZC_MUST_USE;
void zc_out_write(struct zc_out *o, const void *p, size_t n);
void zc_out_puts(struct zc_out *o, const char *s);
void zc_out_printf(struct zc_out *o, const char *fmt, ...) ZC_PRINTF(2, 3);
/** What a memory output holds so far; NUL-terminated, valid until the next call. */
const char *zc_out_data(const struct zc_out *o, size_t *len);
/** Flush, sync, rename. On failure nothing is left at PATH.XXXXXX, and what stood at PATH before still does. */
bool zc_out_commit(struct zc_out *o, struct zc_err *err) ZC_MUST_USE;
/** Abandons an output that was not committed. NULL is fine. */
void zc_out_free(struct zc_out *o);
ZC_FREEP(zc_out);

/** chown to SUDO_UID/SUDO_GID where set and we are root; failure is not an error. */
void zc_file_give(int fd);

#endif
