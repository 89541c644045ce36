/** Evidence files by hand, for tests: `tool_evidence document FILE` writes its document, `tool_evidence exposure FILE…` the join. */
#include <stdio.h>
#include <string.h>

#include "zc/evidence.h"

#define FILES_MAX 16

static bool document(struct zc_evidence **evs, struct zc_out *out, struct zc_err *err)
{
        return zc_evidence_document(evs[0], out, err);
}

static bool exposure(struct zc_evidence **evs, struct zc_out *out, struct zc_err *err)
{
        size_t count = 0;
        json_t *rows, *row;
        size_t i;

        while (evs[count])
                count++;
        rows = zc_exposure(evs, count, err);
        json_array_foreach (rows, i, row) {
                char *line = zc_json_line(row);

                zc_out_printf(out, "%s\n", line ? line : "");
                free(line);
        }
        json_decref(rows);
        return rows != NULL;
}

static bool run(const char *what, struct zc_evidence **evs, struct zc_err *err)
{
        bool (*command)(struct zc_evidence **, struct zc_out *, struct zc_err *) =
                strcmp(what, "document") == 0 ? document : exposure;
        ZC_AUTO(zc_out) out = NULL;

        return zc_out_open("-", 0600, &out, err) && command(evs, out, err) &&
               zc_out_commit(out, err);
}

int main(int argc, char **argv)
{
        struct zc_evidence *evs[FILES_MAX + 1] = { NULL };
        struct zc_err err = { 0 };
        bool ok = argc > 2;

        for (int i = 2; ok && i < argc && i - 2 < FILES_MAX; i++)
                ok = zc_evidence_open(argv[i], &evs[i - 2], &err);
        ok = ok && run(argv[1], evs, &err);
        for (size_t i = 0; i < FILES_MAX; i++)
                zc_evidence_free(evs[i]);
        if (!ok)
                fprintf(stderr, "%s\n", err.text);
        return ok ? 0 : 2;
}
