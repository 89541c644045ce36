/** Which program answered over HTTP: by what it says in fields, title and body. Rows, the first that fits. */
#include <string.h>

#include "question.h"
#include "zc/http_wire.h"
#include "zc/text.h"

#define READ_MAX ((size_t)4096)

enum place { IN_FIELD, IN_TITLE, IN_BODY };

/*
 * `field` is there (IN_FIELD, perhaps with `holds` in it), or `holds` is in the title or the body. The version is a member of the body
 * that is JSON (`member`), or another field's value (`version_field`), or stands behind `behind` in the same place.
 */
static const struct {
        const char *product;
        enum place place;
        const char *field, *holds;
        const char *member, *version_field, *behind;
        bool likely;
} rows[] = {
        { "Elasticsearch", IN_BODY, NULL, "You Know, for Search", "number", NULL, NULL, false },
        { "OpenSearch", IN_BODY, NULL, "The OpenSearch Project", "number", NULL, NULL, false },
        { "Elasticsearch", IN_FIELD, "X-Elastic-Product", "Elasticsearch", NULL, NULL, NULL,
          false },
        { "OpenSearch", IN_FIELD, "WWW-Authenticate", "OpenSearch Security", NULL, NULL, NULL,
          false },
        { "Elasticsearch", IN_FIELD, "WWW-Authenticate", "realm=\"security\"", NULL, NULL, NULL,
          true },
        { "Kibana", IN_FIELD, "kbn-version", NULL, NULL, "kbn-version", NULL, false },
        { "Kibana", IN_FIELD, "kbn-name", NULL, NULL, NULL, NULL, false },
        { "CouchDB", IN_BODY, NULL, "\"couchdb\":\"Welcome\"", "version", NULL, NULL, false },
        { "etcd", IN_BODY, NULL, "\"etcdserver\"", "etcdserver", NULL, NULL, false },
        { "Docker", IN_FIELD, "Server", "Docker/", NULL, NULL, "Docker", false },
        { "Docker", IN_FIELD, "Docker-Experimental", NULL, NULL, NULL, NULL, false },
        { "Docker Registry", IN_FIELD, "Docker-Distribution-Api-Version", NULL, NULL, NULL, NULL,
          false },
        { "kubelet", IN_BODY, NULL, "\"kind\":\"PodList\"", NULL, NULL, NULL, false },
        { "Kubernetes", IN_BODY, NULL, "\"gitVersion\"", "gitVersion", NULL, NULL, false },
        { "Kubernetes", IN_FIELD, "X-Kubernetes-Pf-Flowschema-Uid", NULL, NULL, NULL, NULL, false },
        { "Kubernetes", IN_BODY, NULL, "\"kind\":\"Status\",\"apiVersion\":\"v1\"", NULL, NULL,
          NULL, true },
        { "Kubernetes", IN_BODY, NULL, "\"kind\": \"Status\"", NULL, NULL, NULL, true },
        { "Prometheus", IN_BODY, NULL, "\"goVersion\"", "version", NULL, NULL, true },
        { "Prometheus", IN_FIELD, "Location", "/graph", NULL, NULL, NULL, true },
        { "Prometheus", IN_TITLE, NULL, "Prometheus Time Series", NULL, NULL, NULL, false },
        { "Alertmanager", IN_TITLE, NULL, "Alertmanager", NULL, NULL, NULL, false },
        { "Pushgateway", IN_TITLE, NULL, "Prometheus Pushgateway", NULL, NULL, NULL, false },
        { "node_exporter", IN_TITLE, NULL, "Node Exporter", NULL, NULL, "version=", false },
        { "exporter of metrics", IN_TITLE, NULL, "Exporter", NULL, NULL, "version=", false },
        { "Grafana", IN_FIELD, "Set-Cookie", "grafana_session", NULL, NULL, NULL, false },
        { "Grafana", IN_TITLE, NULL, "Grafana", NULL, NULL, NULL, false },
        { "Grafana", IN_BODY, NULL, "\"database\": \"ok\"", "version", NULL, NULL, true },
        { "Grafana", IN_BODY, NULL, "\"database\":\"ok\"", "version", NULL, NULL, true },
        { "Consul", IN_FIELD, "X-Consul-Default-Acl-Policy", NULL, "Version", NULL, NULL, false },
        { "Consul", IN_FIELD, "X-Consul-Index", NULL, NULL, NULL, NULL, false },
        { "Consul", IN_TITLE, NULL, "Consul by HashiCorp", NULL, NULL, NULL, false },
        { "Consul", IN_BODY, NULL, "\"PrimaryDatacenter\"", "Version", NULL, NULL, false },
        { "Vault", IN_BODY, NULL, "\"sealed\":", "version", NULL, NULL, false },
        { "Nomad", IN_FIELD, "X-Nomad-Index", NULL, NULL, NULL, NULL, false },
        { "InfluxDB", IN_FIELD, "X-Influxdb-Version", NULL, NULL, "X-Influxdb-Version", NULL,
          false },
        { "InfluxDB", IN_FIELD, "X-Influxdb-Build", NULL, NULL, NULL, NULL, false },
        { "RabbitMQ management", IN_TITLE, NULL, "RabbitMQ Management", NULL, NULL, NULL, false },
        { "RabbitMQ management", IN_FIELD, "WWW-Authenticate", "RabbitMQ Management", NULL, NULL,
          NULL, false },
        { "Jenkins", IN_FIELD, "X-Jenkins", NULL, NULL, "X-Jenkins", NULL, false },
        { "ClickHouse", IN_FIELD, "X-ClickHouse-Server-Display-Name", NULL, NULL, NULL, NULL,
          false },
        { "ClickHouse", IN_FIELD, "X-ClickHouse-Summary", NULL, NULL, NULL, NULL, false },
        { "Neo4j", IN_BODY, NULL, "\"neo4j_version\"", "neo4j_version", NULL, NULL, false },
        { "ArangoDB", IN_FIELD, "Server", "ArangoDB", NULL, NULL, NULL, false },
        { "Apache Tomcat", IN_TITLE, NULL, "Apache Tomcat", NULL, NULL, "Apache Tomcat", false },
        { "Apache Solr", IN_TITLE, NULL, "Solr Admin", NULL, NULL, NULL, false },
        { "Apache Solr", IN_FIELD, "Location", "/solr/", NULL, NULL, NULL, true },
        { "Webmin", IN_FIELD, "Server", "MiniServ/", NULL, NULL, "MiniServ", false },
        { "Netdata", IN_FIELD, "Server", "Netdata", NULL, NULL, "Netdata Embedded HTTP Server",
          false },
        { "MinIO", IN_FIELD, "Server", "MinIO", NULL, NULL, NULL, false },
        { "CUPS", IN_FIELD, "Server", "CUPS/", NULL, NULL, "CUPS", false },
        { "GitLab", IN_FIELD, "X-Gitlab-Meta", NULL, NULL, NULL, NULL, false },
        { "Artifactory", IN_FIELD, "X-Artifactory-Id", NULL, NULL, NULL, NULL, false },
        { "Portainer", IN_TITLE, NULL, "Portainer", NULL, NULL, NULL, false },
        { "phpMyAdmin", IN_TITLE, NULL, "phpMyAdmin", NULL, NULL, "phpMyAdmin", false },
        { "Cockpit", IN_FIELD, "Set-Cookie", "cockpit=", NULL, NULL, NULL, false },
        { "Proxmox VE", IN_FIELD, "Server", "pve-api-daemon", NULL, NULL, "pve-api-daemon", false },
        { "Jupyter", IN_TITLE, NULL, "Jupyter", NULL, NULL, NULL, false },
        { "Traefik", IN_TITLE, NULL, "Traefik", NULL, NULL, NULL, false },
        { "HAProxy statistics", IN_TITLE, NULL, "Statistics Report for HAProxy", NULL, NULL, NULL,
          false },
        { "Zabbix", IN_TITLE, NULL, "Zabbix", NULL, NULL, NULL, false },
        { "Splunk", IN_FIELD, "Server", "Splunkd", NULL, NULL, NULL, false },
        { "Sonatype Nexus", IN_FIELD, "Server", "Nexus/", NULL, NULL, "Nexus", false },
        { "MongoDB", IN_BODY, NULL, "access MongoDB over HTTP", NULL, NULL, NULL, false },
};

struct answer {
        uint8_t bytes[READ_MAX];
        struct zc_http_head head;
        struct zc_rd body;
        bool whole; /* the head's end was seen */
};

/** What came, its head in fields; a cut head as far as its lines are whole. */
static bool answer_read(struct zc_rd in, struct answer *a)
{
        size_t n = in.n < READ_MAX ? in.n : READ_MAX, used = 0;
        struct zc_err err = { 0 };

        memcpy(a->bytes, in.p, n);
        a->whole = zc_http_head_parse(a->bytes, n, &a->head, &used, &err);
        a->body = (struct zc_rd){ a->bytes + used, n - used };
        if (a->whole)
                return true;
        a->body = (struct zc_rd){ a->bytes + n, 0 };
        return zc_http_head_parse_cut(a->bytes, n, &a->head, &err);
}

static struct zc_rd title_of(struct zc_rd body)
{
        size_t at = zc_said_find(body, "<title>");
        struct zc_rd title = { 0 };

        if (at == SIZE_MAX || !zc_rd_skip(&body, at + 7) || !zc_rd_until(&body, '<', &title))
                return (struct zc_rd){ 0 };
        return title;
}

/** Where a row looks, if the row fits. */
static bool row_fits(size_t i, const struct answer *a, struct zc_rd title, struct zc_rd *where)
{
        const struct zc_rd *field;

        if (rows[i].place != IN_FIELD) {
                *where = rows[i].place == IN_TITLE ? title : a->body;
                return where->n > 0 && zc_said_find(*where, rows[i].holds) != SIZE_MAX;
        }
        for (size_t n = 0; (field = zc_http_find(&a->head, rows[i].field, n)) != NULL; n++) {
                *where = *field;
                if (!rows[i].holds || zc_said_find(*field, rows[i].holds) != SIZE_MAX)
                        return true;
        }
        return false;
}

static void version_read(size_t i, const struct answer *a, struct zc_rd where, struct zc_said *out)
{
        const struct zc_rd *field =
                rows[i].version_field ? zc_http_find(&a->head, rows[i].version_field, 0) : NULL;
        struct zc_rd value;

        if (rows[i].member && zc_said_member(a->body, rows[i].member, &value))
                zc_said_put(out->version, value);
        else if (field)
                zc_said_put(out->version, *field);
        else if (rows[i].behind && !zc_said_version(where, rows[i].behind, out->version))
                (void)zc_said_version(a->body, rows[i].behind, out->version);
}

/** RFC 9110 section 10.2.4: the first product of Server, "nginx/1.22.1". */
static void server_read(const struct answer *a, struct zc_said *out)
{
        const struct zc_rd *server = zc_http_find(&a->head, "Server", 0);
        struct zc_rd word, product;

        if (!server)
                return;
        word = *server;
        if (zc_rd_until(&word, '/', &product)) {
                struct zc_rd version;

                zc_said_put(out->version, zc_rd_until(&word, ' ', &version) ? version : word);
        } else {
                product = *server;
        }
        zc_said_put(out->product, product);
}

void http_detail(struct zc_rd in, struct zc_said *out)
{
        struct answer a = { 0 };
        struct zc_rd title, where;

        if (!answer_read(in, &a))
                return;
        title = title_of(a.body);
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                if (!row_fits(i, &a, title, &where))
                        continue;
                zc_said_put(out->product, zc_rd_str(rows[i].product));
                out->likely = rows[i].likely;
                version_read(i, &a, where, out);
                return;
        }
        server_read(&a, out);
}

/** RFC 9112 section 6.3, as far as it matters for looking at the beginning. */
bool http_complete(struct zc_rd in)
{
        struct answer a = { 0 };
        const struct zc_rd *field;
        uint64_t n;

        if (!answer_read(in, &a) || !a.whole)
                return false;
        if (a.head.status == 204 || a.head.status == 304)
                return true;
        field = zc_http_find(&a.head, "Content-Length", 0);
        if (field && zc_parse_uint((const char *)field->p, field->n, UINT32_MAX, &n))
                return a.body.n >= n;
        return zc_http_count(&a.head, "Transfer-Encoding") > 0 && a.body.n >= 5 &&
               memcmp(a.body.p + a.body.n - 5, "0\r\n\r\n", 5) == 0;
}
