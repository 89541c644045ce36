/** What the configuration expects of ports, judged on the exposure of each asset; a port that nobody looked at is not closed. */
#include <stdio.h>
#include <string.h>

#include "judge_internal.h"
#include "zc/portset.h"

#define OPEN_RULE "ZC-EXPECT-OPEN"
#define CLOSED_RULE "ZC-EXPECT-CLOSED"

enum { TCP, UDP, TRANSPORTS };
static const char *const transports[TRANSPORTS] = { "tcp", "udp" };

/* One entry of `expect`, and everything it is judged on. */
struct expect {
        struct zc_evidence *const *evs;
        size_t count;
        const json_t *entry, *exposure, *assets;
        const struct zc_join *join;
        struct zc_tally *tally;
        const json_t *tags;
        const char *rule, *selector;
        enum zc_severity severity;
        bool only_any;                     /* from: any */
        bool closed;                       /* `closed`, not `open_only` */
        struct zc_portset set[TRANSPORTS]; /* the ports listed */
        char listed[200];                  /* the same, for messages */
        bool judged;                       /* something was selected */
        json_t *covered; /* assets whose ports were looked at, or should have been */
};

static bool selected(struct expect *x, const char *asset)
{
        bool yes = zc_asset_selected(x->assets, x->selector, asset, NULL);

        x->judged = x->judged || yes;
        return yes;
}

/** A row is its machine's, and of every asset as which its endpoints were looked at. */
static bool row_selected(struct expect *x, const json_t *row, size_t index)
{
        const json_t *names = zc_join_names(x->join, index), *name;
        bool yes = selected(x, zc_json_str(row, "asset", ""));
        size_t i;

        json_array_foreach (names, i, name) {
                yes = yes || selected(x, json_string_value(name));
        }
        return yes;
}

static bool check(struct expect *x, const char *asset, const char *subject, enum zc_verdict verdict,
                  const char *why, const char **waived, struct zc_err *err)
{
        const struct zc_check c = { .rule = x->rule,
                                    .asset = asset,
                                    .subject = subject,
                                    .tags = x->tags,
                                    .severity = x->severity,
                                    .verdict = verdict,
                                    .why = why };

        return zc_tally_check(x->tally, &c, waived, err);
}

/* ---- findings ---- */

static json_t *finding_new(const struct expect *x, const char *asset, const char *subject,
                           const json_t *row, size_t index)
{
        char fingerprint[ZC_FINGERPRINT_LEN];
        const char *summary = zc_json_str(row, "summary", subject);
        bool proven = json_array_size(json_object_get(row, "reached_from")) > 0;
        json_t *message = x->closed ? zc_json_printf("%s; it is expected to be closed", summary)
                                    : zc_json_printf("%s; only %s may be open", summary, x->listed);
        json_t *finding;

        if (!zc_fingerprint(x->rule, asset, subject, fingerprint))
                return NULL;
        finding = json_pack(
                "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:O?, s:o, s:[{s:n, s:o, s:O?}], s:n, s:[]}",
                "fingerprint", fingerprint, "rule", x->rule, "title",
                x->closed ? "A port that is expected to be closed is open"
                          : "A port is open that is not expected to be",
                "severity", zc_severity_name(x->severity), "confidence",
                proven ? "proven" : "derived", "asset", asset, "subject", subject, "reach",
                json_object_get(row, "reach"), "message", message, "evidence", "run", "path",
                json_sprintf("/exposure/%zu/reach", index), "value", json_object_get(row, "reach"),
                "proof", "covers");
        if (!finding)
                return NULL;
        json_object_update_new(
                finding, json_pack("{s:{s:s, s:[]}, s:[o], s:{}, s:s, s:O}", "remediation", "text",
                                   "Stop the service, bind it to loopback, or let the firewall "
                                   "refuse the port; if it is meant to be "
                                   "open, add it to `expect` in the configuration.",
                                   "variants", "reproduce",
                                   json_sprintf("zerocrit audit local # then look for %s", subject),
                                   "refs", "rationale",
                                   "The configuration says which ports may be open. A port beyond "
                                   "them is a service nobody decided to offer.",
                                   "tags", x->tags));
        return finding;
}

/* ---- rows ---- */

static int transport_of(const json_t *part)
{
        return strcmp(zc_json_str(part, "transport", ""), "udp") == 0 ? UDP : TCP;
}

static uint16_t port_of(const json_t *part)
{
        json_int_t port = json_integer_value(json_object_get(part, "port"));

        return port > 0 && port <= 65535 ? (uint16_t)port : 0;
}

/** Whether a port, open, would be against the entry. open_only is about the transports that it lists, and always TCP. */
static bool against(const struct expect *x, int transport, uint16_t port)
{
        bool in = zc_portset_has(&x->set[transport], port);

        if (x->closed)
                return in;
        return !in && (transport == TCP || zc_portset_count(&x->set[UDP]) > 0);
}

/** Can someone get in from as far away as the entry is about? */
static enum zc_verdict row_verdict(const struct expect *x, const json_t *row)
{
        enum zc_reach reach = ZC_REACH_UNKNOWN;

        if (!zc_reach_parse(zc_json_str(row, "reach", "unknown"), &reach) ||
            reach == ZC_REACH_UNKNOWN)
                return ZC_UNKNOWN;
        if (x->only_any)
                return reach == ZC_REACH_ANY ? ZC_FAIL : ZC_PASS;
        return reach >= ZC_REACH_ISOLATED ? ZC_FAIL : ZC_PASS;
}

/** A row of several ports is against the entry with any of them. */
static bool row_against(const struct expect *x, const json_t *row)
{
        const char *ports = zc_json_str(row, "ports", NULL);
        struct zc_portset set;

        if (!ports || !zc_portset_parse(ports, &set, &(struct zc_err){ 0 }))
                return against(x, transport_of(row), port_of(row));
        for (int p = zc_portset_next(&set, 1); p >= 0; p = zc_portset_next(&set, p + 1))
                if (against(x, transport_of(row), (uint16_t)p))
                        return true;
        return false;
}

static bool judge_row(struct expect *x, const json_t *row, size_t index, struct zc_err *err)
{
        const char *asset = zc_json_str(row, "asset", "");
        ZC_AUTO_MEM char *own = zc_subject_exposure(row);
        const char *subject = zc_json_str(row, "endpoint", zc_json_str(row, "listener", own));
        const char *waived = NULL;
        enum zc_verdict verdict;
        json_t *finding;

        if (!own)
                return zc_fail(err, ZC_E_NOMEM, "no memory for a subject");
        if (strcmp(zc_json_str(row, "kind", ""), "unused") == 0) /* nothing is open there */
                return true;
        if (!row_selected(x, row, index) || !row_against(x, row))
                return true;
        verdict = row_verdict(x, row);
        if (!check(x, asset, subject, verdict,
                   verdict == ZC_UNKNOWN ? "how far away it can be reached from is not known" : "",
                   &waived, err))
                return false;
        if (verdict != ZC_FAIL)
                return true;
        finding = finding_new(x, asset, subject, row, index);
        return finding ? zc_tally_finding(x->tally, finding, waived, NULL, err)
                       : zc_fail(err, ZC_E_NOMEM, "no memory for a finding");
}

/* ---- what was looked at ---- */

/** Seen from inside, every port was looked at. */
static bool judge_host(struct expect *x, const struct zc_evidence *ev, struct zc_err *err)
{
        const struct zc_kind *kind = zc_kind_find("listener");
        const char *asset = zc_evidence_asset(ev);
        char why[ZC_WHY_LEN] = "";
        enum zc_presence presence;

        if (!zc_evidence_asks_host(ev) || !zc_evidence_host(ev) || !selected(x, asset))
                return true;
        presence = zc_kind_each(kind, zc_evidence_host(ev), "/host", asset, NULL, NULL, why);
        if (presence == ZC_UNPLANNED)
                return true;
        json_object_set_new(x->covered, asset, json_true());
        if (presence == ZC_ABSENT &&
            !json_is_array(json_object_get(zc_evidence_host(ev), "listeners")))
                return check(x, asset, "host/ports", ZC_NOTAPPLICABLE_V,
                             "the listeners were taken out of the plan", NULL, err);
        if (presence == ZC_UNOBSERVED || presence == ZC_PARTLY)
                return check(x, asset, "host/ports", ZC_UNKNOWN, why, NULL, err);
        return check(x, asset, "host/ports", ZC_PASS, "", NULL,
                     err); /* each port that is against it has a row of its own */
}

static bool set_of(const json_t *scan, const char *key, struct zc_portset *out)
{
        const char *spec = zc_json_str(scan, key, "");
        struct zc_err err = { 0 };

        *out = (struct zc_portset){ 0 };
        return *spec == '\0' || zc_portset_parse(spec, out, &err);
}

/** The ports that the entry is about, were not found open, and have no answer either. */
static bool judge_scan(struct expect *x, const json_t *scan, struct zc_err *err)
{
        struct zc_portset open, closed, filtered, missing = { 0 };
        int transport = transport_of(scan);
        const char *asset = zc_json_str(scan, "asset", "");
        char subject[128];
        char why[256];
        ZC_AUTO_TEXT list = { 0 };

        if (!set_of(scan, "open", &open) || !set_of(scan, "closed", &closed) ||
            !set_of(scan, "filtered", &filtered))
                return check(x, asset, zc_json_str(scan, "address", ""), ZC_ERROR,
                             "the scan's ports cannot be read", NULL, err);
        for (unsigned p = 1; p <= 65535; p++) {
                if (against(x, transport, (uint16_t)p) && !zc_portset_has(&open, (uint16_t)p) &&
                    !zc_portset_has(&closed, (uint16_t)p) &&
                    !zc_portset_has(&filtered, (uint16_t)p))
                        zc_portset_add(&missing, (uint16_t)p);
        }
        snprintf(subject, sizeof(subject), "%.100s/%s", zc_json_str(scan, "address", ""),
                 transports[transport]);
        if (zc_portset_count(&missing) == 0)
                return check(x, asset, subject, ZC_PASS, "", NULL, err);
        zc_text_init(&list, 120);
        zc_portset_format(&missing, &list);
        snprintf(why, sizeof(why), "%u ports were not looked at: %s", zc_portset_count(&missing),
                 zc_text_str(&list));
        return check(x, asset, subject, ZC_UNKNOWN, why, NULL, err);
}

static bool visit_scan(void *ctx, const json_t *scan, size_t index, struct zc_err *err)
{
        struct expect *x = ctx;
        int transport = transport_of(scan);

        (void)index;
        if (!selected(x, zc_json_str(scan, "asset", "")) ||
            (zc_portset_count(&x->set[transport]) == 0 && transport == UDP))
                return true;
        json_object_set_new(x->covered, zc_json_str(scan, "asset", ""), json_true());
        return judge_scan(x, scan, err);
}

/** An asset that is selected and of which nothing was looked at. */
static bool judge_unseen(struct expect *x, struct zc_err *err)
{
        const char *asset;
        json_t *row;

        json_object_foreach ((json_t *)(uintptr_t)x->assets, asset, row) {
                if (selected(x, asset) && !json_object_get(x->covered, asset) &&
                    !check(x, asset, "host/ports", ZC_UNKNOWN, "none of its ports was looked at",
                           NULL, err))
                        return false;
        }
        return true;
}

/* ---- entries ---- */

static bool ports_of(struct expect *x, const json_t *list, size_t i, struct zc_err *err)
{
        const json_t *v;
        size_t k;
        ZC_AUTO_TEXT shown = { 0 };

        zc_text_init(&shown, sizeof(x->listed) - 1);
        json_array_foreach (list, k, v) {
                const char *s = json_string_value(v) ? json_string_value(v) : "";
                const char *slash = strchr(s, '/');
                size_t n = slash ? (size_t)(slash - s) : 0;
                bool udp = slash && strcmp(slash, "/udp") == 0;
                uint64_t port = 0;

                if (!slash || (!udp && strcmp(slash, "/tcp") != 0) ||
                    !zc_parse_uint(s, n, 65535, &port) || port == 0)
                        return zc_fail(
                                err, ZC_E_USAGE,
                                "expect[%zu]: \"%.40s\" is not a port such as 443/tcp or 53/udp", i,
                                s);
                zc_portset_add(&x->set[udp ? UDP : TCP], (uint16_t)port);
                zc_text_printf(&shown, "%s%s", k ? ", " : "", s);
        }
        snprintf(x->listed, sizeof(x->listed), "%s", shown.len ? zc_text_str(&shown) : "none");
        return true;
}

static bool judge_entry(struct expect *x, struct zc_err *err)
{
        const struct zc_evidence_visitor v = { .scan = visit_scan, .ctx = x };
        const json_t *row;
        size_t i;

        json_array_foreach (x->exposure, i, row) {
                if (!judge_row(x, row, i, err))
                        return false;
        }
        for (i = 0; i < x->count; i++) {
                if (!judge_host(x, x->evs[i], err) || !zc_evidence_visit(x->evs[i], &v, err))
                        return false;
        }
        if (!judge_unseen(x, err))
                return false;
        return x->judged ||
               zc_tally_missing(x->tally, err, "expect: no target that was looked at is \"%.100s\"",
                                x->selector);
}

static bool entry_init(struct expect *x, size_t i, struct zc_err *err)
{
        static const struct zc_shape shape[] = {
                { "for", ZC_SHAPE_TEXT, true, NULL, NULL },
                { "from", ZC_SHAPE_TEXT, false, NULL, NULL },
                { "open_only", ZC_SHAPE_TEXTS, false, NULL, NULL },
                { "closed", ZC_SHAPE_TEXTS, false, NULL, NULL },
                { "severity", ZC_SHAPE_TEXT, false, NULL, NULL },
                { 0 },
        };
        const char *from = zc_json_str(x->entry, "from", "private");
        char pointer[32];

        snprintf(pointer, sizeof(pointer), "expect[%zu]", i);
        if (!zc_shape_check(NULL, pointer, x->entry, "an expectation", shape, err))
                return false;
        x->selector = zc_json_str(x->entry, "for", "");
        x->severity = ZC_HIGH;
        if (!zc_severity_parse(zc_json_str(x->entry, "severity", "high"), &x->severity))
                return zc_fail(err, ZC_E_USAGE,
                               "%s: severity is one of critical, high, medium, low, info", pointer);
        if (strcmp(from, "any") != 0 && strcmp(from, "private") != 0)
                return zc_fail(err, ZC_E_USAGE,
                               "%s: from is any (only what everyone reaches) or private (all but "
                               "the machine itself)",
                               pointer);
        x->only_any = strcmp(from, "any") == 0;
        return true;
}

bool zc_expect(struct zc_evidence *const *evs, size_t count, const json_t *expect,
               const json_t *exposure, const struct zc_join *join, const json_t *assets,
               struct zc_tally *t, struct zc_err *err)
{
        static const struct {
                const char *key, *rule;
        } kinds[] = { { "open_only", OPEN_RULE }, { "closed", CLOSED_RULE } };
        json_auto_t *tags = json_pack("[s]", "release-blocker");
        const json_t *entry;
        size_t i;

        json_array_foreach (expect, i, entry) {
                for (size_t k = 0; k < ZC_COUNT(kinds); k++) {
                        struct expect x = { .evs = evs,
                                            .count = count,
                                            .entry = entry,
                                            .exposure = exposure,
                                            .join = join,
                                            .assets = assets,
                                            .tally = t,
                                            .tags = tags,
                                            .rule = kinds[k].rule,
                                            .closed = k == 1 };
                        const json_t *list = json_object_get(entry, kinds[k].key);

                        json_auto_t *covered = json_object();

                        x.covered = covered;
                        if (!entry_init(&x, i, err))
                                return false;
                        if (list && (!ports_of(&x, list, i, err) || !judge_entry(&x, err)))
                                return false;
                }
        }
        return true;
}
