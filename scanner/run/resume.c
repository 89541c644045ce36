/** Taking a run up again that was cut: what it had finished stays, and everything else is looked at as if for the first time. */
#include <stdio.h>
#include <string.h>

#include "resume.h"
#include "zc/run.h"

/* Keys of what was finished: an address of an asset, and that address with the ports that it was asked for; sorted. The lowest bits of a scan's are
 * what was found there. */
#define KEY_MASK (~(uint64_t)(ZC_DONE_OPEN | ZC_DONE_CLOSED))

struct zc_done {
        uint64_t *address, *scan;
        size_t addresses, scans, address_room, scan_room;
};

void zc_done_free(struct zc_done *d)
{
        if (!d)
                return;
        free(d->address);
        free(d->scan);
        free(d);
}

static uint64_t key(const char *asset, const char *address, const char *ports)
{
        uint64_t h = zc_seed_hash(1, asset, strlen(asset));

        h = zc_seed_hash(h, address, strlen(address));
        return zc_seed_hash(h, ports, strlen(ports)) & KEY_MASK;
}

static int order(const void *a, const void *b)
{
        const uint64_t *l = a, *r = b;

        return (*l > *r) - (*l < *r);
}

static bool add(uint64_t **list, size_t *n, size_t *room, uint64_t value)
{
        if (*n == *room) {
                size_t want = *room ? 2 * *room : 64;
                uint64_t *more = reallocarray(*list, want, sizeof *more);

                if (!more)
                        return false;
                *list = more;
                *room = want;
        }
        (*list)[(*n)++] = value;
        return true;
}

/** The first that is not below. */
static size_t find(const uint64_t *list, size_t n, uint64_t value)
{
        size_t low = 0;

        while (n > 0) {
                size_t half = n / 2;

                if (list[low + half] < value) {
                        low += half + 1;
                        n -= half + 1;
                } else {
                        n = half;
                }
        }
        return low;
}

bool zc_done_has(const struct zc_done *d, const char *asset, const char *address, const char *ports,
                 unsigned *found)
{
        uint64_t want = key(asset, address, ports);
        size_t at;

        if (!d)
                return false;
        at = find(d->scan, d->scans, want);
        if (at == d->scans || (d->scan[at] & KEY_MASK) != want)
                return false;
        *found = (unsigned)(d->scan[at] & ~KEY_MASK);
        return true;
}

static bool has_address(const struct zc_done *d, const char *asset, const char *address)
{
        uint64_t want = key(asset, address, "");
        size_t at = find(d->address, d->addresses, want);

        return at < d->addresses && d->address[at] == want;
}

/* ---- what the stream has ---- */

/**
 * The scan of an address is the last of its records (address.c). Over lo nothing is saved by not asking again, and what listens may be another;
 * a scan without ports is of an address that was not asked at all.
 */
static bool finished(const json_t *scan)
{
        return json_object_get(scan, "ports") && !json_object_get(scan, "reached_from") &&
               strcmp(zc_json_str(scan, "transport", ""), "tcp") == 0;
}

static bool scan_note(void *ctx, const json_t *scan, size_t index, struct zc_err *err)
{
        struct zc_done *d = ctx;
        const char *asset = zc_json_str(scan, "asset", "");
        const char *address = zc_json_str(scan, "address", "");
        uint64_t found = (*zc_json_str(scan, "open", "") ? ZC_DONE_OPEN : 0) |
                         (*zc_json_str(scan, "closed", "") ? ZC_DONE_CLOSED : 0);

        (void)index;
        if (!finished(scan))
                return true;
        return (add(&d->address, &d->addresses, &d->address_room, key(asset, address, "")) &&
                add(&d->scan, &d->scans, &d->scan_room,
                    key(asset, address, zc_json_str(scan, "ports", "")) | found)) ||
               zc_fail(err, ZC_E_NOMEM, "no memory for what was finished");
}

bool zc_done_read(struct zc_evidence *ev, struct zc_done **out, struct zc_err *err)
{
        struct zc_done *d = calloc(1, sizeof *d);
        const struct zc_evidence_visitor v = { .scan = scan_note, .ctx = d };

        if (!d)
                return zc_fail(err, ZC_E_NOMEM, "no memory for what was finished");
        if (!zc_evidence_visit(ev, &v, err)) {
                zc_done_free(d);
                return false;
        }
        if (d->addresses > 0)
                qsort(d->address, d->addresses, sizeof *d->address, order);
        if (d->scans > 0)
                qsort(d->scan, d->scans, sizeof *d->scan, order);
        *out = d;
        return true;
}

/* ---- is it the same run? ---- */

/* Options that decide what is looked at; what decides how fast may be another. */
static const char *const binding[] = { "ports",  "only", "skip", "exclude", "excluded", "level",
                                       "active", "root", "seed", "shard",   "online",   "proxy" };

static char *shown(const json_t *v)
{
        return v && !json_is_null(v) ? json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT)
                                     : strdup("none");
}

static bool differ(const char *what, const json_t *then, const json_t *now, struct zc_err *err)
{
        ZC_AUTO_MEM char *before = shown(then);
        ZC_AUTO_MEM char *after = shown(now);

        return zc_fail(err, ZC_E_USAGE,
                       "it was begun with other %s (%.80s) than this run's (%.80s): give the same, "
                       "or begin anew without --resume",
                       what, before ? before : "?", after ? after : "?");
}

static bool same(const json_t *a, const json_t *b)
{
        if (!a || json_is_null(a))
                return !b || json_is_null(b);
        return b && json_equal(a, b);
}

bool zc_resume_check(const struct zc_evidence *ev, const json_t *run, struct zc_err *err)
{
        const json_t *then = zc_evidence_run(ev);
        const json_t *before = json_object_get(then, "options");
        const json_t *now = json_object_get(run, "options");

        if (zc_evidence_finished(ev))
                return zc_fail(err, ZC_E_USAGE,
                               "it is finished, nothing is left to do: judge it as it is");
        if (!zc_vantage_is_same(json_object_get(then, "vantage"), json_object_get(run, "vantage")))
                return differ("machine", zc_json_at(then, "vantage.id"),
                              zc_json_at(run, "vantage.id"), err);
        if (!same(json_object_get(then, "version"), json_object_get(run, "version")))
                return differ("version", json_object_get(then, "version"),
                              json_object_get(run, "version"), err);
        if (!same(json_object_get(then, "targets"), json_object_get(run, "targets")))
                return differ("targets", json_object_get(then, "targets"),
                              json_object_get(run, "targets"), err);
        for (size_t i = 0; i < ZC_COUNT(binding); i++) {
                const json_t *a = json_object_get(before, binding[i]);
                const json_t *b = json_object_get(now, binding[i]);

                if (!same(a, b))
                        return differ(binding[i], a, b, err);
        }
        return true;
}

/* ---- the stream that goes on ---- */

struct copy {
        const struct zc_done *done;
        struct zc_evidence *to;
};

static bool put(const struct copy *c, const char *form, const json_t *value, struct zc_err *err)
{
        json_auto_t *record = json_pack("{s:O}", form, value);

        return record ? zc_evidence_put(c->to, record, err)
                      : zc_fail(err, ZC_E_NOMEM, "no memory for a record");
}

static bool part_copy(const struct copy *c, const char *form, const json_t *part,
                      struct zc_err *err)
{
        if (json_object_get(part, "reached_from") ||
            !has_address(c->done, zc_json_str(part, "asset", ""), zc_json_str(part, "address", "")))
                return true;
        return put(c, form, part, err);
}

static bool endpoint_copy(void *ctx, const json_t *endpoint, size_t index, struct zc_err *err)
{
        (void)index;
        return part_copy(ctx, "endpoint", endpoint, err);
}

static bool scan_copy(void *ctx, const json_t *scan, size_t index, struct zc_err *err)
{
        (void)index;
        if (strcmp(zc_json_str(scan, "transport", ""), "tcp") == 0 && !finished(scan))
                return true;
        return part_copy(ctx, "scan", scan, err);
}

/** The address that a problem's subject begins with: "192.0.2.7", "192.0.2.7:443", "[2001:db8::1]:443". */
static bool subject_address(const char *subject, char out[ZC_ADDR_LEN])
{
        const char *colon = strchr(subject, ':'), *close = strchr(subject, ']');
        const char *from = subject + (*subject == '[');
        size_t n = *subject == '[' && close           ? (size_t)(close - from)
                   : colon && !strchr(colon + 1, ':') ? (size_t)(colon - from)
                                                      : strlen(from);
        struct zc_addr addr;
        struct zc_err none = { 0 };

        if (n >= ZC_ADDR_LEN)
                return false;
        memcpy(out, from, n);
        out[n] = '\0';
        return zc_addr_parse(out, &addr, &none);
}

/** Whether the address is finished as itself or as one of the run's targets. */
static bool has_any(const struct zc_done *d, const json_t *run, const char *address)
{
        const json_t *targets = json_object_get(run, "targets"), *target;
        size_t i;

        if (has_address(d, address, address))
                return true;
        json_array_foreach (targets, i, target) {
                if (has_address(d, zc_json_str(target, "id", ""), address))
                        return true;
        }
        return false;
}

/** A problem names no asset: it is the address's, if that is finished under any. */
static bool problem_copy(void *ctx, const json_t *problem, size_t index, struct zc_err *err)
{
        const struct copy *c = ctx;
        char address[ZC_ADDR_LEN];

        (void)index;
        if (!subject_address(zc_json_str(problem, "subject", ""), address) ||
            !has_any(c->done, zc_evidence_run(c->to), address))
                return true;
        return put(c, "problem", problem, err);
}

bool zc_resume_begin(struct zc_evidence *from, const struct zc_done *done, const char *path,
                     struct zc_evidence **out, struct zc_err *err)
{
        char part[4096];
        int n = snprintf(part, sizeof part, "%s.part", path);
        struct copy c = { .done = done };
        const struct zc_evidence_visitor v = {
                .endpoint = endpoint_copy, .scan = scan_copy, .problem = problem_copy, .ctx = &c
        };

        if (n < 0 || (size_t)n >= sizeof part)
                return zc_fail(err, ZC_E_USAGE, "the path of the stream is too long: %.100s…",
                               path);
        if (!zc_evidence_create(part, zc_evidence_run(from), &c.to, err))
                return false;
        if (!zc_evidence_visit(from, &v, err) || !zc_evidence_rename(c.to, path, err)) {
                zc_evidence_free(c.to);
                unlink(part);
                return false;
        }
        *out = c.to;
        return true;
}
