#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "zc/log.h"

/** Standard error goes to a file between capture() and captured(). */
struct capture {
        FILE *file;
        int saved;
};

static struct capture capture_start(void)
{
        struct capture c = { tmpfile(), dup(STDERR_FILENO) };

        dup2(fileno(c.file), STDERR_FILENO);
        return c;
}

static char *capture_end(struct capture c)
{
        long size;
        char *s;

        dup2(c.saved, STDERR_FILENO);
        close(c.saved);
        fseek(c.file, 0, SEEK_END);
        size = ftell(c.file);
        s = calloc(1, (size_t)size + 1);
        rewind(c.file);
        assert_int_equal(fread(s, 1, (size_t)size, c.file), size);
        fclose(c.file);
        return s;
}

static void levels_choose(void **state)
{
        static const struct {
                enum zc_level level;
                const char *seen;
        } rows[] = {
                { ZC_LOG_ERROR, "zerocrit: error: 0\n" },
                { ZC_LOG_WARN, "zerocrit: error: 0\nzerocrit: warning: 1\n" },
                { ZC_LOG_INFO, "zerocrit: error: 0\nzerocrit: warning: 1\nzerocrit: info: 2\n" },
                { ZC_LOG_DEBUG, "zerocrit: error: 0\nzerocrit: warning: 1\nzerocrit: info: "
                                "2\nzerocrit: debug: 3\n" },
        };

        (void)state;
        assert_int_equal(zc_log_get(), ZC_LOG_WARN);
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct capture c = capture_start();
                char *seen;

                zc_log_set(rows[i].level);
                for (int level = ZC_LOG_ERROR; level <= ZC_LOG_DEBUG; level++)
                        zc_log((enum zc_level)level, "%d", level);
                seen = capture_end(c);
                assert_string_equal(seen, rows[i].seen);
                free(seen);
        }
}

static void a_message_is_one_safe_line(void **state)
{
        static const char expected[] =
                "zerocrit: error: peer said \\u{1b}[2Jtwo\\nlines \\u{1b} \\xFF\n";
        struct capture c = capture_start();
        char huge[9000];
        char *seen;

        (void)state;
        memset(huge, 'x', sizeof(huge) - 1);
        huge[sizeof(huge) - 1] = '\0';
        errno = ENOTTY;
        zc_log(ZC_LOG_ERROR, "peer said \x1b[2J%s", "two\nlines \\u{1b} \xff");
        zc_log(ZC_LOG_ERROR, "%s", huge);
        assert_int_equal(errno, ENOTTY);
        seen = capture_end(c);
        assert_memory_equal(seen, expected, sizeof(expected) - 1);
        assert_true(strlen(seen) < 4300);
        assert_string_equal(seen + strlen(seen) - 5, "x\xe2\x80\xa6\n");
        free(seen);
}

static void *log_many(void *number)
{
        for (int i = 0; i < 200; i++)
                zc_log(ZC_LOG_ERROR, "thread %d says the same line again and again",
                       *(int *)number);
        return NULL;
}

static void threads_do_not_mix_lines(void **state)
{
        struct capture c = capture_start();
        int numbers[] = { 1, 2, 3, 4 };
        pthread_t threads[ZC_COUNT(numbers)];
        char *seen, *rest = NULL;
        size_t lines = 0;

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(numbers); i++)
                assert_int_equal(pthread_create(&threads[i], NULL, log_many, &numbers[i]), 0);
        for (size_t i = 0; i < ZC_COUNT(numbers); i++)
                pthread_join(threads[i], NULL);
        seen = capture_end(c);
        for (char *line = strtok_r(seen, "\n", &rest); line;
             line = strtok_r(NULL, "\n", &rest), lines++)
                assert_int_equal(
                        strlen(line),
                        strlen("zerocrit: error: thread 1 says the same line again and again"));
        assert_int_equal(lines, 200 * ZC_COUNT(numbers));
        free(seen);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(levels_choose),
                cmocka_unit_test(a_message_is_one_safe_line),
                cmocka_unit_test(threads_do_not_mix_lines),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
