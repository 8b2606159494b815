/*
 * Pieces of pages: see html.h.
 */
#include "aot/cmd/html.h"

#include <string.h>

void html_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '&')
            fputs("&amp;", out);
        else if (c == '<')
            fputs("&lt;", out);
        else if (c == '>')
            fputs("&gt;", out);
        else if (c == '"')
            fputs("&quot;", out);
        else if (c < ' ' || c >= 0x7f)
            fprintf(out, "\\x%02x", c);
        else
            fputc(c, out);
    }
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

void html_begin_plot(FILE *out, u32 rows, const char *name)
{
    fprintf(out,
            "<svg viewBox=\"0 0 %d %u\" role=\"img\" xmlns=\"http://www.w3.org/2000/svg\">"
            "<title>%s</title>\n",
            HTML_PLOT_WIDTH, rows * HTML_ROW_HEIGHT + 20, name);
}

void html_label(FILE *out, u32 row, const char *name)
{
    fprintf(out, "<text x=\"%d\" y=\"%u\" text-anchor=\"end\">", HTML_LABEL_WIDTH - 8,
            row * HTML_ROW_HEIGHT + 12);
    html_text(out, base_name(name));
    fputs("</text>\n", out);
}

void html_bar(FILE *out, double from, double width, double y, double height, const char *paint)
{
    fprintf(out, "<rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\" %s>",
            HTML_LABEL_WIDTH + from, y, width, height, paint);
}

void html_scale(FILE *out, u32 rows, const char *const label[5])
{
    const double room = HTML_BARS;
    for (unsigned n = 0; n < 5; n++) {
        double x = HTML_LABEL_WIDTH + room * n / 4;
        fprintf(out,
                "<line class=\"axis\" x1=\"%.1f\" y1=\"0\" x2=\"%.1f\" y2=\"%u\"/>"
                "<text x=\"%.1f\" y=\"%u\" text-anchor=\"middle\">%s</text>\n",
                x, x, rows * HTML_ROW_HEIGHT, x, rows * HTML_ROW_HEIGHT + 14, label[n]);
    }
}
