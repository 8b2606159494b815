/*
 * The report's page about one module's profile: tiers over the time of a run as stacked columns,
 * before and after as bars, hot functions, guards.
 */
#include "aot/cmd/html.h"
#include "aot/cmd/report.h"
#include "aot/cmd/say.h"

#define HEIGHT  160 /* of the columns */
#define COLUMNS (HTML_PLOT_WIDTH - 60)
#define LEFT    50

/* As the kinds of evidence: the better, the cooler. */
static const char *const colours[TIER_COUNT] = {
    [TIER_IMAGE] = "#2a6fbb",
    [TIER_WARM] = "#7bc8a4",
    [TIER_QUICK] = "#f2b134",
    [TIER_RUNTIME] = "#d1495b",
};

static void put_key(FILE *out, const struct report_tiers *t)
{
    fputs("<p>", out);
    for (unsigned k = 0; k < TIER_COUNT; k++)
        fprintf(out, "<span class=\"key\"><i style=\"background:%s\"></i>%s %.1f %%</span> ",
                colours[k], tier_text(k), percent(t->by[k], t->sum));
    fputs("</p>\n", out);
}

static void put_title(FILE *out, const struct report_tiers *t, unsigned tier, const char *when)
{
    fprintf(out, "<title>%s, %s: %llu samples, %.1f %%</title></rect>\n", when, tier_text(tier),
            (unsigned long long)t->by[tier], percent(t->by[tier], t->sum));
}

/* --- before and after ---------------------------------------------------------------------------
 */

static void put_row(FILE *out, const struct report_from *f, const char *image, u32 row)
{
    const double y = row * HTML_ROW_HEIGHT + 1;
    struct time_text time;
    char paint[32];
    double at = 0;
    html_label(out, row, image);
    for (unsigned k = 0; k < TIER_COUNT; k++) {
        double width = HTML_BARS * percent(f->all.by[k], f->all.sum) / 100;
        if (!f->all.by[k]) continue;
        snprintf(paint, sizeof paint, "fill=\"%s\"", colours[k]);
        html_bar(out, at, width, y, HTML_BAR_HEIGHT, paint);
        put_title(out, &f->all, k, image);
        at += width;
    }
    fprintf(out, "<text x=\"%d\" y=\"%u\">%s</text>\n", HTML_BARS_END + 8,
            row * HTML_ROW_HEIGHT + 12, time_text(&time, report_samples_each(f)));
}

static void plot_before_and_after(FILE *out, const struct report_profile *p)
{
    static const char *const labels[] = {"0", "25 %", "50 %", "75 %", "100 %"};
    u32 rows = 0, row = 0;
    for (unsigned k = 0; k < PROFILE_IMAGE_COUNT; k++) rows += p->from[k].all.sum != 0;
    fputs("<p>Before and after: tiers by what the module ran from, and its processor time in a "
          "process.</p>\n",
          out);
    html_begin_plot(out, rows, "Tiers before and after");
    html_scale(out, rows, labels);
    for (unsigned k = 0; k < PROFILE_IMAGE_COUNT; k++)
        if (p->from[k].all.sum) put_row(out, &p->from[k], profile_image_text(k), row++);
    fputs("</svg>\n", out);
}

/* --- over time ----------------------------------------------------------------------------------
 */

/* A column for a slice, all of one height: shares. */
static void put_column(FILE *out, const struct report_from *f, u32 slice)
{
    const struct report_tiers *t = &f->in_slice[slice];
    const double width = (double)COLUMNS / f->slices, x = LEFT + width * slice;
    struct time_text time;
    const char *until = slice_text(&time, slice);
    double y = HEIGHT;
    for (unsigned k = 0; k < TIER_COUNT; k++) {
        double height = HEIGHT * percent(t->by[k], t->sum) / 100;
        if (!t->by[k]) continue;
        y -= height;
        fprintf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\">",
                x + 1, y, width - 2, height, colours[k]);
        put_title(out, t, k, until);
    }
    fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x + width / 2,
            HEIGHT + 14, until);
}

static void plot_over_time(FILE *out, const struct report_from *f, const char *image)
{
    fprintf(out,
            "<p>Over the processor time of a run from %s, of %llu: until when, and each column as "
            "long as all before it.</p>\n"
            "<svg viewBox=\"0 0 %d %d\" role=\"img\" xmlns=\"http://www.w3.org/2000/svg\">"
            "<title>Tiers over time</title>\n",
            image, (unsigned long long)f->processes, HTML_PLOT_WIDTH, HEIGHT + 20);
    for (unsigned n = 0; n <= 4; n++) {
        double y = HEIGHT - HEIGHT * n / 4.0;
        fprintf(out,
                "<line class=\"axis\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>"
                "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%u %%</text>\n",
                LEFT, y, LEFT + COLUMNS, y, LEFT - 6, n == 4 ? 9 : y + 4, 25 * n);
    }
    for (u32 n = 0; n < f->slices; n++) put_column(out, f, n);
    fputs("</svg>\n", out);
}

/* --- tables -------------------------------------------------------------------------------------
 */

static void table_functions(FILE *out, const struct report_module *m)
{
    const struct report_profile *p = &m->profile;
    fputs("<table><thead><tr><th>samples</th><th>share</th><th>in image</th><th>function</th></tr>"
          "</thead><tbody>\n",
          out);
    for (u32 n = 0; n < p->hot_count; n++) {
        const struct report_function *f = &p->hot[n];
        fprintf(out, "<tr><td>%llu</td><td>%.1f %%</td><td>%s</td><td>",
                (unsigned long long)f->samples, percent(f->samples, p->samples), report_made(m, f));
        html_text(out, f->name);
        fputs("</td></tr>\n", out);
    }
    fputs("</tbody></table>\n", out);
}

static void table_guards(FILE *out, const struct report_profile *p)
{
    fprintf(out,
            "<p>Guards failed %llu times.</p>\n<table><thead><tr><th>failures</th>"
            "<th>assumed</th><th>call</th></tr></thead><tbody>\n",
            (unsigned long long)p->failures);
    for (u32 n = 0; n < p->guard_count; n++) {
        fprintf(out, "<tr><td>%llu</td><td>", (unsigned long long)p->guard[n].failures);
        html_text(out, p->guard[n].to_name);
        fputs("</td><td>", out);
        html_text(out, p->guard[n].name);
        fputs("</td></tr>\n", out);
    }
    fputs("</tbody></table>\n", out);
}

void report_profile_html(const struct report_module *m, FILE *out)
{
    const struct report_profile *p = &m->profile;
    fputs("<h2>What runs sampled of ", out);
    html_text(out, m->input->guest);
    fprintf(out, "</h2>\n<p>%llu samples of its code, %llu ever, one for each %u ms.",
            (unsigned long long)p->samples, (unsigned long long)p->ever,
            PROFILE_INTERVAL_NS / 1000000);
    if (m->header.profile_samples)
        fprintf(out, " Its image was made by %llu samples, with %u calls inlined.",
                (unsigned long long)m->header.profile_samples, m->header.inlined);
    fputs("</p>\n", out);
    if (p->all.sum) {
        put_key(out, &p->all);
        plot_before_and_after(out, p);
    }
    for (unsigned k = 0; k < PROFILE_IMAGE_COUNT; k++)
        if (p->from[k].all.sum) plot_over_time(out, &p->from[k], profile_image_text(k));
    if (p->hot_count) table_functions(out, m);
    if (p->guard_count) table_guards(out, p);
}
