/* Which endpoints are the same one: asset, address, port, transport and name. */
#include <openssl/evp.h>
#include <string.h>

#include "internal.h"

static const char *const parts[] = { "asset", "address", "transport", "name" };

/** The parts, each with its NUL; an absent name is another than an empty one. */
static void identity_text(const json_t *endpoint, struct zc_text *t)
{
        for (size_t i = 0; i < ZC_COUNT(parts); i++) {
                const json_t *part = json_object_get(endpoint, parts[i]);

                zc_text_addc(t, json_is_string(part) ? 's' : '-');
                zc_text_addn(t, json_is_string(part) ? json_string_value(part) : "",
                             json_string_length(part));
                zc_text_addc(t, '\0');
        }
        zc_text_printf(t, "%" JSON_INTEGER_FORMAT,
                       json_integer_value(json_object_get(endpoint, "port")));
}

bool zc_identity_key(const json_t *endpoint, uint8_t key[16], struct zc_err *err)
{
        uint8_t digest[EVP_MAX_MD_SIZE];
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_EVIDENCE_LINE_MAX);
        identity_text(endpoint, &t);
        if (t.failed || !EVP_Digest(zc_text_str(&t), t.len, digest, NULL, EVP_sha256(), NULL))
                return zc_fail(err, ZC_E_NOMEM, "no memory to tell endpoints apart");
        memcpy(key, digest, 16);
        return true;
}

static struct zc_identity *find(const struct zc_identities *ids, const uint8_t key[16])
{
        uint64_t hash;

        memcpy(&hash, key, sizeof(hash));
        for (size_t i = (size_t)hash & (ids->cap - 1);; i = (i + 1) & (ids->cap - 1)) {
                struct zc_identity *slot = &ids->slot[i];

                if (slot->position == 0 || memcmp(slot->key, key, 16) == 0)
                        return slot;
        }
}

static bool grow(struct zc_identities *ids)
{
        struct zc_identities wide = { .cap = ids->cap ? ids->cap * 2 : 64, .count = ids->count };

        wide.slot = calloc(wide.cap, sizeof(*wide.slot));
        if (!wide.slot)
                return false;
        for (size_t i = 0; i < ids->cap; i++)
                if (ids->slot[i].position != 0)
                        *find(&wide, ids->slot[i].key) = ids->slot[i];
        free(ids->slot);
        *ids = wide;
        return true;
}

size_t zc_identities_put(struct zc_identities *ids, const uint8_t key[16], size_t position)
{
        struct zc_identity *slot;

        if (ids->count >= ids->cap / 2 && !grow(ids))
                return SIZE_MAX;
        slot = find(ids, key);
        if (slot->position == 0) {
                memcpy(slot->key, key, 16);
                slot->position = position + 1;
                ids->count++;
        }
        return slot->position - 1;
}
