/**
 * The conversation about legacy tables. Only those that are registered already are asked for: a question about another one would
 * register it, and with it hooks that see every packet (measured).
 */
#include "legacy.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include "legacy_build.h"
#include "zc/file.h"
#include "zc/text.h"

#define NAMES_MAX 4096
#define ENTRIES_MAX ((uint32_t)256 << 20)
#define READINGS 8

/* IPv6 has structs and numbers of its own, which are the same. */
_Static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo) &&
                       offsetof(struct ipt_get_entries, entrytable) ==
                               offsetof(struct ip6t_get_entries, entrytable),
               "one question for both families");

static const struct row {
        const char *path, *what, *unreadable;
        enum zc_fw_family family;
        enum zc_fw_weight weight;
        int domain, level; /* of the socket that answers; 0: it is not asked */
} rows[] = {
        { "/proc/net/ip_tables_names", "legacy iptables tables",
          "legacy iptables tables (needs root)", ZC_FW_IP, ZC_FW_DECIDES, AF_INET, IPPROTO_IP },
        { "/proc/net/ip6_tables_names", "legacy ip6tables tables",
          "legacy ip6tables tables (needs root)", ZC_FW_IP6, ZC_FW_DECIDES, AF_INET6,
          IPPROTO_IPV6 },
        { "/proc/net/arp_tables_names", "legacy arptables tables",
          "legacy arptables tables (needs root)", ZC_FW_ARP, ZC_FW_REMARK, 0, 0 },
};

struct asking {
        struct fw_build *b;
        const struct row *row;
        int fd;
};

static bool ask_info(const struct asking *a, const char *table, struct fw_legacy_info *out,
                     struct zc_err *err)
{
        struct ipt_getinfo i = { .valid_hooks = 0 };
        socklen_t len = sizeof i;

        strncpy(i.name, table, sizeof i.name - 1);
        if (getsockopt(a->fd, a->row->level, IPT_SO_GET_INFO, &i, &len) != 0)
                return zc_fail_errno(err, "asking for its description");
        return fw_legacy_info_parse((struct zc_rd){ (const uint8_t *)&i, len }, out, err);
}

/** The entries of a table of that size. EAGAIN: it has another size by now. */
static bool ask_entries(const struct asking *a, const char *table, uint32_t size, uint8_t **buf,
                        struct zc_err *err)
{
        struct ipt_get_entries head = { .size = size };
        const size_t at = offsetof(struct ipt_get_entries, entrytable);
        socklen_t len = (socklen_t)(at + size);
        uint8_t *p = size > ENTRIES_MAX ? NULL : calloc(1, at + size);

        if (!p)
                return zc_fail(err, ZC_E_NOMEM, "%u bytes of entries", (unsigned)size);
        strncpy(head.name, table, sizeof head.name - 1);
        memcpy(p, &head, at);
        if (getsockopt(a->fd, a->row->level, IPT_SO_GET_ENTRIES, p, &len) != 0) {
                zc_fail_errno(err, "asking for its entries");
                free(p);
                return false;
        }
        *buf = p;
        return true;
}

/** One reading between two equal descriptions. *again: it changed meanwhile. */
static bool read_once(const struct asking *a, const char *table, bool *again, struct zc_err *err)
{
        const size_t at = offsetof(struct ipt_get_entries, entrytable);
        struct fw_legacy_info before = { 0 }, after = { 0 };
        ZC_AUTO_MEM uint8_t *buf = NULL;

        *again = false;
        if (!ask_info(a, table, &before, err))
                return false;
        if (!ask_entries(a, table, before.size, &buf, err)) {
                *again = err->sys == EAGAIN;
                return false;
        }
        if (!ask_info(a, table, &after, err))
                return false;
        *again = memcmp(&before, &after, sizeof before) != 0;
        return !*again && fw_legacy_add(a->b, a->row->family, zc_rd_str(table), &before,
                                        (struct zc_rd){ buf + at, before.size }, err);
}

static void tell(const struct asking *a, const char *table, const char *why)
{
        ZC_AUTO_TEXT where = { 0 };

        zc_text_init(&where, 512);
        zc_text_escape(&where, table, strlen(table));
        zc_text_printf(&where, "%s%s", *why ? ": " : "", why);
        fw_build_gap(a->b, a->row->weight, a->row->what, zc_text_str(&where));
}

/** What could not be read is there all the same. */
static void name_table(const struct asking *a, const char *table)
{
        struct zc_fw_table *t = fw_build_table(a->b, a->row->family, zc_rd_str(table));

        if (t)
                t->backend = ZC_FW_LEGACY;
}

static void read_table(const struct asking *a, const char *table)
{
        struct zc_err lost = { 0 };
        bool again = true;

        if (a->row->level == 0 && a->row->domain == 0) {
                name_table(a, table);
                tell(a, table, "");
                return;
        }
        for (int i = 0; i < READINGS && again; i++) {
                lost = (struct zc_err){ 0 };
                if (a->fd < 0)
                        break;
                if (read_once(a, table, &again, &lost))
                        return;
        }
        name_table(a, table);
        tell(a, table,
             a->fd < 0 ? "no socket to ask with"
             : again   ? "it changed during each reading"
                       : lost.text);
}

static void read_tables(struct fw_build *b, const struct row *row, char *names)
{
        struct asking a = { b, row, -1 };
        char *rest = NULL;

        if (row->domain)
                a.fd = socket(row->domain, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
        for (char *w = strtok_r(names, " \n", &rest); w; w = strtok_r(NULL, " \n", &rest))
                read_table(&a, w);
        if (a.fd >= 0)
                close(a.fd);
}

bool fw_legacy_read(struct fw_build *b, struct zc_err *err)
{
        (void)err;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                ZC_AUTO_MEM char *names = NULL;
                struct zc_err lost = { 0 };
                size_t len = 0;

                if (zc_file_read(rows[i].path, NAMES_MAX, &names, &len, &lost))
                        read_tables(b, &rows[i], names);
                else if (lost.sys != ENOENT) /* without the module there are no tables */
                        fw_build_gap(b, rows[i].weight, rows[i].unreadable, rows[i].path);
        }
        return true;
}
