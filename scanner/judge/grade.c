/**
 * Letters: what an area, or one service's part of it, came to. A letter is an opinion about what was seen; the gate is the verdict, and the
 * whole has no letter.
 */
#include <stdio.h>
#include <string.h>

#include "judge_internal.h"

#define AREAS_MAX 64u
/* Fewer checks than this answered, of each ten, give no letter. */
#define ANSWERED_OF_TEN 9u

const char zc_grading_words[] =
        "Each area has the letter of its worst open finding: A for none or merely informing ones, "
        "B "
        "low, C medium, D high, F critical. An open critical finding is an F whatever else is "
        "known. "
        "An area of which less than nine checks in ten were answered, or a required one was not, "
        "has "
        "no letter: what was not seen is no good mark. Waived findings lower no letter and stay "
        "listed. The whole has no letter; the verdict of the gate is what counts.";

/* What is known of one area, or of one subject within it. */
struct score {
        size_t checks, failed, unknown;
        bool required; /* a required check has no answer */
        bool blind;    /* nothing answered, so that nothing there can be told good */
        int worst;     /* severity of the worst open finding, -1 for none */
};

static const char *letter(const struct score *s)
{
        static const char *const letters[] = { [ZC_INFO] = "A",
                                               [ZC_LOW] = "B",
                                               [ZC_MEDIUM] = "C",
                                               [ZC_HIGH] = "D",
                                               [ZC_CRITICAL] = "F" };

        if (s->worst == ZC_CRITICAL)
                return letters[ZC_CRITICAL];
        if (s->checks == 0 || s->required || (s->blind && s->worst < 0) ||
            (s->checks - s->unknown) * 10 < s->checks * ANSWERED_OF_TEN)
                return NULL;
        return s->worst >= 0 ? letters[s->worst] : letters[ZC_INFO];
}

static void explain(const struct score *s, struct zc_text *out)
{
        zc_text_clear(out);
        if (s->worst >= 0)
                zc_text_printf(out, "the worst open finding is %s",
                               zc_severity_name((enum zc_severity)s->worst));
        else
                zc_text_add(out, s->checks ? "no open finding" : "nothing of this was judged");
        if (s->blind)
                zc_text_add(out, "; no port answered, open or closed: no letter");
        if (s->unknown > 0)
                zc_text_printf(out, "; %zu of %zu checks unknown", s->unknown, s->checks);
        if (s->unknown > 0 && !letter(s))
                zc_text_add(out, s->required ? ", a required one among them: no letter"
                                             : ": too little was seen for a letter");
}

static void score_row(struct score *s, const struct zc_row *r, size_t count)
{
        bool unanswered = r->verdict == ZC_UNKNOWN || r->verdict == ZC_ERROR;

        s->checks += r->verdict == ZC_NOTAPPLICABLE_V ? 0 : count;
        s->failed += r->verdict == ZC_FAIL ? count : 0;
        s->unknown += unanswered ? count : 0;
        s->required = s->required || (unanswered && r->required && !r->waived);
}

/** The severity of an open finding; -1 for one that lowers no letter. */
static int weight(const json_t *f)
{
        enum zc_severity s = ZC_INFO;

        if (strcmp(zc_json_str(f, "status", ""), "open") != 0 ||
            strcmp(zc_json_str(f, "change", ""), "absent") == 0 ||
            !zc_severity_parse(zc_json_str(f, "severity", ""), &s))
                return -1;
        return (int)s;
}

/* ---- areas ---- */

struct area {
        char name[32];
        struct score score;
};

/* The areas of ZC-<AREA>-<NNN>; those of a service have letters by subject too. */
static const struct {
        const char *code, *name;
        bool service;
} known[] = {
        { "FW", "firewall", false },
        { "PORT", "ports", false },
        { "HOST", "host", false },
        { "TLS", "tls", true },
        { "HTTP", "http", true },
        { "PG", "postgres", true },
        { "RD", "redis", true },
        { "SSH", "ssh", true },
        { "EXPECT", "expectations", false },
};

/** The place among the known; their count for none. */
static size_t known_find(const char *rule, char code[32])
{
        size_t n, i = 0;

        if (strncmp(rule, "ZC-", 3) == 0)
                rule += 3;
        n = strcspn(rule, "-");
        snprintf(code, 32, "%.*s", (int)(n < 32 ? n : 31), rule);
        while (i < ZC_COUNT(known) && strcmp(known[i].code, code) != 0)
                i++;
        return i;
}

static void area_name(const char *rule, char out[32])
{
        size_t i = known_find(rule, out);

        if (i < ZC_COUNT(known))
                snprintf(out, 32, "%s", known[i].name);
        else
                zc_ascii_lower(out);
}

/** The last one takes what does not fit. */
static struct area *area_of(struct area *areas, size_t *count, const char *rule)
{
        char name[32];

        area_name(rule, name);
        for (size_t i = 0; i < *count; i++) {
                if (strcmp(areas[i].name, name) == 0)
                        return &areas[i];
        }
        if (*count == AREAS_MAX)
                return &areas[AREAS_MAX - 1];
        areas[*count].score.worst = -1;
        memcpy(areas[*count].name, name, sizeof(name));
        return &areas[(*count)++];
}

static json_t *area_json(const struct area *a, struct zc_text *why)
{
        explain(&a->score, why);
        return json_pack("{s:s, s:s?, s:s, s:I, s:I, s:I}", "name", a->name, "grade",
                         letter(&a->score), "why", zc_text_str(why), "checks",
                         (json_int_t)a->score.checks, "failed", (json_int_t)a->score.failed,
                         "unknown", (json_int_t)a->score.unknown);
}

json_t *zc_areas(const struct zc_tally *t, const json_t *findings)
{
        struct area areas[AREAS_MAX] = { { .score.worst = -1 } };
        json_t *out = json_array();
        const json_t *f;
        size_t count = 0, i;
        ZC_AUTO_TEXT why = { 0 };

        zc_text_init(&why, 256);
        for (size_t r = 0; r < t->row_count; r++)
                score_row(&area_of(areas, &count, t->rows[r].rule)->score, &t->rows[r],
                          t->rows[r].count);
        json_array_foreach (findings, i, f) {
                struct area *a = area_of(areas, &count, zc_json_str(f, "rule", ""));

                if (weight(f) > a->score.worst)
                        a->score.worst = weight(f);
        }
        for (size_t k = 0; k < count; k++)
                areas[k].score.blind = strcmp(areas[k].name, "ports") == 0 && t->ports_silent &&
                                       !t->ports_seen;
        for (size_t k = 0; k < count; k++)
                json_array_append_new(out, area_json(&areas[k], &why));
        return out;
}

/* ---- services ---- */

/* Every subject by every known area: few areas, and what is not there costs nothing to skip. */
struct grid {
        const struct zc_tally *t;
        struct score *scores; /* subject by subject, an area each */
        size_t subjects;
};

static struct score *grid_at(const struct grid *g, size_t subject, size_t area)
{
        return &g->scores[subject * ZC_COUNT(known) + area];
}

static void grid_row(const struct grid *g, const struct zc_row *r, size_t area)
{
        for (size_t k = 0; k < r->range_count; k++) {
                for (size_t s = r->ranges[k][0]; s <= r->ranges[k][1] && s < g->subjects; s++)
                        score_row(grid_at(g, s, area), r, 1);
        }
}

static void grid_finding(const struct grid *g, const json_t *f, size_t area)
{
        ZC_AUTO_MEM char *key =
                zc_key(zc_json_str(f, "asset", ""), zc_json_str(f, "subject", ""), NULL);
        const json_t *at = key ? json_object_get(g->t->subject_index, key) : NULL;
        struct score *s = at ? grid_at(g, (size_t)json_integer_value(at), area) : NULL;

        if (s && weight(f) > s->worst)
                s->worst = weight(f);
}

static bool grid_fill(struct grid *g, const json_t *findings)
{
        char code[32];
        const json_t *f;
        size_t i, area;

        g->subjects = json_array_size(g->t->subjects);
        g->scores = calloc(g->subjects * ZC_COUNT(known) + 1, sizeof(*g->scores));
        if (!g->scores)
                return false;
        for (size_t k = 0; k < g->subjects * ZC_COUNT(known); k++)
                g->scores[k].worst = -1;
        for (size_t r = 0; r < g->t->row_count; r++) {
                area = known_find(g->t->rows[r].rule, code);
                if (area < ZC_COUNT(known) && known[area].service)
                        grid_row(g, &g->t->rows[r], area);
        }
        json_array_foreach (findings, i, f) {
                area = known_find(zc_json_str(f, "rule", ""), code);
                if (area < ZC_COUNT(known) && known[area].service)
                        grid_finding(g, f, area);
        }
        return true;
}

json_t *zc_grades(const struct zc_tally *t, const json_t *findings)
{
        struct grid g = { .t = t };
        json_t *out = json_array();
        ZC_AUTO_TEXT why = { 0 };

        zc_text_init(&why, 256);
        if (!grid_fill(&g, findings)) {
                json_decref(out);
                return NULL;
        }
        for (size_t i = 0; i < g.subjects * ZC_COUNT(known); i++) {
                const char *grade = g.scores[i].checks ? letter(&g.scores[i]) : NULL;

                if (!grade)
                        continue;
                explain(&g.scores[i], &why);
                json_array_append_new(
                        out, json_pack("{s:O, s:O, s:s, s:s, s:s}", "asset",
                                       json_array_get(t->assets, i / ZC_COUNT(known)), "subject",
                                       json_array_get(t->subjects, i / ZC_COUNT(known)), "scheme",
                                       known[i % ZC_COUNT(known)].name, "grade", grade, "why",
                                       zc_text_str(&why)));
        }
        free(g.scores);
        return out;
}
