/* What an entity is called in reports, waivers and fingerprints: stable, so never a pid, a time or an order (design section 5). */
#include <openssl/evp.h>
#include <string.h>

#include "subject.h"

#define LIST_MAX 96u /* a longer list of sources is named by its digest */

/* Linux' default net.ipv4.ip_local_port_range: a port in it is chosen anew at every start. */
#define EPHEMERAL_FIRST 32768
#define EPHEMERAL_LAST 60999

void zc_subject_text(struct zc_text *t, const char *s)
{
        while (*s) {
                size_t n = strcspn(s, "\\");

                zc_text_escape(t, s, n);
                s += n;
                if (*s == '\\') {
                        zc_text_addc(t, '\\');
                        s++;
                }
        }
}

static const char *member(const json_t *o, const char *name)
{
        return zc_json_str(o, name, "");
}

static long long number(const json_t *o, const char *name)
{
        return json_integer_value(json_object_get(o, name));
}

static void add_address(struct zc_text *t, const char *address, const char *interface)
{
        bool brackets = strchr(address, ':') != NULL;

        zc_text_add(t, brackets ? "[" : "");
        zc_subject_text(t, address);
        if (*interface && !strchr(address, '%')) {
                zc_text_addc(t, '%');
                zc_subject_text(t, interface);
        }
        zc_text_add(t, brackets ? "]" : "");
}

void zc_subject_endpoint_add(struct zc_text *t, const json_t *endpoint, const json_t *parent)
{
        const json_t *name = json_object_get(endpoint, "name");

        (void)parent;
        add_address(t, member(endpoint, "address"), "");
        zc_text_printf(t, ":%lld/", number(endpoint, "port"));
        zc_subject_text(t, member(endpoint, "transport"));
        if (json_is_string(name)) {
                zc_text_addc(t, '#');
                zc_subject_text(t, json_string_value(name));
        }
}

void zc_subject_scan_add(struct zc_text *t, const json_t *scan, const json_t *parent)
{
        (void)parent;
        add_address(t, member(scan, "address"), "");
        zc_text_addc(t, '/');
        zc_subject_text(t, member(scan, "transport"));
}

/** Behind its endpoint: " cookie sid", and where two of one name differ. */
void zc_subject_cookie_add(struct zc_text *t, const json_t *cookie, const json_t *parent)
{
        static const char *const scope[] = { "domain", "path" };

        (void)parent;
        zc_text_add(t, " cookie ");
        zc_subject_text(t, member(cookie, "name"));
        for (size_t i = 0; i < ZC_COUNT(scope); i++) {
                const char *value = member(cookie, scope[i]);

                if (*value == '\0' || strcmp(value, "/") == 0)
                        continue;
                zc_text_addc(t, ' ');
                zc_subject_text(t, value);
        }
}

/** A unit whose name lasts: a scope's carries a session number or a pid, a transient service's a counter. */
static bool unit_lasts(const char *unit)
{
        const char *dot = strrchr(unit, '.');

        return dot && strcmp(dot, ".scope") != 0 && strncmp(unit, "run-", 4) != 0;
}

static void add_port(struct zc_text *t, const json_t *listener)
{
        long long port = number(listener, "port");
        const char *unit = member(listener, "unit"), *process = member(listener, "process");
        bool ephemeral = port >= EPHEMERAL_FIRST && port <= EPHEMERAL_LAST;

        if (ephemeral && unit_lasts(unit)) {
                zc_text_add(t, "unit=");
                zc_subject_text(t, unit);
        } else if (ephemeral && *process) {
                zc_text_add(t, "process=");
                zc_subject_text(t, process);
        } else {
                zc_text_printf(t, "%lld", port);
        }
}

/** Whether the address is one that a container was given, and may be given another at its next start. */
static bool own_address(const char *address)
{
        return strcmp(address, "0.0.0.0") != 0 && strcmp(address, "::") != 0 &&
               strcmp(address, "::1") != 0 && strncmp(address, "127.", 4) != 0;
}

void zc_subject_listener_add(struct zc_text *t, const json_t *listener, const json_t *parent)
{
        const char *container = member(listener, "container");
        const char *address = member(listener, "address");

        (void)parent;
        zc_text_add(t, "listener ");
        if (*container && own_address(address)) {
                zc_text_add(t, "container=");
                zc_subject_text(t, container);
        } else {
                add_address(t, address, member(listener, "interface"));
        }
        zc_text_addc(t, ':');
        add_port(t, listener);
        zc_text_addc(t, '/');
        zc_subject_text(t, member(listener, "transport"));
}

void zc_subject_exposure_add(struct zc_text *t, const json_t *row, const json_t *parent)
{
        const char *listener = member(row, "listener"), *endpoint = member(row, "endpoint");

        (void)parent;
        if (*listener || *endpoint) {
                zc_subject_text(t, *listener ? listener : endpoint);
                return;
        }
        zc_text_add(t, "exposure ");
        if (*member(row, "address")) {
                add_address(t, member(row, "address"), "");
                zc_text_addc(t, ':');
        }
        if (*member(row, "ports"))
                zc_subject_text(t, member(row, "ports"));
        else
                zc_text_printf(t, "%lld", number(row, "port"));
        zc_text_addc(t, '/');
        zc_subject_text(t, member(row, "transport"));
}

/* ---- below host ---- */

void zc_subject_host_add(struct zc_text *t, const json_t *host, const json_t *parent)
{
        (void)host;
        (void)parent;
        zc_text_add(t, "host");
}

void zc_subject_os_add(struct zc_text *t, const json_t *os, const json_t *parent)
{
        (void)os;
        (void)parent;
        zc_text_add(t, "host/os");
}

void zc_subject_firewall_add(struct zc_text *t, const json_t *firewall, const json_t *parent)
{
        (void)firewall;
        (void)parent;
        zc_text_add(t, "host/firewall");
}

/** "/a/b" of the members that are there; a '/' within one is written ~1, as in a JSON Pointer. */
static void add_members(struct zc_text *t, const json_t *o, const char *const *names)
{
        for (; *names; names++) {
                const char *s = zc_json_str(o, *names, NULL);
                ZC_AUTO_TEXT safe = { 0 };

                zc_text_init(&safe, ZC_SUBJECT_MAX);
                zc_subject_text(&safe, s ? s : "");
                if (s)
                        zc_json_pointer_add(t, zc_text_str(&safe));
        }
}

void zc_subject_table_add(struct zc_text *t, const json_t *table, const json_t *parent)
{
        static const char *const key[] = { "family", "name", NULL };

        (void)parent;
        zc_text_add(t, "host/table");
        add_members(t, table, key);
}

void zc_subject_chain_add(struct zc_text *t, const json_t *chain, const json_t *parent)
{
        static const char *const of_table[] = { "family", "name", NULL };
        static const char *const of_chain[] = { "name", NULL };

        zc_text_add(t, "host/chain");
        add_members(t, parent, of_table);
        add_members(t, chain, of_chain);
}

/** Without the handle: it changes at every reload of the ruleset. */
void zc_subject_anomaly_add(struct zc_text *t, const json_t *anomaly, const json_t *parent)
{
        static const char *const key[] = { "kind", "family",   "table", "chain",
                                           "hook", "protocol", "ports", NULL };

        (void)parent;
        zc_text_add(t, "host/anomaly");
        add_members(t, anomaly, key);
}

static int by_text(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_digest(struct zc_text *t, const struct zc_text *of)
{
        uint8_t digest[EVP_MAX_MD_SIZE] = { 0 };

        if (!EVP_Digest(zc_text_str(of), of->len, digest, NULL, EVP_sha256(), NULL))
                t->failed = true;
        zc_text_add(t, "sha256:");
        for (size_t i = 0; i < 8; i++)
                zc_text_printf(t, "%02x", digest[i]);
}

/** " WORD a,b": sorted, since order is the ruleset's; a long list by its digest. */
static void add_list(struct zc_text *t, const char *word, const json_t *list)
{
        size_t count = json_array_size(list), i;
        ZC_AUTO_MEM const char **sorted = calloc(count + 1, sizeof(*sorted));
        const json_t *item;
        ZC_AUTO_TEXT all = { 0 };

        zc_text_init(&all, ZC_TEXT_CEILING);
        if (!sorted) {
                t->failed = true;
                return;
        }
        json_array_foreach (list, i, item) {
                sorted[i] = json_is_string(item) ? json_string_value(item) : "?";
        }
        qsort(sorted, count, sizeof(*sorted), by_text);
        for (i = 0; i < count; i++) {
                zc_text_add(&all, i > 0 ? "," : "");
                zc_subject_text(&all, sorted[i]);
        }
        zc_text_printf(t, " %s ", word);
        if (all.failed)
                t->failed = true;
        else if (all.len > LIST_MAX || all.cut)
                add_digest(t, &all);
        else
                zc_text_add(t, zc_text_str(&all));
}

void zc_subject_admit_add(struct zc_text *t, const json_t *admit, const json_t *parent)
{
        static const char *const key[] = { "family",     "hook",         "protocol", "ports",
                                           "icmp_types", "source_ports", NULL };
        const json_t *destinations = json_object_get(admit, "destinations");
        const json_t *except = json_object_get(admit, "except");
        const json_t *translated = json_object_get(admit, "translated");

        (void)parent;
        zc_text_add(t, "host/admit");
        add_members(t, admit, key);
        add_list(t, "from", json_object_get(admit, "sources"));
        if (json_array_size(except) > 0)
                add_list(t, "but", except);
        if (json_array_size(destinations) > 0)
                add_list(t, "to", destinations);
        add_list(t, "on", json_object_get(admit, "interfaces"));
        if (json_is_object(translated)) {
                zc_text_add(t, " as ");
                add_address(t, member(translated, "address"), "");
                zc_text_printf(t, ":%lld", number(translated, "port"));
        }
}

static char *subject_new(void (*add)(struct zc_text *, const json_t *, const json_t *),
                         const json_t *self)
{
        struct zc_text t;

        zc_text_init(&t, ZC_SUBJECT_MAX);
        add(&t, self, NULL);
        return zc_text_steal(&t);
}

char *zc_subject_endpoint(const json_t *endpoint)
{
        return subject_new(zc_subject_endpoint_add, endpoint);
}

char *zc_subject_listener(const json_t *listener)
{
        return subject_new(zc_subject_listener_add, listener);
}

char *zc_subject_exposure(const json_t *row)
{
        return subject_new(zc_subject_exposure_add, row);
}
