/**
 * RESP, the protocol of Redis and its kin, versions 2 and 3 (redis.io "Redis serialization protocol specification"), as far as a client
 * without a login speaks it: what does the server do for someone who gives no password? Nothing is written, no password is ever sent.
 */
#ifndef ZC_RESP_H
#define ZC_RESP_H

#include "zc/exchange.h"

/* ---- values, pure (resp_wire.c) ---- */

enum zc_resp_kind {
        ZC_RESP_STRING, /* + $ = ( , # : a scalar is text, as it came */
        ZC_RESP_ERROR,  /* - ! */
        ZC_RESP_INTEGER,
        ZC_RESP_NULL,
        ZC_RESP_LIST, /* * ~ > */
        ZC_RESP_MAP,  /* % | */
};

#define ZC_RESP_LINE_MAX ((size_t)8 * 1024)
#define ZC_RESP_BULK_MAX ((uint64_t)256 * 1024)
#define ZC_RESP_ITEMS_MAX ((uint64_t)1024) /* in one list or map */
#define ZC_RESP_VALUES_MAX 4096u           /* in one whole value */
#define ZC_RESP_DEPTH_MAX 8u

struct zc_resp {
        enum zc_resp_kind kind;
        struct zc_rd text; /* of strings and errors */
        int64_t integer;
        uint64_t items;    /* of lists and maps: values that follow; a pair is two */
};

enum zc_resp_next { ZC_RESP_MORE, ZC_RESP_VALUE, ZC_RESP_FOREIGN };
/** One scalar, or the head of a list or map, whose items follow. `in` moves past it; on anything but VALUE it stays. */
enum zc_resp_next zc_resp_next(struct zc_rd *in, struct zc_resp *out);
/** The bytes of one whole value with all that is in it. */
enum zc_resp_next zc_resp_whole(struct zc_rd *in, struct zc_rd *value);
/** The text that stands beside a key in a whole map, or in a list of pairs (HELLO's answer). False when there is none. */
bool zc_resp_pair(struct zc_rd whole, const char *key, struct zc_rd *out);
/** The text behind "key:" at the start of a line (INFO's answer). */
bool zc_resp_info(struct zc_rd text, const char *key, struct zc_rd *out);

/* ---- the conversation ---- */

enum zc_resp_answer {
        ZC_RESP_NOT_ASKED,
        ZC_RESP_RUNS,       /* the command was done */
        ZC_RESP_NOAUTH,     /* log in first */
        ZC_RESP_DENIED,     /* protected mode: not from elsewhere while there is no password */
        ZC_RESP_NOPERM,     /* this user may not: without a login, the default user */
        ZC_RESP_UNKNOWN_COMMAND,
        ZC_RESP_OTHER,      /* another error: loading, no room, ... */
        ZC_RESP_NO_ANSWER,  /* closed, silent or cut: why has the words */
        ZC_RESP_NOT_RESP,   /* what came back is not this protocol */
        ZC_RESP_ANSWERS,
};
/** "runs", "noauth", ...; "" for what was not asked. */
const char *zc_resp_answer_name(enum zc_resp_answer a);

enum zc_resp_command { ZC_RESP_PING, ZC_RESP_HELLO, ZC_RESP_INFO, ZC_RESP_CONFIG, ZC_RESP_COMMANDS };
/** "PING", "HELLO", "INFO server", "CONFIG GET protected-mode". */
const char *zc_resp_command_name(enum zc_resp_command c);

struct zc_resp_ask {
        unsigned wait;     /* set by the caller: idle periods to wait for unasked words (protected mode speaks first) */
        unsigned patience; /* and for each answer */
        bool config;       /* ask for protected-mode too: over loopback it does not show */
        /* filled by the step machine */
        enum zc_resp_answer answers[ZC_RESP_COMMANDS];
        enum zc_resp_command now;
        bool asked;
        unsigned waited;
        char version[64]; /* escaped, as all that follows */
        char mode[24];    /* "standalone", "cluster", "sentinel" */
        char role[24];
        char protected_mode[8]; /* "yes", "no"; "": not told */
        const char *fork; /* "redis", "valkey", "keydb", "dragonfly", "unknown"; NULL: not told */
        char why[160];
        char sent[120], received[400]; /* for proof */
};
/** The step function; its state is a struct zc_resp_ask. PING, and only when that is done HELLO, INFO server and CONFIG GET. */
enum zc_step zc_resp_ask_step(void *ask, enum zc_event ev, struct zc_rd *in, struct zc_wr *out);

#endif
