/** Fuzz target: DER to evidence. Whatever the bytes, there is an object within its limits. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "zc/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_rd der = { data, size };
        json_t *o = zc_x509_certificate(der, INT64_C(1700000000000));
        json_t *dns = zc_x509_name_match(der, "www.example.org"),
               *ip = zc_x509_name_match(der, "192.0.2.7");
        char *text = o ? zc_json_line(o) : NULL;

        if (!o || !dns || !ip || !text)
                abort();
        if (strlen(text) > 64 * 1024 ||
            json_array_size(json_object_get(o, "names")) > ZC_X509_NAMES_MAX ||
            !json_is_string(json_object_get(o, "fingerprint_sha256")))
                abort();
        if (json_object_get(o, "malformed") && json_object_get(dns, "matched"))
                abort();
        zc_x509_ordered(&(struct zc_rd[]){ der, der }[0], 2);
        json_decref(o);
        json_decref(dns);
        json_decref(ip);
        free(text);
        return 0;
}
