/** Bytes as a YAML file: parsed, or refused with words; what was parsed can be found again by its pointers. */
#include <assert.h>
#include <string.h>

#include "zc/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const struct zc_yaml *y, const json_t *value, struct zc_text *pointer)
{
        size_t len = pointer->len;
        unsigned line = 0, column = 0;
        const char *key;
        json_t *child;
        size_t i;

        zc_yaml_where(y, zc_text_str(pointer), &line, &column);
        assert(line > 0 && column > 0);
        assert(zc_json_pointer(zc_yaml_root(y), zc_text_str(pointer)) == value);
        json_object_foreach ((json_t *)(uintptr_t)value, key, child) {
                zc_json_pointer_add(pointer, key);
                walk(y, child, pointer);
                pointer->len = len;
                pointer->p[len] = '\0';
        }
        json_array_foreach (value, i, child) {
                if (i > 64)
                        break;
                zc_text_printf(pointer, "/%zu", i);
                walk(y, child, pointer);
                pointer->len = len;
                pointer->p[len] = '\0';
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        ZC_AUTO(zc_yaml) y = NULL;
        struct zc_err err = { 0 };
        ZC_AUTO_TEXT pointer = { 0 };

        zc_text_init(&pointer, ZC_TEXT_CEILING);
        zc_text_add(&pointer, "");
        if (!zc_yaml_parse("f", (const char *)data, size, &y, &err)) {
                assert(err.code != ZC_OK && strncmp(err.text, "f", 1) == 0);
                return 0;
        }
        zc_text_addc(&pointer, '/');
        pointer.len = 0;
        pointer.p[0] = '\0';
        walk(y, zc_yaml_root(y), &pointer);
        return 0;
}
