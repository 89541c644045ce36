/** endpoint.tls: versions, what a handshake agreed on, the chain that was served. */
#include <stdio.h>
#include <string.h>

#include "tls.h"
#include "zc/json.h"
#include "zc/x509.h"

#define RECEIVED_MAX 400

static void put(json_t *o, const char *key, json_t *value)
{
        if (value)
                json_object_set_new(o, key, value);
}

static json_t *text(const char *s)
{
        return json_string(s);
}

static json_t *proof(int64_t at, unsigned attempts, const char *sent, const char *received)
{
        json_t *o = json_object();
        char time[ZC_TIME_LEN];

        zc_time_format(at, time);
        put(o, "observed_at", text(time));
        put(o, "attempts", json_integer(attempts));
        put(o, "sent", text(sent));
        put(o, "received", text(received));
        return o;
}

static json_t *suite_id(uint16_t suite)
{
        return zc_json_printf("0x%04X", suite);
}

/* ---- entry ---- */

static json_t *entry(const struct zc_tls_seen *s)
{
        json_t *o = json_object();

        put(o, "mode", text(s->start ? "starttls" : "direct"));
        put(o, "protocol", s->start ? text(zc_starttls_name(s->start)) : json_null());
        if (!s->start) {
                put(o, "offered", json_true());
                return o;
        }
        if (s->pre.result == ZC_STARTTLS_OFFERED || s->pre.result == ZC_STARTTLS_REFUSED)
                put(o, "offered", json_boolean(s->pre.result == ZC_STARTTLS_OFFERED));
        if (s->pre.clear)
                put(o, "enforced", text("no"));
        if (s->pre.why[0])
                put(o, "why", text(s->pre.why));
        put(o, "surplus", json_integer((json_int_t)s->pre.surplus));
        put(o, "proof", proof(s->at, s->attempts, s->pre.sent, s->pre.received));
        return o;
}

/* ---- versions ---- */

static json_t *version(const struct zc_tls_version *v)
{
        json_t *o = json_object();
        char sent[64 + ZC_TLS_SAID];

        if (v->offered != ZC_TLS_UNKNOWN)
                put(o, "offered", json_boolean(v->offered == ZC_TLS_OFFERED));
        if (v->cipher)
                put(o, "cipher", suite_id(v->cipher));
        if (v->why[0])
                put(o, "why", text(v->why));
        if (v->attempts == 0)
                return o;
        snprintf(sent, sizeof sent, "ClientHello %s: %s", zc_tls_version_name(v->version), v->sent);
        put(o, "proof", proof(v->observed_at, v->attempts, sent, v->received));
        return o;
}

static json_t *versions(const struct zc_tls_seen *s)
{
        json_t *o = json_object();

        for (size_t i = 0; i < ZC_TLS_VERSIONS; i++)
                put(o, zc_tls_version_name(s->versions[i].version), version(&s->versions[i]));
        return o;
}

/* ---- the handshake ---- */

static json_t *negotiated(const struct zc_tls_facts *f)
{
        const char *name = zc_tls_version_name(f->version);
        json_t *o = json_object(), *cipher = json_object();

        if (name)
                put(o, "version", text(name));
        put(cipher, "id", suite_id(f->cipher));
        put(cipher, "name", f->cipher_name ? text(f->cipher_name) : json_null());
        put(o, "cipher", cipher);
        if (f->group)
                put(o, "group", text(f->group));
        put(o, "alpn", f->alpn[0] ? text(f->alpn) : json_null());
        put(o, "client_certificate", json_boolean(f->client_certificate_asked));
        return o;
}

/** The leaf in words, as `openssl x509` would show it. */
static json_t *chain_proof(const struct zc_tls_seen *s, const json_t *leaf)
{
        const struct zc_tls_facts *f = s->facts;
        ZC_AUTO_TEXT sent = { 0 };
        ZC_AUTO_TEXT received = { 0 };

        zc_text_init(&sent, RECEIVED_MAX);
        zc_text_printf(&sent, "%s%sClientHello, server name %s", s->start ? s->pre.sent : "",
                       s->start ? ", " : "", s->sni ? s->sni : "none");
        zc_text_init(&received, RECEIVED_MAX);
        zc_text_printf(
                &received,
                "%s, %zu certificate%s; leaf %s, not before %s, not after %s, sha256 %.16s...",
                zc_tls_version_name(f->version) ? zc_tls_version_name(f->version) : "TLS",
                f->chain_count, f->chain_count == 1 ? "" : "s",
                zc_json_str(leaf, "subject", "unreadable"), zc_json_str(leaf, "not_before", "?"),
                zc_json_str(leaf, "not_after", "?"), zc_json_str(leaf, "fingerprint_sha256", ""));
        return proof(s->at, s->attempts, zc_text_str(&sent), zc_text_str(&received));
}

static json_t *chain(const struct zc_tls_seen *s)
{
        const struct zc_tls_facts *f = s->facts;
        json_t *o = json_object(), *served = json_array();

        for (size_t i = 0; i < f->chain_count; i++)
                json_array_append_new(served, zc_x509_certificate(f->chain[i], s->started_ms));
        put(o, "sni", s->sni ? text(s->sni) : json_null());
        put(o, "served", served);
        put(o, "cut", json_boolean(f->chain_cut));
        put(o, "ordered", json_boolean(zc_x509_ordered(f->chain, f->chain_count)));
        put(o, "path", zc_x509_path(f->chain, f->chain_count, s->started_ms));
        put(o, "name_match", s->sni ? zc_x509_name_match(f->chain[0], s->sni) : json_null());
        put(o, "proof", chain_proof(s, json_array_get(served, 0)));
        return o;
}

bool zc_tls_evidence(const struct zc_tls_seen *s, json_t *out)
{
        json_t *chains = json_array();
        bool established = s->facts && s->facts->progress == ZC_TLS_ESTABLISHED;

        put(out, "entry", entry(s));
        if (s->start && s->pre.result == ZC_STARTTLS_REFUSED) { /* no TLS: no chain */
                put(out, "chains", chains);
                return chains != NULL;
        }
        put(out, "versions", versions(s));
        if (!established) {
                json_decref(chains);
                return true;
        }
        put(out, "negotiated", negotiated(s->facts));
        if (s->facts->chain_count > 0) /* none: an anonymous suite, or a key agreed on before */
                json_array_append_new(chains, chain(s));
        put(out, "chains", chains);
        return chains != NULL;
}
