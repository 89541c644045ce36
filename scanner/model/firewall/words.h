/** Values of registers in words: what a field is called and how what it holds is written. */
#ifndef ZC_MODEL_FIREWALL_WORDS_H
#define ZC_MODEL_FIREWALL_WORDS_H

#include "eval.h"
#include "zc/text.h"

enum fw_form {
        FW_FORM_HEX,  /* bytes */
        FW_FORM_BIG,  /* a number in network order */
        FW_FORM_HOST, /* a number in host order */
        FW_FORM_INDEX, /* the same, of an interface */
        FW_FORM_MARK, /* the same in hexadecimal */
        FW_FORM_ADDR4,
        FW_FORM_ADDR6,
        FW_FORM_PROTOCOL,
        FW_FORM_NAME, /* of an interface or a kind: text that NUL pads */
        FW_FORM_STATE,
        FW_FORM_STATUS,
        FW_FORM_TYPE, /* of a route */
        FW_FORM_PKTTYPE,
        FW_FORM_NFPROTO,
        FW_FORM_ETHERTYPE,
        FW_FORM_ICMP,
        FW_FORM_ICMPV6,
        FW_FORM_FLAGS,
        FW_FORM_YES, /* exists or missing */
};

/** What a load is called: "tcp dport"; text is added. @protocol: what the rule has found it to be, 0 for unknown. */
enum fw_form fw_words_load(struct zc_text *t, const struct zc_fw_op *op, uint8_t protocol);
void fw_words_value(struct zc_text *t, enum fw_form form, const uint8_t *v, size_t n);
/** Bytes of a whole value of this form; 0: any. */
size_t fw_words_width(enum fw_form form);
const char *fw_words_protocol(uint8_t protocol);

#endif
