/**
 * endpoint.tls.entry.enforced: whether the service can be had without TLS. The tls probe meets only the way in; whether a client is let in
 * without it is what the service's own probe saw. Where nobody saw, the member stays out.
 */
#include <string.h>

#include "zc/evidence.h"

void zc_endpoint_settle(json_t *endpoint)
{
        static const char *const seen[] = { "postgres.tls.required", "redis.tls.required" };
        json_t *entry = json_object_get(json_object_get(endpoint, "tls"), "entry");

        if (!json_is_object(entry) || json_object_get(entry, "enforced"))
                return;
        for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) {
                const char *required = zc_json_str(endpoint, seen[i], "unknown");

                if (strcmp(required, "unknown") != 0)
                        json_object_set_new(entry, "enforced", json_string(required));
        }
}
