/** One row of admits under construction: its lists, and the rules that decide it. */
#ifndef ZC_FW_SYM_ROW_H
#define ZC_FW_SYM_ROW_H

#include "split.h"
#include "sym.h"
#include "zc/fw_sym.h"

#define LISTED 1024 /* addresses of a row */
#define ROWS 2048   /* of all */

/** A row under construction, and a packet of it. */
struct sym_row {
        struct sym *s;
        const struct zc_fw_machine *machine;
        struct zc_arena *arena;
        struct zc_fw_admits *out;
        struct zc_fw_admit admit;
        zc_bdd everywhere;     /* destinations that need no listing */
        zc_bdd valid;          /* sources that there are */
        const uint8_t *source; /* of a packet of the row; NULL: any */
        uint8_t dest[16];
        bool has_dest, nomem;
        bool coarse;                /* too many rows: ports and interfaces only */
        struct zc_fw_cidr *scratch; /* LISTED of them */
};

/** Room for n of them in the row's arena; NULL, and the row says so, when memory ran out. */
void *row_keep(struct sym_row *r, size_t n, size_t size);
/** The number of two bytes, the greater one first. */
uint32_t row_number(const uint8_t *be);
/** The values of a part as ranges, without their `shift` lowest bits. */
const struct zc_fw_span *row_spans(struct sym_row *r, const struct split_part *p, unsigned shift,
                                   size_t *count);
/** The address after this one, and before it; false at the end. */
bool row_next_address(uint8_t *addr, unsigned bits);
bool row_step_back(uint8_t *addr, unsigned bits);
/** The addresses of a part as prefixes, at most as many as a row lists; *count 0 and cut where there are more. */
const struct zc_fw_cidr *row_cidrs(struct sym_row *r, const struct split_part *p, size_t *count,
                                   bool *cut);
/** Is the part every address? */
bool row_everything(const struct split_part *p, unsigned bits);
/** The packets whose address is of the part. */
zc_bdd row_union(struct sym *s, const struct split_part *p, unsigned var, unsigned bits);
/** One address of the part, as good as any. */
void row_pick(const struct sym_row *r, const struct split_part *p, uint8_t *out);
/** The row is done: it goes to the others, with the rules that a packet of it meets. */
void row_add(struct sym_row *r);

#endif
