/** The conversation with nfnetlink_hook: a dump for each hook of each family. */
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_hook.h>
#include <string.h>

#include "hooks.h"
#include "hooks_wire.h"
#include "zc/netlink.h"

static const enum zc_fw_hook hooks[] = { ZC_FW_PREROUTING, ZC_FW_INPUT, ZC_FW_FORWARD, ZC_FW_OUTPUT,
                                         ZC_FW_POSTROUTING }; /* NF_INET_*, by number */

static bool take(void *ctx, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        (void)type;
        return fw_hooks_take(ctx, payload, err);
}

static void restart(void *ctx)
{
        struct fw_hooks *h = ctx;

        h->count = 0;
}

static bool ask(struct zc_nl *nl, struct fw_hooks *h, uint8_t number, struct zc_err *err)
{
        uint8_t buf[64] __attribute__((aligned(8))) = { 0 };
        struct {
                struct nlattr head;
                uint8_t number[4];
        } attr = { { sizeof attr, NFNLA_HOOK_HOOKNUM }, { 0, 0, 0, number } };
        struct nfgenmsg *family;
        void *extra;
        struct nlmsghdr *req =
                zc_nl_message(buf, ZC_HOOK_TYPE(ZC_HOOK_GET), NLM_F_DUMP, sizeof *family, &extra);

        family = extra;
        family->nfgen_family = h->six ? NFPROTO_IPV6 : NFPROTO_IPV4;
        memcpy(buf + req->nlmsg_len, &attr, sizeof attr);
        req->nlmsg_len += sizeof attr;
        return zc_nl_request(nl, req, take, restart, h, err);
}

void fw_hooks_read(struct fw_build *b)
{
        struct zc_err err = { 0 };
        struct zc_nl *nl = NULL;
        bool ok = zc_nl_open(NETLINK_NETFILTER, &nl, &err);

        for (unsigned six = 0; six < 2; six++) {
                for (uint8_t i = 0; i < ZC_COUNT(hooks) && ok; i++) {
                        struct fw_hooks h = { .b = b, .six = six, .hook = hooks[i] };

                        ok = ask(nl, &h, i, &err);
                }
        }
        zc_nl_close(nl);
}
