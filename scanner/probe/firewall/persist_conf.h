/** The managers that load a firewall at boot: which are installed, which are enabled, and which tables they make. */
#ifndef ZC_FIREWALL_PERSIST_CONF_H
#define ZC_FIREWALL_PERSIST_CONF_H

#include <jansson.h>
#include <stdbool.h>

#include "zc/fw.h"

enum fw_known { FW_NO, FW_YES, FW_UNKNOWN };
extern const char *const fw_known_names[];

/** One table that a manager makes; family as nft spells it. */
struct fw_made {
        size_t manager;
        enum zc_fw_family family;
        char name[128];
};

struct fw_boot {
        const char *root;
        json_t *managers;       /* as the document has them: those that are installed */
        enum fw_known *enabled; /* per manager of the table, whether installed or not */
        bool *unsure;           /* it may make tables that are not listed */
        struct fw_made *made;
        size_t count, cap;
        json_t *others; /* files that call a program that writes firewalls */
        bool others_unsure; /* some could not be read */
        bool bad;
};

extern const size_t fw_manager_count;
const char *fw_manager_name(size_t manager);

bool fw_boot_read(struct fw_boot *b, const char *root);
void fw_boot_release(struct fw_boot *b);

#endif
