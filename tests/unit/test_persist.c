/** What configuration files of firewalls name: tables, included files, switches; each of every form that front ends write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../scanner/probe/firewall/persist_wire.h"
#include "zc/text.h"

/* "table inet filter; include x": one part an item. */
static const struct {
        const char *name, *text, *items;
} scripts[] = {
        { "nothing", "", "" },
        { "a table", "table inet filter { }", "table inet filter" },
        { "the family left out", "table filter {\n}\n", "table filter" },
        { "as a command", "add table ip6 x\ncreate table netdev y; table ip z",
          "table ip6 x; table netdev y; table ip z" },
        { "quoted", "table inet \"a b\" {}", "table inet a b" },
        { "close braces", "table inet a{chain c{}}table inet b{}", "table inet a; table inet b" },
        { "within another",
          "table inet a {\n chain table { }\n set s { elements = { 1, 2 } }\n}\ntable ip b { }",
          "table inet a; table ip b" },
        { "in a comment, in a text",
          "# table ip x\nadd rule ip a b log prefix \"table ip c\" # table\n", "" },
        { "as another word",
          "add chain inet table c\nlist table ip x\nadd rule ip table x accept\n", "" },
        { "deleted", "delete table inet a\ndestroy table ip b\n", "gone inet a; gone ip b" },
        { "by handle", "delete table inet handle 7", "unsure inet handle" },
        { "emptied", "flush ruleset\nflush table ip x\nflush ruleset inet\n", "flush; flush" },
        { "include", "include \"/etc/a.nft\"\ninclude \"b/*.nft\";include c",
          "include /etc/a.nft; include b/*.nft" },
        { "a variable", "define t = x\ntable inet $t { }", "unsure inet $t" },
        { "no name", "table inet { }\ntable\n", "unsure inet; unsure" },
        { "on two lines", "add \\\n table \\\n ip x", "table ip x" },
        { "a line of another statement", "define a = { table, ip }\nx table ip y\n", "" },
        { "an open text", "table inet \"x\ntable ip y", "table inet x; table ip y" },
        { "closed too often", "} } table ip x { } }\ntable ip y", "table ip x; table ip y" },
};

static void items_of(struct zc_rd file, struct zc_text *out)
{
        static const char *const names[] = { [FW_CONF_TABLE] = "table",
                                             [FW_CONF_GONE] = "gone",
                                             [FW_CONF_FLUSH] = "flush",
                                             [FW_CONF_INCLUDE] = "include",
                                             [FW_CONF_UNSURE] = "unsure" };
        struct fw_conf conf = { .at = file };
        struct fw_conf_item item;

        while (fw_conf_next(&conf, &item)) {
                zc_text_printf(out, "%s%s", out->len ? "; " : "", names[item.what]);
                if (item.family.n)
                        zc_text_printf(out, " %.*s", (int)item.family.n,
                                       (const char *)item.family.p);
                if (item.name.n)
                        zc_text_printf(out, " %.*s", (int)item.name.n, (const char *)item.name.p);
        }
}

static void test_scripts(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(scripts); i++) {
                ZC_AUTO_TEXT got = { 0 };

                zc_text_init(&got, 4096);
                items_of(zc_rd_str(scripts[i].text), &got);
                if (strcmp(zc_text_str(&got), scripts[i].items) != 0)
                        fail_msg("%s: %s, wanted %s", scripts[i].name, zc_text_str(&got),
                                 scripts[i].items);
        }
}

/** Every beginning of every script is walked to its end, from memory of its own size. */
static void test_cut(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(scripts); i++) {
                for (size_t n = 1; n <= strlen(scripts[i].text); n++) {
                        uint8_t *exact = memcpy(malloc(n), scripts[i].text, n);
                        ZC_AUTO_TEXT got = { 0 };

                        zc_text_init(&got, 4096);
                        items_of((struct zc_rd){ exact, n }, &got);
                        (void)fw_calls_firewall((struct zc_rd){ exact, n });
                        free(exact);
                }
        }
}

static void test_saved(void **state)
{
        struct zc_rd at = zc_rd_str("# x\n*filter\r\n:INPUT DROP [0:0]\nCOMMIT\n *nat\n*\n*mangle");
        static const char *const names[] = { "filter", "nat", "mangle" };
        struct zc_rd name;

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(names); i++) {
                assert_true(fw_saved_next(&at, &name));
                assert_true(zc_rd_is(name, names[i]));
        }
        assert_false(fw_saved_next(&at, &name));
}

static void test_settings(void **state)
{
        static const struct {
                const char *file, *value;
        } rows[] = {
                { "ENABLED=yes", "yes" },
                { "# ENABLED=yes\nENABLED=no\n", "no" },
                { "ENABLED=no\n ENABLED=\"yes\" \n", "yes" },
                { "ENABLED='yes'", "yes" },
                { "ENABLED=", "" },
                { "XENABLED=yes\nENABLEDX=yes\nENABLED", NULL },
                { "", NULL },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                struct zc_rd value;

                assert_int_equal(fw_setting(zc_rd_str(rows[i].file), "ENABLED", &value),
                                 rows[i].value != NULL);
                if (rows[i].value)
                        assert_true(zc_rd_is(value, rows[i].value));
        }
}

static void test_calls(void **state)
{
        static const struct {
                const char *file;
                bool calls;
        } rows[] = {
                { "[Service]\nExecStart=/usr/sbin/nft -f /etc/x\n", true },
                { "pre-up iptables-restore < /etc/x", true },
                { "  up /sbin/iptables -A INPUT -j DROP", true },
                { "$(firewall-cmd --reload)", true },
                { "#!/bin/sh\n# iptables -F\n; nft\necho left >/tmp/nft.log; after ufw-log\n",
                  false },
                { "exit 0", false },
                { "", false },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++)
                if (fw_calls_firewall(zc_rd_str(rows[i].file)) != rows[i].calls)
                        fail_msg("%s", rows[i].file);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_scripts),
                                            cmocka_unit_test(test_cut),
                                            cmocka_unit_test(test_saved),
                                            cmocka_unit_test(test_settings),
                                            cmocka_unit_test(test_calls) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
