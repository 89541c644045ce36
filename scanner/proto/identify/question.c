/** The table of questions, and what their readers share. */
#include "question.h"

#include <string.h>

#define ROW(id) .write = id##_write, .read = id##_read

const struct question_row question_rows[ZC_ASKED_COUNT] = {
        [ZC_ASKED_NOTHING] = { .name = "banner", .sent = "nothing" },
        [ZC_ASKED_TLS] = { .name = "tls", .sent = "ClientHello" },
        [ZC_ASKED_PING] = { .name = "ping", .sent = "PING" },
        [ZC_ASKED_HTTP] = { .name = "http",
                            .sent = "GET / HTTP/1.1",
                            .detail = http_detail,
                            .complete = http_complete },
        [ZC_ASKED_PG] = { .name = "sslrequest", .sent = "SSLRequest" },
        [ZC_ASKED_MEMCACHED] = { .name = "memcached",
                                 .sent = "version",
                                 .service = "memcached",
                                 ROW(memcached),
                                 .detail = memcached_detail },
        [ZC_ASKED_MONGODB] = { .name = "mongodb",
                               .sent = "OP_MSG buildInfo, OP_MSG listDatabases",
                               .service = "mongodb",
                               ROW(mongodb),
                               .detail = mongodb_detail,
                               .complete = mongodb_complete },
        [ZC_ASKED_CASSANDRA] = { .name = "cassandra",
                                 .sent = "CQL OPTIONS",
                                 .service = "cassandra",
                                 ROW(cassandra),
                                 .detail = cassandra_detail },
        [ZC_ASKED_ZOOKEEPER] = { .name = "zookeeper",
                                 .sent = "srvr",
                                 .service = "zookeeper",
                                 ROW(zookeeper),
                                 .detail = zookeeper_detail },
        [ZC_ASKED_BOLT] = { .name = "bolt",
                            .sent = "Bolt handshake",
                            .service = "bolt",
                            ROW(bolt) },
        [ZC_ASKED_TDS] = { .name = "tds",
                           .sent = "TDS PRELOGIN",
                           .service = "mssql",
                           ROW(tds),
                           .detail = tds_detail },
        [ZC_ASKED_TNS] = { .name = "tns",
                           .sent = "TNS CONNECT, COMMAND=ping",
                           .service = "oracle",
                           ROW(tns),
                           .detail = tns_detail },
        [ZC_ASKED_MQTT] = { .name = "mqtt",
                            .sent = "CONNECT without a name, SUBSCRIBE $SYS/broker/version",
                            .service = "mqtt",
                            ROW(mqtt),
                            .detail = mqtt_detail,
                            .complete = mqtt_complete },
        [ZC_ASKED_AMQP] = { .name = "amqp",
                            .sent = "AMQP 0-9-1 header",
                            .service = "amqp",
                            ROW(amqp),
                            .detail = amqp_detail,
                            .complete = amqp_complete },
        [ZC_ASKED_KAFKA] = { .name = "kafka",
                             .sent = "ApiVersions",
                             .service = "kafka",
                             ROW(kafka) },
        [ZC_ASKED_LDAP] = { .name = "ldap",
                            .sent = "search for the root DSE",
                            .service = "ldap",
                            ROW(ldap),
                            .detail = ldap_detail },
        [ZC_ASKED_DNS] = { .name = "dns",
                           .sent = "version.bind CH TXT",
                           .service = "domain",
                           ROW(dns),
                           .detail = dns_detail },
        [ZC_ASKED_RPCBIND] = { .name = "rpc",
                               .sent = "RPC NULL call of the port mapper",
                               .service = "rpcbind",
                               .write = rpcbind_write,
                               .read = rpc_read },
        [ZC_ASKED_NFS] = { .name = "nfs",
                           .sent = "RPC NULL call of NFS",
                           .service = "nfs",
                           .write = nfs_write,
                           .read = rpc_read },
        [ZC_ASKED_SMB] = { .name = "smb", .sent = "SMB2 NEGOTIATE", .service = "smb", ROW(smb) },
        [ZC_ASKED_RDP] = { .name = "rdp",
                           .sent = "X.224 Connection Request",
                           .service = "rdp",
                           ROW(rdp) },
        [ZC_ASKED_X11] = { .name = "x11",
                           .sent = "X11 connection setup without a cookie",
                           .service = "x11",
                           ROW(x11),
                           .detail = x11_detail },
        [ZC_ASKED_AJP] = { .name = "ajp", .sent = "CPing", .service = "ajp", ROW(ajp) },
        [ZC_ASKED_JDWP] = { .name = "jdwp",
                            .sent = "JDWP-Handshake",
                            .service = "jdwp",
                            ROW(jdwp),
                            .detail = jdwp_detail },
        [ZC_ASKED_RMI] = { .name = "rmi", .sent = "JRMI header", .service = "rmi", ROW(rmi) },
        [ZC_ASKED_EPMD] = { .name = "epmd", .sent = "NAMES_REQ", .service = "epmd", ROW(epmd) },
        [ZC_ASKED_XMPP] = { .name = "xmpp", .sent = "stream header", .service = "xmpp", ROW(xmpp) },
        [ZC_ASKED_RTSP] = { .name = "rtsp",
                            .sent = "OPTIONS * RTSP/1.0",
                            .service = "rtsp",
                            ROW(rtsp),
                            .detail = server_line_detail },
        [ZC_ASKED_SIP] = { .name = "sip",
                           .sent = "OPTIONS sip:",
                           .service = "sip",
                           ROW(sip),
                           .detail = server_line_detail },
};

const char *zc_asked_name(enum zc_asked asked)
{
        return question_rows[asked].name;
}

enum zc_told said_starts(struct zc_rd in, const void *bytes, size_t n)
{
        size_t have = in.n < n ? in.n : n;

        if (memcmp(in.p, bytes, have) != 0)
                return ZC_TOLD_NOTHING;
        return have == n ? ZC_TOLD_SERVICE : ZC_TOLD_MORE;
}

enum zc_told said_starts_any(struct zc_rd in, const char *const *texts, size_t count)
{
        bool more = false;

        for (size_t i = 0; i < count; i++) {
                enum zc_told t = said_starts(in, texts[i], strlen(texts[i]));

                if (t == ZC_TOLD_SERVICE)
                        return t;
                more = more || t == ZC_TOLD_MORE;
        }
        return more ? ZC_TOLD_MORE : ZC_TOLD_NOTHING;
}
