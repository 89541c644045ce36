/**
 * The conversation with nf_tables: dumps between two looks at the generation.
 *
 * The kernel raises the generation shortly before the new rules come into force, so that a reading which starts in between could be half
 * of the old rules and half of the new, between two equal generations (measured). A batch of changes waits until no other is under way,
 * and an empty one changes nothing, not even the generation: after one, every change that raised the generation is in force.
 */
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#include "hooks.h"
#include "host.h"
#include "ipset.h"
#include "legacy.h"
#include "legacy_build.h"
#include "nft.h"
#include "others.h"
#include "zc/fw_read.h"

#define READINGS 8
#define ARENA_LIMIT ((size_t)512 << 20)
#define NAME_ROOM 300

struct session {
        struct zc_nl *nl;
        struct fw_nft nft;
        bool again; /* what was read is of no use, but the next reading may be */
};

static bool take(void *ctx, uint16_t type, struct zc_rd payload, struct zc_err *err)
{
        struct session *s = ctx;

        return s->again || fw_nft_take(&s->nft, type, payload, err);
}

/** What came of an interrupted dump cannot be taken back alone. */
static void interrupted(void *ctx)
{
        struct session *s = ctx;

        s->again = true;
}

static bool ask(struct session *s, uint16_t get, struct zc_err *err)
{
        uint8_t buf[64] __attribute__((aligned(8)));
        void *extra;
        struct nlmsghdr *req =
                zc_nl_message(buf, ZC_NFT_TYPE(get), NLM_F_DUMP, sizeof(struct nfgenmsg), &extra);

        return s->again || zc_nl_request(s->nl, req, take, interrupted, s, err);
}

/** The kernel answers EINVAL to every question about a subsystem that it does not have. */
static bool ask_generation(struct session *s, struct zc_err *err)
{
        uint8_t buf[64] __attribute__((aligned(8)));
        const bool again = s->again;
        bool ok;
        void *extra;
        struct nlmsghdr *req =
                zc_nl_message(buf, ZC_NFT_TYPE(ZC_NFT_GETGEN), 0, sizeof(struct nfgenmsg), &extra);

        s->again = false;
        ok = zc_nl_request(s->nl, req, take, NULL, s, err);
        s->again = again;
        if (!ok && (err->sys == EINVAL || err->sys == EOPNOTSUPP))
                err->code = ZC_E_UNSUPPORTED;
        return ok;
}

/** An empty batch. */
static bool wait_for_changes(struct zc_nl *nl, struct zc_err *err)
{
        static const uint16_t types[] = { NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END };
        struct {
                struct nlmsghdr h;
                struct nfgenmsg g;
        } messages[2];

        memset(messages, 0, sizeof messages);
        for (size_t i = 0; i < 2; i++) {
                messages[i].h.nlmsg_len = sizeof messages[i];
                messages[i].h.nlmsg_type = types[i];
                messages[i].h.nlmsg_flags = NLM_F_REQUEST;
                messages[i].g.res_id = __builtin_bswap16(ZC_NFT_SUBSYSTEM);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
                messages[i].g.res_id = ZC_NFT_SUBSYSTEM;
#endif
        }
        return zc_nl_send(nl, messages, sizeof messages, err);
}

/** A text attribute behind the message so far; buf has room. */
static void put_text(struct nlmsghdr *req, uint16_t type, struct zc_rd text)
{
        uint8_t *at = (uint8_t *)req + req->nlmsg_len;
        struct nlattr head = { (uint16_t)(sizeof head + text.n + 1), type };

        memcpy(at, &head, sizeof head);
        memcpy(at + sizeof head, text.p, text.n);
        at[sizeof head + text.n] = 0;
        req->nlmsg_len += (head.nla_len + 3u) & ~3u;
}

static bool ask_elements(struct session *s, size_t i, struct zc_err *err)
{
        const struct fw_nft_set *set = fw_build_at(s->nft.sets, struct fw_nft_set, i);
        uint8_t buf[1024] __attribute__((aligned(8))) = { 0 };
        struct nfgenmsg *family;
        void *extra;
        struct nlmsghdr *req;

        if (s->again || set->table.n > NAME_ROOM || set->name.n > NAME_ROOM)
                return true;
        req = zc_nl_message(buf, ZC_NFT_TYPE(ZC_NFT_GETSETELEM), NLM_F_DUMP, sizeof *family,
                            &extra);
        family = extra;
        family->nfgen_family = set->family;
        put_text(req, 1, set->table);
        put_text(req, 2, set->name);
        if (!zc_nl_request(s->nl, req, take, interrupted, s, err))
                return false;
        fw_nft_set_done(&s->nft, i);
        return true;
}

static bool read_once(struct session *s, struct zc_err *err)
{
        static const uint16_t dumps[] = { ZC_NFT_GETTABLE, ZC_NFT_GETCHAIN, ZC_NFT_GETSET,
                                          ZC_NFT_GETRULE };
        static const uint16_t others[] = { ZC_NFT_GETOBJ, ZC_NFT_GETFLOWTABLE };
        struct zc_err lost = { 0 };

        for (size_t i = 0; i < ZC_COUNT(dumps); i++) {
                if (!ask(s, dumps[i], err))
                        return false;
        }
        for (size_t i = 0; i < ZC_COUNT(others); i++) { /* older kernels have neither */
                if (!ask(s, others[i], &lost) && lost.code == ZC_E_NOMEM)
                        return zc_fail(err, ZC_E_NOMEM, "%s", lost.text);
        }
        fw_nft_want(&s->nft);
        for (size_t i = 0; i < s->nft.sets.count; i++) {
                if (fw_build_at(s->nft.sets, struct fw_nft_set, i)->wanted &&
                    !ask_elements(s, i, err))
                        return false;
        }
        return true;
}

/** One reading between two equal generations. */
static bool read_steady(struct session *s, struct zc_err *err)
{
        struct zc_err lost;
        uint32_t before;
        bool whole;

        if (!wait_for_changes(s->nl, err) || !ask_generation(s, err))
                return false;
        before = s->nft.generation;
        whole = read_once(s, err);
        if (!ask_generation(s, whole ? err : &lost))
                return false;
        s->again |= s->nft.generation != before;
        return whole || s->again;
}

/** Rules of nf_tables into a fresh build. An absent nf_tables is an empty ruleset. */
static bool read_rules(struct zc_nl *nl, struct fw_build *b, bool *again, struct zc_err *err)
{
        struct session s = { .nl = nl };
        bool ok;

        fw_nft_init(&s.nft, b);
        ok = read_steady(&s, err);
        fw_nft_release(&s.nft);
        *again = s.again;
        return ok || err->code == ZC_E_UNSUPPORTED;
}

static bool denied(struct zc_err *err)
{
        return zc_fail(err, ZC_E_DENIED,
                       "needs CAP_NET_ADMIN: the kernel shows its packet filter only to that "
                       "capability in the user namespace that owns this network namespace: "
                       "run as root (sudo)");
}

static bool read_whole(struct zc_nl *nl, struct fw_ipsets *sets, struct zc_fw_live *live,
                       bool *again, struct zc_err *err)
{
        struct fw_build b;
        bool ok;

        live->arena = zc_arena_new(ARENA_LIMIT);
        if (!live->arena)
                return zc_fail(err, ZC_E_NOMEM, "the firewall's model");
        fw_build_init(&b, live->arena);
        b.ipsets = sets;
        zc_fw_netns_look(&live->netns);
        ok = read_rules(nl, &b, again, err);
        if (ok && !*again) {
                fw_others_look(&b, live->netns.inode);
                ok = fw_legacy_read(&b, err);
                fw_hooks_read(&b);
                fw_legacy_order(&b);
                ok = ok && fw_host_read(&b, &live->host, err) &&
                     fw_build_finish(&b, &live->ruleset, err);
                fw_ipsets_settle(sets);
                *again = ok && fw_ipsets_fetch(sets); /* the rules as they are with these sets */
                if (ok && sets->heap.failed)
                        ok = zc_fail(err, ZC_E_NOMEM, "ipset's sets");
        }
        fw_build_release(&b);
        return ok;
}

bool zc_fw_read(struct zc_fw_live *out, struct zc_err *err)
{
        struct fw_ipsets sets;
        struct zc_nl *nl = NULL;
        bool again = true, ok = false;

        if (!zc_nl_open(NETLINK_NETFILTER, &nl, err))
                return err->code == ZC_E_DENIED ? denied(err) : false;
        fw_ipsets_init(&sets);
        for (int i = 0; i < READINGS && again; i++) {
                struct zc_fw_live live = { 0 };

                ok = read_whole(nl, &sets, &live, &again, err);
                if (ok && !again) {
                        *out = live;
                        break;
                }
                zc_fw_live_release(&live);
                if (!ok)
                        break;
        }
        zc_nl_close(nl);
        fw_ipsets_release(&sets);
        if (!ok)
                return err->code == ZC_E_DENIED ? denied(err)
                                                : zc_ctx(err, "reading the nftables ruleset");
        if (again)
                return zc_fail(err, ZC_E_IO,
                               "the nftables ruleset changed during each of %d readings", READINGS);
        return true;
}

void zc_fw_live_release(struct zc_fw_live *live)
{
        zc_arena_free(live->arena);
        memset(live, 0, sizeof *live);
}
