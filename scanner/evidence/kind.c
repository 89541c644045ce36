/* The kinds of things that rules judge, and finding them in evidence. */
#include <pthread.h>
#include <string.h>

#include "subject.h"

const struct zc_kind zc_kinds[] = {
        { "host", "host", NULL, "host", "the machine itself", zc_subject_host_add },
        { "os", "host.os", "os", "os", "its operating system", zc_subject_os_add },
        { "firewall", "host.firewall", "firewall", "firewall",
          "what the kernel filters, as a whole", zc_subject_firewall_add },
        { "table", "host.firewall.tables[]", "firewall", "table", "one nf_tables table",
          zc_subject_table_add },
        { "firewall_chain", "host.firewall.tables[].chains[]", "firewall", "firewall_chain",
          "one chain of a table", zc_subject_chain_add },
        { "admit", "host.firewall.admits[]", "firewall", "admit",
          "one set of packets that the firewall lets in", zc_subject_admit_add },
        { "anomaly", "host.firewall.anomalies[]", "firewall", "anomaly",
          "something in the ruleset that cannot be meant", zc_subject_anomaly_add },
        { "listener", "host.listeners[]", "listeners", "listener",
          "one socket that takes connections or datagrams", zc_subject_listener_add },
        { "exposure", "exposure[]", "listeners", "exposure",
          "one port, with how far away someone can reach it from", zc_subject_exposure_add },
        { "endpoint", "endpoints[]", "ports", "endpoint", "one address and port, under one name",
          zc_subject_endpoint_add },
        { "tls", "endpoints[].tls", "tls", "tls", "how TLS is spoken at an endpoint", NULL },
        { "chain", "endpoints[].tls.chains[]", "tls", "chain",
          "a certificate and what was served with it", NULL },
        { "http", "endpoints[].http", "http", "http", "what a web server answers at an endpoint",
          NULL },
        { "cookie", "endpoints[].http.cookies[]", "http", "cookie", "one cookie that a server sets",
          zc_subject_cookie_add },
        { "postgres", "endpoints[].postgres", "postgres", "postgres",
          "what PostgreSQL asks of whom before it lets them in", NULL },
        { "redis", "endpoints[].redis", "redis", "redis", "what a Redis does without a password",
          NULL },
        { "program", "endpoints[].program", NULL, "program",
          "what an endpoint said it is, whatever its port's number", NULL },
        { "guard", "endpoints[].guard", NULL, "guard",
          "whether a service obeys without a login, where it was asked something that needs one",
          NULL },
        { "scan", "scans[]", "ports", "scan", "the ports of one address that were tried",
          zc_subject_scan_add },
};
const size_t zc_kind_count = ZC_COUNT(zc_kinds);

static const char *names[ZC_COUNT(zc_kinds) + 1];
static pthread_once_t names_once = PTHREAD_ONCE_INIT;

static void names_fill(void)
{
        for (size_t i = 0; i < zc_kind_count; i++)
                names[i] = zc_kinds[i].name;
}

const char *const *zc_kind_names(void)
{
        pthread_once(&names_once, names_fill);
        return names;
}

const struct zc_kind *zc_kind_find(const char *name)
{
        for (size_t i = 0; i < zc_kind_count; i++)
                if (strcmp(zc_kinds[i].name, name) == 0)
                        return &zc_kinds[i];
        return NULL;
}

/* ---- walking ---- */

/** A walk along kind->at. What it meets is counted, what it finds is shown. */
struct walk {
        const struct zc_kind *kind;
        const json_t *part;
        const char *asset;
        bool (*fn)(void *ctx, const struct zc_entity *e);
        void *ctx;
        struct zc_text pointer, subject;
        size_t seen;      /* entities */
        size_t missing;   /* members on the way that are not in the evidence */
        bool missing_top; /* the first one: nothing of the subject is there */
        bool stopped;
};

/** Below an endpoint it is called by the endpoint, and by what tells it from others there, if anything does. */
static void entity_call(struct walk *w, const json_t *self, const json_t *parent)
{
        zc_text_clear(&w->subject);
        if (strncmp(w->kind->at, "endpoints[].", 12) == 0)
                zc_subject_endpoint_add(&w->subject, w->part, NULL);
        if (w->kind->subject)
                w->kind->subject(&w->subject, self, parent);
}

/** Shows one entity; endpoints, what is below them, and exposure rows carry their own asset. */
static void entity_show(struct walk *w, const json_t *self, const json_t *parent)
{
        struct zc_entity e = { .self = self, .asset = w->asset };

        w->seen++;
        if (!w->fn)
                return;
        entity_call(w, self, parent);
        e.subject = zc_text_str(&w->subject);
        e.pointer = zc_text_str(&w->pointer);
        if (strncmp(w->kind->at, "host", 4) != 0)
                e.asset = zc_json_str(self, "asset", zc_json_str(w->part, "asset", w->asset));
        w->stopped = !w->fn(w->ctx, &e);
}

static void pointer_rewind(struct zc_text *t, size_t len)
{
        t->len = len;
        t->cut = false;
        if (t->p)
                t->p[len] = '\0';
}

static void walk_along(struct walk *w, const char *path, const json_t *value, const json_t *parent);

static void walk_list(struct walk *w, const char *path, const json_t *list, const json_t *parent)
{
        const json_t *item;
        size_t i;

        json_array_foreach (list, i, item) {
                size_t mark = w->pointer.len;

                if (w->stopped)
                        return;
                zc_text_printf(&w->pointer, "/%zu", i);
                if (json_is_object(item))
                        walk_along(w, path, item, parent);
                pointer_rewind(&w->pointer, mark);
        }
}

/** Written as absent: looked for, and not there. */
static bool is_absent(const json_t *value)
{
        return json_is_null(value) || json_is_false(json_object_get(value, "present"));
}

/** @path: what is left of kind->at, ".firewall.tables[].chains[]" or "". */
static void walk_along(struct walk *w, const char *path, const json_t *value, const json_t *parent)
{
        size_t mark = w->pointer.len, n = strcspn(path + (*path == '.'), ".[");
        const char *rest = path + (*path == '.') + n;
        bool list = strncmp(rest, "[]", 2) == 0;
        char name[64] = "";
        const json_t *next;

        if (*path == '\0') {
                entity_show(w, value, parent);
                return;
        }
        if (n >= sizeof(name))
                return;
        memcpy(name, rest - n, n);
        next = json_object_get(value, name);
        if (is_absent(next))
                return;
        if (!(list ? json_is_array(next) : json_is_object(next))) {
                w->missing_top = w->missing_top || !parent;
                w->missing++;
                return;
        }
        zc_json_pointer_add(&w->pointer, name);
        if (list)
                walk_list(w, rest + 2, next, value);
        else
                walk_along(w, rest, next, value);
        pointer_rewind(&w->pointer, mark);
}

/* ---- presence ---- */

/** What the outcome of a kind's probe says of its entities. */
struct outcome {
        bool planned; /* there is one */
        bool failed;  /* nothing in the evidence is the whole truth */
        bool open;    /* a list may lack entities */
        bool out;     /* skipped or not applicable: there is nothing to look for */
        const char *why, *needs;
};

static struct outcome outcome_read(const json_t *part, const char *probe)
{
        const json_t *o = probe ? json_object_get(json_object_get(part, "probes"), probe) : NULL;
        const char *word = zc_json_str(o, "outcome", "");
        bool done = strcmp(word, "done") == 0;
        bool out = strcmp(word, "skipped") == 0 || strcmp(word, "notapplicable") == 0;

        return (struct outcome){
                .planned = o != NULL,
                .failed = strcmp(word, "failed") == 0,
                .open = o && !done && !out && !json_is_true(json_object_get(o, "whole")),
                .out = out,
                .why = zc_json_str(o, "why", ""),
                .needs = zc_json_str(o, "needs", ""),
        };
}

/** "firewall: cannot read the ruleset (needs CAP_NET_ADMIN)" */
static void why_write(const struct zc_kind *kind, const struct outcome *o, char why[ZC_WHY_LEN])
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_WHY_LEN - 1);
        zc_text_printf(&t, "%s: ", kind->probe ? kind->probe : kind->name);
        zc_subject_text(&t, *o->why     ? o->why
                            : *o->needs ? "needs "
                            : o->open   ? "not all could be seen"
                                        : "not in the evidence");
        if (*o->needs && !strstr(o->why, o->needs)) {
                zc_text_add(&t, *o->why ? " (needs " : "");
                zc_subject_text(&t, o->needs);
                zc_text_add(&t, *o->why ? ")" : "");
        }
        memcpy(why, zc_text_str(&t), t.len + 1);
}

static enum zc_presence presence_of(const struct walk *w, const struct outcome *o, bool list)
{
        bool open = o->failed || (o->open && list);

        if (w->seen > 0)
                return w->missing > 0 || (open && list) ? ZC_PARTLY : ZC_PRESENT;
        if (o->out)
                return ZC_ABSENT;
        if (w->missing == 0)
                return open ? ZC_UNOBSERVED : ZC_ABSENT;
        return o->planned || !w->missing_top ? ZC_UNOBSERVED : ZC_UNPLANNED;
}

enum zc_presence zc_kind_each(const struct zc_kind *kind, const json_t *part, const char *pointer,
                              const char *asset, bool (*fn)(void *ctx, const struct zc_entity *e),
                              void *ctx, char why[ZC_WHY_LEN])
{
        struct walk w = { .kind = kind, .part = part, .asset = asset, .fn = fn, .ctx = ctx };
        struct outcome o = outcome_read(part, kind->probe);
        const char *path = kind->at + strcspn(kind->at, ".[");
        enum zc_presence presence;

        why[0] = '\0';
        if (!part || json_is_null(part))
                return ZC_UNPLANNED;
        path += strncmp(path, "[]", 2) == 0 ? 2 : 0;
        zc_text_init(&w.pointer, ZC_TEXT_CEILING);
        zc_text_init(&w.subject, ZC_SUBJECT_MAX);
        zc_text_add(&w.pointer, pointer);
        if (json_is_array(part))
                walk_list(&w, path, part, NULL);
        else
                walk_along(&w, path, part, NULL);
        zc_text_release(&w.pointer);
        zc_text_release(&w.subject);
        presence = presence_of(&w, &o, strstr(path, "[]") != NULL);
        if (presence == ZC_PARTLY || presence == ZC_UNOBSERVED)
                why_write(kind, &o, why);
        return presence;
}
