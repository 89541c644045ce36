/**
 * The exposure as a picture: sources → firewall → ports → services. Services that the same sources may reach stand together, so that no two ways cross; the
 * way to a critical finding is bold. Laid out twice, for a desk and for a phone; the style shows one. A table says the same, alone when there is too much.
 */
#include <string.h>

#include "html.h"
#include "page.h"

#define LANES_MAX 40u
#define LANES_FOLD 12u /* with more than this, the quiet ones are counted, not drawn */
#define LANE 40u
#define TOP 26u

enum way { WAY_OPEN, WAY_PERHAPS, WAY_UNKNOWN, WAY_BLOCKED, WAY_INSIDE };

struct lane {
        const struct view_row *row;
        char *source; /* clean; NULL for what only the machine itself reaches */
        enum way way;
        size_t group, order;
        unsigned y;
};

struct lanes {
        struct lane *l;
        size_t count, quiet;
        bool many;
};

/* Where things stand, in user units. */
struct geometry {
        const char *style;
        unsigned width, source, wall, wall_width, port, port_width, service;
        unsigned source_text, port_text, service_text; /* bytes of a label */
};
static const struct geometry wide = { "wide", 660, 142, 206, 12, 288, 118, 446, 19, 16, 26 };
static const struct geometry narrow = { "narrow", 350, 94, 110, 8, 130, 74, 214, 12, 9, 22 };

static void lanes_release(struct lanes *a)
{
        for (size_t i = 0; i < a->count; i++)
                free(a->l[i].source);
        free(a->l);
}

static enum way way_of(const struct view_row *r)
{
        const char *verdict = zc_json_str(r->json, "firewall.verdict", "unknown");
        bool reached = strcmp(r->cells[VIEW_REACHED], "no") != 0 &&
                       strcmp(r->cells[VIEW_REACHED], "self") != 0 &&
                       strcmp(r->cells[VIEW_REACHED], "not tried") != 0;

        if (strcmp(r->cells[VIEW_LISTENS], "loopback") == 0)
                return WAY_INSIDE;
        if (reached)
                return WAY_OPEN;
        if (strcmp(verdict, "accept") == 0)
                return strcmp(zc_json_str(r->json, "firewall.certainty", "certain"), "possible")
                               ? WAY_OPEN
                               : WAY_PERHAPS;
        return strcmp(verdict, "unknown") == 0 ? WAY_UNKNOWN : WAY_BLOCKED;
}

/** Who may come: what the firewall lets in, else who came. */
static char *source_of(const struct view_row *r, enum way way)
{
        const char *lets = r->cells[VIEW_FIREWALL];
        bool named = strcmp(zc_json_str(r->json, "firewall.verdict", ""), "accept") == 0;
        size_t n = strlen(lets);

        if (way == WAY_INSIDE)
                return NULL;
        if (named && n > 9 && strcmp(lets + n - 9, ", perhaps") == 0)
                n -= 9;
        if (named && strncmp(lets, "any", n) != 0)
                return strndup(lets, n);
        return strdup(named || way != WAY_OPEN ? "anyone" : r->cells[VIEW_REACHED]);
}

static int lane_order(const void *a, const void *b)
{
        const struct lane *x = a, *y = b;

        if (x->group != y->group)
                return x->group < y->group ? -1 : 1;
        if (x->row->worst != y->row->worst)
                return x->row->worst < y->row->worst ? -1 : 1;
        if (x->way != y->way)
                return x->way < y->way ? -1 : 1;
        return x->order < y->order ? -1 : x->order > y->order;
}

static bool same_source(const struct lane *a, const struct lane *b)
{
        return a->source && b->source ? strcmp(a->source, b->source) == 0
                                      : !a->source && !b->source;
}

/** "anyone" first, what is inside last, the rest as they come. */
static size_t group_of(const struct lanes *a, const struct lane *lane)
{
        if (!lane->source)
                return SIZE_MAX;
        if (strcmp(lane->source, "anyone") == 0)
                return 0;
        for (size_t i = 0; i < a->count; i++) {
                if (same_source(&a->l[i], lane))
                        return a->l[i].group;
        }
        return a->count + 1;
}

static bool lanes_fill(struct lanes *a, const struct view_exposure *x)
{
        a->many = x->many;
        a->l = calloc(x->count ? x->count : 1, sizeof(*a->l));
        for (size_t i = 0; a->l && i < x->count; i++) {
                struct lane lane = { .row = &x->rows[i], .order = i };

                lane.way = way_of(lane.row);
                if (x->count > LANES_FOLD && lane.row->worst == PAGE_SEVERITIES &&
                    (lane.way == WAY_INSIDE || lane.way == WAY_BLOCKED)) {
                        a->quiet++;
                        continue;
                }
                lane.source = source_of(lane.row, lane.way);
                if (!lane.source && lane.way != WAY_INSIDE)
                        return false;
                lane.group = group_of(a, &lane);
                a->l[a->count++] = lane;
        }
        if (a->l && a->count > 0)
                qsort(a->l, a->count, sizeof(*a->l), lane_order);
        for (size_t i = 0; i < a->count; i++)
                a->l[i].y = TOP + (unsigned)i * LANE + LANE / 2;
        return a->l != NULL;
}

/* ---- drawing ---- */

/** A label of at most `cap` characters or so; the full text is in the table. */
static void put_label(const struct html *h, const char *clean, unsigned cap)
{
        ZC_AUTO_MEM char *cut = page_cut(clean, cap);

        markup_clean(h->out, cut ? cut : "");
}

static unsigned severity_class(const struct view_row *r)
{
        return r->worst < PAGE_SEVERITIES ? r->worst : r->unknown || r->left ? 6 : PAGE_SEVERITIES;
}

static void put_text(const struct html *h, unsigned x, unsigned y, const char *style,
                     const char *clean, unsigned cap)
{
        zc_out_printf(h->out, "<text x=\"%u\" y=\"%u\" class=\"%s\">", x, y, style);
        put_label(h, clean, cap);
        zc_out_puts(h->out, "</text>\n");
}

static void put_box(const struct html *h, unsigned x, unsigned y, unsigned w, unsigned severity)
{
        zc_out_printf(h->out,
                      "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"34\" rx=\"5\" class=\"box "
                      "s%u\"/>\n",
                      x, y - 17, w, severity);
}

/** From its source's middle to the firewall, and through it or not. */
static void put_way(const struct html *h, const struct geometry *g, const struct lane *l,
                    unsigned from)
{
        unsigned severity = severity_class(l->row);
        unsigned past = g->wall + g->wall_width;
        const char *dash = l->way == WAY_PERHAPS || l->way == WAY_UNKNOWN ? " dash" : "";

        if (l->way == WAY_INSIDE) {
                zc_out_printf(h->out,
                              "<path d=\"M%u %u H%u\" class=\"lane inside s%u\"/>"
                              "<circle cx=\"%u\" cy=\"%u\" r=\"3.5\" class=\"wall\"/>\n",
                              past + 12, l->y, g->port, severity, past + 12, l->y);
                return;
        }
        if (l->way != WAY_BLOCKED)
                zc_out_printf(h->out,
                              "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"16\" class=\"door\"/>",
                              g->wall, l->y - 8, g->wall_width);
        zc_out_printf(h->out, "<path d=\"M%u %u C%u %u %u %u %u %u", g->source, from,
                      (g->source + g->wall) / 2, from, (g->source + g->wall) / 2, l->y,
                      g->wall - (l->way == WAY_BLOCKED ? 4 : 0), l->y);
        if (l->way == WAY_BLOCKED)
                zc_out_printf(
                        h->out,
                        "\" class=\"lane stopped\"/><path d=\"M%u %u V%u\" class=\"stop\"/>\n",
                        g->wall - 3, l->y - 8, l->y + 8);
        else
                zc_out_printf(h->out, " H%u\" class=\"lane s%u%s\"/>\n", g->port, severity, dash);
}

/** "reached from scan-out", "only this machine": what stands under the service. */
static void put_state(const struct html *h, const struct geometry *g, const struct lane *l)
{
        const char *reached = l->row->cells[VIEW_REACHED];
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, 256);
        if (l->way == WAY_INSIDE)
                zc_text_add(&t, "only this machine");
        else if (l->way == WAY_BLOCKED)
                zc_text_add(&t, "stopped");
        else if (strcmp(reached, "not tried") == 0 || strcmp(reached, "no") == 0 ||
                 strcmp(reached, "self") == 0)
                zc_text_add(&t, l->way == WAY_UNKNOWN   ? "firewall not known"
                                : l->way == WAY_PERHAPS ? "perhaps let in"
                                                        : "let in");
        else
                zc_text_printf(&t, "reached: %s", reached);
        put_text(h, g->service + 9, l->y + 11, "small", zc_text_str(&t), g->service_text + 2);
}

static void put_lane(const struct html *h, const struct geometry *g, const struct lanes *a,
                     const struct lane *l)
{
        unsigned severity = severity_class(l->row);
        const char *bold = severity == 0 ? "mono bold" : "mono";
        const char *service = l->row->cells[VIEW_SERVICE];
        char worst[32];

        zc_out_printf(h->out, "<path d=\"M%u %u H%u\" class=\"lane s%u%s\"/>\n",
                      g->port + g->port_width, l->y, g->service, severity,
                      l->way == WAY_INSIDE || l->way == WAY_BLOCKED ? " inside" : "");
        put_box(h, g->port, l->y, g->port_width, severity);
        put_text(h, g->port + 7, a->many ? l->y - 3 : l->y + 5, bold, l->row->cells[VIEW_PORT],
                 g->port_text);
        if (a->many)
                put_text(h, g->port + 7, l->y + 11, "small", l->row->cells[VIEW_HOST],
                         g->port_text + 2);
        put_box(h, g->service, l->y, g->width - g->service - 2, severity);
        put_text(h, g->service + 9, l->y - 3, severity == 0 ? "bold" : "plain",
                 strcmp(service, "-") == 0 ? "not identified" : service, g->service_text - 8);
        snprintf(worst, sizeof(worst), "%s", l->row->cells[VIEW_WORST]);
        zc_out_printf(h->out, "<text x=\"%u\" y=\"%u\" text-anchor=\"end\" class=\"worst s%u\">",
                      g->width - 9, l->y - 3, severity);
        markup_clean(h->out, worst);
        zc_out_puts(h->out, "</text>\n");
        put_state(h, g, l);
}

/** Each source beside the middle of its lanes. */
static void put_sources(const struct html *h, const struct geometry *g, const struct lanes *a)
{
        for (size_t i = 0; i < a->count;) {
                size_t end = i;
                unsigned y, worst = PAGE_SEVERITIES;

                while (end < a->count && same_source(&a->l[end], &a->l[i])) {
                        if (a->l[end].row->worst < worst && a->l[end].way != WAY_BLOCKED)
                                worst = a->l[end].row->worst;
                        end++;
                }
                y = (a->l[i].y + a->l[end - 1].y) / 2;
                if (a->l[i].source) {
                        for (size_t k = end; k-- > i;) /* the worst last, on top */
                                put_way(h, g, &a->l[k], y);
                        put_box(h, 1, y, g->source - 1, worst);
                        put_text(h, 8, y + 5, worst == 0 ? "bold" : "plain", a->l[i].source,
                                 g->source_text);
                } else {
                        for (size_t k = i; k < end; k++)
                                put_way(h, g, &a->l[k], y);
                }
                i = end;
        }
}

/** What the picture shows, for who does not see it. */
static void put_words(const struct html *h, const struct geometry *g, const struct lanes *a)
{
        zc_out_printf(h->out,
                      "<title id=\"pt-%s\">Exposure: %zu port%s from sources through the firewall"
                      "</title>\n<desc id=\"pd-%s\">",
                      g->style, a->count, a->count == 1 ? "" : "s", g->style);
        for (size_t i = 0; i < a->count; i++) {
                const struct view_row *r = a->l[i].row;

                markup_fmt(h->out, "%s %s: firewall lets in %s, reached %s, worst %s. ",
                           r->cells[VIEW_PORT], r->cells[VIEW_SERVICE], r->cells[VIEW_FIREWALL],
                           r->cells[VIEW_REACHED], r->cells[VIEW_WORST]);
        }
        zc_out_puts(h->out, "</desc>\n");
}

static void put_svg(const struct html *h, const struct geometry *g, const struct lanes *a)
{
        unsigned height = TOP + (unsigned)a->count * LANE + 4;

        zc_out_printf(h->out,
                      "<svg class=\"%s\" viewBox=\"0 0 %u %u\" role=\"img\" "
                      "aria-labelledby=\"pt-%s pd-%s\">\n",
                      g->style, g->width, height, g->style, g->style);
        put_words(h, g, a);
        put_text(h, 1, 13, "head", g->wall > 140 ? "WHO MAY COME" : "WHO", 12);
        put_text(h, g->wall > 140 ? g->wall - 22 : g->wall - 12, 13, "head",
                 g->wall > 140 ? "FIREWALL" : "FW", 8);
        put_text(h, g->port, 13, "head", "PORT", 8);
        put_text(h, g->service, 13, "head", "SERVICE, WORST", 14);
        zc_out_printf(h->out,
                      "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" rx=\"2\" "
                      "class=\"wall\"/>\n",
                      g->wall, TOP - 4, g->wall_width, height - TOP + 2);
        put_sources(h, g, a);
        for (size_t i = 0; i < a->count; i++)
                put_lane(h, g, a, &a->l[i]);
        zc_out_puts(h->out, "</svg>\n");
}

static void put_table(const struct html *h)
{
        const struct view_exposure *x = h->exposure;
        unsigned skip = x->many ? VIEW_HOST : VIEW_PORT;

        zc_out_puts(h->out, "<div class=\"scroll\"><table class=\"stack\"><tr class=\"heads\">");
        for (unsigned c = skip; c < VIEW_CELLS; c++)
                markup_fmt(h->out, "<th>%s</th>", view_heads[c]);
        zc_out_puts(h->out, "</tr>\n");
        for (size_t i = 0; i < x->count; i++) {
                const struct view_row *r = &x->rows[i];

                zc_out_puts(h->out, "<tr>");
                for (unsigned c = skip; c < VIEW_WORST; c++) {
                        zc_out_puts(h->out, c == VIEW_PORT ? "<td class=\"mono\">" : "<td>");
                        markup_clean(h->out, r->cells[c]);
                        zc_out_puts(h->out, "</td>");
                }
                zc_out_printf(h->out, "<td><b class=\"s%u\">", severity_class(r));
                markup_clean(h->out, r->cells[VIEW_WORST]);
                zc_out_puts(h->out, "</b></td></tr>\n");
        }
        zc_out_puts(h->out, "</table></div>\n");
}

static void put_legend(const struct html *h, const struct lanes *a)
{
        zc_out_puts(h->out, "<p class=\"legend\">Bold: the way to a critical finding. Broken: "
                            "perhaps, or not known. A bar: stopped by the firewall. A dot: only "
                            "from the machine itself.");
        if (a->quiet > 0)
                zc_out_printf(
                        h->out,
                        " Not drawn: %zu on loopback or let in by nothing, without a finding.",
                        a->quiet);
        zc_out_puts(h->out, "</p>\n");
}

/** Doors that lead to nobody. */
static void put_unused(const struct html *h)
{
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, 16384);
        if (view_unused(h->exposure, true, &t) == 0)
                return;
        zc_out_puts(h->out, "<p class=\"legend\">Let in, and nobody listens: ");
        markup_clean(h->out, zc_text_str(&t));
        zc_out_puts(h->out, "</p>\n");
}

bool html_picture(const struct html *h, struct zc_err *err)
{
        struct lanes lanes = { 0 };
        bool ok = lanes_fill(&lanes, h->exposure);

        zc_out_puts(h->out, "<article class=\"card picture\">\n<h2>Exposure</h2>\n");
        if (ok && h->exposure->count == 0) {
                zc_out_puts(h->out, "<p class=\"soft\">No port was seen, listening or open.</p>\n");
        } else if (ok && (lanes.count == 0 || lanes.count > LANES_MAX)) {
                put_table(h);
        } else if (ok) {
                put_svg(h, &wide, &lanes);
                put_svg(h, &narrow, &lanes);
                put_legend(h, &lanes);
                zc_out_puts(h->out, "<details><summary>The same as a table</summary>\n");
                put_table(h);
                zc_out_puts(h->out, "</details>\n");
        }
        put_unused(h);
        zc_out_puts(h->out, "</article>\n");
        lanes_release(&lanes);
        return ok || zc_fail(err, ZC_E_NOMEM, "no memory for the picture");
}
