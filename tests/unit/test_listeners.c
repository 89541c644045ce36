/** What the listeners probe reads: recorded sockets whole and cut, control groups, accounts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../scanner/probe/listeners/listeners.h"
#include "../../scanner/probe/listeners/passwd_wire.h"
#include "zc/file.h"

static void test_sockets(void **state)
{
        static const struct {
                const char *file, *address;
                uint16_t port;
                bool v6only, bound;
        } rows[] = {
                { "ip-6-1", "0.0.0.0", 24006, false, true },
                { "ip-6-0", "127.0.0.1", 24001, false, false },
                { "ip-17-0", "0.0.0.0", 24002, false, false },
                { "ip6-6-0", "::", 24004, true, false },
                { "ip6-6-1", "::", 24003, false, false },
                { "ip6-17-0", "::1", 24005, true, false },
        };

        (void)state;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                struct zc_err err = { 0 };
                struct zc_diag d;
                char path[64];
                char text[ZC_ADDR_LEN];
                char *buf;
                size_t len;

                snprintf(path, sizeof path, "tests/corpus/diag/%s", rows[i].file);
                assert_true(zc_file_read(path, 4096, &buf, &len, &err));
                if (!zc_diag_parse((struct zc_rd){ (uint8_t *)buf, len }, &d, &err))
                        fail_msg("%s: %s", path, err.text);
                zc_addr_format(&d.addr, text);
                if (strcmp(text, rows[i].address) != 0 || d.port != rows[i].port ||
                    d.v6only != rows[i].v6only || (d.interface == 1) != rows[i].bound)
                        fail_msg("%s: %s port %u v6only %d interface %u", path, text, d.port,
                                 d.v6only, d.interface);
                assert_true(d.inode > 0 && d.uid == 0 &&
                            d.has_v6only == (d.addr.family == AF_INET6) && d.cgroup > 0);
                for (size_t n = 0; n < len;
                     n++) { /* cut inside the head or an attribute: refused */
                        uint8_t *exact = malloc(n + (n == 0));
                        bool whole;

                        memcpy(exact, buf, n);
                        whole = zc_diag_parse((struct zc_rd){ exact, n }, &d, &err);
                        assert_true(n >= 72 || !whole);
                        assert_true(whole || err.code == ZC_E_MALFORMED);
                        free(exact);
                }
                for (size_t at = 72; at + 1 < len; at++) { /* lengths at 0 and at their most */
                        uint8_t *exact = malloc(len);

                        for (unsigned fill = 0; fill <= 0xff; fill += 0xff) {
                                memcpy(exact, buf, len);
                                exact[at] = exact[at + 1] = (uint8_t)fill;
                                (void)!zc_diag_parse((struct zc_rd){ exact, len }, &d, &err);
                        }
                        free(exact);
                }
                buf[0] = 17; /* a family that has no addresses */
                assert_false(zc_diag_parse((struct zc_rd){ (uint8_t *)buf, len }, &d, &err));
                free(buf);
        }
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_groups(void **state)
{
        static const struct {
                const char *file, *unit, *container;
        } rows[] = {
                { "", "", "" },
                { "0::/\n", "", "" },
                { "0::/system.slice/ssh.service\n", "ssh.service", "" },
                { "0::/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service",
                  "" },
                { "0::/init.scope\n", "init.scope", "" },
                { "0::/user.slice/user-1000.slice/user@1000.service/app.slice/web.service\n",
                  "user@1000.service", "" },
                { "0::/user.slice/user-0.slice/session-3.scope\n", "session-3.scope", "" },
                { "0::/system.slice/_cgroup.service\n", "cgroup.service", "" },
                { "0::/system.slice/a:b.service\n", "a:b.service", "" },
                { "0::/system.slice/ssh.service/inner\n", "ssh.service", "" },
                { "0::/.service/x.service", "", "" },
                { "9:name=systemd:/system.slice/a.service\n0::/system.slice/b.service\n",
                  "a.service", "" },
                { "9:name=systemd:/\n0::/system.slice/b.service\n", "b.service", "" },
                { "4:memory:/system.slice/c.service\n9:name=systemd:/\n", "",
                  "" }, /* another controller tells no unit */
                { "0::/system.slice/docker-" ID ".scope\n", "docker-" ID ".scope",
                  "docker:0123456789ab" },
                { "1:name=systemd:/docker/" ID "\n", "", "docker:0123456789ab" },
                { "1:name=systemd:/\n5:memory:/docker/" ID "\n", "", "docker:0123456789ab" },
                { "0::/docker/" ID "/system.slice/nginx.service\n", "", "docker:0123456789ab" },
                { "0::/machine.slice/libpod-" ID ".scope/container\n", "libpod-" ID ".scope",
                  "podman:0123456789ab" },
                { "0::/machine.slice/libpod-conmon-" ID ".scope\n", "libpod-conmon-" ID ".scope",
                  "" },
                { "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1.slice/"
                  "cri-containerd-" ID ".scope\n",
                  "cri-containerd-" ID ".scope", "containerd:0123456789ab" },
                { "0::/kubepods/burstable/pod1-2/" ID "\n", "", "kubernetes:0123456789ab" },
                { "0::/kubepods/burstable/pod1/crio-" ID "\n", "", "cri-o:0123456789ab" },
                { "0::/lxc.payload.web/system.slice/nginx.service\n", "", "lxc:web" },
                { "0::/lxc.monitor.web\n", "", "" },
                { "4:memory:/lxc/web/x\n", "", "lxc:web" },
                { "0::/machine.slice/machine-fedora.scope/payload\n", "machine-fedora.scope",
                  "nspawn:fedora" },
                { "0::/machine.slice/systemd-nspawn@deb.service/payload\n",
                  "systemd-nspawn@deb.service", "nspawn:deb" },
                { "0::/machine.slice/machine-qemu\\x2d1\\x2dvm.scope\n",
                  "machine-qemu\\x2d1\\x2dvm.scope", "" },
                { "0::/ecs/task/" ID "\n", "", "container:0123456789ab" },
                { "0::/system.slice/docker-0123.scope\n", "docker-0123.scope", "" },
                { "0::/system.slice/docker.service\n", "docker.service", "" },
                { "no colons\n0:only one\n0::/system.slice/x.socket\n", "x.socket", "" },
                { "0::system.slice//x.mount/\r\n", "x.mount", "" },
        };

        (void)state;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                size_t n = strlen(rows[i].file);
                uint8_t *exact = malloc(n + (n == 0));
                struct listener l = { 0 };
                struct zc_cgroup group;

                memcpy(exact, rows[i].file, n);
                zc_cgroup_parse((struct zc_rd){ exact, n }, &group);
                listener_place(&l, &group);
                if (strcmp(l.unit, rows[i].unit) != 0 ||
                    strcmp(l.container, rows[i].container) != 0)
                        fail_msg("%s: unit \"%s\", container \"%s\"", rows[i].file, l.unit,
                                 l.container);
                assert_true(l.placed);
                for (size_t cut = 0; cut < n; cut++)
                        zc_cgroup_parse((struct zc_rd){ exact, cut }, &group);
                free(exact);
        }
}

static void test_accounts(void **state)
{
        static const struct {
                const char *name;
                uint32_t uid;
        } rows[] = { { "root", 0 }, { "www-data", 33 }, { "last", UINT32_MAX } };
        struct zc_err err = { 0 };
        struct zc_rd in;
        struct zc_rd name;
        uint32_t uid;
        char *buf;
        size_t len;

        (void)state;
        assert_true(zc_file_read("tests/corpus/passwd/sample", 4096, &buf, &len, &err));
        in = (struct zc_rd){ (uint8_t *)buf, len };
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                assert_true(zc_passwd_next(&in, &name, &uid));
                assert_true(zc_rd_is(name, rows[i].name));
                assert_int_equal(uid, rows[i].uid);
        }
        assert_false(zc_passwd_next(&in, &name, &uid));
        for (size_t n = 0; n < len; n++) {
                uint8_t *exact = malloc(n + (n == 0));

                memcpy(exact, buf, n);
                in = (struct zc_rd){ exact, n };
                while (zc_passwd_next(&in, &name, &uid)) {
                }
                free(exact);
        }
        free(buf);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_sockets),
                cmocka_unit_test(test_groups),
                cmocka_unit_test(test_accounts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
