/** Any bytes: refused, or evidence whose document reads back as the same evidence and whose entities can all be named. */
#include <stdint.h>
#include <string.h>

#include "zc/evidence.h"

#define DOCUMENT_MAX ((size_t)256 << 20)

static bool entity(void *ctx, const struct zc_entity *e)
{
        (void)ctx;
        if (!e->self || !e->asset || !e->subject[0] || e->pointer[0] != '/')
                __builtin_trap();
        return true;
}

static void kinds(const char *at, const json_t *part, const char *pointer)
{
        char why[ZC_WHY_LEN];

        for (size_t i = 0; i < zc_kind_count; i++) {
                enum zc_presence p;

                if (strncmp(zc_kinds[i].at, at, strlen(at)) != 0)
                        continue;
                p = zc_kind_each(&zc_kinds[i], part, pointer, "asset", entity, NULL, why);
                if ((p == ZC_PARTLY || p == ZC_UNOBSERVED) != (why[0] != '\0'))
                        __builtin_trap();
        }
}

static bool endpoint(void *ctx, const json_t *value, size_t index, struct zc_err *err)
{
        (void)index;
        (void)err;
        ++*(size_t *)ctx;
        kinds("endpoints", value, "/endpoints/0");
        return true;
}

/** Its document, which every evidence that could be opened has. */
static struct zc_out *document(struct zc_evidence *ev)
{
        struct zc_out *out = zc_out_memory(DOCUMENT_MAX);
        struct zc_err err = { 0 };

        if (!out || !zc_evidence_document(ev, out, &err))
                __builtin_trap();
        return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_evidence *ev = NULL, *again = NULL;
        struct zc_err err = { 0 };
        size_t count = 0, n, m;
        struct zc_out *first, *second;
        const char *text, *more;
        json_t *rows;

        if (!zc_evidence_open_bytes("fuzz", data, size, &ev, &err))
                return 0;
        if (!zc_evidence_visit(
                    ev, &(struct zc_evidence_visitor){ .endpoint = endpoint, .ctx = &count }, &err))
                __builtin_trap();
        kinds("host", zc_evidence_host(ev), "/host");
        rows = zc_exposure(&ev, 1, &err);
        kinds("exposure", rows, "/exposure");
        json_decref(rows);
        first = document(ev);
        text = zc_out_data(first, &n);
        if (!zc_evidence_open_bytes("again", text, n, &again, &err))
                __builtin_trap();
        second = document(again);
        more = zc_out_data(second, &m);
        if (n != m || memcmp(text, more, n) != 0 ||
            zc_evidence_finished(ev) != zc_evidence_finished(again))
                __builtin_trap();
        zc_out_free(first);
        zc_out_free(second);
        zc_evidence_free(ev);
        zc_evidence_free(again);
        return 0;
}
