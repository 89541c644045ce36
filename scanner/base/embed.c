#include "zc/embed.h"

#include <string.h>

const struct zc_embedded *zc_embedded_find(const char *path)
{
        for (size_t i = 0; i < zc_embedded_count; i++)
                if (strcmp(zc_embedded[i].path, path) == 0)
                        return &zc_embedded[i];
        return NULL;
}
