/** What decoding an expression is made of: what it says, and functions that fill an op with it. */
#ifndef ZC_FW_DECODE_FILL_H
#define ZC_FW_DECODE_FILL_H

#include "decode.h"
#include "expr_wire.h"

struct fw_decoding {
        const struct fw_place *at;
        const struct nft_attrs *a;
        const char *strange; /* a value that we do not know */
        uint8_t then;        /* kind of one more op behind it; 0 for none: a load never is */
};

/* Each for the expressions whose rows name it. */
void fw_fill_payload(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_cmp(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_range(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_bitwise(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_byteorder(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_immediate(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_lookup(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_dynset(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_exthdr(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_meta(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_ct(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_fib(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_rt(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_socket(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_nat(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_masq(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_redir(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_tproxy(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_reject(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_queue(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_any(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_any_wide(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_any_second(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_inner(struct fw_decoding *d, struct zc_fw_op *op);
void fw_fill_objref(struct fw_decoding *d, struct zc_fw_op *op);

#endif
