/** Entity kinds: where they stand, what their absence means, and what each entity is called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "zc/evidence.h"

/** Single quotes for double ones, so that rows can be read. */
static json_t *json_of(const char *text)
{
        char *copy = strdup(text);
        struct zc_err err = { 0 };
        json_t *value;

        for (char *p = copy; *p; p++)
                *p = *p == '\'' ? '"' : *p;
        value = zc_json_parse(copy, strlen(copy), &err);
        if (!value)
                fail_msg("%s: %s", text, err.text);
        free(copy);
        return value;
}

struct found {
        char text[1024];
        size_t stop; /* after so many */
        size_t count;
};

static bool find(void *ctx, const struct zc_entity *e)
{
        struct found *f = ctx;
        size_t n = strlen(f->text);

        snprintf(f->text + n, sizeof(f->text) - n, "%s%s|%s|%s", n > 0 ? "\n" : "", e->subject,
                 e->pointer, e->asset);
        return ++f->count != f->stop;
}

struct presence {
        const char *kind, *part;
        enum zc_presence presence;
        const char *why;
};

#define L "'listeners':["
#define ONE "{'transport':'tcp','family':'ip','address':'0.0.0.0','port':22}"
#define P(probe, outcome) "{'probes':{'" probe "':{'outcome':'" outcome "'"

static const struct presence presences[] = {
        /* a list: written, by outcome */
        { "listener", P("listeners", "done") "}}," L ONE "]}", ZC_PRESENT, "" },
        { "listener", P("listeners", "done") "}}," L "]}", ZC_ABSENT, "" },
        { "listener", P("listeners", "partial") ",'why':'w'}}," L ONE "]}", ZC_PARTLY,
          "listeners: w" },
        { "listener", P("listeners", "partial") ",'why':'w','whole':true}}," L ONE "]}", ZC_PRESENT,
          "" },
        { "listener", P("listeners", "partial") ",'why':'w'}}," L "]}", ZC_UNOBSERVED,
          "listeners: w" },
        { "listener", P("listeners", "partial") ",'whole':true}}," L "]}", ZC_ABSENT, "" },
        { "listener", P("listeners", "failed") ",'needs':'CAP_X'}}," L "]}", ZC_UNOBSERVED,
          "listeners: needs CAP_X" },
        { "listener", P("listeners", "failed") ",'needs':'CAP_X'}}," L ONE "]}", ZC_PARTLY,
          "listeners: needs CAP_X" },
        { "listener", P("listeners", "skipped") "}}," L "]}", ZC_ABSENT, "" },
        { "listener", P("listeners", "notapplicable") "}}," L "]}", ZC_ABSENT, "" },
        { "listener", P("listeners", "future") "}}," L "]}", ZC_UNOBSERVED,
          "listeners: not all could be seen" },
        { "listener", "{" L "]}", ZC_ABSENT, "" },
        { "listener", "{" L ONE "]}", ZC_PRESENT, "" },
        { "listener", "{'listeners':null}", ZC_ABSENT, "" },
        /* a list: not written */
        { "listener", P("listeners", "done") "}}}", ZC_UNOBSERVED,
          "listeners: not in the evidence" },
        { "listener", P("listeners", "partial") ",'why':'w','needs':'n'}}}", ZC_UNOBSERVED,
          "listeners: w (needs n)" },
        { "listener", P("listeners", "failed") ",'why':'w needs n','needs':'n'}}}", ZC_UNOBSERVED,
          "listeners: w needs n" },
        { "listener", P("listeners", "skipped") "}}}", ZC_ABSENT, "" },
        { "listener", P("listeners", "notapplicable") "}}}", ZC_ABSENT, "" },
        { "listener", P("firewall", "done") "}}}", ZC_UNPLANNED, "" },
        { "listener", "{'listeners':3}", ZC_UNPLANNED, "" },
        { "listener", "{}", ZC_UNPLANNED, "" },
        { "listener", NULL, ZC_UNPLANNED, "" },
        /* one object */
        { "host", "{}", ZC_PRESENT, "" },
        { "host", NULL, ZC_UNPLANNED, "" },
        { "firewall", P("firewall", "done") "}},'firewall':{}}", ZC_PRESENT, "" },
        { "firewall", P("firewall", "partial") "}},'firewall':{}}", ZC_PRESENT, "" },
        { "firewall",
          P("firewall", "failed") ",'why':'no','needs':'CAP_NET_ADMIN'}},'firewall':{}}",
          ZC_PRESENT, "" },
        { "firewall", P("firewall", "failed") ",'why':'no','needs':'CAP_NET_ADMIN'}}}",
          ZC_UNOBSERVED, "firewall: no (needs CAP_NET_ADMIN)" },
        { "firewall", P("firewall", "failed") "}},'firewall':null}", ZC_UNOBSERVED,
          "firewall: not all could be seen" },
        { "firewall", P("firewall", "partial") "}},'firewall':null}", ZC_ABSENT, "" },
        { "firewall", "{'firewall':{'present':false}}", ZC_ABSENT, "" },
        { "firewall", "{}", ZC_UNPLANNED, "" },
        /* lists within objects and lists */
        { "admit", P("firewall", "done") "}},'firewall':{'admits':[]}}", ZC_ABSENT, "" },
        { "admit", P("firewall", "done") "}},'firewall':{}}", ZC_UNOBSERVED,
          "firewall: not in the evidence" },
        { "admit", "{'firewall':{}}", ZC_UNOBSERVED, "firewall: not in the evidence" },
        { "admit", P("firewall", "skipped") "}}}", ZC_ABSENT, "" },
        { "admit", "{}", ZC_UNPLANNED, "" },
        { "firewall_chain", P("firewall", "done") "}},'firewall':{'tables':[]}}", ZC_ABSENT, "" },
        { "firewall_chain", P("firewall", "done") "}},'firewall':{'tables':[{'chains':[]}]}}",
          ZC_ABSENT, "" },
        { "firewall_chain", P("firewall", "done") "}},'firewall':{'tables':[{'chains':[{}]},{}]}}",
          ZC_PARTLY, "firewall: not in the evidence" },
        { "firewall_chain", P("firewall", "done") "}},'firewall':{'tables':[{}]}}", ZC_UNOBSERVED,
          "firewall: not in the evidence" },
        { "firewall_chain",
          P("firewall", "partial") ",'why':'w'}},'firewall':{'tables':[{'chains':[{}]}]}}",
          ZC_PARTLY, "firewall: w" },
        /* rows and endpoints stand for themselves */
        { "exposure", "[]", ZC_ABSENT, "" },
        { "exposure", "[{}]", ZC_PRESENT, "" },
        { "exposure", NULL, ZC_UNPLANNED, "" },
        { "endpoint", "{}", ZC_PRESENT, "" },
        { "endpoint", P("ports", "partial") "}}}", ZC_PRESENT, "" },
        /* below an endpoint */
        { "tls", P("tls", "done") "}},'tls':{}}", ZC_PRESENT, "" },
        { "tls", P("tls", "notapplicable") "}}}", ZC_ABSENT, "" },
        { "tls", P("tls", "failed") ",'why':'w'}}}", ZC_UNOBSERVED, "tls: w" },
        { "tls", "{}", ZC_UNPLANNED, "" },
        { "chain", P("tls", "done") "}},'tls':{'chains':[{}]}}", ZC_PRESENT, "" },
        { "chain", P("tls", "done") "}},'tls':{'chains':[]}}", ZC_ABSENT, "" },
        { "chain", P("tls", "partial") ",'why':'w'}},'tls':{}}", ZC_UNOBSERVED, "tls: w" },
};

static void test_presence(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(presences); i++) {
                const struct presence *row = &presences[i];
                json_auto_t *part = row->part ? json_of(row->part) : NULL;
                struct found f = { .text = "" };
                char why[ZC_WHY_LEN] = "left over";
                enum zc_presence p =
                        zc_kind_each(zc_kind_find(row->kind), part, "/x", "a", find, &f, why);

                if (p != row->presence || strcmp(why, row->why) != 0 ||
                    (f.count > 0) != (p == ZC_PRESENT || p == ZC_PARTLY))
                        fail_msg("row %zu, %s %s: presence %d, why \"%s\", %zu seen", i, row->kind,
                                 row->part, p, why, f.count);
                assert_int_equal(
                        zc_kind_each(zc_kind_find(row->kind), part, "/x", "a", NULL, NULL, why), p);
        }
}

struct entities {
        const char *kind, *part, *at, *found;
};

static const struct entities entities[] = {
        { "scan", "{'asset':'www','address':'2001:db8::7','transport':'tcp'}", "/scans/2",
          "[2001:db8::7]/tcp|/scans/2|www" },
        { "scan", "{'asset':'www','address':'192.0.2.7','transport':'udp'}", "/scans/0",
          "192.0.2.7/udp|/scans/0|www" },
        { "host", "{}", "/host", "host|/host|web" },
        { "os", "{'os':{}}", "/host", "host/os|/host/os|web" },
        { "firewall", "{'firewall':{}}", "/host", "host/firewall|/host/firewall|web" },
        { "table",
          "{'firewall':{'tables':[{'family':'inet','name':'a/b'},{'family':'ip','name':'nat'}]}}",
          "/host",
          "host/table/inet/a~1b|/host/firewall/tables/0|web\nhost/table/ip/nat|/host/firewall/"
          "tables/1|web" },
        { "firewall_chain",
          "{'firewall':{'tables':[{'family':'ip','name':'t','chains':[{'name':'a'},{'name':'b'}]},{"
          "'family':'ip6','name':'t','chains':[{'name':'a'}]}]}}",
          "/host",
          "host/chain/ip/t/a|/host/firewall/tables/0/chains/0|web\nhost/chain/ip/t/b|/host/"
          "firewall/tables/0/chains/1|web\n"
          "host/chain/ip6/t/a|/host/firewall/tables/1/chains/0|web" },
        { "admit",
          "{'firewall':{'admits':[{'family':'ip','hook':'input','protocol':'tcp','ports':'22,80','"
          "sources':['10.0.0.0/8','0.0.0.0/0'],'destinations':[],'interfaces':['*'],"
          "'state':'new','via':[{'handle':4}]}]}}",
          "/host",
          "host/admit/ip/input/tcp/22,80 from 0.0.0.0/0,10.0.0.0/8 on "
          "*|/host/firewall/admits/0|web" },
        { "admit",
          "{'firewall':{'admits':[{'family':'ip','hook':'forward','protocol':'tcp','ports':'80','"
          "sources':['0.0.0.0/0'],'destinations':['192.0.2.1'],'interfaces':['eth0'],"
          "'translated':{'address':'172.17.0.2','port':8080}}]}}",
          "/host",
          "host/admit/ip/forward/tcp/80 from 0.0.0.0/0 to 192.0.2.1 on eth0 as "
          "172.17.0.2:8080|/host/firewall/admits/0|web" },
        { "anomaly",
          "{'firewall':{'anomalies':[{'kind':'shadowed','family':'inet','table':'f','chain':'input'"
          ",'handle':9,'what':'x'}]}}",
          "/host", "host/anomaly/shadowed/inet/f/input|/host/firewall/anomalies/0|web" },
        { "listener", "{'listeners':[{'transport':'tcp','address':'::','port':22}]}", "/host",
          "listener [::]:22/tcp|/host/listeners/0|web" },
        { "endpoint",
          "{'asset':'www','address':'192.0.2.7','port':443,'transport':'tcp','name':'n'}",
          "/endpoints/4", "192.0.2.7:443/tcp#n|/endpoints/4|www" },
        { "chain",
          "{'asset':'www','address':'192.0.2.7','port':443,'transport':'tcp','name':'n','tls':"
          "{'chains':[{'served':[]}]}}",
          "/endpoints/4", "192.0.2.7:443/tcp#n|/endpoints/4/tls/chains/0|www" },
        { "exposure",
          "[{'asset':'db','transport':'tcp','port':1,'listener':'listener "
          "0.0.0.0:1/tcp','endpoint':'192.0.2.7:1/"
          "tcp'},{'transport':'tcp','port':2,'listener':null,'endpoint':'192.0.2.7:2/tcp'},"
          "{'transport':'tcp','port':3,'listener':null,'endpoint':null}]",
          "/exposure",
          "listener 0.0.0.0:1/tcp|/exposure/0|db\n192.0.2.7:2/tcp|/exposure/1|web\nexposure "
          "3/tcp|/exposure/2|web" },
};

static void test_entities(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(entities); i++) {
                json_auto_t *part = json_of(entities[i].part);
                struct found f = { .text = "" }, one = { .stop = 1 };
                char why[ZC_WHY_LEN];

                zc_kind_each(zc_kind_find(entities[i].kind), part, entities[i].at, "web", find, &f,
                             why);
                assert_string_equal(f.text, entities[i].found);
                zc_kind_each(zc_kind_find(entities[i].kind), part, entities[i].at, "web", find,
                             &one, why);
                assert_int_equal(one.count, 1);
        }
}

/** Pointers lead to the entity they were given with. */
static bool resolve(void *ctx, const struct zc_entity *e)
{
        assert_ptr_equal(zc_json_pointer(ctx, e->pointer), e->self);
        return true;
}

static void test_pointers(void **state)
{
        json_auto_t *document = json_of("{'host':{'os':{},'listeners':[{},{}],'firewall':{'tables':"
                                        "[{'chains':[{},{}]}],'admits':[{}],'anomalies':[{}]}}}");
        char why[ZC_WHY_LEN];

        (void)state;
        for (size_t i = 0; i < zc_kind_count; i++)
                if (strncmp(zc_kinds[i].at, "host", 4) == 0)
                        assert_int_equal(zc_kind_each(&zc_kinds[i],
                                                      json_object_get(document, "host"), "/host",
                                                      "a", resolve, document, why),
                                         ZC_PRESENT);
}

static const char *const listeners[][2] = {
        { "{'transport':'tcp','address':'0.0.0.0','port':22,'pid':77,'uid':0}",
          "listener 0.0.0.0:22/tcp" },
        { "{'transport':'tcp','address':'2001:db8::1','port':22}",
          "listener [2001:db8::1]:22/tcp" },
        { "{'transport':'udp','address':'0.0.0.0','port':68,'interface':'eth0'}",
          "listener 0.0.0.0%eth0:68/udp" },
        { "{'transport':'udp','address':'fe80::1%eth0','port':546,'interface':'eth0'}",
          "listener [fe80::1%eth0]:546/udp" },
        /* ephemeral ports, and their edges */
        { "{'transport':'udp','address':'0.0.0.0','port':32768,'unit':'a.service'}",
          "listener 0.0.0.0:unit=a.service/udp" },
        { "{'transport':'udp','address':'::','port':60999,'unit':'a.service'}",
          "listener [::]:unit=a.service/udp" },
        { "{'transport':'udp','address':'::','port':32767,'unit':'a.service'}",
          "listener [::]:32767/udp" },
        { "{'transport':'udp','address':'::','port':61000,'unit':'a.service'}",
          "listener [::]:61000/udp" },
        { "{'transport':'udp','address':'::','port':40000,'unit':null}",
          "listener [::]:40000/udp" },
        { "{'transport':'udp','address':'::','port':40000,'unit':'session-4.scope','process':'nc'}",
          "listener [::]:process=nc/udp" },
        { "{'transport':'udp','address':'::','port':40000,'unit':'run-u12.service'}",
          "listener [::]:40000/udp" },
        /* containers */
        { "{'transport':'tcp','address':'172.17.0.2','port':6379,'container':'cache'}",
          "listener container=cache:6379/tcp" },
        { "{'transport':'tcp','address':'0.0.0.0','port':6379,'container':'cache'}",
          "listener 0.0.0.0:6379/tcp" },
        { "{'transport':'tcp','address':'127.0.0.1','port':6379,'container':'cache'}",
          "listener 127.0.0.1:6379/tcp" },
        { "{'transport':'tcp','address':'172.17.0.2','port':6379,'container':null}",
          "listener 172.17.0.2:6379/tcp" },
        /* hostile text does not reach a terminal */
        { "{'transport':'tcp','address':'\\u001b[2J','port':1}", "listener \\u{1b}[2J:1/tcp" },
        { "{'transport':'udp','address':'::','port':40000,'unit':'a\\\\x2db.service'}",
          "listener [::]:unit=a\\x2db.service/udp" },
        { "{}", "listener :0/" },
};

static const char *const endpoints[][2] = {
        { "{'address':'192.0.2.7','port':443,'transport':'tcp','name':null}", "192.0.2.7:443/tcp" },
        { "{'address':'192.0.2.7','port':443,'transport':'tcp'}", "192.0.2.7:443/tcp" },
        { "{'address':'2001:db8::1','port':443,'transport':'tcp','name':'www.example.org'}",
          "[2001:db8::1]:443/tcp#www.example.org" },
        { "{'address':'192.0.2.7','port':53,'transport':'udp','name':''}", "192.0.2.7:53/udp#" },
        { "{'address':'192.0.2.7','port':443,'transport':'tcp','name':'a\\u202eb'}",
          "192.0.2.7:443/tcp#a\\u{202e}b" },
};

static void test_subjects(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(listeners); i++) {
                json_auto_t *o = json_of(listeners[i][0]);
                char *subject = zc_subject_listener(o);

                assert_string_equal(subject, listeners[i][1]);
                free(subject);
        }
        for (size_t i = 0; i < ZC_COUNT(endpoints); i++) {
                json_auto_t *o = json_of(endpoints[i][0]);
                char *subject = zc_subject_endpoint(o);

                assert_string_equal(subject, endpoints[i][1]);
                free(subject);
        }
}

/** Order and length of a list of sources do not change what a line is called, nor make the name endless. */
static void test_long_sources(void **state)
{
        json_auto_t *a = json_of("{'firewall':{'admits':[{'family':'ip','hook':'input','sources':[]"
                                 ",'interfaces':['*']}]}}");
        json_t *admit = zc_json_pointer(a, "/firewall/admits/0"),
               *sources = json_object_get(admit, "sources");
        struct found up = { .text = "" }, down = { .text = "" };
        char why[ZC_WHY_LEN];

        (void)state;
        for (int i = 0; i < 100; i++)
                json_array_append_new(sources, zc_json_printf("10.0.%d.0/24", i));
        zc_kind_each(zc_kind_find("admit"), a, "/host", "a", find, &up, why);
        json_array_clear(sources);
        for (int i = 99; i >= 0; i--)
                json_array_append_new(sources, zc_json_printf("10.0.%d.0/24", i));
        zc_kind_each(zc_kind_find("admit"), a, "/host", "a", find, &down, why);
        assert_string_equal(up.text, down.text);
        assert_non_null(strstr(up.text, "host/admit/ip/input from sha256:"));
        assert_true(strlen(up.text) < 120);
}

static void test_names(void **state)
{
        const char *const *names = zc_kind_names();

        (void)state;
        for (size_t i = 0; i < zc_kind_count; i++) {
                assert_string_equal(names[i], zc_kinds[i].name);
                assert_ptr_equal(zc_kind_find(names[i]), &zc_kinds[i]);
        }
        assert_null(names[zc_kind_count]);
        assert_null(zc_kind_find("nothing"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_presence),     cmocka_unit_test(test_entities),
                cmocka_unit_test(test_pointers),     cmocka_unit_test(test_subjects),
                cmocka_unit_test(test_long_sources), cmocka_unit_test(test_names),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
