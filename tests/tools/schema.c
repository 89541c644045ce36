/**
 * Checks values against schemas: one {"schema", "value", "closed"} a line on standard input, one answer a line:
 * "ok", or the place and the reason.
 */
#include <stdio.h>
#include <string.h>

#include "zc/json.h"
#include "zc/schema.h"

static bool answer(const char *line, struct zc_err *err)
{
        json_auto_t *asked = zc_json_parse(line, strlen(line), err);
        const json_t *schema = json_object_get(asked, "schema");
        const json_t *value = json_object_get(asked, "value");
        bool closed = json_is_true(json_object_get(asked, "closed"));
        ZC_AUTO_TEXT where = { 0 };

        zc_text_init(&where, ZC_TEXT_CEILING);
        if (!asked || !zc_schema_sound(schema, err))
                return false;
        if (zc_schema_check(schema, value, closed, &where, err))
                puts("ok");
        else
                printf("\"%s\" %s\n", zc_text_str(&where), err->text);
        return true;
}

int main(void)
{
        char *line = NULL;
        size_t cap = 0;
        struct zc_err err = { 0 };
        bool good = true;

        while (good && getline(&line, &cap, stdin) > 0)
                good = answer(line, &err);
        free(line);
        if (!good)
                fprintf(stderr, "%s\n", err.text);
        return good ? 0 : 1;
}
