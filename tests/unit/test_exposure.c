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
#define VIA(interfaces)                                                                            \
        "{'family':'ip','hook':'input','sources':['0.0.0.0/0'],'interfaces':[" interfaces "]}"
#define INTERFACES                                                                                 \
        "'interfaces':[{'name':'eth0','addresses':['10.0.4.17/24'],'gateway':['ip']},"             \
        "{'name':'docker0','addresses':['172.17.0.1/16'],'gateway':[]},"                           \
        "{'name':'dmz0','addresses':['192.0.2.129/25'],'gateway':[]}]"
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
          FIREWALL("'admits':[" ADMIT("") "]"), "loopback", "drop" },
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
          "none", "drop" },
        { "translated elsewhere, and the listener stands for the container",
          LISTENER(",'process':'docker-proxy'"),
          FIREWALL("'admits':[{'family':'ip','hook':'forward','ports':'6379','sources':['0.0.0.0/"
                   "0'],'translated':{'address':'172.17.0.2','port':6379}}]"),
          "any", "accept" },
        { "redirected to another port", LISTENER(""),
          FIREWALL("'admits':[{'family':'ip','hook':'input','ports':'6379','sources':['0.0.0.0/"
                   "0'],'translated':{'address':null,'port':6380}}]"),
          "none", "drop" },
        { "redirected to its port, though not to loopback",
          "{'transport':'tcp','family':'ip','address':'127.0.0.1','port':6379}",
          FIREWALL("'admits':[{'family':'ip','hook':'input','ports':'80','sources':['0.0.0.0/"
                   "0'],'translated':{'address':null,'port':6379}}]"),
          "loopback", "drop" },
        { "redirected to one address of several",
          "{'transport':'tcp','family':'ip','address':'192.0.2.7','port':6379}",
          FIREWALL("'admits':[{'family':'ip','hook':'input','ports':'80','sources':['0.0.0.0/"
                   "0'],'translated':{'address':null,'port':6379}}]"),
          "unknown", "accept" },
        { "by a bridge of containers", LISTENER(""),
          FIREWALL(INTERFACES ",'admits':[" VIA("'docker0'") "]"), "private", "accept" },
        { "by the interface that leads out", LISTENER(""),
          FIREWALL(INTERFACES ",'admits':[" VIA("'docker0','eth0'") "]"), "any", "accept" },
        { "by an interface of which nothing is known", LISTENER(""),
          FIREWALL(INTERFACES ",'admits':[" VIA("'wg0'") "]"), "any", "accept" },
        { "by one that has a public address", LISTENER(""),
          FIREWALL(INTERFACES ",'admits':[" VIA("'dmz0'") "]"), "any", "accept" },
        { "bound to a bridge", LISTENER(",'interface':'docker0'"),
          FIREWALL(INTERFACES ",'admits':[" ADMIT("") "]"), "private", "accept" },
        { "everyone by the bridge, an office by the other", LISTENER(""),
          FIREWALL(INTERFACES
                   ",'admits':[" VIA("'docker0'") ",{'family':'ip','hook':'input','sources':['198."
                                                  "51.100.0/24'],'interfaces':['eth0']}]"),
          "private", "accept" },
        { "pieces of the Internet add up where they lead out", LISTENER(""),
          FIREWALL(INTERFACES ",'admits':[{'family':'ip','hook':'input','sources':['16.0.0.0/"
                              "9'],'interfaces':['eth0']},"
                              "{'family':'ip','hook':'input','sources':['16.128.0.0/"
                              "9'],'interfaces':['docker0']}]"),
          "private", "accept" },
        { "what no router hands on",
          "{'transport':'udp','family':'ip','address':'0.0.0.0','port':5353}",
          FIREWALL("'admits':[{'family':'ip','hook':'input','ports':'5353','sources':['0.0.0.0/"
                   "0'],'destinations':['224.0.0.251/32']}]"),
          "private", "accept" },
        { "what routers do hand on",
          "{'transport':'udp','family':'ip','address':'0.0.0.0','port':5353}",
          FIREWALL("'admits':[{'family':'ip','hook':'input','ports':'5353','sources':['0.0.0.0/"
                   "0'],'destinations':['239.1.1.1/32']}]"),
          "any", "accept" },
        { "from one source port", LISTENER(""),
          FIREWALL("'admits':[" ADMIT(",'source_ports':'53'") "]"), "any", "accept" },
        { "not all is modelled, and the lines say so", LISTENER(""),
          FIREWALL("'admits':[],'not_modelled':[{'what':'x','beyond':false}]"), "none", "drop" },
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

#define SEEN "'probes':{'firewall':{'outcome':'done'},'listeners':{'outcome':'done'}},"
#define PUBLISHED(ports, to)                                                                       \
        "{'family':'ip','hook':'forward','protocol':'tcp','ports':'" ports                         \
        "','sources':['0.0.0.0/0'],'interfaces':['*'],'out_interfaces':['docker0'],"               \
        "'translated':" to "}"
#define CACHE "{'address':'172.17.0.2','port':6379}"

/* All rows of one host: "reach summary" each. */
static const struct {
        const char *name, *admits, *listeners, *rest, *rows;
} ports[] = {
        { "admitted, and nobody listens", ADMIT(""), LISTENER(""), "",
          "any 6379/tcp: listens on any address; firewall lets in 0.0.0.0/0\n"
          "none 22,6000-6378,6380-7000/tcp: nobody listens; firewall lets in 0.0.0.0/0" },
        { "both families are one row",
          "{'family':'ip','hook':'input','protocol':'tcp','ports':'80','sources':['0.0.0.0/0']},"
          "{'family':'ip6','hook':'input','protocol':'tcp','ports':'80','sources':['::/0']}",
          "", "", "none 80/tcp: nobody listens; firewall lets in 0.0.0.0/0, ::/0" },
        { "a listener on loopback is nobody", ADMIT(""),
          "{'transport':'tcp','family':'ip','address':'127.0.0.1','port':22,'scope':'loopback'}",
          "",
          "loopback 22/tcp: listens on loopback\n"
          "none 22,6000-7000/tcp: nobody listens; firewall lets in 0.0.0.0/0" },
        { "of every port and protocol",
          "{'family':'ip','hook':'input','protocol':null,'ports':null,'sources':['10.0.0.0/8']}",
          LISTENER(""), "",
          "private 6379/tcp: listens on any address; firewall lets in 10.0.0.0/8\n"
          "none 1-6378,6380-65535/tcp: nobody listens; firewall lets in 10.0.0.0/8\n"
          "none 1-65535/udp: nobody listens; firewall lets in 10.0.0.0/8" },
        { "by lo alone",
          "{'family':'ip','hook':'input','protocol':'tcp','ports':'80','sources':['127.0.0.0/8']}",
          "", "", "" },
        { "found open all the same",
          "{'family':'ip','hook':'input','protocol':'tcp','ports':'6379','sources':['0.0.0.0/0']}",
          "", ",'endpoints':[" OPEN("web", "192.0.2.7", ",'reached_from':'self'") "]",
          "any 6379/tcp: open; firewall lets in 0.0.0.0/0" },
        { "redirected to a listener, and not to it at its own port",
          "{'family':'ip','hook':'input','protocol':'tcp','ports':'80','sources':['0.0.0.0/0'],"
          "'translated':{'address':null,'port':6379}}",
          LISTENER(""), "",
          "any 6379/tcp: listens on any address; firewall lets in 0.0.0.0/0 asking for port 80" },
        { "redirected away from a listener, to nobody",
          "{'family':'ip','hook':'input','protocol':'tcp','ports':'6379','sources':['0.0.0.0/0'],"
          "'translated':{'address':null,'port':80}}",
          LISTENER(""), "",
          "none 6379/tcp: listens on any address; the port is passed on to this host port 80; "
          "nothing else is let in\n"
          "none 6379/tcp: nobody listens on this host port 80, where it leads; firewall lets in "
          "0.0.0.0/0" },
        { "published past the host", PUBLISHED("8080", CACHE), "", "",
          "any 8080/tcp: passed on to 172.17.0.2 port 6379, past the rules for input; firewall "
          "lets in 0.0.0.0/0" },
        { "published over the host's own listener", PUBLISHED("6379", CACHE),
          LISTENER(",'process':'redis-server'"), "",
          "none 6379/tcp: listens on any address; the port is passed on to 172.17.0.2 port 6379; "
          "nothing else is let in\n"
          "any 6379/tcp: passed on to 172.17.0.2 port 6379, past the rules for input; firewall "
          "lets in 0.0.0.0/0" },
        { "the same, reached at an address of the host's", PUBLISHED("6379", CACHE),
          LISTENER(",'process':'redis-server'"), ",'endpoints':[" OPEN("web", "192.0.2.7", "") "]",
          "none 6379/tcp: listens on any address; the port is passed on to 172.17.0.2 port 6379; "
          "nothing else is let in\n"
          "any 6379/tcp: passed on to 172.17.0.2 port 6379, past the rules for input; firewall "
          "lets in 0.0.0.0/0" },
        { "published beside its stand-in", PUBLISHED("6379", CACHE),
          LISTENER(",'process':'docker-proxy'"), "",
          "any 6379/tcp: listens on any address for 172.17.0.2 port 6379; firewall lets in "
          "0.0.0.0/0" },
        { "published from two networks",
          "{'family':'ip','hook':'forward','protocol':'tcp','ports':'80','sources':['10.0.0.0/"
          "8'],'translated':" CACHE "},"
          "{'family':'ip','hook':'forward','protocol':'tcp','ports':'80','sources':['192.168.0.0/"
          "16'],'translated':" CACHE "}",
          "", "",
          "private 80/tcp: passed on to 172.17.0.2 port 6379, past the rules for input; firewall "
          "lets in 10.0.0.0/8, 192.168.0.0/16" },
        { "a few published at once", PUBLISHED("80,443", "{'address':'172.17.0.2','port':null}"),
          "", "",
          "any 80/tcp: passed on to 172.17.0.2, past the rules for input; firewall lets in "
          "0.0.0.0/0\n"
          "any 443/tcp: passed on to 172.17.0.2, past the rules for input; firewall lets in "
          "0.0.0.0/0" },
        { "a whole host behind", PUBLISHED("1-65535", "{'address':'10.0.0.5','port':null}"), "", "",
          "any 1-65535/tcp: passed on to 10.0.0.5, past the rules for input; firewall lets in "
          "0.0.0.0/0" },
        { "two addresses of the host, passed on to two",
          "{'family':'ip','hook':'forward','protocol':'tcp','ports':'443','sources':['0.0.0.0/"
          "0'],'destinations':['192.0.2.7/32'],'translated':{'address':'10.0.0.7','port':443}},"
          "{'family':'ip','hook':'forward','protocol':'tcp','ports':'443','sources':['0.0.0.0/"
          "0'],'destinations':['192.0.2.8/32'],'translated':{'address':'10.0.0.8','port':443}}",
          "", "",
          "any 192.0.2.7 port 443/tcp: passed on to 10.0.0.7 port 443, past the rules for input; "
          "firewall lets in 0.0.0.0/0\n"
          "any 192.0.2.8 port 443/tcp: passed on to 10.0.0.8 port 443, past the rules for input; "
          "firewall lets in 0.0.0.0/0" },
        { "one port, led to two places by who asks",
          "{'family':'ip','hook':'forward','protocol':'tcp','ports':'443','sources':['10.0.0.0/"
          "8'],'translated':{'address':'172.17.0.7','port':443}},"
          "{'family':'ip6','hook':'forward','protocol':'tcp','ports':'443','sources':['::/"
          "0'],'translated':{'address':'fd00::7','port':443}}",
          "", "",
          "any 443/tcp: passed on to fd00::7 port 443 and elsewhere, past the rules for input; "
          "firewall lets in 10.0.0.0/8; and ::/0" },
        { "merely forwarded",
          "{'family':'ip','hook':'forward','protocol':'tcp','ports':'80','sources':['0.0.0.0/"
          "0'],'destinations':['172.17.0.2/32']}",
          "", "", "" },
        { "ways in",
          "{'family':'ip','hook':'input','protocol':'tcp','ports':'6379','sources':['0.0.0.0/"
          "0'],'except':['198.51.100.0/24'],"
          "'interfaces':['docker0','wg0'],'source_ports':'20'},{'family':'ip','hook':'input','"
          "protocol':'tcp','ports':'6379','sources':['0.0.0.0/0'],"
          "'sets':[{'family':'inet','table':'f','name':'office','member':true}],'certainty':'"
          "possible'}",
          LISTENER(""), "",
          "any 6379/tcp: listens on any address; firewall lets in 0.0.0.0/0 of set office perhaps; "
          "and "
          "0.0.0.0/0 but 198.51.100.0/24 by docker0, wg0 from source port 20" },
};

static char *summaries(struct zc_evidence *ev)
{
        struct zc_err err = { 0 };
        json_auto_t *rows = zc_exposure(&ev, 1, &err);
        const json_t *row;
        struct zc_text t;
        size_t i;

        if (!rows)
                fail_msg("%s", err.text);
        zc_text_init(&t, ZC_TEXT_CEILING);
        json_array_foreach (rows, i, row) {
                zc_text_printf(&t, "%s%s %s", i > 0 ? "\n" : "", zc_json_str(row, "reach", "?"),
                               zc_json_str(row, "summary", "?"));
        }
        return zc_text_steal(&t);
}

static void test_ports(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(ports); i++) {
                ZC_AUTO_TEXT body = { 0 };
                struct zc_evidence *ev;
                char *rows;

                zc_text_init(&body, 8192);
                zc_text_printf(&body,
                               "'host':{" SEEN
                               "'firewall':{'not_modelled':[],'admits':[%s]},'listeners':[%s]}%s",
                               ports[i].admits, ports[i].listeners, ports[i].rest);
                ev = evidence(WEB, zc_text_str(&body));
                rows = summaries(ev);
                if (strcmp(rows, ports[i].rows) != 0)
                        fail_msg("%s:\n%s\nwanted\n%s", ports[i].name, rows, ports[i].rows);
                free(rows);
                zc_evidence_free(ev);
        }
}

/** Listeners that were not all seen, and lines that were not read, leave no port that nobody listens on. */
static void test_ports_unseen(void **state)
{
        static const char *const hosts[] = {
                "'probes':{'listeners':{'outcome':'partial'}},'firewall':{'admits':[" ADMIT(
                        "") "]},'listeners':[]",
                "'probes':{'listeners':{'outcome':'done'}},'firewall':{'admits':[" ADMIT("") "]}",
                "'firewall':{'admits':[" ADMIT("") "]},'listeners':[]",
                SEEN "'firewall':{'tables':[]},'listeners':[]",
                SEEN "'firewall':{'admits':[{'family':'ip','hook':'input','ports':'x','sources':['"
                     "0.0.0.0/0']}]},'listeners':[]",
        };

        (void)state;
        for (size_t i = 0; i < ZC_COUNT(hosts); i++) {
                char body[1024];
                struct zc_evidence *ev;
                char *rows;

                snprintf(body, sizeof(body), "'host':{%s}", hosts[i]);
                ev = evidence(WEB, body);
                rows = summaries(ev);
                assert_string_equal(rows, "");
                free(rows);
                zc_evidence_free(ev);
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
                "{\"asset\":\"web\",\"kind\":\"listener\",\"transport\":\"tcp\",\"port\":6379,"
                "\"listener\":\"listener "
                "0.0.0.0:6379/tcp\","
                "\"firewall\":{\"verdict\":\"accept\",\"sources\":[\"10.0.0.0/8\",\"10.1.0.0/"
                "16\",\"10.2.0.0/16\",\"192.168.0.0/16\"],\"certainty\":\"possible\","
                "\"via\":[{\"family\":\"inet\",\"table\":\"f\",\"chain\":\"input\",\"handle\":4}]},"
                "\"reached_from\":[\"scan\"],\"reach\":\"any\",\"endpoint\":\"192.0.2.7:6379/"
                "tcp\",\"service\":\"redis\","
                "\"summary\":\"6379/tcp redis: listens on any address; firewall may let in "
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
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lines),        cmocka_unit_test(test_joins),
                cmocka_unit_test(test_row),          cmocka_unit_test(test_ports),
                cmocka_unit_test(test_ports_unseen), cmocka_unit_test(test_bounded)
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
