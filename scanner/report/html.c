/**
 * One page in one file: no script, nothing fetched, and a policy that forbids both (Content Security Policy Level 3, section 8.2: the one inline style
 * is named by its digest). It reads the same with a phone, in the dark and on paper.
 */
#include "html.h"

#include <openssl/evp.h>
#include <string.h>

#include "page.h"
#include "zc/embed.h"
#include "zc/judge.h"

#define DIGEST_TEXT 64 /* base64 of 32 bytes, its NUL, and room */

static bool style_digest(const struct zc_embedded *css, char out[DIGEST_TEXT], struct zc_err *err)
{
        unsigned char md[EVP_MAX_MD_SIZE];
        unsigned n = 0;

        if (!EVP_Digest(css->data, (size_t)(css->end - css->data), md, &n, EVP_sha256(), NULL) ||
            n != 32)
                return zc_fail(err, ZC_E_NOMEM, "no digest of the page's style");
        EVP_EncodeBlock((unsigned char *)out, md, (int)n);
        return true;
}

/** "web1", or "300 hosts". */
static void title_text(const struct html *h, struct zc_text *t)
{
        json_auto_t *hosts = page_hosts(h->report);
        const char *asset = json_object_iter_key(json_object_iter(hosts));
        const json_t *run = json_array_get(json_object_get(h->report, "runs"), 0);
        size_t n = json_object_size(hosts);

        if (n > 1)
                zc_text_printf(t, "%zu hosts", n);
        else if (asset)
                page_clean(t, html_host(h, asset));
        else
                page_clean(t, run ? page_run_name(run) : "nothing named");
}

static bool put_head(const struct html *h, struct zc_err *err)
{
        const struct zc_embedded *css = zc_embedded_find("reports/html/report.css");
        char digest[DIGEST_TEXT];
        ZC_AUTO_TEXT title = { 0 };

        if (!css)
                return zc_fail(err, ZC_E_IO, "the page's style is not in this program");
        if (!style_digest(css, digest, err))
                return false;
        zc_text_init(&title, 512);
        title_text(h, &title);
        zc_out_printf(h->out,
                      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                      "style-src 'sha256-%s'; base-uri 'none'; form-action 'none'\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                      "<meta name=\"referrer\" content=\"no-referrer\">\n"
                      "<meta name=\"robots\" content=\"noindex\">\n"
                      "<meta name=\"color-scheme\" content=\"light dark\">\n<style>",
                      digest);
        zc_out_write(h->out, css->data, (size_t)(css->end - css->data));
        zc_out_puts(h->out, "</style>\n<title>zerocrit: ");
        markup_clean(h->out, zc_text_str(&title));
        markup_fmt(h->out, ", %s</title>\n</head>\n<body>\n<header><b>zerocrit</b> <span>",
                   zc_json_str(h->report, "created", ""));
        markup_clean(h->out, zc_text_str(&title));
        markup_fmt(h->out,
                   "</span> <span class=\"soft\">%s</span>"
                   "<nav><a href=\"#changes\">Changes</a> <a href=\"#findings\">Findings</a> "
                   "<a href=\"#checks\">Checks</a> <a href=\"#runs\">Runs</a></nav></header>\n",
                   zc_json_str(h->report, "created", ""));
        return true;
}

static bool put_page(const struct html *h, struct zc_err *err)
{
        if (!put_head(h, err))
                return false;
        zc_out_puts(h->out, "<main>\n<section class=\"first\" aria-label=\"Verdict\">\n");
        html_verdict(h);
        html_unseen(h);
        zc_out_puts(h->out, "<div class=\"left\">\n");
        if (!html_picture(h, err))
                return false;
        html_numbers(h);
        zc_out_puts(h->out, "</div>\n");
        html_first(h);
        zc_out_puts(h->out, "</section>\n");
        html_changes(h);
        html_findings(h);
        html_checks(h);
        html_frameworks(h);
        html_tail(h);
        markup_fmt(h->out,
                   "</main>\n<footer>zerocrit %s. The whole report, for programs, is report.json; "
                   "<code>zerocrit explain</code> shows one finding, <code>zerocrit rules explain"
                   "</code> one rule.</footer>\n</body>\n</html>\n",
                   zc_json_str(h->report, "version", ""));
        return true;
}

static bool html_render(const json_t *report, const struct zc_render *how, struct zc_out *out,
                        struct zc_err *err)
{
        ZC_AUTO(view_exposure) exposure = view_exposure_new(report, err);
        ZC_AUTO(view_unseen) unseen = exposure ? view_unseen_new(report, err) : NULL;
        ZC_AUTO(view_causes) causes = unseen ? view_causes_new(report, false, err) : NULL;
        ZC_AUTO(view_causes) all = causes ? view_causes_new(report, true, err) : NULL;
        ZC_AUTO_MEM char *verdict = zc_report_verdict(report);
        struct html h = { .out = out,
                          .report = report,
                          .exposure = exposure,
                          .unseen = unseen,
                          .causes = causes,
                          .all = all,
                          .verdict = verdict };

        (void)how;
        if (!all)
                return false;
        if (!verdict)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the page");
        return put_page(&h, err);
}

const struct zc_format zc_format_html = {
        .name = "html",
        .summary = "one page in one file, without scripts, to read and hand on",
        .file = "report.html",
        .render = html_render,
};
