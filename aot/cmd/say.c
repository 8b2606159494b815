/*
 * Lines on the terminal. The bar is the last line of standard error; whatever else is printed takes
 * it away first.
 */
#include "aot/cmd/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_WIDTH 24

static bool bar_shown;

const char *shown(struct shown *s, const char *name)
{
    const size_t room = sizeof s->text - 8;
    size_t n = 0;
    for (; *name && n < room; name++) {
        unsigned char c = (unsigned char)*name;
        if (c >= ' ' && c != 0x7f && c < 0x80)
            s->text[n++] = (char)c;
        else
            n += (size_t)snprintf(s->text + n, 5, "\\x%02x", c);
    }
    snprintf(s->text + n, 4, "%s", *name ? "..." : "");
    return s->text;
}

static void complain_list(const char *file, const char *format, va_list list)
{
    char line[2048];
    struct shown s;
    size_t n = (size_t)(file ? snprintf(line, sizeof line, "ferry: %s: ", shown(&s, file))
                             : snprintf(line, sizeof line, "ferry: "));
    int more = vsnprintf(line + n, sizeof line - n - 1, format, list);
    n += more < 0 ? 0 : (size_t)more;
    if (n > sizeof line - 2) n = sizeof line - 2;
    line[n++] = '\n';
    progress_clear();
    fflush(stdout);
    if (write(2, line, n) < 0) return; /* nobody listens */
}

void complain(const char *file, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    complain_list(file, format, list);
    va_end(list);
}

void complain_all(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    complain_list(NULL, format, list);
    va_end(list);
}

const char *size_text(struct size_text *s, u64 bytes)
{
    static const char units[] = "KMGTPE";
    double value = (double)bytes;
    int unit = -1;
    for (; value >= 1024 && units[unit + 1]; unit++) value /= 1024;
    if (unit < 0)
        snprintf(s->text, sizeof s->text, "%u bytes", (unsigned)bytes);
    else
        snprintf(s->text, sizeof s->text, "%.1f %ciB", value, units[unit]);
    return s->text;
}

double percent(u64 part, u64 whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

char *format_text(struct arena *arena, const char *format, ...)
{
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    int n = vsnprintf(NULL, 0, format, list);
    char *text = arena_alloc(arena, (size_t)(n < 0 ? 0 : n) + 1);
    text[0] = '\0';
    if (n >= 0) vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    va_end(list);
    return text;
}

/* --- the bar ------------------------------------------------------------------------------------
 */

static int columns(void)
{
    struct winsize w;
    return ioctl(2, TIOCGWINSZ, &w) == 0 && w.ws_col > 20 ? w.ws_col : 80;
}

void progress_show(struct progress *p, const char *name)
{
    char bar[BAR_WIDTH + 1];
    struct shown s;
    if (!p->on) return;
    unsigned full = p->all ? (unsigned)(p->done * BAR_WIDTH / p->all) : BAR_WIDTH;
    unsigned percent = p->all ? (unsigned)(p->done * 100 / p->all) : 100;
    for (unsigned n = 0; n < BAR_WIDTH; n++) bar[n] = n < full ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    int at = fprintf(stderr, "\r\033[K[%s] %3u%% %u/%u ", bar, percent, p->files, p->of);
    fprintf(stderr, "%.*s", columns() - at + 3, shown(&s, name)); /* 4 bytes go nowhere */
    fflush(stderr);
    bar_shown = true;
}

void progress_clear(void)
{
    if (bar_shown) fputs("\r\033[K", stderr);
    bar_shown = false;
    fflush(stderr);
}
