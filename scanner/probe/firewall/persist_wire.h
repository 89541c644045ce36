/** What configuration files of firewalls name: no more than the tables, and the files that they include. Pure. */
#ifndef ZC_FIREWALL_PERSIST_WIRE_H
#define ZC_FIREWALL_PERSIST_WIRE_H

#include "zc/rd.h"

enum fw_conf_what {
        FW_CONF_TABLE,   /* a table is made */
        FW_CONF_GONE,    /* a table is deleted */
        FW_CONF_FLUSH,   /* all tables are */
        FW_CONF_INCLUDE, /* name: a path or a pattern */
        FW_CONF_UNSURE,  /* a name that is a variable, or a statement that may make a table under any name */
};
struct fw_conf_item {
        enum fw_conf_what what;
        struct zc_rd family, name; /* family: empty where it is left out, which means ip */
};

/** A walk through an nft(8) script; `at` starts as the file. */
struct fw_conf {
        struct zc_rd at;
        unsigned depth; /* of braces: statements within a table make no other one */
        bool inside;    /* of a statement */
};
/** The next thing of interest; false at the end. */
bool fw_conf_next(struct fw_conf *c, struct fw_conf_item *out);

/** The next table of an iptables-save(8) file: "*filter". False at the end. */
bool fw_saved_next(struct zc_rd *at, struct zc_rd *name);

/** The last value given to a key in lines of KEY=VALUE (a shell's, without its expansions), quotes taken off. False where there is none. */
bool fw_setting(struct zc_rd file, const char *key, struct zc_rd *value);

/** Whether a script or a unit calls a program that writes firewalls; lines that are comments do not. */
bool fw_calls_firewall(struct zc_rd file);

#endif
