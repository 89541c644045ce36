/** Whether the packets that several rules name add up to all there are: a union of ranges per dimension. */
#ifndef ZC_FIREWALL_COVER_H
#define ZC_FIREWALL_COVER_H

#include "match.h"

struct fw_cover {
        struct {
                struct fw_range *ranges;
                size_t count, cap;
        } dims[FW_DIMS];
        bool lost; /* more than can be kept: may be everything */
};

void fw_cover_add(struct fw_cover *c, enum fw_field dim, const struct fw_range *range);
void fw_cover_merge(struct fw_cover *to, const struct fw_cover *from);
bool fw_cover_empty(const struct fw_cover *c);
/** Whether no packet of the family (from a public address, to a port that is not 0) may be left outside. */
bool fw_cover_full(struct fw_cover *c);
void fw_cover_release(struct fw_cover *c);

#endif
