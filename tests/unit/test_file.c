#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "alloc.h"
#include "zc/file.h"

/* Every test works in a folder of its own, which must be empty again but for what the test removes. */
static char folder[] = "/tmp/zc-file-XXXXXX";

static int folder_make(void **state)
{
        (void)state;
        memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
        return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int folder_remove(void **state)
{
        (void)state;
        return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static size_t folder_entries(void)
{
        DIR *d = opendir(".");
        size_t n = 0;

        for (const struct dirent *e; (e = readdir(d)) != NULL;)
                n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
        closedir(d);
        return n;
}

static void put(const char *path, const char *text)
{
        FILE *f = fopen(path, "w");

        assert_non_null(f);
        fputs(text, f);
        fclose(f);
}

static void assert_holds(const char *path, const char *text)
{
        ZC_AUTO_MEM char *buf = NULL;
        struct zc_err err = { 0 };
        size_t len;

        assert_true(zc_file_read(path, 1 << 20, &buf, &len, &err));
        assert_int_equal(len, strlen(text));
        assert_string_equal(buf, text);
}

static void reading_stops_at_the_cap(void **state)
{
        (void)state;
        put("f", "0123456789");
        for (size_t cap = 0; cap < 20; cap++) {
                struct zc_err err = { 0 };
                char *buf = NULL;
                size_t len = 77;

                assert_int_equal(zc_file_read("f", cap, &buf, &len, &err), cap >= 10);
                if (cap >= 10) {
                        assert_int_equal(len, 10);
                        assert_string_equal(buf, "0123456789");
                } else {
                        assert_int_equal(err.code, ZC_E_LIMIT);
                        assert_null(buf);
                        assert_int_equal(len, 77);
                }
                free(buf);
        }
        unlink("f");
}

static void reading_what_has_no_size(void **state)
{
        struct zc_err err = { 0 };
        char *buf = NULL;
        size_t len = 0;

        (void)state;
        assert_true(zc_file_read("/proc/self/status", 1 << 20, &buf, &len, &err));
        assert_true(len > 100 && strlen(buf) == len);
        free(ZC_TAKE(buf));
        assert_false(zc_file_read("/proc/self/status", 20, &buf, &len, &err));
        assert_int_equal(err.code, ZC_E_LIMIT);
        assert_false(zc_file_read("/dev/zero", 100000, &buf, &len, &err));
        assert_string_equal(err.text, "/dev/zero is larger than the 100000 bytes allowed here");
        assert_true(zc_file_read("/dev/null", SIZE_MAX, &buf, &len, &err));
        assert_int_equal(len, 0);
        assert_string_equal(buf, "");
        free(buf);
}

static void reading_what_is_not_there(void **state)
{
        struct zc_err err = { 0 };
        char *buf = NULL;
        size_t len;

        (void)state;
        assert_false(zc_file_read("none", 10, &buf, &len, &err));
        assert_int_equal(err.code, ZC_E_IO);
        assert_int_equal(err.sys, ENOENT);
        assert_string_equal(err.text, "cannot open none: No such file or directory");
        assert_false(zc_file_read(".", 10, &buf, &len, &err));
        assert_string_equal(err.text, "cannot read .: Is a directory");
        if (geteuid() != 0) {
                put("f", "");
                chmod("f", 0);
                assert_false(zc_file_read("f", 10, &buf, &len, &err));
                assert_int_equal(err.code, ZC_E_DENIED);
                unlink("f");
        }
}

struct feed {
        int fd;
        size_t n;
};

static void *feed_slowly(void *arg)
{
        const struct feed *f = arg;

        for (size_t i = 0; i < f->n; i++)
                if (write(f->fd, "x", 1) != 1)
                        break;
        close(f->fd);
        return NULL;
}

/** A FIFO that another user put at the output's place would read what is written; one of ours, or a descriptor, is meant. */
static void writing_fifos_of_others(void **state)
{
        char place[] = "/tmp/zc-fifo-XXXXXX", path[64];
        struct zc_err err = { 0 };
        struct zc_out *o = NULL;
        int reader;

        (void)state;
        assert_non_null(mkdtemp(place));
        snprintf(path, sizeof(path), "%s/out", place);
        assert_int_equal(mkfifo(path, 0600), 0);
        reader = open(path, O_RDONLY | O_NONBLOCK);
        assert_true(zc_out_open(path, 0600, &o, &err));
        zc_out_free(o);
        close(reader);
        if (geteuid() == 0) {
                assert_int_equal(chown(path, 65534, 65534), 0);
                o = NULL;
                assert_false(zc_out_open(path, 0600, &o, &err));
                assert_int_equal(err.code, ZC_E_USAGE);
                assert_non_null(strstr(err.text, "another user's FIFO"));
        }
        assert_true(zc_out_open("/dev/null", 0600, &o, &err));
        zc_out_free(o);
        unlink(path);
        rmdir(place);
}

static void reading_standard_input_and_fifos(void **state)
{
        struct zc_err err = { 0 };
        int ends[2], saved = dup(STDIN_FILENO);
        pthread_t thread;
        char *buf = NULL;
        size_t len = 0;

        (void)state;
        assert_int_equal(pipe(ends), 0);
        dup2(ends[0], STDIN_FILENO);
        assert_int_equal(
                pthread_create(&thread, NULL, feed_slowly, &(struct feed){ ends[1], 10000 }), 0);
        assert_true(zc_file_read("-", 10000, &buf, &len, &err));
        pthread_join(thread, NULL);
        assert_int_equal(len, 10000);
        assert_int_equal(buf[9999], 'x');
        free(buf);
        dup2(saved, STDIN_FILENO);
        close(saved);
        close(ends[0]);
}

static void a_file_appears_whole(void **state)
{
        static char big[300001];
        struct zc_err err = { 0 };
        struct zc_out *o;
        struct stat st;

        (void)state;
        memset(big, 'x', sizeof(big) - 1);
        put("f", "old");
        assert_true(zc_out_open("f", 0600, &o, &err));
        zc_out_puts(o, big);
        zc_out_printf(o, "%s %d\n", "end", 7);
        zc_out_write(o, "", 0);
        assert_int_equal(folder_entries(), 2);
        assert_holds("f", "old");
        assert_true(zc_out_commit(o, &err));
        zc_out_free(o);
        assert_int_equal(folder_entries(), 1);
        assert_int_equal(stat("f", &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(st.st_size, 300006);
        assert_true(zc_out_open("./f", 0644, &o, &err));
        zc_out_puts(o, "new");
        assert_true(zc_out_commit(o, &err));
        zc_out_free(o);
        assert_holds("f", "new");
        assert_int_equal(stat("f", &st), 0);
        assert_int_equal(st.st_mode & 07777, 0644);
        unlink("f");
}

static void an_abandoned_file_leaves_nothing(void **state)
{
        struct zc_err err = { 0 };
        struct zc_out *o;

        (void)state;
        put("f", "old");
        assert_true(zc_out_open("f", 0600, &o, &err));
        zc_out_puts(o, "half");
        zc_out_free(o);
        zc_out_free(NULL);
        assert_int_equal(folder_entries(), 1);
        assert_holds("f", "old");
        unlink("f");
}

/** A limit on file sizes stands in for a full disk: the write in the middle fails. */
static void a_failed_write_keeps_what_stood_there(void **state)
{
        struct rlimit before, small;
        struct zc_err err = { 0 };
        struct zc_out *o;
        bool committed;

        (void)state;
        put("f", "old");
        getrlimit(RLIMIT_FSIZE, &before);
        small = (struct rlimit){ 100000, before.rlim_max };
        signal(SIGXFSZ, SIG_IGN);
        assert_true(zc_out_open("f", 0600, &o, &err));
        setrlimit(RLIMIT_FSIZE, &small);
        for (int i = 0; i < 20000; i++)
                zc_out_printf(o, "line %d\n", i);
        committed = zc_out_commit(o, &err);
        setrlimit(RLIMIT_FSIZE, &before);
        assert_false(committed);
        assert_int_equal(err.code, ZC_E_IO);
        assert_string_equal(err.text, "cannot write f: File too large");
        zc_out_free(o);
        assert_int_equal(folder_entries(), 1);
        assert_holds("f", "old");
        unlink("f");
}

static void a_full_device_is_an_error(void **state)
{
        struct zc_err err = { 0 };
        struct zc_out *o;

        (void)state;
        assert_true(zc_out_open("/dev/full", 0600, &o, &err));
        zc_out_puts(o, "x");
        assert_false(zc_out_commit(o, &err));
        assert_int_equal(err.sys, ENOSPC);
        assert_string_equal(err.text, "cannot write /dev/full: No space left on device");
        zc_out_free(o);
        assert_true(zc_out_open("/dev/null", 0600, &o, &err));
        zc_out_puts(o, "x");
        assert_true(zc_out_commit(o, &err));
        zc_out_free(o);
}

static void outputs_that_cannot_be(void **state)
{
        static const struct {
                const char *path, *text;
                enum zc_code code;
        } rows[] = {
                { "", "an output needs a file name: the one given is empty", ZC_E_USAGE },
                { ".", "cannot write .: it is a directory; name a file in it", ZC_E_USAGE },
                { "none/f", "cannot write none/f: No such file or directory", ZC_E_IO },
                { "dangling", "cannot follow dangling: No such file or directory", ZC_E_IO },
        };

        (void)state;
        assert_int_equal(symlink("nothing", "dangling"), 0);
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_err err = { 0 };
                struct zc_out *o = NULL;

                assert_false(zc_out_open(rows[i].path, 0600, &o, &err));
                assert_null(o);
                assert_string_equal(err.text, rows[i].text);
                assert_int_equal(err.code, rows[i].code);
        }
        assert_int_equal(folder_entries(), 1);
        unlink("dangling");
}

static void a_directory_that_came_meanwhile_is_kept(void **state)
{
        struct zc_err err = { 0 };
        struct zc_out *o;

        (void)state;
        assert_true(zc_out_open("f", 0600, &o, &err));
        assert_int_equal(mkdir("f", 0700), 0);
        assert_false(zc_out_commit(o, &err));
        assert_string_equal(err.text, "cannot put f in its place: Is a directory");
        zc_out_free(o);
        assert_int_equal(folder_entries(), 1);
        rmdir("f");
}

static void symbolic_links_are_followed_when_trusted(void **state)
{
        struct zc_err err = { 0 };
        struct zc_out *o = NULL;
        struct stat st;

        (void)state;
        put("f", "old");
        assert_int_equal(symlink("f", "link"), 0);
        assert_true(zc_out_open("link", 0600, &o, &err));
        zc_out_puts(o, "new");
        assert_true(zc_out_commit(o, &err));
        zc_out_free(o);
        assert_holds("f", "new");
        assert_int_equal(lstat("link", &st), 0);
        assert_true(S_ISLNK(st.st_mode));
        if (geteuid() == 0) {
                assert_int_equal(lchown("link", 12345, 12345), 0);
                assert_false(zc_out_open("link", 0600, &o, &err));
                assert_string_equal(err.text,
                                    "link is another user's symbolic link: name the file itself");
        }
        unlink("link");
        unlink("f");
}

static void *drain(void *arg)
{
        const int *fd = arg;
        char buf[500];
        static size_t total;
        ssize_t n;

        total = 0;
        while ((n = read(*fd, buf, sizeof(buf))) > 0)
                total += (size_t)n;
        return &total;
}

/** A pipe that takes a little at a time and would rather not block: every byte still arrives. */
static void standard_output_takes_its_time(void **state)
{
        struct zc_err err = { 0 };
        int ends[2], saved = dup(STDOUT_FILENO);
        struct zc_out *o;
        pthread_t thread;
        void *total = NULL;
        bool committed;

        (void)state;
        fflush(stdout);
        assert_int_equal(pipe(ends), 0);
        fcntl(ends[1], F_SETFL, O_NONBLOCK);
        dup2(ends[1], STDOUT_FILENO);
        close(ends[1]);
        assert_int_equal(pthread_create(&thread, NULL, drain, &ends[0]), 0);
        committed = zc_out_open("-", 0600, &o, &err);
        for (int i = 0; committed && i < 100000; i++)
                zc_out_puts(o, "0123456789");
        committed = committed && zc_out_commit(o, &err);
        zc_out_free(o);
        dup2(saved, STDOUT_FILENO);
        close(saved);
        pthread_join(thread, &total);
        close(ends[0]);
        assert_true(committed);
        assert_int_equal(*(size_t *)total, 1000000);
}

static void a_reader_that_left_is_an_error(void **state)
{
        struct zc_err err = { 0 };
        int ends[2], saved = dup(STDOUT_FILENO);
        struct zc_out *o;
        bool committed;

        (void)state;
        fflush(stdout);
        signal(SIGPIPE, SIG_IGN);
        assert_int_equal(pipe(ends), 0);
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        committed = zc_out_open("-", 0600, &o, &err);
        zc_out_puts(o, "x");
        committed = committed && zc_out_commit(o, &err);
        zc_out_free(o);
        dup2(saved, STDOUT_FILENO);
        close(saved);
        assert_false(committed);
        assert_string_equal(err.text, "cannot write standard output: Broken pipe");
}

static void memory_has_a_ceiling(void **state)
{
        ZC_AUTO(zc_out) o = zc_out_memory(10);
        struct zc_err err = { 0 };
        size_t len = 77;

        (void)state;
        assert_string_equal(zc_out_data(o, &len), "");
        assert_int_equal(len, 0);
        zc_out_puts(o, "01234");
        zc_out_write(o, "56789", 5);
        assert_true(zc_out_commit(o, &err));
        assert_string_equal(zc_out_data(o, &len), "0123456789");
        assert_int_equal(len, 10);
        zc_out_puts(o, "x");
        zc_out_puts(o, "y");
        assert_false(zc_out_commit(o, &err));
        assert_int_equal(err.code, ZC_E_LIMIT);
        assert_string_equal(zc_out_data(o, NULL), "0123456789");
}

static void files_are_given_to_who_called_sudo(void **state)
{
        struct zc_err err = { 0 };
        struct zc_out *o;
        struct stat st;

        (void)state;
        setenv("SUDO_UID", "12345", 1);
        setenv("SUDO_GID", "12346", 1);
        assert_true(zc_out_open("f", 0600, &o, &err));
        assert_true(zc_out_commit(o, &err));
        zc_out_free(o);
        assert_int_equal(stat("f", &st), 0);
        assert_int_equal(st.st_uid, geteuid() == 0 ? 12345 : geteuid());
        setenv("SUDO_UID", "0x0", 1);
        assert_true(zc_out_open("f", 0600, &o, &err));
        assert_true(zc_out_commit(o, &err));
        zc_out_free(o);
        assert_int_equal(stat("f", &st), 0);
        assert_int_equal(st.st_uid, geteuid());
        unsetenv("SUDO_UID");
        unsetenv("SUDO_GID");
        unlink("f");
}

static bool write_and_commit(struct zc_err *err)
{
        ZC_AUTO(zc_out) o = NULL;

        if (!zc_out_open("f", 0600, &o, err))
                return false;
        zc_out_puts(o, "some text");
        zc_out_printf(o, "%200d", 1);
        return zc_out_commit(o, err);
}

static void allocation_failures_leave_nothing(void **state)
{
        struct zc_err err = { 0 };
        char *buf = NULL;
        size_t n, len;

        (void)state;
        put("f", "old");
        for (n = 1; alloc_fail_at(n), !write_and_commit(&err); n++) {
                alloc_fail_at(0);
                assert_int_equal(err.code, ZC_E_NOMEM);
                assert_holds("f", "old");
                assert_int_equal(folder_entries(), 1);
        }
        assert_true(n > 4);
        for (n = 1; alloc_fail_at(n), !zc_file_read("/proc/self/maps", 1 << 20, &buf, &len, &err);
             n++)
                assert_int_equal(err.code, ZC_E_NOMEM);
        alloc_fail_at(0);
        free(buf);
        unlink("f");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, folder_make, folder_remove)
        const struct CMUnitTest tests[] = {
                T(reading_stops_at_the_cap),
                T(reading_what_has_no_size),
                T(reading_what_is_not_there),
                T(reading_standard_input_and_fifos),
                T(writing_fifos_of_others),
                T(a_file_appears_whole),
                T(an_abandoned_file_leaves_nothing),
                T(a_failed_write_keeps_what_stood_there),
                T(a_full_device_is_an_error),
                T(outputs_that_cannot_be),
                T(a_directory_that_came_meanwhile_is_kept),
                T(symbolic_links_are_followed_when_trusted),
                T(standard_output_takes_its_time),
                T(a_reader_that_left_is_an_error),
                T(memory_has_a_ceiling),
                T(files_are_given_to_who_called_sudo),
                T(allocation_failures_leave_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
