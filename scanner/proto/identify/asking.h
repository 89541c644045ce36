/** One identification under way, between identify.c and follow.c. */
#ifndef ZC_IDENTIFY_ASKING_H
#define ZC_IDENTIFY_ASKING_H

#include "hints.h"
#include "talk.h"

struct asking {
        const struct zc_identify_peer *peer;
        struct zc_identity *out;
        struct hint hint;
        unsigned wait; /* idle periods, for a greeting */
        int64_t idle_ms;
        bool tls_asked, tls_seen, h2_only, no_alpn;
        char host[ZC_ADDR_LEN + 2]; /* the address as HTTP's Host */
        bool silent; /* the last conversation was connected and stayed so, and nothing came of it in its time */
        bool stop;    /* nothing more is to be asked */
        bool perhaps; /* "400" from what may want TLS */
};

/** Whether another connection is allowed. */
bool asking_room(const struct asking *a);
/** A talk that puts the question at once. */
struct talk asking_talk(const struct asking *a, enum zc_asked question);
/** One conversation in the clear. False: our own side failed. */
bool asking_converse(struct asking *a, zc_step_fn step, void *state, struct zc_err *err);
/** One session with the talk within it; *established: the handshake was made. */
bool asking_session(struct asking *a, struct talk *t, bool *established, struct zc_err *err);
/** Foreign bytes as text, cut. */
void asking_text(char *out, size_t size, const uint8_t *p, size_t n);

/** Who is known, and may say more when it is asked in its own words. */
bool follow(struct asking *a, struct zc_err *err);

#endif
