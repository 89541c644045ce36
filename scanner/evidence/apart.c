/** Machines that are called the same: clones, containers and network namespaces share a machine id, and look from different places. */
#include <string.h>

#include "internal.h"
#include "zc/addr.h"

#define MACHINE_ID_LEN 32u

/** An address that says where the machine stands: not one that every machine has. */
static bool is_place(const json_t *text)
{
        struct zc_addr a;
        struct zc_err ignored = { 0 };

        if (!json_is_string(text) || !zc_addr_parse(json_string_value(text), &a, &ignored))
                return false;
        return zc_addr_class(&a) != ZC_ADDR_LOOPBACK && zc_addr_class(&a) != ZC_ADDR_LINK;
}

static const char *place_first(const json_t *vantage)
{
        const json_t *text;
        size_t i;

        json_array_foreach (json_object_get(vantage, "addresses"), i, text) {
                if (is_place(text))
                        return json_string_value(text);
        }
        return NULL;
}

/** An address in common; or nobody has one, and nothing tells them apart. */
static bool stand_together(const json_t *a, const json_t *b)
{
        const json_t *x, *y;
        size_t i, k;

        json_array_foreach (json_object_get(a, "addresses"), i, x) {
                if (!is_place(x))
                        continue;
                json_array_foreach (json_object_get(b, "addresses"), k, y) {
                        if (json_equal(x, y))
                                return true;
                }
        }
        return !place_first(a) && !place_first(b);
}

/** A name that a person gave: it is the same vantage because that person says so. */
static bool is_chosen(const json_t *vantage)
{
        const char *id = zc_json_str(vantage, "id", "");

        return strcmp(id, zc_json_str(vantage, "hostname", "")) != 0 &&
               (strlen(id) != MACHINE_ID_LEN || strspn(id, "0123456789abcdef") != MACHINE_ID_LEN);
}

/** HOSTNAME@ADDRESS, as zc_evidence_tell_apart() names it. */
static bool is_told_apart(const json_t *vantage)
{
        const char *id = zc_json_str(vantage, "id", "");
        const char *name = zc_json_str(vantage, "hostname", "");
        size_t n = strlen(name);

        return n > 0 && strncmp(id, name, n) == 0 && id[n] == '@';
}

bool zc_vantage_is_same(const json_t *a, const json_t *b)
{
        const char *names[] = { "id", "hostname" };
        const char *by = names[is_told_apart(a) || is_told_apart(b)];
        const char *of = zc_json_str(a, by, "");

        if (*of == '\0' || strcmp(of, zc_json_str(b, by, "")) != 0)
                return false;
        return (by == names[0] && is_chosen(a)) || stand_together(a, b);
}

/** One evidence of several that are called the same: its vantage by host name and address. */
static bool rename_one(struct zc_evidence *ev, struct zc_err *err)
{
        const json_t *vantage = json_object_get(ev->run, "vantage");
        const char *place = place_first(vantage);
        json_t *own = json_copy((json_t *)(uintptr_t)vantage);
        bool ok = own != NULL;

        if (!ev->machine)
                ev->machine = strdup(zc_json_str(vantage, "id", ""));
        ok = ok && ev->machine &&
             json_object_set_new(own, "id",
                                 json_sprintf("%s@%s", zc_json_str(vantage, "hostname", "host"),
                                              place ? place : "no address")) == 0 &&
             json_object_set(ev->run, "vantage", own) == 0;
        json_decref(own);
        return ok || zc_fail(err, ZC_E_NOMEM, "no memory to tell vantages apart");
}

/** Is there one that keeps the name, and is another? The machine that was looked at keeps it, else the first. */
static bool is_clone(struct zc_evidence *const *evs, size_t count, size_t at)
{
        const json_t *own = json_object_get(evs[at]->run, "vantage");
        const char *id = zc_evidence_vantage(evs[at]);
        bool asked = zc_evidence_asks_host(evs[at]);

        for (size_t i = 0; i < count; i++) {
                bool keeps = zc_evidence_asks_host(evs[i]);

                if (i != at && strcmp(zc_evidence_vantage(evs[i]), id) == 0 &&
                    (keeps == asked ? i < at : keeps) &&
                    !zc_vantage_is_same(own, json_object_get(evs[i]->run, "vantage")))
                        return true;
        }
        return false;
}

bool zc_evidence_tell_apart(struct zc_evidence *const *evs, size_t count, struct zc_err *err)
{
        static const bool looked_at[] = { false, true };

        for (size_t round = 0; round < ZC_COUNT(looked_at); round++) {
                for (size_t i = 0; i < count; i++) {
                        if (zc_evidence_asks_host(evs[i]) == looked_at[round] &&
                            is_clone(evs, count, i) && !rename_one(evs[i], err))
                                return false;
                }
        }
        return true;
}

const char *zc_evidence_machine(const struct zc_evidence *ev)
{
        return ev->machine;
}
