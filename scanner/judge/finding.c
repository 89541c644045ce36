/** One finding, as a report holds it, and its fingerprint. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "judge_internal.h"
#include "zc/cvss.h"

#define VALUE_BYTES_MAX ((size_t)4096)

bool zc_fingerprint(const char *rule, const char *asset, const char *subject,
                    char out[ZC_FINGERPRINT_LEN])
{
        unsigned char md[EVP_MAX_MD_SIZE];
        unsigned int len = 0;
        bool ok;
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_text_addn(&t, rule, strlen(rule) + 1); /* with the NUL that separates them */
        zc_text_addn(&t, asset, strlen(asset) + 1);
        zc_text_add(&t, subject);
        ok = !t.failed && EVP_Digest(zc_text_str(&t), t.len, md, &len, EVP_sha256(), NULL) == 1 &&
             len == 32;
        snprintf(out, ZC_FINGERPRINT_LEN, "zc1-");
        for (size_t i = 0; ok && i < 16; i++)
                snprintf(out + 4 + 2 * i, 3, "%02x", md[i]);
        return ok;
}

/** A value that is too long for a report is cut to what it is. */
static json_t *value_shown(const json_t *value)
{
        ZC_AUTO_MEM char *line = zc_json_line(value);

        if (line && strlen(line) > VALUE_BYTES_MAX && json_is_array(value))
                return json_sprintf("(%zu values)", json_array_size(value));
        if (line && strlen(line) > VALUE_BYTES_MAX && json_is_object(value))
                return json_sprintf("(%zu members)", json_object_size(value));
        if (line && strlen(line) > VALUE_BYTES_MAX && json_is_string(value))
                return zc_json_bytes(json_string_value(value), json_string_length(value),
                                     VALUE_BYTES_MAX);
        return json_incref((json_t *)(uintptr_t)value);
}

static json_t *reads_json(const struct zc_evidence *ev, const struct zc_judgement *jm)
{
        const char *run = ev ? zc_json_str(zc_evidence_run(ev), "id", "") : NULL;
        json_auto_t *list = json_array();

        for (size_t i = 0; i < jm->read_count; i++)
                json_array_append_new(list, json_pack("{s:s?, s:s, s:o}", "run", run, "path",
                                                      jm->reads[i].pointer, "value",
                                                      value_shown(jm->reads[i].value)));
        return zc_json_shown(list);
}

/** The rule's own, shared by all its findings: nothing changes it any more. */
static json_t *or_empty(const json_t *value, json_t *(*empty)(void))
{
        return value ? json_incref((json_t *)(uintptr_t)value) : empty();
}

/** The proof nearest to what a pointer below the entity leads to; NULL for none between the two. */
static const json_t *proof_near(const struct zc_entity *e, const char *pointer)
{
        size_t n = strlen(e->pointer);
        const json_t *found = NULL;
        char part[512];

        if (!pointer || strncmp(pointer, e->pointer, n) != 0 || strlen(pointer + n) >= sizeof part)
                return NULL;
        for (size_t end = 1; pointer[n] && pointer[n + end]; end++) {
                const json_t *proof;

                if (pointer[n + end] != '/')
                        continue;
                memcpy(part, pointer + n, end);
                part[end] = '\0';
                proof = json_object_get(zc_json_pointer(e->self, part), "proof");
                found = proof ? proof : found;
        }
        return found;
}

/** Of what was read the proof that stands nearest, of something that is so before something that is not; then the entity's own. */
static const json_t *proof_of(const json_t *endpoint, const struct zc_entity *e,
                              const struct zc_judgement *jm)
{
        const json_t *found = NULL, *own = json_object_get(e->self, "proof");

        for (size_t i = 0; i < jm->read_count; i++) {
                const json_t *near = proof_near(e, jm->reads[i].pointer);

                if (near && (!found || json_is_true(jm->reads[i].value)))
                        found = near;
                if (near && json_is_true(jm->reads[i].value))
                        break;
        }
        return found ? found : own ? own : json_object_get(endpoint, "proof");
}

/** The rule's CVSS vector and its score, where it has one. */
static json_t *with_cvss(json_t *finding, const struct zc_rule *r)
{
        const char *vector = zc_json_str(r->record, "cvss", NULL);
        struct zc_err err = { 0 };
        struct zc_cvss v;
        char score[16];

        if (!finding || !vector || !zc_cvss_parse(vector, &v, &err))
                return finding;
        snprintf(score, sizeof(score), "%u.%u", zc_cvss_score(&v) / 10, zc_cvss_score(&v) % 10);
        json_object_set_new(finding, "cvss",
                            json_pack("{s:s, s:s, s:s}", "vector", vector, "score", score, "band",
                                      zc_cvss_score(&v)
                                              ? zc_severity_name(zc_cvss_band(zc_cvss_score(&v)))
                                              : "none"));
        return finding;
}

json_t *zc_finding_new(const struct zc_rule *r, const struct zc_evidence *ev,
                       const json_t *endpoint, const struct zc_entity *e,
                       const struct zc_judge_context *c, const struct zc_judgement *jm,
                       const char *reach, enum zc_severity severity, struct zc_arena *arena)
{
        struct zc_cel_binding vars[ZC_BINDINGS_MAX];
        size_t n = zc_judge_bind(c, vars);
        ZC_AUTO_MEM char *message = zc_rule_message(r, c, arena);
        const json_t *proof = proof_of(endpoint, e, jm);
        char fingerprint[ZC_FINGERPRINT_LEN];

        if (!message || !zc_fingerprint(r->id, e->asset, e->subject, fingerprint))
                return NULL;
        return with_cvss(
                json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s?, s:s, s:o, s:o, s:o, s:o, s:o, "
                          "s:o, s:O, s:o}",
                          "fingerprint", fingerprint, "rule", r->id, "title", r->title, "severity",
                          zc_severity_name(severity), "confidence",
                          zc_confidence_name(r->confidence), "asset", e->asset, "subject",
                          e->subject, "reach", reach, "message", message, "evidence",
                          reads_json(ev, jm), "proof",
                          json_is_object(proof) ? zc_json_shown(proof) : json_null(), "covers",
                          or_empty(json_object_get(r->record, "covers"), json_array), "remediation",
                          zc_rule_remediation(r, vars, n, arena), "reproduce",
                          zc_rule_reproduce(r, vars, n, arena), "refs",
                          or_empty(json_object_get(r->record, "refs"), json_object), "rationale",
                          json_object_get(r->record, "rationale"), "tags",
                          or_empty(r->tags, json_array)),
                r);
}
