/** MQTT, AMQP 0-9-1 and Kafka. */
#include <string.h>

#include "question.h"

/* ---- MQTT 3.1.1 (OASIS) ---- */

#define VERSION_TOPIC "$SYS/broker/version"

void mqtt_write(struct zc_wr *out)
{
        zc_wr_bytes(out, "\x10\x0c\0\4MQTT\4\2\0\x1e\0\0", 14); /* section 3.1 */
        zc_wr_u8(out, 0x82);                                    /* section 3.8 */
        zc_wr_u8(out, 2 + 2 + sizeof VERSION_TOPIC - 1 + 1);
        zc_wr_u16(out, 1);
        zc_wr_u16(out, sizeof VERSION_TOPIC - 1);
        zc_wr_str(out, VERSION_TOPIC);
        zc_wr_u8(out, 0);
}

/** Section 3.2: CONNACK. */
static bool connack(struct zc_rd *in, uint8_t *code)
{
        uint8_t type, len, session;

        return zc_rd_u8(in, &type) && zc_rd_u8(in, &len) && zc_rd_u8(in, &session) &&
               zc_rd_u8(in, code) && type == 0x20 && len == 2 && session <= 1 && *code <= 5;
}

enum zc_told mqtt_read(struct zc_rd in)
{
        uint8_t code;

        if (in.n < 4)
                return said_starts(in, "\x20\2", 2) == ZC_TOLD_NOTHING ? ZC_TOLD_NOTHING
                                                                       : ZC_TOLD_MORE;
        return connack(&in, &code) ? ZC_TOLD_SERVICE : ZC_TOLD_NOTHING;
}

/** The next packet: its type and body (section 2.2). False when it is not whole. */
static bool packet_next(struct zc_rd *in, uint8_t *type, struct zc_rd *body)
{
        struct zc_rd at = *in;
        size_t len = 0;
        uint8_t b = 0x80;

        if (!zc_rd_u8(&at, type))
                return false;
        for (unsigned i = 0; i < 4 && (b & 0x80); i++) {
                if (!zc_rd_u8(&at, &b))
                        return false;
                len |= (size_t)(b & 0x7f) << (7 * i);
        }
        if ((b & 0x80) || !zc_rd_take(&at, len, body))
                return false;
        *in = at;
        return true;
}

/** Section 3.3: what a broker keeps about itself. */
static bool version_published(struct zc_rd in, struct zc_rd *value)
{
        struct zc_rd topic;
        uint8_t type;

        while (packet_next(&in, &type, value))
                if ((type & 0xf6) == 0x30 && zc_rd_vec16(value, &topic) &&
                    zc_rd_is(topic, VERSION_TOPIC))
                        return true;
        return false;
}

bool mqtt_complete(struct zc_rd in)
{
        struct zc_rd value;
        uint8_t code;

        return connack(&in, &code) && (code != 0 || version_published(in, &value));
}

void mqtt_detail(struct zc_rd in, struct zc_said *out)
{
        struct zc_rd value;
        uint8_t code;

        if (!connack(&in, &code))
                return;
        out->access = code == 0   ? ZC_ACCESS_OPEN
                      : code >= 4 ? ZC_ACCESS_REFUSED
                                  : ZC_ACCESS_UNKNOWN;
        if (!version_published(in, &value))
                return;
        if (zc_said_version(value, "mosquitto version", out->version))
                zc_said_put(out->product, zc_rd_str("Mosquitto"));
        else
                zc_said_put(out->version, value);
}

/* ---- AMQP 0-9-1 (sections 4.2.2, 1.4.2.1) ---- */

void amqp_write(struct zc_wr *out)
{
        zc_wr_bytes(out, "AMQP\0\0\x09\1", 8);
}

/** A method frame on channel 0: type, channel, length, then Connection.Start of version 0-9. */
static bool start_take(struct zc_rd *in, uint32_t *len)
{
        uint8_t type;
        uint16_t channel, class_id, method, version;

        return zc_rd_u8(in, &type) && zc_rd_u16(in, &channel) && zc_rd_u32(in, len) &&
               zc_rd_u16(in, &class_id) && zc_rd_u16(in, &method) && zc_rd_u16(in, &version) &&
               type == 1 && channel == 0 && class_id == 10 && method == 10 && version == 9;
}

enum zc_told amqp_read(struct zc_rd in)
{
        uint32_t len;

        if (in.n < 13)
                return said_starts(in, "\1\0\0", 3) == ZC_TOLD_NOTHING ? ZC_TOLD_NOTHING
                                                                       : ZC_TOLD_MORE;
        return start_take(&in, &len) ? ZC_TOLD_SERVICE : ZC_TOLD_NOTHING;
}

bool amqp_complete(struct zc_rd in)
{
        size_t had = in.n;
        uint32_t len;

        return start_take(&in, &len) && had >= (size_t)len + 8;
}

/** A field's value (section 4.2.1) passed over, or taken where it is text. */
static bool field_take(struct zc_rd *in, struct zc_rd *text)
{
        static const struct {
                char type;
                uint8_t len;
        } fixed[] = { { 't', 1 }, { 'b', 1 }, { 'B', 1 }, { 's', 2 }, { 'u', 2 },
                      { 'I', 4 }, { 'i', 4 }, { 'f', 4 }, { 'l', 8 }, { 'd', 8 },
                      { 'T', 8 }, { 'D', 5 }, { 'V', 0 } };
        uint8_t type;

        if (!zc_rd_u8(in, &type))
                return false;
        for (size_t i = 0; i < ZC_COUNT(fixed); i++)
                if ((uint8_t)fixed[i].type == type)
                        return zc_rd_skip(in, fixed[i].len);
        if (type == 'S')
                return zc_rd_vec32(in, text);
        return (type == 'F' || type == 'A' || type == 'x') && zc_rd_vec32(in, &(struct zc_rd){ 0 });
}

void amqp_detail(struct zc_rd in, struct zc_said *out)
{
        struct zc_rd table, name;
        uint32_t len;

        if (!start_take(&in, &len) || !zc_rd_vec32(&in, &table))
                return;
        while (zc_rd_vec8(&table, &name)) {
                struct zc_rd text = { 0 };

                if (!field_take(&table, &text))
                        return;
                if (text.n > 0 && zc_rd_is(name, "product"))
                        zc_said_put(out->product, text);
                else if (text.n > 0 && zc_rd_is(name, "version"))
                        zc_said_put(out->version, text);
        }
}

/* ---- Kafka (protocol guide: ApiVersions, version 0) ---- */

#define CORRELATION 0x7a637269u

void kafka_write(struct zc_wr *out)
{
        zc_wr_u32(out, 2 + 2 + 4 + 2 + 8);
        zc_wr_u16(out, 18);
        zc_wr_u16(out, 0);
        zc_wr_u32(out, CORRELATION);
        zc_wr_u16(out, 8);
        zc_wr_str(out, "zerocrit");
}

enum zc_told kafka_read(struct zc_rd in)
{
        uint32_t len, number;

        if (in.p[0] != 0)
                return ZC_TOLD_NOTHING;
        if (!zc_rd_u32(&in, &len) || !zc_rd_u32(&in, &number))
                return ZC_TOLD_MORE;
        return len >= 10 && len < 4096 && number == CORRELATION ? ZC_TOLD_SERVICE : ZC_TOLD_NOTHING;
}
