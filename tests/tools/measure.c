/**
 * `tool_measure RUNS COMMAND…`: runs it RUNS times, one after another, its words thrown away; a line for each: wall time in µs, peak
 * memory of its largest process in KiB, exit status, processor time in µs. For tests/bench: a script that starts a program measures itself too.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zc/clock.h"

static _Noreturn void command(char **argv)
{
        int null = open("/dev/null", O_RDWR);

        for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
                if (null < 0 || dup2(null, i) < 0)
                        _exit(126);
        execvp(argv[0], argv);
        _exit(127);
}

static long long micro(struct timeval t)
{
        return (long long)t.tv_sec * 1000000 + t.tv_usec;
}

static int once(char **argv)
{
        int64_t began = zc_mono_us();
        pid_t pid = fork();
        struct rusage used;
        int status, code;

        if (pid == 0)
                command(argv);
        while (pid > 0 && wait4(pid, &status, 0, &used) < 0)
                if (errno != EINTR)
                        return 1;
        if (pid < 0)
                return 1;
        code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        printf("%lld %ld %d %lld\n", (long long)(zc_mono_us() - began), used.ru_maxrss, code,
               micro(used.ru_utime) + micro(used.ru_stime));
        return code == 126 || code == 127;
}

int main(int argc, char **argv)
{
        long runs = argc > 2 ? strtol(argv[1], NULL, 10) : 0;

        if (runs < 1) {
                fputs("usage: tool_measure RUNS COMMAND...\n", stderr);
                return 2;
        }
        for (; runs > 0; runs--) {
                int failed = once(argv + 2);

                if (failed)
                        return failed;
        }
        return 0;
}
