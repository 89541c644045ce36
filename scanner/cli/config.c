/** Loading zerocrit.yaml. */
#include "zc/config.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config_check.h"
#include "zc/clock.h"
#include "zc/embed.h"
#include "zc/file.h"
#include "zc/text.h"

struct zc_config {
        struct zc_yaml *yaml;
};

void zc_config_free(struct zc_config *c)
{
        if (!c)
                return;
        zc_yaml_free(c->yaml);
        free(c);
}

const json_t *zc_config_root(const struct zc_config *c)
{
        return zc_yaml_root(c->yaml);
}

const char *zc_config_name(const struct zc_config *c)
{
        return zc_yaml_name(c->yaml);
}

const struct zc_yaml *zc_config_yaml(const struct zc_config *c)
{
        return c->yaml;
}

bool zc_config_fail(const struct zc_config *c, const char *pointer, struct zc_err *err,
                    const char *fmt, ...)
{
        char text[sizeof(err->text)];
        va_list ap;

        va_start(ap, fmt);
        if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
                text[0] = '\0';
        va_end(ap);
        return zc_yaml_fail(c->yaml, pointer, err, "%s", text);
}

static bool config_check(struct zc_config *c, struct zc_err *err)
{
        const struct zc_embedded *e = zc_embedded_find("reports/schema/config.schema.json");
        json_auto_t *schema = e ? zc_json_parse(e->data, (size_t)(e->end - e->data), err) : NULL;

        if (!schema)
                return e ? zc_ctx(err, "%s", e->path)
                         : zc_fail(err, ZC_E_UNSUPPORTED,
                                   "this program carries no configuration schema");
        return zc_config_shape_check(c->yaml, schema, err) && zc_config_meaning(c, err);
}

static bool config_take(struct zc_yaml **yaml, struct zc_config **out, struct zc_err *err)
{
        ZC_AUTO(zc_config) c = calloc(1, sizeof(*c));

        if (!c)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the configuration");
        c->yaml = ZC_TAKE(*yaml);
        if (!config_check(c, err))
                return false;
        *out = ZC_TAKE(c);
        return true;
}

bool zc_config_parse(const char *name, const char *buf, size_t len, struct zc_config **out,
                     struct zc_err *err)
{
        ZC_AUTO(zc_yaml) yaml = NULL;

        return zc_yaml_parse(name, buf, len, &yaml, err) && config_take(&yaml, out, err);
}

bool zc_config_load(const char *path, struct zc_config **out, struct zc_err *err)
{
        ZC_AUTO(zc_yaml) yaml = NULL;

        return zc_file_guard(path, err) && zc_yaml_load(path, &yaml, err) &&
               config_take(&yaml, out, err);
}

char *zc_config_path(const struct zc_config *c, const char *path)
{
        const char *name = zc_config_name(c);
        const char *slash = strrchr(name, '/');
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, PATH_MAX);
        if (slash && *path != '/' && strcmp(path, "-") != 0)
                zc_text_addn(&t, name, (size_t)(slash - name) + 1);
        zc_text_add(&t, path);
        return zc_text_steal(&t);
}

static bool outside(const struct zc_config *c, const char *pointer, int64_t now_ms, const char *how,
                    const char *bound, struct zc_err *err)
{
        char now[ZC_TIME_LEN];

        zc_time_format(now_ms, now);
        return zc_config_fail(
                c, pointer, err, "%s: the authorisation %s %s, and it is %s: nothing may be sent",
                pointer[15] == 'f' ? "authorisation.from" : "authorisation.until", how, bound, now);
}

bool zc_config_authorised(const struct zc_config *c, int64_t now_ms, struct zc_err *err)
{
        const char *from = zc_json_str(zc_config_root(c), "authorisation.from", NULL);
        const char *until = zc_json_str(zc_config_root(c), "authorisation.until", NULL);
        int64_t at;

        if (from && zc_time_parse(from, &at) && now_ms < at)
                return outside(c, "/authorisation/from", now_ms, "begins", from, err);
        if (until && zc_time_parse(until, &at) && now_ms >= at)
                return outside(c, "/authorisation/until", now_ms, "ended", until, err);
        return true;
}
