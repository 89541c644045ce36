/** Any bytes are a configuration or an error that says where; never a crash, and a good one is good again when read back. */
#include <stdint.h>
#include <string.h>

#include "zc/clock.h"
#include "zc/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_err err = { 0 };
        ZC_AUTO(zc_config) c = NULL;
        ZC_AUTO(zc_config) again = NULL;
        ZC_AUTO_MEM char *text = NULL;

        if (!zc_config_parse("fuzz.yaml", (const char *)data, size, &c, &err)) {
                if (err.code == ZC_OK || err.text[0] == '\0')
                        __builtin_trap();
                return 0;
        }
        (void)!zc_config_authorised(c, 1795000000000, &err);
        text = zc_json_line(zc_config_root(c)); /* JSON is YAML */
        if (text && !zc_config_parse("again.yaml", text, strlen(text), &again, &err) &&
            err.code != ZC_E_LIMIT && err.code != ZC_E_NOMEM)
                __builtin_trap();
        return 0;
}
