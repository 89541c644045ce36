#include "split.h"

#include <stdlib.h>
#include <string.h>

#define SPANS 70000 /* of one field: every port and a few */

struct walk {
        struct bdd *b;
        struct split *out;
        unsigned var, bits;
        uint8_t value[16];
};

/** Where the remainder's part stands among the slots, or should. */
static size_t slot_of(const struct split *s, zc_bdd rest)
{
        size_t at = rest * 2654435761u & (s->slots - 1);

        while (s->index[at] && s->parts[s->index[at] - 1].rest != rest)
                at = (at + 1) & (s->slots - 1);
        return at;
}

static bool more_parts(struct split *s)
{
        size_t cap = s->cap ? s->cap * 2 : 8;
        struct split_part *more = realloc(s->parts, cap * sizeof(*more));

        if (!more)
                return false;
        s->parts = more;
        s->cap = cap;
        free(s->index);
        s->slots = cap * 2;
        s->index = calloc(s->slots, sizeof(*s->index));
        for (size_t i = 0; s->index && i < s->count; i++)
                s->index[slot_of(s, s->parts[i].rest)] = (uint32_t)(i + 1);
        return s->index != NULL;
}

static struct split_part *part_of(struct split *s, zc_bdd rest)
{
        if (s->count == s->cap && !more_parts(s))
                return NULL;

        size_t at = slot_of(s, rest);

        if (!s->index[at]) {
                s->parts[s->count] = (struct split_part){ .rest = rest };
                s->index[at] = (uint32_t)++s->count;
        }
        return &s->parts[s->index[at] - 1];
}

/** Whether hi + 1 == lo. */
static bool touches(const uint8_t *hi, const uint8_t *lo, unsigned bytes)
{
        uint8_t next[16];

        memcpy(next, hi, bytes);
        for (unsigned i = bytes; i-- > 0;) {
                if (++next[i] != 0)
                        return memcmp(next, lo, bytes) == 0;
        }
        return false;
}

static bool add_span(struct walk *w, struct split_part *p, const struct split_span *span)
{
        unsigned bytes = (w->bits + 7) / 8;

        if (w->bits % 8 == 0 && p->count && touches(p->spans[p->count - 1].hi, span->lo, bytes)) {
                memcpy(p->spans[p->count - 1].hi, span->hi, bytes);
                return true;
        }
        if (p->count == p->cap) {
                size_t cap = p->cap ? p->cap * 2 : 4;
                struct split_span *more = realloc(p->spans, cap * sizeof(*more));

                if (!more)
                        return false;
                p->spans = more;
                p->cap = cap;
        }
        p->spans[p->count++] = *span;
        w->out->spans++;
        return true;
}

static void emit(struct walk *w, unsigned at, zc_bdd rest)
{
        struct split_span span;
        struct split_part *p = part_of(w->out, rest);

        memcpy(span.lo, w->value, sizeof(span.lo));
        memcpy(span.hi, w->value, sizeof(span.hi));
        for (unsigned i = at; i < w->bits; i++)
                span.hi[i / 8] |= (uint8_t)(0x80 >> i % 8);
        if (!p || !add_span(w, p, &span))
                w->out->nomem = true;
}

static void descend(struct walk *w, unsigned at, zc_bdd f)
{
        unsigned var = bdd_var(w->b, f);

        if (f == BDD_NONE || w->out->nomem)
                return;
        if (w->out->spans > SPANS) {
                w->out->cut = true;
                return;
        }
        if (var >= w->var + w->bits) {
                emit(w, at, f);
                return;
        }

        bool here = var == w->var + at;

        descend(w, at + 1, here ? bdd_low(w->b, f) : f);
        w->value[at / 8] |= (uint8_t)(0x80 >> at % 8);
        descend(w, at + 1, here ? bdd_high(w->b, f) : f);
        w->value[at / 8] &= (uint8_t) ~(0x80 >> at % 8);
}

void split_field(struct bdd *b, zc_bdd f, unsigned var, unsigned bits, struct split *out)
{
        struct walk w = { .b = b, .out = out, .var = var, .bits = bits };

        *out = (struct split){ 0 };
        descend(&w, 0, f);
}

void split_release(struct split *s)
{
        for (size_t i = 0; i < s->count; i++)
                free(s->parts[i].spans);
        free(s->parts);
        free(s->index);
        *s = (struct split){ 0 };
}
