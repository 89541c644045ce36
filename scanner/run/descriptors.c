/** The descriptors of the collector: its pipe, the packet sockets, and nothing else. */
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "collector.h"
#include "privilege.h"
#include "sandbox.h"

#define ABOVE_INHERITED 64
#define NOFILE_MAX 16384u

/** A socket is a descriptor: as many as we may have. Afterwards the limit is out of reach. */
static void descriptors_raise(void)
{
        struct rlimit l;

        if (getrlimit(RLIMIT_NOFILE, &l) != 0)
                return;
        l.rlim_cur = l.rlim_max < NOFILE_MAX ? l.rlim_max : NOFILE_MAX;
        setrlimit(RLIMIT_NOFILE, &l);
}

/** Nothing but the pipe and the packet sockets is inherited, in a row; first out of one another's way. */
static bool descriptors_move(const struct zc_collector_spec *spec)
{
        int fds[1 + ZC_CAPTURE_FDS] = { spec->fd };
        size_t count = spec->capture ? ZC_COUNT(fds) : 1;

        if (spec->capture)
                memcpy(fds + 1, spec->capture->fd, sizeof spec->capture->fd);
        for (size_t i = 0; i < count; i++) {
                if (fds[i] < 0)
                        continue; /* it is not open */
                fds[i] = fcntl(fds[i], F_DUPFD, ABOVE_INHERITED);
                if (fds[i] < 0)
                        return false;
        }
        for (size_t i = 0; i < count; i++) {
                if (fds[i] < 0)
                        close(ZC_COLLECTOR_PIPE + (int)i);
                else if (dup2(fds[i], ZC_COLLECTOR_PIPE + (int)i) < 0)
                        return false;
                if (i > 0)
                        spec->capture->fd[i - 1] = fds[i] < 0 ? -1 : ZC_COLLECTOR_PIPE + (int)i;
        }
        zc_fds_close_above(ZC_COLLECTOR_PIPE + (int)count - 1);
        return true;
}

/** What a stranger makes us print goes nowhere. */
bool zc_collector_descriptors(const struct zc_collector_spec *spec)
{
        int null;

        if (!descriptors_move(spec))
                return false;
        null = open("/dev/null", O_RDWR);
        if (null < 0)
                return false;
        for (int i = STDIN_FILENO;
             i <= (zc_sandbox_build.keeps_stderr ? STDOUT_FILENO : STDERR_FILENO); i++) {
                if (dup2(null, i) < 0)
                        return false;
        }
        close(null);
        descriptors_raise();
        return true;
}
