/** `tool_what_we_send`: docs/what-we-send.md, made from the probes' descriptors. For `make docs` and tests/integration/dist. */
#include <stdio.h>

#include "zc/probe.h"
#include "zc/run.h"

static const char *const levels[] = {
        [ZC_LEVEL_OBSERVE] = "observe",
        [ZC_LEVEL_SAFE] = "safe",
        [ZC_LEVEL_ACTIVE] = "active",
};
static const char *const scopes[] = {
        [ZC_SCOPE_HOST] = "the machine it runs on, once",
        [ZC_SCOPE_TARGET] = "each address of a target, once",
        [ZC_SCOPE_ENDPOINT] = "each open port, and each one named",
};
static const char *const sides[] = {
        [ZC_SIDE_PARENT] = "the parent process",
        [ZC_SIDE_COLLECTOR] = "the collector: sandboxed, without privilege",
};
static const struct {
        unsigned need;
        const char *words;
} needs[] = {
        { ZC_NEED_NET_ADMIN, "CAP_NET_ADMIN" },
        { ZC_NEED_PTRACE, "CAP_SYS_PTRACE" },
        { ZC_NEED_TCP, "TCP connections" },
};

static const char head[] =
        "# What zerocrit sends\n\n"
        "Made from the probes' own descriptors by `make docs`; `zerocrit audit … --dry-run` prints "
        "the same for one plan, and sends nothing.\n\n"
        "Nothing is written, changed, guessed or locked out. Three levels:\n\n"
        "- **observe**: passive, or requests that any visitor makes;\n"
        "- **safe** (the default) adds handshakes that are refused and logins that are refused, "
        "each harmless;\n"
        "- **active** means things that are each named on the command line; this version has "
        "none.\n\n"
        "The scope binds every connection, resolved names and redirects included. Proxy variables "
        "of the environment are ignored. 169.254.169.254, "
        "multicast and broadcast are never contacted unless they are named. Names are asked of the "
        "machine's own resolvers, in the words they were given: a search list of resolv.conf is "
        "not "
        "followed, so write a short name in full. The resolvers are the machine's and not targets: "
        "scope.allow and scope.exclude bind the addresses that a name leads to, not whom we ask "
        "for them. What a translator would make of an IPv6 address (NAT64, 6to4) is excluded where "
        "the IPv4 address is.\n\n";

static void table(void)
{
        printf("| probe | level | runs on | what it is about |\n|---|---|---|---|\n");
        for (size_t i = 0; zc_probes[i]; i++) {
                const struct zc_probe *p = zc_probes[i];

                printf("| [%s](#%s) | %s | %s | %s |\n", p->id, p->id, levels[p->level],
                       scopes[p->scope], p->summary);
        }
}

static void needs_print(unsigned all)
{
        const char *before = "";

        for (size_t i = 0; i < ZC_COUNT(needs); i++) {
                if (all & needs[i].need) {
                        printf("%s%s", before, needs[i].words);
                        before = ", ";
                }
        }
        printf("%s\n", *before ? "" : "nothing");
}

static void probe(const struct zc_probe *p)
{
        printf("\n## %s\n\n%s.\n\n", p->id, p->summary);
        printf("- sends: %s\n- level: %s\n- runs on: %s\n", p->sends, levels[p->level],
               scopes[p->scope]);
        printf("- runs in: %s\n- can use: ", sides[p->side]);
        needs_print(p->needs);
        printf("- its evidence: `%s`\n", p->evidence);
        for (size_t i = 0; p->after && p->after[i]; i++)
                printf("%s%s%s", i == 0 ? "- runs after: " : ", ", p->after[i],
                       p->after[i + 1] ? "" : "\n");
}

int main(void)
{
        fputs(head, stdout);
        table();
        for (size_t i = 0; zc_probes[i]; i++)
                probe(zc_probes[i]);
        return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
