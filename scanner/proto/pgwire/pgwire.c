/** One question to a PostgreSQL server, as a step machine. See include/zc/pgwire.h. */
#include "zc/pgwire.h"

#include <stdio.h>
#include <string.h>

#include "zc/text.h"

static void put_text(char *out, size_t size, struct zc_rd text)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, size - 1);
        zc_text_escape(&t, text.p, text.n);
        snprintf(out, size, "%s", zc_text_str(&t));
}

/** Proof: what came back, in the order it came. */
static void note(struct zc_pg_ask *a, const char *what, const char *detail)
{
        size_t at = strlen(a->received);

        snprintf(a->received + at, sizeof a->received - at, "%s%s%s%s", at ? "; " : "", what,
                 detail[0] ? " " : "", detail);
}

static enum zc_step leave(struct zc_pg_ask *a, enum zc_pg_answer answer)
{
        a->answer = answer;
        return ZC_STEP_DONE;
}

/** What a server may begin with (protocol documentation, section 55.7); 4 and 6 are of long ago. */
static bool begins(uint32_t code)
{
        static const uint32_t codes[] = {
                ZC_PG_AUTH_OK,  ZC_PG_AUTH_KERBEROS5, ZC_PG_AUTH_CLEARTEXT, 4, ZC_PG_AUTH_MD5, 6,
                ZC_PG_AUTH_GSS, ZC_PG_AUTH_SSPI,      ZC_PG_AUTH_SASL
        };

        for (size_t i = 0; i < ZC_COUNT(codes); i++)
                if (codes[i] == code)
                        return true;
        return false;
}

static enum zc_step on_auth(struct zc_pg_ask *a, struct zc_rd body)
{
        struct zc_pg_auth auth;
        struct zc_err err;
        char code[32];
        ZC_AUTO_TEXT names = { 0 };

        if (!zc_pg_auth_parse(body, &auth, &err)) {
                snprintf(a->why, sizeof a->why, "%.150s", err.text);
                return leave(a, ZC_PG_NOT_PG);
        }
        snprintf(code, sizeof code, "R %u", auth.code);
        zc_text_init(&names, sizeof a->mechanisms - 1);
        for (size_t i = 0; i < auth.mechanism_count; i++) {
                if (i)
                        zc_text_addc(&names, ' ');
                zc_text_escape(&names, auth.mechanisms[i].p, auth.mechanisms[i].n);
        }
        snprintf(a->mechanisms, sizeof a->mechanisms, "%s", zc_text_str(&names));
        note(a, code, a->mechanisms);
        if (auth.code == ZC_PG_AUTH_OK) {
                a->answer = ZC_PG_OK_ONLY; /* until something decides */
                return ZC_STEP_MORE;
        }
        if (!begins(auth.code)) {
                snprintf(a->why, sizeof a->why,
                         "an authentication request %u, which is not defined", auth.code);
                return leave(a, ZC_PG_NO_ANSWER);
        }
        a->auth = auth.code;
        return leave(a, ZC_PG_ASKED);
}

static enum zc_step on_error(struct zc_pg_ask *a, struct zc_rd body)
{
        struct zc_pg_error e;
        struct zc_err err;

        if (!zc_pg_error_parse(body, &e, &err)) {
                snprintf(a->why, sizeof a->why, "%.150s", err.text);
                return leave(a, a->answer == ZC_PG_OK_ONLY ? ZC_PG_OK_ERROR : ZC_PG_NOT_PG);
        }
        put_text(a->sqlstate, sizeof a->sqlstate, e.sqlstate);
        put_text(a->message, sizeof a->message, e.message);
        put_text(a->routine, sizeof a->routine, e.routine);
        note(a, "E", a->sqlstate);
        note(a, a->message, "");
        return leave(a, a->answer == ZC_PG_OK_ONLY ? ZC_PG_OK_ERROR : ZC_PG_ERROR);
}

static enum zc_step on_ready(struct zc_pg_ask *a, struct zc_wr *out)
{
        note(a, "Z", "ReadyForQuery");
        a->answer = a->answer == ZC_PG_OK_ONLY ? ZC_PG_READY
                                               : ZC_PG_NOT_PG; /* Z without R 0 is no PostgreSQL */
        a->leaving = true;
        zc_wr_u8(out, 'X'); /* Terminate: the session ends as a client's does */
        zc_wr_u32(out, 4);
        return ZC_STEP_SEND;
}

static void on_status(struct zc_pg_ask *a, struct zc_rd body)
{
        struct zc_rd name, value;
        struct zc_err err;

        if (zc_pg_status_parse(body, &name, &value, &err) && zc_rd_is(name, "server_version"))
                put_text(a->server_version, sizeof a->server_version, value);
}

static enum zc_step on_message(struct zc_pg_ask *a, const struct zc_pg_message *m,
                               struct zc_wr *out)
{
        switch (m->type) {
        case 'R':
                return on_auth(a, m->body);
        case 'E':
                return on_error(a, m->body);
        case 'Z':
                return on_ready(a, out);
        case 'S':
                on_status(a, m->body);
                return ZC_STEP_MORE;
        default: /* BackendKeyData, NoticeResponse, NegotiateProtocolVersion */
                return ZC_STEP_MORE;
        }
}

static enum zc_step read_messages(struct zc_pg_ask *a, struct zc_rd *in, struct zc_wr *out)
{
        struct zc_pg_message m;
        enum zc_pg_next next;
        enum zc_step step = ZC_STEP_MORE;

        while (step == ZC_STEP_MORE && (next = zc_pg_message_next(in, &m)) != ZC_PG_MORE) {
                if (next == ZC_PG_FOREIGN) {
                        struct zc_rd head = { in->p, in->n < 32 ? in->n : 32 };

                        put_text(a->why, sizeof a->why, head);
                        return leave(a, a->answer == ZC_PG_OK_ONLY ? ZC_PG_OK_ONLY : ZC_PG_NOT_PG);
                }
                step = on_message(a, &m, out);
        }
        return step;
}

enum zc_step zc_pg_ask_step(void *ask, enum zc_event ev, struct zc_rd *in, struct zc_wr *out)
{
        static const char *const ends[] = {
                [ZC_EV_EOF] = "closed", [ZC_EV_RESET] = "reset", [ZC_EV_TIMEOUT] = "silent"
        };
        struct zc_pg_ask *a = ask;

        switch (ev) {
        case ZC_EV_CONNECTED:
                zc_pg_startup_write(out, a->user, a->database, a->replication);
                snprintf(a->sent, sizeof a->sent, "StartupMessage user=%s database=%s%s", a->user,
                         a->database, a->replication ? " replication=true" : "");
                return ZC_STEP_SEND;
        case ZC_EV_SENT:
                if (a->leaving)
                        return ZC_STEP_DONE;
                return read_messages(a, in, out);
        case ZC_EV_DATA:
                return read_messages(a, in, out);
        default:
                if (!a->why[0] && a->answer == ZC_PG_NO_ANSWER)
                        snprintf(a->why, sizeof a->why, "%s without an answer", ends[ev]);
                return ZC_STEP_DONE;
        }
}

const char *zc_pg_method_name(uint32_t auth, const char *mechanisms)
{
        switch (auth) {
        case ZC_PG_AUTH_OK:
                return "trust";
        case ZC_PG_AUTH_CLEARTEXT:
                return "password";
        case ZC_PG_AUTH_MD5:
                return "md5";
        case ZC_PG_AUTH_KERBEROS5:
        case ZC_PG_AUTH_GSS:
                return "gss";
        case ZC_PG_AUTH_SSPI:
                return "sspi";
        case ZC_PG_AUTH_SASL:
                return strstr(mechanisms, "SCRAM-SHA-256") ? "scram-sha-256" : "sasl";
        default:
                return "unknown";
        }
}
