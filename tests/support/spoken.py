"""What services say, byte for byte, written from their specifications: greetings, and answers to the questions that identify puts.
PLAIN rows: name, port, what the request begins with (None: a greeting, said unasked), the answer, what is to be told."""
import struct


def packet(payload, number=0):
    return struct.pack("<I", len(payload))[:3] + bytes([number]) + payload


def mysql(version):
    return packet(b"\x0a" + version + b"\0" + b"\x08\0\0\0" + b"abcdefgh\0" + b"\xff\xf7\x08\x02\0\xff\x81\x15" + b"\0" * 10 + b"ijklmnopqrst\0mysql_native_password\0")


def bson(pairs):
    body = b""
    for key, value in pairs:
        key = key.encode() + b"\0"
        if isinstance(value, str):
            body += b"\x02" + key + struct.pack("<i", len(value) + 1) + value.encode() + b"\0"
        elif isinstance(value, float):
            body += b"\x01" + key + struct.pack("<d", value)
        elif isinstance(value, list):
            body += b"\x04" + key + bson((str(i), v) for i, v in enumerate(value))
        elif isinstance(value, dict):
            body += b"\x03" + key + bson(value.items())
        else:
            body += b"\x10" + key + struct.pack("<i", value)
    return struct.pack("<i", len(body) + 5) + body + b"\0"


def op_msg(to, document):
    return struct.pack("<iiii", 16 + 5 + len(document), 77, to, 2013) + b"\0\0\0\0\0" + document


def mongodb(listed):
    return op_msg(1, bson(listed)) + op_msg(2, bson([("version", "6.0.5"), ("gitVersion", "c9a99c120371d4d4c52cbb15dac34a36ce8d3b1d"),
                                                     ("modules", []), ("ok", 1.0)]))


def table(pairs):
    body = b"".join(bytes([len(k)]) + k + b"S" + struct.pack(">I", len(v)) + v for k, v in pairs)
    return struct.pack(">I", len(body)) + body


def amqp():
    method = b"\0\x0a\0\x0a\0\x09" + table([(b"cluster_name", b"rabbit@lab"), (b"product", b"RabbitMQ"), (b"version", b"3.10.8")])
    method += struct.pack(">I", 14) + b"PLAIN AMQPLAIN" + struct.pack(">I", 5) + b"en_US"
    return b"\1\0\0" + struct.pack(">I", len(method)) + method + b"\xce"


def ber(tag, *parts):
    body = b"".join(parts)
    return bytes([tag]) + (bytes([len(body)]) if len(body) < 128 else b"\x82" + struct.pack(">H", len(body))) + body


def ldap(attributes):
    pairs = b"".join(ber(0x30, ber(4, k), ber(0x31, *(ber(4, v) for v in vs))) for k, vs in attributes)
    return ber(0x30, ber(2, b"\1"), ber(0x64, ber(4, b""), ber(0x30, pairs))) + ber(0x30, ber(2, b"\1"), ber(0x65, b"\x0a\1\0\4\0\4\0"))


def tds():
    options = b"\0\0\x15\0\6" + b"\1\0\x1b\0\1" + b"\2\0\x1c\0\1" + b"\3\0\x1d\0\0" + b"\xff"
    payload = options + bytes([15, 0]) + struct.pack(">H", 4298) + b"\0\1" + b"\1" + b"\0"
    return struct.pack(">BBHHBB", 4, 1, len(payload) + 8, 0, 1, 0) + payload


def tns():
    text = b"(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR=0)(ALIAS=LISTENER))"
    body = b"\"\0" + struct.pack(">H", len(text)) + text
    return struct.pack(">HHBBH", len(body) + 8, 0, 4, 0, 0) + body


def mqtt():
    topic, text = b"$SYS/broker/version", b"mosquitto version 2.0.11"
    return b"\x20\2\0\0" + b"\x90\3\0\1\0" + b"\x31" + bytes([2 + len(topic) + len(text)]) + struct.pack(">H", len(topic)) + topic + text


def cassandra(keys):
    body = struct.pack(">H", len(keys))
    for k, vs in keys:
        body += struct.pack(">H", len(k)) + k + struct.pack(">H", len(vs)) + b"".join(struct.pack(">H", len(v)) + v for v in vs)
    return b"\x84\0\0\0\6" + struct.pack(">I", len(body)) + body


def dns(text, ident=b"\x7a\x63"):
    question = b"\7version\4bind\0\0\x10\0\3"
    answer = b"\xc0\x0c\0\x10\0\3\0\0\0\0" + struct.pack(">H", len(text) + 1) + bytes([len(text)]) + text
    return ident + b"\x84\0\0\1\0\1\0\0\0\0" + question + answer


def framed(message):
    return struct.pack(">H", len(message)) + message


def smb():
    header = b"\xfeSMB" + struct.pack("<HHIHHIIQIIQ", 64, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0) + b"\0" * 16
    body = struct.pack("<HHHH", 65, 1, 0x0302, 0) + b"g" * 16 + b"\0" * 36
    return b"\0" + struct.pack(">I", len(header + body))[1:] + header + body


def x11():
    vendor = b"The X.Org Foundation"
    body = struct.pack("<IIIIHHBBBBBBBB4x", 12101004, 0x400000, 0x1FFFFF, 256, len(vendor), 65535, 1, 7, 0, 0, 32, 32, 8, 255) + vendor
    return struct.pack("<BBHHH", 1, 0, 11, 0, len(body) // 4) + body


RPC = b"\x80\0\0\x18" + b"zcri" + struct.pack(">IIIII", 1, 0, 0, 0, 0)
KAFKA = struct.pack(">I", 4 + 2 + 4 + 12) + b"zcri" + struct.pack(">HIHHHHHH", 0, 2, 0, 0, 9, 18, 0, 3)


def http(status="200 OK", fields=(), body=b""):
    head = "".join(f"{k}: {v}\r\n" for k, v in fields)
    return f"HTTP/1.1 {status}\r\n{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


def says(service, product=None, version=None, access=None):
    return {"service": service, "product": product, "version": version, "access": access}


PLAIN = [
    ("OpenSSH", 22, None, b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", says("ssh", "OpenSSH", "9.2p1")),
    ("Dropbear", 2222, None, b"SSH-2.0-dropbear_2022.83\r\n", says("ssh", "Dropbear", "2022.83")),
    ("vsftpd", 21, None, b"220 (vsFTPd 3.0.3)\r\n", says("ftp", "vsFTPd", "3.0.3")),
    ("ProFTPD", 2121, None, b"220 ProFTPD 1.3.8 Server (Debian) [::ffff:10.0.0.1]\r\n", says("ftp", "ProFTPD", "1.3.8")),
    ("Exim", 25, None, b"220 mail.example ESMTP Exim 4.96 Mon, 23 Nov 2026 06:00:00 +0000\r\n", says("smtp", "Exim", "4.96")),
    ("Postfix", 587, None, b"220 mail.example ESMTP Postfix (Debian/GNU)\r\n", says("smtp", "Postfix")),
    ("LMTP", 24, None, b"220 mail.example LMTP Dovecot ready\r\n", says("lmtp", "Dovecot")),
    ("POP3", 110, None, b"+OK Dovecot (Debian) ready.\r\n", says("pop3", "Dovecot")),
    ("IMAP", 143, None, b"* OK [CAPABILITY IMAP4rev1 STARTTLS] Dovecot (Debian) ready.\r\n", says("imap", "Dovecot")),
    ("NNTP", 119, None, b"200 news.example InterNetNews NNRP server INN 2.7.0 ready (posting ok)\r\n", says("nntp", "INN", "2.7.0")),
    ("ManageSieve", 4190, None, b'"IMPLEMENTATION" "Dovecot Pigeonhole"\r\nOK "Dovecot ready."\r\n', says("sieve", "Dovecot Pigeonhole")),
    ("MySQL", 3306, None, mysql(b"8.0.36"), says("mysql", "MySQL", "8.0.36")),
    ("MariaDB", 3307, None, mysql(b"5.5.5-10.11.3-MariaDB-1"), says("mysql", "MariaDB", "10.11.3")),
    ("MySQL X", 33060, None, b"\5\0\0\0\x0b\x08\5\x1a\0", says("mysqlx")),
    ("VNC", 5900, None, b"RFB 003.008\n", says("vnc")),
    ("rsync", 873, None, b"@RSYNCD: 31.0 sha512 sha256 sha1 md5 md4\n", says("rsync", "rsync")),
    ("telnet", 23, None, b"\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23\xff\xfd\x27", says("telnet")),
    ("IRC", 6667, None, b":irc.example NOTICE * :*** Looking up your hostname...\r\n", says("irc")),
    ("NATS", 4222, None, b'INFO {"server_id":"NA","server_name":"n1","version":"2.9.10","proto":1,"auth_required":true}\r\n', says("nats", "NATS", "2.9.10")),
    ("Subversion", 3690, None, b"( success ( 2 2 ( ) ( edit-pipeline svndiff1 ) ) ) ", says("svn", "Subversion")),
    ("Munin", 4949, None, b"# munin node at lab.example\n", says("munin", "Munin")),
    ("Asterisk", 5038, None, b"Asterisk Call Manager/5.0.2\r\n", says("asterisk", "Asterisk")),
    ("MPD", 6600, None, b"OK MPD 0.23.5\n", says("mpd", "MPD", "0.23.5")),
    ("Tarantool", 3301, None, b"Tarantool 2.10.4 (Binary) 5c9e5b1f\n" + b" " * 64, says("tarantool", "Tarantool", "2.10.4")),
    ("gpsd", 2947, None, b'{"class":"VERSION","release":"3.22","rev":"3.22","proto_major":3,"proto_minor":14}\r\n', says("gpsd", "gpsd", "3.22")),
    ("NBD", 10809, None, b"NBDMAGICIHAVEOPT\0\3", says("nbd")),
    ("BGP", 179, None, b"\xff" * 16 + b"\0\x1d\1\4\xfd\xe8\0\xb4\x0a\0\0\1\0", says("bgp")),
    ("HTTP/2 without TLS", 50051, None, b"\0\0\x06\4\0\0\0\0\0\0\5\0\0@\0", says("h2c")),
    ("PostgreSQL", 5432, b"\0\0\0\x08\x04\xd2\x16\x2f", b"S", says("postgresql")),
    ("Redis", 6379, b"*1\r\n$4\r\nPING\r\n", b"-NOAUTH Authentication required.\r\n", says("redis")),
    ("memcached", 11211, b"version\r\n", b"VERSION 1.6.18\r\n", says("memcached", "memcached", "1.6.18", "open")),
    ("memcached, guarded", 11212, b"", {b"version": b"CLIENT_ERROR unauthenticated\r\n", b"": b"CLIENT_ERROR unauthenticated\r\n"},
     says("memcached", "memcached", None, "refused")),
    ("memcached at another port", 21211, b"", {b"version": b"VERSION 1.6.18\r\n", b"*1": b"ERROR\r\nERROR\r\nERROR\r\n"},
     says("memcached", "memcached", "1.6.18", "open")),
    ("MongoDB, open", 27017, b"", {b"": mongodb([("databases", [{"name": "admin"}]), ("ok", 1.0)])}, says("mongodb", "MongoDB", "6.0.5", "open")),
    ("MongoDB, guarded", 27018, b"", {b"": mongodb([("ok", 0.0), ("errmsg", "command listDatabases requires authentication"), ("code", 13),
                                                    ("codeName", "Unauthorized")])}, says("mongodb", "MongoDB", "6.0.5", "refused")),
    ("Cassandra", 9042, b"\4\0\0\0\5", cassandra([(b"CQL_VERSION", [b"3.4.5"]), (b"COMPRESSION", [b"snappy", b"lz4"])]), says("cassandra", "Apache Cassandra")),
    ("ZooKeeper", 2181, b"srvr", b"Zookeeper version: 3.8.0-5a02a05eddb59aee6ac762f7ea82e92a68eb9c0f, built on 2022-02-25\nLatency min/avg/max: 0/0.0/0\n",
     says("zookeeper", "Apache ZooKeeper", "3.8.0")),
    ("Neo4j's Bolt", 7687, b"\x60\x60\xb0\x17", b"\0\0\4\4", says("bolt")),
    ("SQL Server", 1433, b"\x12\1", tds(), says("mssql", "Microsoft SQL Server", "15.0.4298")),
    ("Oracle", 1521, b"\0W\0\0\1", tns(), says("oracle", "Oracle Net Listener", "19")),
    ("MQTT, open", 1883, b"\x10", mqtt(), says("mqtt", "Mosquitto", "2.0.11", "open")),
    ("MQTT, guarded", 21883, b"", {b"\x10": b"\x20\2\0\5"}, None),
    ("AMQP", 5672, b"AMQP\0\0\x09\1", amqp(), says("amqp", "RabbitMQ", "3.10.8")),
    ("Kafka", 9092, b"\0\0\0\x12\0\x12", KAFKA, says("kafka")),
    ("OpenLDAP", 389, b"0", ldap([(b"objectClass", [b"top", b"OpenLDAProotDSE"])]), says("ldap", "OpenLDAP")),
    ("389 Directory Server", 3268, b"0", ldap([(b"vendorName", [b"389 Project"]), (b"vendorVersion", [b"389-Directory/2.3.1 B2023.101.0000"])]),
     says("ldap", "389 Project", "389-Directory/2.3.1 B2023.101.0000")),
    ("DNS", 53, b"\0\x1e\x7a\x63", framed(dns(b"9.18.16-1~deb12u1-Debian")), says("domain", "BIND", "9.18.16-1~deb12u1-Debian")),
    ("rpcbind", 111, b"\x80\0\0\x28", RPC, says("rpcbind")),
    ("NFS", 2049, b"\x80\0\0\x28", RPC, says("nfs")),
    ("SMB", 445, b"\0\0\0\x6c\xfeSMB", smb(), says("smb")),
    ("Remote Desktop", 3389, b"\3\0\0\x13\x0e\xe0", b"\3\0\0\x13\x0e\xd0\0\0\x12\x34\0\2\x1f\x08\0\2\0\0\0", says("rdp")),
    ("X11, open", 6000, b"l\0\x0b", x11(), says("x11", "The X.Org Foundation", "1.21.1", "open")),
    ("X11, guarded", 6001, b"l\0\x0b", b"\0\x16\x0b\0\0\0\6\0" + b"No protocol specified\n\0\0", says("x11", None, None, "refused")),
    ("AJP", 8009, b"\x12\x34\0\1\x0a", b"AB\0\1\x09", says("ajp")),
    ("JDWP", 5005, b"JDWP-Handshake", b"JDWP-Handshake", says("jdwp", None, None, "open")),
    ("Java RMI", 1099, b"JRMI\0\2K", b"\x4e\0\x09127.0.0.1\0\0\x9c\x40", says("rmi")),
    ("epmd", 4369, b"\0\1n", b"\0\0\x11\x11name rabbit at port 25672\n", says("epmd")),
    ("XMPP", 5222, b"<?xml", b"<?xml version='1.0'?><stream:stream id='1' version='1.0' xmlns='jabber:client'>", says("xmpp")),
    ("RTSP", 554, b"OPTIONS * RTSP", b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: GStreamer/1.20.3\r\nPublic: OPTIONS\r\n\r\n", says("rtsp", "GStreamer", "1.20.3")),
    ("SIP", 5060, b"OPTIONS sip:", b"SIP/2.0 200 OK\r\nServer: Asterisk PBX 18.2\r\nContent-Length: 0\r\n\r\n", says("sip", "Asterisk PBX 18.2")),
]

REFUSED = '{"error":{"root_cause":[{"type":"security_exception"}]},"status":401}'
# name, port, {path: answer}, what is to be told; every other path is not found
HTTP = [
    ("Elasticsearch, open", 9200, {"/": http(body=b'{\n  "name" : "n1",\n  "cluster_name" : "c",\n  "version" : {\n    "number" : "8.7.0",\n    "build_flavor" : "default"\n  },\n'
                                             b'  "tagline" : "You Know, for Search"\n}\n'),
                                   "/_count": http(body=b'{"count":5,"_shards":{"total":1}}')}, says("http", "Elasticsearch", "8.7.0", "open")),
    ("Elasticsearch, guarded", 9201, {"/": http("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="security", charset="UTF-8"')], REFUSED.encode()),
                                      "/_count": http("401 Unauthorized", (), REFUSED.encode())}, says("http", "Elasticsearch", None, "refused")),
    ("OpenSearch", 9202, {"/": http(body=b'{"name":"n","version":{"distribution":"opensearch","number":"2.7.0"},"tagline":"The OpenSearch Project: https://opensearch.org/"}'),
                          "/_count": http(body=b'{"count":0}')}, says("http", "OpenSearch", "2.7.0", "open")),
    ("etcd, open", 2379, {"/version": http(body=b'{"etcdserver":"3.5.8","etcdcluster":"3.5.0"}'),
                          "/v3/kv/range": http(body=b'{"header":{"cluster_id":"1"},"count":"7"}')}, says("http", "etcd", "3.5.8", "open")),
    ("Docker, open", 2375, {"/": http("404 Not Found", [("Server", "Docker/24.0.7 (linux)"), ("Api-Version", "1.43")], b'{"message":"page not found"}\n'),
                            "/containers/json?limit=1": http(fields=[("Server", "Docker/24.0.7 (linux)")], body=b"[]\n")}, says("http", "Docker", "24.0.7", "open")),
    ("Docker behind a proxy that says no", 4243, {"/": http("403 Forbidden", [("Server", "Docker/24.0.7 (linux)")]),
                                                  "/containers/json?limit=1": http("403 Forbidden")}, says("http", "Docker", "24.0.7", "refused")),
    ("Kubernetes", 6444, {"/": http("403 Forbidden", [("X-Kubernetes-Pf-Flowschema-Uid", "x")], b'{"kind":"Status","apiVersion":"v1","code":403}'),
                          "/version": http(body=b'{\n  "major": "1",\n  "gitVersion": "v1.27.1"\n}'),
                          "/api/v1/namespaces?limit=1": http("403 Forbidden")}, says("http", "Kubernetes", "v1.27.1", "refused")),
    ("kubelet, open", 10255, {"/pods": http(body=b'{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[]}')}, says("http", "kubelet", None, "open")),
    ("Prometheus", 9090, {"/": http("302 Found", [("Location", "/graph")]), "/api/v1/status/buildinfo":
                          http(body=b'{"status":"success","data":{"version":"2.45.0","revision":"8ef767e","goVersion":"go1.20.5"}}')}, says("http", "Prometheus", "2.45.0", "open")),
    ("node_exporter", 9100, {"/": http(body=b"<html><head><title>Node Exporter</title></head><body><div>Version: (version=1.5.0, branch=HEAD)</div></body></html>")},
     says("http", "node_exporter", "1.5.0")),
    ("Grafana", 3000, {"/": http("302 Found", [("Location", "/login")]), "/api/health": http(body=b'{\n  "commit": "x",\n  "database": "ok",\n  "version": "9.3.2"\n}')},
     says("http", "Grafana", "9.3.2")),
    ("Consul, open", 8500, {"/": http("301 Moved Permanently", [("Location", "/ui/")]), "/v1/agent/self":
                            http(fields=[("X-Consul-Default-Acl-Policy", "allow")], body=b'{"Config":{"Datacenter":"dc1","PrimaryDatacenter":"dc1","NodeName":"n","Version":"1.15.2"}}')},
     says("http", "Consul", "1.15.2", "open")),
    ("Vault", 8200, {"/": http("307 Temporary Redirect", [("Location", "/ui/")]), "/v1/sys/health": http(body=b'{"initialized":true,"sealed":false,"version":"1.13.1"}')},
     says("http", "Vault", "1.13.1")),
    ("CouchDB", 5984, {"/": http(fields=[("Server", "CouchDB/3.3.2 (Erlang OTP/24)")], body=b'{"couchdb":"Welcome","version":"3.3.2","vendor":{"name":"The Apache Software Foundation"}}'),
                       "/_all_dbs": http("401 Unauthorized", (), b'{"error":"unauthorized"}')}, says("http", "CouchDB", "3.3.2", "refused")),
    ("InfluxDB", 8086, {"/": http("404 Not Found", [("X-Influxdb-Build", "OSS"), ("X-Influxdb-Version", "1.8.10")])}, says("http", "InfluxDB", "1.8.10")),
    ("RabbitMQ's console", 15672, {"/": http(fields=[("Server", "Cowboy")], body=b"<!DOCTYPE html><html><head><title>RabbitMQ Management</title></head></html>")},
     says("http", "RabbitMQ management")),
    ("Jenkins", 8080, {"/": http("403 Forbidden", [("X-Jenkins", "2.401.1"), ("Server", "Jetty(10.0.13)")])}, says("http", "Jenkins", "2.401.1")),
    ("ClickHouse", 8123, {"/": http(fields=[("X-ClickHouse-Summary", "{}")], body=b"Ok.\n")}, says("http", "ClickHouse")),
    ("Neo4j", 7474, {"/": http(body=b'{"bolt_routing":"neo4j://x:7687","neo4j_version":"5.7.0","neo4j_edition":"community"}')}, says("http", "Neo4j", "5.7.0")),
    ("Tomcat", 8081, {"/": http(body=b"<html><head><title>Apache Tomcat/9.0.43 (Debian)</title></head></html>")}, says("http", "Apache Tomcat", "9.0.43")),
    ("Webmin", 10000, {"/": http(fields=[("Server", "MiniServ/2.013")])}, says("http", "Webmin", "2.013")),
    ("CUPS", 631, {"/": http(fields=[("Server", "CUPS/2.4 IPP/2.1")])}, says("http", "CUPS", "2.4")),
    ("nginx", 80, {"/": http(fields=[("Server", "nginx/1.22.1")])}, says("http", "nginx", "1.22.1")),
    ("no name", 8008, {"/": http()}, says("http")),
]


def ntp():
    return b"\x24\2\0\xec" + b"\0" * 20 + b"zerocrit" + b"\1" * 16


def snmp():
    engine = b"\x80\0\x1f\x88\x80abcdefgh"
    usm = ber(0x30, ber(4, engine), ber(2, b"\1"), ber(2, b"\1"), ber(4, b""), ber(4, b""), ber(4, b""))
    head = ber(0x30, ber(2, b"\x7a\x63"), ber(2, b"\0\xff\xe3"), ber(4, b"\0"), ber(2, b"\3"))
    report = ber(0xa8, ber(2, b"\x7a\x63"), ber(2, b"\0"), ber(2, b"\0"), ber(0x30, ber(0x30, ber(6, b"\x2b\6\1\6\3\x0f\1\1\4\0"), ber(0x41, b"\1"))))
    return ber(0x30, ber(2, b"\3"), head, ber(4, usm), ber(0x30, ber(4, engine), ber(4, b""), report))


def stun():
    software = b"Coturn-4.6.1"
    attributes = b"\0\x20\0\x08\0\1\x21\x12\xe1\xba\xa5\x43" + b"\x80\x22" + struct.pack(">H", len(software)) + software
    return b"\1\1" + struct.pack(">H", len(attributes)) + b"\x21\x12\xa4\x42zerocritstun" + attributes


# name, port, what the request begins with, the answer, what is to be told
UDP = [
    ("DNS", 53, b"\x7a\x63\0\0\0\1", dns(b"unbound 1.17.1"), ("domain", "unbound", "1.17.1")),
    ("TFTP", 69, b"\0\1zerocrit", b"\0\5\0\1File not found\0", ("tftp", None, None)),
    ("rpcbind", 111, b"zcri\0\0\0\0", RPC[4:], ("rpcbind", None, None)),
    ("NTP", 123, b"\x23\0\0\0", ntp(), ("ntp", None, None)),
    ("NetBIOS", 137, b"\x7a\x63\0\0\0\1", b"\x7a\x63\x84\0\0\0\0\1\0\0\0\0 CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0\0\x21\0\1\0\0\0\0\0\x2f\0" + b"\0" * 46, ("netbios-ns", None, None)),
    ("SNMP", 161, b"0\x3a\2\1\3", snmp(), ("snmp", "Net-SNMP", None)),
    ("XDMCP", 177, b"\0\1\0\2\0\1\0", b"\0\1\0\5\0\6\0\0\0\0\0\0", ("xdmcp", None, None)),
    ("CLDAP", 389, b"0\x2a\2\1\1", ber(0x30, ber(2, b"\1"), ber(0x64, ber(4, b""), ber(0x30))), ("ldap", None, None)),
    ("QUIC", 443, b"\xc0\x1a\x2a\x3a\x4a\x08zerocrit\x08zc-quic0", b"\x80\0\0\0\0\x08zc-quic0\x08zerocrit\0\0\0\1", ("quic", None, None)),
    ("IKE", 500, b"zerocrit\0\0\0\0", b"zerocrit\0\0\0\0\0\0\0\0\x29\x20\x22\x20\0\0\0\0\0\0\0\x24\0\0\0\x08\0\0\0\x0e", ("ike", None, None)),
    ("IPMI", 623, b"\6\0\xff\6", b"\6\0\xff\6\0\0\x11\xbe\x40\x63\0\x10" + b"\0" * 16, ("ipmi", None, None)),
    ("OpenVPN", 1194, b"\x38zerocrit", b"\x40abcdefgh\1\0\0\0\0zerocrit\0\0\0\0", ("openvpn", None, None)),
    ("SQL Server's browser", 1434, b"\3", b"\5\x50\0ServerName;DB1;InstanceName;MSSQLSERVER;IsClustered;No;Version;15.0.2000.5;tcp;1433;;", ("mssql-browser", "Microsoft SQL Server", "15.0.2000.5")),
    ("SSDP", 1900, b"M-SEARCH * HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nSERVER: Linux/5.10 UPnP/1.1 MiniUPnPd/2.2.1\r\n\r\n", ("ssdp", "Linux/5.10 UPnP/1.1 MiniUPnPd/2.2.1", None)),
    ("NFS", 2049, b"zcri\0\0\0\0", RPC[4:], ("nfs", None, None)),
    ("STUN", 3478, b"\0\1\0\0\x21\x12\xa4\x42", stun(), ("stun", "Coturn-4.6.1", None)),
    ("DTLS", 4433, b"\x16\xfe\xfd", b"\x16\xfe\xff\0\0\0\0\0\0\0\0\0\x1b\3\0\0\x0f\0\0\0\0\0\0\0\x0f\xfe\xff\x0c" + b"c" * 12, ("dtls", None, None)),
    ("IKE behind NAT", 4500, b"\0\0\0\0zerocrit", b"\0\0\0\0zerocrit\0\0\0\0\0\0\0\0\x29\x20\x22\x20\0\0\0\0\0\0\0\x24\0\0\0\x08\0\0\0\x0e", ("ike", None, None)),
    ("SIP", 5060, b"OPTIONS sip:", b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", ("sip", None, None)),
    ("mDNS", 5353, b"\x7a\x63\0\0\0\1", b"\x7a\x63\x84\0\0\1\0\0\0\0\0\0\x09_services\x07_dns-sd\x04_udp\x05local\0\0\x0c\0\1", ("mdns", None, None)),
    ("CoAP", 5683, b"\x40\1\x7a\x63", b"\x60\x45\x7a\x63\xff</x>", ("coap", None, None)),
    ("memcached", 11211, b"\x7a\x63\0\0\0\1\0\0version", b"\x7a\x63\0\0\0\1\0\0VERSION 1.6.18\r\n", ("memcached", "memcached", "1.6.18")),
    ("chargen", 19, b"\r\n", b"abcdefgh\r\n", ("chargen", None, None)),
]
