#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "zc/embed.h"
#include "zc/json.h"
#include "zc/schema.h"

static json_t *parse(const char *s)
{
        struct zc_err err = { 0 };
        json_t *value = zc_json_parse(s, strlen(s), &err);

        if (!value)
                fail_msg("%s: %s", s, err.text);
        return value;
}

/* Each keyword: a schema, a value, and the first violation (NULL: there is none). */
static const struct {
        const char *schema, *value, *where, *text;
} rows[] = {
        { "{}", "{\"any\":[1]}", NULL, NULL },
        { "{\"type\":\"object\"}", "{}", NULL, NULL },
        { "{\"type\":\"object\"}", "[]", "", "expected an object, found a list" },
        { "{\"type\":\"array\"}", "{}", "", "expected a list, found an object" },
        { "{\"type\":\"string\"}", "null", "", "expected a text, found null" },
        { "{\"type\":\"integer\"}", "3", NULL, NULL },
        { "{\"type\":\"integer\"}", "3.0", NULL, NULL },
        { "{\"type\":\"integer\"}", "1e300", NULL, NULL },
        { "{\"type\":\"integer\"}", "-9007199254740992.0", NULL, NULL },
        { "{\"type\":\"integer\"}", "3.5", "", "expected a whole number, found a number" },
        { "{\"type\":\"integer\"}", "true", "", "expected a whole number, found true or false" },
        { "{\"type\":\"number\"}", "3", NULL, NULL },
        { "{\"type\":\"boolean\"}", "1", "", "expected true or false, found a whole number" },
        { "{\"type\":[\"string\",\"null\"]}", "null", NULL, NULL },
        { "{\"type\":[\"string\",\"null\"]}", "{}", "",
          "expected a text or null, found an object" },
        { "{\"enum\":[\"a\",1,null]}", "1.0", NULL, NULL },
        { "{\"enum\":[\"a\",1,null]}", "\"a\"", NULL, NULL },
        { "{\"enum\":[\"a\",1,null]}", "true", "", "true is none of \"a\", 1, null" },
        { "{\"enum\":[\"a\"]}", "\"\\u001b[2J\"", "", "\"\\\\u001b[2J\" is none of \"a\"" },
        { "{\"minimum\":0,\"maximum\":65535}", "0", NULL, NULL },
        { "{\"minimum\":0,\"maximum\":65535}", "65535", NULL, NULL },
        { "{\"minimum\":0,\"maximum\":65535}", "-1", "", "-1 is less than 0" },
        { "{\"minimum\":0,\"maximum\":65535}", "65536", "", "65536 is more than 65535" },
        { "{\"maximum\":9007199254740992}", "9007199254740993", "",
          "9007199254740993 is more than 9007199254740992" },
        { "{\"maximum\":1}", "\"text\"", NULL, NULL },
        { "{\"required\":[\"a\",\"b\"]}", "{\"a\":1,\"b\":null}", NULL, NULL },
        { "{\"required\":[\"a\",\"b\"]}", "{\"a\":1}", "", "member \"b\" is missing" },
        { "{\"required\":[\"a\"]}", "[]", NULL, NULL },
        { "{\"properties\":{\"p\":{\"type\":\"integer\"}}}", "{\"q\":1,\"p\":\"x\"}", "/p",
          "expected a whole number, found a text" },
        { "{\"items\":{\"properties\":{\"a/b~\":{\"type\":\"null\"}}}}", "[{},{\"a/b~\":1}]",
          "/1/a~1b~0", "expected null, found a whole number" },
        { "{\"properties\":{\"targets\":{}},\"additionalProperties\":false}", "{\"targets\":1}",
          NULL, NULL },
        { "{\"properties\":{\"targets\":{}},\"additionalProperties\":false}", "{\"tragets\":1}",
          "/tragets", "unknown member \"tragets\": did you mean \"targets\"?" },
        { "{\"additionalProperties\":false}", "{\"x\\u001b\":1}", "/x\x1b",
          "unknown member \"x\\u{1b}\"" },
        { "{\"properties\":{\"a\":{}},\"additionalProperties\":{\"type\":\"integer\"}}",
          "{\"a\":\"x\",\"b\":\"x\"}", "/b", "expected a whole number, found a text" },
        { "{\"format\":\"date-time\"}", "\"2026-11-21T02:14:07Z\"", NULL, NULL },
        { "{\"format\":\"date-time\"}", "\"2026-11-21\"", "",
          "\"2026-11-21\" is not a time such as 2026-11-21T02:14:07Z" },
        { "{\"format\":\"date-time\"}", "3", NULL, NULL },
        { "{\"format\":\"ipv4\"}", "\"192.0.2.1\"", NULL, NULL },
        { "{\"format\":\"ipv4\"}", "\"192.0.2.256\"", "",
          "\"192.0.2.256\" is not an IPv4 address" },
        { "{\"format\":\"ipv6\"}", "\"2001:db8::1\"", NULL, NULL },
        { "{\"format\":\"ipv6\"}", "\"fe80::1%eth0\"", "",
          "\"fe80::1%eth0\" is not an IPv6 address" },
        { "{\"format\":\"uri\"}", "\"anything\"", NULL, NULL },
        { "{\"$ref\":\"#/$defs/n\",\"$defs\":{\"n\":{\"type\":\"integer\"}}}", "1", NULL, NULL },
        { "{\"$ref\":\"#/$defs/n\",\"$defs\":{\"n\":{\"type\":\"integer\"}}}", "\"x\"", "",
          "expected a whole number, found a text" },
        { "{\"$ref\":\"#/$defs/n\",\"maximum\":3,\"$defs\":{\"n\":{\"type\":\"integer\"}}}", "4",
          "", "4 is more than 3" },
        { "{\"type\":\"object\",\"additionalProperties\":{\"$ref\":\"#\"}}",
          "{\"a\":{\"b\":{\"c\":1}}}", "/a/b/c", "expected an object, found a whole number" },
        { "{\"type\":\"object\",\"$comment\":\"c\",\"x-unit\":\"ms\",\"title\":\"t\"}", "{}", NULL,
          NULL },
};

static void keywords(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                json_auto_t *schema = parse(rows[i].schema), *value = parse(rows[i].value);
                struct zc_err err = { 0 };
                ZC_AUTO_TEXT where = { 0 };

                zc_text_init(&where, ZC_TEXT_CEILING);
                if (!zc_schema_sound(schema, &err))
                        fail_msg("%s: %s", rows[i].schema, err.text);
                assert_int_equal(zc_schema_check(schema, value, true, &where, &err),
                                 rows[i].where == NULL);
                assert_string_equal(zc_text_str(&where), rows[i].where ? rows[i].where : "");
                assert_string_equal(err.text, rows[i].text ? rows[i].text : "");
        }
}

static void open_documents_may_gain_members(void **state)
{
        json_auto_t *schema =
                parse("{\"properties\":{\"a\":{\"properties\":{},\"additionalProperties\":false},"
                      "\"n\":{\"type\":\"integer\"}},\"additionalProperties\":false}");
        json_auto_t *newer = parse("{\"a\":{\"new\":1},\"new\":2,\"n\":3}"),
                    *bad = parse("{\"new\":2,\"n\":\"x\"}");
        struct zc_err err = { 0 };
        ZC_AUTO_TEXT where = { 0 };

        (void)state;
        zc_text_init(&where, ZC_TEXT_CEILING);
        assert_false(zc_schema_check(schema, newer, true, &where, &err));
        assert_string_equal(zc_text_str(&where), "/a/new");
        assert_true(zc_schema_check(schema, newer, false, &where, &err));
        assert_string_equal(zc_text_str(&where), "");
        assert_false(zc_schema_check(schema, bad, false, &where, &err));
        assert_string_equal(zc_text_str(&where), "/n");
}

static void a_part_is_checked_alone(void **state)
{
        json_auto_t *schema =
                parse("{\"type\":\"object\",\"$defs\":{\"port\":{\"type\":\"integer\"},"
                      "\"endpoint\":{\"properties\":{\"port\":{\"$ref\":\"#/$defs/port\"}}}}}");
        json_auto_t *good = parse("{\"port\":443}"), *bad = parse("{\"port\":\"https\"}");
        struct zc_err err = { 0 };
        ZC_AUTO_TEXT where = { 0 };

        (void)state;
        zc_text_init(&where, ZC_TEXT_CEILING);
        assert_true(zc_schema_check_at(schema, "/$defs/endpoint", good, true, &where, &err));
        assert_false(zc_schema_check_at(schema, "/$defs/endpoint", bad, true, &where, &err));
        assert_string_equal(zc_text_str(&where), "/port");
        assert_false(zc_schema_check_at(schema, "/$defs/none", good, true, &where, &err));
        assert_string_equal(err.text, "the schema has no /$defs/none");
}

static void recursion_ends(void **state)
{
        json_auto_t *circle = parse("{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"$ref\":\"#/$defs/"
                                    "b\"},\"b\":{\"$ref\":\"#/$defs/a\"}}}");
        json_auto_t *self = parse("{\"items\":{\"$ref\":\"#\"}}");
        json_auto_t *lost = parse("{\"$ref\":\"#/$defs/a\"}");
        json_auto_t *one = json_integer(1);
        struct zc_err err = { 0 };
        ZC_AUTO_TEXT where = { 0 };

        (void)state;
        zc_text_init(&where, ZC_TEXT_CEILING);
        assert_false(zc_schema_check(circle, one, true, &where, &err));
        assert_int_equal(err.code, ZC_E_LIMIT);
        assert_false(zc_schema_check(lost, one, true, &where, &err));
        assert_int_equal(err.code, ZC_E_UNSUPPORTED);
        for (size_t depth = 60; depth < 70; depth++) {
                json_t *deep = json_array();

                for (size_t i = 0; i < depth; i++)
                        deep = json_pack("[o]", deep);
                assert_int_equal(zc_schema_check(self, deep, true, &where, &err), depth <= 64);
                assert_int_equal(strlen(zc_text_str(&where)), depth <= 64 ? 0 : 128);
                json_decref(deep);
        }
}

static void what_is_not_checked_is_refused(void **state)
{
        static const struct {
                const char *schema, *text;
        } bad[] = {
                { "{\"pattern\":\"^a\"}", "schema /pattern: this keyword would not be checked" },
                { "{\"properties\":{\"a\":{\"minLength\":1}}}",
                  "schema /properties/a/minLength: this keyword would not be checked" },
                { "{\"items\":{\"type\":\"int\"}}",
                  "schema /items/type: expected the name of a type, or several" },
                { "{\"type\":[]}", "schema /type: expected the name of a type, or several" },
                { "{\"type\":[[\"string\"]]}",
                  "schema /type: expected the name of a type, or several" },
                { "{\"type\":[\"string\",\"nil\"]}",
                  "schema /type: expected the name of a type, or several" },
                { "{\"required\":\"a\"}", "schema /required: expected a list of names" },
                { "{\"required\":[1]}", "schema /required: expected a list of names" },
                { "{\"enum\":[]}", "schema /enum: expected a list of values" },
                { "{\"minimum\":\"1\"}", "schema /minimum: expected a number" },
                { "{\"format\":1}", "schema /format: expected a name" },
                { "{\"additionalProperties\":1}",
                  "schema /additionalProperties: expected true, false or a schema" },
                { "{\"items\":[]}", "schema /items: expected a schema" },
                { "{\"properties\":[]}", "schema /properties: expected an object of schemas" },
                { "{\"properties\":{\"a\":true}}", "schema /properties/a: expected an object" },
                { "{\"$ref\":\"#/$defs/a\"}",
                  "schema /$ref: expected \"#\" or \"#/$defs/NAME\" of a schema that is there" },
                { "{\"$ref\":\"other.json\"}",
                  "schema /$ref: expected \"#\" or \"#/$defs/NAME\" of a schema that is there" },
                { "[]", "schema : expected an object" },
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(bad); i++) {
                json_auto_t *schema = parse(bad[i].schema);
                struct zc_err err = { 0 };

                assert_false(zc_schema_sound(schema, &err));
                assert_string_equal(err.text, bad[i].text);
        }
}

/** Every schema that the program carries is checked whole. */
static void our_schemas_are_sound(void **state)
{
        (void)state;
        for (size_t i = 0; i < zc_embedded_count; i++) {
                const struct zc_embedded *e = &zc_embedded[i];
                struct zc_err err = { 0 };
                json_t *schema;

                if (strncmp(e->path, "reports/schema/", 15) != 0)
                        continue;
                schema = zc_json_parse(e->data, (size_t)(e->end - e->data), &err);
                if (!schema || !zc_schema_sound(schema, &err))
                        fail_msg("%s: %s", e->path, err.text);
                json_decref(schema);
        }
}

static void out_of_memory_is_an_error(void **state)
{
        json_auto_t *schema = parse("{\"items\":{\"enum\":[\"a\",\"b\"]}}"),
                    *value = parse("[\"a\",\"b\"]");

        (void)state;
        for (size_t n = 1;; n++) {
                struct zc_err err = { 0 };
                ZC_AUTO_TEXT where = { 0 };
                bool good;

                zc_text_init(&where, ZC_TEXT_CEILING);
                alloc_fail_at(n);
                good = zc_schema_check(schema, value, true, &where, &err);
                if (!alloc_failed())
                        assert_true(good);
                if (!alloc_failed())
                        break;
                assert_true(good || err.code == ZC_E_NOMEM);
        }
        alloc_fail_at(0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(keywords),
                cmocka_unit_test(open_documents_may_gain_members),
                cmocka_unit_test(a_part_is_checked_alone),
                cmocka_unit_test(recursion_ends),
                cmocka_unit_test(what_is_not_checked_is_refused),
                cmocka_unit_test(our_schemas_are_sound),
                cmocka_unit_test(out_of_memory_is_an_error),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
