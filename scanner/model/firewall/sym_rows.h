/** Rows of admits from sets of packets. */
#ifndef ZC_FW_SYM_ROWS_H
#define ZC_FW_SYM_ROWS_H

#include "sym.h"
#include "zc/fw_sym.h"

struct sym_rows_of {
        zc_bdd packets;
        zc_bdd valid;      /* sources that packets can have: the others are not told apart */
        zc_bdd everywhere; /* destinations that go without saying; BDD_NONE: every one is listed */
        struct zc_fw_admit
                admit; /* what is known already: family, hook, protocol, translation, certainty */
};

/** False when memory or the number of rows ran out: what was added is then not whole. */
bool sym_rows(struct sym *s, const struct zc_fw_machine *machine, const struct sym_rows_of *what,
              struct zc_arena *arena, struct zc_fw_admits *out);
/** Rows from `first` on that an earlier row without destinations says already. */
void sym_rows_drop_covered(struct zc_fw_admits *out, size_t first);
#endif
