/** zerocrit reach: asks the firewall model of the network namespace that it runs in. */
#include "commands.h"
#include "reach.h"
#include "zc/log.h"
#include "zc/run.h"

static bool ask(struct zc_reaching *r, int *status, struct zc_err *err)
{
        bool ok = r->o->packets ? zc_reach_packets(r, err) : zc_reach_one(r, err);

        if (!ok)
                return false;
        *status = ZC_EXIT_FAULT;
        if (!zc_out_commit(r->out, err))
                return false;
        *status = r->malformed ? ZC_EXIT_USAGE : r->unknown ? ZC_EXIT_NOT_SHOWN : ZC_EXIT_MET;
        return true;
}

/* What was read stays; what could not be read makes every answer unknown. */
static bool get_ready(struct zc_reaching *r, struct zc_err *err)
{
        if (!zc_fw_read(&r->live, &r->why)) {
                if (r->why.code == ZC_E_NOMEM)
                        return zc_fail(err, ZC_E_NOMEM, "%s", r->why.text);
                zc_log(ZC_LOG_ERROR, "the firewall was not read, so every answer is unknown: %s",
                       r->why.text);
        } else {
                r->live.ruleset.host = &r->live.host;
                r->machine = zc_fw_machine_new(&r->live.ruleset, &r->live.host);
                if (!r->machine)
                        return zc_fail(err, ZC_E_NOMEM, "no memory for the firewall model");
        }
        return zc_documents_only(err) && zc_out_open("-", 0600, &r->out, err);
}

static bool reach_run(struct zc_options *o, int *status, struct zc_err *err)
{
        struct zc_reaching r = { .o = o };
        bool ok;

        if (o->args.count > 0)
                return zc_fail(
                        err, ZC_E_USAGE,
                        "reach takes options: zerocrit reach --from 203.0.113.9 --port %.32s",
                        o->args.item[0]);
        if (o->packets &&
            (o->from || o->to || o->port || o->proto || o->iif || o->ct || o->explain || o->format))
                return zc_fail(err, ZC_E_USAGE,
                               "--packets asks its own questions: leave the other options out");
        ok = get_ready(&r, err) && ask(&r, status, err);
        zc_out_free(r.out);
        zc_fw_machine_free(r.machine);
        zc_fw_live_release(&r.live);
        return ok;
}

const struct zc_command zc_command_reach = {
        .name = "reach",
        .bit = ZC_CMD_REACH,
        .observes = true,
        .arguments = "[--from A --to B --port P | --packets FILE]",
        .summary = "ask the live firewall what becomes of a packet",
        .examples =
                (const struct zc_example[]){
                        { "zerocrit reach --from 203.0.113.9 --port 22",
                          "Does SSH get in from there? Rule by rule, as the kernel decides." },
                        { "zerocrit reach --from 10.0.0.7 --to 172.17.0.2 --port 80 --iif eth0 "
                          "--explain",
                          "Why each rule on the way did not match." },
                        { "zerocrit reach --packets packets.ndjson",
                          "Many packets, one JSON line each: "
                          "{\"iif\":\"eth0\",\"family\":\"ip\",\"protocol\":\"tcp\",\"saddr\":"
                          "\"…\","
                          "\"daddr\":\"…\",\"sport\":40000,\"dport\":22}." },
                        { NULL, NULL } },
        .details =
                "Answers for the live ruleset of the network namespace it runs in, read from the "
                "kernel; nothing is sent. It needs CAP_NET_ADMIN there: without, every answer is "
                "unknown. What is not told is chosen and said: the interface by the route to the "
                "source, the destination an address of this host, TCP, a first packet.\n\n"
                "possible: the packet, the time or a program alone could tell, and the verdict is "
                "the more open one. A packet by the interface lo is one that this host sends to "
                "itself: it passes output and postrouting first.",
        .status = "0 answered, 2 a malformed line (the others are answered) or option, 3 an answer "
                  "is unknown.",
        .run = reach_run,
};
