/** Preambles as step machines: one table row per protocol, one list of stages each. See include/zc/starttls.h. */
#include "zc/starttls.h"

#include <stdio.h>
#include <string.h>

#include "zc/text.h"

/** One turn: what we say (NULL: the peer speaks first), and what its answer means. */
struct stage {
        const char *say;
        size_t len;
        /** ZC_REPLY_DONE: consumed. Sets s->result unless the next stage follows; the last stage always sets it. */
        enum zc_reply (*hear)(struct zc_starttls *s, struct zc_rd *in);
};

struct zc_starttls_protocol {
        const char *name, *sends;
        const struct stage *stages;
        unsigned stage_count;
};

#define SAY(text) .say = (text), .len = sizeof(text) - 1

static void decide(struct zc_starttls *s, enum zc_starttls_result result, const char *why)
{
        s->result = result;
        snprintf(s->why, sizeof s->why, "%s", why);
}

static void note(char said[ZC_STARTTLS_SAID], const void *p, size_t n)
{
        ZC_AUTO_TEXT t = { 0 };
        size_t len = strlen(said);

        zc_text_init(&t, ZC_STARTTLS_SAID - 1 - len);
        zc_text_escape(&t, p, n);
        snprintf(said + len, ZC_STARTTLS_SAID - len, "%s", zc_text_str(&t));
}

/* ---- PostgreSQL (protocol documentation, section 55.2.10, "SSL Session Encryption") ---- */

static enum zc_reply pg_hear(struct zc_starttls *s, struct zc_rd *in)
{
        enum zc_pg_ssl_answer answer;
        enum zc_reply r = zc_pg_ssl_parse(in, &answer);

        if (r != ZC_REPLY_DONE)
                return r;
        switch (answer) {
        case ZC_PG_SSL_YES:
                s->result = ZC_STARTTLS_OFFERED;
                break;
        case ZC_PG_SSL_NO:
                decide(s, ZC_STARTTLS_REFUSED, "answered N to SSLRequest");
                break;
        case ZC_PG_SSL_ERROR: /* too old for SSLRequest, or unable to serve anyone just now */
                note(s->received, in->p, in->n);
                decide(s, ZC_STARTTLS_UNKNOWN, "answered SSLRequest with an error");
                break;
        }
        return r;
}

static const struct stage pg_stages[] = {
        { SAY("\x00\x00\x00\x08\x04\xd2\x16\x2f"), pg_hear }, /* length 8, code 80877103 */
};

/* ---- SMTP (RFC 5321, RFC 3207) ---- */

static enum zc_reply smtp_reply(struct zc_starttls *s, struct zc_rd *in, struct zc_smtp_reply *out,
                                const char *to)
{
        enum zc_reply r = zc_smtp_reply_parse(in, out);

        if (r == ZC_REPLY_DONE && out->code / 100 != 2) {
                bool refuses = s->stage > 0 && out->code / 100 == 5; /* 4xx: not now */

                snprintf(s->why, sizeof s->why, "answered %s with %u", to, out->code);
                s->result = refuses ? ZC_STARTTLS_REFUSED : ZC_STARTTLS_UNKNOWN;
        }
        return r;
}

static enum zc_reply smtp_greeting(struct zc_starttls *s, struct zc_rd *in)
{
        struct zc_smtp_reply r;

        return smtp_reply(s, in, &r, "the connection");
}

static enum zc_reply smtp_ehlo(struct zc_starttls *s, struct zc_rd *in)
{
        struct zc_smtp_reply r;
        enum zc_reply reply = smtp_reply(s, in, &r, "EHLO");

        if (reply != ZC_REPLY_DONE || r.code / 100 != 2)
                return reply;
        s->clear = r.auth || !r.starttls;
        if (!r.starttls)
                decide(s, ZC_STARTTLS_REFUSED, "EHLO does not list STARTTLS");
        return reply;
}

static enum zc_reply smtp_starttls(struct zc_starttls *s, struct zc_rd *in)
{
        struct zc_smtp_reply r;
        enum zc_reply reply = smtp_reply(s, in, &r, "STARTTLS");

        if (reply == ZC_REPLY_DONE && r.code / 100 == 2)
                s->result = ZC_STARTTLS_OFFERED;
        return reply;
}

static const struct stage smtp_stages[] = {
        { .hear = smtp_greeting },
        { SAY("EHLO zerocrit.invalid\r\n"), smtp_ehlo },
        { SAY("STARTTLS\r\n"), smtp_starttls },
};

/* ---- the table ---- */

static const struct zc_starttls_protocol protocols[] = {
        { "postgresql", "an SSLRequest message", pg_stages, ZC_COUNT(pg_stages) },
        { "smtp", "EHLO zerocrit.invalid, then STARTTLS", smtp_stages, ZC_COUNT(smtp_stages) },
};

const struct zc_starttls_protocol *zc_starttls_find(const char *service)
{
        for (size_t i = 0; i < ZC_COUNT(protocols); i++)
                if (strcmp(protocols[i].name, service) == 0)
                        return &protocols[i];
        return NULL;
}

const char *zc_starttls_name(const struct zc_starttls_protocol *p)
{
        return p->name;
}

const char *zc_starttls_sends(const struct zc_starttls_protocol *p)
{
        return p->sends;
}

/* ---- stepping ---- */

void zc_starttls_init(struct zc_starttls *s, const struct zc_starttls_protocol *p)
{
        *s = (struct zc_starttls){ .protocol = p };
}

bool zc_starttls_go_on(void *starttls)
{
        const struct zc_starttls *s = starttls;

        return s->result == ZC_STARTTLS_OFFERED;
}

static const struct stage *now(const struct zc_starttls *s)
{
        return &s->protocol->stages[s->stage];
}

/** What stands in `in` now can be the answer to nothing that was asked. */
static void drop_surplus(struct zc_starttls *s, struct zc_rd *in)
{
        note(s->received, in->p, in->n);
        s->surplus += in->n;
        in->n = 0;
}

static enum zc_step say(struct zc_starttls *s, struct zc_rd *in, struct zc_wr *out)
{
        if (!now(s)->say)
                return ZC_STEP_MORE;
        drop_surplus(s, in);
        zc_wr_bytes(out, now(s)->say, now(s)->len);
        note(s->sent, now(s)->say, now(s)->len);
        return ZC_STEP_SEND;
}

/* The peer stopped answering: how, and what it had said so far. */
static enum zc_step ended(struct zc_starttls *s, enum zc_event ev, struct zc_rd in)
{
        static const char *const how[] = { [ZC_EV_EOF] = "closed the connection",
                                           [ZC_EV_RESET] = "reset the connection",
                                           [ZC_EV_TIMEOUT] = "no answer" };
        static const char *const after[] = { "before TLS could begin", "before saying anything" };

        note(s->received, in.p, in.n);
        snprintf(s->why, sizeof s->why, "%s %s", how[ev], after[s->received[0] == '\0']);
        return ZC_STEP_DONE;
}

static enum zc_step hear(struct zc_starttls *s, enum zc_event ev, struct zc_rd *in,
                         struct zc_wr *out)
{
        struct zc_rd before = *in;
        enum zc_reply r = now(s)->hear(s, in);

        if (r == ZC_REPLY_MORE)
                return ev == ZC_EV_EOF || ev == ZC_EV_RESET || ev == ZC_EV_TIMEOUT
                               ? ended(s, ev, *in)
                               : ZC_STEP_MORE;
        if (r == ZC_REPLY_FOREIGN) {
                note(s->received, in->p, in->n);
                snprintf(s->why, sizeof s->why, "the answer is not %s", s->protocol->name);
                s->result = ZC_STARTTLS_FOREIGN;
                return ZC_STEP_DONE;
        }
        note(s->received, before.p, before.n - in->n);
        if (s->result != ZC_STARTTLS_UNKNOWN || s->why[0] != '\0') {
                if (s->result == ZC_STARTTLS_OFFERED)
                        drop_surplus(s, in);
                return ZC_STEP_DONE;
        }
        s->stage++;
        return say(s, in, out);
}

enum zc_step zc_starttls_step(void *starttls, enum zc_event ev, struct zc_rd *in, struct zc_wr *out)
{
        struct zc_starttls *s = starttls;

        if (ev == ZC_EV_CONNECTED) {
                enum zc_step step = say(s, in, out);

                if (step == ZC_STEP_SEND || in->n == 0)
                        return step;
        }
        return hear(s, ev, in, out);
}
