/** CEL: literals, operators, macros and functions on plain values. The public conformance data covers the breadth; here is what it leaves out. */
#include "cel_help.h"

static void literals(void **state)
{
        static const struct cel_case cases[] = {
                { "1", "1" },
                { "0x10", "16" },
                { "-0x10", "-16" },
                { "0xFFFFFFFFFFFFFFFFu", "\"18446744073709551615\"" },
                { "0x1FFFFFFFFFFFFFFFFu", "refused line 1, column 1: the number does not fit 64 bits" },
                { "9223372036854775807", "9223372036854775807" },
                { "9223372036854775808", "refused line 1, column 1: the number does not fit an int" },
                { "-9223372036854775808", "-9223372036854775808" },
                { "- 9223372036854775808", "-9223372036854775808" },
                { "18446744073709551616u", "refused line 1, column 1: the number does not fit 64 bits" },
                { "--5", "5" },
                { "---5", "-5" },
                { "1.5e3", "1500.0" },
                { ".5", "0.5" },
                { "1.", "refused line 1, column 3: the expression ends where a member's name is expected" },
                { "12ab", "refused line 1, column 3: letters follow a number" },
                { "0x", "refused line 1, column 1: 0x needs hexadecimal digits" },
                { "'a\\x41\\101\\u0041\\U00000041'", "\"aAAAA\"" },
                { "'\\ud800'", "refused line 1, column 2: the escape is no Unicode code point" },
                { "'\\q'", "refused line 1, column 2: no such escape in a string literal" },
                { "'\\x4'", "refused line 1, column 4: an escape needs 2 hexadecimal digits here" },
                { "b'\\u0041'", "refused line 1, column 3: no such escape in a bytes literal" },
                { "'\\400'", "refused line 1, column 2: no such escape in a string literal" },
                { "r'\\d'", "\"\\\\d\"" },
                { "'open", "refused line 1, column 1: the string literal has no closing quote" },
                { "'a\nb'", "refused line 1, column 1: the string literal has no closing quote" },
                { "'''a\nb'''", "\"a\\nb\"" },
                { "b'\\xff'", "\"/w==\"" },
                { "b'ab'", "\"YWI=\"" },
                { "b'abc'", "\"YWJj\"" },
                { "[1, 2,]", "[1,2]" },
                { "{'a': 1,}", "{\"a\":1}" },
                { "{1: 2, true: 3, 4u: 5}", "{\"1\":2,\"true\":3,\"4\":5}" },
                { "{'a': 1, 'a': 2}", "error a map's key is repeated" },
                { "{1.5: 1}", "refused line 1, column 2: double cannot be a map's key" },
                { "1 // comment\n + 2", "3" },
                { "", "refused line 1, column 1: the expression ends where a value is expected" },
                { "1 +", "refused line 1, column 4: the expression ends where a value is expected" },
                { "1 2", "refused line 1, column 3: expected an operator or the end" },
                { "(1", "refused line 1, column 3: the expression ends where ')' is expected" },
                { "1 = 1", "refused line 1, column 3: unexpected '='; equality is ==" },
                { "true & true", "refused line 1, column 6: unexpected '&'; and is &&" },
                { "true\n  &&\n  fals", "refused line 3, column 3: there is no variable 'fals'" },
                { "'\xC3\xA9' + x", "refused line 1, column 7: there is no variable 'x'" },
                { "\xFF", "refused line 1, column 1: the expression is not valid UTF-8" },
                { "for", "refused line 1, column 1: 'for' is a reserved word" },
                { "Foo{a: 1}", "refused line 1, column 4: messages are not part of CEL over JSON" },
                { "{'a-b': 1}.`a-b`", "1" },
                { "{'a': 1}.`", "refused line 1, column 10: a quoted name" },
        };

        (void)state;
        cel_check_cases(cases, ZC_COUNT(cases), NULL);
}

static void operators(void **state)
{
        static const struct cel_case cases[] = {
                { "1 + 2 * 3 - 4 / 2 % 3", "5" },
                { "1 < 2 == true", "true" },
                { "10 - 3 - 2", "5" },
                { "2 > 1.5 && 2u < 2.5 && 3 >= 3u", "true" },
                { "1 == 1.0 && 1u == 1", "true" },
                { "0.0/0.0 == 0.0/0.0", "false" },
                { "0.0/0.0 < 1.0 || 0.0/0.0 >= 1.0", "false" },
                { "dyn(1) == 'a'", "false" },
                { "dyn(1) < 'a'", "error no such overload: <(int, string)" },
                { "1 == 'a'", "refused line 1, column 3: '==' does not go between int and string" },
                { "[1] == ['a']", "refused line 1, column 5: '==' does not go between list(int) and list(string)" },
                { "'a' + 1", "refused line 1, column 5: '+' does not go between string and int" },
                { "9223372036854775807 + 1", "error integer overflow" },
                { "1 / 0", "error divide by zero" },
                { "1 % 0", "error modulus by zero" },
                { "-9223372036854775808 % -1", "error integer overflow" },
                { "!true || !!true", "true" },
                { "!1", "refused line 1, column 2: the operand of ! is a bool; this is int" },
                { "-'a'", "refused line 1, column 1: string cannot be negated" },
                { "-duration('1s') == duration('-1s')", "true" },
                { "true ? 1 : 'x'", "1" },
                { "1 ? 2 : 3", "refused line 1, column 1: the condition before '?' is a bool" },
                { "1 && true", "refused line 1, column 1: an operand of && is a bool" },
                { "dyn(1) && false", "false" },
                { "dyn(1) && true", "error no such overload" },
                { "'b' in ['a', 'b']", "true" },
                { "'a' in {'a': 1}", "true" },
                { "1.0 in {1: 'x'}", "true" },
                { "1 in 2", "refused line 1, column 3: 'in' does not go between int and int" },
                { "[1, 2][1] + [1, 2][1u]", "4" },
                { "[1, 2]['a']", "refused line 1, column 8: string is no list index" },
                { "[1, 2][2]", "error index out of range: 2 of a list of 2" },
                { "[1, 2][-1]", "error index out of range: -1" },
                { "{'a': 1}['b']", "error no such key: 'b'" },
                { "{'a': 1}.b", "error no such key: 'b'" },
                { "{1: 1}.b", "refused line 1, column 8: the keys of this map are no strings" },
                { "(1).b", "refused line 1, column 5: '.b': int has no members" },
                { "1[0]", "refused line 1, column 1: int cannot be indexed" },
                { "b'a' < b'b' && 'a' < 'aa' && false < true", "true" },
                { "[[1], [2, 3]] == [[1], [2, 3]]", "true" },
                { "{'a': [1], 'b': {}} == {'b': {}, 'a': [1]}", "true" },
                { "{'a': 1} == {'b': 1}", "false" },
        };

        (void)state;
        cel_check_cases(cases, ZC_COUNT(cases), NULL);
}

static void macros(void **state)
{
        static const struct cel_case cases[] = {
                { "[1, 2, 3].all(x, x > 0) && ![].exists(x, true)", "true" },
                { "[1, 2, 2].exists_one(x, x == 2)", "false" },
                { "[1, 2, 3].map(x, x > 1, x * 2)", "[4,6]" },
                { "{'a': 1}.map(k, k)", "[\"a\"]" },
                { "[5, 6].transformMap(i, v, v)", "{\"0\":5,\"1\":6}" },
                { "[1, 2].map(x, [3, 4].map(y, x * y))", "[[3,4],[6,8]]" },
                { "cel.bind(a, 1, cel.bind(b, a + 1, a + b))", "3" },
                { "cel.bind(a, 1, a) + a", "refused line 1, column 21: there is no variable 'a'" },
                { "[1].map(x, cel.bind(x, 'in', x))", "[\"in\"]" },
                { "has({'a': null}.a)", "true" },
                { "has(1)", "refused line 1, column 5: has() takes a member" },
                { "has({}.a, 1)", "refused line 1, column 1: has() takes one argument" },
                { "[1].all(1, true)", "refused line 1, column 9: all() wants a plain name" },
                { "[1].all(x)", "refused line 1, column 5: all() is a macro and does not take 1 arguments" },
                { "[1].all(x, x, true)", "refused line 1, column 12: the two variables need two names" },
                { "(1).all(x, true)", "refused line 1, column 5: all() goes over a list or a map, not int" },
                { "[1].all(x, x)", "refused line 1, column 12: all() wants a bool here; this is int" },
                { "[1].mapp(x, x)", "refused line 1, column 5: there is no method 'mapp'; did you mean 'map'?" },
                { "[1].map(a, [1].map(b, [1].map(c, [1].map(d, a + b + c + d))))", "[[[[4]]]]" },
                { "[1].map(a, [1].map(b, [1].map(c, [1].map(d, [1].map(e, e)))))",
                  "refused line 1, column 49: more than 4 comprehensions inside each other" },
                { "optional.of(1).optMap(x, x + 1).value()", "2" },
                { "optional.none().optFlatMap(x, optional.of(x)).hasValue()", "false" },
                { "{'a': 1}.?b.orValue(7) + {'a': 1}[?'a'].orValue(7)", "8" },
                { "optional.none().value()", "error optional.none() dereference" },
                { "[?optional.of(1), ?optional.none(), 2]", "[1,2]" },
                { "[?1]", "refused line 1, column 3: behind '?' stands an optional value" },
                { "{?'a': optional.none(), 'b': 1}", "{\"b\":1}" },
        };

        (void)state;
        cel_check_cases(cases, ZC_COUNT(cases), NULL);
}

static void functions(void **state)
{
        static const struct cel_case cases[] = {
                { "size('\xC3\xA9\xE2\x82\xAC') + size(b'\\xff\\x00') + size({'a': 1}) + [1].size()", "6" },
                { "size(1)", "refused line 1, column 1: no form of size takes these arguments: size(int)" },
                { "'a'.size(1)", "refused line 1, column 5: no form of size takes these arguments: string.size(int)" },
                { "siz('a')", "refused line 1, column 1: there is no function 'siz'; did you mean 'size'?" },
                { "startsWith('a', 'b')", "refused line 1, column 1: there is no function 'startsWith'; it is a method: x.name()" },
                { "'a'.startWith('b')", "refused line 1, column 5: there is no method 'startWith'; did you mean 'startsWith'?" },
                { "type(1) == int && type(type(1)) == type && type(null) == null_type", "true" },
                { "int('12') + int('-3') + int(4u) + int(1.9)", "14" },
                { "int('1x')", "error type conversion error: '1x' is no int" },
                { "int('-9223372036854775808')", "-9223372036854775808" },
                { "int('-9223372036854775809')", "error type conversion error" },
                { "double('1e400')", "\"Infinity\"" },
                { "double('0x10')", "error type conversion error" },
                { "string(1.0) + string(0.1) + string(1e100) + string(-0.0)", "\"10.11e+100-0\"" },
                { "string(true) + string(1u)", "\"true1\"" },
                { "string(b'\\xff')", "error the bytes are not valid UTF-8" },
                { "'a,b,,c'.split(',')", "[\"a\",\"b\",\"\",\"c\"]" },
                { "'a,b,c,'.split(',')", "[\"a\",\"b\",\"c\",\"\"]" },
                { "'abc'.split('', 2)", "[\"a\",\"bc\"]" },
                { "'\xC3\xA9' + '\xC3\xA9x'.split('')[1]", "\"\xC3\xA9x\"" },
                { "'aaa'.replace('aa', 'b') + 'abab'.replace('b', '', 1)", "\"baaab\"" },
                { "'x'.replace('', 'y')", "error replace() of an empty string" },
                { "['a', 'b'].join('\xE2\x82\xAC')", "\"a\xE2\x82\xAC" "b\"" },
                { "[dyn(1)].join()", "error no such overload: join(int)" },
                { "'%s|%s'.format([{'b': 1, 'a': [null, 1.5]}, timestamp(0)])", "\"{a: [null, 1.5], b: 1}|1970-01-01T00:00:00Z\"" },
                { "'%x %X %o %b'.format([-255, b'\\x0f', 8, -5])", "\"-ff 0F 10 -101\"" },
                { "'%.101f'.format([1.0])", "error could not parse formatting clause" },
                { "'%'.format([])", "error could not parse formatting clause" },
                { "timestamp('2024-02-29T23:59:59.5+01:00')", "\"2024-02-29T22:59:59.5Z\"" },
                { "timestamp('2023-02-29T00:00:00Z')", "error range or format error" },
                { "timestamp('2023-01-01T00:00:00')", "error range or format error" },
                { "timestamp('2024-03-01T00:00:00Z').getDayOfYear() + timestamp('1969-12-31T23:59:59Z').getSeconds()", "119" },
                { "timestamp('2024-01-01T01:00:00Z').getHours('-02:00')", "23" },
                { "timestamp(0).getHours('Europe/Berlin')", "error 'Europe/Berlin' is no time zone" },
                { "duration('1h2m3.5s') + duration('-500ms')", "\"3723s\"" },
                { "duration('1.5us') + duration('\xC2\xB5s')", "error range or format error" },
                { "duration('9223372036s') + duration('1s')", "error range error" },
                { "duration('5')", "error range or format error" },
                { "timestamp(10) - timestamp(4) == duration('6s')", "true" },
                { "[3, 1, 2].sort() == [1, 2, 3] && ['b', 'a'].sort()[0] == 'a'", "true" },
                { "[3, 'a'].sort()", "error no such overload: sort()" },
                { "[1, 1.0, 2].distinct()", "[1,2]" },
                { "[[1], [2, [3]]].flatten()", "[1,2,[3]]" },
                { "[[1], [2, [3]]].flatten(2)", "[1,2,3]" },
                { "lists.range(3).slice(1, 3)", "[1,2]" },
                { "lists.range(-1)", "error lists.range(-1)" },
                { "[1].slice(0, 2)", "error index out of range" },
                { "math.greatest(1, 2.5, 2u)", "2.5" },
                { "math.abs(-9223372036854775808)", "error integer overflow" },
                { "math.bitShiftLeft(1, -1)", "error a shift by a negative" },
                { "base64.decode('a')", "error base64.decode(): the text ends early" },
                { "base64.decode('a*b=')", "error base64.decode(): the text is not base64" },
                { "strings.quote('a\"\\n')", "\"\\\"a\\\\\\\"\\\\n\\\"\"" },
        };

        (void)state;
        cel_check_cases(cases, ZC_COUNT(cases), NULL);
}

static void networks(void **state)
{
        static const struct cel_case cases[] = {
                { "cidr('10.0.0.0/8').containsIP('10.1.2.3')", "true" },
                { "cidr('10.0.0.0/8').containsIP('11.1.2.3')", "false" },
                { "cidr('10.0.0.0/8').containsCIDR('10.0.0.0/7')", "false" },
                { "cidr('0.0.0.0/0').containsCIDR(cidr('10.0.0.0/7'))", "true" },
                { "cidr('::/0').containsIP('10.1.2.3')", "false" },
                { "cidr('2001:db8::/33').containsIP('2001:db8:8000::')", "false" },
                { "cidr('10.1.2.3/9').masked()", "\"10.0.0.0/9\"" },
                { "cidr('10.0.0.0/33')", "error CIDR '10.0.0.0/33'" },
                { "cidr('10.0.0.0/08')", "error CIDR" },
                { "cidr('10.0.0.0')", "error CIDR" },
                { "ip('10.0.0.1').isGlobalUnicast() && !ip('10.0.0.1').isLoopback() && ip('10.0.0.1').isPrivate()", "true" },
                { "ip('010.0.0.1')", "error IP address" },
                { "ip('')", "error IP address" },
                { "ip('::FFFF:0a00:0001') == ip('10.0.0.1')", "true" },
                { "string(ip('2001:DB8:0:0::1'))", "\"2001:db8::1\"" },
                { "isIP('1.2.3') || isCIDR('1.2.3.4')", "false" },
                { "ip('0.0.0.0').isUnspecified() && ip('::').family() == 6", "true" },
        };

        (void)state;
        cel_check_cases(cases, ZC_COUNT(cases), NULL);
}

static void patterns(void **state)
{
        static const struct cel_case cases[] = {
                { "'foobar'.matches('^foo') && matches('foobar', 'bar$') && !'foo\\n'.matches('foo$')", "true" },
                { "'a.b'.matches(r'\\Qa.b\\E$') && !'axb'.matches(r'\\Qa.b\\E')", "true" },
                { "'a b'.matches(r'a\\sb') && !'a\\vb'.matches(r'a\\sb') && 'a\\vb'.matches(r'a\\vb')", "true" },
                { "'\xC3\xA9'.matches(r'^.$') && 'A'.matches('(?i)a') && 'x{'.matches('x{') && 'x'.matches('[[:alpha:]]')", "true" },
                { "'aa'.matches(r'(?P<x>a){2}') && 'K'.matches(r'\\p{Lu}') && ']'.matches('[]]')", "true" },
                { "'a'.matches(r'(a)\\1')", "refused line 1, column 13: the regular expression: back-references" },
                { "'a'.matches(r'(?=a)')", "refused line 1, column 13: the regular expression: look-around" },
                { "'a'.matches(r'(?<!a)')", "refused line 1, column 13: the regular expression: look-around" },
                { "'a'.matches(r'(?>a)')", "refused line 1, column 13: the regular expression: look-around" },
                { "'a'.matches(r'(?R)')", "refused line 1, column 13: the regular expression: look-around" },
                { "'a'.matches(r'(?C1)')", "refused line 1, column 13: the regular expression: look-around" },
                { "'a'.matches(r'(*ACCEPT)')", "refused line 1, column 13: the regular expression: verbs" },
                { "'a'.matches(r'a++')", "refused line 1, column 13: the regular expression: a repeat of a repeat" },
                { "'a'.matches(r'a{2}{3}')", "refused line 1, column 13: the regular expression: a repeat of a repeat" },
                { "'a'.matches(r'a{1001}')", "refused line 1, column 13: the regular expression: a repeat of more than 1000" },
                { "'a'.matches(r'\\Ka')", "refused line 1, column 13: the regular expression: an escape that RE2" },
                { "'a'.matches(r'\\g1')", "refused line 1, column 13: the regular expression: an escape that RE2" },
                { "'a'.matches('a(')", "refused line 1, column 13: the regular expression: " },
                { "'a'.matches('[a')", "refused line 1, column 13: the regular expression: a class does not close" },
                { "'a'.matches('a\\\\')", "refused line 1, column 13: the regular expression: it ends with a backslash" },
                { "'a'.matches('(' + 'a')", "error the regular expression: " },
                { "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'.matches('^(a+)+$')", "error the regular expression backtracks too much" },
        };

        (void)state;
        cel_check_cases(cases, ZC_COUNT(cases), NULL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(literals), cmocka_unit_test(operators), cmocka_unit_test(macros),
                cmocka_unit_test(functions), cmocka_unit_test(networks), cmocka_unit_test(patterns),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
