/**
 * Collects with probes that do what a test asks of them: behave, hang, crash, lie, flood. It stands where a real run has listeners, os and
 * ports, so that both processes and everything between them are the real ones.
 *
 *   collect_lab EVIDENCE.ndjson BEHAVIOUR [deadline=MS] [wait=MS] [only=ID] [skip=ID] [level=N] [exclude=PATTERN] TARGET…
 *
 * Exit status as `collect`: 0, 3 when a named target is missing, 4 on a failure of ours, 128+n on signal n. Prints the collector's pid first
 * when BEHAVIOUR is hang.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "zc/evidence.h"
#include "zc/run.h"

static const char *behaviour;

static void sleep_ms(long ms)
{
        const struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

        nanosleep(&t, NULL);
}

static bool is(const char *what)
{
        return strcmp(behaviour, what) == 0;
}

/** What a collector that was taken over might write. */
static void lie(const char *bytes, size_t n)
{
        while (n > 0) {
                ssize_t done = write(3, bytes, n);

                if (done <= 0)
                        return;
                bytes += done;
                n -= (size_t)done;
        }
}

static void lies(void)
{
        static const struct {
                const char *name, *line;
        } lines[] = {
                { "garbage", "\x16\x03\x01 not a record\n" },
                { "firewall", "{\"host\":{\"firewall\":{\"rules\":0}}}\n" },
                { "finished", "{\"finished\":\"2026-11-21T02:14:07Z\"}\n" },
                { "member", "{\"endpoint\":{\"asset\":\"a\",\"address\":\"b\",\"port\":1,"
                            "\"transport\":\"tcp\",\"tls\":7}}\n" },
                { "target", "{\"end\":{\"target\":99,\"named\":0,\"answered\":true}}\n" },
        };
        static char block[65536];

        for (size_t i = 0; i < ZC_COUNT(lines); i++) {
                if (is(lines[i].name))
                        lie(lines[i].line, strlen(lines[i].line));
        }
        memset(block, 'x', sizeof block);
        while (is("endless"))
                lie(block, sizeof block);
}

static void trouble(void)
{
        lies();
        if (is("crash"))
                __builtin_trap();
        if (is("abort"))
                abort();
        if (is("exit"))
                _exit(9);
        while (is("hang"))
                sleep_ms(1000);
        if (is("slow"))
                sleep_ms(20);
}

static bool listeners_run(const struct zc_subject *subject, struct zc_io *io, json_t *out,
                          struct zc_err *err)
{
        (void)subject;
        (void)err;
        if (is("slow"))
                sleep_ms(20);
        if (is("denied"))
                return zc_fail(err, ZC_E_DENIED, "reading the sockets: Operation not permitted");
        for (int port = 22; port <= 23; port++)
                json_array_append_new(out, json_pack("{s:s, s:s, s:s, s:i}", "transport", "tcp",
                                                     "family", "ip", "address", "0.0.0.0", "port",
                                                     port));
        if (is("partial")) {
                io->whole = true;
                zc_io_partial(io, "CAP_SYS_PTRACE", "other users' processes could not be read");
                zc_io_problem(io, "/listeners/0", "no process", "permission denied");
        }
        return true;
}

static bool os_run(const struct zc_subject *subject, struct zc_io *io, json_t *out,
                   struct zc_err *err)
{
        (void)subject;
        (void)io;
        (void)err;
        if (is("os-crash"))
                abort();
        return json_object_set_new(out, "id", json_string("lab")) == 0;
}

static json_t *endpoint_make(const struct zc_subject *s, const char *address, int port,
                             const char *state)
{
        return json_pack("{s:{s:s, s:s, s:i, s:s, s:s?, s:s}}", "endpoint", "asset", s->asset,
                         "address", address, "port", port, "transport", "tcp", "name", s->name,
                         "state", state);
}

/** Port 1 is closed everywhere, every other port is open; "late" opens after a while. */
static bool ports_run(const struct zc_subject *s, struct zc_io *io, json_t *out, struct zc_err *err)
{
        static int tries;
        char address[ZC_ADDR_LEN];
        ZC_AUTO_TEXT open = { 0 };
        ZC_AUTO_TEXT all = { 0 };
        struct zc_portset found = { 0 };
        bool many = zc_portset_count(s->ports) >= 64; /* no host is open on all of so many */

        (void)out;
        zc_text_init(&open, 4096);
        zc_text_init(&all, 4096);
        trouble();
        if (is("fails"))
                return zc_fail(err, ZC_E_IO, "no sockets left");
        zc_addr_format(&s->addr, address);
        for (int p = zc_portset_next(s->ports, 1); p >= 0; p = zc_portset_next(s->ports, p + 1)) {
                bool closed = p == 1 || (many && p % 3 == 0) || (is("late") && tries < 3);

                if (!closed)
                        zc_portset_add(&found, (uint16_t)p);
                if (!closed || s->named_port)
                        io->emit(io->ctx, endpoint_make(s, address, p, closed ? "closed" : "open"));
        }
        tries++;
        zc_portset_format(&found, &open);
        zc_portset_format(s->ports, &all);
        io->emit(io->ctx, json_pack("{s:{s:s, s:s, s:s, s:s, s:s}}", "scan", "asset", s->asset,
                                    "address", address, "transport", "tcp", "ports",
                                    zc_text_str(&all), "open", zc_text_str(&open)));
        return true;
}

static const struct zc_probe lab_listeners = { .id = "listeners",
                                               .summary = "what listens",
                                               .scope = ZC_SCOPE_HOST,
                                               .side = ZC_SIDE_PARENT,
                                               .needs = ZC_NEED_PTRACE,
                                               .evidence = "host.listeners",
                                               .run = listeners_run };
static const struct zc_probe lab_os = { .id = "os",
                                        .summary = "which system",
                                        .scope = ZC_SCOPE_HOST,
                                        .side = ZC_SIDE_COLLECTOR,
                                        .evidence = "host.os",
                                        .run = os_run };
static const struct zc_probe lab_ports = { .id = "ports",
                                           .summary = "which ports answer",
                                           .scope = ZC_SCOPE_TARGET,
                                           .side = ZC_SIDE_COLLECTOR,
                                           .needs = ZC_NEED_TCP,
                                           .evidence = "endpoint",
                                           .sends = "TCP connections",
                                           .run = ports_run };
static bool banner_applies(const struct zc_subject *s)
{
        return strncmp(behaviour, "banner", 6) == 0 && s->port != 23;
}

static bool banner_run(const struct zc_subject *s, struct zc_io *io, json_t *out,
                       struct zc_err *err)
{
        if (is("banner-crash"))
                abort();
        if (is("banner-fails"))
                return zc_fail(err, ZC_E_TIMEOUT, "port %u said nothing", s->port);
        zc_io_problem(io, "/proof", "it took long", "slow");
        return json_object_set_new(out, "attempts", json_integer(2)) == 0;
}

static const char *const after_ports[] = { "ports", NULL };
static const struct zc_probe lab_banner = { .id = "banner",
                                            .summary = "what a service says first",
                                            .scope = ZC_SCOPE_ENDPOINT,
                                            .side = ZC_SIDE_COLLECTOR,
                                            .after = after_ports,
                                            .evidence = "endpoint.proof",
                                            .applies = banner_applies,
                                            .run = banner_run };
const struct zc_probe *const zc_probes[] = { &lab_listeners, &lab_os, &lab_ports, &lab_banner,
                                             NULL };

const struct zc_probe *zc_probe_find(const char *id)
{
        for (size_t i = 0; zc_probes[i]; i++) {
                if (strcmp(zc_probes[i]->id, id) == 0)
                        return zc_probes[i];
        }
        return NULL;
}

static int die(const struct zc_err *err)
{
        fprintf(stderr, "collect_lab: %s\n", err->text);
        return err->code == ZC_E_USAGE ? 2 : 4;
}

#define WORDS_MAX 8

static bool option(struct zc_job *job, struct zc_job_target *jt, char *word)
{
        static const char *only[2], *skip[2];
        struct zc_err err = { 0 };
        char *value = strchr(word, '=');

        if (!value)
                return false;
        *value++ = '\0';
        if (strcmp(word, "deadline") == 0)
                job->deadline_ms = strtol(value, NULL, 10);
        if (strcmp(word, "wait") == 0)
                jt->wait_ms = strtol(value, NULL, 10);
        if (strcmp(word, "level") == 0)
                job->level = (enum zc_probe_level)strtol(value, NULL, 10);
        if (strcmp(word, "exclude") == 0 && !zc_scope_exclude(job->scope, value, &err))
                exit(die(&err));
        if (strcmp(word, "only") == 0) {
                only[0] = value;
                job->only = only;
        }
        if (strcmp(word, "skip") == 0) {
                skip[0] = value;
                job->skip = skip;
        }
        return true;
}

/** What is left after everything was given up. */
static void dropped(struct zc_err *err)
{
        uid_t r, e, s;

        if (!zc_drop_all(err) || getresuid(&r, &e, &s) != 0)
                exit(die(err));
        fprintf(stderr, "uid %u %u %u, root again %d\n", (unsigned)r, (unsigned)e, (unsigned)s,
                setresuid(0, 0, 0) == 0);
}

int main(int argc, char **argv)
{
        ZC_AUTO(zc_arena) arena = zc_arena_new(0);
        ZC_AUTO(zc_scope) scope = zc_scope_new();
        ZC_AUTO(zc_evidence) ev = NULL;
        struct zc_target named[WORDS_MAX];
        struct zc_job_target jt = { .id = "", .named = named };
        struct zc_job job = { .targets = &jt,
                              .target_count = 1,
                              .scope = scope,
                              .level = ZC_LEVEL_SAFE,
                              .root = "",
                              .vantage = "lab" };
        struct zc_collected got = { 0 };
        struct zc_err err = { 0 };
        json_auto_t *head = NULL;

        zc_harden();
        if (argc < 4 || !arena || !scope)
                return 2;
        behaviour = argv[2];
        for (int i = 3; i < argc && jt.named_count < WORDS_MAX; i++) {
                if (!option(&job, &jt, argv[i]) &&
                    !zc_target_parse(arena, argv[i], &named[jt.named_count++], &err))
                        return die(&err);
        }
        if (!zc_job_check(&job, &err))
                return die(&err);
        head = zc_job_head(&job, &err);
        if (!head || !zc_evidence_create(argv[1], head, &ev, &err) ||
            !zc_collect(&job, ev, &got, &err))
                return die(&err);
        if (is("drop"))
                dropped(&err);
        if (got.signal != 0)
                return 128 + got.signal;
        return got.named_missing ? 3 : 0;
}
