/**
 * ipset's sets, as far as rules ask for them. A rule names a set by its number; decoding it without the set leaves a wish behind, which the
 * conversation (ipset_live.c) grants before the rules are read again. Pure but for that.
 */
#ifndef ZC_FW_IPSET_H
#define ZC_FW_IPSET_H

#include "decode.h"

/** What an element is besides its key. */
enum fw_ipset_how {
        FW_IPSET_NOMATCH = 1,
        FW_IPSET_FLEETING = 2, /* it times out */
        FW_IPSET_TYPED = 4,    /* ICMP: its port is a type and a code */
        FW_IPSET_PORTLESS = 8, /* of a protocol without ports */
        FW_IPSET_RANGED = 16,  /* some field is a range */
};

/** A type of sets: what its elements are made of, a letter a dimension. */
struct fw_ipset_type {
        const char *name;
        const char *
                fields; /* a, A: the first and the second address; p: protocol and port; P: a port of TCP or UDP; m: mark; i: interface; ?: not modelled; l: other sets */
};

struct fw_ipset {
        char *name;       /* as the kernel has it */
        uint32_t index;   /* the kernel's number, or FW_NOWHERE: wanted by its name alone */
        bool asked;       /* it was read, or could not be: */
        const char *lost; /* why what it holds is not known; NULL when it is */
        const struct fw_ipset_type *type;
        uint8_t family; /* AF_*; 0: of both */
        struct {
                uint8_t bytes[16];
                bool there;
        } mask;         /* of the addresses of packets */
        uint8_t prefix; /* of an address that comes without */
        uint32_t mark_mask;
        size_t key_len;
        uint8_t *records; /* count of them: least and greatest key, then enum fw_ipset_how */
        size_t count, cap;
        uint8_t how;            /* of all elements together */
        struct fw_list members; /* char *: names, of a list of sets */
        bool learns, forgets;   /* some rule adds to it, deletes from it */
};

struct fw_ipsets {
        struct fw_list list;  /* struct fw_ipset */
        struct fw_list uses;  /* struct fw_ipset_use, of one reading */
        struct fw_build heap; /* remembers that memory ran out */
};

struct fw_ipset_use {
        struct zc_fw_set *set; /* of the model */
        uint32_t number;       /* in the list */
};

void fw_ipsets_init(struct fw_ipsets *s);
void fw_ipsets_release(struct fw_ipsets *s);

/** The place of a set in the list, where it waits to be read if it is new; FW_NOWHERE when out of memory. */
uint32_t fw_ipsets_want(struct fw_ipsets *s, uint32_t index, struct zc_rd name);
static inline struct fw_ipset *fw_ipset_at(const struct fw_ipsets *s, uint32_t i)
{
        return fw_build_at(s->list, struct fw_ipset, i);
}
/** The first that is wanted and was not asked for; FW_NOWHERE: none. */
uint32_t fw_ipsets_next(const struct fw_ipsets *s);

/** Nothing was read of it yet. */
void fw_ipset_clear(struct fw_ipset *set);
/** Takes an answer about the set at this place: its header and elements, or more elements. */
bool fw_ipsets_take(struct fw_ipsets *s, uint32_t number, struct zc_rd payload,
                    struct zc_err *err) ZC_MUST_USE;
/** All that the kernel says of it was taken; @lost: why not, or NULL. */
void fw_ipsets_done(struct fw_ipsets *s, uint32_t number, const char *lost);

static inline size_t fw_ipset_stride(const struct fw_ipset *s)
{
        return 2 * s->key_len + 1;
}

/* ipset_layout.c */
/** Into `set`, of records (as a set's, of set->key_len) whose key is one address; they are sorted. Out of memory is remembered by the build. */
void fw_ipset_lay_out(struct fw_build *b, uint8_t *records, size_t count, struct zc_fw_set *set);
/** Of records, by where they begin; of those that begin together, the widest first. @len: size_t, of a key. */
int fw_ipset_by_key(const void *a, const void *b, void *len);

#define FW_IPSET_PARTS_MAX 100000u
/**
 * hash:net,iface looks no further than the narrowest network that has an element at all (its `multi`): each element keeps what of its network lies
 * in no narrower one. *records are replaced. False when there are too many, or out of memory.
 */
bool fw_ipset_own_parts(uint8_t **records, size_t *count, size_t n, size_t key_len) ZC_MUST_USE;

/* ipset_match.c */
/** The ops of a `set` match or of a SET target; the set is wanted where it was not read. */
void fw_ipset_match(const struct fw_place *at, struct zc_rd info, uint32_t revision);
void fw_ipset_target(const struct fw_place *at, struct zc_rd info, uint32_t revision);
/** All rules were decoded: what they add and delete is seen at every use. */
void fw_ipsets_settle(struct fw_ipsets *s);

/* ipset_live.c */
/** Grants all wishes. True when there was one: the rules are to be read again. What cannot be read is remembered as lost. */
bool fw_ipsets_fetch(struct fw_ipsets *s);

#endif
