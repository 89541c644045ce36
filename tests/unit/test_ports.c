#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alloc.h"
#include "zc/evidence.h"
#include "zc/ports.h"
#include "zc/probe.h"

/* A port on loopback: listening, or held so that nothing else listens there. */
static int hold(uint16_t *port, bool listens)
{
        struct sockaddr_in sin = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t n = sizeof sin;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_int_equal(bind(fd, (struct sockaddr *)&sin, sizeof sin), 0);
        if (listens)
                assert_int_equal(listen(fd, 64), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &n), 0);
        *port = ntohs(sin.sin_port);
        return fd;
}

static struct {
        int fds[2];
        uint16_t open, closed;
        struct zc_scope *scope;
        struct zc_portset ports;
        struct zc_ports_job job;
} here;

static int setup(void **state)
{
        struct zc_err err = { 0 };

        (void)state;
        here.fds[0] = hold(&here.open, true);
        here.fds[1] = hold(&here.closed, false);
        here.scope = zc_scope_new();
        assert_true(zc_scope_allow(here.scope, "127.0.0.0/8", &err));
        memset(&here.ports, 0, sizeof here.ports);
        zc_portset_add(&here.ports, here.open);
        zc_portset_add(&here.ports, here.closed);
        here.job = (struct zc_ports_job){ .asset = "here",
                                          .ports = &here.ports,
                                          .scope = here.scope,
                                          .deadline = zc_deadline_in(60000),
                                          .self = true };
        assert_true(zc_addr_parse("127.0.0.1", &here.job.addr, &err));
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        close(here.fds[0]);
        close(here.fds[1]);
        zc_scope_free(here.scope);
        return 0;
}

static void test_states(void **state)
{
        struct zc_ports_result r;
        struct zc_err err = { 0 };

        (void)state;
        assert_true(zc_ports_scan(&here.job, &r, &err));
        assert_int_equal(zc_ports_state(&r, here.open), ZC_PORT_OPEN);
        assert_int_equal(zc_ports_state(&r, here.closed), ZC_PORT_CLOSED);
        assert_int_equal(r.counts[ZC_PORT_OPEN], 1);
        assert_int_equal(r.counts[ZC_PORT_CLOSED], 1);
        assert_int_equal(r.counts[ZC_PORT_UNKNOWN], 0);
        assert_int_equal(r.note_count, 2);
        assert_string_equal(zc_ports_note(&r, here.open)->reason, "connected");
        assert_string_equal(zc_ports_note(&r, here.closed)->reason, "refused");
        assert_int_equal(zc_ports_note(&r, here.open)->attempts, 1);
        assert_null(zc_ports_note(&r, 1));
        assert_string_equal(r.why, "");
        zc_ports_release(&r);
        zc_ports_release(&r);
}

/* All 65,535, of which the kernel refuses most; ports that others hold here may be open. */
static void test_all(void **state)
{
        struct zc_ports_result r;
        struct zc_err err = { 0 };

        (void)state;
        assert_true(zc_portset_parse("all", &here.ports, &err));
        if (!zc_ports_scan(&here.job, &r, &err))
                fail_msg("%s", err.text);
        assert_int_equal(zc_ports_state(&r, here.open), ZC_PORT_OPEN);
        assert_int_equal(zc_ports_state(&r, here.closed), ZC_PORT_CLOSED);
        assert_int_equal(r.counts[ZC_PORT_OPEN] + r.counts[ZC_PORT_CLOSED], 65535);
        assert_int_equal(r.note_count, r.counts[ZC_PORT_OPEN]);
        assert_int_equal(zc_ports_state(&r, 0), ZC_PORT_UNKNOWN);
        zc_ports_release(&r);
}

static void unknown(const char *why)
{
        struct zc_ports_result r;
        struct zc_err err = { 0 };

        assert_true(zc_ports_scan(&here.job, &r, &err));
        assert_int_equal(r.counts[ZC_PORT_UNKNOWN], 2);
        assert_string_equal(r.why, why);
        zc_ports_release(&r);
}

static void test_scope(void **state)
{
        struct zc_err err = { 0 };

        (void)state;
        assert_true(zc_scope_exclude(here.scope, "127.0.0.1", &err));
        unknown("excluded by scope.exclude (2 ports)");
}

static void test_deadline(void **state)
{
        (void)state;
        here.job.deadline = zc_deadline_in(0);
        unknown("not tried: the deadline passed first (2 ports)");
}

/* ---- records ---- */

static struct {
        json_t *records;
        unsigned endpoints, scans;
} emitted;

static void collect(void *ctx, json_t *record)
{
        (void)ctx;
        emitted.endpoints += json_object_get(record, "endpoint") != NULL;
        emitted.scans += json_object_get(record, "scan") != NULL;
        json_array_append_new(emitted.records, record);
}

/* The stream of what was emitted is evidence that the reader takes. */
static void check_schema(void)
{
        static const char head[] = "{\"schema\":\"zerocrit.evidence/"
                                   "1\",\"run\":{\"id\":\"t\",\"started\":\"2026-01-01T00:00:00Z\","
                                   "\"version\":\"0\",\"vantage\":{\"id\":\"v\",\"hostname\":\"h\","
                                   "\"addresses\":[]},\"targets\":[],"
                                   "\"options\":{}}}\n";
        ZC_AUTO_TEXT text = { 0 };
        struct zc_evidence *ev = NULL;
        struct zc_err err = { 0 };
        const json_t *record;
        size_t i;

        zc_text_init(&text, ZC_TEXT_CEILING);
        zc_text_add(&text, head);
        json_array_foreach (emitted.records, i, record) {
                char *line = zc_json_line(record);

                zc_text_printf(&text, "%s\n", line);
                free(line);
        }
        if (!zc_evidence_open_bytes("emitted", zc_text_str(&text), text.len, &ev, &err))
                fail_msg("%s", err.text);
        zc_evidence_free(ev);
}

static void run_probe(bool named, enum zc_outcome outcome, unsigned endpoints)
{
        struct zc_subject subject = { .asset = "here",
                                      .addr = here.job.addr,
                                      .name = "www.example.org",
                                      .ports = &here.ports,
                                      .named_port = named,
                                      .local = true };
        struct zc_io io = { .scope = here.scope, .deadline = here.job.deadline, .emit = collect };
        json_auto_t *out = json_object(), *records = json_array();
        struct zc_err err = { 0 };

        memset(&emitted, 0, sizeof emitted);
        emitted.records = records;
        assert_int_equal(zc_probe_find("ports")->run(&subject, &io, out, &err),
                         outcome != ZC_FAILED);
        if (outcome != ZC_FAILED)
                assert_int_equal(io.outcome, outcome);
        else
                assert_non_null(strstr(err.text, "deadline"));
        assert_int_equal(emitted.endpoints, endpoints);
        assert_int_equal(emitted.scans, 1);
        check_schema();
}

static void test_probe(void **state)
{
        (void)state;
        run_probe(false, ZC_DONE, 1);
        run_probe(true, ZC_DONE, 2);
        here.job.deadline = zc_deadline_in(0);
        run_probe(true, ZC_FAILED, 2);
}

static void test_records(void **state)
{
        struct zc_ports_result r;
        struct zc_err err = { 0 };
        char open[8], closed[8];

        (void)state;
        snprintf(open, sizeof open, "%u", here.open);
        snprintf(closed, sizeof closed, "%u", here.closed);
        here.job.name = "www.example.org";
        assert_true(zc_ports_scan(&here.job, &r, &err));
        json_auto_t *scan = zc_ports_scan_record(&here.job, &r);
        json_auto_t *endpoint = zc_ports_endpoint_record(&here.job, &r, here.open);

        assert_string_equal(zc_json_str(scan, "scan.open", NULL), open);
        assert_string_equal(zc_json_str(scan, "scan.closed", NULL), closed);
        assert_string_equal(zc_json_str(scan, "scan.unknown", NULL), "");
        assert_string_equal(zc_json_str(scan, "scan.outcome", NULL), "done");
        assert_string_equal(zc_json_str(scan, "scan.reached_from", NULL), "self");
        assert_null(zc_json_at(scan, "scan.why"));
        assert_string_equal(zc_json_str(endpoint, "endpoint.name", NULL), "www.example.org");
        assert_string_equal(zc_json_str(endpoint, "endpoint.state", NULL), "open");
        assert_string_equal(zc_json_str(endpoint, "endpoint.proof.received", NULL), "connected");
        assert_null(zc_ports_endpoint_record(&here.job, &r, 1));
        zc_ports_release(&r);
}

static void test_no_memory(void **state)
{
        bool ok = false;

        (void)state;
        for (size_t at = 1; !ok; at++) {
                struct zc_ports_result r;
                struct zc_err err = { 0 };

                alloc_fail_at(at);
                ok = zc_ports_scan(&here.job, &r, &err);
                alloc_fail_at(0);
                if (!ok)
                        assert_int_equal(err.code, ZC_E_NOMEM);
                zc_ports_release(&r);
                assert_true(at < 100);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_states, setup, teardown),
                cmocka_unit_test_setup_teardown(test_all, setup, teardown),
                cmocka_unit_test_setup_teardown(test_scope, setup, teardown),
                cmocka_unit_test_setup_teardown(test_deadline, setup, teardown),
                cmocka_unit_test_setup_teardown(test_probe, setup, teardown),
                cmocka_unit_test_setup_teardown(test_records, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
