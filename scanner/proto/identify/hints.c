/** IANA Service Name and Port Number Registry, and customs. */
#include "hints.h"

#define P(name) ZC_ASKED_##name

static const struct {
        uint16_t port;
        struct hint hint;
} ports[] = {
        /* sorted by port */
        { 53, { P(DNS), 0 } },
        { 80, { P(HTTP), P(HTTP) } },
        { 111, { P(RPCBIND), 0 } },
        { 139, { P(SMB), 0 } },
        { 389, { P(LDAP), 0 } },
        { 443, { P(TLS), P(HTTP) } },
        { 445, { P(SMB), 0 } },
        { 465, { P(TLS), 0 } },
        { 554, { P(RTSP), 0 } },
        { 631, { P(HTTP), P(HTTP) } },
        { 636, { P(TLS), P(LDAP) } },
        { 853, { P(TLS), P(DNS) } },
        { 990, { P(TLS), 0 } },
        { 993, { P(TLS), 0 } },
        { 995, { P(TLS), 0 } },
        { 1098, { P(RMI), 0 } },
        { 1099, { P(RMI), 0 } },
        { 1433, { P(TDS), 0 } },
        { 1434, { P(TDS), 0 } },
        { 1521, { P(TNS), 0 } },
        { 1522, { P(TNS), 0 } },
        { 1883, { P(MQTT), 0 } },
        { 2049, { P(NFS), 0 } },
        { 2181, { P(ZOOKEEPER), 0 } },
        { 2375, { P(HTTP), P(HTTP) } },
        { 2376, { P(TLS), P(HTTP) } },
        { 2379, { P(HTTP), P(HTTP) } },
        { 3000, { P(HTTP), P(HTTP) } },
        { 3268, { P(LDAP), 0 } },
        { 3269, { P(TLS), P(LDAP) } },
        { 3389, { P(RDP), 0 } },
        { 4243, { P(HTTP), P(HTTP) } },
        { 4369, { P(EPMD), 0 } },
        { 4646, { P(HTTP), P(HTTP) } },
        { 5005, { P(JDWP), 0 } },
        { 5060, { P(SIP), 0 } },
        { 5061, { P(TLS), P(SIP) } },
        { 5222, { P(XMPP), 0 } },
        { 5269, { P(XMPP), 0 } },
        { 5432, { P(PG), 0 } },
        { 5433, { P(PG), 0 } },
        { 5601, { P(HTTP), P(HTTP) } },
        { 5671, { P(TLS), P(AMQP) } },
        { 5672, { P(AMQP), 0 } },
        { 5984, { P(HTTP), P(HTTP) } },
        { 5985, { P(HTTP), P(HTTP) } },
        { 6000, { P(X11), 0 } },
        { 6001, { P(X11), 0 } },
        { 6379, { P(PING), P(PING) } },
        { 6380, { P(PING), P(PING) } },
        { 6432, { P(PG), 0 } },
        { 6443, { P(TLS), P(HTTP) } },
        { 7474, { P(HTTP), P(HTTP) } },
        { 7687, { P(BOLT), 0 } },
        { 8000, { P(HTTP), P(HTTP) } },
        { 8008, { P(HTTP), P(HTTP) } },
        { 8009, { P(AJP), 0 } },
        { 8080, { P(HTTP), P(HTTP) } },
        { 8081, { P(HTTP), P(HTTP) } },
        { 8086, { P(HTTP), P(HTTP) } },
        { 8123, { P(HTTP), P(HTTP) } },
        { 8200, { P(HTTP), P(HTTP) } },
        { 8443, { P(TLS), P(HTTP) } },
        { 8500, { P(HTTP), P(HTTP) } },
        { 8529, { P(HTTP), P(HTTP) } },
        { 8554, { P(RTSP), 0 } },
        { 8883, { P(TLS), P(MQTT) } },
        { 8983, { P(HTTP), P(HTTP) } },
        { 9000, { P(HTTP), P(HTTP) } },
        { 9042, { P(CASSANDRA), 0 } },
        { 9090, { P(HTTP), P(HTTP) } },
        { 9091, { P(HTTP), P(HTTP) } },
        { 9092, { P(KAFKA), 0 } },
        { 9093, { P(HTTP), P(HTTP) } },
        { 9094, { P(KAFKA), P(KAFKA) } },
        { 9100, { P(HTTP), P(HTTP) } },
        { 9200, { P(HTTP), P(HTTP) } },
        { 9443, { P(TLS), P(HTTP) } },
        { 10250, { P(TLS), P(HTTP) } },
        { 10255, { P(HTTP), P(HTTP) } },
        { 11211, { P(MEMCACHED), P(MEMCACHED) } },
        { 15672, { P(HTTP), P(HTTP) } },
        { 19999, { P(HTTP), P(HTTP) } },
        { 26379, { P(PING), P(PING) } },
        { 27017, { P(MONGODB), P(MONGODB) } },
        { 27018, { P(MONGODB), P(MONGODB) } },
        { 27019, { P(MONGODB), P(MONGODB) } },
};

struct hint hint_of_port(uint16_t port)
{
        for (size_t i = 0; i < ZC_COUNT(ports); i++)
                if (ports[i].port == port)
                        return ports[i].hint;
        return (struct hint){ 0 };
}

struct hint hint_of_scheme(enum zc_scheme scheme)
{
        static const struct hint schemes[] = {
                [ZC_SCHEME_NONE] = { 0 },
                [ZC_SCHEME_HTTP] = { P(HTTP), P(HTTP) },
                [ZC_SCHEME_HTTPS] = { P(TLS), P(HTTP) },
                [ZC_SCHEME_POSTGRES] = { P(PG), 0 },
                [ZC_SCHEME_REDIS] = { P(PING), P(PING) },
                [ZC_SCHEME_REDISS] = { P(TLS), 0 },
        };

        return schemes[scheme];
}
