/*
 * JSON: see json.h.
 */
#include "aot/cmd/json.h"

static void put_text(struct json *j, const char *text)
{
    putc('"', j->file);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < ' ' || c >= 0x7f)
            fprintf(j->file, "\\u%04x", c);
        else
            fprintf(j->file, c == '"' || c == '\\' ? "\\%c" : "%c", c);
    }
    putc('"', j->file);
}

static void put_name(struct json *j, const char *name)
{
    if (j->has_member) putc(',', j->file);
    j->has_member = true;
    if (!name) return;
    put_text(j, name);
    putc(':', j->file);
}

void json_open(struct json *j, const char *name, char bracket)
{
    put_name(j, name);
    putc(bracket, j->file);
    j->has_member = false;
}

void json_close(struct json *j, char bracket)
{
    putc(bracket, j->file);
    j->has_member = true;
}

void json_string(struct json *j, const char *name, const char *value)
{
    put_name(j, name);
    if (value)
        put_text(j, value);
    else
        fputs("null", j->file);
}

void json_number(struct json *j, const char *name, u64 value)
{
    put_name(j, name);
    fprintf(j->file, "%llu", (unsigned long long)value);
}

void json_bool(struct json *j, const char *name, bool value)
{
    put_name(j, name);
    fputs(value ? "true" : "false", j->file);
}
