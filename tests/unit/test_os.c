/** os-release as a shell would read it, and the wire of links that the firewall probe looks at. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../scanner/probe/os/os_wire.h"
#include "zc/file.h"
#include "zc/rtnl.h"

static void test_release(void **state)
{
        static const struct {
                const char *line, *key, *value; /* key NULL: passed over */
        } rows[] = {
                { "ID=debian", "ID", "debian" },
                { "ID=debian\r", "ID", "debian" },
                { "  ID=debian  ", "ID", "debian" },
                { "NAME=\"Debian GNU/Linux\"", "NAME", "Debian GNU/Linux" },
                { "NAME='a \"b\" \\c'", "NAME", "a \"b\" \\c" },
                { "NAME=\"a \\\"b\\\" \\$c \\\\ \\` \\n\"", "NAME", "a \"b\" $c \\ ` \\n" },
                { "A=b\\ c", "A", "b c" },
                { "A=\"b\"'c'd", "A", "bcd" },
                { "A=", "A", "" },
                { "A=\"\"", "A", "" },
                { "A=b=c", "A", "b=c" },
                { "A_1=x", "A_1", "x" },
                { "A=\"\xff\x1b\"", "A", "\xff\x1b" },
                { "", NULL, NULL },
                { "# A=b", NULL, NULL },
                { "1A=b", NULL, NULL },
                { "A B=c", NULL, NULL },
                { "=b", NULL, NULL },
                { "A", NULL, NULL },
                { "A=\"b", NULL, NULL },
                { "A='b\"", NULL, NULL },
                { "A=b c", NULL, NULL },
                { "A=\"b\\", NULL, NULL },
        };

        (void)state;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                size_t n = strlen(rows[i].line);
                uint8_t *exact = malloc(n + 1);
                struct zc_text value;
                struct zc_rd key;

                zc_text_init(&value, 4096);
                memcpy(exact, rows[i].line, n);
                exact[n] = '\n';
                for (size_t len = n; len <= n + 1;
                     len++) { /* with its line's end, and as the last without */
                        struct zc_rd in = { exact, len };
                        bool found = zc_os_release_next(&in, &key, &value);

                        if (found != (rows[i].key != NULL))
                                fail_msg("%s: %s", rows[i].line, found ? "read" : "passed over");
                        if (!found)
                                continue;
                        assert_true(zc_rd_is(key, rows[i].key));
                        assert_string_equal(zc_text_str(&value), rows[i].value);
                        assert_false(zc_os_release_next(&in, &key, &value));
                }
                zc_text_release(&value);
                free(exact);
        }
}

static void test_links(void **state)
{
        static const struct {
                const char *file, *name, *kind;
                bool tc;
        } rows[] = { { "link0", "lo", "", false },
                     { "link3", "br0", "bridge", false },
                     { "qdisc0", "", "noqueue", true } };

        (void)state;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct zc_err err = { 0 };
                struct zc_rt_link link = { 0 };
                struct zc_rt_tc tc = { 0 };
                struct zc_rd in;
                char path[64];
                char *buf;
                size_t len;

                snprintf(path, sizeof path, "tests/corpus/rt/%s", rows[i].file);
                assert_true(zc_file_read(path, 1 << 16, &buf, &len, &err));
                in = (struct zc_rd){ (uint8_t *)buf + 1, len - 1 };
                if (!(rows[i].tc ? zc_rt_tc_parse(in, &tc, &err)
                                 : zc_rt_link_parse(in, &link, &err)))
                        fail_msg("%s: %s", path, err.text);
                if (!zc_rd_is(link.name, rows[i].name) ||
                    !zc_rd_is(rows[i].tc ? tc.kind : link.kind, rows[i].kind) || link.xdp)
                        fail_msg("%s: %.*s, %.*s", path, (int)link.name.n,
                                 (const char *)link.name.p, (int)tc.kind.n,
                                 (const char *)tc.kind.p);
                for (size_t n = 0; n < len - 1; n++) {
                        uint8_t *exact = malloc(n + (n == 0));
                        bool whole;

                        memcpy(exact, buf + 1, n);
                        whole = rows[i].tc
                                        ? zc_rt_tc_parse((struct zc_rd){ exact, n }, &tc, &err)
                                        : zc_rt_link_parse((struct zc_rd){ exact, n }, &link, &err);
                        assert_true(n >= 16 || !whole);
                        free(exact);
                }
                free(buf);
        }
}

/** A link that an XDP program stands before; and one that only could have one. */
static void test_xdp(void **state)
{
        (void)state;
        for (uint8_t attached = 0; attached < 4; attached++) {
                uint8_t bytes[] = { 0, 0, 0,  0, 7,  0,    0, 0, 0, 0, 0, 0, 0, 0,
                                    0, 0, 12, 0, 43, 0x80, 5, 0, 2, 0, 0, 0, 0, 0 };
                struct zc_rt_link link;
                struct zc_err err = { 0 };

                bytes[24] = attached;
                assert_true(zc_rt_link_parse((struct zc_rd){ bytes, sizeof bytes }, &link, &err));
                assert_int_equal(link.xdp, attached != 0);
                assert_int_equal(link.index, 7);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_release),
                cmocka_unit_test(test_links),
                cmocka_unit_test(test_xdp),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
