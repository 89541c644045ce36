/** What the files of this folder share: the evidence object, its index of records, and the checks of what comes in. */
#ifndef ZC_EVIDENCE_INTERNAL_H
#define ZC_EVIDENCE_INTERNAL_H

#include "slice.h"
#include "zc/evidence.h"

enum zc_record { ZC_RECORD_HOST, ZC_RECORD_ENDPOINT, ZC_RECORD_SCAN, ZC_RECORD_PROBLEM, ZC_RECORD_COUNT };

/** Where the records of one form stand, in document order. */
struct zc_index {
        struct zc_slice *at;
        size_t count, cap;
};

/** Endpoints by identity: 128 bits of SHA-256 each, so that a hostile file cannot make two meet. */
struct zc_identities {
        struct zc_identity {
                uint8_t key[16];
                size_t position; /* in the index, plus 1; 0: free */
        } *slot;
        size_t count, cap; /* cap is 0 or a power of two */
};

struct zc_evidence {
        char *name;
        int fd;
        uint64_t size;  /* of a stream that is written: where the next record goes */
        bool writable;  /* made by zc_evidence_create() and not finished */
        bool wrapped;   /* stream form: a slice is a line {"endpoint": {...}}; document form: the value itself */
        bool finished;
        bool cut;       /* the last line of the stream was cut and dropped */
        json_t *run, *host;
        char *machine;  /* what the vantage called itself, where it was told apart; else NULL */
        uint64_t host_bytes; /* of host records read or written, against ZC_EVIDENCE_HOST_MAX */
        struct zc_index index[ZC_RECORD_COUNT]; /* host: unused */
        struct zc_identities identities;
};

#define ZC_EVIDENCE_NAME_MAX ((size_t)1024) /* of an identity's parts */
#define ZC_EVIDENCE_HOST_MAX ((size_t)32 << 20)

struct zc_evidence *zc_evidence_new(const char *name, struct zc_err *err);
/** Take in one checked record of a stream or value of a document, which stands at `at`: merges host, indexes the others. */
bool zc_evidence_take(struct zc_evidence *ev, enum zc_record form, const json_t *value, const struct zc_slice *at, struct zc_err *err);
/** The form of {"endpoint": {...}}: its single member's name and value; ZC_RECORD_COUNT when it is none of them. */
enum zc_record zc_record_form(const json_t *record, const json_t **value);
const char *zc_record_name(enum zc_record form);

bool zc_identity_key(const json_t *endpoint, uint8_t key[16], struct zc_err *err);
/** The position already known for the key, or `position`, which is then remembered; SIZE_MAX when out of memory. */
size_t zc_identities_put(struct zc_identities *ids, const uint8_t key[16], size_t position);

/** Check a value against "#/$defs/DEF" of the schema, unknown members permitted. */
bool zc_evidence_check(const char *def, const json_t *value, struct zc_err *err);

/** An unlinked file of our own, in TMPDIR or /tmp. */
int zc_temporary(struct zc_err *err);

#endif
