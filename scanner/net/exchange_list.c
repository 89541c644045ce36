/** Conversations that stand in an array, run by the exchange. See include/zc/exchange.h. */
#include "zc/exchange.h"

struct list {
        struct zc_conv *convs;
        size_t count, given;
};

static struct zc_conv *list_next(void *ctx)
{
        struct list *l = ctx;

        return l->given < l->count ? &l->convs[l->given++] : NULL;
}

static void list_done(void *ctx, struct zc_conv *c)
{
        (void)ctx;
        (void)c;
}

bool zc_exchange_all(const struct zc_scope *scope, struct zc_conv *convs, size_t count,
                     const struct zc_exchange_limits *limits, struct zc_deadline deadline,
                     struct zc_err *err)
{
        struct list l = { .convs = convs, .count = count };
        struct zc_exchange_source source = { .next = list_next, .done = list_done, .ctx = &l };

        return zc_exchange_run(scope, &source, limits, deadline, err);
}

bool zc_exchange_one(const struct zc_scope *scope, struct zc_conv *conv,
                     struct zc_deadline deadline, struct zc_err *err)
{
        static const struct zc_exchange_limits one = { .at_once = 1 };

        return zc_exchange_all(scope, conv, 1, &one, deadline, err);
}

enum zc_step zc_step_chain(void *chain, enum zc_event ev, struct zc_rd *in, struct zc_wr *out)
{
        struct zc_step_chain *c = chain;
        enum zc_step step;

        if (c->passed)
                return c->next(c->next_state, ev, in, out);
        step = c->first(c->first_state, ev, in, out);
        if (step != ZC_STEP_DONE || !c->next || (c->go_on && !c->go_on(c->first_state)))
                return step;
        c->passed = true;
        out->len = 0;
        step = c->next(c->next_state, ZC_EV_CONNECTED, in, out);
        /* What came together with the end of the first, or ended the connection, is news to the next. */
        if (step == ZC_STEP_MORE && in->n > 0)
                step = c->next(c->next_state, ZC_EV_DATA, in, out);
        if (step == ZC_STEP_MORE && (ev == ZC_EV_EOF || ev == ZC_EV_RESET || ev == ZC_EV_TIMEOUT))
                step = c->next(c->next_state, ev, in, out);
        return step;
}
