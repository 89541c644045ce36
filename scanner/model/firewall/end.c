/** Expressions with which a packet's way through a chain, or altogether, ends. */
#include "eval.h"

enum fw_then fw_verdict(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        (void)s;
        w->verdict = op->u.verdict;
        return FW_ENDS;
}

static enum fw_then end(struct fw_walk *w, enum zc_fw_outcome outcome, const char *text)
{
        return fw_option_add(
                w, (struct fw_option){ .kind = FW_OPT_END, .outcome = outcome, .text = text });
}

/* A reset answers nothing but TCP, and no reset. */
enum fw_then fw_reject(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        enum { TCP_RESET = 1, RST = 4 };
        bool answers =
                op->op != TCP_RESET || (s->protocol == FW_TCP && !(s->v[s->transport + 13] & RST));

        w->options = 0;
        return end(w, answers ? ZC_FW_IS_REJECT : ZC_FW_IS_DROP, NULL);
}

/* A program decides; without one the packet is dropped, or passes with bypass. */
enum fw_then fw_queue(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        (void)s;
        w->options = 0;
        w->cause = op->name ? op->name : "queue";
        fw_option_add(w, (struct fw_option){ .kind = FW_OPT_VERDICT,
                                             .verdict = { .code = ZC_FW_ACCEPT } });
        return end(w, ZC_FW_IS_DROP, "a program decides, or none listens");
}

enum fw_then fw_synproxy(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        enum { SYN = 2, ACK = 16 };

        if (s->protocol != FW_TCP)
                return FW_BREAK;
        if (!(s->v[s->transport + 13] & (SYN | ACK)))
                return FW_GO_ON;
        w->options = 0;
        w->cause = op->name ? op->name : "synproxy";
        end(w, ZC_FW_IS_ACCEPT, "synproxy answers");
        return end(w, ZC_FW_IS_DROP, "synproxy keeps it");
}

enum fw_then fw_fwd(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        (void)s;
        w->options = 0;
        w->cause = op->name ? op->name : "fwd";
        end(w, ZC_FW_IS_ACCEPT, "leaves by another device");
        return end(w, ZC_FW_IS_DROP, "never gets to this host");
}

enum fw_then fw_unknown(struct fw_walk *w, struct fw_state *s, const struct zc_fw_op *op)
{
        (void)s;
        w->options = 0;
        w->cause = op->name ? op->name : "an expression that is not modelled";
        return end(w, ZC_FW_IS_UNKNOWN, w->cause);
}
