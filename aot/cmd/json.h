/*
 * JSON, as it is printed: objects and arrays with commas where they belong. A name of NULL is for
 * members of an array.
 */
#ifndef AOT_CMD_JSON_H
#define AOT_CMD_JSON_H

#include "aot/base/types.h"

#include <stdio.h>

struct json {
    FILE *file;
    bool has_member; /* where we are */
};

void json_open(struct json *j, const char *name, char bracket); /* '{' or '[' */
void json_close(struct json *j, char bracket);
/* NULL is null. Bytes that are no ASCII are taken for Latin-1, so that any name is valid. */
void json_string(struct json *j, const char *name, const char *value);
void json_number(struct json *j, const char *name, u64 value);
void json_bool(struct json *j, const char *name, bool value);

#endif
