/** Evidence files: writing a stream, reading both forms, and what hostile or cut input does. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "alloc.h"
#include "zc/evidence.h"

#define HEAD                                                                                       \
        "{\"schema\":\"zerocrit.evidence/"                                                         \
        "1\",\"run\":{\"id\":\"r1\",\"vantage\":{\"id\":\"web1\",\"addresses\":[\"192.0.2.7\"]}}}" \
        "\n"

static const char stream[] =
        HEAD "{\"host\":{\"probes\":{\"listeners\":{\"outcome\":\"done\"}},\"listeners\":[]}}\n"
             "{\"host\":{\"probes\":{\"os\":{\"outcome\":\"done\"}},\"os\":{\"id\":\"debian\"}}}\n"
             "{\"endpoint\":{\"asset\":\"a\",\"address\":\"198.51.100.1\",\"port\":22,"
             "\"transport\":\"tcp\",\"name\":null,\"state\":\"open\"}}\n"
             "{\"scan\":{\"asset\":\"a\",\"address\":\"198.51.100.1\",\"transport\":\"tcp\","
             "\"ports\":\"22\"}}\n"
             "{\"endpoint\":{\"asset\":\"a\",\"address\":\"198.51.100.1\",\"port\":80,"
             "\"transport\":\"tcp\",\"name\":null,\"state\":\"open\"}}\n"
             "{\"endpoint\":{\"asset\":\"a\",\"address\":\"198.51.100.1\",\"port\":22,"
             "\"transport\":\"tcp\",\"name\":null,\"state\":\"open\",\"service\":\"ssh\"}}\n"
             "{\"problem\":{\"probe\":\"ports\",\"what\":\"x\"}}\n"
             "{\"finished\":\"2026-11-21T02:14:07Z\"}\n";

static const char joined[] = HEAD
        "{\"host\":{\"firewall\":{\"admits\":[{\"family\":\"ip\",\"hook\":\"input\",\"sources\":"
        "[\"0.0.0.0/0\"],\"via\":[]}]},\"listeners\":[{\"transport\":\"tcp\",\"family\":\"ip\","
        "\"address\":\"0.0.0.0\",\"port\":22}]}}\n"
        "{\"endpoint\":{\"asset\":\"a\",\"address\":\"192.0.2.7\",\"port\":22,\"transport\":"
        "\"tcp\","
        "\"state\":\"open\",\"service\":\"ssh\"}}\n"
        "{\"endpoint\":{\"asset\":\"a\",\"address\":\"198.51.100.1\",\"port\":22,\"transport\":"
        "\"tcp\","
        "\"state\":\"open\"}}\n";

static struct zc_evidence *opened(const char *text)
{
        struct zc_err err = { 0 };
        struct zc_evidence *ev = NULL;

        if (!zc_evidence_open_bytes("e.json", text, strlen(text), &ev, &err))
                fail_msg("%s", err.text);
        return ev;
}

/** The document form, on the heap. */
static char *document_of(struct zc_evidence *ev)
{
        struct zc_out *out = zc_out_memory((size_t)1 << 26);
        struct zc_err err = { 0 };
        char *text;

        if (!zc_evidence_document(ev, out, &err))
                fail_msg("%s", err.text);
        text = strdup(zc_out_data(out, NULL));
        zc_out_free(out);
        return text;
}

struct seen {
        char text[1024];
        size_t endpoints, scans, problems;
};

static bool see_endpoint(void *ctx, const json_t *e, size_t index, struct zc_err *err)
{
        struct seen *s = ctx;
        size_t n = strlen(s->text);

        (void)err;
        s->endpoints++;
        snprintf(s->text + n, sizeof(s->text) - n, "%zu:%lld:%s ", index,
                 (long long)json_integer_value(json_object_get(e, "port")),
                 zc_json_str(e, "service", "-"));
        return true;
}

static bool see_scan(void *ctx, const json_t *e, size_t index, struct zc_err *err)
{
        (void)e;
        (void)err;
        assert_int_equal(((struct seen *)ctx)->scans++, index);
        return true;
}

static bool see_problem(void *ctx, const json_t *e, size_t index, struct zc_err *err)
{
        (void)e;
        (void)err;
        assert_int_equal(((struct seen *)ctx)->problems++, index);
        return true;
}

static struct seen visit(struct zc_evidence *ev)
{
        struct seen s = { .text = "" };
        struct zc_evidence_visitor v = { see_endpoint, see_scan, see_problem, &s, false };
        struct zc_err err = { 0 };

        if (!zc_evidence_visit(ev, &v, &err))
                fail_msg("%s", err.text);
        return s;
}

static void check_stream(struct zc_evidence *ev)
{
        struct seen s = visit(ev);

        assert_string_equal(s.text,
                            "0:22:ssh 1:80:- "); /* the later one, in the earlier one's place */
        assert_int_equal(s.scans, 1);
        assert_int_equal(s.problems, 1);
        assert_true(zc_evidence_finished(ev));
        assert_string_equal(zc_evidence_vantage(ev), "web1");
        assert_string_equal(zc_evidence_asset(ev), "web1");
        assert_string_equal(zc_json_str(zc_evidence_host(ev), "probes.listeners.outcome", ""),
                            "done");
        assert_string_equal(zc_json_str(zc_evidence_host(ev), "probes.os.outcome", ""), "done");
        assert_string_equal(zc_json_str(zc_evidence_host(ev), "os.id", ""), "debian");
        assert_string_equal(zc_json_str(zc_evidence_run(ev), "finished", ""),
                            "2026-11-21T02:14:07Z");
}

static void test_forms(void **state)
{
        struct zc_evidence *ev = opened(stream), *again;
        char *first, *second;

        (void)state;
        check_stream(ev);
        check_stream(ev); /* a visit leaves nothing behind */
        first = document_of(ev);
        again = opened(first);
        check_stream(again);
        second = document_of(again);
        assert_string_equal(first, second);
        free(first);
        free(second);
        zc_evidence_free(ev);
        zc_evidence_free(again);
}

static bool copy(struct zc_evidence *to, const char *form, const json_t *value, struct zc_err *err)
{
        json_auto_t *record = json_object();

        json_object_set(record, form, (json_t *)(uintptr_t)value);
        return zc_evidence_put(to, record, err);
}

static bool copy_endpoint(void *ctx, const json_t *value, size_t index, struct zc_err *err)
{
        (void)index;
        return copy(ctx, "endpoint", value, err);
}

static bool copy_scan(void *ctx, const json_t *value, size_t index, struct zc_err *err)
{
        (void)index;
        return copy(ctx, "scan", value, err);
}

static bool copy_problem(void *ctx, const json_t *value, size_t index, struct zc_err *err)
{
        (void)index;
        return copy(ctx, "problem", value, err);
}

/** A document, written again as a stream while it is read, has the same document. */
static void test_rewritten(void **state)
{
        struct zc_evidence *ev = opened(stream), *from, *to = NULL;
        struct zc_evidence_visitor v = { copy_endpoint, copy_scan, copy_problem, NULL, false };
        struct zc_err err = { 0 };
        char *first = document_of(ev), *second;

        (void)state;
        from = opened(first);
        assert_true(zc_evidence_create(NULL, zc_evidence_run(from), &to, &err));
        v.ctx = to;
        assert_true(copy(to, "host", zc_evidence_host(from), &err));
        assert_true(zc_evidence_visit(from, &v, &err));
        second = document_of(to);
        assert_string_equal(first, second);
        free(first);
        free(second);
        zc_evidence_free(ev);
        zc_evidence_free(from);
        zc_evidence_free(to);
}

/** The members of a document may stand in any order and on one line. */
static void test_compact_document(void **state)
{
        struct zc_evidence *ev = opened(
                "{\"endpoints\":[{\"asset\":\"a\",\"address\":\"192.0.2.1\",\"port\":1,"
                "\"transport\":\"tcp\"}],\"future\":{\"x\":[1]},"
                "\"host\":{\"new\":1},\"run\":{\"id\":\"r\",\"vantage\":{\"id\":\"v\"},"
                "\"finished\":\"2026-11-21T02:14:07Z\"},\"schema\":\"zerocrit.evidence/1\"}");

        (void)state;
        assert_string_equal(visit(ev).text, "0:1:- ");
        assert_true(zc_evidence_finished(ev));
        assert_int_equal(json_integer_value(json_object_get(zc_evidence_host(ev), "new")), 1);
        zc_evidence_free(ev);
}

/** Names, and an absent one, tell endpoints apart; so does every other part of the identity. */
static void test_identity(void **state)
{
        struct zc_evidence *ev =
                opened(HEAD "{\"endpoint\":{\"asset\":\"a\",\"address\":\"192.0.2.1\",\"port\":1,"
                            "\"transport\":\"tcp\",\"name\":null}}\n"
                            "{\"endpoint\":{\"asset\":\"a\",\"address\":\"192.0.2.1\",\"port\":1,"
                            "\"transport\":\"tcp\",\"name\":\"\"}}\n"
                            "{\"endpoint\":{\"asset\":\"a\",\"address\":\"192.0.2.1\",\"port\":1,"
                            "\"transport\":\"tcp\",\"name\":\"n\"}}\n"
                            "{\"endpoint\":{\"asset\":\"a\",\"address\":\"192.0.2.1\",\"port\":1,"
                            "\"transport\":\"udp\",\"name\":\"n\"}}\n"
                            "{\"endpoint\":{\"asset\":\"b\",\"address\":\"192.0.2.1\",\"port\":1,"
                            "\"transport\":\"tcp\",\"name\":\"n\"}}\n"
                            "{\"endpoint\":{\"asset\":\"a\",\"address\":\"192.0.2.1\",\"port\":1,"
                            "\"transport\":\"tcp\",\"service\":\"last\"}}\n");

        (void)state;
        assert_string_equal(visit(ev).text, "0:1:last 1:1:- 2:1:- 3:1:- 4:1:- ");
        zc_evidence_free(ev);
}

static void test_many(void **state)
{
        struct zc_err err = { 0 };
        struct zc_evidence *ev = NULL;
        json_auto_t *run = json_pack("{sss{ss}}", "id", "r", "vantage", "id", "v");
        struct seen s;

        (void)state;
        assert_true(zc_evidence_create(NULL, run, &ev, &err));
        for (int round = 0; round < 2; round++)
                for (int port = 1; port <= 500; port++) {
                        json_auto_t *r = json_pack(
                                "{s{sssssissss}}", "endpoint", "asset", "a", "address", "192.0.2.1",
                                "port", port, "transport", "tcp", "service", round ? "two" : "one");

                        assert_true(zc_evidence_put(ev, r, &err));
                }
        s = visit(ev);
        assert_int_equal(s.endpoints, 500);
        assert_memory_equal(s.text, "0:1:two 1:2:two ", 16);
        zc_evidence_free(ev);
}

struct bad {
        const char *text, *error;
};

static const struct bad bads[] = {
        { "", "e.json:1:1: this is empty: evidence begins with {\"schema\": "
              "\"zerocrit.evidence/1\", \"run\": ..." },
        { "[]", "e.json:1:1: this is no evidence, which begins with {\"schema\": "
                "\"zerocrit.evidence/1\", \"run\": ..." },
        { "{}", "e.json:1:2: a member's name in quotes must stand here" },
        { "{\"schema\":\"zerocrit.evidence/2\"}",
          "e.json:1:11: this evidence is \"zerocrit.evidence/2\" and this zerocrit reads "
          "\"zerocrit.evidence/1\": read it with the version that wrote it" },
        { "{\"schema\":\"zerocrit.report/1\"}", "e.json:1:11: \"schema\" is \"zerocrit.report/1\": "
                                                "evidence has \"zerocrit.evidence/1\"" },
        { "{\"schema\":3}",
          "e.json:1:11: \"schema\" is \"\": evidence has \"zerocrit.evidence/1\"" },
        { "{\"schema\":\"zerocrit.evidence/1\"}",
          "e.json:1:33: \"run\" is missing: this is no evidence" },
        { "{\"schema\":\"zerocrit.evidence/1\",\n \"schema\":1}",
          "e.json:2:10: \"schema\" stands here twice" },
        { "{\"schema\" \"zerocrit.evidence/1\"}", "e.json:1:11: ':' is missing here" },
        { HEAD "x\n", "e.json:2:1: invalid token near 'x'" },
        { HEAD "[]\n", "e.json:2:1: a record of a stream is an object" },
        { HEAD "{\"finished\":\"yesterday\"}\n",
          "e.json:2:1: \"finished\" must be a time such as 2026-11-21T02:14:07Z" },
        { HEAD "{\"endpoint\":{\"asset\":\"a\",\"address\":\"192.0.2.1\",\"port\":1,"
               "\"transport\":\"tcp\"},\"more\":1}\n",
          "e.json:2:1: a record {endpoint} with other members beside it" },
        { HEAD "{\"finished\":\"2026-11-21T02:14:07Z\",\"host\":{}}\n",
          "e.json:2:1: a record {host} with other members beside it" },
        { HEAD HEAD, "e.json:2:1: a second head: two files in one; give them as two" },
        { HEAD "{\"finished\":\"2026-11-21T02:14:07Z\"}\n{\"host\":{}}\n",
          "e.json:3:1: a record after {finished}: two files in one" },
        { "{\"schema\":\"zerocrit.evidence/"
          "1\",\"run\":{\"id\":\"r\",\"vantage\":{\"id\":\"v\"}},\n\"endpoints\":{}}",
          "e.json:2:13: \"endpoints\" must be an array" },
        { "{\"schema\":\"zerocrit.evidence/"
          "1\",\"run\":{\"id\":\"r\",\"vantage\":{\"id\":\"v\"}},\n\"scans\":[]} x",
          "e.json:2:13: more text after the end of the document" },
        { "{\"schema\":\"zerocrit.evidence/"
          "1\",\"run\":{\"id\":\"r\",\"vantage\":{\"id\":\"v\"}},\n\"scans\":[\n  {\"a\":\n tru}]}",
          "e.json:4:4: invalid token near 'tru'" },
        { "{\"schema\":\"zerocrit.evidence/"
          "1\",\"run\":{\"id\":\"r\",\"vantage\":{\"id\":\"v\"}},\n\"scans\":[ {\"x\":1 ",
          "e.json:2:18: the text ends within the value that begins at 2:11: it was cut" },
        { "{\"schema\":\"zerocrit.evidence/"
          "1\",\"run\":{\"id\":\"r\",\"vantage\":{\"id\":\"v\"}},\"scans\":[1 2]}",
          "e.json:1:80: scan: " },
        { HEAD "{\"host\":{\"listeners\":[{\"transport\":\"tcp\"}]}}\n",
          "e.json:2:1: host /listeners/0: " },
        { HEAD "{\"endpoint\":{\"asset\":\"a\",\"address\":\"192.0.2.1\",\"port\":65536,"
               "\"transport\":\"tcp\"}}\n",
          "e.json:2:1: endpoint /port: must be between 0 and 65535" },
        { HEAD "{\"host\":{\"listeners\":[{\"transport\":\"tcp\",\"family\":\"ip\",\"address\":"
               "\"0.0.0.0\",\"port\":70000}]}}\n",
          "e.json:2:1: host /listeners/0/port: must be between 0 and 65535" },
};

static void test_bad(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(bads); i++) {
                struct zc_err err = { 0 };
                struct zc_evidence *ev = NULL;

                assert_false(zc_evidence_open_bytes("e.json", bads[i].text, strlen(bads[i].text),
                                                    &ev, &err));
                assert_null(ev);
                if (strncmp(err.text, bads[i].error, strlen(bads[i].error)) != 0)
                        fail_msg("row %zu: %s\nwanted %s", i, err.text, bads[i].error);
        }
}

/** A stream that ends anywhere is what came before, from the end of its head on; a document is refused. */
static void test_truncation(void **state)
{
        struct zc_evidence *whole = opened(stream);
        char *document = document_of(whole);
        size_t head = strlen(HEAD) - 1;

        (void)state;
        for (size_t n = 0; n < sizeof(stream) - 1; n++) {
                char *exact = memcpy(malloc(n + (n == 0)), stream, n);
                struct zc_evidence *ev = NULL;
                struct zc_err err = { 0 };
                bool ok = zc_evidence_open_bytes("e", exact, n, &ev, &err);

                assert_int_equal(ok, n >= head);
                if (ok) {
                        assert_int_equal(zc_evidence_finished(ev), n == sizeof(stream) - 2);
                        visit(ev);
                }
                zc_evidence_free(ev);
                free(exact);
        }
        for (size_t n = 0; n < strlen(document) - 2; n++) {
                char *exact = memcpy(malloc(n + (n == 0)), document, n);
                struct zc_evidence *ev = NULL;

                assert_false(zc_evidence_open_bytes("e", exact, n, &ev, &(struct zc_err){ 0 }));
                free(exact);
        }
        free(document);
        zc_evidence_free(whole);
}

static void test_cut_line_is_dropped(void **state)
{
        struct zc_evidence *ev = opened(HEAD "{\"endpoint\":{\"asset\":\"a\",\"address\":\"192.0.2."
                                             "1\",\"port\":1,\"transport\":\"tcp\"}}\n{\"endpoi");

        (void)state;
        assert_string_equal(visit(ev).text, "0:1:- ");
        assert_false(zc_evidence_finished(ev));
        zc_evidence_free(ev);
}

static void test_write(void **state)
{
        char folder[] = "/tmp/zc-evidence-XXXXXX", path[64];
        json_auto_t *run = json_pack("{sss{ss}}", "id", "r", "vantage", "id", "v");
        json_auto_t *host = json_pack("{s{s[]}}", "host", "listeners");
        json_auto_t *wrong = json_pack("{s{}}", "host2");
        json_auto_t *port = json_pack("{s{sssssiss}}", "endpoint", "asset", "a", "address", "b",
                                      "port", 70000, "transport", "tcp");
        struct zc_evidence *ev = NULL;
        struct zc_err err = { 0 };
        struct stat st;

        (void)state;
        assert_non_null(mkdtemp(folder));
        snprintf(path, sizeof(path), "%s/e.ndjson", folder);
        for (int round = 0; round < 2; round++) { /* what an earlier run left is replaced */
                assert_true(zc_evidence_create(path, run, &ev, &err));
                assert_string_equal(zc_evidence_name(ev), path);
                assert_int_equal(stat(path, &st), 0);
                assert_int_equal(st.st_mode & 0777, 0600);
                assert_true(zc_evidence_put(ev, host, &err));
                assert_false(zc_evidence_put(ev, wrong, &err));
                assert_int_equal(err.code, ZC_E_MALFORMED);
                assert_false(zc_evidence_put(ev, port, &err));
                assert_false(zc_evidence_finished(ev));
                assert_true(zc_evidence_finish(ev, &err));
                assert_false(zc_evidence_put(ev, host, &err));
                assert_false(zc_evidence_finish(ev, &err));
                zc_evidence_free(ev);
                assert_true(zc_evidence_open(path, &ev, &err));
                assert_true(zc_evidence_finished(ev));
                assert_non_null(json_object_get(zc_evidence_host(ev), "listeners"));
                assert_false(zc_evidence_put(ev, host, &err));
                zc_evidence_free(ev);
        }
        unlink(path);
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_false(zc_evidence_create(path, run, &ev,
                                        &err)); /* never in place of anything but a file */
        unlink(path);
        assert_false(zc_evidence_open(path, &ev, &err));
        assert_false(zc_evidence_open(folder, &ev, &err));
        assert_int_equal(err.code, ZC_E_USAGE);
        rmdir(folder);
}

/** A pipe can be read once; it is kept. */
static void test_standard_input(void **state)
{
        int pipes[2], saved = dup(STDIN_FILENO);
        struct zc_evidence *ev = NULL;
        struct zc_err err = { 0 };

        (void)state;
        assert_int_equal(pipe(pipes), 0);
        assert_int_equal(write(pipes[1], stream, sizeof(stream) - 1), sizeof(stream) - 1);
        close(pipes[1]);
        dup2(pipes[0], STDIN_FILENO);
        close(pipes[0]);
        assert_true(zc_evidence_open("-", &ev, &err));
        dup2(saved, STDIN_FILENO);
        close(saved);
        assert_string_equal(zc_evidence_name(ev), "standard input");
        check_stream(ev);
        zc_evidence_free(ev);
}

/** What a full disk let through of a record is cut off, and the stream stays valid. */
static void test_full_disk(void **state)
{
        char path[] = "/tmp/zc-evidence-XXXXXX";
        json_auto_t *run = json_pack("{sss{ss}}", "id", "r", "vantage", "id", "v");
        json_auto_t *host = json_pack("{s{s[]}}", "host", "listeners");
        json_auto_t *problem =
                json_pack("{s{ss}}", "problem", "what", "something longer than is left");
        struct zc_evidence *ev = NULL, *again = NULL;
        struct rlimit limit, before;
        struct zc_err err = { 0 };
        struct stat st;

        (void)state;
        close(mkstemp(path));
        signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        assert_true(zc_evidence_create(path, run, &ev, &err));
        assert_int_equal(stat(path, &st), 0);
        limit = before;
        limit.rlim_cur = (rlim_t)st.st_size + 20;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        assert_false(zc_evidence_put(ev, problem, &err));
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(err.code, ZC_E_IO);
        assert_non_null(strstr(err.text, path));
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_size + 20, limit.rlim_cur);
        assert_true(zc_evidence_put(ev, host, &err));
        assert_true(zc_evidence_open(path, &again, &err));
        assert_non_null(zc_evidence_host(again));
        assert_int_equal(visit(again).problems, 0);
        zc_evidence_free(ev);
        zc_evidence_free(again);
        unlink(path);
}

/** A name that every row would repeat is refused when it is a book. */
static void test_long_names(void **state)
{
        static const char *const parts[] = { "asset", "address", "name", "service" };

        (void)state;
        for (size_t i = 0; i < 2 * ZC_COUNT(parts); i++) {
                size_t length = 1024 + i % 2;
                json_auto_t *record = json_pack("{s{sssssiss}}", "endpoint", "asset", "a",
                                                "address", "b", "port", 1, "transport", "tcp");
                json_auto_t *run = json_pack("{sss{ss}}", "id", "r", "vantage", "id", "v");
                char *name = memset(malloc(length), 'x', length);
                struct zc_evidence *ev = NULL;
                struct zc_err err = { 0 };

                json_object_set_new(json_object_get(record, "endpoint"), parts[i / 2],
                                    json_stringn(name, length));
                assert_true(zc_evidence_create(NULL, run, &ev, &err));
                assert_int_equal(zc_evidence_put(ev, record, &err), length == 1024);
                assert_int_equal(err.code, length == 1024 ? ZC_OK : ZC_E_LIMIT);
                zc_evidence_free(ev);
                free(name);
        }
}

/** Records at and beyond their largest size; a document may be as large again by its indentation. */
static void test_sizes(void **state)
{
        json_auto_t *run = json_pack("{sss{ss}}", "id", "r", "vantage", "id", "v");
        json_auto_t *record = json_pack("{s{sss[]}}", "problem", "what", "", "list");
        json_t *list = zc_json_pointer(record, "/problem/list");
        struct zc_evidence *ev = NULL, *again;
        struct zc_err err = { 0 };
        char *text;

        (void)state;
        for (size_t i = 0; i < ZC_EVIDENCE_LINE_MAX / 2 - 100; i++)
                json_array_append_new(list, json_integer(1));
        assert_true(zc_evidence_create(NULL, run, &ev, &err));
        assert_true(zc_evidence_put(ev, record, &err));
        for (size_t i = 0; i < 100; i++)
                json_array_append_new(list, json_integer(1));
        assert_false(zc_evidence_put(ev, record, &err));
        assert_int_equal(err.code, ZC_E_LIMIT);
        text = document_of(ev);
        assert_true(strlen(text) > ZC_EVIDENCE_LINE_MAX);
        again = opened(text);
        assert_int_equal(visit(again).problems, 1);
        free(text);
        zc_evidence_free(ev);
        zc_evidence_free(again);
}

static void test_asset(void **state)
{
        static const struct {
                const char *targets, *asset;
        } rows[] = {
                { "[]", "v" },
                { "[{\"id\":\"auto\",\"named\":\"local\"}]", "v" },
                { "[{\"id\":\"www\",\"named\":\"192.0.2.1\"},{\"id\":\"runner\",\"named\":"
                  "\"local\"}]",
                  "runner" },
                { "[{\"id\":\"www\",\"named\":\"192.0.2.1\"}]", "v" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                char text[512];
                struct zc_evidence *ev;

                snprintf(text, sizeof(text),
                         "{\"schema\":\"zerocrit.evidence/"
                         "1\",\"run\":{\"id\":\"r\",\"vantage\":{\"id\":\"v\"},\"targets\":%s}}",
                         rows[i].targets);
                ev = opened(text);
                assert_string_equal(zc_evidence_asset(ev), rows[i].asset);
                zc_evidence_free(ev);
        }
}

static void test_schema(void **state)
{
        struct zc_err err = { 0 };
        const json_t *schema = zc_evidence_schema(&err);

        (void)state;
        assert_non_null(schema);
        assert_ptr_equal(schema, zc_evidence_schema(&err));
        for (size_t i = 0; i < zc_kind_count; i++) {
                char pointer[64];

                snprintf(pointer, sizeof(pointer), "/$defs/%s", zc_kinds[i].def);
                assert_non_null(zc_json_pointer(schema, pointer));
        }
}

/** Read, join and write; false with err when memory ran out. */
static bool try_document(struct zc_err *err)
{
        ZC_AUTO(zc_evidence) ev = NULL;
        ZC_AUTO(zc_out) out = zc_out_memory((size_t)1 << 20);

        if (!out)
                return zc_fail(err, ZC_E_NOMEM, "out");
        return zc_evidence_open_bytes("e", joined, strlen(joined), &ev, err) &&
               zc_evidence_document(ev, out, err) && zc_out_commit(out, err);
}

static bool try_put(struct zc_err *err, const json_t *run, const json_t *record)
{
        ZC_AUTO(zc_evidence) ev = NULL;

        return zc_evidence_create(NULL, run, &ev, err) && zc_evidence_put(ev, record, err) &&
               zc_evidence_finish(ev, err);
}

/** Every allocation may fail: that is an error, and nothing is lost or left behind. */
static void test_no_memory(void **state)
{
        json_auto_t *run = json_pack("{sss{ss}}", "id", "r", "vantage", "id", "v");
        json_auto_t *record = json_pack("{s{s[]}}", "host", "listeners");
        struct zc_err err = { 0 };

        (void)state;
        assert_non_null(zc_evidence_schema(&err)); /* parsed once, for good */
        for (size_t n = 1; alloc_fail_at(n), !try_document(&err); n++)
                assert_int_equal(err.code, ZC_E_NOMEM);
        for (size_t n = 1; alloc_fail_at(n), !try_put(&err, run, record); n++)
                assert_int_equal(err.code, ZC_E_NOMEM);
        alloc_fail_at(0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_forms),
                cmocka_unit_test(test_sizes),
                cmocka_unit_test(test_full_disk),
                cmocka_unit_test(test_long_names),
                cmocka_unit_test(test_no_memory),
                cmocka_unit_test(test_rewritten),
                cmocka_unit_test(test_compact_document),
                cmocka_unit_test(test_identity),
                cmocka_unit_test(test_many),
                cmocka_unit_test(test_bad),
                cmocka_unit_test(test_truncation),
                cmocka_unit_test(test_cut_line_is_dropped),
                cmocka_unit_test(test_write),
                cmocka_unit_test(test_standard_input),
                cmocka_unit_test(test_asset),
                cmocka_unit_test(test_schema),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
