/** Help texts, from the tables alone: examples first. */
#include <string.h>
#include <sys/ioctl.h>

#include "options.h"
#include "zc/report.h"
#include "zc/text.h"

#define COLUMNS_MIN 60u
#define COLUMNS_MAX 400u
#define COLUMNS_DEFAULT 80u
#define HELP_WIDE 100u /* longer lines are hard to read */
#define OPTION_INDENT 26u

unsigned zc_columns(int fd)
{
        const char *s = getenv("COLUMNS");
        struct winsize w = { 0 };
        uint64_t n = 0;

        if (!s || !zc_parse_uint(s, strlen(s), COLUMNS_MAX, &n) || n == 0)
                n = ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : COLUMNS_DEFAULT;
        if (n > COLUMNS_MAX)
                n = COLUMNS_MAX;
        return n < COLUMNS_MIN ? COLUMNS_MIN : (unsigned)n;
}

static void wrap(struct zc_out *out, const char *text, unsigned at, unsigned indent,
                 unsigned columns)
{
        zc_wrap(out, text, at, indent, columns);
        zc_out_puts(out, "\n");
}

static void entry(struct zc_out *out, const char *left, const char *text, unsigned indent,
                  unsigned columns)
{
        size_t wide = zc_utf8_columns(left) + 2;

        zc_out_printf(out, "  %s", left);
        if (wide + 2 > indent) {
                zc_out_printf(out, "\n%*s", (int)indent, "");
        } else {
                zc_out_printf(out, "%*s", (int)(indent - wide), "");
        }
        wrap(out, text, indent, indent, columns);
}

void zc_help_program(struct zc_out *out, unsigned columns)
{
        if (columns > HELP_WIDE)
                columns = HELP_WIDE;
        zc_out_puts(out,
                    "zerocrit " ZC_VERSION
                    ": is anything critical exposed, and how do you know?\n\n"
                    "Examples\n"
                    "  sudo zerocrit audit local                     this machine: firewall, "
                    "listeners, ports\n"
                    "  zerocrit audit 192.0.2.7 --ports all          another host, from here\n"
                    "  zerocrit audit local --report json=report.json --evidence evidence.json\n"
                    "  zerocrit doctor                               what works here, and what to "
                    "grant\n\n"
                    "Commands\n");
        for (size_t i = 0; zc_commands[i]; i++)
                entry(out, zc_commands[i]->name, zc_commands[i]->summary, 12, columns);
        zc_out_puts(out,
                    "\n`zerocrit COMMAND --help` has examples and options of each.\n\n"
                    "Exit status, the same for every format\n"
                    "  0  the gate is met         1  it is not met\n"
                    "  2  wrong command line, configuration, rules or waivers: nothing was sent\n"
                    "  3  required evidence is missing: not shown\n"
                    "  4  an output could not be written, or an internal fault\n"
                    "  128+n  ended by signal n; what was collected is kept\n");
}

static void help_option(const struct zc_option *opt, struct zc_out *out, unsigned columns)
{
        ZC_AUTO_TEXT left = { 0 };

        zc_text_init(&left, 256);
        if (opt->letter)
                zc_text_printf(&left, "-%c, ", opt->letter);
        else
                zc_text_add(&left, "    ");
        zc_text_printf(&left, "--%s%s%s", opt->name, opt->argument ? " " : "",
                       opt->argument ? opt->argument : "");
        entry(out, zc_text_str(&left), opt->help, OPTION_INDENT, columns);
}

static void help_examples(const struct zc_command *c, struct zc_out *out, unsigned columns)
{
        zc_out_puts(out, "\nExamples\n");
        for (const struct zc_example *e = c->examples; e->line; e++) {
                zc_out_printf(out, "  %s\n      ", e->line);
                wrap(out, e->what, 6, 6, columns);
        }
}

void zc_help_command(const struct zc_command *c, struct zc_out *out, unsigned columns)
{
        if (columns > HELP_WIDE)
                columns = HELP_WIDE;
        zc_out_printf(out, "zerocrit %s%s%s\n  ", c->name, *c->arguments ? " " : "", c->arguments);
        wrap(out, c->summary, 2, 2, columns);
        help_examples(c, out, columns);
        zc_out_puts(out, "\nOptions\n");
        for (const struct zc_option *opt = zc_options_table; opt->name; opt++) {
                if (opt->commands & c->bit)
                        help_option(opt, out, columns);
        }
        if (*c->details) {
                zc_out_puts(out, "\n");
                wrap(out, c->details, 0, 0, columns);
        }
        zc_out_puts(out, "\nExit status\n  ");
        wrap(out, c->status, 2, 2, columns);
}
