/** CVSS v4.0 vectors: reading, writing, and the score. */
#include "zc/cvss.h"

#include <string.h>

#include "cvss_table.h"

#define PREFIX "CVSS:4.0/"

/* In the order of the specification (table 23); values from the worst to the mildest, which is their distance too. */
enum metric {
        AV,
        AC,
        AT,
        PR,
        UI,
        VC,
        VI,
        VA,
        SC,
        SI,
        SA,
        E,
        CR,
        IR,
        AR,
        MAV,
        MAC,
        MAT,
        MPR,
        MUI,
        MVC,
        MVI,
        MVA,
        MSC,
        MSI,
        MSA,
        S,
        AU,
        R,
        V,
        RE,
        U,
};
#define BASE_METRICS 11u

static const struct {
        const char *name;
        const char *values[6]; /* NULL-terminated */
} metrics[] = {
        [AV] = { "AV", { "N", "A", "L", "P" } },
        [AC] = { "AC", { "L", "H" } },
        [AT] = { "AT", { "N", "P" } },
        [PR] = { "PR", { "N", "L", "H" } },
        [UI] = { "UI", { "N", "P", "A" } },
        [VC] = { "VC", { "H", "L", "N" } },
        [VI] = { "VI", { "H", "L", "N" } },
        [VA] = { "VA", { "H", "L", "N" } },
        [SC] = { "SC", { "H", "L", "N" } },
        [SI] = { "SI", { "H", "L", "N" } },
        [SA] = { "SA", { "H", "L", "N" } },
        [E] = { "E", { "A", "P", "U", "X" } },
        [CR] = { "CR", { "H", "M", "L", "X" } },
        [IR] = { "IR", { "H", "M", "L", "X" } },
        [AR] = { "AR", { "H", "M", "L", "X" } },
        [MAV] = { "MAV", { "N", "A", "L", "P", "X" } },
        [MAC] = { "MAC", { "L", "H", "X" } },
        [MAT] = { "MAT", { "N", "P", "X" } },
        [MPR] = { "MPR", { "N", "L", "H", "X" } },
        [MUI] = { "MUI", { "N", "P", "A", "X" } },
        [MVC] = { "MVC", { "H", "L", "N", "X" } },
        [MVI] = { "MVI", { "H", "L", "N", "X" } },
        [MVA] = { "MVA", { "H", "L", "N", "X" } },
        [MSC] = { "MSC", { "H", "L", "N", "X" } },
        [MSI] = { "MSI", { "S", "H", "L", "N", "X" } },
        [MSA] = { "MSA", { "S", "H", "L", "N", "X" } },
        [S] = { "S", { "N", "P", "X" } },
        [AU] = { "AU", { "N", "Y", "X" } },
        [R] = { "R", { "A", "U", "I", "X" } },
        [V] = { "V", { "D", "C", "X" } },
        [RE] = { "RE", { "L", "M", "H", "X" } },
        [U] = { "U", { "Clear", "Green", "Amber", "Red", "X" } },
};
_Static_assert(ZC_COUNT(metrics) == ZC_CVSS_METRICS, "a row for each metric");

/* ---- text ---- */

static bool word_is(const char *s, size_t n, const char *word)
{
        return strlen(word) == n && memcmp(s, word, n) == 0;
}

/** The metric of a name; ZC_CVSS_METRICS for none. */
static size_t metric_find(const char *s, size_t n)
{
        size_t m = 0;

        while (m < ZC_CVSS_METRICS && !word_is(s, n, metrics[m].name))
                m++;
        return m;
}

/** 1 + the place of a value; 0 for none. */
static uint8_t value_find(size_t m, const char *s, size_t n)
{
        for (uint8_t i = 0; i < ZC_COUNT(metrics[m].values) && metrics[m].values[i]; i++) {
                if (word_is(s, n, metrics[m].values[i]))
                        return (uint8_t)(i + 1);
        }
        return 0;
}

/** "AV:N" of n bytes; *next: the metrics that may still come. */
static bool part_parse(const char *s, size_t n, size_t *next, struct zc_cvss *v, struct zc_err *err)
{
        const char *colon = memchr(s, ':', n);
        size_t name = colon ? (size_t)(colon - s) : n;
        size_t m = metric_find(s, name);

        if (!colon || m == ZC_CVSS_METRICS)
                return zc_fail(err, ZC_E_USAGE,
                               "CVSS 4.0 has no metric \"%.*s\"; write AV:N/AC:L/…",
                               (int)(n > 20 ? 20 : n), s);
        if (v->value[m])
                return zc_fail(err, ZC_E_USAGE, "the metric %s stands twice", metrics[m].name);
        if (m < *next)
                return zc_fail(err, ZC_E_USAGE, "the metric %s stands after %s; its order is fixed",
                               metrics[m].name, metrics[*next - 1].name);
        v->value[m] = value_find(m, colon + 1, n - name - 1);
        if (!v->value[m])
                return zc_fail(err, ZC_E_USAGE, "the metric %s has no value \"%.*s\"",
                               metrics[m].name, (int)(n - name - 1 > 20 ? 20 : n - name - 1),
                               colon + 1);
        *next = m + 1;
        return true;
}

bool zc_cvss_parse(const char *s, struct zc_cvss *out, struct zc_err *err)
{
        struct zc_cvss v = { { 0 } };
        size_t next = 0;

        if (strncmp(s, PREFIX, sizeof(PREFIX) - 1) != 0)
                return zc_fail(err, ZC_E_USAGE,
                               "\"%.20s\" is no CVSS 4.0 vector; it begins with " PREFIX, s);
        s += sizeof(PREFIX) - 1;
        for (;;) {
                size_t n = strcspn(s, "/");

                if (!part_parse(s, n, &next, &v, err))
                        return false;
                if (s[n] == '\0')
                        break;
                s += n + 1;
        }
        for (size_t m = 0; m < BASE_METRICS; m++) {
                if (!v.value[m])
                        return zc_fail(err, ZC_E_USAGE, "the base metric %s is missing",
                                       metrics[m].name);
        }
        *out = v;
        return true;
}

void zc_cvss_text(const struct zc_cvss *v, struct zc_text *out)
{
        const char *before = PREFIX;

        for (size_t m = 0; m < ZC_CVSS_METRICS; m++) {
                if (!v->value[m])
                        continue;
                zc_text_printf(out, "%s%s:%s", before, metrics[m].name,
                               metrics[m].values[v->value[m] - 1]);
                before = "/";
        }
}

/* ---- what the score is made of ---- */

/* How far each metric is from its worst value, modifications and defaults applied. Safety is one worse than high. */
struct levels {
        int at[AR + 1];
};

static bool is_given(const struct zc_cvss *v, enum metric m)
{
        return v->value[m] && strcmp(metrics[m].values[v->value[m] - 1], "X") != 0;
}

static struct levels levels_of(const struct zc_cvss *v)
{
        struct levels l = { { 0 } };

        for (int m = AV; m <= AR; m++) {
                bool subsequent = m >= SC && m <= SA;
                enum metric modified = (enum metric)(m + MAV);

                if (m >= E) { /* not defined counts as the worst */
                        l.at[m] = is_given(v, (enum metric)m) ? v->value[m] - 1 : 0;
                        continue;
                }
                l.at[m] = v->value[m] - 1 + subsequent;
                if (is_given(v, modified)) /* MSC has no safety, MSI and MSA begin with it */
                        l.at[m] = v->value[modified] - 1 + (modified == MSC);
        }
        return l;
}

/* Levels as written in the specification. */
enum { HIGH_IMPACT = 0, NO_IMPACT = 2, SAFETY = 0, HIGH_LATER = 1, NO_LATER = 3, PHYSICAL = 3 };

struct macro {
        int eq1, eq2, eq3, eq4, eq5, eq6;
};

/** Tables 24 to 29. */
static struct macro macro_of(const struct levels *l)
{
        const int *a = l->at;
        struct macro m = { 0 };
        bool high = a[VC] == HIGH_IMPACT || a[VI] == HIGH_IMPACT || a[VA] == HIGH_IMPACT;

        if (a[AV] == PHYSICAL || (a[AV] && a[PR] && a[UI]))
                m.eq1 = 2;
        else
                m.eq1 = a[AV] || a[PR] || a[UI];
        m.eq2 = a[AC] || a[AT];
        m.eq3 = a[VC] == HIGH_IMPACT && a[VI] == HIGH_IMPACT ? 0 : high ? 1 : 2;
        if (a[SI] == SAFETY || a[SA] == SAFETY)
                m.eq4 = 0;
        else
                m.eq4 = a[SC] == HIGH_LATER || a[SI] == HIGH_LATER || a[SA] == HIGH_LATER ? 1 : 2;
        m.eq5 = a[E];
        m.eq6 = !((a[CR] == 0 && a[VC] == HIGH_IMPACT) || (a[IR] == 0 && a[VI] == HIGH_IMPACT) ||
                  (a[AR] == 0 && a[VA] == HIGH_IMPACT));
        return m;
}

void zc_cvss_macro(const struct zc_cvss *v, char out[7])
{
        struct levels l = levels_of(v);
        struct macro m = macro_of(&l);
        const int eq[] = { m.eq1, m.eq2, m.eq3, m.eq4, m.eq5, m.eq6 };

        for (size_t i = 0; i < ZC_COUNT(eq); i++)
                out[i] = (char)('0' + eq[i]);
        out[ZC_COUNT(eq)] = '\0';
}

/** Tenths of a MacroVector, -1 where there is none. */
static int score_of(struct macro m)
{
        if (m.eq1 > 2 || m.eq2 > 1 || m.eq3 > 2 || m.eq4 > 2 || m.eq5 > 2 || m.eq6 > 1 ||
            (m.eq3 == 2 && m.eq6 == 0))
                return -1;
        return zc_cvss_scores[m.eq1][m.eq2][m.eq3][m.eq4][m.eq5][m.eq6];
}

/* The highest vectors of each level of an equivalence class: a vector's distance is counted from the first that is not milder than it. */
#define TOPS_MAX 5
struct tops {
        unsigned depth; /* steps from the highest vector of the level to its lowest, one more */
        size_t count;
        uint8_t top[TOPS_MAX][6];
};
static const struct tops eq1_tops[] = {
        { 1, 1, { { 0, 0, 0 } } },
        { 4, 3, { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } } },
        { 5, 2, { { 3, 0, 0 }, { 1, 1, 1 } } },
};
static const struct tops eq2_tops[] = {
        { 1, 1, { { 0, 0 } } },
        { 2, 2, { { 1, 0 }, { 0, 1 } } },
};
static const struct tops eq3_tops[][2] = {
        { { 7, 1, { { 0, 0, 0, 0, 0, 0 } } },
          { 6, 2, { { 0, 0, 1, 1, 1, 0 }, { 0, 0, 0, 1, 1, 1 } } } },
        { { 8, 2, { { 1, 0, 0, 0, 0, 0 }, { 0, 1, 0, 0, 0, 0 } } },
          { 8,
            5,
            { { 1, 0, 1, 0, 1, 0 },
              { 1, 0, 0, 0, 1, 1 },
              { 0, 1, 0, 1, 0, 1 },
              { 0, 1, 1, 1, 0, 0 },
              { 1, 1, 0, 0, 0, 1 } } } },
        { { 0 }, { 10, 1, { { 1, 1, 1, 0, 0, 0 } } } },
};
static const struct tops eq4_tops[] = {
        { 6, 1, { { 1, 0, 0 } } },
        { 5, 1, { { 1, 1, 1 } } },
        { 4, 1, { { 2, 2, 2 } } },
};

/** Steps below the first top that dominates the vector. */
static int distance(const struct levels *l, const enum metric *of, size_t n, const struct tops *t)
{
        for (size_t i = 0; i < t->count; i++) {
                int sum = 0;
                size_t k = 0;

                for (; k < n && l->at[of[k]] >= t->top[i][k]; k++)
                        sum += l->at[of[k]] - t->top[i][k];
                if (k == n)
                        return sum;
        }
        return 0;
}

/** What the next lower MacroVector of EQ3 and EQ6 together scores: the higher of two where there are two. */
static int below_eq3(struct macro m)
{
        struct macro a = m, b = m;

        if (m.eq3 == 0 && m.eq6 == 0) {
                a.eq6 = 1;
                b.eq3 = 1;
                return score_of(a) > score_of(b) ? score_of(a) : score_of(b);
        }
        a.eq3 += m.eq6 == 1;
        a.eq6 += m.eq6 == 0;
        return score_of(a);
}

/* Every depth divides it: interpolation stays in whole numbers. */
#define WHOLE 840

/* The mean of the steps down, over the classes that have a lower MacroVector. */
struct mean {
        int sum, count;
};

static void mean_add(struct mean *mean, int score, int below, int steps, unsigned depth)
{
        if (below < 0 || below > score)
                return;
        mean->sum += (score - below) * steps * (WHOLE / (int)depth);
        mean->count++;
}

/** Section 8.2. */
static int interpolate(const struct levels *l, struct macro m)
{
        static const enum metric eq1[] = { AV, PR, UI }, eq2[] = { AC, AT },
                                 eq3[] = { VC, VI, VA, CR, IR, AR }, eq4[] = { SC, SI, SA };
        int score = score_of(m), whole, half_up;
        struct mean mean = { 0 };
        struct macro lower[4] = { m, m, m, m };

        lower[0].eq1++;
        lower[1].eq2++;
        lower[2].eq4++;
        lower[3].eq5++;
        mean_add(&mean, score, score_of(lower[0]), distance(l, eq1, 3, &eq1_tops[m.eq1]),
                 eq1_tops[m.eq1].depth);
        mean_add(&mean, score, score_of(lower[1]), distance(l, eq2, 2, &eq2_tops[m.eq2]),
                 eq2_tops[m.eq2].depth);
        mean_add(&mean, score, below_eq3(m), distance(l, eq3, 6, &eq3_tops[m.eq3][m.eq6]),
                 eq3_tops[m.eq3][m.eq6].depth);
        mean_add(&mean, score, score_of(lower[2]), distance(l, eq4, 3, &eq4_tops[m.eq4]),
                 eq4_tops[m.eq4].depth);
        mean_add(&mean, score, score_of(lower[3]), 0, 1);
        if (mean.count == 0)
                return score;
        whole = WHOLE * mean.count;
        half_up = 2 * (score * whole - mean.sum) + whole;
        return half_up < 0 ? 0 : half_up / (2 * whole);
}

unsigned zc_cvss_score(const struct zc_cvss *v)
{
        struct levels l = levels_of(v);
        int tenths;

        if (l.at[VC] == NO_IMPACT && l.at[VI] == NO_IMPACT && l.at[VA] == NO_IMPACT &&
            l.at[SC] == NO_LATER && l.at[SI] == NO_LATER && l.at[SA] == NO_LATER)
                return 0;
        tenths = interpolate(&l, macro_of(&l));
        return tenths > 100 ? 100 : (unsigned)tenths;
}

/** Section 6. */
enum zc_severity zc_cvss_band(unsigned tenths)
{
        if (tenths >= 90)
                return ZC_CRITICAL;
        if (tenths >= 70)
                return ZC_HIGH;
        if (tenths >= 40)
                return ZC_MEDIUM;
        return tenths > 0 ? ZC_LOW : ZC_INFO;
}
