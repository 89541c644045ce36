/** What the files that read YAML share; nobody else includes it. */
#ifndef ZC_YAML_INTERNAL_H
#define ZC_YAML_INTERNAL_H

#include <yaml.h>

#include "zc/arena.h"
#include "zc/yaml.h"

/* Where one value stands; the places of a document form a tree beside its values. Lines and columns count from 0. */
struct zc_yaml_place {
        const char *key; /* of a member; NULL for elements and the root */
        struct zc_yaml_place *first, *last, *next;
        unsigned line, column; /* of the key, else of the value */
        unsigned text_line, text_column;
        yaml_scalar_style_t style;
};

struct zc_yaml {
        struct zc_arena *arena;
        const char *name;
        const char *source; /* for the indentation of literal blocks */
        json_t *root;
        struct zc_yaml_place *places;
        size_t values;
};

#endif
