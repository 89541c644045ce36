/**
 * `tool_certificates`: what zerocrit makes of served chains, for tests/integration/certificates.py. Lines on standard input, `CHAIN.pem NAME`;
 * for each a line of JSON: {path, match, leaf}. Trust as the program has it (SSL_CERT_FILE, SSL_CERT_DIR).
 */
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "zc/clock.h"
#include "zc/x509.h"

#define CHAIN_MAX 16

/** The certificates of a PEM file, in order. */
static size_t load(const char *path, struct zc_rd out[CHAIN_MAX])
{
        FILE *f = fopen(path, "r");
        size_t n = 0;
        X509 *x;

        while (f && n < CHAIN_MAX && (x = PEM_read_X509(f, NULL, NULL, NULL)) != NULL) {
                uint8_t *der = NULL;
                int len = i2d_X509(x, &der);

                if (len > 0)
                        out[n++] = (struct zc_rd){ der, (size_t)len };
                X509_free(x);
        }
        if (f)
                fclose(f);
        return n;
}

static bool show(const char *path, const char *name)
{
        struct zc_rd chain[CHAIN_MAX];
        size_t n = load(path, chain);
        json_auto_t *o =
                n > 0 ? json_pack("{s:o, s:o, s:o}", "path", zc_x509_path(chain, n, zc_wall_ms()),
                                  "match", zc_x509_name_match(chain[0], name), "leaf",
                                  zc_x509_certificate(chain[0], zc_wall_ms()))
                      : NULL;

        for (size_t i = 0; i < n; i++)
                OPENSSL_free((void *)(uintptr_t)chain[i].p);
        if (!o || json_dumpf(o, stdout, JSON_COMPACT) != 0)
                return false;
        putchar('\n');
        return true;
}

int main(void)
{
        struct zc_err err = { 0 };
        char line[1024];
        bool ok = zc_x509_init(&err);

        while (ok && fgets(line, sizeof line, stdin)) {
                char *name = strchr(line, ' ');

                line[strcspn(line, "\n")] = '\0';
                ok = name != NULL;
                if (ok) {
                        *name++ = '\0';
                        ok = show(line, name);
                }
        }
        if (!ok)
                fprintf(stderr, "certificates: %s\n", err.text[0] ? err.text : line);
        zc_x509_release();
        return ok ? 0 : 1;
}
