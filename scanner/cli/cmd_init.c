/** zerocrit init: a first configuration, from what this machine is. */
#include <string.h>

#include "commands.h"
#include "keep.h"
#include "zc/addr.h"
#include "zc/clock.h"
#include "zc/portset.h"
#include "zc/profile.h"

#define FILE_USUAL "zerocrit.yaml"
#define PORTS_SHOWN 64u

/* One port that listens beyond loopback. */
struct service {
        unsigned port;
        const char *transport, *process; /* process: "" where it is not known */
};

struct init {
        struct zc_options *o;
        struct zc_options narrowed;
        struct zc_settings s;
        struct zc_evidence *ev;
        struct service service[PORTS_SHOWN];
        size_t count, more; /* more: that found no room */
        bool seen;          /* the list was read */
        bool global;        /* the machine has an address of the internet */
};

/* ---- what the machine is ---- */

static bool collect(struct init *n, int *signal, struct zc_err *err)
{
        static const char *local[] = { "local", NULL }, *only[] = { "listeners", NULL };
        static const struct zc_keep nowhere;
        struct zc_collected c = { 0 };

        n->narrowed = *n->o;
        n->narrowed.args = (struct zc_list){ local, 1 };
        n->narrowed.only = (struct zc_list){ only, 1 };
        n->s.o = &n->narrowed;
        if (!zc_settings_job(&n->s, err) || !zc_keep_create(&nowhere, &n->s, &n->ev, err) ||
            !zc_keep_collect(&nowhere, &n->s, n->ev, &c, err))
                return false;
        *signal = c.signal;
        return true;
}

static void service_note(struct init *n, const json_t *listener)
{
        unsigned port = (unsigned)json_integer_value(json_object_get(listener, "port"));
        const char *transport = zc_json_str(listener, "transport", "tcp");
        const char *scope = zc_json_str(listener, "scope", "any");
        size_t at = 0;

        if (strcmp(scope, "loopback") == 0 || port == 0)
                return;
        for (; at < n->count && n->service[at].port <= port; at++) {
                if (n->service[at].port == port && strcmp(n->service[at].transport, transport) == 0)
                        return;
        }
        if (n->count == PORTS_SHOWN) {
                n->more++;
                return;
        }
        memmove(&n->service[at + 1], &n->service[at], (n->count - at) * sizeof(n->service[0]));
        n->service[at] = (struct service){ port, transport, zc_json_str(listener, "process", "") };
        n->count++;
}

static void addresses_note(struct init *n)
{
        const json_t *list = zc_json_at(zc_evidence_run(n->ev), "vantage.addresses"), *v;
        struct zc_addr a;
        struct zc_err err;
        size_t i;

        json_array_foreach (list, i, v) {
                const char *s = json_string_value(v);

                n->global |= s && zc_addr_parse(s, &a, &err) && zc_addr_class(&a) == ZC_ADDR_GLOBAL;
        }
}

static void look(struct init *n)
{
        const json_t *host = zc_evidence_host(n->ev);
        const json_t *list = json_object_get(host, "listeners"), *v;
        size_t i;

        n->seen = json_is_array(list);
        json_array_foreach (list, i, v) {
                service_note(n, v);
        }
        addresses_note(n);
}

/* ---- which profile ---- */

static bool is_pipeline(const struct init *n)
{
        (void)n;
        return getenv("CI") != NULL;
}

static bool is_database(const struct init *n)
{
        static const unsigned ports[] = { 1433, 1521, 3306, 5432, 6379, 9200, 27017 };

        for (size_t i = 0; i < n->count; i++) {
                for (size_t k = 0; k < ZC_COUNT(ports); k++) {
                        if (n->service[i].port == ports[k])
                                return true;
                }
        }
        return false;
}

static bool is_internet(const struct init *n)
{
        return n->global;
}

static bool is_any(const struct init *n)
{
        (void)n;
        return true;
}

/* The first that fits and that this version has. */
static const struct {
        const char *profile, *why;
        bool (*fits)(const struct init *n);
} profiles[] = {
        { "pipeline", "$CI is set: this is a pipeline", is_pipeline },
        { "database-host", "a database listens here beyond loopback", is_database },
        { "internet-facing", "this machine has a public address", is_internet },
        { "default", "nothing about this machine asks for another", is_any },
};

static void profile_write(const struct init *n, struct zc_text *t)
{
        for (size_t i = 0; i < ZC_COUNT(profiles); i++) {
                if (!zc_profile_is_shipped(profiles[i].profile) || !profiles[i].fits(n))
                        continue;
                zc_text_printf(
                        t,
                        "# Which rules count, and what fails the gate; suggested because %s.\n"
                        "profile: %s\n\n",
                        profiles[i].why, profiles[i].profile);
                return;
        }
}

/* ---- the file ---- */

static void head_write(const struct init *n, struct zc_text *t)
{
        const char *host = zc_json_str(zc_evidence_run(n->ev), "vantage.hostname", "this machine");
        char now[ZC_TIME_LEN];

        zc_time_format(zc_wall_ms(), now);
        zc_text_add(
                t,
                "# What zerocrit audits, and what it must find there: made by `zerocrit init` on ");
        zc_text_escape(t, host, strlen(host));
        zc_text_printf(t,
                       ", %.10s.\n"
                       "# `zerocrit config check FILE` checks it, `zerocrit audit --config FILE` "
                       "audits with it,\n"
                       "# `zerocrit config show --origin --config FILE` shows every setting and "
                       "where it comes from.\n"
                       "schema: zerocrit.config/1\n\n",
                       now);
}

static void services_write(const struct init *n, struct zc_text *t)
{
        zc_text_add(t,
                    n->seen ? "# What may be open, and nothing else. Beyond loopback listens now:\n"
                            : "# What may be open, and nothing else (what listens could not be "
                              "read here).\n");
        for (size_t i = 0; i < n->count; i++) {
                const struct service *s = &n->service[i];

                zc_text_printf(t, "#   %5u/%s  ", s->port, s->transport);
                zc_text_escape(t, s->process, strlen(s->process));
                zc_text_addc(t, '\n');
        }
        if (n->more > 0)
                zc_text_printf(t, "#   and %zu more\n", n->more);
        if (n->seen && n->count == 0)
                zc_text_add(t, "#   nothing\n");
        zc_text_add(t, "# Take out what should not be, and remove the # in front: a miss is then a "
                       "finding.\n"
                       "# expect:\n"
                       "#   - {for: \"id:auto\", open_only: [");
        for (size_t i = 0; i < n->count; i++)
                zc_text_printf(t, "%s%u/%s", i ? ", " : "", n->service[i].port,
                               n->service[i].transport);
        zc_text_add(t, "]}\n\n");
}

static const char who[] =
        "# Who allowed this audit; outside these times nothing is sent.\n"
        "# authorisation: {owner: ACME Ltd, ticket: SEC-1412, from: 2026-12-01T00:00:00Z, until: "
        "2026-12-15T00:00:00Z}\n\n"
        "# Binds every connection, redirects included; without it the targets are the scope.\n"
        "# scope:\n"
        "#   allow: [10.20.0.0/16, \"*.acme.example\"]\n"
        "#   exclude: [10.20.9.0/24]\n\n"
        "targets:\n"
        "  - {id: auto, hosts: [local], tags: [prod]}   # this machine; auto: called by its "
        "machine id\n"
        "# - {id: www, hosts: [\"https://www.acme.example\"], require: [tls, http]}\n\n";

static const char what[] =
        "# What fails is the profile's to say. A gate here takes its place, and may ask for less:\n"
        "# gate: {fail_on: [critical, \"new-high\"]}   # new-high: high, and not in the baseline\n\n"
        "# waivers: waivers.yaml     # what is accepted, by whom, until when: `zerocrit waive C1 "
        "…`\n"
        "# baseline: baseline.json   # an earlier report.json: says what is new since\n\n"
        "# Written where zerocrit runs; `zerocrit explain C1` and `recheck C1` read report.json.\n"
        "reports: {json: report.json, html: report.html}\n";

/** What we write must be what we read. */
static bool file_check(const char *path, const struct zc_text *t, struct zc_err *err)
{
        ZC_AUTO(zc_config) c = NULL;

        if (t->failed || t->cut)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the configuration");
        return zc_config_parse(path, zc_text_str(t), t->len, &c, err);
}

static bool file_write(const struct init *n, const char *path, struct zc_err *err)
{
        ZC_AUTO(zc_out) out = NULL;
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        head_write(n, &t);
        profile_write(n, &t);
        zc_text_add(&t, who);
        services_write(n, &t);
        zc_text_add(&t, what);
        if (!file_check(path, &t, err) || !zc_out_open(path, 0600, &out, err))
                return false;
        zc_out_write(out, zc_text_str(&t), t.len);
        return zc_out_commit(out, err);
}

static bool say(const struct init *n, const char *path, struct zc_err *err)
{
        ZC_AUTO(zc_out) out = NULL;

        if (n->o->quiet || strcmp(path, "-") == 0)
                return true;
        if (!zc_out_open("-", 0600, &out, err))
                return false;
        zc_out_printf(out, "%s: written; read it, then: zerocrit audit --config %s\n", path, path);
        return zc_out_commit(out, err);
}

static bool init_steps(struct init *n, int *status, struct zc_err *err)
{
        const char *path = n->o->output ? n->o->output : FILE_USUAL;
        int signal = 0;

        if (n->o->args.count > 0)
                return zc_fail(err, ZC_E_USAGE,
                               "init takes no \"%.64s\"; -o PATH names the file to write",
                               n->o->args.item[0]);
        if (strcmp(path, "-") != 0 && access(path, F_OK) == 0)
                return zc_fail(err, ZC_E_USAGE,
                               "%s is there already, and is not replaced: -o PATH writes another, "
                               "-o - shows what would be written",
                               path);
        *status = ZC_EXIT_FAULT;
        if (!collect(n, &signal, err))
                return false;
        if (signal) {
                *status = ZC_EXIT_SIGNAL + signal;
                return true;
        }
        look(n);
        if (!file_write(n, path, err) || !say(n, path, err))
                return false;
        *status = ZC_EXIT_MET;
        return true;
}

static bool init_run(struct zc_options *o, int *status, struct zc_err *err)
{
        struct init n = { .o = o };
        bool ok = init_steps(&n, status, err);

        zc_settings_release(&n.s);
        zc_evidence_free(n.ev);
        return ok;
}

const struct zc_command zc_command_init = {
        .name = "init",
        .bit = ZC_CMD_INIT,
        .arguments = "[-o PATH]",
        .observes = true,
        .summary = "write a first zerocrit.yaml, from what this machine is",
        .examples =
                (const struct zc_example[]){
                        { "zerocrit init", "Writes ./zerocrit.yaml, with a word on every part." },
                        { "zerocrit init -o -", "Shows it; writes nothing." },
                        { NULL, NULL } },
        .details = "Looks at what listens here, and sends nothing. A file that is there is never "
                   "replaced.",
        .status = "0 written, 2 wrong input: nothing was written, 4 it could not be written.",
        .run = init_run,
};
