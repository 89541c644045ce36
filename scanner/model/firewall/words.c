/** A rule in words near to nft's own, made of its expressions; and why it did not match. */
#include "words.h"

#include <stdio.h>

#define ELEMENTS_SHOWN 4

/* What a slot of the registers holds, as far as the rule has been read. */
struct holds {
        char text[120];
        enum fw_form form;
        uint8_t len;
        uint8_t prefix; /* of an address that was masked; 0: whole */
        bool masked;
        uint8_t mask[16], constant[16];
        bool is_constant;
        bool either; /* two mask tests in one: text is all of the condition */
};

struct reading {
        const struct zc_fw_ruleset *rs;
        struct zc_text *out;
        struct holds slot[ZC_FW_SLOTS];
        uint8_t protocol, family; /* that conditions have found: IPPROTO_*, and 4 or 6 */
        struct {
                char text[40];
                bool pending; /* printed only where what follows does not say it anyway */
        } guard;
};

static void word(struct reading *r, const char *s)
{
        if (!*s)
                return;
        if (r->out->len > 0)
                zc_text_addc(r->out, ' ');
        zc_text_add(r->out, s);
}

static void flush_guard(struct reading *r)
{
        if (r->guard.pending)
                word(r, r->guard.text);
        r->guard.pending = false;
}

static struct holds *at(struct reading *r, uint8_t slot)
{
        return &r->slot[slot & (ZC_FW_SLOTS - 1)];
}

/* ---- loads ---- */

static void load(struct reading *r, const struct zc_fw_op *op)
{
        struct holds *h = at(r, op->dreg);
        ZC_AUTO_TEXT t = { 0 };
        bool network = op->kind == ZC_FW_OP_PAYLOAD && op->key == ZC_FW_BASE_NETWORK;
        bool transport = op->kind == ZC_FW_OP_PAYLOAD && op->key == ZC_FW_BASE_TRANSPORT;

        zc_text_init(&t, sizeof(h->text));
        *h = (struct holds){ .len = op->len };
        if (network)
                h->form = fw_words_load(&t, op, r->family ? r->family : op->len > 4 ? 6 : 4);
        else
                h->form = fw_words_load(&t, op, r->protocol);
        snprintf(h->text, sizeof(h->text), "%s", zc_text_str(&t));
        if ((transport && strncmp(h->text, "th ", 3) != 0 && h->text[0] != '@') ||
            (network && h->text[0] != '@'))
                r->guard.pending = false; /* the field's name says it */
        else
                flush_guard(r);
        if (h->len == 0)
                h->len = (uint8_t)(h->form == FW_FORM_NAME ? 16 : 4);
}

static void immediate(struct reading *r, const struct zc_fw_op *op)
{
        struct holds *h = at(r, op->dreg);

        *h = (struct holds){ .form = FW_FORM_HEX, .len = op->len, .is_constant = true };
        memcpy(h->constant, op->u.data.a, op->len < 16 ? op->len : 16);
}

static unsigned prefix_of(const uint8_t *mask, size_t n)
{
        unsigned bits = 0;

        while (bits < 8 * n && mask[bits / 8] >> (7 - bits % 8) & 1)
                bits++;
        for (unsigned i = bits; i < 8 * n; i++) {
                if (mask[i / 8] >> (7 - i % 8) & 1)
                        return 0;
        }
        return bits;
}

static bool is_bits(enum fw_form form)
{
        return form == FW_FORM_STATE || form == FW_FORM_STATUS || form == FW_FORM_FLAGS;
}

/* "ct state new or ct status dnat": what one match of iptables asks of both. */
static bool either(struct reading *r, const struct zc_fw_op *op)
{
        const struct holds *parts[] = { at(r, op->sreg), at(r, op->sreg2) };
        ZC_AUTO_TEXT t = { 0 };

        if (op->op != ZC_FW_BIT_OR || op->sreg2 == ZC_FW_NO_SLOT)
                return false;
        zc_text_init(&t, sizeof(parts[0]->text) - 1);
        for (size_t i = 0; i < 2; i++) {
                if (!parts[i]->masked || !is_bits(parts[i]->form))
                        return false;
                zc_text_printf(&t, "%s%s ", i ? " or " : "(", parts[i]->text);
                fw_words_value(&t, parts[i]->form, parts[i]->mask, parts[i]->len);
        }
        zc_text_addc(&t, ')');
        *at(r, op->dreg) = (struct holds){ .form = FW_FORM_HEX, .len = op->len, .either = true };
        snprintf(at(r, op->dreg)->text, sizeof(parts[0]->text), "%s", zc_text_str(&t));
        return true;
}

static void bitwise(struct reading *r, const struct zc_fw_op *op)
{
        struct holds h = *at(r, op->sreg);
        size_t n = op->len < 16 ? op->len : 16;

        if (either(r, op))
                return;
        if (op->op == ZC_FW_BIT_MASK_XOR && op->u.data.a && !h.is_constant) {
                h.masked = true;
                memcpy(h.mask, op->u.data.a, n);
                if (h.form == FW_FORM_ADDR4 || h.form == FW_FORM_ADDR6)
                        h.prefix = (uint8_t)prefix_of(op->u.data.a, n);
        } else
                h.form = h.form == FW_FORM_MARK ? FW_FORM_MARK : FW_FORM_HEX;
        *at(r, op->dreg) = h;
}

/* ---- conditions ---- */

static void value(const struct reading *r, struct zc_text *t, enum fw_form form, const uint8_t *v,
                  size_t n)
{
        const struct zc_fw_host *host = form == FW_FORM_INDEX && n == 4 ? r->rs->host : NULL;
        uint32_t index;

        for (size_t i = 0; host && i < host->interface_count; i++) {
                memcpy(&index, v, sizeof(index)); /* as the kernel has it */
                if (host->interfaces[i].index == index) {
                        zc_text_printf(t, "\"%s\"", host->interfaces[i].name);
                        return;
                }
        }
        fw_words_value(t, form, v, n);
}

static void subject(struct zc_text *t, const struct holds *h)
{
        zc_text_add(t, h->text[0] ? h->text : "a register");
        if (h->masked && !h->prefix) {
                zc_text_add(t, " & ");
                fw_words_value(t,
                               is_bits(h->form)                                     ? h->form
                               : h->form == FW_FORM_MARK || h->form == FW_FORM_HOST ? FW_FORM_MARK
                                                                                    : FW_FORM_HEX,
                               h->mask, h->len < 16 ? h->len : 16);
        }
}

static void compared(struct reading *r, const struct zc_fw_op *op, struct zc_text *t)
{
        static const char *const signs[] = { "", "!= ", "< ", "<= ", "> ", ">= " };
        const struct holds *h = at(r, op->sreg);
        uint8_t zero[16] = { 0 };
        size_t n = op->len < 16 ? op->len : 16;

        if (h->either && op->op <= ZC_FW_NE) {
                zc_text_printf(t, "%s%s", op->op == ZC_FW_EQ ? "! " : "", h->text);
                return;
        }
        /* a mask test: "ct state established,related" */
        if (h->masked && !h->prefix && op->op <= ZC_FW_NE && memcmp(op->u.data.a, zero, n) == 0 &&
            is_bits(h->form)) {
                zc_text_printf(t, "%s %s", h->text, op->op == ZC_FW_EQ ? "! " : "");
                fw_words_value(t, h->form, h->mask, h->len);
                return;
        }
        subject(t, h);
        zc_text_printf(t, " %s", op->op < ZC_COUNT(signs) ? signs[op->op] : "? ");
        value(r, t, h->form, op->u.data.a, op->len);
        if (h->prefix)
                zc_text_printf(t, "/%u", h->prefix);
}

/* A condition that only says which headers there are waits: the next field's name may say it too. */
static void cmp(struct reading *r, const struct zc_fw_op *op)
{
        const struct holds *h = at(r, op->sreg);
        ZC_AUTO_TEXT t = { 0 };
        bool guard = op->op == ZC_FW_EQ && !h->masked;

        zc_text_init(&t, 200);
        compared(r, op, &t);
        flush_guard(r);
        if (guard && h->form == FW_FORM_PROTOCOL)
                r->protocol = op->u.data.a[0];
        else if (guard && h->form == FW_FORM_NFPROTO)
                r->family = op->u.data.a[0] == ZC_FW_IP ? 4 : 6;
        else if (guard && h->form == FW_FORM_ETHERTYPE)
                r->family = op->u.data.a[0] == 0x08 ? 4 : 6;
        else
                guard = false;
        if (!guard) {
                word(r, zc_text_str(&t));
                return;
        }
        snprintf(r->guard.text, sizeof(r->guard.text), "%s", zc_text_str(&t));
        r->guard.pending = true;
}

static void range(struct reading *r, const struct zc_fw_op *op)
{
        const struct holds *h = at(r, op->sreg);
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, 200);
        subject(&t, h);
        zc_text_add(&t, op->invert ? " != " : " ");
        value(r, &t, h->form, op->u.data.a, op->len);
        zc_text_addc(&t, '-');
        value(r, &t, h->form, op->u.data.b, op->len);
        flush_guard(r);
        word(r, zc_text_str(&t));
}

/* The fields that make up a key: "ip saddr . tcp dport". */
static void key(struct reading *r, uint8_t slot, size_t len, struct zc_text *t)
{
        for (size_t used = 0; used < len && slot < ZC_FW_SLOTS;) {
                const struct holds *h = at(r, slot);
                size_t slots = (h->len ? h->len + 3u : 4u) / 4;

                zc_text_add(t, used ? " . " : "");
                subject(t, h);
                used += 4 * slots;
                slot = (uint8_t)(slot + slots);
        }
}

static void bound(struct reading *r, const struct zc_fw_set *set, uint8_t slot, const uint8_t *v,
                  const uint8_t *to, struct zc_text *t)
{
        for (size_t used = 0; used < set->key_len && slot < ZC_FW_SLOTS;) {
                const struct holds *h = at(r, slot);
                size_t n = h->len ? h->len : 4, left = set->key_len - used;

                n = n < left ? n : left;
                zc_text_add(t, used ? " . " : "");
                value(r, t, h->form, v + used, n);
                if (memcmp(v + used, to + used, n) != 0) {
                        zc_text_addc(t, '-');
                        value(r, t, h->form, to + used, n);
                }
                used += (n + 3) & ~(size_t)3;
                slot = (uint8_t)(slot + (n + 3) / 4);
        }
}

static void elements(struct reading *r, const struct zc_fw_op *op, struct zc_text *t)
{
        const struct zc_fw_set *set = op->u.set;
        size_t n = set->count < ELEMENTS_SHOWN ? set->count : ELEMENTS_SHOWN;

        zc_text_add(t, "{ ");
        for (size_t i = 0; i < n; i++) {
                zc_text_add(t, i ? ", " : "");
                bound(r, set, op->sreg, set->lo + i * set->key_len, set->hi + i * set->key_len, t);
        }
        if (set->count > n)
                zc_text_printf(t, ", … %zu more", set->count - n);
        zc_text_add(t, " }");
}

static void lookup(struct reading *r, const struct zc_fw_op *op)
{
        const struct zc_fw_set *set = op->u.set;
        bool anonymous = set->name && strncmp(set->name, "__", 2) == 0;
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, 400);
        key(r, op->sreg, set->key_len, &t);
        zc_text_add(&t, op->invert ? " != " : set->verdicts ? " vmap " : set->map ? " map " : " ");
        if (anonymous && set->read)
                elements(r, op, &t);
        else
                zc_text_printf(&t, "@%s", set->name ? set->name : "?");
        flush_guard(r);
        word(r, zc_text_str(&t));
        if (set->map && !set->verdicts && op->dreg != ZC_FW_NO_SLOT)
                *at(r, op->dreg) =
                        (struct holds){ .text = "of the map", .len = (uint8_t)set->data_len };
}

/* ---- statements ---- */

static void constant_or(struct zc_text *t, const struct holds *h, enum fw_form form, size_t n)
{
        if (h->is_constant)
                fw_words_value(t, form, h->constant, n);
        else
                zc_text_printf(t, "(%s)", h->text[0] ? h->text : "a register");
}

static void nat(struct reading *r, const struct zc_fw_op *op)
{
        static const char *const names[] = { "snat", "dnat", "masquerade", "redirect" };
        const struct holds *a = at(r, op->u.nat.addr_min), *p = at(r, op->u.nat.port_min);
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, 200);
        zc_text_add(&t, op->op < ZC_COUNT(names) ? names[op->op] : "nat");
        if (op->u.nat.addr_min != ZC_FW_NO_SLOT || op->u.nat.port_min != ZC_FW_NO_SLOT)
                zc_text_add(&t, " to ");
        if (op->u.nat.addr_min != ZC_FW_NO_SLOT)
                constant_or(&t, a, a->len > 4 ? FW_FORM_ADDR6 : FW_FORM_ADDR4, a->len);
        if (op->u.nat.port_min != ZC_FW_NO_SLOT) {
                zc_text_addc(&t, ':');
                constant_or(&t, p, FW_FORM_BIG, 2);
        }
        word(r, zc_text_str(&t));
}

static void set_value(struct reading *r, const struct zc_fw_op *op)
{
        const struct zc_fw_op load_op = { .kind = op->kind == ZC_FW_OP_CT_SET ? ZC_FW_OP_CT
                                                  : op->kind == ZC_FW_OP_META_SET
                                                          ? ZC_FW_OP_META
                                                          : ZC_FW_OP_PAYLOAD,
                                          .key = op->key,
                                          .dir = ZC_FW_NO_SLOT,
                                          .offset = op->offset,
                                          .len = op->len };
        ZC_AUTO_TEXT t = { 0 };
        enum fw_form form;

        zc_text_init(&t, 200);
        form = fw_words_load(&t, &load_op, r->protocol);
        zc_text_add(&t, " set ");
        constant_or(&t, at(r, op->sreg), form, op->len ? op->len : at(r, op->sreg)->len);
        word(r, zc_text_str(&t));
}

static void verdict(struct reading *r, const struct zc_fw_op *op)
{
        static const char *const names[] = {
                [ZC_FW_ACCEPT] = "accept", [ZC_FW_DROP] = "drop",   [ZC_FW_CONTINUE] = "continue",
                [ZC_FW_BREAK] = "break",   [ZC_FW_JUMP] = "jump",   [ZC_FW_GOTO] = "goto",
                [ZC_FW_RETURN] = "return", [ZC_FW_QUEUE] = "queue", [ZC_FW_STOLEN] = "stolen"
        };
        struct zc_fw_verdict v = op->u.verdict;

        word(r, (size_t)v.code < ZC_COUNT(names) ? names[v.code] : "?");
        if ((v.code == ZC_FW_JUMP || v.code == ZC_FW_GOTO) && v.chain < r->rs->chain_count)
                word(r, r->rs->chains[v.chain].name);
}

static const char *plain_name(const struct zc_fw_op *op)
{
        switch (op->kind) {
        case ZC_FW_OP_NOTRACK:
                return "notrack";
        case ZC_FW_OP_REJECT:
                return op->op == 1 ? "reject with tcp reset" : "reject";
        case ZC_FW_OP_QUEUE:
                return "queue";
        case ZC_FW_OP_SYNPROXY:
                return "synproxy";
        case ZC_FW_OP_FWD:
                return "fwd";
        case ZC_FW_OP_TPROXY:
                return "tproxy";
        case ZC_FW_OP_EXTHDR_SET:
                return "exthdr set";
        case ZC_FW_OP_DYNSET:
                return "add to a set";
        case ZC_FW_OP_NEUTRAL:
                return op->name && strcmp(op->name, "counter") != 0 ? op->name : "";
        default:
                return op->name ? op->name : "?";
        }
}

static void statement(struct reading *r, const struct zc_fw_op *op)
{
        flush_guard(r);
        switch (op->kind) {
        case ZC_FW_OP_NAT:
                nat(r, op);
                break;
        case ZC_FW_OP_META_SET:
        case ZC_FW_OP_CT_SET:
        case ZC_FW_OP_PAYLOAD_SET:
                set_value(r, op);
                break;
        case ZC_FW_OP_VERDICT:
                verdict(r, op);
                break;
        default:
                word(r, plain_name(op));
                break;
        }
}

static void read_op(struct reading *r, const struct zc_fw_op *op)
{
        switch (op->kind) {
        case ZC_FW_OP_PAYLOAD:
        case ZC_FW_OP_EXTHDR:
        case ZC_FW_OP_META:
        case ZC_FW_OP_CT:
        case ZC_FW_OP_FIB:
        case ZC_FW_OP_RT:
        case ZC_FW_OP_SOCKET:
        case ZC_FW_OP_LOAD_ANY:
                load(r, op);
                break;
        case ZC_FW_OP_IMMEDIATE:
                immediate(r, op);
                break;
        case ZC_FW_OP_BITWISE:
                bitwise(r, op);
                break;
        case ZC_FW_OP_BYTEORDER: /* the number stays what it is; its bytes are now the other way round */
                *at(r, op->dreg) = *at(r, op->sreg);
                if (at(r, op->dreg)->form == FW_FORM_HOST || at(r, op->dreg)->form == FW_FORM_MARK)
                        at(r, op->dreg)->form = FW_FORM_BIG;
                break;
        case ZC_FW_OP_CMP:
                cmp(r, op);
                break;
        case ZC_FW_OP_RANGE:
                range(r, op);
                break;
        case ZC_FW_OP_LOOKUP:
                lookup(r, op);
                break;
        default:
                statement(r, op);
                break;
        }
}

void zc_fw_rule_words(const struct zc_fw_ruleset *rs, const struct zc_fw_rule *rule,
                      struct zc_text *out)
{
        ZC_AUTO_TEXT own = { 0 };
        struct reading r = { .rs = rs, .out = &own };

        zc_text_init(&own, ZC_TEXT_CEILING);
        for (uint32_t i = 0; i < rule->count; i++)
                read_op(&r, &rs->ops[rule->first + i]);
        flush_guard(&r);
        zc_text_add(out, zc_text_str(&own));
}

/* Is any bit set? */
static bool any_bit(const uint8_t *v, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (v[i])
                        return true;
        }
        return false;
}

/* "tcp dport is 443": each field of what the condition looked at. */
static void found(struct reading *r, uint8_t slot, size_t len, const uint8_t *bytes,
                  const uint8_t *unknown, struct zc_text *t)
{
        for (size_t used = 0; used < len && slot < ZC_FW_SLOTS;) {
                const struct holds *h = at(r, slot);
                size_t n = h->len ? h->len : 4, left = len - used;

                if (h->form != FW_FORM_NAME ||
                    slot > 12) /* of a name it has all, whatever was compared */
                        n = n < left ? n : left;
                if (h->either) {
                        zc_text_add(t, any_bit(unknown + used, n) ? "neither is known"
                                       : any_bit(bytes + used, n) ? "one holds"
                                                                  : "neither holds");
                        return;
                }
                zc_text_add(t, used ? ", " : "");
                zc_text_add(t, h->text[0] ? h->text : "the value");
                zc_text_add(t, " is ");
                if (any_bit(unknown + used, n))
                        zc_text_add(t, "not known");
                else if (h->masked && is_bits(h->form) && !any_bit(bytes + used, n))
                        zc_text_add(t, "none of these");
                else
                        value(r, t, h->form, bytes + used, n);
                used += (n + 3) & ~(size_t)3;
                slot = (uint8_t)(slot + (n + 3) / 4);
        }
}

void zc_fw_why_words(const struct zc_fw_ruleset *rs, const struct zc_fw_event *e,
                     struct zc_text *out)
{
        ZC_AUTO_TEXT scratch = { 0 };
        struct reading r = { .rs = rs, .out = &scratch };
        const struct zc_fw_op *first = e->rule ? rs->ops + e->rule->first : NULL, *op = e->op;
        size_t len;

        zc_text_init(&scratch, ZC_TEXT_CEILING);
        if (!op || !first)
                return;
        for (const struct zc_fw_op *o = first; o < op; o++)
                read_op(&r, o);
        if (op->kind != ZC_FW_OP_CMP && op->kind != ZC_FW_OP_RANGE && op->kind != ZC_FW_OP_LOOKUP) {
                ZC_AUTO_TEXT t = { 0 };

                zc_text_init(&t, 200);
                if (op->kind < ZC_FW_OP_IMMEDIATE || op->kind == ZC_FW_OP_LOAD_ANY) {
                        fw_words_load(&t, op, r.protocol);
                        zc_text_printf(out, "there is no %s here", zc_text_str(&t));
                } else
                        zc_text_add(out, plain_name(op));
                return;
        }
        len = op->kind == ZC_FW_OP_LOOKUP ? op->u.set->key_len : op->len;
        if (e->value && 4u * (op->sreg & 15u) + len <= ZC_FW_REG_BYTES)
                found(&r, op->sreg, len, e->value, e->unknown, out);
}
