/** The replies of protocols that switch to TLS. Pure. */
#include "zc/starttls.h"

#include <string.h>
#include <strings.h>

/* "250-STARTTLS" CR LF, "250 HELP" CR LF: code, then '-' when more lines follow, ' ' or nothing on the last */
static bool line_parse(struct zc_rd line, unsigned *code, bool *last, struct zc_rd *text)
{
        unsigned value = 0;

        if (line.n < 3)
                return false;
        for (size_t i = 0; i < 3; i++) {
                if (line.p[i] < '0' || line.p[i] > '9')
                        return false;
                value = value * 10 + (unsigned)(line.p[i] - '0');
        }
        if (value < 200 || value > 599 || !zc_rd_skip(&line, 3))
                return false;
        *last = line.n == 0 || line.p[0] == ' ';
        if (line.n > 0 && line.p[0] != ' ' && line.p[0] != '-')
                return false;
        if (line.n > 0 && !zc_rd_skip(&line, 1))
                return false;
        *code = value;
        *text = line;
        return true;
}

/* The keyword alone, whatever its case; parameters after it are not defined, and would not unmake it. */
static bool is_keyword(struct zc_rd text, const char *word)
{
        size_t n = strlen(word);

        return text.n >= n && strncasecmp((const char *)text.p, word, n) == 0 &&
               (text.n == n || text.p[n] == ' ' || text.p[n] == '=');
}

enum zc_reply zc_smtp_reply_parse(struct zc_rd *in, struct zc_smtp_reply *out)
{
        struct zc_smtp_reply r = { 0 };
        struct zc_rd rest = *in, line, text;
        bool last = false;

        while (!last) {
                unsigned code;

                if (!zc_rd_line(&rest, &line))
                        return rest.n > ZC_SMTP_LINE_MAX ? ZC_REPLY_FOREIGN : ZC_REPLY_MORE;
                if (line.n > ZC_SMTP_LINE_MAX || !line_parse(line, &code, &last, &text) ||
                    (r.lines > 0 && code != r.code) || r.lines >= ZC_SMTP_LINES_MAX)
                        return ZC_REPLY_FOREIGN;
                if (r.lines == 0)
                        r.first = text;
                r.starttls = r.starttls || (r.lines > 0 && is_keyword(text, "STARTTLS"));
                r.auth = r.auth || (r.lines > 0 && is_keyword(text, "AUTH"));
                r.code = code;
                r.lines++;
        }
        *out = r;
        *in = rest;
        return ZC_REPLY_DONE;
}

enum zc_reply zc_pg_ssl_parse(struct zc_rd *in, enum zc_pg_ssl_answer *out)
{
        if (in->n == 0)
                return ZC_REPLY_MORE;
        switch (in->p[0]) {
        case 'S':
                *out = ZC_PG_SSL_YES;
                break;
        case 'N':
                *out = ZC_PG_SSL_NO;
                break;
        case 'E':
                *out = ZC_PG_SSL_ERROR;
                return ZC_REPLY_DONE;
        default:
                return ZC_REPLY_FOREIGN;
        }
        return zc_rd_skip(in, 1) ? ZC_REPLY_DONE : ZC_REPLY_MORE;
}
