/** What a table says of how a service is entered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "zc/evidence.h"
#include "zc/json.h"

static const struct {
        const char *endpoint, *access; /* NULL: the member is absent */
} rows[] = {
        { "{}", NULL },
        { "{'service':'ssh'}", NULL },
        { "{'redis':{'commands':{'ping':'runs'},'tls':{'offered':false}}}", "none, none" },
        { "{'redis':{'commands':{'ping':'noauth'},'auth':{'required':true},'tls':{'offered':false}}"
          "}",
          "password, none" },
        { "{'redis':{'commands':{'ping':'denied'},'auth':{'protected_mode':true}}}",
          "protected mode" },
        { "{'redis':{'commands':{'ping':'no answer'}}}", NULL },
        { "{'postgres':{'answers':[{'result':'refused'},{'result':'asked','method':'scram-sha-256'}"
          "],'tls':{'offered':true,'required':'no'}},"
          "'tls':{'versions':{'TLSv1.2':{'offered':true},'TLSv1.3':{'offered':true}}}}",
          "scram, mixed" },
        { "{'postgres':{'answers':[{'result':'asked','method':'md5'},{'result':'ready','method':'"
          "trust'}]}}",
          "none" },
        { "{'postgres':{'answers':[{'result':'refused'}],'tls':{'offered':false}}}",
          "refused, none" },
        { "{'postgres':{'answers':[{'result':'ok','method':'trust'}]}}", NULL },
        { "{'http':{'scheme':'http','to_https':{'present':true}}}", "to https" },
        { "{'http':{'scheme':'http','authentication':['Basic']}}", "login, none" },
        { "{'http':{'scheme':'http'}}", "no TLS" },
        { "{'http':{'scheme':'https'},'tls':{'versions':{'SSLv3':{'offered':true},'TLSv1.2':{'"
          "offered':true},'TLSv1.3':{'offered':false}}}}",
          "SSLv3-TLS 1.2" },
        { "{'tls':{'versions':{'TLSv1.2':{'offered':true}}}}", "TLS 1.2" },
        { "{'tls':{'versions':{'TLSv1.2':{'offered':false}}}}", NULL },
        { "{'tls':{'entry':{'mode':'starttls','offered':false}}}", "no TLS" },
};

static void words(void **state)
{
        (void)state;
        for (size_t i = 0; i < ZC_COUNT(rows); i++) {
                char text[512];
                json_t *endpoint;
                const char *got;
                size_t n = 0;

                for (const char *c = rows[i].endpoint; *c && n + 1 < sizeof(text); c++)
                        text[n++] = *c == '\'' ? '"' : *c;
                endpoint = json_loadb(text, n, 0, NULL);
                assert_non_null(endpoint);
                zc_endpoint_access(endpoint);
                got = zc_json_str(endpoint, "access", NULL);
                if (rows[i].access)
                        assert_string_equal(got ? got : "(absent)", rows[i].access);
                else
                        assert_null(got);
                json_decref(endpoint);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(words) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
