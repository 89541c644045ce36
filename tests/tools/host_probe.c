/** Runs one host probe on this machine and prints what it gives, for tests: `tool_host_probe ID [ROOT]`. */
#include <stdio.h>
#include <string.h>

#include "zc/json.h"
#include "zc/probe.h"

int main(int argc, char **argv)
{
        const struct zc_probe *probe = argc > 1 ? zc_probe_find(argv[1]) : NULL;
        struct zc_io io = { .root = argc > 2 ? argv[2] : "", .deadline = zc_deadline_in(60000) };
        struct zc_subject subject = { .asset = "local" };
        struct zc_err err = { 0 };
        json_t *doc = json_object();
        json_t *value;
        bool ok;

        if (!probe || probe->scope != ZC_SCOPE_HOST) {
                fprintf(stderr, "no host probe of that name\n");
                json_decref(doc);
                return 2;
        }
        value = strcmp(probe->evidence, "host.listeners") == 0 ? json_array() : json_object();
        ok = probe->run(&subject, &io, value, &err);
        json_object_set_new(doc, "outcome",
                            json_string(zc_outcome_name(ok ? io.outcome : ZC_FAILED)));
        json_object_set_new(doc, "why", json_string(ok ? io.why : err.text));
        json_object_set_new(doc, "needs", json_string(io.needs));
        json_object_set_new(doc, "problems", io.problems ? io.problems : json_array());
        json_object_set_new(doc, "value", value);
        ok = json_dumpf(doc, stdout, JSON_INDENT(1)) == 0;
        printf("\n");
        json_decref(doc);
        return ok ? 0 : 1;
}
