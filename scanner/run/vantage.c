#include "zc/vantage.h"

#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "zc/addr.h"
#include "zc/file.h"
#include "zc/text.h"

#define MACHINE_ID_LEN 32u /* machine-id(5): hex digits of 128 bits */
#define ADDRESSES_MAX 4096u

/** An image before its first boot has an empty file or the word "uninitialized": then there is no id. */
static bool machine_id(char out[MACHINE_ID_LEN + 1])
{
        ZC_AUTO_MEM char *text = NULL;
        struct zc_err err = { 0 };
        size_t len = 0;

        if (!zc_file_read("/etc/machine-id", 256, &text, &len, &err) || len < MACHINE_ID_LEN ||
            strspn(text, "0123456789abcdefABCDEF") != MACHINE_ID_LEN ||
            (len > MACHINE_ID_LEN && text[MACHINE_ID_LEN] != '\n'))
                return false;
        memcpy(out, text, MACHINE_ID_LEN);
        out[MACHINE_ID_LEN] = '\0';
        zc_ascii_lower(out);
        return true;
}

static int by_address(const void *a, const void *b)
{
        return zc_addr_cmp(a, b);
}

/** Each address once, in canonical order; link-local ones with their interface, which is part of what they are. */
static json_t *addresses_json(struct zc_addr *list, size_t n)
{
        json_t *out = json_array();

        qsort(list, n, sizeof *list, by_address);
        for (size_t i = 0; out && i < n; i++) {
                char text[ZC_ADDR_LEN];

                if (i > 0 && zc_addr_cmp(&list[i - 1], &list[i]) == 0)
                        continue;
                zc_addr_format(&list[i], text);
                json_array_append_new(out, json_string(text));
        }
        return out;
}

static json_t *addresses_of(const struct ifaddrs *all)
{
        ZC_AUTO_MEM struct zc_addr *list = calloc(ADDRESSES_MAX, sizeof *list);
        size_t n = 0;

        for (const struct ifaddrs *i = all; list && i && n < ADDRESSES_MAX; i = i->ifa_next) {
                if (i->ifa_addr && zc_addr_from_sockaddr(i->ifa_addr, &list[n], NULL))
                        n++;
        }
        return list ? addresses_json(list, n) : NULL;
}

static json_t *addresses_read(struct zc_err *err)
{
        struct ifaddrs *all = NULL;
        json_t *list;

        if (getifaddrs(&all) != 0) {
                zc_fail_errno(err, "cannot read this machine's addresses");
                return NULL;
        }
        list = addresses_of(all);
        freeifaddrs(all);
        if (!list)
                zc_fail(err, ZC_E_NOMEM, "no memory for this machine's addresses");
        return list;
}

json_t *zc_vantage(const char *id, struct zc_err *err)
{
        char machine[MACHINE_ID_LEN + 1], name[256] = "";
        json_t *addresses = addresses_read(err);
        json_t *v;

        if (!addresses)
                return NULL;
        if (gethostname(name, sizeof name - 1) != 0 || name[0] == '\0')
                memcpy(name, "localhost", sizeof "localhost");
        if (!id || id[0] == '\0')
                id = machine_id(machine) ? machine : name;
        v = json_pack("{s:o, s:o, s:o}", "id", zc_json_bytes(id, strlen(id), 256), "hostname",
                      zc_json_bytes(name, strlen(name), 256), "addresses", addresses);
        if (!v)
                zc_fail(err, ZC_E_NOMEM, "no memory for the vantage");
        return v;
}
