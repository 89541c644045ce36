/** What a service says of itself, and the few ways in which it stands in foreign text. Pure. */
#ifndef ZC_SAID_H
#define ZC_SAID_H

#include "zc/rd.h"

/** Whether what it answered needs a login elsewhere. */
enum zc_access { ZC_ACCESS_UNKNOWN, ZC_ACCESS_OPEN, ZC_ACCESS_REFUSED };

#define ZC_SAID_LEN 64
/** Foreign text: escaped, cut. "" where it does not say. */
struct zc_said {
        char product[ZC_SAID_LEN];
        char version[ZC_SAID_LEN];
        bool likely; /* the product is told by its habits, not by its name */
        enum zc_access access;
};

/** Foreign bytes into one of the fields, without white space at their end. */
void zc_said_put(char out[ZC_SAID_LEN], struct zc_rd text);
/** Where the word begins in the text, whatever its case; SIZE_MAX for nowhere. */
size_t zc_said_find(struct zc_rd text, const char *word);
/** The version number behind the word, "(vsFTPd 3.0.3)" behind "vsFTPd"; false and nothing written when there is none. */
bool zc_said_version(struct zc_rd text, const char *word, char out[ZC_SAID_LEN]);
/** The string value of the first member of that name in JSON, {"version": "1.2"}; its bytes as they stand. */
bool zc_said_member(struct zc_rd json, const char *name, struct zc_rd *value);

#endif
