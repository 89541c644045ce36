/* Showing the records one by one, and writing the document form without ever holding more than one. */
#include <math.h>
#include <string.h>

#include "internal.h"

/** The record at one place: a value, or what a line of a stream wraps. A new value. */
static json_t *record_load(const struct zc_evidence *ev, enum zc_record form,
                           const struct zc_slice *at, bool brief, struct zc_err *err)
{
        json_auto_t *whole =
                brief ? zc_slice_brief(ev->fd, ev->name, at, ev->wrapped ? 2 : 1, "probes", err)
                      : zc_slice_load(ev->fd, ev->name, at, err);
        json_t *value = ev->wrapped ? json_object_get(whole, zc_record_name(form)) : whole;

        if (!whole)
                return NULL;
        if (!json_is_object(value)) {
                zc_fail(err, ZC_E_IO, "%s:%u: changed while it was read", ev->name, at->line);
                return NULL;
        }
        return json_incref(value);
}

typedef bool (*shown)(void *ctx, const json_t *value, size_t index, struct zc_err *err);

static bool visit_form(const struct zc_evidence *ev, enum zc_record form, bool brief, shown show,
                       void *ctx, struct zc_err *err)
{
        const struct zc_index *index = &ev->index[form];

        for (size_t i = 0; show && i < index->count; i++) {
                json_auto_t *value = record_load(ev, form, &index->at[i], brief, err);

                if (!value || !show(ctx, value, i, err))
                        return false;
        }
        return true;
}

bool zc_evidence_visit(struct zc_evidence *ev, const struct zc_evidence_visitor *v,
                       struct zc_err *err)
{
        return visit_form(ev, ZC_RECORD_ENDPOINT, v->brief, v->endpoint, v->ctx, err) &&
               visit_form(ev, ZC_RECORD_SCAN, false, v->scan, v->ctx, err) &&
               visit_form(ev, ZC_RECORD_PROBLEM, false, v->problem, v->ctx, err);
}

/* ---- the document ---- */

struct indented {
        struct zc_out *out;
        unsigned int by;
};

/** jansson indents from the left edge; a value inside the document stands further right. Strings hold no raw newline. */
static int indented_write(const char *p, size_t n, void *ctx)
{
        const struct indented *in = ctx;

        while (n > 0) {
                const char *lf = memchr(p, '\n', n);
                size_t part = lf ? (size_t)(lf - p) + 1 : n;

                zc_out_write(in->out, p, part);
                if (lf)
                        zc_out_printf(in->out, "%*s", (int)in->by, "");
                p += part;
                n -= part;
        }
        return 0;
}

/**
 * Digits for the numbers of a value: 15 read well (0.21, not 0.20999999999999999) and come back the same; only the very
 * largest would be rounded past what a number can hold.
 */
static size_t digits_for(const json_t *value)
{
        const json_t *item;
        const char *key;
        size_t i, digits = 15;

        if (json_is_real(value))
                return fabs(json_real_value(value)) > 1e308 ? 17 : 15;
        json_array_foreach (value, i, item) {
                if (digits_for(item) > digits)
                        digits = 17;
        }
        json_object_foreach ((json_t *)(uintptr_t)value, key, item) {
                if (digits_for(item) > digits)
                        digits = 17;
        }
        return digits;
}

static bool value_write(struct zc_out *out, const json_t *value, unsigned int by,
                        struct zc_err *err)
{
        struct indented in = { out, by };

        return json_dump_callback(value, indented_write, &in,
                                  JSON_INDENT(2) | JSON_ENCODE_ANY |
                                          JSON_REAL_PRECISION(digits_for(value))) == 0 ||
               zc_fail(err, ZC_E_NOMEM, "no memory to write the evidence");
}

/** An element of an array of the document, with what stands before it. */
static bool element_write(void *ctx, const json_t *value, size_t index, struct zc_err *err)
{
        struct zc_out *out = ctx;

        zc_out_puts(out, index == 0 ? "\n    " : ",\n    ");
        return value_write(out, value, 4, err);
}

static void list_open(struct zc_out *out, const char *name)
{
        zc_out_printf(out, ",\n  \"%s\": [", name);
}

static void list_close(struct zc_out *out, size_t count)
{
        zc_out_puts(out, count == 0 ? "]" : "\n  ]");
}

static bool list_write(struct zc_evidence *ev, const char *name, enum zc_record form,
                       struct zc_out *out, struct zc_err *err)
{
        list_open(out, name);
        if (!visit_form(ev, form, false, element_write, out, err))
                return false;
        list_close(out, ev->index[form].count);
        return true;
}

static bool exposure_write(struct zc_evidence *ev, struct zc_out *out, struct zc_err *err)
{
        json_auto_t *rows = zc_exposure(&ev, 1, err);
        const json_t *row;
        size_t i;

        if (!rows)
                return false;
        list_open(out, "exposure");
        json_array_foreach (rows, i, row) {
                if (!element_write(out, row, i, err))
                        return false;
        }
        list_close(out, json_array_size(rows));
        return true;
}

static bool member_write(struct zc_out *out, const char *name, const json_t *value,
                         struct zc_err *err)
{
        zc_out_printf(out, ",\n  \"%s\": ", name);
        return value_write(out, value, 2, err);
}

bool zc_evidence_document(struct zc_evidence *ev, struct zc_out *out, struct zc_err *err)
{
        zc_out_puts(out, "{\n  \"schema\": \"" ZC_EVIDENCE_SCHEMA "\"");
        if (!member_write(out, "run", ev->run, err) ||
            (ev->host && !member_write(out, "host", ev->host, err)) ||
            !list_write(ev, "endpoints", ZC_RECORD_ENDPOINT, out, err) ||
            !list_write(ev, "scans", ZC_RECORD_SCAN, out, err) || !exposure_write(ev, out, err) ||
            !list_write(ev, "problems", ZC_RECORD_PROBLEM, out, err))
                return false;
        zc_out_puts(out, "\n}\n");
        return true;
}
