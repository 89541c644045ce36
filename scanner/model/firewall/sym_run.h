/** One rule under way on one state. */
#ifndef ZC_FW_SYM_RUN_H
#define ZC_FW_SYM_RUN_H

#include "sym.h"

/** A rule under way: `now` are the packets before its conditions since the last change, `held` those that the conditions hold. */
struct run {
        struct sym *s;
        const struct zc_fw_chain *chain;
        const struct zc_fw_op *ops;
        uint32_t count;
        size_t number; /* of the rule in its chain */
        struct sym_state now;
        struct sym_pair held;
        struct sym_regs regs;
        uint8_t *seen;
        struct sym_list *next;
        struct sym_moves *moves;
};

enum after { GO_ON, OVER };

/* sym_rule.c */
/** The rule's ops from `at` on. */
void run_on(struct run *r, uint32_t at);
struct sym_state run_narrowed(const struct run *r, struct sym_pair p);
/** What the pair does not hold goes on to the next rule. */
void run_fall(struct run *r, struct sym_pair p);
/** What the conditions so far do not hold goes on to the next rule; from here on the state is what they hold. OVER: nothing is left. */
enum after run_settle(struct run *r);
enum after run_breaks(struct run *r);
enum after run_condition(struct run *r, struct sym_pair p);
enum after run_loaded(struct run *r, enum sym_load how);
void run_move(struct run *r, const struct sym_state *state, struct zc_fw_verdict verdict);

/* sym_load.c */
void run_store(struct run *r, unsigned slot, const struct sym_byte *bytes, unsigned len);
void run_fetch(const struct run *r, unsigned slot, struct sym_byte *out, unsigned len);
enum after run_payload(struct run *r, const struct zc_fw_op *op);
enum after run_meta(struct run *r, const struct zc_fw_op *op);
enum after run_ct(struct run *r, const struct zc_fw_op *op);
enum after run_fib(struct run *r, const struct zc_fw_op *op);
enum after run_unknown_load(struct run *r, const struct zc_fw_op *op);
enum after run_exthdr(struct run *r, const struct zc_fw_op *op);
enum after run_immediate(struct run *r, const struct zc_fw_op *op);
enum after run_byteorder(struct run *r, const struct zc_fw_op *op);
enum after run_bitwise(struct run *r, const struct zc_fw_op *op);

/* sym_change.c: META_SET, CT_SET, PAYLOAD_SET, NOTRACK, NAT */
enum after run_change(struct run *r, const struct zc_fw_op *op, uint32_t at);

#endif
