/** Legacy tables are told by name. */
#include "legacy.h"

#include <errno.h>
#include <string.h>

#include "zc/file.h"
#include "zc/text.h"

#define NAMES_MAX 4096

bool fw_legacy_read(struct fw_build *b, struct zc_err *err)
{
        static const struct {
                const char *path, *what, *unreadable;
                enum zc_fw_weight weight;
        } rows[] = {
                { "/proc/net/ip_tables_names", "legacy iptables tables",
                  "legacy iptables tables (needs root)", ZC_FW_DECIDES },
                { "/proc/net/ip6_tables_names", "legacy ip6tables tables",
                  "legacy ip6tables tables (needs root)", ZC_FW_DECIDES },
                { "/proc/net/arp_tables_names", "legacy arptables tables",
                  "legacy arptables tables (needs root)", ZC_FW_REMARK },
        };

        (void)err;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                ZC_AUTO_MEM char *names = NULL;
                ZC_AUTO_TEXT where = { 0 };
                struct zc_err lost = { 0 };
                size_t len = 0;

                zc_text_init(&where, 512);
                if (!zc_file_read(rows[i].path, NAMES_MAX, &names, &len, &lost)) {
                        if (lost.sys != ENOENT) /* without the module there are no tables */
                                fw_build_gap(b, rows[i].weight, rows[i].unreadable, rows[i].path);
                        continue;
                }
                for (char *c = names; (c = strchr(c, '\n')); c++)
                        *c = ' ';
                zc_text_escape(&where, names, len);
                if (len > 0)
                        fw_build_gap(b, rows[i].weight, rows[i].what, zc_text_str(&where));
        }
        return true;
}
