/** Legacy tables are told by name. */
#include "legacy.h"

#include <errno.h>
#include <string.h>

#include "zc/file.h"
#include "zc/text.h"

#define NAMES_MAX 4096

static const struct {
        const char *path, *what, *unreadable;
        enum zc_fw_family family;
        enum zc_fw_weight weight;
} rows[] = {
        { "/proc/net/ip_tables_names", "legacy iptables tables",
          "legacy iptables tables (needs root)", ZC_FW_IP, ZC_FW_DECIDES },
        { "/proc/net/ip6_tables_names", "legacy ip6tables tables",
          "legacy ip6tables tables (needs root)", ZC_FW_IP6, ZC_FW_DECIDES },
        { "/proc/net/arp_tables_names", "legacy arptables tables",
          "legacy arptables tables (needs root)", ZC_FW_ARP, ZC_FW_REMARK },
};

static void tell_tables(struct fw_build *b, size_t row, char *names)
{
        ZC_AUTO_TEXT where = { 0 };
        char *rest = NULL;

        zc_text_init(&where, 512);
        for (char *w = strtok_r(names, " \n", &rest); w; w = strtok_r(NULL, " \n", &rest)) {
                struct zc_fw_table *t = fw_build_table(b, rows[row].family, zc_rd_str(w));

                if (t)
                        t->backend = ZC_FW_LEGACY;
                zc_text_add(&where, where.len > 0 ? ", " : "");
                zc_text_escape(&where, w, strlen(w));
        }
        if (where.len > 0)
                fw_build_gap(b, rows[row].weight, rows[row].what, zc_text_str(&where));
}

bool fw_legacy_read(struct fw_build *b, struct zc_err *err)
{
        (void)err;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                ZC_AUTO_MEM char *names = NULL;
                struct zc_err lost = { 0 };
                size_t len = 0;

                if (zc_file_read(rows[i].path, NAMES_MAX, &names, &len, &lost))
                        tell_tables(b, i, names);
                else if (lost.sys != ENOENT) /* without the module there are no tables */
                        fw_build_gap(b, rows[i].weight, rows[i].unreadable, rows[i].path);
        }
        return true;
}
