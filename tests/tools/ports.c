/** `tool_ports ADDRESS PORTS [PER_SECOND]`: one port scan, its records a line each. For tests/integration/ports.sh. */
#include <stdio.h>
#include <string.h>

#include "zc/json.h"
#include "zc/ports.h"

static void print(json_t *record)
{
        ZC_AUTO_MEM char *line = record ? zc_json_line(record) : NULL;

        puts(line ? line : "no memory");
        json_decref(record);
}

int main(int argc, char **argv)
{
        ZC_AUTO(zc_scope) scope = zc_scope_new();
        struct zc_portset ports;
        struct zc_ports_job job = {
                .asset = "test", .ports = &ports, .scope = scope, .deadline = zc_deadline_in(60000)
        };
        struct zc_ports_result r;
        struct zc_err err = { 0 };
        bool ok;

        if (argc < 3 || !scope)
                return 2;
        if (!zc_addr_parse(argv[1], &job.addr, &err) || !zc_portset_parse(argv[2], &ports, &err) ||
            !zc_scope_allow(scope, argv[1], &err)) {
                fprintf(stderr, "%s\n", err.text);
                return 2;
        }
        job.per_second = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
        ok = zc_ports_scan(&job, &r, &err);
        if (!ok)
                fprintf(stderr, "%s\n", err.text);
        for (size_t i = 0; i < r.note_count; i++)
                print(zc_ports_endpoint_record(&job, &r, r.notes[i].port));
        print(zc_ports_scan_record(&job, &r));
        zc_ports_release(&r);
        return !ok;
}
