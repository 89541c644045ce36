/** One or two questions more, in the words of who is known: its version, and whether it obeys without a login. Nothing is changed by any. */
#include <stdio.h>
#include <string.h>

#include "asking.h"
#include "question.h"
#include "zc/text.h"

#define FOLLOWS 2u

/* The first rows that fit are put. `product`: that it was told by then, "" for none, NULL for any; port 0: any. */
struct follow_row {
        const char *service, *product;
        uint16_t port;
        enum zc_asked ask;
        const char *path, *body; /* HTTP */
        const char *open;        /* the body begins with this, white space aside: it obeyed */
};
static const struct follow_row rows[] = {
        { "memcached", NULL, 0, ZC_ASKED_MEMCACHED, NULL, NULL, NULL },
        { "mongodb", NULL, 0, ZC_ASKED_MONGODB, NULL, NULL, NULL },
        { "amqp", NULL, 0, ZC_ASKED_AMQP, NULL, NULL, NULL },
        { "http", "MongoDB", 0, ZC_ASKED_MONGODB, NULL, NULL, NULL },
        { "http", "", 2379, ZC_ASKED_HTTP, "/version", NULL, NULL },
        { "http", "", 3000, ZC_ASKED_HTTP, "/api/health", NULL, NULL },
        { "http", "", 8200, ZC_ASKED_HTTP, "/v1/sys/health", NULL, NULL },
        { "http", "", 8500, ZC_ASKED_HTTP, "/v1/agent/self", NULL, "{\"Config\":" },
        { "http", "", 10250, ZC_ASKED_HTTP, "/pods", NULL, "{\"kind\":\"PodList\"" },
        { "http", "", 10255, ZC_ASKED_HTTP, "/pods", NULL, "{\"kind\":\"PodList\"" },
        { "http", "Docker", 0, ZC_ASKED_HTTP, "/containers/json?limit=1", NULL, "[" },
        { "http", "Elasticsearch", 0, ZC_ASKED_HTTP, "/_count", NULL, "{\"count\":" },
        { "http", "OpenSearch", 0, ZC_ASKED_HTTP, "/_count", NULL, "{\"count\":" },
        { "http", "CouchDB", 0, ZC_ASKED_HTTP, "/_all_dbs", NULL, "[" },
        { "http", "Prometheus", 0, ZC_ASKED_HTTP, "/api/v1/status/buildinfo", NULL,
          "{\"status\":\"success\"" },
        /* how many keys there are, and none of them */
        { "http", "etcd", 0, ZC_ASKED_HTTP, "/v3/kv/range",
          "{\"key\":\"AA==\",\"range_end\":\"AA==\",\"count_only\":true}", "{\"header\":" },
        { "http", "Kubernetes", 0, ZC_ASKED_HTTP, "/version", NULL, NULL },
        { "http", "Kubernetes", 0, ZC_ASKED_HTTP, "/api/v1/namespaces?limit=1", NULL,
          "{\"kind\":\"NamespaceList\"" },
};

static bool fits(const struct follow_row *r, const struct asking *a)
{
        const struct zc_identity *id = a->out;

        return strcmp(r->service, id->service) == 0 &&
               (!r->product || strcmp(r->product, id->said.product) == 0) &&
               (r->port == 0 || r->port == a->peer->port) &&
               (r->ask == ZC_ASKED_HTTP || r->ask != id->by);
}

/** "HTTP/1.1 200 OK": 0 when it is none. */
static unsigned status_of(struct zc_rd in)
{
        uint64_t status;

        return zc_rd_starts(in, "HTTP/1.", 7) && in.n >= 12 && zc_rd_skip(&in, 9) &&
                               zc_parse_uint((const char *)in.p, 3, 999, &status)
                       ? (unsigned)status
                       : 0;
}

/** The body begins with that text, spaces in neither counted. */
static bool body_begins(struct zc_rd in, const char *text)
{
        struct zc_rd line = { 0 };
        uint8_t c;

        while (zc_rd_line(&in, &line) && line.n > 0)
                ;
        if (line.p && line.n > 0)
                return false;
        if (in.n > 0 && in.p[0] != '{' && in.p[0] != '[' && !zc_rd_line(&in, &line))
                return false; /* a chunk's length */
        while (*text && zc_rd_u8(&in, &c)) {
                if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
                        continue;
                if (c != (uint8_t)*text++)
                        return false;
        }
        return *text == '\0';
}

static enum zc_access access_of(const struct follow_row *r, struct zc_rd in)
{
        unsigned status = status_of(in);

        if (!r->open)
                return ZC_ACCESS_UNKNOWN;
        if (status == 401 || status == 403)
                return ZC_ACCESS_REFUSED;
        return status == 200 && body_begins(in, r->open) ? ZC_ACCESS_OPEN : ZC_ACCESS_UNKNOWN;
}

/** What it said beyond what it had said before; what it did with the question is the better proof. */
static void follow_take(struct asking *a, const struct follow_row *r, const struct talk *t)
{
        struct zc_identity *id = a->out;
        struct zc_rd in = { t->got, t->got_n };
        struct zc_said said = { 0 };

        if (!t->service || (r->ask != ZC_ASKED_HTTP && strcmp(t->service, "http") == 0))
                return;
        zc_identify_detail(in, r->ask, t->service, &said);
        if (r->ask == ZC_ASKED_HTTP && access_of(r, in) != ZC_ACCESS_UNKNOWN)
                said.access = access_of(r, in);
        id->access_asked = id->access_asked || r->open || said.access != ZC_ACCESS_UNKNOWN;
        if (r->ask != ZC_ASKED_HTTP)
                id->service = t->service;
        if (said.product[0] && (!id->said.product[0] || said.version[0])) {
                memcpy(id->said.product, said.product, sizeof said.product);
                id->said.likely = said.likely;
        }
        if (said.version[0])
                memcpy(id->said.version, said.version, sizeof said.version);
        if (said.access == ZC_ACCESS_UNKNOWN && !said.version[0])
                return;
        if (said.access != ZC_ACCESS_UNKNOWN)
                id->said.access = said.access;
        id->at = zc_wall_ms();
        snprintf(id->sent, sizeof id->sent, "%s%s%s", a->tls_seen ? "inside TLS: " : "",
                 r->path ? r->body ? "POST " : "GET " : question_rows[r->ask].sent,
                 r->path ? r->path : "");
        asking_text(id->received, sizeof id->received, t->got, t->got_n < 100 ? t->got_n : 100);
}

bool follow(struct asking *a, struct zc_err *err)
{
        unsigned left = FOLLOWS;

        for (size_t i = 0; i < ZC_COUNT(rows) && left > 0 && asking_room(a); i++) {
                struct talk t = asking_talk(a, rows[i].ask);
                bool established = true;

                if (!fits(&rows[i], a))
                        continue;
                left--;
                t.path = rows[i].path;
                t.body = rows[i].body;
                if (!(a->tls_seen ? asking_session(a, &t, &established, err)
                                  : asking_converse(a, talk_step, &t, err)))
                        return false;
                if (established)
                        follow_take(a, &rows[i], &t);
        }
        return true;
}
