/** Which payload goes to which port. */
#include "rows.h"

#define PAIR(id) .write = udp_##id##_write, .read = udp_##id##_read

const struct zc_udp_row zc_udp_rows[] = {
        { .port = 7, .service = "echo", .sent = "an empty line", .write = udp_crlf_write },
        { .port = 13, .service = "daytime", .sent = "an empty line", .write = udp_crlf_write },
        { .port = 17, .service = "qotd", .sent = "an empty line", .write = udp_crlf_write },
        { .port = 19, .service = "chargen", .sent = "an empty line", .write = udp_crlf_write },
        { .port = 53,
          .service = "domain",
          .sent = "version.bind CH TXT",
          .write = zc_udp_dns_write,
          .read = zc_udp_dns_read,
          .detail = zc_udp_dns_detail },
        { .port = 69,
          .service = "tftp",
          .sent = "read request for a file that is not there",
          PAIR(tftp),
          .other_port = true },
        { .port = 111,
          .service = "rpcbind",
          .sent = "RPC NULL call of the port mapper",
          .write = udp_rpcbind_write,
          .read = zc_udp_rpc_read },
        { .port = 123, .service = "ntp", .sent = "NTP client request", PAIR(ntp) },
        { .port = 137,
          .service = "netbios-ns",
          .sent = "NetBIOS node status request",
          PAIR(netbios) },
        { .port = 161,
          .service = "snmp",
          .sent = "SNMPv3 discovery without a user",
          PAIR(snmp),
          .detail = udp_snmp_detail,
          .silence =
                  "an agent that speaks only SNMP 1 and 2c answers nobody without its community, "
                  "and none is guessed" },
        { .port = 177, .service = "xdmcp", .sent = "XDMCP Query", PAIR(xdmcp) },
        { .port = 389, .service = "ldap", .sent = "search for the root DSE", PAIR(cldap) },
        { .port = 443, .service = "quic", .sent = "a version of QUIC that is not", PAIR(quic) },
        { .port = 500, .service = "ike", .sent = "IKE_SA_INIT", PAIR(ike) },
        { .port = 623, .service = "ipmi", .sent = "RMCP presence ping", PAIR(rmcp) },
        { .port = 1194,
          .service = "openvpn",
          .sent = "hard reset of a client",
          PAIR(openvpn),
          .silence = "OpenVPN with tls-auth or tls-crypt answers nobody without its key" },
        { .port = 1434,
          .service = "mssql-browser",
          .sent = "list of instances",
          PAIR(sqlbrowser),
          .detail = udp_sqlbrowser_detail },
        { .port = 1900,
          .service = "ssdp",
          .sent = "M-SEARCH upnp:rootdevice",
          PAIR(ssdp),
          .detail = udp_ssdp_detail },
        { .port = 2049,
          .service = "nfs",
          .sent = "RPC NULL call of NFS",
          .write = udp_nfs_write,
          .read = zc_udp_rpc_read },
        { .port = 3478,
          .service = "stun",
          .sent = "STUN binding request",
          PAIR(stun),
          .detail = udp_stun_detail },
        { .port = 4433, .service = "dtls", .sent = "DTLS ClientHello", PAIR(dtls) },
        { .port = 4500, .service = "ike", .sent = "IKE_SA_INIT", PAIR(ike_nat) },
        { .port = 5060, .service = "sip", .sent = "OPTIONS sip:", PAIR(sip) },
        { .port = 5349, .service = "dtls", .sent = "DTLS ClientHello", PAIR(dtls) },
        { .port = 5353,
          .service = "mdns",
          .sent = "_services._dns-sd._udp.local PTR",
          .write = udp_mdns_write,
          .read = zc_udp_dns_read },
        { .port = 5683, .service = "coap", .sent = "GET /.well-known/core", PAIR(coap) },
        { .port = 5684, .service = "dtls", .sent = "DTLS ClientHello", PAIR(dtls) },
        { .port = 11211,
          .service = "memcached",
          .sent = "version",
          PAIR(memcached),
          .detail = udp_memcached_detail },
        { .port = 51820,
          .service = "wireguard",
          .sent = "an empty datagram",
          .write = udp_nothing_write,
          .silence = "WireGuard answers nobody whose key it does not know: silence is its way" },
};
const size_t zc_udp_row_count = ZC_COUNT(zc_udp_rows);

const struct zc_udp_row *zc_udp_row_find(uint16_t port)
{
        for (size_t i = 0; i < ZC_COUNT(zc_udp_rows); i++)
                if (zc_udp_rows[i].port == port)
                        return &zc_udp_rows[i];
        return NULL;
}

void udp_crlf_write(struct zc_wr *out)
{
        zc_wr_str(out, "\r\n");
}

void udp_nothing_write(struct zc_wr *out)
{
        (void)out;
}
