#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** A record that was accepted is accepted again when written out, and is then the same. */
static void again(const struct zc_record *first, const struct zc_record_rules *rules)
{
        char *text = json_dumps(first->whole, JSON_COMPACT);
        struct zc_record second = { 0 };
        struct zc_err err = { 0 };

        if (!text)
                return;
        if (!zc_record_parse(text, strlen(text), rules, &second, &err) ||
            second.kind != first->kind || !json_equal(first->whole, second.whole))
                abort();
        zc_record_release(&second);
        free(text);
}

/** The input is a stream: cut into lines as the parent does, in pieces whose size the first byte gives. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const ids[] = { "os", NULL };
        const struct zc_record_rules rules = { ids, ids };
        size_t piece = size > 0 ? (size_t)data[0] + 1 : 1;
        struct zc_lines lines;
        struct zc_err err = { 0 };

        zc_lines_init(&lines, 4096);
        for (size_t at = 0; at < size;) {
                size_t n = 0, len;
                char *room = zc_lines_room(&lines, &n, &err);
                const char *line;

                if (!room)
                        break;
                n = n < piece ? n : piece;
                n = n < size - at ? n : size - at;
                memcpy(room, data + at, n);
                zc_lines_filled(&lines, n);
                at += n;
                while (zc_lines_next(&lines, &line, &len)) {
                        struct zc_record r;

                        if (!zc_record_parse(line, len, &rules, &r, &err))
                                continue;
                        again(&r, &rules);
                        zc_record_release(&r);
                }
        }
        zc_lines_release(&lines);
        return 0;
}
