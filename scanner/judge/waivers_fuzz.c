/** Fuzz target: bytes as a waiver file: refused with a place, or a list in which every waiver has a person, a reason and an end after its beginning. */
#include <assert.h>
#include <string.h>

#include "zc/clock.h"
#include "zc/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t time_of(const json_t *w, const char *key)
{
        int64_t ms = 0;
        bool ok = zc_time_parse(zc_json_str(w, key, ""), &ms);

        assert(ok);
        return ms;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const members[] = { "id",    "rule",     "target", "verdict",
                                               "owner", "approver", "reason" };
        struct zc_err err = { 0 };
        json_t *list = zc_waivers_parse("f", (const char *)data, size, &err);
        const json_t *w;
        size_t i;

        if (!list) {
                assert(err.code == ZC_E_NOMEM || (err.code != ZC_OK && err.text[0] != '\0'));
                return 0;
        }
        json_array_foreach (list, i, w) {
                for (size_t k = 0; k < ZC_COUNT(members); k++)
                        assert(zc_json_str(w, members[k], "")[0] != '\0');
                assert(time_of(w, "created") < time_of(w, "expires"));
                assert(!zc_glob(zc_json_str(w, "rule", ""), "no rule is called so"));
        }
        json_decref(list);
        return 0;
}
