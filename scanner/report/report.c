/** The registry of output formats. */
#include "zc/report.h"

#include <string.h>

#include "zc/def.h"

#define X(id) extern const struct zc_format zc_format_##id;
#include "formats.def"
#undef X

const struct zc_format *const zc_formats[] = {
#define X(id) &zc_format_##id,
#include "formats.def"
#undef X
        NULL,
};

const struct zc_format *zc_format_find(const char *name)
{
        for (const struct zc_format *const *f = zc_formats; *f; f++) {
                if (strcmp((*f)->name, name) == 0)
                        return *f;
        }
        return NULL;
}

const char *const *zc_format_names(void)
{
        static const char *const names[] = {
#define X(id) #id,
#include "formats.def"
#undef X
                NULL,
        };

        return names;
}
