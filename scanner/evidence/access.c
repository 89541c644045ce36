/** What a service asks of who connects, and the TLS that it offers, from the facts of one endpoint: "none, none", "scram, TLS 1.2-1.3, mixed", "to https". */
#include <string.h>

#include "zc/evidence.h"
#include "zc/text.h"

#define WORDS_MAX 64u

static bool yes(const json_t *part, const char *path)
{
        return json_is_true(zc_json_at(part, path));
}

static bool no(const json_t *part, const char *path)
{
        return json_is_false(zc_json_at(part, path));
}

/* ---- what is asked ---- */

static const char *redis_auth(const json_t *redis)
{
        const char *ping = zc_json_str(redis, "commands.ping", "");

        if (strcmp(ping, "runs") == 0)
                return "none";
        if (yes(redis, "auth.protected_mode") && strcmp(ping, "denied") == 0)
                return "protected mode";
        return yes(redis, "auth.required") ? "password" : NULL;
}

/** One ready session outweighs any number of questions, and a question any number of refusals. */
static const char *postgres_auth(const json_t *postgres)
{
        static const struct {
                const char *method, *word;
        } words[] = { { "scram-sha-256", "scram" }, { "password", "password" }, { "md5", "md5" } };
        const char *asked = NULL;
        bool refused = false;
        const json_t *a;
        size_t i;

        json_array_foreach (json_object_get(postgres, "answers"), i, a) {
                const char *result = zc_json_str(a, "result", "");
                const char *method = zc_json_str(a, "method", NULL);

                if (strcmp(result, "ready") == 0)
                        return "none";
                refused |= strcmp(result, "refused") == 0;
                if (strcmp(result, "asked") != 0 || !method)
                        continue;
                asked = asked ? asked : "login";
                for (size_t k = 0; k < ZC_COUNT(words); k++) {
                        if (strcmp(method, words[k].method) == 0)
                                asked = words[k].word;
                }
        }
        return asked ? asked : refused ? "refused" : NULL;
}

static const char *http_auth(const json_t *http)
{
        if (yes(http, "to_https.present"))
                return "to https";
        return json_array_size(json_object_get(http, "authentication")) > 0 ? "login" : NULL;
}

static const char *guard_auth(const json_t *guard)
{
        const char *result = zc_json_str(guard, "result", "");

        return strcmp(result, "open") == 0      ? "none"
               : strcmp(result, "refused") == 0 ? "login"
                                                : NULL;
}

static const char *auth_word(const json_t *endpoint)
{
        static const struct {
                const char *member;
                const char *(*word)(const json_t *);
        } kinds[] = { { "redis", redis_auth },
                      { "postgres", postgres_auth },
                      { "guard", guard_auth },
                      { "http", http_auth } };

        for (size_t i = 0; i < ZC_COUNT(kinds); i++) {
                const json_t *part = json_object_get(endpoint, kinds[i].member);
                const char *word = part ? kinds[i].word(part) : NULL;

                if (word)
                        return word;
        }
        return NULL;
}

/* ---- TLS ---- */

/** "TLS 1.2-1.3", or "SSLv3-TLS 1.2"; false when no version is known to be offered. */
static bool versions(const json_t *endpoint, struct zc_text *out)
{
        static const char *const names[][2] = {
                { "SSLv2", "SSLv2" },     { "SSLv3", "SSLv3" },     { "TLSv1.0", "TLS 1.0" },
                { "TLSv1.1", "TLS 1.1" }, { "TLSv1.2", "TLS 1.2" }, { "TLSv1.3", "TLS 1.3" }
        };
        const json_t *all = zc_json_at(endpoint, "tls.versions");
        const char *first = NULL, *last = NULL;

        for (size_t i = 0; i < ZC_COUNT(names); i++) {
                const json_t *one = json_object_get(all, names[i][0]);

                if (!json_is_true(json_object_get(one, "offered")))
                        continue;
                first = first ? first : names[i][1];
                last = names[i][1];
        }
        if (!first)
                return false;
        zc_text_add(out, first);
        if (last != first) {
                zc_text_addc(out, '-');
                zc_text_add(out, strncmp(first, "TLS ", 4) == 0 ? last + 4 : last);
        }
        return true;
}

/** Is a session in the clear served beside TLS? */
static bool mixed(const json_t *endpoint)
{
        const char *const of[] = { "postgres.tls.required", "redis.tls.required",
                                   "tls.entry.enforced" };

        for (size_t i = 0; i < ZC_COUNT(of); i++) {
                const char *said = zc_json_str(endpoint, of[i], "");

                if (strcmp(said, "no") == 0 || strcmp(said, "mixed") == 0)
                        return true;
        }
        return false;
}

/** After a word for the login the heading's TLS need not be said again. */
static bool tls_word(const json_t *endpoint, bool alone, struct zc_text *out)
{
        ZC_AUTO_TEXT t = { 0 };
        const char *said;

        zc_text_init(&t, WORDS_MAX);
        if (versions(endpoint, &t)) {
                said = zc_text_str(&t);
                zc_text_add(out, alone || strncmp(said, "TLS ", 4) != 0 ? said : said + 4);
                return true;
        }
        if (!no(endpoint, "tls.entry.offered") && !no(endpoint, "postgres.tls.offered") &&
            !no(endpoint, "redis.tls.offered") &&
            strcmp(zc_json_str(endpoint, "http.scheme", ""), "http") != 0)
                return false;
        zc_text_add(out, alone ? "no TLS" : "none");
        return true;
}

void zc_endpoint_access(json_t *endpoint)
{
        const char *auth = auth_word(endpoint);
        ZC_AUTO_TEXT tls = { 0 }, t = { 0 };
        bool known;

        zc_text_init(&tls, WORDS_MAX);
        zc_text_init(&t, WORDS_MAX);
        known = tls_word(endpoint, !auth, &tls);
        zc_text_add(&t, auth ? auth : "");
        if (known && (!auth || strcmp(auth, "to https") != 0)) {
                zc_text_add(&t, auth ? ", " : "");
                zc_text_add(&t, auth && mixed(endpoint) && strcmp(zc_text_str(&tls), "none") != 0
                                        ? "mixed"
                                        : zc_text_str(&tls));
        }
        if ((auth || known) && !t.failed && !tls.failed)
                json_object_set_new(endpoint, "access", json_string(zc_text_str(&t)));
}
