/** What parses is what jansson reads, is written canonically, parses again to an equal value and is written to the same bytes. */
#include <stdint.h>
#include <string.h>

#include "zc/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
        if (!holds)
                __builtin_trap();
}

static void check_again(const json_t *value, char *(*write)(const json_t *))
{
        struct zc_err err = { 0 };
        char *first = write(value);
        json_auto_t *again = first ? zc_json_parse(first, strlen(first), &err) : NULL;
        char *second = again ? write(again) : NULL;

        must(first && again && second);
        must(json_equal(value, again) && strcmp(first, second) == 0);
        free(first);
        free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_err err = { 0 };
        json_auto_t *value = zc_json_parse((const char *)data, size, &err);
        json_auto_t *theirs = NULL;

        if (!value) {
                must(err.code != ZC_OK && strncmp(err.text, "line ", 5) == 0);
                must(zc_utf8_valid(err.text, strlen(err.text)));
                return 0;
        }
        theirs = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
                            NULL);
        must(theirs && json_equal(value, theirs));
        check_again(value, zc_json_canonical);
        check_again(value, zc_json_line);
        check_again(value, zc_json_pretty);
        return 0;
}
