/** name:password:uid:gid:comment:home:shell */
#include "passwd_wire.h"

#include "zc/text.h"

static bool account(struct zc_rd line, struct zc_rd *name, uint32_t *uid)
{
        struct zc_rd password;
        struct zc_rd number;
        uint64_t value;

        if (!zc_rd_until(&line, ':', name) || !zc_rd_until(&line, ':', &password) ||
            !zc_rd_until(&line, ':', &number))
                return false;
        if (name->n == 0 || name->p[0] == '#' || name->p[0] == '+' || name->p[0] == '-')
                return false;
        if (!zc_parse_uint((const char *)number.p, number.n, UINT32_MAX, &value))
                return false;
        *uid = (uint32_t)value;
        return true;
}

bool zc_passwd_next(struct zc_rd *file, struct zc_rd *name, uint32_t *uid)
{
        while (file->n > 0) {
                struct zc_rd line;

                if (!zc_rd_line(file, &line)) {
                        line = *file;
                        *file = (struct zc_rd){ file->p + file->n, 0 };
                }
                if (account(line, name, uid))
                        return true;
        }
        return false;
}
