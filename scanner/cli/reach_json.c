/** The answers of `reach --format json`: what --packets writes, with the question and the way. */
#include <string.h>

#include "reach.h"
#include "reach_wire.h"
#include "zc/json.h"

static json_t *via_json(const struct zc_fw_ruleset *rs, const struct zc_fw_chain *chain,
                        uint64_t handle)
{
        const struct zc_fw_table *t = &rs->tables[chain->table];

        return json_pack("{s:s, s:s, s:s, s:o, s:s*}", "family", zc_fw_family_name(t->family),
                         "table", t->name, "chain", chain->name, "handle",
                         handle ? json_integer((json_int_t)handle) : json_null(), "backend",
                         zc_fw_legacy_name(t));
}

static json_t *address_json(uint8_t family, const uint8_t *bytes, bool known)
{
        ZC_AUTO_TEXT t = { 0 };

        if (!known)
                return json_null();
        zc_text_init(&t, ZC_TEXT_CEILING);
        zc_reach_address(&t, family, bytes);
        return json_string(zc_text_str(&t));
}

static json_t *packet_json(const struct zc_reaching *r, const struct zc_reach_question *q)
{
        const struct zc_fw_packet *p = &q->packet;
        const char *protocol = zc_reach_protocol_name(p->protocol);
        bool to = r->machine || !q->chosen_to,
             port = zc_reach_has_ports(p->protocol) && !q->any_port;

        return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o}", "iif",
                         q->iif ? json_string(q->iif->name) : json_null(), "family",
                         zc_fw_family_name(p->family), "protocol",
                         protocol ? json_string(protocol) : json_integer(p->protocol), "saddr",
                         address_json(p->family, p->saddr, !q->anyone), "daddr",
                         address_json(p->family, p->daddr, to), "dport",
                         port ? json_integer(p->dport) : json_null());
}

struct building {
        const struct zc_reaching *r;
        json_t *path;
};

static json_t *rule_json(const struct building *b, const struct zc_fw_event *e)
{
        json_t *row = via_json(&b->r->live.ruleset, e->chain, e->rule ? e->rule->handle : 0);
        ZC_AUTO_TEXT t = { 0 };

        zc_text_init(&t, ZC_TEXT_CEILING);
        if (e->rule) {
                zc_fw_rule_words(&b->r->live.ruleset, e->rule, &t);
                json_object_set_new(row, "rule", json_string(zc_text_str(&t)));
                zc_text_clear(&t);
                zc_fw_why_words(&b->r->live.ruleset, e, &t);
        }
        if (t.len > 0 && e->what != ZC_FW_RULE_HOLDS)
                json_object_set_new(row, "because", json_string(zc_text_str(&t)));
        return row;
}

static void step(void *ctx, const struct zc_fw_event *e)
{
        static const char *const words[] = {
                [ZC_FW_AT_HOOK] = NULL,
                [ZC_FW_AT_CHAIN] = "enters",
                [ZC_FW_RULE_HOLDS] = "holds",
                [ZC_FW_RULE_FAILS] = "fails",
                [ZC_FW_RULE_MAYBE] = "may hold",
                [ZC_FW_OTHERWISE] = "or else",
                [ZC_FW_AT_POLICY] = "policy",
                [ZC_FW_ROUTED] = "routed",
                [ZC_FW_REWRITTEN] = "translated",
                [ZC_FW_TRACKED] = "tracked",
                [ZC_FW_ENDS] = "ends",
        };
        struct building *b = ctx;
        json_t *row;

        if (!words[e->what] || (e->what == ZC_FW_RULE_FAILS && !b->r->o->explain))
                return;
        row = e->chain ? rule_json(b, e) : json_object();
        json_object_set_new(row, "step", json_string(words[e->what]));
        json_object_set_new(row, "hook", json_string(zc_fw_hook_name(e->hook)));
        json_object_set_new(row, "depth", json_integer(e->depth));
        if (e->what == ZC_FW_ENDS)
                json_object_set_new(row, "verdict", json_string(zc_fw_outcome_name(e->outcome)));
        if (e->what == ZC_FW_AT_POLICY)
                json_object_set_new(row, "verdict",
                                    json_string(e->verdict == ZC_FW_ACCEPT ? "accept" : "drop"));
        if (e->text)
                json_object_set_new(row, "text", json_string(e->text));
        json_array_append_new(b->path, row);
}

static void add_answer(const struct zc_reaching *r, json_t *row, const struct zc_fw_answer *x,
                       uint8_t family)
{
        json_t *via = json_array();

        for (size_t i = 0; i < x->via_count; i++)
                json_array_append_new(via, via_json(&r->live.ruleset,
                                                    &r->live.ruleset.chains[x->via[i].chain],
                                                    x->via[i].handle));
        json_object_set_new(row, "verdict", json_string(zc_fw_outcome_name(x->outcome)));
        json_object_set_new(row, "certainty",
                            json_string(x->certainty == ZC_FW_CERTAIN ? "certain" : "possible"));
        json_object_set_new(row, "via", via);
        if (x->blur)
                json_object_set_new(row, "depends_on", json_string(x->blur));
        if (x->translated)
                json_object_set_new(row, "translated",
                                    json_pack("{s:o, s:i}", "address",
                                              address_json(family, x->daddr, true), "port",
                                              x->dport));
}

static bool add(struct zc_reaching *r, const struct zc_reach_question *q, bool with_way,
                struct zc_err *err)
{
        struct zc_fw_answer x = { .outcome = ZC_FW_IS_UNKNOWN, .certainty = ZC_FW_POSSIBLE };
        struct building b = { r, json_array() };
        const struct zc_fw_trace trace = { step, &b };
        json_t *row = json_object();

        if (!r->printed)
                r->printed = json_array();
        json_object_set_new(row, "packet", packet_json(r, q));
        if (r->machine)
                zc_fw_eval(r->machine, &q->packet, with_way ? &trace : NULL, &x);
        r->unknown |= x.outcome == ZC_FW_IS_UNKNOWN;
        add_answer(r, row, &x, q->packet.family);
        if (!r->machine)
                json_object_set_new(row, "why", json_string(r->why.text));
        if (with_way)
                json_object_set_new(row, "path", b.path);
        else
                json_decref(b.path);
        return json_array_append_new(r->printed, row) == 0 ||
               zc_fail(err, ZC_E_NOMEM, "no memory for the answers");
}

static bool way(struct zc_reaching *r, const struct zc_reach_question *q, struct zc_err *err)
{
        return add(r, q, true, err);
}

static bool same(struct zc_reaching *r, const struct zc_reach_question *q, struct zc_err *err)
{
        return add(r, q, false, err);
}

static bool end(struct zc_reaching *r, struct zc_err *err)
{
        json_auto_t *doc = json_pack("{s:o}", "answers", r->printed ? r->printed : json_array());
        ZC_AUTO_MEM char *text = doc ? zc_json_pretty(doc) : NULL;

        r->printed = NULL;
        if (!text)
                return zc_fail(err, ZC_E_NOMEM, "no memory for the answers");
        zc_out_puts(r->out, text);
        zc_out_puts(r->out, "\n");
        return true;
}

const struct zc_reach_printer zc_reach_json = { way, same, end };
