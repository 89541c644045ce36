#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "zc/rd.h"
#include "zc/resolve.h"
#include "zc/text.h"
#include "zc/wr.h"

/* ---- a name server in a thread ---- */

enum { A = 1, CNAME = 5, AAAA = 28 };
enum {
        NOERROR = 0,
        FORMERR = 1,
        SERVFAIL = 2,
        NXDOMAIN = 3,
        REFUSED = 5,
        SILENT = 100,
        GARBAGE = 101,
        WRONG_ID = 102
};

/* What it says about one name; an empty answer list is "no data". */
static const struct zone {
        const char *name;
        uint16_t type;
        int rcode;
        const char *answers[4]; /* addresses; "=name" is a CNAME to a name whose addresses follow */
} zone[] = {
        { "www.example", A, NOERROR, { "192.0.2.9", "192.0.2.7", "192.0.2.9" } },
        { "www.example", AAAA, NOERROR, { "2001:db8::2", "2001:db8::1" } },
        { "four.example", A, NOERROR, { "192.0.2.4" } },
        { "four.example", AAAA, NOERROR, { NULL } },
        { "six.example", A, NOERROR, { NULL } },
        { "six.example", AAAA, NOERROR, { "2001:db8::6", "::ffff:192.0.2.66" } },
        { "alias.example", A, NOERROR, { "=real.example", "192.0.2.1" } },
        { "alias.example", AAAA, NOERROR, { "=real.example" } },
        { "empty.example", A, NOERROR, { NULL } },
        { "empty.example", AAAA, NOERROR, { NULL } },
        { "broken.example", A, SERVFAIL, { NULL } },
        { "broken.example", AAAA, SERVFAIL, { NULL } },
        { "refused.example", A, REFUSED, { NULL } },
        { "refused.example", AAAA, REFUSED, { NULL } },
        { "silent.example", A, SILENT, { NULL } },
        { "silent.example", AAAA, SILENT, { NULL } },
        { "half.example", A, NOERROR, { "192.0.2.5" } },
        { "half.example", AAAA, SILENT, { NULL } },
        { "halfbroken.example", A, SERVFAIL, { NULL } },
        { "halfbroken.example", AAAA, NOERROR, { "2001:db8::5" } },
        { "garbage.example", A, GARBAGE, { NULL } },
        { "garbage.example", AAAA, GARBAGE, { NULL } },
        { "spoofed.example", A, WRONG_ID, { "192.0.2.99" } },
        { "spoofed.example", AAAA, WRONG_ID, { NULL } },
        { "short.elsewhere.example", A, NOERROR, { "192.0.2.77" } },
        { "short.elsewhere.example", AAAA, NOERROR, { NULL } },
        { "many.example", A, NOERROR, { "many" } },
        { "many.example", AAAA, NOERROR, { NULL } },
};

static struct {
        int fd, tcp;
        uint16_t port;
        pthread_t thread;
        atomic_bool stop;
} server;

/* The question's name as text; false for what a resolver never sends. */
static bool read_name(struct zc_rd *rd, char *out, size_t cap)
{
        size_t n = 0;
        struct zc_rd label;

        while (zc_rd_vec8(rd, &label) && label.n > 0) {
                if (n + label.n + 2 > cap)
                        return false;
                if (n > 0)
                        out[n++] = '.';
                memcpy(out + n, label.p, label.n);
                n += label.n;
        }
        out[n] = '\0';
        zc_ascii_lower(out);
        return n > 0;
}

static void write_name(struct zc_wr *w, const char *name)
{
        while (*name) {
                size_t n = strcspn(name, ".");

                zc_wr_u8(w, (uint8_t)n);
                zc_wr_bytes(w, name, n);
                name += n + (name[n] == '.');
        }
        zc_wr_u8(w, 0);
}

static void write_record(struct zc_wr *w, const char *owner, uint16_t type, const char *text)
{
        size_t mark;
        struct zc_addr a = { 0 };

        write_name(w, owner);
        zc_wr_u16(w, text[0] == '=' ? CNAME : type);
        zc_wr_u16(w, 1);
        zc_wr_u32(w, 60);
        mark = zc_wr_open16(w);
        if (text[0] == '=') {
                write_name(w, text + 1);
        } else if (zc_addr_parse(text, &a, &(struct zc_err){ 0 })) {
                zc_wr_bytes(w, a.bytes, type == A ? 4 : 16);
        }
        zc_wr_close16(w, mark);
}

static unsigned write_answers(struct zc_wr *w, const struct zone *z)
{
        const char *owner = z->name;
        char text[32];
        unsigned n = 0;

        if (z->answers[0] && strcmp(z->answers[0], "many") == 0) {
                for (; n < 80; n++) { /* each twice */
                        snprintf(text, sizeof text, "192.0.2.%u", 200 - n);
                        write_record(w, owner, A, text);
                }
                return n;
        }
        for (; n < 4 && z->answers[n]; n++) {
                write_record(w, owner, z->type, z->answers[n]);
                if (z->answers[n][0] == '=')
                        owner = z->answers[n] + 1;
        }
        return n;
}

static const struct zone *find(const char *name, uint16_t type)
{
        static const struct zone unknown = { .rcode = NXDOMAIN };

        for (size_t i = 0; i < ZC_COUNT(zone); i++)
                if (strcmp(zone[i].name, name) == 0 && zone[i].type == type)
                        return &zone[i];
        return &unknown;
}

/* RFC 1035 section 4: header, the question again, answers. */
static size_t answer(const uint8_t *question, size_t n, uint8_t *buf, size_t cap)
{
        struct zc_rd rd = { question, n }, header;
        struct zc_wr w;
        char name[256];
        uint16_t id, type;
        const struct zone *z;
        size_t count;
        unsigned answers;

        if (!zc_rd_u16(&rd, &id) || !zc_rd_take(&rd, 10, &header) ||
            !read_name(&rd, name, sizeof name) || !zc_rd_u16(&rd, &type))
                return 0;
        z = find(name, type);
        if (z->rcode == SILENT)
                return 0;
        zc_wr_init(&w, buf, cap);
        zc_wr_u16(&w, (uint16_t)(z->rcode == WRONG_ID ? id ^ 1 : id));
        zc_wr_u16(&w, (uint16_t)(0x8180 | (z->rcode < 16 ? z->rcode : 0)));
        zc_wr_u16(&w, 1);
        count = w.len;
        zc_wr_u16(&w, z->rcode == GARBAGE ? 7 : 0);
        zc_wr_u32(&w, 0);
        write_name(&w, name);
        zc_wr_u16(&w, type);
        zc_wr_u16(&w, 1);
        answers = write_answers(&w, z);
        assert_false(w.failed);
        if (answers)
                buf[count + 1] = (uint8_t)answers;
        return w.len;
}

static void serve_udp(void)
{
        uint8_t question[512], buf[4096];
        struct sockaddr_in from;
        socklen_t len = sizeof from;
        ssize_t n =
                recvfrom(server.fd, question, sizeof question, 0, (struct sockaddr *)&from, &len);
        size_t reply = n > 0 ? answer(question, (size_t)n, buf, sizeof buf) : 0;

        if (reply > 512) {
                buf[2] |= 0x02; /* truncated: ask by TCP */
                buf[7] = 0;
                reply = (size_t)n;
        }
        if (reply > 0)
                sendto(server.fd, buf, reply, 0, (struct sockaddr *)&from, len);
}

static void serve_tcp(void)
{
        uint8_t question[514], buf[4098];
        int fd = accept4(server.tcp, NULL, NULL, SOCK_CLOEXEC);
        ssize_t n = recv(fd, question, sizeof question, 0);
        size_t reply = n > 2 ? answer(question + 2, (size_t)n - 2, buf + 2, sizeof buf - 2) : 0;

        buf[0] = (uint8_t)(reply >> 8);
        buf[1] = (uint8_t)reply;
        if (reply > 0)
                send(fd, buf, reply + 2, MSG_NOSIGNAL);
        (void)recv(fd, question, sizeof question, 0); /* until the resolver closes */
        close(fd);
}

static void *server_main(void *arg)
{
        (void)arg;
        while (!server.stop) {
                struct pollfd fds[] = { { server.fd, POLLIN, 0 }, { server.tcp, POLLIN, 0 } };

                if (poll(fds, 2, 10) < 1)
                        continue;
                if (fds[0].revents)
                        serve_udp();
                if (fds[1].revents)
                        serve_tcp();
        }
        return NULL;
}

static char hosts_path[] = "/tmp/zc-test-hosts-XXXXXX";

static void init(int timeout_ms, int tries)
{
        char servers[32];
        struct zc_err err = { 0 };
        struct zc_resolve_options o = { servers, hosts_path, timeout_ms, tries };

        snprintf(servers, sizeof servers, "127.0.0.1:%u", server.port);
        if (!zc_resolve_init_with(&o, &err))
                fail_msg("%s", err.text);
}

static int setup(void **state)
{
        static const char hosts[] =
                "192.0.2.50 filed.example other # here\n192.0.2.51 other\nfe80::1%lo other\n";
        struct sockaddr_in sin = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t n = sizeof sin;
        int fd = mkstemp(hosts_path);

        (void)state;
        assert_int_equal(write(fd, hosts, sizeof hosts - 1), sizeof hosts - 1);
        close(fd);
        server.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(server.fd, (struct sockaddr *)&sin, sizeof sin), 0);
        assert_int_equal(getsockname(server.fd, (struct sockaddr *)&sin, &n), 0);
        server.port = ntohs(sin.sin_port);
        server.tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(server.tcp, (struct sockaddr *)&sin, sizeof sin), 0);
        assert_int_equal(listen(server.tcp, 8), 0);
        assert_int_equal(pthread_create(&server.thread, NULL, server_main, NULL), 0);
        setenv("LOCALDOMAIN", "elsewhere.example", 1); /* a search list is not ours to follow */
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        server.stop = true;
        pthread_join(server.thread, NULL);
        close(server.fd);
        close(server.tcp);
        unlink(hosts_path);
        return 0;
}

/* ---- answers ---- */

static void list(const struct zc_addrs *found, struct zc_text *out)
{
        for (size_t i = 0; i < found->count; i++) {
                char text[ZC_ADDR_LEN];

                zc_addr_format(&found->list[i], text);
                zc_text_printf(out, "%s%s", i ? " " : "", text);
        }
}

static void test_answers(void **state)
{
        static const struct {
                const char *name, *addresses,
                        *missing; /* addresses NULL: fails with the words in missing */
                enum zc_code code;
        } rows[] = {
                { "www.example.", "192.0.2.7 192.0.2.9 2001:db8::1 2001:db8::2", "", ZC_OK },
                { "WWW.Example.", "192.0.2.7 192.0.2.9 2001:db8::1 2001:db8::2", "", ZC_OK },
                { "four.example.", "192.0.2.4", "", ZC_OK },
                { "six.example.", "192.0.2.66 2001:db8::6", "", ZC_OK },
                { "alias.example.", "192.0.2.1", "", ZC_OK },
                { "half.example.", "192.0.2.5", "IPv6: no name server answered in time", ZC_OK },
                { "halfbroken.example.", "2001:db8::5", "IPv4: the name server failed (SERVFAIL)",
                  ZC_OK },
                { "192.0.2.33", "192.0.2.33", "", ZC_OK },
                { "::ffff:192.0.2.33", "192.0.2.33", "", ZC_OK },
                { "2001:DB8::33", "2001:db8::33", "", ZC_OK },
                { "filed.example", "192.0.2.50", "", ZC_OK },
                { "Filed.Example.", "192.0.2.50", "", ZC_OK },
                { "other", "192.0.2.50 192.0.2.51 fe80::1%lo", "", ZC_OK },
                { "localhost", "127.0.0.1 ::1", "", ZC_OK },
                { "a.LOCALHOST.", "127.0.0.1 ::1", "", ZC_OK },
                { "nosuch.example.", NULL, "resolving nosuch.example.: no such name", ZC_E_IO },
                { "short", NULL, "resolving short: no such name", ZC_E_IO },
                { "short.elsewhere.example", "192.0.2.77", "", ZC_OK },
                { "empty.example.", NULL, "has no address", ZC_E_IO },
                { "broken.example.", NULL, "SERVFAIL", ZC_E_IO },
                { "refused.example.", NULL, "refused", ZC_E_IO },
                { "silent.example.", NULL, "in time", ZC_E_TIMEOUT },
                { "spoofed.example.", NULL, "in time", ZC_E_TIMEOUT },
                { "exa mple", NULL, "column 4", ZC_E_USAGE },
                { "", NULL, "not a host name", ZC_E_USAGE },
                { ".", NULL, "not a host name", ZC_E_USAGE },
                { "a\x1b[m", NULL, "\\u{1b}", ZC_E_USAGE },
                { "10.1", NULL, "not a host name", ZC_E_USAGE },
        };

        (void)state;
        init(150, 2);
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_addrs found = { 0 };
                struct zc_err err = { 0 };
                bool ok = zc_resolve(rows[i].name, zc_deadline_in(20000), &found, &err);
                ZC_AUTO_TEXT text = { 0 };

                zc_text_init(&text, 4096);
                list(&found, &text);
                if (ok != (rows[i].addresses != NULL))
                        fail_msg("%s: %s", rows[i].name, ok ? zc_text_str(&text) : err.text);
                if (ok) {
                        assert_string_equal(zc_text_str(&text), rows[i].addresses);
                        assert_string_equal(found.missing, rows[i].missing);
                } else {
                        assert_int_equal(err.code, rows[i].code);
                        if (!strstr(err.text, rows[i].missing))
                                fail_msg("%s", err.text);
                }
        }
        zc_resolve_release();
}

static void test_garbage(void **state)
{
        struct zc_addrs found = { 0 };
        struct zc_err err = { 0 };

        (void)state;
        init(150, 1);
        assert_false(zc_resolve("garbage.example.", zc_deadline_in(20000), &found, &err));
        assert_true(err.code == ZC_E_IO || err.code == ZC_E_TIMEOUT);
        zc_resolve_release();
}

static void test_many(void **state)
{
        struct zc_addrs found = { 0 };
        struct zc_err err = { 0 };

        (void)state;
        init(2000, 2);
        if (!zc_resolve("many.example.", zc_deadline_in(20000), &found, &err))
                fail_msg("%s", err.text);
        assert_int_equal(found.count, ZC_RESOLVE_MAX);
        assert_true(found.cut);
        for (size_t i = 1; i < found.count; i++)
                assert_true(zc_addr_cmp(&found.list[i - 1], &found.list[i]) < 0);
        assert_int_equal(found.list[0].bytes[3], 200 - 79);
        zc_resolve_release();
}

/* The deadline ends a question that the server's own timeouts would let run for a minute, and the channel is good again. */
static void test_deadline(void **state)
{
        struct zc_addrs found = { 0 };
        struct zc_err err = { 0 };

        (void)state;
        init(60000, 3);
        for (unsigned i = 0; i < 12; i++) {
                assert_false(zc_resolve("silent.example.", zc_deadline_in(20), &found, &err));
                assert_int_equal(err.code, ZC_E_TIMEOUT);
        }
        assert_true(zc_resolve("half.example.", zc_deadline_in(300), &found, &err));
        assert_int_equal(found.count, 1);
        assert_string_equal(found.missing, "IPv6: no name server answered in time");
        assert_true(zc_resolve("www.example.", zc_deadline_in(20000), &found, &err));
        assert_int_equal(found.count, 4);
        assert_false(zc_resolve("www.example.", zc_deadline_in(0), &found, &err));
        zc_resolve_release();
}

static void *resolve_some(void *arg)
{
        for (unsigned i = 0; i < 20; i++) {
                struct zc_addrs found = { 0 };

                if (!zc_resolve(i % 2 ? "www.example." : "alias.example.", zc_deadline_in(20000),
                                &found, &(struct zc_err){ 0 }) ||
                    found.count != (i % 2 ? 4 : 1))
                        return arg;
        }
        return NULL;
}

static void test_threads(void **state)
{
        pthread_t threads[20];

        (void)state;
        init(5000, 3);
        for (size_t i = 0; i < ZC_COUNT(threads); i++)
                assert_int_equal(pthread_create(&threads[i], NULL, resolve_some, &server), 0);
        for (size_t i = 0; i < ZC_COUNT(threads); i++) {
                void *wrong;

                pthread_join(threads[i], &wrong);
                assert_null(wrong);
        }
        zc_resolve_release();
}

static void test_without(void **state)
{
        struct zc_addrs found = { 0 };
        struct zc_err err = { 0 };
        struct zc_resolve_options o = { "not a server", "/nonexistent", 0, 0 };

        (void)state;
        zc_resolve_release();
        assert_false(zc_resolve("www.example", zc_deadline_in(100), &found, &err));
        assert_true(zc_resolve("192.0.2.1", zc_deadline_in(100), &found, &err));
        assert_true(zc_resolve("localhost", zc_deadline_in(100), &found, &err));
        assert_false(zc_resolve_init_with(&o, &err));
        assert_true(zc_resolve_init(&err)); /* the system's own files, whatever they say */
        zc_resolve_release();
        zc_resolve_release();
}

/* ---- the hosts file ---- */

static void test_hosts(void **state)
{
        static const struct {
                const char *file, *name, *addresses;
        } rows[] = {
                { "", "a", "" },
                { "10.0.0.1 a", "a", "10.0.0.1" },
                { "10.0.0.1 a\n", "A", "10.0.0.1" },
                { "10.0.0.1 b a", "a", "10.0.0.1" },
                { "\t10.0.0.1\t\ta\r\n", "a", "10.0.0.1" },
                { "10.0.0.2 a\n10.0.0.1 a\n::1 a\n10.0.0.2 a\n", "a", "10.0.0.1 10.0.0.2 ::1" },
                { "10.0.0.1#a\n#10.0.0.1 a\n10.0.0.1 b#a\n10.0.0.1 b # a\n", "a", "" },
                { "10.0.0.1 ab\n10.0.0.1 a.b\n10.0.0.1 ba\n", "a", "" },
                { "a 10.0.0.1\n10.0.0 a\n10.0.0.1\n", "a", "" },
                { "::ffff:10.0.0.1 a\n", "a", "10.0.0.1" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_addrs found = { 0 };
                ZC_AUTO_TEXT text = { 0 };

                zc_text_init(&text, 4096);
                zc_hosts_find(zc_rd_str(rows[i].file), rows[i].name, &found);
                list(&found, &text);
                assert_string_equal(zc_text_str(&text), rows[i].addresses);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_answers), cmocka_unit_test(test_garbage),
                cmocka_unit_test(test_many),    cmocka_unit_test(test_deadline),
                cmocka_unit_test(test_threads), cmocka_unit_test(test_without),
                cmocka_unit_test(test_hosts),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
