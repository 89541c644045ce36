/** From hook to hook in the kernel's order: ingress, prerouting, the routing decision, input or forward and postrouting. */
#include "eval.h"

/* Is the chain at the device? */
static enum fw_tri at_device(const struct zc_fw_chain *chain, struct fw_dev d)
{
        if (chain->devices_unknown)
                return FW_EITHER;
        for (size_t i = 0; i < chain->device_count; i++) {
                const struct zc_fw_device *c = &chain->devices[i];

                if (d.unknown)
                        return FW_EITHER;
                if (d.iface && (c->prefix ? strncmp(d.iface->name, c->name, strlen(c->name)) == 0
                                          : strcmp(d.iface->name, c->name) == 0))
                        return FW_YES;
        }
        return FW_NO;
}

static void enter(struct fw_walk *w, struct fw_state *s, uint32_t chain)
{
        s->in_chain = true;
        s->base = s->chain = chain;
        s->rule = s->op = s->depth = 0;
        FW_TELL(w, s, .what = ZC_FW_AT_CHAIN, .chain = &w->m->rs->chains[chain]);
}

static void enter_nat(struct fw_state *s)
{
        s->in_nat = true;
        s->nat_done = false;
        s->nat_entry = 0;
}

static void to_hook(struct fw_walk *w, struct fw_state *s, enum zc_fw_hook hook)
{
        s->hook = hook;
        s->entry = 0;
        FW_TELL(w, s, .what = ZC_FW_AT_HOOK);
}

void fw_leave(struct fw_walk *w, struct fw_state *s)
{
        (void)w;
        s->in_chain = false;
        if (s->in_nat)
                s->nat_entry++;
        else
                s->entry++;
}

static enum fw_then choose(struct fw_walk *w, const char *cause, enum fw_option_kind a,
                           enum fw_option_kind b)
{
        w->options = 0;
        w->cause = cause;
        fw_option_add(w, (struct fw_option){ .kind = a });
        return fw_option_add(
                w, (struct fw_option){ .kind = b, .outcome = ZC_FW_IS_DROP, .text = cause });
}

static enum fw_then end(struct fw_walk *w, enum zc_fw_outcome outcome, const char *text)
{
        w->options = 0;
        return fw_option_add(
                w, (struct fw_option){ .kind = FW_OPT_END, .outcome = outcome, .text = text });
}

/* The nat chains: only the first packet of a flow comes here, and what an earlier one was given stays. */
static enum fw_then at_nat(struct fw_walk *w, struct fw_state *s)
{
        const struct fw_list *nat = &w->m->nat[s->hook][s->six];
        bool old = s->ct_entry && !s->nat_first && s->hook == ZC_FW_PREROUTING && !s->local_out;

        if (s->in_nat) {
                if (!s->nat_done && s->nat_entry < nat->count) {
                        enter(w, s, nat->entry[s->nat_entry].chain);
                        return FW_GO_ON;
                }
                fw_nat_end(w, s);
                s->in_nat = false;
                s->entry++;
                return FW_GO_ON;
        }
        switch (fw_nat_asked(w, s)) {
        case FW_YES:
                enter_nat(s);
                return FW_GO_ON;
        case FW_EITHER:
                return choose(w, "whether an expected connection is translated", FW_OPT_ENTER,
                              FW_OPT_NEXT);
        default:
                break;
        }
        if (old && w->m->nat_does)
                return choose(w, "how its connection is translated", FW_OPT_NEXT,
                              FW_OPT_TRANSLATED);
        s->entry++;
        return FW_GO_ON;
}

static enum fw_then at_chain(struct fw_walk *w, struct fw_state *s, uint32_t chain)
{
        enum fw_tri t = FW_YES;

        if (s->hook == ZC_FW_INGRESS || s->hook == ZC_FW_EGRESS)
                t = at_device(&w->m->rs->chains[chain], s->hook == ZC_FW_INGRESS ? s->in : s->out);
        if (t == FW_EITHER)
                return choose(w, "device of the chain", FW_OPT_ENTER, FW_OPT_NEXT);
        if (t == FW_YES)
                enter(w, s, chain);
        else
                s->entry++;
        return FW_GO_ON;
}

static enum fw_then begin_prerouting(struct fw_walk *w, struct fw_state *s)
{
        const char *why = fw_martian_early(s);
        const struct zc_fw_interface *in = s->in.iface;

        if (why)
                return end(w, ZC_FW_IS_DROP, why);
        to_hook(w, s, ZC_FW_PREROUTING);
        if (w->m->bridge_decides && in && in->kind && strcmp(in->kind, "bridge") == 0)
                return choose(w, "the tables of family bridge", FW_OPT_STAY, FW_OPT_END);
        return FW_GO_ON;
}

/* What this host sends to itself leaves by the loopback device and comes in by it. */
static enum fw_then turn_round(struct fw_walk *w, struct fw_state *s)
{
        s->in = s->out;
        s->out = (struct fw_dev){ .iface = NULL };
        to_hook(w, s, ZC_FW_INGRESS);
        return FW_GO_ON;
}

static enum fw_then after_output(struct fw_walk *w, struct fw_state *s)
{
        if (s->translated &&
            (!fw_addr_known(s, true) || !fw_route_local(w->m, s->six, fw_addr(s, true), 0).route))
                return end(w, ZC_FW_IS_UNKNOWN, "sent elsewhere by translation at output");
        s->ct_status.v |= s->ct_entry ? FW_IPS_CONFIRMED : 0;
        to_hook(w, s, ZC_FW_POSTROUTING);
        return FW_GO_ON;
}

static enum fw_then next_hook(struct fw_walk *w, struct fw_state *s)
{
        switch (s->hook) {
        case ZC_FW_INGRESS:
                return begin_prerouting(w, s);
        case ZC_FW_PREROUTING:
                fw_decide(w, s);
                return FW_CHOOSE;
        case ZC_FW_FORWARD:
                to_hook(w, s, ZC_FW_POSTROUTING);
                return FW_GO_ON;
        case ZC_FW_OUTPUT:
                return after_output(w, s);
        case ZC_FW_POSTROUTING:
                to_hook(w, s, ZC_FW_EGRESS);
                return FW_GO_ON;
        case ZC_FW_EGRESS:
                if (s->local_out)
                        return turn_round(w, s);
                return end(w, ZC_FW_IS_ACCEPT, "forwarded");
        default:
                return end(w, ZC_FW_IS_ACCEPT, "delivered to this host");
        }
}

enum fw_then fw_at_hook(struct fw_walk *w, struct fw_state *s)
{
        const struct fw_list *list = &w->m->list[s->hook][s->six];

        if (s->entry >= list->count)
                return next_hook(w, s);
        switch (list->entry[s->entry].kind) {
        case FW_ENTRY_CHAIN:
                return at_chain(w, s, list->entry[s->entry].chain);
        case FW_ENTRY_CONNTRACK:
                fw_track(w, s);
                s->entry++;
                return FW_GO_ON;
        default:
                return at_nat(w, s);
        }
}

/* ---- options between chains ---- */

/* rt_tos2priority */
static uint8_t priority_of(uint8_t tos)
{
        static const uint8_t table[16] = { 0, 1, 0, 0, 2, 2, 2, 2, 6, 6, 6, 6, 4, 4, 4, 4 };

        return table[(tos & 0x1e) >> 1];
}

/* The hop is counted before the chains see the packet (ip_forward, ip6_forward). */
static void forward(struct fw_walk *w, struct fw_state *s, const struct fw_option *o)
{
        size_t ttl = s->six ? 7 : 8;

        s->out = o->out;
        if (fw_u(s)[ttl] == 0)
                s->v[ttl]--;
        if (!s->six)
                s->priority = fw_u(s)[1] ? (struct fw_number){ 0, 7 }
                                         : (struct fw_number){ priority_of(s->v[1]), 0 };
        FW_TELL(w, s, .what = ZC_FW_ROUTED, .text = o->text,
                .address = o->out.iface ? (const uint8_t *)o->out.iface->name : NULL);
        to_hook(w, s, ZC_FW_FORWARD);
}

static void translated(struct fw_state *s)
{
        size_t at = (size_t)(fw_addr(s, true) - s->v), n = s->six ? 16 : 4;

        memset(s->v + at, 0, n);
        memset(fw_u(s) + at, 0xff, n);
        if (s->ports) {
                memset(s->v + s->transport + 2, 0, 2);
                memset(fw_u(s) + s->transport + 2, 0xff, 2);
        }
        s->translated = true;
        s->entry++;
}

void fw_take_hook_option(struct fw_walk *w, struct fw_state *s, const struct fw_option *o)
{
        const struct fw_entry *e = &w->m->list[s->hook][s->six].entry[s->entry];

        switch (o->kind) {
        case FW_OPT_ENTER:
                if (e->kind == FW_ENTRY_NAT)
                        enter_nat(s);
                else
                        enter(w, s, e->chain);
                break;
        case FW_OPT_NEXT:
                s->entry++;
                break;
        case FW_OPT_TRANSLATED:
                translated(s);
                break;
        case FW_OPT_INPUT:
                FW_TELL(w, s, .what = ZC_FW_ROUTED, .text = o->text);
                to_hook(w, s, ZC_FW_INPUT);
                break;
        case FW_OPT_FORWARD:
                forward(w, s, o);
                break;
        default:
                break;
        }
}
