/** The step machines of the identification. See talk.h. */
#include "talk.h"

#include <stdio.h>
#include <string.h>

#include "question.h"

static void keep(struct talk *t, struct zc_rd in)
{
        t->got_n = in.n < TALK_BYTES ? in.n : TALK_BYTES;
        if (t->got_n > 0)
                memcpy(t->got, in.p, t->got_n);
}

static enum zc_asked heard_after(const struct talk *t)
{
        return t->asked ? t->question : ZC_ASKED_NOTHING;
}

/** RFC 9112 section 3; the beginning of the answer is all that is read. */
static void http_write(const struct talk *t, struct zc_wr *out)
{
        char length[48];

        zc_wr_str(out, t->body ? "POST " : "GET ");
        zc_wr_str(out, t->path ? t->path : "/");
        zc_wr_str(out, " HTTP/1.1\r\nHost: ");
        zc_wr_str(out, t->host ? t->host : "");
        zc_wr_str(out, "\r\nUser-Agent: zerocrit\r\nConnection: close\r\n");
        if (t->body) {
                snprintf(length, sizeof length, "Content-Length: %zu\r\n", strlen(t->body));
                zc_wr_str(out, "Content-Type: application/json\r\n");
                zc_wr_str(out, length);
        }
        zc_wr_str(out, "\r\n");
        zc_wr_str(out, t->body ? t->body : "");
}

static enum zc_step ask(struct talk *t, struct zc_wr *out)
{
        static const uint8_t ssl_request[] = { 0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f };

        t->asked = true;
        switch (t->question) {
        case ZC_ASKED_PING:
                zc_wr_str(out, "*1\r\n$4\r\nPING\r\n");
                return ZC_STEP_SEND;
        case ZC_ASKED_HTTP:
                http_write(t, out);
                return ZC_STEP_SEND;
        case ZC_ASKED_PG:
                zc_wr_bytes(out, ssl_request, sizeof ssl_request);
                return ZC_STEP_SEND;
        default:
                if (!question_rows[t->question].write) /* listening was all */
                        return ZC_STEP_DONE;
                question_rows[t->question].write(out);
                return ZC_STEP_SEND;
        }
}

/** RFC 7301: the handshake has told. Of HTTP/1.1 it is worth asking what it serves. */
static bool alpn_tells(struct talk *t)
{
        static const struct {
                const char *alpn, *service;
        } rows[] = { { "h2", "http" }, { "postgresql", "postgresql" } };
        const char *alpn = t->within ? zc_tls_session_facts(t->within)->alpn : "";

        if (strcmp(alpn, "http/1.1") == 0) {
                t->question = ZC_ASKED_HTTP;
                t->wait = 0;
        }
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                if (strcmp(alpn, rows[i].alpn) == 0) {
                        t->service = rows[i].service;
                        t->by_alpn = true;
                }
        }
        return t->by_alpn;
}

static enum zc_step read_it(struct talk *t, struct zc_rd in, bool whole)
{
        enum zc_told told = zc_identify_bytes(in, heard_after(t), whole, &t->service);
        struct zc_rd rest = in, line;

        keep(t, in);
        if (told == ZC_TOLD_MORE)
                return ZC_STEP_MORE;
        if (told == ZC_TOLD_SERVICE && !whole && in.n < TALK_BYTES &&
            zc_identify_wants(in, heard_after(t), t->service))
                return ZC_STEP_MORE;
        if (!whole && !t->asked && in.n < TALK_BYTES && !zc_rd_line(&rest, &line))
                return ZC_STEP_MORE; /* told or not, a greeting is kept up to its line's end */
        return ZC_STEP_DONE;
}

static enum zc_step on_silence(struct talk *t, struct zc_rd in, struct zc_wr *out)
{
        unsigned *left = t->asked ? &t->patience : &t->wait;

        if (in.n > 0)
                return read_it(t, in, true);
        if (*left > 1) {
                --*left;
                return ZC_STEP_MORE;
        }
        if (t->unless && t->unless->got_n > 0)
                return ZC_STEP_DONE;
        return t->asked ? ZC_STEP_DONE : ask(t, out);
}

enum zc_step talk_step(void *talk, enum zc_event ev, struct zc_rd *in, struct zc_wr *out)
{
        struct talk *t = talk;

        switch (ev) {
        case ZC_EV_CONNECTED:
                if (alpn_tells(t))
                        return ZC_STEP_DONE;
                return t->wait == 0 ? ask(t, out) : ZC_STEP_MORE;
        case ZC_EV_SENT:
        case ZC_EV_DATA:
                return in->n > 0 ? read_it(t, *in, false) : ZC_STEP_MORE;
        case ZC_EV_TIMEOUT:
                return on_silence(t, *in, out);
        default:
                t->ended = true;
                read_it(t, *in, true);
                return ZC_STEP_DONE;
        }
}

bool talk_go_on(void *talk)
{
        const struct talk *t = talk;

        return t->got_n == 0 && !t->ended;
}

enum zc_step hello_step(void *hello, enum zc_event ev, struct zc_rd *in, struct zc_wr *out)
{
        struct hello *h = hello;
        size_t room = HELLO_BYTES - h->raw_n, n = in->n < room ? in->n : room;

        if (n > 0)
                memcpy(h->raw + h->raw_n, in->p, n);
        h->raw_n += n;
        if (ev == ZC_EV_TIMEOUT && h->patience > 1 &&
            zc_tls_session_facts(h->session)->progress != ZC_TLS_ESTABLISHED) {
                h->patience--;
                return ZC_STEP_MORE;
        }
        return zc_tls_session_step(h->session, ev, in, out);
}
