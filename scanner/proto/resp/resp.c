/** What a Redis does for someone without a login, as a step machine. See include/zc/resp.h. */
#include "zc/resp.h"

#include <stdio.h>
#include <string.h>

#include "zc/text.h"

static const struct {
        const char *name, *wire;
} commands[ZC_RESP_COMMANDS] = {
        [ZC_RESP_PING] = { "PING", "*1\r\n$4\r\nPING\r\n" },
        [ZC_RESP_HELLO] = { "HELLO", "*1\r\n$5\r\nHELLO\r\n" },
        [ZC_RESP_INFO] = { "INFO server", "*2\r\n$4\r\nINFO\r\n$6\r\nserver\r\n" },
        [ZC_RESP_CONFIG] = { "CONFIG GET protected-mode",
                             "*3\r\n$6\r\nCONFIG\r\n$3\r\nGET\r\n$14\r\nprotected-mode\r\n" },
};

const char *zc_resp_command_name(enum zc_resp_command c)
{
        return commands[c].name;
}

const char *zc_resp_answer_name(enum zc_resp_answer a)
{
        static const char *const names[] = { "",        "runs",  "noauth",    "denied", "noperm",
                                             "unknown", "error", "no answer", "foreign" };

        _Static_assert(ZC_COUNT(names) == ZC_RESP_ANSWERS, "a name for each");
        return names[a];
}

static void put_text(char *out, size_t size, struct zc_rd text)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, size - 1);
        zc_text_escape(&t, text.p, text.n);
        snprintf(out, size, "%s", zc_text_str(&t));
}

/** Proof: one answer after another, each cut; the ends of lines are left out. */
static void note(struct zc_resp_ask *a, struct zc_rd text)
{
        size_t at = strlen(a->received), keep = text.n < 90 ? text.n : 90;
        char piece[200];

        while (keep > 0 && (text.p[keep - 1] == '\r' || text.p[keep - 1] == '\n'))
                keep--;
        put_text(piece, sizeof piece, (struct zc_rd){ text.p, keep });
        if (at + strlen(piece) + 3 < sizeof a->received)
                snprintf(a->received + at, sizeof a->received - at, "%s%s", at ? "; " : "", piece);
}

static enum zc_resp_answer error_read(struct zc_rd text)
{
        static const struct {
                const char *starts;
                enum zc_resp_answer answer;
        } rows[] = {
                { "NOAUTH", ZC_RESP_NOAUTH },
                { "ERR operation not permitted", ZC_RESP_NOAUTH }, /* before 2.8.1 */
                { "DENIED", ZC_RESP_DENIED },
                { "NOPERM", ZC_RESP_NOPERM },
                { "ERR unknown command", ZC_RESP_UNKNOWN_COMMAND },
                { "ERR Unknown command", ZC_RESP_UNKNOWN_COMMAND },
        };

        for (size_t i = 0; i < ZC_COUNT(rows); i++)
                if (zc_rd_starts(text, rows[i].starts, strlen(rows[i].starts)))
                        return rows[i].answer;
        return ZC_RESP_OTHER;
}

/* ---- what the answers tell ---- */

static void hello_read(struct zc_resp_ask *a, struct zc_rd whole)
{
        struct zc_rd text;

        if (zc_resp_pair(whole, "version", &text))
                put_text(a->version, sizeof a->version, text);
        if (zc_resp_pair(whole, "mode", &text))
                put_text(a->mode, sizeof a->mode, text);
        if (zc_resp_pair(whole, "role", &text))
                put_text(a->role, sizeof a->role, text);
        if (zc_resp_pair(whole, "server", &text) && zc_rd_is(text, "valkey"))
                a->fork = "valkey";
}

static bool ends_with(struct zc_rd text, const char *end)
{
        size_t n = strlen(end);

        return text.n >= n && memcmp(text.p + text.n - n, end, n) == 0;
}

/** Whose version it is: a fork goes on saying the Redis version that it answers like. */
static bool info_read(struct zc_resp_ask *a, struct zc_rd info)
{
        static const struct {
                const char *key, *fork;
        } rows[] = { { "valkey_version", "valkey" }, { "dragonfly_version", "dragonfly" } };
        struct zc_rd text;

        if (zc_resp_info(info, "redis_mode", &text) || zc_resp_info(info, "server_mode", &text))
                put_text(a->mode, sizeof a->mode, text);
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                if (!zc_resp_info(info, rows[i].key, &text))
                        continue;
                put_text(a->version, sizeof a->version, text);
                a->fork = rows[i].fork;
                return true;
        }
        if (!zc_resp_info(info, "redis_version", &text))
                return false;
        put_text(a->version, sizeof a->version, text);
        a->fork = "unknown";
        if (zc_resp_info(info, "executable", &text) && ends_with(text, "/keydb-server"))
                a->fork = "keydb";
        else if (zc_resp_info(info, "redis_build_id", &text)) /* lookalikes have none */
                a->fork = "redis";
        return true;
}

/** Anything but an error means that it was done; PING and INFO have their own forms. */
static enum zc_resp_answer ping_read(struct zc_resp_ask *a, const struct zc_resp *r,
                                     struct zc_rd whole)
{
        (void)whole;
        note(a, r->text);
        return zc_rd_is(r->text, "PONG") ? ZC_RESP_RUNS : ZC_RESP_NOT_RESP;
}

static enum zc_resp_answer hello_answer_read(struct zc_resp_ask *a, const struct zc_resp *r,
                                             struct zc_rd whole)
{
        char said[160];

        if (r->kind != ZC_RESP_LIST && r->kind != ZC_RESP_MAP)
                return ZC_RESP_OTHER;
        hello_read(a, whole);
        snprintf(said, sizeof said, "version %s, mode %s%s%s", a->version, a->mode,
                 a->role[0] ? ", role " : "", a->role);
        note(a, zc_rd_str(said));
        return ZC_RESP_RUNS;
}

static enum zc_resp_answer info_answer_read(struct zc_resp_ask *a, const struct zc_resp *r,
                                            struct zc_rd whole)
{
        char said[160];

        (void)whole;
        if (r->kind != ZC_RESP_STRING)
                return ZC_RESP_OTHER;
        if (!info_read(a, r->text)) /* words, but not INFO's */
                return ZC_RESP_OTHER;
        snprintf(said, sizeof said, "# Server, %s %s, mode %s", a->fork, a->version, a->mode);
        note(a, zc_rd_str(said));
        return ZC_RESP_RUNS;
}

static enum zc_resp_answer config_read(struct zc_resp_ask *a, const struct zc_resp *r,
                                       struct zc_rd whole)
{
        struct zc_rd text;

        (void)r;
        if (!zc_resp_pair(whole, "protected-mode", &text))
                return ZC_RESP_OTHER;
        put_text(a->protected_mode, sizeof a->protected_mode, text);
        note(a, zc_rd_str("protected-mode"));
        note(a, text);
        return ZC_RESP_RUNS;
}

static enum zc_resp_answer answer_read(struct zc_resp_ask *a, const struct zc_resp *r,
                                       struct zc_rd whole)
{
        static enum zc_resp_answer (*const reads[])(
                struct zc_resp_ask *, const struct zc_resp *,
                struct zc_rd) = { ping_read, hello_answer_read, info_answer_read, config_read };

        _Static_assert(ZC_COUNT(reads) == ZC_RESP_COMMANDS, "a reader for each");
        if (r->kind != ZC_RESP_ERROR)
                return reads[a->now](a, r, whole);
        note(a, whole);
        return error_read(r->text);
}

/* ---- stepping ---- */

static enum zc_step ask(struct zc_resp_ask *a, struct zc_wr *out)
{
        size_t at = strlen(a->sent);

        a->asked = true;
        a->waited = 0;
        snprintf(a->sent + at, sizeof a->sent - at, "%s%s", at ? "; " : "", commands[a->now].name);
        zc_wr_str(out, commands[a->now].wire);
        return ZC_STEP_SEND;
}

static enum zc_step read_answer(struct zc_resp_ask *a, struct zc_rd *in, struct zc_wr *out)
{
        struct zc_rd whole, head;
        struct zc_resp r;

        switch (zc_resp_whole(in, &whole)) {
        case ZC_RESP_MORE:
                return ZC_STEP_MORE;
        case ZC_RESP_FOREIGN:
                a->answers[a->now] = ZC_RESP_NOT_RESP;
                note(a, *in);
                return ZC_STEP_DONE;
        default:
                break;
        }
        head = whole;
        if (zc_resp_next(&head, &r) != ZC_RESP_VALUE)
                return ZC_STEP_DONE;
        a->answers[a->now] = answer_read(a, &r, whole);
        if (a->answers[ZC_RESP_PING] != ZC_RESP_RUNS ||
            a->now + 1 == (a->config ? ZC_RESP_COMMANDS : ZC_RESP_CONFIG))
                return ZC_STEP_DONE;
        a->now++;
        return ask(a, out);
}

static enum zc_step ended(struct zc_resp_ask *a, const char *how)
{
        a->answers[a->now] = ZC_RESP_NO_ANSWER;
        snprintf(a->why, sizeof a->why, "%s without an answer to %s", how, commands[a->now].name);
        return ZC_STEP_DONE;
}

enum zc_step zc_resp_ask_step(void *ask_state, enum zc_event ev, struct zc_rd *in,
                              struct zc_wr *out)
{
        struct zc_resp_ask *a = ask_state;

        switch (ev) {
        case ZC_EV_CONNECTED:
                return a->wait == 0 ? ask(a, out) : ZC_STEP_MORE;
        case ZC_EV_SENT:
        case ZC_EV_DATA:
                return read_answer(a, in, out);
        case ZC_EV_TIMEOUT:
                if (++a->waited < (a->asked ? a->patience : a->wait))
                        return ZC_STEP_MORE;
                return a->asked ? ended(a, "silent") : ask(a, out);
        case ZC_EV_EOF:
                return ended(a, "closed");
        default:
                return ended(a, "reset");
        }
}
