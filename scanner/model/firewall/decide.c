/** The routing decision after prerouting (ip_route_input_slow, ip6_route_input): to this host, through it, or nowhere. */
#include "eval.h"

enum { PACKET_HOST, PACKET_OTHERHOST = 3 };

static const uint8_t zero[16];

static bool multicast4(const uint8_t *a)
{
        return (a[0] & 0xf0) == 0xe0;
}

static bool broadcast4(const uint8_t *a)
{
        return (a[0] & a[1] & a[2] & a[3]) == 0xff;
}

static bool loopback6(const uint8_t *a)
{
        return memcmp(a, zero, 15) == 0 && a[15] == 1;
}

static bool link_local6(const uint8_t *a)
{
        return a[0] == 0xfe && (a[1] & 0xc0) == 0x80;
}

static bool is_loopback(const struct fw_dev d)
{
        return d.iface && d.iface->type == FW_ARPHRD_LOOPBACK;
}

/* ---- options ---- */

static void to_input(struct fw_walk *w, const char *text)
{
        fw_option_add(w, (struct fw_option){ .kind = FW_OPT_INPUT, .text = text });
}

static void to_end(struct fw_walk *w, enum zc_fw_outcome outcome, const char *text)
{
        fw_option_add(w,
                      (struct fw_option){ .kind = FW_OPT_END, .outcome = outcome, .text = text });
}

static void to_drop(struct fw_walk *w, const char *text)
{
        to_end(w, ZC_FW_IS_DROP, text);
}

/* Flows that a flowtable has taken pass all chains by. */
static void to_forward(struct fw_walk *w, const struct fw_state *s, struct fw_dev out,
                       const char *text)
{
        if (w->m->offloads && s->ct_state == ZC_FW_CT_ESTABLISHED) {
                w->cause = "flowtable";
                to_end(w, ZC_FW_IS_ACCEPT, "in a flowtable, past the chains");
        }
        fw_option_add(w, (struct fw_option){ .kind = FW_OPT_FORWARD, .out = out, .text = text });
}

static void to_anywhere(struct fw_walk *w, const struct fw_state *s, const char *cause)
{
        w->cause = cause;
        to_input(w, cause);
        if (!s->in.iface || s->in.iface->forwarding[s->six])
                to_forward(w, s, (struct fw_dev){ .unknown = true }, cause);
        to_drop(w, cause);
}

/* ---- before prerouting ---- */

const char *fw_martian_early(const struct fw_state *s)
{
        const uint8_t *src = fw_addr(s, false), *dst = fw_addr(s, true);
        bool lo = is_loopback(s->in) || s->in.unknown;

        if (s->pkttype == PACKET_OTHERHOST)
                return "the frame is for another host";
        if (!s->six)
                return NULL;
        if (fw_addr_known(s, false) && (src[0] == 0xff || (!lo && loopback6(src))))
                return src[0] == 0xff ? "multicast source" : "loopback address from outside";
        if (!fw_addr_known(s, true))
                return NULL;
        if (!lo && (loopback6(dst) || (dst[0] == 0xff && (dst[1] & 15) == 1)))
                return "loopback address from outside";
        return dst[0] == 0xff && (dst[1] & 15) == 0 ? "reserved multicast scope" : NULL;
}

/* ---- IPv4 ---- */

static bool has_address4(const struct zc_fw_machine *m, uint32_t index)
{
        for (size_t i = 0; i < m->host->address_count; i++) {
                if (m->host->addresses[i].family == ZC_FW_IP &&
                    m->host->addresses[i].interface == index)
                        return true;
        }
        return false;
}

/* fib_validate_source: does the source come from where its answers would go? */
static enum fw_tri source_full(const struct zc_fw_machine *m, const struct zc_fw_interface *in,
                               const uint8_t *src)
{
        bool policy = m->host->policy_routing[0];
        struct fw_found f = (policy ? fw_route_local : fw_route_find)(m, 0, src, 0);
        const struct zc_fw_route *r = f.route;

        if (f.unsure)
                return FW_EITHER;
        if (policy && !r) /* some table has it or none does: without rp_filter all the same */
                return in->rp_filter ? FW_EITHER : FW_YES;
        if (!r || (r->type >= ZC_FW_BLACKHOLE && r->type <= ZC_FW_PROHIBIT))
                return in->rp_filter ? FW_NO : FW_YES;
        if (r->type != ZC_FW_UNICAST && !(r->type == ZC_FW_LOCAL && in->accept_local))
                return FW_NO;
        if (r->oif == in->index && !r->multipath)
                return FW_YES;
        if (!has_address4(m, in->index))
                return in->rp_filter ? FW_NO : FW_YES;
        if (in->rp_filter == 1)
                return r->multipath ? FW_EITHER : FW_NO;
        return FW_YES;
}

static enum fw_tri source_valid(const struct zc_fw_machine *m, const struct fw_state *s)
{
        const struct zc_fw_interface *in = s->in.iface;
        const uint8_t *src = fw_addr(s, false);

        if (!in || !fw_addr_known(s, false))
                return FW_YES; /* the question is about sources that are valid */
        if (!in->rp_filter && !m->custom_local && !m->host->policy_routing[0]) {
                if (in->accept_local)
                        return FW_YES;
                return fw_is_own(m, 0, src, 0) ? FW_NO : FW_YES;
        }
        return source_full(m, in, src);
}

/* Adds the drop of an invalid source; false when that is all there is. */
static bool source_check(struct fw_walk *w, const struct fw_state *s)
{
        enum fw_tri t = source_valid(w->m, s);
        const char *text = s->in.iface && s->in.iface->rp_filter
                                   ? "rp_filter: the source is not reached this way"
                                   : "martian source: an address of this host";

        if (t == FW_YES)
                return true;
        if (t == FW_EITHER)
                w->cause = "rp_filter";
        to_drop(w, text);
        return t != FW_NO;
}

/* Addresses that no route is asked for; true when the packet's fate is told. */
static bool martian4(struct fw_walk *w, const struct fw_state *s, const uint8_t *src,
                     const uint8_t *dst)
{
        bool localnet = !s->in.iface || s->in.iface->route_localnet,
             src_known = fw_addr_known(s, false);

        if (src_known && (multicast4(src) || broadcast4(src)))
                to_drop(w, "martian source: multicast or broadcast");
        else if (broadcast4(dst) ||
                 (src_known && memcmp(src, zero, 4) == 0 && memcmp(dst, zero, 4) == 0)) {
                if ((src_known && memcmp(src, zero, 4) == 0) || source_check(w, s))
                        to_input(w, "broadcast");
        } else if (src_known && memcmp(src, zero, 4) == 0)
                to_drop(w, "martian source: 0.0.0.0");
        else if (memcmp(dst, zero, 4) == 0)
                to_drop(w, "martian destination: 0.0.0.0");
        else if (dst[0] == 127 && !localnet)
                to_drop(w, "martian destination: loopback address from outside");
        else if (dst[0] != 127 && src_known && src[0] == 127 && !localnet)
                to_drop(w, "martian source: loopback address from outside");
        else
                return false;
        return true;
}

static void multicast_in4(struct fw_walk *w, const struct fw_state *s, const uint8_t *dst)
{
        static const uint8_t all_hosts[4] = { 224, 0, 0, 1 };
        const uint8_t *src = fw_addr(s, false);

        if (fw_addr_known(s, false) &&
            (multicast4(src) || broadcast4(src) ||
             (src[0] == 127 && s->in.iface && !s->in.iface->route_localnet))) {
                to_drop(w, "martian source");
                return;
        }
        if (!source_check(w, s))
                return;
        to_input(w, "multicast");
        if (memcmp(dst, all_hosts, 4) != 0) {
                w->cause = "who listens to this multicast group";
                to_drop(w, "nobody here listens to this multicast group");
        }
}

static void forward4(struct fw_walk *w, const struct fw_state *s, const struct zc_fw_route *r)
{
        struct fw_dev out = { .iface = fw_iface(w->m, r->oif), .unknown = r->multipath };

        if (r->type != ZC_FW_UNICAST) {
                to_drop(w, "martian destination");
                return;
        }
        if (!source_check(w, s))
                return;
        if (s->pkttype != PACKET_HOST)
                to_drop(w, "not sent to this host alone: not forwarded");
        else
                to_forward(w, s, out, "routed onwards");
}

static void not_forwarded(struct fw_walk *w, const struct fw_state *s, const struct zc_fw_route *r)
{
        bool on = !s->in.iface || s->in.iface->forwarding[s->six];

        if (r && r->type == ZC_FW_BLACKHOLE)
                to_drop(w, "blackhole route");
        else if (on)
                to_end(w, ZC_FW_IS_REJECT, r ? "unreachable route" : "no route");
        else
                to_drop(w, "not an address of this host, which does not forward");
}

static bool refuses(const struct zc_fw_route *r)
{
        return !r || (r->type >= ZC_FW_BLACKHOLE && r->type <= FW_ROUTE_THROW);
}

static void route4(struct fw_walk *w, const struct fw_state *s, const uint8_t *dst)
{
        struct fw_found f = fw_route_find(w->m, 0, dst, 0);
        bool on = !s->in.iface || s->in.iface->forwarding[0];

        if (f.unsure)
                to_anywhere(w, s, "routes that overlap local addresses");
        else if (f.route && f.route->type == ZC_FW_LOCAL) {
                if (source_check(w, s))
                        to_input(w, "an address of this host");
        } else if (f.route && f.route->type == ZC_FW_BROADCAST) {
                if (source_check(w, s))
                        to_input(w, "broadcast");
        } else if (w->m->host->policy_routing[0])
                to_anywhere(w, s, "policy routing");
        else if (refuses(f.route) || !on)
                not_forwarded(w, s, on ? f.route : NULL);
        else
                forward4(w, s, f.route);
}

/* ---- IPv6 ---- */

/* All nodes, the solicited-node groups of the device's addresses, all routers where it forwards; others nobody knows. */
static bool joined6(const struct fw_walk *w, const struct fw_state *s, const uint8_t *dst)
{
        static const uint8_t solicited[13] = { 0xff, 2, [11] = 1, [12] = 0xff };
        const struct zc_fw_host *host = w->m->host;

        if ((dst[1] == 1 || dst[1] == 2) && memcmp(dst + 2, zero, 13) == 0 && dst[15] == 1)
                return true;
        for (size_t i = 0; i < host->address_count && memcmp(dst, solicited, 13) == 0; i++) {
                const struct zc_fw_address *a = &host->addresses[i];

                if (a->family == ZC_FW_IP6 && s->in.iface && a->interface == s->in.iface->index &&
                    memcmp(a->addr + 13, dst + 13, 3) == 0)
                        return true;
        }
        return false;
}

static void multicast_in6(struct fw_walk *w, const struct fw_state *s, const uint8_t *dst)
{
        to_input(w, "multicast");
        if (!joined6(w, s, dst)) {
                w->cause = "who listens to this multicast group";
                to_drop(w, "nobody here listens to this multicast group");
        }
}

static void forward6(struct fw_walk *w, const struct fw_state *s, const struct zc_fw_route *r)
{
        const uint8_t *src = fw_addr(s, false);
        struct fw_dev out = { .iface = fw_iface(w->m, r->oif), .unknown = r->multipath };

        if (s->in.iface && !s->in.iface->forwarding[1])
                to_drop(w, "not an address of this host, which does not forward");
        else if (s->pkttype != PACKET_HOST)
                to_drop(w, "not sent to this host alone: not forwarded");
        else if (fw_addr_known(s, false) && (memcmp(src, zero, 16) == 0 || loopback6(src)))
                to_drop(w, "a source that is not forwarded");
        else if (fw_addr_known(s, false) && link_local6(src))
                to_end(w, ZC_FW_IS_REJECT, "a link-local source is not forwarded");
        else
                to_forward(w, s, out, "routed onwards");
}

static void refuse6(struct fw_walk *w, const struct zc_fw_route *r)
{
        if (r && r->type == ZC_FW_BLACKHOLE)
                to_drop(w, "blackhole route");
        else
                to_end(w, ZC_FW_IS_REJECT, r ? "unreachable route" : "no route");
}

static void route6(struct fw_walk *w, const struct fw_state *s, const uint8_t *dst)
{
        uint32_t strict = link_local6(dst) && s->in.iface ? s->in.iface->index : 0;
        struct fw_found f = fw_route_find(w->m, 1, dst, strict);

        if (f.route && (f.route->type == ZC_FW_LOCAL || f.route->type == ZC_FW_ANYCAST))
                to_input(w, "an address of this host");
        else if (w->m->host->policy_routing[1])
                to_anywhere(w, s, "policy routing");
        else if (refuses(f.route))
                refuse6(w, f.route);
        else if (f.unsure) {
                w->cause = "several routes";
                forward6(w, s, &(struct zc_fw_route){ .multipath = true });
        } else
                forward6(w, s, f.route);
}

/* ---- both ---- */

static bool in_vrf(const struct zc_fw_machine *m, const struct zc_fw_interface *in)
{
        const struct zc_fw_interface *master = in && in->master ? fw_iface(m, in->master) : NULL;

        return master && master->kind && strcmp(master->kind, "vrf") == 0;
}

void fw_decide(struct fw_walk *w, struct fw_state *s)
{
        const uint8_t *src = fw_addr(s, false), *dst = fw_addr(s, true);
        struct fw_found own;

        w->options = 0;
        if (!w->m->host->known || in_vrf(w->m, s->in.iface)) {
                to_anywhere(w, s, w->m->host->known ? "a VRF" : "routes that were not read");
                return;
        }
        if (!fw_addr_known(s, true)) {
                to_anywhere(w, s,
                            s->translated ? "an address that translation chooses"
                                          : "the destination");
                return;
        }
        own = s->local_out ? fw_route_local(w->m, s->six, dst, 0)
                           : (struct fw_found){ .route = NULL };
        if (own.route) /* it was routed where it was sent */
                to_input(w, "sent by this host to itself");
        else if (s->six)
                (dst[0] == 0xff ? multicast_in6 : route6)(w, s, dst);
        else if (multicast4(dst))
                multicast_in4(w, s, dst);
        else if (!martian4(w, s, src, dst))
                route4(w, s, dst);
}
