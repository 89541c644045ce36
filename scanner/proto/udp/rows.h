/** The payloads and their readers, one pair a protocol. Pure. */
#ifndef ZC_UDP_ROWS_H
#define ZC_UDP_ROWS_H

#include "zc/udp.h"

#define ZC_UDP_MARK "zerocrit" /* eight bytes that come back */

void udp_crlf_write(struct zc_wr *out);
void udp_nothing_write(struct zc_wr *out);

void udp_mdns_write(struct zc_wr *out);
void udp_rpcbind_write(struct zc_wr *out);
void udp_nfs_write(struct zc_wr *out);
void udp_sip_write(struct zc_wr *out);
bool udp_sip_read(struct zc_rd in);
void udp_ntp_write(struct zc_wr *out);
bool udp_ntp_read(struct zc_rd in);
void udp_snmp_write(struct zc_wr *out);
bool udp_snmp_read(struct zc_rd in);
void udp_snmp_detail(struct zc_rd in, struct zc_said *out);
void udp_ssdp_write(struct zc_wr *out);
bool udp_ssdp_read(struct zc_rd in);
void udp_ssdp_detail(struct zc_rd in, struct zc_said *out);
void udp_memcached_write(struct zc_wr *out);
bool udp_memcached_read(struct zc_rd in);
void udp_memcached_detail(struct zc_rd in, struct zc_said *out);
void udp_tftp_write(struct zc_wr *out);
bool udp_tftp_read(struct zc_rd in);
void udp_netbios_write(struct zc_wr *out);
bool udp_netbios_read(struct zc_rd in);
void udp_cldap_write(struct zc_wr *out);
bool udp_cldap_read(struct zc_rd in);
void udp_coap_write(struct zc_wr *out);
bool udp_coap_read(struct zc_rd in);
void udp_sqlbrowser_write(struct zc_wr *out);
bool udp_sqlbrowser_read(struct zc_rd in);
void udp_sqlbrowser_detail(struct zc_rd in, struct zc_said *out);
void udp_rmcp_write(struct zc_wr *out);
bool udp_rmcp_read(struct zc_rd in);
void udp_xdmcp_write(struct zc_wr *out);
bool udp_xdmcp_read(struct zc_rd in);

void udp_ike_write(struct zc_wr *out);
bool udp_ike_read(struct zc_rd in);
void udp_ike_nat_write(struct zc_wr *out);
bool udp_ike_nat_read(struct zc_rd in);
void udp_quic_write(struct zc_wr *out);
bool udp_quic_read(struct zc_rd in);
void udp_dtls_write(struct zc_wr *out);
bool udp_dtls_read(struct zc_rd in);
void udp_stun_write(struct zc_wr *out);
bool udp_stun_read(struct zc_rd in);
void udp_stun_detail(struct zc_rd in, struct zc_said *out);
void udp_openvpn_write(struct zc_wr *out);
bool udp_openvpn_read(struct zc_rd in);

#endif
