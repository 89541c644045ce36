/** The exposure join: what listens, what the firewall lets in, what was reached, and how far away someone can stand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "zc/evidence.h"

/** Evidence from a fragment in single quotes. @run: members of run after its id. */
static struct zc_evidence *evidence(const char *run, const char *body)
{
        struct zc_evidence *ev = NULL;
        struct zc_err err = { 0 };
        char text[8192];

        snprintf(text, sizeof(text), "{'schema':'zerocrit.evidence/1','run':{'id':'r',%s}%s%s}",
                 run, *body ? "," : "", body);
        for (char *p = text; *p; p++)
                *p = *p == '\'' ? '"' : *p;
        if (!zc_evidence_open_bytes("e", text, strlen(text), &ev, &err))
                fail_msg("%s\n%s", err.text, text);
        return ev;
}

/** "listener|endpoint|reach|verdict|from,…" per row. */
static char *rows_of(struct zc_evidence *const *evs, size_t count)
{
        struct zc_err err = { 0 };
        json_auto_t *rows = zc_exposure(evs, count, &err);
        const json_t *row, *from;
        struct zc_text t;
        size_t i, k;

        if (!rows)
                fail_msg("%s", err.text);
        zc_text_init(&t, ZC_TEXT_CEILING);
        json_array_foreach (rows, i, row) {
                zc_text_printf(&t, "%s%s %s|%s|%s|%s|", i > 0 ? "\n" : "",
                               zc_json_str(row, "asset", "?"), zc_json_str(row, "listener", "-"),
                               zc_json_str(row, "endpoint", "-"), zc_json_str(row, "reach", "?"),
                               zc_json_str(row, "firewall.verdict", "-"));
                json_array_foreach (json_object_get(row, "reached_from"), k, from) {
                        zc_text_printf(&t, "%s%s", k > 0 ? "," : "", json_string_value(from));
                }
        }
        return zc_text_steal(&t);
}

#define WEB "'vantage':{'id':'web','addresses':['10.0.4.17','192.0.2.7','2001:db8::7']}"
#define LISTENER(rest) "{'transport':'tcp','family':'ip','address':'0.0.0.0','port':6379" rest "}"
#define FIREWALL(members) "'firewall':{" members "}"
#define ADMIT(rest)                                                                                \
        "{'family':'ip','hook':'input','protocol':'tcp','ports':'22,6000-7000','sources':['0.0.0." \
        "0/0'],'interfaces':['*']" rest "}"
#define TCP6379 "listener 0.0.0.0:6379/tcp"

/* One listener, one host, no endpoint: what its firewall makes of it. Unless the name begins "bare", the host also says that all was read and modelled. */
static const struct {
        const char *name, *listener, *host, *reach, *verdict;
} lines[] = {
        { "no firewall evidence", LISTENER(""), "'os':{}", "unknown", "unknown" },
        { "admits not computed", LISTENER(""), FIREWALL("'tables':[]"), "unknown", "unknown" },
        { "no line", LISTENER(""), FIREWALL("'admits':[]"), "none", "drop" },
        { "no line, the chain rejects", LISTENER(""),
          FIREWALL("'admits':[],'defaults':{'input':{'ip':'reject'}}"), "none", "reject" },
        { "no line, the chain accepts: a rule drops", LISTENER(""),
          FIREWALL("'admits':[],'defaults':{'input':{'ip':'accept'}}"), "none", "drop" },
        { "bare: no line, but no outcome says that all was read", LISTENER(""),
          FIREWALL("'admits':[],'not_modelled':[]"), "unknown", "unknown" },
        { "bare: no line, but what is not modelled was not looked for", LISTENER(""),
          "'probes':{'firewall':{'outcome':'done'}}," FIREWALL("'admits':[]"), "unknown",
          "unknown" },
        { "no line, but not all is modelled", LISTENER(""),
          FIREWALL("'admits':[],'not_modelled':[{'what':'x'}]"), "unknown", "unknown" },
        { "nothing is let in; only other namespaces were not looked at", LISTENER(""),
          FIREWALL("'admits':[],'not_modelled':[{'what':'other network namespaces have their own "
                   "rules'}]"),
          "none", "drop" },
        { "no line, but not all was read", LISTENER(""),
          "'probes':{'firewall':{'outcome':'partial'}}," FIREWALL("'admits':[]"), "unknown",
          "unknown" },
        { "no line, all was read", LISTENER(""),
          "'probes':{'firewall':{'outcome':'done'}}," FIREWALL("'admits':[]"), "none", "drop" },
        { "everyone", LISTENER(""), FIREWALL("'admits':[" ADMIT("") "]"), "any", "accept" },
        { "everyone, though not all is modelled", LISTENER(""),
          FIREWALL("'not_modelled':[{'what':'x'}],'admits':[" ADMIT("") "]"), "any", "accept" },
        { "another port", LISTENER(""),
          FIREWALL("'admits':[{'family':'ip','hook':'input','ports':'6378,6380-7000','sources':['0."
                   "0.0.0/0']}]"),
          "none", "drop" },
        { "every port", LISTENER(""),
          FIREWALL("'admits':[{'family':'ip','hook':'input','ports':null,'protocol':null,'sources':"
                   "['0.0.0.0/0']}]"),
          "any", "accept" },
        { "ports that cannot be read", LISTENER(""),
          FIREWALL("'admits':[{'family':'ip','hook':'input','ports':'?','sources':['0.0.0.0/0']}]"),
          "any", "accept" },
        { "another protocol", LISTENER(""),
          FIREWALL("'admits':[{'family':'ip','hook':'input','protocol':'udp','sources':['0.0.0.0/"
                   "0']}]"),
          "none", "drop" },
        { "another family", LISTENER(""),
          FIREWALL("'admits':[{'family':'ip6','hook':'input','sources':['::/0']}]"), "none",
          "drop" },
        { "forwarded", LISTENER(""),
          FIREWALL("'admits':[{'family':'ip','hook':'forward','sources':['0.0.0.0/0']}]"), "none",
          "drop" },
        { "private source", LISTENER(""),
          FIREWALL("'admits':[{'family':'ip','hook':'input','sources':['10.0.0.0/8']}]"), "private",
          "accept" },
        { "private source, not all modelled", LISTENER(""),
          FIREWALL("'not_modelled':[{'what':'x'}],'admits':[{'family':'ip','hook':'input','sources'"
                   ":['10.0.0.0/8']}]"),
          "unknown", "accept" },
        { "the widest of two lines", LISTENER(""),
          FIREWALL("'admits':[{'family':'ip','hook':'input','sources':['10.0.0.0/8']}," ADMIT(
                  "") "]"),
          "any", "accept" },
        { "one office", LISTENER(""),
          FIREWALL("'admits':[{'family':'ip','hook':'input','sources':['198.51.100.0/24']}]"),
          "private", "accept" },
        { "everyone but a part", LISTENER(""),
          FIREWALL("'admits':[{'family':'ip','hook':'input','sources':['64.0.0.0/2']}]"), "any",
          "accept" },
        { "everyone, in pieces that are each as large as an office of a nation", LISTENER(""),
          FIREWALL("'admits':[{'family':'ip','hook':'input','sources':['16.0.0.0/9','16.128.0.0/"
                   "9']}]"),
          "any", "accept" },
        { "the same, a line each", LISTENER(""),
          FIREWALL(
                  "'admits':[{'family':'ip','hook':'input','sources':['16.0.0.0/9']},{'family':'ip'"
                  ",'hook':'input','sources':['16.128.0.0/9']}]"),
          "any", "accept" },
        { "one piece, twice", LISTENER(""),
          FIREWALL(
                  "'admits':[{'family':'ip','hook':'input','sources':['16.0.0.0/9']},{'family':'ip'"
                  ",'hook':'input','sources':['16.0.0.0/9','10.0.0.0/8']}]"),
          "private", "accept" },
        { "pieces of private space are private however many", LISTENER(""),
          FIREWALL("'admits':[{'family':'ip','hook':'input','sources':['10.0.0.0/9','10.128.0.0/"
                   "9','192.168.0.0/16','172.16.0.0/12']}]"),
          "private", "accept" },
        { "everyone over IPv6, in pieces",
          "{'transport':'tcp','family':'ip6','address':'::','port':6379}",
          FIREWALL("'admits':[{'family':'ip6','hook':'input','sources':['2400::/17','2400:8000::/"
                   "17']}]"),
          "any", "accept" },
        { "more than private space", LISTENER(""),
          FIREWALL("'admits':[{'family':'ip','hook':'input','sources':['10.0.0.0/7']}]"), "any",
          "accept" },
        { "a source that cannot be read", LISTENER(""),
          FIREWALL("'admits':[{'family':'ip','hook':'input','sources':['@blocked']}]"), "any",
          "accept" },
        { "sources not in the evidence", LISTENER(""),
          FIREWALL("'admits':[{'family':'ip','hook':'input'}]"), "unknown", "unknown" },
        { "from itself", LISTENER(""),
          FIREWALL("'admits':[{'family':'ip','hook':'input','sources':['127.0.0.0/8']}]"), "none",
          "drop" },
        { "by lo alone", LISTENER(""),
          FIREWALL("'admits':[{'family':'ip','hook':'input','sources':['0.0.0.0/"
                   "0'],'interfaces':['lo']}]"),
          "none", "drop" },
        { "by an interface that it is bound to", LISTENER(",'interface':'eth0'"),
          FIREWALL("'admits':[{'family':'ip','hook':'input','sources':['0.0.0.0/"
                   "0'],'interfaces':['lo','eth*']}]"),
          "any", "accept" },
        { "by another interface", LISTENER(",'interface':'eth0'"),
          FIREWALL("'admits':[{'family':'ip','hook':'input','sources':['0.0.0.0/"
                   "0'],'interfaces':['wg0']}]"),
          "none", "drop" },
        { "to another address",
          "{'transport':'tcp','family':'ip','address':'192.0.2.7','port':6379}",
          FIREWALL("'admits':[" ADMIT(",'destinations':['10.0.4.17']") "]"), "none", "drop" },
        { "to its address", "{'transport':'tcp','family':'ip','address':'192.0.2.7','port':6379}",
          FIREWALL("'admits':[" ADMIT(",'destinations':['192.0.2.0/24']") "]"), "any", "accept" },
        { "loopback", "{'transport':'tcp','family':'ip','address':'127.0.0.1','port':6379}",
          FIREWALL("'admits':[" ADMIT("") "]"), "loopback", "accept" },
        { "loopback by scope, no firewall", LISTENER(",'scope':'loopback'"), "'os':{}", "loopback",
          "unknown" },
        { "loopback, translated to",
          "{'transport':'tcp','family':'ip','address':'127.0.0.1','port':6379}",
          FIREWALL("'admits':[{'family':'ip','hook':'input','ports':'80','sources':['0.0.0.0/"
                   "0'],'translated':{'address':'127.0.0.1','port':6379}}]"),
          "any", "accept" },
        { "loopback, translated to, from one network alone",
          "{'transport':'tcp','family':'ip','address':'127.0.0.1','port':6379}",
          FIREWALL("'admits':[" ADMIT("") ",{'family':'ip','hook':'input','ports':'80','sources':['"
                                          "10.0.0.0/8'],'destinations':['192.0.2.7'],"
                                          "'translated':{'address':'127.0.0.1','port':6379}}]"),
          "private", "accept" },
        { "translated elsewhere", LISTENER(""),
          FIREWALL("'admits':[{'family':'ip','hook':'forward','ports':'6379','sources':['0.0.0.0/"
                   "0'],'translated':{'address':'172.17.0.2','port':6379}}]"),
          "any", "accept" },
        { "translated elsewhere, asked at another port", LISTENER(""),
          FIREWALL("'admits':[{'family':'ip','hook':'forward','ports':'80','sources':['0.0.0.0/"
                   "0'],'translated':{'address':'172.17.0.2','port':6379}}]"),
          "none", "drop" },
        { "published past loopback",
          "{'transport':'tcp','family':'ip','address':'127.0.0.1','port':6379}",
          FIREWALL("'admits':[{'family':'ip','hook':'forward','ports':'6379','sources':['0.0.0.0/"
                   "0'],'translated':{'address':'172.17.0.2','port':6379}}]"),
          "loopback", "drop" },
        { "everyone but an office", LISTENER(""),
          FIREWALL("'admits':[" ADMIT(",'except':['198.51.100.0/24','10.0.0.0/8']") "]"), "any",
          "accept" },
        { "everyone but the Internet", LISTENER(""),
          FIREWALL("'admits':[" ADMIT(",'except':['128.0.0.0/1','64.0.0.0/2','32.0.0.0/3',"
                                      "'16.0.0.0/4','11.0.0.0/8','12.0.0.0/6','0.0.0.0/5',"
                                      "'8.0.0.0/7']") "]"),
          "private", "accept" },
        { "members of a set", LISTENER(""),
          FIREWALL("'admits':[" ADMIT(",'sets':[{'name':'s','member':true}]") "]"), "unknown",
          "accept" },
        { "all but the members of a set", LISTENER(""),
          FIREWALL("'admits':[" ADMIT(",'sets':[{'name':'s','member':false}]") "]"), "any",
          "accept" },
        { "perhaps everyone", LISTENER(""),
          FIREWALL("'admits':[" ADMIT(",'certainty':'possible'") "]"), "unknown", "accept" },
        { "certainly everyone, and perhaps some", LISTENER(""),
          FIREWALL("'admits':[" ADMIT("") ",{'family':'ip','hook':'input','sources':['10.0.0.0/8'],"
                                          "'certainty':'possible'}]"),
          "any", "accept" },
        { "redirected here", LISTENER(""),
          FIREWALL("'admits':[{'family':'ip','hook':'input','ports':'80','sources':['0.0.0.0/"
                   "0'],'translated':{'address':null,'port':6379}}]"),
          "any", "accept" },
        { "link-local goes no further",
          "{'transport':'tcp','family':'ip6','address':'fe80::1','port':6379}",
          FIREWALL("'admits':[{'family':'ip6','hook':'input','sources':['::/0']}]"), "private",
          "accept" },
        { "[::] takes IPv4",
          "{'transport':'tcp','family':'ip6','address':'::','port':6379,'v6only':false}",
          FIREWALL("'admits':[" ADMIT("") "]"), "any", "accept" },
        { "[::] with V6ONLY does not",
          "{'transport':'tcp','family':'ip6','address':'::','port':6379,'v6only':true}",
          FIREWALL("'admits':[" ADMIT("") "]"), "none", "drop" },
        { "unique local source", "{'transport':'tcp','family':'ip6','address':'::','port':6379}",
          FIREWALL("'admits':[{'family':'ip6','hook':'input','sources':['fd00::/8']}]"), "private",
          "accept" },
        { "global unicast as a whole",
          "{'transport':'tcp','family':'ip6','address':'::','port':6379}",
          FIREWALL("'admits':[{'family':'ip6','hook':'input','sources':['2000::/3']}]"), "any",
          "accept" },
        /* the probe's own answer for this listener comes first */
        { "reach: accept", LISTENER(",'reach':{'verdict':'accept','sources':['0.0.0.0/0']}"),
          FIREWALL("'admits':[]"), "any", "accept" },
        { "reach: accept, sources unknown", LISTENER(",'reach':{'verdict':'accept'}"),
          FIREWALL("'admits':[]"), "unknown", "accept" },
        { "reach: drop", LISTENER(",'reach':{'verdict':'drop'}"),
          FIREWALL("'admits':[" ADMIT("") "]"), "none", "drop" },
        { "reach: unknown", LISTENER(",'reach':{'verdict':'unknown'}"),
          FIREWALL("'admits':[" ADMIT("") "]"), "unknown", "unknown" },
};

/** The host with an outcome and `not_modelled`, unless it speaks of them itself. */
static void complete(const char *host, bool bare, struct zc_text *out)
{
        static const char firewall[] = "'firewall':{";
        const char *at = strstr(host, firewall);

        while (at && strstr(at + 1, firewall)) /* the probe's outcome comes first */
                at = strstr(at + 1, firewall);
        if (bare || !at) {
                zc_text_add(out, host);
                return;
        }
        if (!strstr(host, "'probes'"))
                zc_text_add(out, "'probes':{'firewall':{'outcome':'done'}},");
        at += sizeof(firewall) - 1;
        zc_text_addn(out, host, (size_t)(at - host));
        if (!strstr(host, "'not_modelled'"))
                zc_text_add(out, *at == '}' ? "'not_modelled':[]" : "'not_modelled':[],");
        zc_text_add(out, at);
}

static void test_lines(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(lines); i++) {
                char body[2048];
                struct zc_evidence *ev;
                struct zc_err err = { 0 };
                json_t *rows;
                ZC_AUTO_TEXT host = { 0 };

                zc_text_init(&host, sizeof(body));
                complete(lines[i].host, strncmp(lines[i].name, "bare", 4) == 0, &host);
                snprintf(body, sizeof(body), "'host':{%s,'listeners':[%s]}", zc_text_str(&host),
                         lines[i].listener);
                ev = evidence(WEB, body);
                rows = zc_exposure(&ev, 1, &err);
                assert_int_equal(json_array_size(rows), 1);
                if (strcmp(zc_json_str(json_array_get(rows, 0), "reach", ""), lines[i].reach) !=
                            0 ||
                    strcmp(zc_json_str(json_array_get(rows, 0), "firewall.verdict", ""),
                           lines[i].verdict) != 0)
                        fail_msg("%s: %s", lines[i].name, zc_json_line(json_array_get(rows, 0)));
                json_decref(rows);
                zc_evidence_free(ev);
        }
}

#define OPEN(asset, address, rest)                                                                 \
        "{'asset':'" asset "','address':'" address                                                 \
        "','port':6379,'transport':'tcp','state':'open'" rest "}"
#define HOST "'host':{'listeners':[" LISTENER("") "]}"

/* One or two vantages. */
static const struct {
        const char *name, *run[2], *body[2], *rows;
} joins[] = {
        { "over lo proves nothing",
          { WEB },
          { HOST ",'endpoints':[" OPEN("web", "192.0.2.7", "") "]" },
          "web " TCP6379 "|192.0.2.7:6379/tcp|unknown|unknown|" },
        { "said to be self",
          { "'vantage':{'id':'web'}" },
          { HOST ",'endpoints':[" OPEN("web", "192.0.2.9", ",'reached_from':'self'") "]" },
          "web " TCP6379 "|192.0.2.9:6379/tcp|unknown|unknown|" },
        { "reached from outside",
          { WEB, "'vantage':{'id':'scan','addresses':['203.0.113.9']}" },
          { HOST ",'endpoints':[" OPEN("web", "192.0.2.7", "") "]",
            "'endpoints':[" OPEN("x", "192.0.2.7", ",'service':'redis'") "]" },
          "web " TCP6379 "|192.0.2.7:6379/tcp|any|unknown|scan" },
        { "in either order",
          { "'vantage':{'id':'scan','addresses':['203.0.113.9']}", WEB },
          { "'endpoints':[" OPEN("x", "192.0.2.7", "") "]", HOST },
          "web " TCP6379 "|192.0.2.7:6379/tcp|any|unknown|scan" },
        { "reached from the same network",
          { WEB, "'vantage':{'id':'peer','addresses':['10.0.4.18']}" },
          { HOST, "'endpoints':[" OPEN("x", "10.0.4.17", "") "]" },
          "web " TCP6379 "|10.0.4.17:6379/tcp|private|unknown|peer" },
        { "a vantage with a foot in both",
          { WEB, "'vantage':{'id':'peer','addresses':['10.0.4.18','203.0.113.9']}" },
          { HOST, "'endpoints':[" OPEN("x", "10.0.4.17", "") "]" },
          "web " TCP6379 "|10.0.4.17:6379/tcp|private|unknown|peer" },
        { "an outside vantage at a private address",
          { WEB, "'vantage':{'id':'out','addresses':['203.0.113.9']}" },
          { HOST, "'endpoints':[" OPEN("x", "10.0.4.17", "") "]" },
          "web " TCP6379 "|10.0.4.17:6379/tcp|any|unknown|out" },
        { "reached though the rules say drop",
          { WEB, "'vantage':{'id':'scan'}" },
          { "'host':{'probes':{'firewall':{'outcome':'done'}},'firewall':{'admits':[],'not_"
            "modelled':["
            "]},'listeners':[" LISTENER("") "]}",
            "'endpoints':[" OPEN("x", "192.0.2.7", "") "]" },
          "web " TCP6379 "|192.0.2.7:6379/tcp|any|drop|scan" },
        { "closed is not reached",
          { WEB, "'vantage':{'id':'scan'}" },
          { HOST, "'endpoints':[{'asset':'x','address':'192.0.2.7','port':6379,'transport':'tcp','"
                  "state':'filtered'}]" },
          "web " TCP6379 "|-|unknown|unknown|" },
        { "isolated by its target",
          { WEB ",'targets':[{'id':'web','named':'local','zone':'isolated'}]",
            "'vantage':{'id':'peer'}" },
          { HOST, "'endpoints':[" OPEN("x", "10.0.4.17", "") "]" },
          "web " TCP6379 "|10.0.4.17:6379/tcp|isolated|unknown|peer" },
        { "a public address of the configuration",
          { WEB, "'vantage':{'id':'scan'},'targets':[{'id':'web','named':'10.0.4.17','public':'198."
                 "51.100.1'}]" },
          { HOST, "'endpoints':[" OPEN("web", "198.51.100.1", "") "]" },
          "web " TCP6379 "|198.51.100.1:6379/tcp|any|unknown|scan" },
        { "no host at all",
          { "'vantage':{'id':'scan'}" },
          { "'endpoints':[" OPEN("www", "192.0.2.7", ",'name':'n'") "," OPEN("www", "192.0.2.7",
                                                                             "") "]" },
          "www -|192.0.2.7:6379/tcp#n|any|-|scan" },
        { "private and isolated",
          { "'vantage':{'id':'run'},'targets':[{'id':'app','named':'app','zone':'isolated'}]" },
          { "'endpoints':[" OPEN("app", "172.18.0.3", "") "," OPEN("db", "172.18.0.4", "") "]" },
          "app -|172.18.0.3:6379/tcp|isolated|-|run\ndb -|172.18.0.4:6379/tcp|private|-|run" },
        { "two vantages, one row",
          { "'vantage':{'id':'a'}", "'vantage':{'id':'b'}" },
          { "'endpoints':[" OPEN("www", "10.1.1.1", "") "]",
            "'endpoints':[" OPEN("www", "10.1.1.1", "") "]" },
          "www -|10.1.1.1:6379/tcp|private|-|a,b" },
        { "open, and no listener there",
          { WEB, "'vantage':{'id':'scan'}" },
          { "'host':{'listeners':[]}", "'endpoints':[" OPEN("x", "192.0.2.7", "") "]" },
          "web -|192.0.2.7:6379/tcp|any|unknown|scan" },
        { "an address that two hosts have",
          { WEB, "'vantage':{'id':'db','addresses':['10.0.4.17']}" },
          { HOST ",'endpoints':[" OPEN("web", "10.0.4.17", "") "]",
            HOST ",'endpoints':[" OPEN("db", "10.0.4.17", "") "]" },
          "web " TCP6379 "|10.0.4.17:6379/tcp|unknown|unknown|\ndb " TCP6379
          "|10.0.4.17:6379/tcp|unknown|unknown|" },
        { "the very address before every address",
          { WEB, "'vantage':{'id':'scan'}" },
          { "'host':{'listeners':[" LISTENER(
                    "") ",{'transport':'tcp','family':'ip','address':'192.0.2.7','port':6379}]}",
            "'endpoints':[" OPEN("x", "192.0.2.7", "") "]" },
          "web " TCP6379 "|-|unknown|unknown|\nweb listener "
          "192.0.2.7:6379/tcp|192.0.2.7:6379/tcp|any|unknown|scan" },
        { "many sockets, one place",
          { WEB },
          { "'host':{'listeners':[" LISTENER(",'pid':1") "," LISTENER(",'pid':2") "]}" },
          "web " TCP6379 "|-|unknown|unknown|" },
        { "bound to an interface",
          { WEB, "'vantage':{'id':'scan'}" },
          { "'host':{'listeners':[" LISTENER(",'interface':'eth0'") "]}",
            "'endpoints':[" OPEN("x", "192.0.2.7", "") "]" },
          "web listener 0.0.0.0%eth0:6379/tcp|192.0.2.7:6379/tcp|any|unknown|scan" },
        { "IPv4 at [::]",
          { WEB, "'vantage':{'id':'scan'}" },
          { "'host':{'listeners':[{'transport':'tcp','family':'ip6','address':'::','port':6379}]}",
            "'endpoints':[" OPEN("x", "192.0.2.7", "") "]" },
          "web listener [::]:6379/tcp|192.0.2.7:6379/tcp|any|unknown|scan" },
        { "but not with V6ONLY",
          { WEB, "'vantage':{'id':'scan'}" },
          { "'host':{'listeners':[{'transport':'tcp','family':'ip6','address':'::','port':6379,'"
            "v6only':true}]}",
            "'endpoints':[" OPEN("x", "192.0.2.7", "") "]" },
          "web listener [::]:6379/tcp|-|unknown|unknown|\nweb "
          "-|192.0.2.7:6379/tcp|any|unknown|scan" },
        { "an address in another spelling",
          { WEB, "'vantage':{'id':'scan'}" },
          { "'host':{'listeners':[{'transport':'tcp','family':'ip6','address':'2001:DB8:0::7','"
            "port':6379}]}",
            "'endpoints':[" OPEN("x", "2001:db8::7", "") "]" },
          "web listener [2001:DB8:0::7]:6379/tcp|[2001:db8::7]:6379/tcp|any|unknown|scan" },
        { "nothing", { WEB }, { "" }, "" },
};

static void test_joins(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(joins); i++) {
                struct zc_evidence *evs[2] = { NULL, NULL };
                size_t count = 0;
                char *rows;

                for (; count < 2 && joins[i].run[count]; count++)
                        evs[count] = evidence(joins[i].run[count], joins[i].body[count]);
                rows = rows_of(evs, count);
                if (strcmp(rows, joins[i].rows) != 0)
                        fail_msg("%s:\n%s\nwanted\n%s", joins[i].name, rows, joins[i].rows);
                free(rows);
                zc_evidence_free(evs[0]);
                zc_evidence_free(evs[1]);
        }
}

/** All members of a row, as they stand in a document. */
static void test_row(void **state)
{
        struct zc_evidence *evs[] = {
                evidence(WEB, "'host':{'firewall':{'admits':[{'family':'ip','hook':'input','"
                              "sources':['10.0.0.0/8','10.1.0.0/16','10.2.0.0/16','192.168.0.0/"
                              "16'],'certainty':'possible',"
                              "'via':[{'family':'inet','table':'f','chain':'input','handle':4}]}]},"
                              "'listeners':[" LISTENER("") "]}"),
                evidence("'vantage':{'id':'scan'}",
                         "'endpoints':[" OPEN("x", "192.0.2.7", ",'service':'redis'") "]"),
        };
        struct zc_err err = { 0 };
        json_auto_t *rows = zc_exposure(evs, 2, &err);
        char *line = zc_json_line(json_array_get(rows, 0));

        (void)state;
        assert_string_equal(
                line,
                "{\"asset\":\"web\",\"transport\":\"tcp\",\"port\":6379,\"listener\":\"listener "
                "0.0.0.0:6379/tcp\","
                "\"firewall\":{\"verdict\":\"accept\",\"sources\":[\"10.0.0.0/8\",\"10.1.0.0/"
                "16\",\"10.2.0.0/16\",\"192.168.0.0/16\"],\"certainty\":\"possible\","
                "\"via\":[{\"family\":\"inet\",\"table\":\"f\",\"chain\":\"input\",\"handle\":4}]},"
                "\"reached_from\":[\"scan\"],\"reach\":\"any\",\"endpoint\":\"192.0.2.7:6379/"
                "tcp\",\"service\":\"redis\","
                "\"summary\":\"6379/tcp redis: listens on any address; firewall lets in "
                "10.0.0.0/8, 10.1.0.0/16, 10.2.0.0/16 and 1 more; reached from scan\"}");
        free(line);
        zc_evidence_free(evs[0]);
        zc_evidence_free(evs[1]);
}

/** A row repeats what a firewall says, so it repeats no more than a reader needs. */
static void test_bounded(void **state)
{
        struct zc_evidence *ev = NULL;
        json_auto_t *run = json_pack("{sss{ss}}", "id", "r", "vantage", "id", "v");
        json_auto_t *record = json_pack("{s{s[{sssssssis{sss[]s[]}}]}}", "host", "listeners",
                                        "transport", "tcp", "family", "ip", "address", "0.0.0.0",
                                        "port", 1, "reach", "verdict", "accept", "sources", "via");
        json_t *reach = zc_json_pointer(record, "/host/listeners/0/reach"), *rows, *firewall;
        struct zc_err err = { 0 };

        (void)state;
        for (int i = 0; i < 1000; i++) {
                json_array_append_new(json_object_get(reach, "sources"),
                                      zc_json_printf("10.%d.%d.0/24", i / 256, i % 256));
                json_array_append_new(json_object_get(reach, "via"),
                                      json_pack("{ssssssss}", "family", "ip", "table", "t", "chain",
                                                "c", "more", "m"));
        }
        assert_true(zc_evidence_create(NULL, run, &ev, &err));
        assert_true(zc_evidence_put(ev, record, &err));
        rows = zc_exposure(&ev, 1, &err);
        firewall = zc_json_pointer(rows, "/0/firewall");
        assert_int_equal(json_array_size(json_object_get(firewall, "sources")), 64);
        assert_int_equal(json_array_size(json_object_get(firewall, "via")), 32);
        assert_null(zc_json_pointer(firewall, "/via/0/more"));
        assert_string_equal(zc_json_str(json_array_get(rows, 0), "reach", ""), "private");
        json_decref(rows);
        zc_evidence_free(ev);
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines),
                                            cmocka_unit_test(test_joins),
                                            cmocka_unit_test(test_row),
                                            cmocka_unit_test(test_bounded) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
