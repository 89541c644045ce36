/** `reach --packets`: many questions, an answer a line, in order. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "reach.h"
#include "reach_wire.h"
#include "zc/log.h"
#include "zc/text.h"

#define BLOCK ((size_t)256 << 10)
#define LINE_MAX_BYTES ((size_t)16 << 10)
#define TOO_LONG "the line is longer than 16 KiB"

/** What of an answer does not change from one to the next: the JSON of each chain as a `via`, up to its handle. */
struct answers {
        struct zc_reaching *r;
        struct zc_text *chain;
        struct zc_reach_memory memory;
        size_t line;
};

static void json_string(struct zc_text *t, const char *s)
{
        zc_text_addc(t, '"');
        for (; *s; s++) {
                if (*s == '"' || *s == '\\')
                        zc_text_addc(t, '\\');
                if ((unsigned char)*s < 0x20)
                        zc_text_printf(t, "\\u%04x", (unsigned)*s);
                else
                        zc_text_addc(t, *s);
        }
        zc_text_addc(t, '"');
}

static bool prepare(struct answers *a, struct zc_err *err)
{
        const struct zc_fw_ruleset *rs = &a->r->live.ruleset;

        if (!a->r->machine)
                return true;
        a->chain = zc_arena_array(a->r->o->arena, rs->chain_count + 1, sizeof(*a->chain));
        for (size_t i = 0; a->chain && i < rs->chain_count; i++) {
                const struct zc_fw_table *table = &rs->tables[rs->chains[i].table];
                struct zc_text *t = &a->chain[i];

                zc_text_init(t, ZC_TEXT_CEILING);
                zc_text_printf(t,
                               "{\"family\":\"%s\",\"table\":", zc_fw_family_name(table->family));
                json_string(t, table->name);
                zc_text_add(t, ",\"chain\":");
                json_string(t, rs->chains[i].name);
                zc_text_add(t, ",\"handle\":");
                if (t->failed)
                        return zc_fail(err, ZC_E_NOMEM, "no memory for the answers");
        }
        return a->chain || zc_fail(err, ZC_E_NOMEM, "no memory for the answers");
}

static void release(struct answers *a)
{
        for (size_t i = 0; a->chain && i < a->r->live.ruleset.chain_count; i++)
                zc_text_release(&a->chain[i]);
}

static size_t decimal(char out[24], uint64_t n)
{
        size_t at = 24;

        do {
                out[--at] = (char)('0' + n % 10);
                n /= 10;
        } while (n > 0);
        return at;
}

static void put_number(struct zc_out *out, uint64_t n)
{
        char digits[24];
        size_t at = decimal(digits, n);

        zc_out_write(out, digits + at, sizeof(digits) - at);
}

static void put_via(struct answers *a, const struct zc_fw_via *v)
{
        struct zc_out *out = a->r->out;

        zc_out_write(out, zc_text_str(&a->chain[v->chain]), a->chain[v->chain].len);
        if (v->handle)
                put_number(out, v->handle);
        else
                zc_out_write(out, "null", 4); /* the chain's policy */
        zc_out_write(out, "}", 1);
}

static void put_answer(struct answers *a, const struct zc_fw_answer *x)
{
        static const char *const heads[2][4] = {
                { "{\"verdict\":\"accept\",\"certainty\":\"certain\",\"via\":[",
                  "{\"verdict\":\"reject\",\"certainty\":\"certain\",\"via\":[",
                  "{\"verdict\":\"drop\",\"certainty\":\"certain\",\"via\":[",
                  "{\"verdict\":\"unknown\",\"certainty\":\"certain\",\"via\":[" },
                { "{\"verdict\":\"accept\",\"certainty\":\"possible\",\"via\":[",
                  "{\"verdict\":\"reject\",\"certainty\":\"possible\",\"via\":[",
                  "{\"verdict\":\"drop\",\"certainty\":\"possible\",\"via\":[",
                  "{\"verdict\":\"unknown\",\"certainty\":\"possible\",\"via\":[" },
        };
        struct zc_out *out = a->r->out;

        zc_out_puts(out, heads[x->certainty == ZC_FW_POSSIBLE][x->outcome]);
        for (size_t i = 0; i < x->via_count; i++) {
                if (i > 0)
                        zc_out_write(out, ",", 1);
                put_via(a, &x->via[i]);
        }
        zc_out_write(out, "]}\n", 3);
        a->r->unknown |= x->outcome == ZC_FW_IS_UNKNOWN;
}

static void put_error(struct answers *a, const char *what)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_text_add(&t, "{\"error\":");
        json_string(&t, what);
        zc_text_printf(&t, ",\"line\":%zu}\n", a->line);
        zc_out_write(a->r->out, zc_text_str(&t), t.len);
        a->r->malformed = true;
}

static void answer(struct answers *a, struct zc_rd line)
{
        struct zc_fw_answer x = { .outcome = ZC_FW_IS_UNKNOWN, .certainty = ZC_FW_POSSIBLE };
        struct zc_fw_packet packet;
        struct zc_err why = { 0 };

        a->line++;
        if (line.n > LINE_MAX_BYTES) {
                put_error(a, TOO_LONG);
                return;
        }
        if (!zc_reach_line(line, a->r->machine ? &a->r->live.host : NULL, &a->memory, &packet,
                           &why)) {
                put_error(a, why.text);
                return;
        }
        if (a->r->machine)
                zc_fw_eval(a->r->machine, &packet, NULL, &x);
        put_answer(a, &x);
}

/** The lines of a descriptor through one block; a longer line than we take is answered once and passed over. */
struct lines {
        int fd;
        char *block;
        size_t have;
        bool passing; /* over the rest of a line that is too long */
};

static void take_lines(struct answers *a, struct lines *l)
{
        struct zc_rd in = { (const uint8_t *)l->block, l->have }, line;

        assert(l->block);
        while (zc_rd_until(&in, '\n', &line)) {
                if (l->passing)
                        l->passing = false;
                else
                        answer(a, line);
        }
        if (in.n > LINE_MAX_BYTES || l->passing) {
                if (!l->passing) {
                        a->line++;
                        put_error(a, TOO_LONG);
                }
                l->passing = true;
                in.n = 0;
        }
        memmove(l->block, in.p, in.n);
        l->have = in.n;
}

static bool answer_all(struct answers *a, struct lines *l, const char *path, struct zc_err *err)
{
        for (;;) {
                ssize_t n = read(l->fd, l->block + l->have, BLOCK - l->have);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return zc_fail_errno(err, "reading %s", path);
                if (n == 0)
                        break;
                l->have += (size_t)n;
                take_lines(a, l);
        }
        if (l->have > 0 && !l->passing)
                answer(a, (struct zc_rd){ (const uint8_t *)l->block, l->have });
        return true;
}

bool zc_reach_packets(struct zc_reaching *r, struct zc_err *err)
{
        const char *path = r->o->packets;
        struct answers a = { .r = r };
        struct lines l = { .fd = STDIN_FILENO };
        bool ok;

        if (strcmp(path, "-") != 0)
                l.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (l.fd < 0) {
                zc_fail_errno(err, "cannot read %s", path);
                err->code = ZC_E_USAGE;
                return false;
        }
        l.block = zc_arena_alloc(r->o->arena, BLOCK);
        ok = (l.block || zc_fail(err, ZC_E_NOMEM, "no memory for the packets")) &&
             prepare(&a, err) && answer_all(&a, &l, path, err);
        release(&a);
        if (l.fd != STDIN_FILENO)
                close(l.fd);
        return ok;
}
