/** The verdict and, beside it as large, what was not seen. */
#include <string.h>

#include "html.h"
#include "page.h"

#define REASONS_MAX 5u
#define NAMES_MAX 6u

const char *html_host(const struct html *h, const char *asset)
{
        const char *known = page_vantage(h->report, asset);

        return known ? known : asset;
}

bool html_hosts(const struct html *h)
{
        return page_many_hosts(h->report);
}

/* ---- verdict ---- */

static const struct {
        const char *verdict, *word, *style;
} words[] = {
        { "pass", "MET", "met" },
        { "fail", "NOT MET", "not-met" },
        { "incomplete", "NOT SHOWN", "not-shown" },
};

static void put_target(const struct html *h)
{
        const char *name;
        json_t *allowed;
        size_t n = 0;

        zc_out_puts(h->out, "<p class=\"kicker\">Target: ");
        json_object_foreach (zc_json_at(h->report, "gate.target"), name, allowed) {
                char count[48] = "zero";

                if (json_integer_value(allowed) != 0)
                        snprintf(count, sizeof(count), "at most %lld",
                                 (long long)json_integer_value(allowed));
                markup_fmt(h->out, "%s%s %s", n++ ? ", " : "", count, name);
        }
        zc_out_puts(h->out, n ? "; nothing required left unseen</p>\n"
                              : "nothing required left unseen</p>\n");
}

/** Why not, or what to look at, beyond what the line says already. @list: gate.reasons, gate.warnings */
static void put_sentences(const struct html *h, const char *list)
{
        const json_t *v;
        size_t i, n = 0;

        json_array_foreach (zc_json_at(h->report, list), i, v) {
                const char *s = json_string_value(v);

                if (!s || strstr(h->verdict, s) || n++ >= REASONS_MAX)
                        continue;
                zc_out_puts(h->out, n == 1 ? "<ul>\n<li>" : "<li>");
                markup_cut(h->out, s, 400);
                zc_out_puts(h->out, "</li>\n");
        }
        if (n > REASONS_MAX)
                zc_out_printf(h->out, "<li>and %zu more</li>\n", n - REASONS_MAX);
        zc_out_puts(h->out, n ? "</ul>\n" : "");
}

static void fact_targets(const struct html *h)
{
        json_auto_t *seen = json_object();
        const json_t *run, *v;
        size_t i, j, n = 0;

        json_array_foreach (json_object_get(h->report, "runs"), i, run) {
                json_array_foreach (json_object_get(run, "targets"), j, v) {
                        json_object_set_new(seen, zc_json_str(v, "named", "?"), json_true());
                }
        }
        json_array_foreach (json_object_get(h->report, "assets"), i, v) {
                if (json_is_string(v))
                        json_object_set_new(seen, html_host(h, json_string_value(v)), json_true());
        }
        for (void *it = json_object_iter(seen); it; it = json_object_iter_next(seen, it)) {
                if (n == NAMES_MAX) {
                        zc_out_printf(h->out, " and %zu more", json_object_size(seen) - n);
                        break;
                }
                zc_out_puts(h->out, n++ ? ", " : "");
                markup_cut(h->out, json_object_iter_key(it), 200);
        }
        zc_out_puts(h->out, n ? "" : "none named");
}

static void fact_time(const struct html *h)
{
        markup_text(h->out, zc_json_str(h->report, "created", "not recorded"));
}

static void fact_vantages(const struct html *h)
{
        const json_t *runs = json_object_get(h->report, "runs");
        const json_t *run;
        size_t i;

        json_array_foreach (runs, i, run) {
                if (i == NAMES_MAX) {
                        zc_out_printf(h->out, " and %zu more", json_array_size(runs) - i);
                        return;
                }
                zc_out_puts(h->out, i ? "; " : "");
                markup_cut(h->out, page_run_name(run), 200);
                if (json_is_integer(zc_json_at(run, "options.uid")))
                        zc_out_puts(h->out, json_integer_value(zc_json_at(run, "options.uid")) == 0
                                                    ? " (as root)"
                                                    : " (unprivileged)");
                if (!json_is_string(json_object_get(run, "finished")))
                        zc_out_puts(h->out, " (ended early)");
        }
        zc_out_puts(h->out, i ? "" : "none");
}

static void fact_authorisation(const struct html *h)
{
        static const char *const members[] = { "owner", "ticket", "contact" };
        const json_t *a = json_object_get(h->report, "authorisation");
        const char *until = zc_json_str(a, "until", NULL);
        size_t n = 0;

        for (size_t i = 0; i < ZC_COUNT(members); i++) {
                const char *s = zc_json_str(a, members[i], NULL);

                if (s)
                        markup_fmt(h->out, "%s%s", n++ ? ", " : "", s);
        }
        if (until)
                markup_fmt(h->out, "%suntil %s", n++ ? ", " : "", until);
        zc_out_puts(h->out, n ? "" : "none recorded");
}

static void fact_rules(const struct html *h)
{
        ZC_AUTO_TEXT packs = { 0 };

        zc_text_init(&packs, HTML_TEXT_MAX);
        zc_out_printf(h->out, "%lld, profile ",
                      (long long)json_integer_value(zc_json_at(h->report, "pack.rules")));
        markup_fmt(h->out, "%s<br><span class=\"mono\">%s</span>",
                   zc_json_str(h->report, "profile", "default"),
                   zc_json_str(h->report, "pack.digest", ""));
        if (json_array_size(zc_json_at(h->report, "selection.left_out")) > 0)
                zc_out_printf(h->out, "<br>%zu rules left out by the profile",
                              json_array_size(zc_json_at(h->report, "selection.left_out")));
        page_packs(h->report, &packs);
        if (packs.len > 0)
                markup_fmt(h->out, "<br>%s", zc_text_str(&packs));
}

static void fact_policy(const struct html *h)
{
        const char *digest = zc_json_str(h->report, "policy.digest", NULL);

        if (digest)
                markup_fmt(h->out, "%s, of %s<br><span class=\"mono\">%s</span>",
                           zc_json_str(h->report, "policy.name", "?"),
                           zc_json_str(h->report, "policy.owner", "?"), digest);
        else
                zc_out_puts(h->out, "none given: the profile alone decides");
}

void html_verdict(const struct html *h)
{
        static const struct {
                const char *name;
                void (*put)(const struct html *h);
        } facts[] = { { "Target", fact_targets },     { "Time", fact_time },
                      { "Seen from", fact_vantages }, { "Authorisation", fact_authorisation },
                      { "Rules", fact_rules },        { "Policy", fact_policy } };
        const char *verdict = zc_json_str(h->report, "gate.verdict", "");
        const char *rest = h->verdict;
        size_t w = 0;

        while (w + 1 < ZC_COUNT(words) && strcmp(words[w].verdict, verdict) != 0)
                w++;
        if (strncmp(rest, words[w].word, strlen(words[w].word)) == 0)
                rest += strlen(words[w].word);
        zc_out_printf(h->out, "<article class=\"card verdict %s\">\n", words[w].style);
        put_target(h);
        zc_out_printf(h->out, "<h1 class=\"word\">%s</h1>\n<p class=\"line\">", words[w].word);
        markup_cut(h->out, rest + strspn(rest, " "), HTML_TEXT_MAX);
        zc_out_puts(h->out, "</p>\n");
        put_sentences(h, "gate.reasons");
        put_sentences(h, "gate.warnings");
        zc_out_puts(h->out, "<dl class=\"facts\">\n");
        for (size_t i = 0; i < ZC_COUNT(facts); i++) {
                zc_out_printf(h->out, "<dt>%s</dt><dd>", facts[i].name);
                facts[i].put(h);
                zc_out_puts(h->out, "</dd>\n");
        }
        zc_out_puts(h->out, "</dl>\n</article>\n");
}

/* ---- not seen ---- */

/** What the user took out of the plan is not seen either, and openly so. */
static void put_skipped(const struct html *h)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, HTML_TEXT_MAX);
        if (view_skipped(h->report, &t) == 0)
                return;
        zc_out_puts(h->out, "<li>Skipped, left out on request: ");
        markup_clean(h->out, zc_text_str(&t));
        zc_out_puts(h->out, "</li>\n");
}

/** Open ports that nothing is known of are no good news. */
static void put_left(const struct html *h)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, HTML_TEXT_MAX);
        if (view_left(h->exposure, true, &t) == 0)
                return;
        zc_out_puts(h->out, "<li>");
        markup_clean(h->out, zc_text_str(&t));
        zc_out_puts(h->out, "</li>\n");
}

static void put_unseen_list(const struct html *h)
{
        const struct view_unseen *u = h->unseen;

        for (size_t i = 0; i < u->count && i < REASONS_MAX; i++) {
                ZC_AUTO_TEXT t = { 0 };

                zc_text_init(&t, HTML_TEXT_MAX);
                zc_out_puts(h->out, u->r[i].required ? "<li class=\"required\">" : "<li>");
                view_reason_what(&u->r[i], &t);
                markup_cut(h->out, zc_text_str(&t), 300);
                zc_text_clear(&t);
                view_reason_checks(&u->r[i], &t);
                zc_out_puts(h->out, "<span>");
                markup_clean(h->out, zc_text_str(&t));
                zc_out_puts(h->out, "</span></li>\n");
        }
        if (u->count > REASONS_MAX)
                zc_out_printf(h->out, "<li><a href=\"#checks\">and %zu reasons more</a></li>\n",
                              u->count - REASONS_MAX);
}

void html_unseen(const struct html *h)
{
        const struct view_unseen *u = h->unseen;
        size_t problems = json_array_size(json_object_get(h->report, "problems"));

        zc_out_puts(h->out, "<article class=\"card unseen\">\n<p class=\"kicker\">Not seen</p>\n");
        zc_out_printf(h->out, "<h2 class=\"word\">%zu</h2>\n", u->checks);
        if (u->checks > 0)
                zc_out_printf(
                        h->out,
                        "<p class=\"line\">check%s could not be made; %zu of %s required</p>\n",
                        u->checks == 1 ? "" : "s", u->required, u->checks == 1 ? "it" : "them");
        else
                zc_out_puts(h->out,
                            "<p class=\"line\">checks left open: all that was planned was answered"
                            "</p>\n");
        zc_out_puts(h->out, "<ul>\n");
        put_unseen_list(h);
        put_left(h);
        put_skipped(h);
        if (h->exposure->count > 0 && !h->exposure->outside)
                zc_out_puts(h->out, "<li>Nobody looked from outside<span>what can be reached is "
                                    "judged from the firewall and the listeners</span></li>\n");
        if (problems > 0)
                zc_out_printf(h->out,
                              "<li><a href=\"#problems\">%zu problem%s while looking</a></li>\n",
                              problems, problems == 1 ? "" : "s");
        zc_out_puts(h->out, "</ul>\n</article>\n");
}
