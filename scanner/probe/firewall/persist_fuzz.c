/** Fuzz target: configuration files of firewalls. What is found lies within the file, and every walk comes to its end. */
#include "persist_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(struct zc_rd part, const uint8_t *data, size_t size)
{
        if (part.n > 0 && (part.p < data || part.p + part.n > data + size))
                __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct fw_conf conf = { .at = { data, size } };
        struct zc_rd saved = { data, size }, part = { 0 };
        struct fw_conf_item item;
        size_t left = size + 1;

        while (fw_conf_next(&conf, &item)) {
                within(item.family, data, size);
                within(item.name, data, size);
                if (conf.at.n >= left) /* each item takes bytes */
                        __builtin_trap();
                left = conf.at.n;
        }
        if (conf.at.n != 0)
                __builtin_trap();
        while (fw_saved_next(&saved, &part))
                within(part, data, size);
        if (fw_setting((struct zc_rd){ data, size }, "ENABLED", &part))
                within(part, data, size);
        (void)fw_calls_firewall((struct zc_rd){ data, size });
        return 0;
}
