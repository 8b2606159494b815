/*
 * The report as one page that needs nothing else: style and drawings are in it, and it is
 * well-formed XML, so that any tool can read it.
 */
#include "aot/cmd/html.h"
#include "aot/cmd/report.h"
#include "aot/cmd/say.h"

#define MISSES_SHOWN 500 /* of each module */

/* A colour for each kind of evidence: strong ones blue and green, weak ones warm. */
static const char *const colours[EVIDENCE_COUNT] = {
    [EVIDENCE_ENTRY] = "#1b3a6b",       [EVIDENCE_SYMBOL] = "#2a6fbb",
    [EVIDENCE_DWARF] = "#5aa5e0",       [EVIDENCE_FRAME] = "#1f8a70",
    [EVIDENCE_LANDING_PAD] = "#7bc8a4", [EVIDENCE_INIT] = "#4b5d16",
    [EVIDENCE_RELOC] = "#93a82c",       [EVIDENCE_PLT] = "#c9d15a",
    [EVIDENCE_CALL] = "#f2b134",        [EVIDENCE_BRANCH] = "#ed7d31",
    [EVIDENCE_RETURN] = "#d1495b",      [EVIDENCE_TABLE] = "#8d5a97",
    [EVIDENCE_ADDRESS] = "#b89ac9",     [EVIDENCE_MISS] = "#6b4226",
};

static const char style[] =
    "body{font:15px/1.5 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em;"
    "color:#222;background:#fff}"
    "h1{font-size:1.5em;margin-bottom:.2em}h2{font-size:1.15em;margin-top:2em}"
    "table{border-collapse:collapse;width:100%}td,th{padding:.15em .6em;text-align:right;"
    "border-bottom:1px solid #ccc4;font-variant-numeric:tabular-nums}"
    "td:last-child,th:last-child{text-align:left;overflow-wrap:anywhere}"
    "svg{width:100%;height:auto}text{font:11px system-ui,sans-serif;fill:currentColor}"
    ".rest{fill:#8884}.axis{stroke:#8886}.key{display:inline-block;margin-right:1.2em}"
    ".key i{display:inline-block;width:.9em;height:.9em;margin-right:.35em;vertical-align:-.1em}"
    ".code{fill:#2a6fbb}.image{fill:#ed7d31}.none{color:#a33}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}.none{color:#f88}}";

/* --- plots --------------------------------------------------------------------------------------
 */

static void plot_row(FILE *out, const struct report_module *m, u32 row)
{
    const double room = HTML_BARS, y = row * HTML_ROW_HEIGHT + 1;
    double at = 0;
    u64 sum = 0;
    struct size_text size;
    char paint[32];
    for (unsigned k = 0; k < EVIDENCE_COUNT; k++) sum += m->header.bytes_by[k];
    u64 whole = sum > m->header.code_bytes ? sum : m->header.code_bytes;
    html_label(out, row, m->input->guest);
    for (unsigned k = 0; k < EVIDENCE_COUNT && whole; k++) {
        double width = room * (double)m->header.bytes_by[k] / (double)whole;
        if (!m->header.bytes_by[k]) continue;
        snprintf(paint, sizeof paint, "fill=\"%s\"", colours[k]);
        html_bar(out, at, width, y, HTML_BAR_HEIGHT, paint);
        fprintf(out, "<title>%s: %s, %.1f %%</title></rect>\n", evidence_text(k),
                size_text(&size, m->header.bytes_by[k]), percent(m->header.bytes_by[k], whole));
        at += width;
    }
    html_bar(out, at, room - at, y, HTML_BAR_HEIGHT, "class=\"rest\"");
    fprintf(out, "<title>%s</title></rect>\n",
            m->converted ? "not in the image: data, padding, code nothing leads to" : "no image");
    if (m->converted)
        fprintf(out, "<text x=\"%d\" y=\"%u\">%.1f %%</text>\n", HTML_BARS_END + 8,
                row * HTML_ROW_HEIGHT + 12, percent(report_covered(m), m->header.code_bytes));
    else
        fprintf(out, "<text x=\"%d\" y=\"%u\">no image</text>\n", HTML_BARS_END + 8,
                row * HTML_ROW_HEIGHT + 12);
}

static void plot_coverage(const struct report *r, FILE *out)
{
    static const char *const labels[] = {"0", "25 %", "50 %", "75 %", "100 %"};
    fputs("<h2>Code in images, by the evidence it was found by</h2>\n<p>", out);
    for (unsigned k = 0; k < EVIDENCE_COUNT; k++)
        if (r->total.bytes_by[k])
            fprintf(out, "<span class=\"key\"><i style=\"background:%s\"></i>%s</span> ",
                    colours[k], evidence_text(k));
    fputs("<span class=\"key\"><i style=\"background:#8884\"></i>not translated</span></p>\n", out);
    html_begin_plot(out, r->count, "Code in images by evidence");
    html_scale(out, r->count, labels);
    for (u32 n = 0; n < r->count; n++) plot_row(out, &r->module[n], n);
    fputs("</svg>\n", out);
}

static void plot_sizes(const struct report *r, FILE *out)
{
    const double room = HTML_BARS;
    struct size_text size[5], a;
    const char *labels[5];
    u64 most = 1;
    for (u32 n = 0; n < r->count; n++) {
        const struct image_header *h = &r->module[n].header;
        if (h->file_size > most) most = h->file_size;
        if (h->code_bytes > most) most = h->code_bytes;
    }
    for (unsigned n = 0; n < 5; n++) labels[n] = size_text(&size[n], most * n / 4);
    fputs("<h2>Sizes</h2>\n<p><span class=\"key\"><i style=\"background:#2a6fbb\"></i>the guest's "
          "code</span> <span class=\"key\"><i style=\"background:#ed7d31\"></i>image</span></p>\n",
          out);
    html_begin_plot(out, r->count, "Sizes of code and images");
    html_scale(out, r->count, labels);
    for (u32 n = 0; n < r->count; n++) {
        const struct image_header *h = &r->module[n].header;
        double y = n * HTML_ROW_HEIGHT + 1;
        html_label(out, n, r->module[n].input->guest);
        html_bar(out, 0, room * h->code_bytes / (double)most, y, 7, "class=\"code\"");
        fprintf(out, "<title>code %s</title></rect>\n", size_text(&a, h->code_bytes));
        html_bar(out, 0, room * (double)h->file_size / (double)most, y + 7, 7, "class=\"image\"");
        fprintf(out, "<title>image %s</title></rect>\n", size_text(&a, h->file_size));
    }
    fputs("</svg>\n", out);
}

static void plot_misses(const struct report *r, FILE *out)
{
    const double room = HTML_BARS;
    u32 by[MISSED_KIND_COUNT][2] = {{0}}, most = 1;
    for (u32 n = 0; n < r->count; n++)
        for (u32 k = 0; k < r->module[n].miss_count; k++) {
            const struct report_miss *x = &r->module[n].miss[k];
            if (x->missed.kind < MISSED_KIND_COUNT) by[x->missed.kind][x->is_entry]++;
        }
    for (unsigned k = 0; k < MISSED_KIND_COUNT; k++)
        if (by[k][0] + by[k][1] > most) most = by[k][0] + by[k][1];
    fputs("<p><span class=\"key\"><i style=\"background:#ed7d31\"></i>no entry yet</span> "
          "<span class=\"key\"><i style=\"background:#2a6fbb\"></i>an entry now</span></p>\n",
          out);
    html_begin_plot(out, MISSED_KIND_COUNT, "Missed addresses by how they were come to");
    for (unsigned k = 0; k < MISSED_KIND_COUNT; k++) {
        double y = k * HTML_ROW_HEIGHT + 1, open = room * by[k][0] / most;
        html_label(out, k, missed_text(k));
        html_bar(out, 0, open, y, HTML_BAR_HEIGHT, "class=\"image\"");
        fprintf(out, "<title>%u no entries</title></rect>\n", by[k][0]);
        html_bar(out, open, room * by[k][1] / most, y, HTML_BAR_HEIGHT, "class=\"code\"");
        fprintf(out, "<title>%u entries now</title></rect>\n", by[k][1]);
        fprintf(out, "<text x=\"%d\" y=\"%u\">%u</text>\n", HTML_BARS_END + 8,
                k * HTML_ROW_HEIGHT + 12, by[k][0] + by[k][1]);
    }
    fputs("</svg>\n", out);
}

/* --- tables -------------------------------------------------------------------------------------
 */

static void table_modules(const struct report *r, FILE *out)
{
    struct size_text a, b;
    fputs("<h2>Modules</h2>\n<table><thead><tr><th>code</th><th>in image</th><th>functions</th>"
          "<th>regions</th><th>entries</th><th>refused</th><th>image</th><th>missed</th>"
          "<th>module</th></tr></thead><tbody>\n",
          out);
    for (u32 n = 0; n < r->count; n++) {
        const struct report_module *m = &r->module[n];
        const struct image_header *h = &m->header;
        if (m->converted)
            fprintf(out,
                    "<tr><td>%s</td><td>%.1f %%</td><td>%u</td><td>%u</td><td>%u</td><td>%u</td>"
                    "<td>%s</td><td>%u</td><td>",
                    size_text(&a, h->code_bytes), percent(report_covered(m), h->code_bytes),
                    h->functions, h->region_count, h->entry_count, h->refused,
                    size_text(&b, h->file_size), m->miss_count);
        else
            fprintf(out, "<tr><td colspan=\"7\" class=\"none\">%s</td><td>%u</td><td>", m->why,
                    m->miss_count);
        html_text(out, m->input->guest);
        fputs("</td></tr>\n", out);
    }
    fputs("</tbody></table>\n", out);
    for (u32 n = 0; n < r->missing_count; n++) {
        fputs("<p class=\"none\">Not found: ", out);
        html_text(out, r->missing[n]);
        fputs("</p>\n", out);
    }
}

static void table_misses(const struct report_module *m, FILE *out)
{
    fputs("<h3>", out);
    html_text(out, m->input->guest);
    fprintf(out,
            "</h3>\n<p>%u addresses, %u no entries yet%s</p>\n<table><thead><tr><th>address</th>"
            "<th>runs</th><th>state</th><th>come to by</th><th>function</th></tr></thead><tbody>\n",
            m->miss_count, m->open_count,
            m->miss_count > MISSES_SHOWN ? "; the first 500 are listed" : "");
    for (u32 n = 0; n < m->miss_count && n < MISSES_SHOWN; n++) {
        const struct report_miss *x = &m->miss[n];
        fprintf(out, "<tr><td>0x%llx</td><td>%u</td><td>%s</td><td>%s</td><td>",
                (unsigned long long)x->missed.pc, x->missed.runs,
                x->is_entry ? "an entry now" : "no entry", missed_text(x->missed.kind));
        if (x->function) {
            html_text(out, x->function);
            fprintf(out, "+0x%llx", (unsigned long long)x->offset);
        }
        fputs("</td></tr>\n", out);
    }
    fputs("</tbody></table>\n", out);
}

static void table_native(const struct report *r, FILE *out)
{
    fputs("<h2>Libraries of the host\xe2\x80\x99s, with --native=auto</h2>\n<table><tbody>", out);
    for (u32 n = 0; n < r->native_count; n++) {
        const struct report_native *x = &r->native[n];
        fputs("<tr><td>", out);
        html_text(out, x->library);
        fputs(x->native ? "</td><td>native: " : "</td><td class=\"none\">the guest's own: ", out);
        html_text(out, x->text);
        fputs("</td></tr>\n", out);
    }
    fputs("</tbody></table>\n", out);
}

void report_html(const struct report *r, FILE *out)
{
    const struct report_totals *t = &r->total;
    struct size_text a, b;
    fputs("<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\"><head>"
          "<meta charset=\"utf-8\"/><meta name=\"viewport\" content=\"width=device-width\"/>"
          "<title>Ferry: ",
          out);
    html_text(out, r->title);
    fprintf(out, "</title><style>%s</style></head>\n<body><h1>", style);
    html_text(out, r->title);
    fprintf(out,
            "</h1>\n<p>%u of %u modules are converted. Of %s of code, %.1f %% is in images, which "
            "take %s. Runs missed %u addresses, %u of which are no entries yet.</p>\n",
            t->converted, r->count, size_text(&a, t->code), percent(t->covered, t->code),
            size_text(&b, t->image), t->misses, t->open);
    plot_coverage(r, out);
    plot_sizes(r, out);
    table_modules(r, out);
    if (r->native_count) table_native(r, out);
    for (u32 n = 0; n < r->count; n++)
        if (r->module[n].profile.known) report_profile_html(&r->module[n], out);
    if (t->misses) {
        fputs("<h2>Missed at run time</h2>\n", out);
        plot_misses(r, out);
    }
    for (u32 n = 0; n < r->count; n++)
        if (r->module[n].miss_count) table_misses(&r->module[n], out);
    fputs("</body></html>\n", out);
}
