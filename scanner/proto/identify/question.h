/** The questions and the tables that read their answers: one row a protocol. Pure. */
#ifndef ZC_IDENTIFY_QUESTION_H
#define ZC_IDENTIFY_QUESTION_H

#include "zc/identify.h"
#include "zc/wr.h"

struct question_row {
        const char *name;    /* in evidence */
        const char *sent;    /* in words */
        const char *service; /* that read tells, and whose detail is read */
        /** NULL: this question is asked otherwise. */
        void (*write)(struct zc_wr *out);
        /** Whether this is that service's answer: NOTHING, MORE or SERVICE. Called with at least one byte. */
        enum zc_told (*read)(struct zc_rd in);
        /** Product, version, access; in is what came, perhaps cut. NULL: it does not say. */
        void (*detail)(struct zc_rd in, struct zc_said *out);
        /** Whether the answer is whole. NULL: once it is told, there is no more to learn. */
        bool (*complete)(struct zc_rd in);
};
extern const struct question_row question_rows[ZC_ASKED_COUNT];

/* ---- what the readers share ---- */

/** SERVICE: it starts with these bytes; MORE: it may yet. */
enum zc_told said_starts(struct zc_rd in, const void *bytes, size_t n);
/** The same with one of several texts. */
enum zc_told said_starts_any(struct zc_rd in, const char *const *texts, size_t count);

/* ---- greetings (greeting_wire.c) ---- */

/** By how the first line begins. MORE: it may yet. */
enum zc_told greeting_read(struct zc_rd in, enum zc_asked asked, bool whole, const char **service);
/** MySQL's first packet, and MySQL X's first notice. */
enum zc_told greeting_mysql(struct zc_rd in, bool whole, const char **service);
/** Whether the service greets in words, so that its first line is a banner. */
bool greeting_in_words(const char *service);
void greeting_detail(struct zc_rd in, const char *service, struct zc_said *out);

/* ---- HTTP (http_said.c) ---- */

void http_detail(struct zc_rd in, struct zc_said *out);
bool http_complete(struct zc_rd in);

/* ---- one group of protocols a file ---- */

void memcached_write(struct zc_wr *out);
enum zc_told memcached_read(struct zc_rd in);
void memcached_detail(struct zc_rd in, struct zc_said *out);
void mongodb_write(struct zc_wr *out);
enum zc_told mongodb_read(struct zc_rd in);
void mongodb_detail(struct zc_rd in, struct zc_said *out);
bool mongodb_complete(struct zc_rd in);
void cassandra_write(struct zc_wr *out);
enum zc_told cassandra_read(struct zc_rd in);
void cassandra_detail(struct zc_rd in, struct zc_said *out);
void zookeeper_write(struct zc_wr *out);
enum zc_told zookeeper_read(struct zc_rd in);
void zookeeper_detail(struct zc_rd in, struct zc_said *out);
void bolt_write(struct zc_wr *out);
enum zc_told bolt_read(struct zc_rd in);

void tds_write(struct zc_wr *out);
enum zc_told tds_read(struct zc_rd in);
void tds_detail(struct zc_rd in, struct zc_said *out);
void tns_write(struct zc_wr *out);
enum zc_told tns_read(struct zc_rd in);
void tns_detail(struct zc_rd in, struct zc_said *out);

void mqtt_write(struct zc_wr *out);
enum zc_told mqtt_read(struct zc_rd in);
void mqtt_detail(struct zc_rd in, struct zc_said *out);
bool mqtt_complete(struct zc_rd in);
void amqp_write(struct zc_wr *out);
enum zc_told amqp_read(struct zc_rd in);
void amqp_detail(struct zc_rd in, struct zc_said *out);
bool amqp_complete(struct zc_rd in);
void kafka_write(struct zc_wr *out);
enum zc_told kafka_read(struct zc_rd in);

void ldap_write(struct zc_wr *out);
enum zc_told ldap_read(struct zc_rd in);
void ldap_detail(struct zc_rd in, struct zc_said *out);
void dns_write(struct zc_wr *out);
enum zc_told dns_read(struct zc_rd in);
void dns_detail(struct zc_rd in, struct zc_said *out);
void rpcbind_write(struct zc_wr *out);
void nfs_write(struct zc_wr *out);
enum zc_told rpc_read(struct zc_rd in);

void smb_write(struct zc_wr *out);
enum zc_told smb_read(struct zc_rd in);
void rdp_write(struct zc_wr *out);
enum zc_told rdp_read(struct zc_rd in);
void x11_write(struct zc_wr *out);
enum zc_told x11_read(struct zc_rd in);
void x11_detail(struct zc_rd in, struct zc_said *out);

void ajp_write(struct zc_wr *out);
enum zc_told ajp_read(struct zc_rd in);
void jdwp_write(struct zc_wr *out);
enum zc_told jdwp_read(struct zc_rd in);
void jdwp_detail(struct zc_rd in, struct zc_said *out);
void rmi_write(struct zc_wr *out);
enum zc_told rmi_read(struct zc_rd in);
void epmd_write(struct zc_wr *out);
enum zc_told epmd_read(struct zc_rd in);

void xmpp_write(struct zc_wr *out);
enum zc_told xmpp_read(struct zc_rd in);
void rtsp_write(struct zc_wr *out);
enum zc_told rtsp_read(struct zc_rd in);
void sip_write(struct zc_wr *out);
enum zc_told sip_read(struct zc_rd in);
/** The Server or User-Agent line of RTSP and SIP. */
void server_line_detail(struct zc_rd in, struct zc_said *out);

#endif
