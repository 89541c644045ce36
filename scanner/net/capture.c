/** Packet sockets and their ring. See include/zc/capture.h; packet(7), Documentation/networking/packet_mmap.rst. */
#include "zc/capture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>

/* A block that is not full is handed over after RETIRE_MS, however little is in it: so many blocks are so many ms that we may be kept from reading. */
#define BLOCK_SIZE (16u << 10)
#define BLOCKS 512u /* 8 MiB: about 60,000 answers */
#define FRAME_SIZE 2048u
#define RETIRE_MS 1u
#define SNAP_LENGTH                                                                                \
        192 /* headers with all that options may add, and what an ICMP error quotes of ours */
/* A sockaddr_ll stands behind each packet's header: TPACKET_ALIGN(), unsigned. */
#define LINK_AT                                                                                    \
        ((sizeof(struct tpacket3_hdr) + TPACKET_ALIGNMENT - 1) / TPACKET_ALIGNMENT *               \
         TPACKET_ALIGNMENT)
#define SEND_BUFFER (4 << 20)
#define ROUTE_SECONDS 20

/*
 * Answers to our source ports: SYN-ACK and RST, ICMP errors about TCP from these ports, neighbour advertisements. An IPv6 packet with
 * extension headers is passed on and looked at by our own parser. [28:2] is the quoted source port behind a quoted header of 20 bytes.
 */
static const char answers[] =
        "(ip and tcp dst portrange %u-%u and tcp[tcpflags] & (tcp-syn|tcp-rst) != 0) or "
        "(ip6 and tcp dst portrange %u-%u and ip6[53] & 6 != 0) or "
        "(icmp and (icmp[0] = 3 or icmp[0] = 11 or icmp[0] = 12) and icmp[17] = 6 and "
        "icmp[28:2] >= %u) or "
        "(icmp6 and (ip6[40] = 1 or ip6[40] = 3 or ip6[40] = 4) and ip6[54] = 6 and "
        "ip6[88:2] >= %u) or "
        "(icmp6 and ip6[40] = 136) or "
        "(ip6 and (ip6[6] = 0 or ip6[6] = 43 or ip6[6] = 44 or ip6[6] = 60))";
static const char arp_replies[] = "link[6:2] = 2";

_Static_assert(ZC_CAPTURE_PORT_FIRST + ZC_CAPTURE_PORTS == 65536,
               "the filter asks for no upper bound");

struct zc_ring {
        int fd;
        uint8_t *map;
        unsigned block;    /* being read */
        struct zc_rd rest; /* of it */
        unsigned left;     /* packets of it */
        bool holding;      /* it is ours */
};

/* ---- opening ---- */

/* struct bpf_insn of libpcap and struct sock_filter of the kernel are one format; copied all the same. */
static bool filter_set(int fd, const char *expression, struct zc_err *err)
{
        struct bpf_program program = { 0 };
        struct sock_fprog filter = { 0 };
        pcap_t *pcap = pcap_open_dead(DLT_RAW, SNAP_LENGTH);
        int one = 1;
        bool ok;

        if (!pcap || pcap_compile(pcap, &program, expression, 1, PCAP_NETMASK_UNKNOWN) != 0) {
                zc_fail(err, ZC_E_UNSUPPORTED, "libpcap does not compile a filter: %s",
                        pcap ? pcap_geterr(pcap) : "out of memory");
                if (pcap)
                        pcap_close(pcap);
                return false;
        }
        filter.len = (unsigned short)program.bf_len;
        filter.filter = calloc(program.bf_len, sizeof *filter.filter);
        for (unsigned i = 0; filter.filter && i < program.bf_len; i++)
                filter.filter[i] =
                        (struct sock_filter){ program.bf_insns[i].code, program.bf_insns[i].jt,
                                              program.bf_insns[i].jf, program.bf_insns[i].k };
        ok = filter.filter &&
             setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0 &&
             setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &one, sizeof one) == 0;
        if (!ok)
                zc_fail_errno(err, "cannot set a packet socket's filter");
        free(filter.filter);
        pcap_freecode(&program);
        pcap_close(pcap);
        return ok;
}

static int packet_socket(struct zc_err *err)
{
        int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd >= 0)
                return fd;
        if (errno == EPERM || errno == EACCES)
                zc_fail(err, ZC_E_DENIED, "packet sockets need CAP_NET_RAW");
        else
                zc_fail_errno(err, "cannot open a packet socket");
        return -1;
}

/* Bound to nothing it hears nothing; from here on it hears every interface. */
static bool hear(int fd, uint16_t protocol, struct zc_err *err)
{
        struct sockaddr_ll all = { .sll_family = AF_PACKET, .sll_protocol = htons(protocol) };
        int one = 1;

        /* Since Linux 4.20; elsewhere the filter is enough, for nothing of ours goes to our own ports. */
        if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one) != 0)
                errno = 0;
        return bind(fd, (const struct sockaddr *)&all, sizeof all) == 0 ||
               zc_fail_errno(err, "cannot bind a packet socket");
}

static bool ring_open(int fd, struct zc_err *err)
{
        struct tpacket_req3 request = { .tp_block_size = BLOCK_SIZE,
                                        .tp_block_nr = BLOCKS,
                                        .tp_frame_size = FRAME_SIZE,
                                        .tp_frame_nr = BLOCK_SIZE / FRAME_SIZE * BLOCKS,
                                        .tp_retire_blk_tov = RETIRE_MS };
        int version = TPACKET_V3;
        char expression[sizeof answers + 64];

        snprintf(expression, sizeof expression, answers, ZC_CAPTURE_PORT_FIRST, 65535u,
                 ZC_CAPTURE_PORT_FIRST, 65535u, ZC_CAPTURE_PORT_FIRST, ZC_CAPTURE_PORT_FIRST);
        if (!filter_set(fd, expression, err))
                return false;
        if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0 ||
            setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) != 0)
                return zc_fail_errno(err, "cannot set up a packet ring");
        return hear(fd, ETH_P_ALL, err);
}

/* More than this in flight is the device's queue, not ours; what the kernel does not grant is not needed. */
static bool send_open(int fd)
{
        int size = SEND_BUFFER;

        if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0 &&
            setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) != 0)
                errno = 0;
        return true;
}

static int route_open(struct zc_err *err)
{
        struct sockaddr_nl any = { .nl_family = AF_NETLINK };
        const struct timeval silence = { .tv_sec = ROUTE_SECONDS };
        int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

        if (fd >= 0 && bind(fd, (const struct sockaddr *)&any, sizeof any) == 0 &&
            setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence) == 0)
                return fd;
        zc_fail_errno(err, "cannot open a netlink socket for routes");
        if (fd >= 0)
                close(fd);
        return -1;
}

static bool packets_open(struct zc_capture *c, struct zc_err *err)
{
        c->fd[ZC_CAPTURE_RING] = packet_socket(err);
        if (c->fd[ZC_CAPTURE_RING] < 0 || !ring_open(c->fd[ZC_CAPTURE_RING], err))
                return false;
        c->fd[ZC_CAPTURE_ARP] = packet_socket(err);
        if (c->fd[ZC_CAPTURE_ARP] < 0 || !filter_set(c->fd[ZC_CAPTURE_ARP], arp_replies, err) ||
            !hear(c->fd[ZC_CAPTURE_ARP], ETH_P_ARP, err))
                return false;
        c->fd[ZC_CAPTURE_SEND] = packet_socket(err);
        return c->fd[ZC_CAPTURE_SEND] >= 0 && send_open(c->fd[ZC_CAPTURE_SEND]);
}

bool zc_capture_open(struct zc_capture *out, struct zc_err *err)
{
        for (size_t i = 0; i < ZC_COUNT(out->fd); i++)
                out->fd[i] = -1;
        out->packets = packets_open(out, err);
        if (out->packets || err->code == ZC_E_DENIED)
                out->fd[ZC_CAPTURE_ROUTE] = route_open(err);
        if (out->fd[ZC_CAPTURE_ROUTE] >= 0)
                out->fd[ZC_CAPTURE_LOOKUP] = route_open(err);
        if (out->fd[ZC_CAPTURE_LOOKUP] >= 0)
                return true;
        zc_capture_close(out);
        return false;
}

void zc_capture_close(struct zc_capture *c)
{
        for (size_t i = 0; i < ZC_COUNT(c->fd); i++) {
                if (c->fd[i] >= 0)
                        close(c->fd[i]);
                c->fd[i] = -1;
        }
}

/* ---- the ring ---- */

bool zc_ring_map(const struct zc_capture *c, struct zc_ring **out, struct zc_err *err)
{
        struct zc_ring *r = calloc(1, sizeof *r);

        if (!r)
                return zc_fail(err, ZC_E_NOMEM, "no memory for a packet ring");
        r->fd = c->fd[ZC_CAPTURE_RING];
        r->map = mmap(NULL, (size_t)BLOCK_SIZE * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
                      0);
        if (r->map == MAP_FAILED) {
                free(r);
                return zc_fail_errno(err, "cannot map a packet ring");
        }
        *out = r;
        return true;
}

void zc_ring_unmap(struct zc_ring *r)
{
        if (!r)
                return;
        munmap(r->map, (size_t)BLOCK_SIZE * BLOCKS);
        free(r);
}

static struct tpacket_block_desc *block_at(const struct zc_ring *r)
{
        return (struct tpacket_block_desc *)(void *)(r->map + (size_t)r->block * BLOCK_SIZE);
}

static void block_give_back(struct zc_ring *r)
{
        __atomic_store_n(&block_at(r)->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
        r->block = (r->block + 1) % BLOCKS;
        r->holding = false;
}

/* The kernel hands blocks over in turn. */
static bool block_take(struct zc_ring *r)
{
        const struct tpacket_block_desc *b = block_at(r);
        uint32_t first;

        if (!(__atomic_load_n(&b->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
                return false;
        first = b->hdr.bh1.offset_to_first_pkt;
        r->left = b->hdr.bh1.num_pkts;
        r->rest = (struct zc_rd){ (const uint8_t *)b, BLOCK_SIZE };
        if (!zc_rd_skip(&r->rest, first))
                r->left = 0;
        r->holding = true;
        return true;
}

/* One packet of the block: a tpacket3_hdr, behind it a sockaddr_ll, at tp_net the bytes. */
static bool packet_take(struct zc_ring *r, struct zc_packet *out)
{
        struct tpacket3_hdr h;
        struct sockaddr_ll from;
        struct zc_rd in = r->rest, at = r->rest;

        if (!zc_rd_copy(&in, &h, sizeof h) || !zc_rd_skip(&at, LINK_AT) ||
            !zc_rd_copy(&at, &from, sizeof from))
                return false;
        in = r->rest;
        if (!zc_rd_skip(&in, h.tp_net) || !zc_rd_take(&in, h.tp_snaplen, &out->bytes))
                return false;
        out->protocol = ntohs(from.sll_protocol);
        out->index = (uint32_t)from.sll_ifindex;
        out->at_us = (int64_t)h.tp_sec * 1000000 + h.tp_nsec / 1000;
        r->left--;
        if (r->left > 0 && (h.tp_next_offset == 0 || !zc_rd_skip(&r->rest, h.tp_next_offset)))
                r->left = 0;
        return true;
}

bool zc_ring_next(struct zc_ring *r, struct zc_packet *out)
{
        for (;;) {
                if (r->holding && r->left > 0 && packet_take(r, out))
                        return true;
                if (r->holding)
                        block_give_back(r);
                if (!block_take(r))
                        return false;
        }
}

unsigned zc_ring_drops(struct zc_ring *r)
{
        struct tpacket_stats_v3 stats = { 0 };
        socklen_t size = sizeof stats;

        if (getsockopt(r->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size) != 0)
                return 0;
        return stats.tp_drops;
}
