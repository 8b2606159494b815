/* Annotation files: what can't be read from a library and its headers. hostlibs/README.md has the
 * format. */
#include "hostlibs/bind/bind.h"

#include <errno.h>
#include <string.h>

struct keyword {
    const char *name;
    enum rule_kind kind;
    bool why; /* a judgement, which a comment must give the reason of */
};

static const struct keyword keywords[] = {
    {"package", RULE_PACKAGE, false}, {"header", RULE_HEADER, false},
    {"include", RULE_INCLUDE, false}, {"define", RULE_DEFINE, false},
    {"declare", RULE_DECLARE, false}, {"only", RULE_ONLY, false},
    {"share", RULE_SHARE, true},      {"refuse", RULE_REFUSE, true},
    {"accept", RULE_ACCEPT, true},    {"words", RULE_WORDS, true},
    {"format", RULE_FORMAT, true},

    {"fills", RULE_FILLS, true},      {"opaque", RULE_OPAQUE, true},
    {"deep", RULE_DEEP, true},
};

static char *next_word(char **at)
{
    *at += strspn(*at, " \t");
    char *word = *at;
    *at += strcspn(*at, " \t");
    if (**at) *(*at)++ = 0;
    *at += strspn(*at, " \t");
    return word;
}

static void add_rule(struct annotation *a, const struct keyword *k, u32 line, char *word,
                     const char *rest)
{
    if (!*word) die("%s:%u: %s what?", a->path, line, k->name);
    rest += strspn(rest, "# \t");
    if (k->why && !*rest) die("%s:%u: %s %s: say why", a->path, line, k->name, word);
    a->rule = grow(a->rule, a->count, sizeof(*a->rule));
    a->rule[a->count++] = (struct rule){.kind = k->kind, .line = line, .word = word, .text = rest};
}

static void read_line(struct annotation *a, u32 line, char *text)
{
    char *first = next_word(&text);
    if (!*first || *first == '#') return;
    if (!strcmp(first, "heap")) {
        a->heap = true;
        return;
    }
    char *word = next_word(&text);
    if (!strcmp(first, "soname") || !strcmp(first, "group") || !strcmp(first, "of")) {
        if (!*word || strchr(word, '/')) die("%s:%u: not a name", a->path, line);
        *(*first == 's' ? &a->soname : *first == 'g' ? &a->group : &a->of) = word;
        return;
    }
    if (!strcmp(first, "file")) {
        if (*word != '/') die("%s:%u: not an absolute name", a->path, line);
        a->file = word;
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
        if (strcmp(first, keywords[i].name)) continue;
        add_rule(a, &keywords[i], line, word, text);
        for (; (keywords[i].kind == RULE_PACKAGE || keywords[i].kind == RULE_ONLY) && *text;) {
            word = next_word(&text);
            add_rule(a, &keywords[i], line, word, text);
        }
        return;
    }
    die("%s:%u: %s: no such word", a->path, line, first);
}

void annotation_read(const char *path, struct annotation *a)
{
    u32 line = 0;
    char *text = read_text(path, NULL);
    if (!text) die("%s: %s", path, strerror(errno));
    *a = (struct annotation){.path = path};
    while (text) {
        char *end = strchr(text, '\n');
        if (end) *end++ = 0;
        read_line(a, ++line, text);
        text = end;
    }
    if (!a->soname) die("%s: no soname", path);
}

static bool matches(const char *word, const char *name)
{
    size_t n = strlen(word);
    return n && word[n - 1] == '*' ? !strncmp(word, name, n - 1) : !strcmp(word, name);
}

struct rule *annotation_find(struct annotation *a, enum rule_kind kind, const char *name)
{
    for (size_t i = 0; i < a->count; i++) {
        struct rule *r = &a->rule[i];
        if (r->kind != kind || !matches(r->word, name)) continue;
        r->used = true;
        return r;
    }
    return NULL;
}

void annotation_report_unused(const struct annotation *a)
{
    for (size_t i = 0; i < a->count; i++)
        if (a->rule[i].kind >= RULE_REFUSE && !a->rule[i].used)
            note("%s:%u: %s: nothing is known by this name", a->path, a->rule[i].line,
                 a->rule[i].word);
}
