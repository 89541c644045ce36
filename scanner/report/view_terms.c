/** What a profile made of the rules' own severities, in words: a reader of the verdict must know what was made to weigh less. */
#include <string.h>

#include "page.h"
#include "view.h"

static int rank(const char *severity)
{
        int i = 0;

        while (i < (int)PAGE_SEVERITIES && strcmp(page_severities[i], severity) != 0)
                i++;
        return i;
}

/** By how much it weighs less now: more than 0 for what was lowered, 0 where only some reach is another. */
static int lowered(const json_t *change)
{
        return rank(zc_json_str(change, "to", "")) - rank(zc_json_str(change, "from", ""));
}

/** "ZC-RD-001 info, not critical (because)" */
static void change_words(const json_t *change, struct zc_text *t)
{
        zc_text_add(t, t->len ? "; " : "");
        page_clean(t, zc_json_str(change, "rule", "?"));
        zc_text_add(t, " ");
        page_clean(t, zc_json_str(change, "to", "?"));
        if (lowered(change) == 0) {
                zc_text_add(t, ", at other distances");
        } else {
                zc_text_add(t, ", not ");
                page_clean(t, zc_json_str(change, "from", "?"));
        }
        zc_text_add(t, " (");
        page_clean(t, zc_json_str(change, "reason", ""));
        zc_text_add(t, ")");
}

size_t view_changed(const json_t *report, size_t most, struct zc_text *t)
{
        const json_t *list = zc_json_at(report, "selection.severities"), *v;
        size_t n = json_array_size(list), shown = 0, i;

        /* the lowered by what they were, then the rest */
        for (int from = 0; from <= (int)PAGE_SEVERITIES; from++) {
                json_array_foreach (list, i, v) {
                        int was = lowered(v) > 0 ? rank(zc_json_str(v, "from", ""))
                                                 : (int)PAGE_SEVERITIES;

                        if (was == from && shown++ < most)
                                change_words(v, t);
                }
        }
        if (n > most)
                zc_text_printf(t, "; and %zu more", n - most);
        return n;
}
