/** The kernel's own time: `tool_nft_dump [TABLE SET]` receives all rules, or the elements of an inet set, and does nothing with them. For tests/bench. */
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include "../../scanner/probe/firewall/nft_wire.h"
#include "zc/netlink.h"

static bool count(void *ctx, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        size_t *bytes = ctx;

        (void)type;
        (void)err;
        *bytes += payload.n;
        return true;
}

int main(int argc, char **argv)
{
        uint8_t buf[1024] __attribute__((aligned(8))) = { 0 };
        const bool elements = argc == 3;
        struct zc_err err = { 0 };
        struct zc_nl *nl = NULL;
        struct nfgenmsg *family;
        struct nlmsghdr *req;
        size_t bytes = 0;
        void *extra;
        bool ok;

        req = zc_nl_message(buf, ZC_NFT_TYPE(elements ? ZC_NFT_GETSETELEM : ZC_NFT_GETRULE),
                            NLM_F_DUMP, sizeof *family, &extra);
        family = extra;
        if (elements) {
                family->nfgen_family = ZC_NFT_INET;
                mnl_attr_put_strz(req, 1, argv[1]);
                mnl_attr_put_strz(req, 2, argv[2]);
        }
        ok = zc_nl_open(NETLINK_NETFILTER, &nl, &err) &&
             zc_nl_request(nl, req, count, NULL, &bytes, &err);
        zc_nl_close(nl);
        if (!ok)
                fprintf(stderr, "%s\n", err.text);
        else
                printf("%zu bytes\n", bytes);
        return ok ? 0 : 1;
}
