#include "persist_wire.h"

#include <string.h>

#include "zc/err.h"

static bool is_one_of(uint8_t c, const char *set)
{
        return c != '\0' && strchr(set, c);
}

static bool is_space(uint8_t c)
{
        return c == ' ' || c == '\t' || c == '\r';
}

/* ---- nft scripts ---- */

enum token { END, WORD, TEXT, BREAK, OPEN, CLOSE };

static void skip(struct zc_rd *at, size_t n)
{
        at->p += n;
        at->n -= n;
}

/** Blanks, comments, and line ends behind a backslash. */
static void skip_blank(struct zc_rd *at)
{
        while (at->n > 0) {
                if (is_space(*at->p))
                        skip(at, 1);
                else if (at->n > 1 && at->p[0] == '\\' && at->p[1] == '\n')
                        skip(at, 2);
                else if (*at->p == '#')
                        while (at->n > 0 && *at->p != '\n')
                                skip(at, 1);
                else
                        return;
        }
}

static enum token text_token(struct zc_rd *at, struct zc_rd *word)
{
        size_t n = 1;

        while (n < at->n && at->p[n] != '"' && at->p[n] != '\n')
                n++;
        *word = (struct zc_rd){ at->p + 1, n - 1 };
        skip(at, n < at->n && at->p[n] == '"' ? n + 1 : n);
        return TEXT;
}

static enum token next_token(struct zc_rd *at, struct zc_rd *word)
{
        size_t n = 0;

        skip_blank(at);
        *word = (struct zc_rd){ at->p, 0 };
        if (at->n == 0)
                return END;
        if (*at->p == '"')
                return text_token(at, word);
        if (is_one_of(*at->p, "\n;{}")) {
                uint8_t c = *at->p;

                skip(at, 1);
                return c == '{' ? OPEN : c == '}' ? CLOSE : BREAK;
        }
        while (n < at->n && !is_space(at->p[n]) && !is_one_of(at->p[n], "\n;{}\"#"))
                n++;
        word->n = n;
        skip(at, n);
        return WORD;
}

static bool is_family(struct zc_rd word)
{
        static const char *const families[] = { "ip", "ip6", "inet", "arp", "bridge", "netdev" };

        for (size_t i = 0; i < ZC_COUNT(families); i++)
                if (zc_rd_is(word, families[i]))
                        return true;
        return false;
}

/** After "table": [family] name. */
static void read_name(struct fw_conf *c, struct fw_conf_item *out)
{
        struct zc_rd before = c->at, word;
        enum token t = next_token(&c->at, &word);

        out->family = out->name = (struct zc_rd){ word.p, 0 };
        if (t == WORD && is_family(word)) {
                out->family = word;
                before = c->at;
                t = next_token(&c->at, &word);
        }
        if (t != WORD && t != TEXT) {
                c->at = before;
                out->what = FW_CONF_UNSURE;
                return;
        }
        out->name = word;
        if (word.n == 0 || *word.p == '$' || zc_rd_is(word, "handle"))
                out->what = FW_CONF_UNSURE;
}

/** A statement begins with this word. True when it is about tables. */
static bool statement(struct fw_conf *c, struct zc_rd word, struct fw_conf_item *out)
{
        static const struct {
                const char *word;
                enum fw_conf_what what;
        } verbs[] = { { "add", FW_CONF_TABLE },
                      { "create", FW_CONF_TABLE },
                      { "delete", FW_CONF_GONE },
                      { "destroy", FW_CONF_GONE } };
        struct zc_rd before = c->at, next;

        if (zc_rd_is(word, "table")) {
                out->what = FW_CONF_TABLE;
                read_name(c, out);
                return true;
        }
        for (size_t i = 0; i < ZC_COUNT(verbs); i++) {
                if (!zc_rd_is(word, verbs[i].word))
                        continue;
                if (next_token(&c->at, &next) != WORD || !zc_rd_is(next, "table")) {
                        c->at = before;
                        return false;
                }
                out->what = verbs[i].what;
                read_name(c, out);
                return true;
        }
        if (zc_rd_is(word, "flush") && next_token(&c->at, &next) == WORD &&
            zc_rd_is(next, "ruleset")) {
                out->what = FW_CONF_FLUSH;
                return true;
        }
        c->at = before;
        if (!zc_rd_is(word, "include") || next_token(&c->at, &next) != TEXT)
                return false;
        out->what = FW_CONF_INCLUDE;
        out->name = next;
        return true;
}

bool fw_conf_next(struct fw_conf *c, struct fw_conf_item *out)
{
        struct zc_rd word;
        enum token t;

        *out = (struct fw_conf_item){ .what = FW_CONF_UNSURE };
        while ((t = next_token(&c->at, &word)) != END) {
                bool begins = t == WORD && !c->inside && c->depth == 0;

                c->inside = t == WORD || t == TEXT;
                if (t == OPEN)
                        c->depth++;
                if (t == CLOSE && c->depth > 0)
                        c->depth--;
                if (begins && statement(c, word, out))
                        return true;
        }
        return false;
}

/* ---- lines ---- */

/** A line without blanks around it; the last one needs no line end. */
static bool next_line(struct zc_rd *at, struct zc_rd *line)
{
        if (at->n == 0)
                return false;
        if (!zc_rd_line(at, line)) {
                *line = *at;
                at->p += at->n;
                at->n = 0;
        }
        while (line->n > 0 && is_space(*line->p))
                skip(line, 1);
        while (line->n > 0 && is_space(line->p[line->n - 1]))
                line->n--;
        return true;
}

bool fw_saved_next(struct zc_rd *at, struct zc_rd *name)
{
        struct zc_rd line;

        while (next_line(at, &line)) {
                if (line.n < 2 || *line.p != '*')
                        continue;
                *name = (struct zc_rd){ line.p + 1, line.n - 1 };
                return true;
        }
        return false;
}

static void unquote(struct zc_rd *value)
{
        uint8_t q = value->n > 1 ? *value->p : 0;

        if ((q == '"' || q == '\'') && value->p[value->n - 1] == q) {
                value->p++;
                value->n -= 2;
        }
}

bool fw_setting(struct zc_rd file, const char *key, struct zc_rd *value)
{
        size_t n = strlen(key);
        struct zc_rd line;
        bool found = false;

        while (next_line(&file, &line)) {
                if (!zc_rd_starts(line, key, n) || line.n == n || line.p[n] != '=')
                        continue;
                *value = (struct zc_rd){ line.p + n + 1, line.n - n - 1 };
                unquote(value);
                found = true;
        }
        return found;
}

static bool is_part(uint8_t c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.';
}

bool fw_calls_firewall(struct zc_rd file)
{
        static const char *const programs[] = {
                "nft",
                "iptables",
                "ip6tables",
                "iptables-restore",
                "ip6tables-restore",
                "iptables-nft-restore",
                "iptables-legacy-restore",
                "firewall-cmd",
                "ufw",
                "ipset",
        };
        struct zc_rd line;

        while (next_line(&file, &line)) {
                size_t n = 0;

                if (line.n > 0 && (*line.p == '#' || *line.p == ';'))
                        continue;
                for (; line.n > 0; skip(&line, n)) {
                        for (n = 0; n < line.n && (is_part(line.p[n]) || line.p[n] == '-'); n++)
                                ;
                        for (size_t i = 0; i < ZC_COUNT(programs); i++)
                                if (zc_rd_is((struct zc_rd){ line.p, n }, programs[i]))
                                        return true;
                        n += n == 0;
                }
        }
        return false;
}
