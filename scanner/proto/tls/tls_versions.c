/** Asking for each version in turn. See include/zc/tls_versions.h. */
#include "zc/tls_versions.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#define CONNECT_MS 7500 /* the kernel asks at 0, 1, 3 and 7 s */
#define IDLE_MS 4000
#define TOTAL_MS 10000
#define TRIES 3u

/** What became of one hello. */
enum fate {
        FATE_NONE,   /* not sent: no connection, or the preamble said no */
        FATE_YES,    /* it chose the version */
        FATE_OTHER,  /* it chose another one, or said protocol_version */
        FATE_ALERT,  /* another alert, which may be about something else */
        FATE_CLOSED, /* no answer but the end of the connection */
        FATE_SILENT, /* no answer */
        FATE_ODD,    /* something that is no answer to what was asked */
};

/** One hello to one version. */
struct attempt {
        struct zc_tls_hello hello;
        uint16_t suites[ZC_TLS_SUITES_MAX];
        struct zc_starttls pre;
        struct zc_step_chain chain;
        struct zc_conv conv;
        uint8_t scratch[ZC_TLS_ANSWER_SCRATCH];
        struct zc_tls_answer answer;
        enum zc_event ended; /* EOF, RESET or TIMEOUT when no answer came */
        bool asked;
        int64_t at;
        char sent[ZC_TLS_SAID], received[ZC_TLS_SAID];
};

/** How to ask, first, and again where the answer said little: with what else there is, then with little. */
static const struct way {
        enum zc_tls_suites suites;
        bool bare;
} ways[TRIES] = {
        { ZC_SUITES_USUAL, false },
        { ZC_SUITES_REST, false },
        { ZC_SUITES_FEW, true },
};

struct zc_conv zc_tls_peer_conv(const struct zc_tls_peer *peer, zc_step_fn step, void *state)
{
        return (struct zc_conv){ .addr = peer->addr,
                                 .pace = peer->pace,
                                 .port = peer->port,
                                 .name = peer->name,
                                 .step = step,
                                 .state = state,
                                 .connect_ms = CONNECT_MS,
                                 .idle_ms = IDLE_MS,
                                 .total_ms = TOTAL_MS };
}

/* ---- one conversation ---- */

static void hex(char out[ZC_TLS_SAID], const uint8_t *p, size_t n)
{
        size_t most = (ZC_TLS_SAID - 4) / 2;

        for (size_t i = 0; i < n && i < most; i++)
                snprintf(out + 2 * i, 3, "%02x", p[i]);
        if (n > most)
                memcpy(out + 2 * most, "...", 4);
}

static enum zc_step hello_step(void *state, enum zc_event ev, struct zc_rd *in, struct zc_wr *out)
{
        struct attempt *a = state;

        if (ev == ZC_EV_CONNECTED) {
                size_t before = out->len;

                zc_tls_hello_write(out, &a->hello);
                if (out->failed)
                        return ZC_STEP_DONE;
                hex(a->sent, out->p + before, out->len - before);
                a->asked = true;
                return ZC_STEP_SEND;
        }
        zc_tls_answer_parse(*in, a->scratch, &a->answer);
        if (a->answer.kind == ZC_TLS_ANSWER_MORE && (ev == ZC_EV_DATA || ev == ZC_EV_SENT))
                return ZC_STEP_MORE;
        hex(a->received, in->p, in->n);
        a->ended = ev; /* DATA and SENT: there was an answer */
        a->at = zc_wall_ms();
        return ZC_STEP_DONE;
}

static bool prepare(struct attempt *a, const struct zc_tls_peer *peer, uint16_t version,
                    const struct way *way, struct zc_err *err)
{
        *a = (struct attempt){ .hello = { .version = version,
                                          .also_older = version == ZC_TLS13 && way != ways,
                                          .bare = way->bare && version != ZC_TLS13,
                                          .suites = a->suites,
                                          .sni = version == ZC_SSL3 ? NULL : peer->name } };
        a->hello.suite_count = zc_tls_suites(version, way->suites, a->suites);
        if (a->hello.also_older) { /* as browsers do: what 1.2 has follows */
                uint16_t older[ZC_TLS_SUITES_MAX];
                size_t n = zc_tls_suites(ZC_TLS12, ZC_SUITES_FEW, older);

                for (size_t i = 0; i < n && a->hello.suite_count < ZC_TLS_SUITES_MAX; i++)
                        a->suites[a->hello.suite_count++] = older[i];
        }
        if (RAND_bytes(a->hello.random, sizeof a->hello.random) != 1 ||
            RAND_bytes(a->hello.session, sizeof a->hello.session) != 1 ||
            RAND_bytes(a->hello.x25519, sizeof a->hello.x25519) != 1)
                return zc_fail(err, ZC_E_IO, "no random bytes");
        a->hello.x25519[31] &= 0x7f;
        a->conv = zc_tls_peer_conv(peer, hello_step, a);
        if (peer->start) {
                zc_starttls_init(&a->pre, peer->start);
                a->chain = (struct zc_step_chain){ .first = zc_starttls_step,
                                                   .first_state = &a->pre,
                                                   .go_on = zc_starttls_go_on,
                                                   .next = hello_step,
                                                   .next_state = a };
                a->conv.step = zc_step_chain;
                a->conv.state = &a->chain;
        }
        return true;
}

/* ---- what it means ---- */

static bool was_asked_for(const struct attempt *a, uint16_t suite)
{
        for (size_t i = 0; i < a->hello.suite_count; i++)
                if (a->suites[i] == suite)
                        return true;
        return false;
}

static enum fate alert_fate(const struct zc_tls_answer *answer, char why[160])
{
        const char *name = zc_tls_alert_name(answer->alert);

        if (name)
                snprintf(why, 160, "alert %s", name);
        else
                snprintf(why, 160, "alert %u", (unsigned)answer->alert);
        if (answer->alert == 0)
                return FATE_CLOSED;
        return answer->alert == 70 ? FATE_OTHER : FATE_ALERT;
}

static enum fate hello_fate(const struct attempt *a, char why[160])
{
        const struct zc_tls_answer *answer = &a->answer;
        const char *name = zc_tls_version_name(answer->version);

        if (!was_asked_for(a, answer->cipher)) {
                snprintf(why, 160, "chose cipher suite 0x%04X, which was not offered",
                         answer->cipher);
                return FATE_ODD;
        }
        if (answer->version == a->hello.version)
                return FATE_YES;
        snprintf(why, 160, "chose %s instead", name ? name : "a version that is none");
        /* A lower version is the protocol's way to say no; a higher one was never offered. */
        return name && answer->version < a->hello.version ? FATE_OTHER : FATE_ODD;
}

static enum fate end_fate(const struct attempt *a, char why[160])
{
        if (a->ended == ZC_EV_TIMEOUT || a->conv.cut) {
                snprintf(why, 160, "%s",
                         a->received[0] ? "an answer that never ended" : "no answer");
                return FATE_SILENT;
        }
        snprintf(why, 160, "%s the connection", a->ended == ZC_EV_RESET ? "reset" : "closed");
        return FATE_CLOSED;
}

static enum fate fate_of(const struct attempt *a, char why[160])
{
        if (a->conv.connect != ZC_CONNECT_OPEN) {
                zc_conv_reason(&a->conv, why);
                return FATE_NONE;
        }
        if (!a->asked) {
                snprintf(why, 160, "%s", a->pre.why[0] ? a->pre.why : "nothing could be sent");
                return FATE_NONE;
        }
        switch (a->answer.kind) {
        case ZC_TLS_ANSWER_HELLO:
        case ZC_TLS_ANSWER_RETRY:
                return hello_fate(a, why);
        case ZC_TLS_ANSWER_ALERT:
                return alert_fate(&a->answer, why);
        case ZC_TLS_ANSWER_FOREIGN:
                snprintf(why, 160, "the answer is not TLS");
                return FATE_ODD;
        case ZC_TLS_ANSWER_MALFORMED:
                snprintf(why, 160, "broke the protocol: %s", a->answer.why);
                return FATE_ODD;
        case ZC_TLS_ANSWER_MORE:
                break;
        }
        return end_fate(a, why);
}

static void note(struct zc_tls_version *v, const struct attempt *a, const char *why)
{
        v->attempts += a->asked;
        v->observed_at = a->at ? a->at : zc_wall_ms();
        snprintf(v->why, sizeof v->why, "%s", why);
        memcpy(v->sent, a->sent, sizeof v->sent);
        memcpy(v->received, a->received, sizeof v->received);
}

/** True when nothing more need be asked. */
static bool learn(struct zc_tls_version *v, const struct attempt *a, unsigned try,
                  enum fate *before)
{
        char why[160] = "";
        enum fate fate = fate_of(a, why);

        note(v, a, why);
        switch (fate) {
        case FATE_YES:
                v->offered = ZC_TLS_OFFERED;
                v->cipher = a->answer.cipher;
                v->why[0] = '\0';
                return true;
        case FATE_OTHER:
                v->offered = ZC_TLS_NOT_OFFERED;
                return true;
        case FATE_ALERT:
        case FATE_CLOSED: /* the same again and again, or a mixture of both */
                *before = try == 0               ? fate
                          : *before == fate      ? fate
                          : *before == FATE_NONE ? FATE_NONE
                                                 : FATE_CLOSED;
                break;
        case FATE_NONE:
        case FATE_SILENT:
        case FATE_ODD:
                *before = FATE_NONE;
                break;
        }
        if (try + 1 < TRIES)
                return false;
        if (*before == FATE_ALERT)
                v->offered = ZC_TLS_NOT_OFFERED;
        else if (*before == FATE_CLOSED)
                v->closes = true;
        return true;
}

/* ---- all of them ---- */

struct asking {
        const struct zc_tls_peer *peer;
        struct zc_tls_version *out;
        bool settled[ZC_TLS_VERSIONS];
        enum fate before[ZC_TLS_VERSIONS];
        struct attempt *attempts; /* ZC_TLS_VERSIONS of them */
        bool heard;               /* the peer did anything at all in answer */
};

/* The first round asks side by side; later ones one by one, in case it was our pace that was refused. */
static bool ask_round(struct asking *q, unsigned try, struct zc_err *err)
{
        struct zc_conv convs[ZC_TLS_VERSIONS];
        struct zc_exchange_limits limits = q->peer->limits;
        size_t which[ZC_TLS_VERSIONS], n = 0;

        for (size_t i = 0; i < ZC_TLS_VERSIONS; i++) {
                if (q->settled[i])
                        continue;
                if (!prepare(&q->attempts[i], q->peer, q->out[i].version, &ways[try], err))
                        return false;
                convs[n] = q->attempts[i].conv;
                which[n++] = i;
        }
        if (try > 0 || limits.at_once == 0)
                limits.at_once = 1;
        if (n > 0 && !zc_exchange_all(q->peer->scope, convs, n, &limits, q->peer->deadline, err))
                return false;
        for (size_t i = 0; i < n; i++) {
                struct attempt *a = &q->attempts[which[i]];

                a->conv = convs[i];
                q->heard = q->heard || (a->asked && (a->received[0] || a->ended != ZC_EV_TIMEOUT));
                q->settled[which[i]] = learn(&q->out[which[i]], a, try, &q->before[which[i]]);
        }
        return true;
}

bool zc_tls_versions_ask(const struct zc_tls_peer *peer, struct zc_tls_version out[ZC_TLS_VERSIONS],
                         struct zc_err *err)
{
        ZC_AUTO_MEM struct attempt *attempts = calloc(ZC_TLS_VERSIONS, sizeof *attempts);
        struct asking q = { .peer = peer, .out = out, .attempts = attempts };

        if (!attempts)
                return zc_fail(err, ZC_E_NOMEM, "no memory to ask for versions of TLS");
        for (uint16_t i = 0; i < ZC_TLS_VERSIONS; i++)
                out[i] = (struct zc_tls_version){ .version = (uint16_t)(ZC_SSL3 + i) };
        /* Who said nothing at all is not asked three times. */
        for (unsigned try = 0;
             try < TRIES && (try == 0 || q.heard) && !zc_deadline_passed(peer->deadline); try++)
                if (!ask_round(&q, try, err))
                        return false;
        zc_tls_versions_settle(out, 0);
        return true;
}

void zc_tls_versions_settle(struct zc_tls_version out[ZC_TLS_VERSIONS], uint16_t seen)
{
        bool answers = false;

        for (size_t i = 0; i < ZC_TLS_VERSIONS; i++) {
                if (out[i].version == seen) {
                        out[i].offered = ZC_TLS_OFFERED;
                        out[i].why[0] = '\0';
                }
                answers = answers || out[i].offered == ZC_TLS_OFFERED;
        }
        for (size_t i = 0; i < ZC_TLS_VERSIONS; i++)
                if (answers && out[i].closes && out[i].offered == ZC_TLS_UNKNOWN)
                        out[i].offered = ZC_TLS_NOT_OFFERED;
        /* Where every version is refused, the refusals may be about something else: a name, an address, a client's certificate. */
        for (size_t i = 0; i < ZC_TLS_VERSIONS && !answers; i++)
                if (out[i].offered == ZC_TLS_NOT_OFFERED)
                        out[i].offered = ZC_TLS_UNKNOWN;
}
