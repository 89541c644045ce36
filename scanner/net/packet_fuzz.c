/** What parses stays inside its packet, and says what it is; a segment that is written is read back as it was. */
#include <stdlib.h>
#include <string.h>

#include "zc/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct zc_segment *s)
{
        uint8_t buf[ZC_SEGMENT_MAX];
        struct zc_packet_seen seen;
        struct zc_wr w;

        zc_wr_init(&w, buf, sizeof buf);
        zc_segment_write(&w, s);
        if (w.failed || !zc_packet_parse((struct zc_rd){ buf, w.len }, &seen) ||
            seen.kind != ZC_PACKET_TCP || seen.segment.sport != s->sport ||
            seen.segment.dport != s->dport || seen.segment.seq != s->seq ||
            seen.segment.ack != s->ack || seen.segment.flags != s->flags ||
            zc_addr_cmp(&seen.segment.src, &s->src) != 0 ||
            zc_addr_cmp(&seen.segment.dst, &s->dst) != 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct zc_rd in = { data, size };
        struct zc_packet_seen seen;

        if (zc_packet_parse(in, &seen)) {
                if (seen.kind != ZC_PACKET_NEIGHBOUR)
                        again(&seen.segment);
                if ((seen.kind == ZC_PACKET_ICMP) != (seen.icmp_type >= 0))
                        abort();
        }
        if (zc_arp_parse(in, &seen) && (seen.kind != ZC_PACKET_NEIGHBOUR || size < 28))
                abort();
        return 0;
}
