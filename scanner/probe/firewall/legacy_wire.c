/**
 * The blob of a legacy table (linux/netfilter/x_tables.h, linux/netfilter_ipv4/ip_tables.h, linux/netfilter_ipv6/ip6_tables.h):
 *
 *   entry:  header (struct ipt_ip, ip6t_ip6) | nfcache u32 | target offset u16 | next offset u16 | comefrom u32 | counters 2 x u64
 *           matches …                        | target
 *   match, target:  size u16 | name, 29 bytes | revision u8 | data; padded to 8
 *
 * All in host order, and every entry, match and target at a multiple of 8.
 */
#include "legacy_wire.h"

#include <netinet/in.h>

#include <linux/netfilter/x_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include "zc/netlink.h"

#define ALIGNMENT 8u
#define PART_HEAD sizeof(struct xt_entry_target)

bool fw_legacy_info_parse(struct zc_rd in, struct fw_legacy_info *out, struct zc_err *err)
{
        struct ipt_getinfo i;

        if (!zc_rd_copy(&in, &i, sizeof i) || in.n != 0)
                return zc_fail(err, ZC_E_MALFORMED,
                               "legacy table: its description has a strange size");
        *out = (struct fw_legacy_info){ .hooks = i.valid_hooks,
                                        .count = i.num_entries,
                                        .size = i.size };
        for (size_t h = 0; h < FW_LEGACY_HOOKS; h++) {
                out->entry[h] = i.hook_entry[h];
                out->underflow[h] = i.underflow[h];
        }
        return true;
}

/** The head of a match or a target, and the data behind it: the window is just as long as it says. */
static bool part_take(struct zc_rd *in, struct zc_rd *name, uint8_t *revision, struct zc_rd *data)
{
        struct zc_rd all = *in, text;
        uint16_t size;

        if (!zc_rd_u16host(&all, &size) || size < PART_HEAD || size % ALIGNMENT != 0 ||
            !zc_rd_take(in, size, &all) || !zc_rd_skip(&all, sizeof size) ||
            !zc_rd_take(&all, XT_EXTENSION_MAXNAMELEN, &text) || !zc_rd_u8(&all, revision))
                return false;
        *name = zc_nla_text(text);
        *data = all;
        return true;
}

bool fw_legacy_match_next(struct zc_rd *matches, struct fw_legacy_match *out, bool *bad)
{
        *bad = false;
        if (matches->n == 0)
                return false;
        *bad = !part_take(matches, &out->name, &out->revision, &out->data);
        return !*bad;
}

static bool all_zero(struct zc_rd r)
{
        for (size_t i = 0; i < r.n; i++) {
                if (r.p[i])
                        return false;
        }
        return true;
}

/** What follows the header, which alone differs between the families. */
struct tail {
        uint16_t target, next;
};

static bool head_take(struct zc_rd *in, bool six, struct fw_legacy_entry *out, struct tail *tail)
{
        const size_t header = six ? sizeof(struct ip6t_ip6) : sizeof(struct ipt_ip);
        const size_t offsets = six ? offsetof(struct ip6t_entry, target_offset)
                                   : offsetof(struct ipt_entry, target_offset);
        const size_t whole = six ? sizeof(struct ip6t_entry) : sizeof(struct ipt_entry);

        return zc_rd_take(in, header, &out->header) && zc_rd_skip(in, offsets - header) &&
               zc_rd_u16host(in, &tail->target) && zc_rd_u16host(in, &tail->next) &&
               zc_rd_skip(in, whole - offsets - 4) && tail->target >= whole;
}

static bool is_goto(struct zc_rd header, bool six)
{
        const size_t at = six ? offsetof(struct ip6t_ip6, flags) : offsetof(struct ipt_ip, flags);

        return header.p[at] & (six ? IP6T_F_GOTO : IPT_F_GOTO);
}

/** Everything but the flag of a goto is zero. */
static bool asks_nothing(struct zc_rd header, bool six)
{
        const size_t at = six ? offsetof(struct ip6t_ip6, flags) : offsetof(struct ipt_ip, flags);
        const uint8_t flag = six ? IP6T_F_GOTO : IPT_F_GOTO;
        const struct zc_rd before = { header.p, at },
                           behind = { header.p + at + 1, header.n - at - 1 };

        return all_zero(before) && all_zero(behind) && (header.p[at] & ~flag) == 0;
}

static bool target_take(struct zc_rd in, struct fw_legacy_entry *out)
{
        struct zc_rd data;
        uint32_t verdict;

        if (!part_take(&in, &out->name, &out->revision, &out->data) || in.n != 0)
                return false;
        out->kind = FW_LEGACY_EXTENSION;
        data = out->data;
        if (zc_rd_is(out->name, XT_ERROR_TARGET)) {
                out->kind = FW_LEGACY_ERROR;
                if (!zc_rd_take(&data, XT_FUNCTION_MAXNAMELEN, &out->name))
                        return false;
                out->name = zc_nla_text(out->name);
        } else if (zc_rd_is(out->name, XT_STANDARD_TARGET)) {
                out->kind = FW_LEGACY_STANDARD;
                if (!zc_rd_u32host(&data, &verdict))
                        return false;
                out->verdict = (int32_t)verdict;
        }
        return true;
}

static bool entry_take(struct zc_rd *rest, uint32_t size, bool six, struct fw_legacy_entry *out)
{
        struct zc_rd in = *rest, whole, target;
        struct fw_legacy_entry e = { .at = size - (uint32_t)rest->n };
        struct tail tail;

        if (!head_take(&in, six, &e, &tail) || tail.next % ALIGNMENT != 0 ||
            tail.target % ALIGNMENT != 0 || tail.next < tail.target ||
            !zc_rd_take(rest, tail.next, &whole))
                return false;
        in.n = tail.target - (size_t)(in.p - whole.p);
        e.matches = in;
        target = (struct zc_rd){ whole.p + tail.target, whole.n - tail.target };
        e.next = e.at + tail.next;
        e.go = is_goto(e.header, six);
        e.unconditional = e.matches.n == 0 && asks_nothing(e.header, six);
        if (!target_take(target, &e))
                return false;
        *out = e;
        return true;
}

bool fw_legacy_entry_next(struct zc_rd *rest, uint32_t size, bool six, struct fw_legacy_entry *out,
                          bool *bad)
{
        *bad = false;
        if (rest->n == 0)
                return false;
        *bad = rest->n > size || !entry_take(rest, size, six, out);
        return !*bad;
}
