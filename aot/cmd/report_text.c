/*
 * The report as text: totals, a line for each module, evidence, profiles, what was missed.
 */
#include "aot/cmd/report.h"
#include "aot/cmd/say.h"

#include <string.h>

#define MISSES_SHOWN 20 /* of each module */

static void print_modules(const struct report *r, FILE *out)
{
    struct size_text code, image;
    struct shown name;
    fprintf(out, "%10s %9s %9s %10s %8s %7s  module\n", "code", "in image", "functions", "image",
            "entries", "missed");
    for (u32 n = 0; n < r->count; n++) {
        const struct report_module *m = &r->module[n];
        const struct image_header *h = &m->header;
        if (m->converted)
            fprintf(out, "%10s %7.1f %% %9u %10s %8u %7u  %s\n", size_text(&code, h->code_bytes),
                    percent(report_covered(m), h->code_bytes), h->functions,
                    size_text(&image, h->file_size), h->entry_count, m->miss_count,
                    shown(&name, m->input->guest));
        else
            fprintf(out, "%10s %9s %9s %10s %8s %7u  %s: %s\n", "-", "-", "-", "-", "-",
                    m->miss_count, shown(&name, m->input->guest), m->why);
    }
}

static void print_evidence(const struct report *r, FILE *out)
{
    struct size_text bytes;
    fprintf(out, "\nEvidence by which translated code was found\n");
    for (unsigned k = 0; k < EVIDENCE_COUNT; k++) {
        u64 entries = 0;
        for (u32 n = 0; n < r->count; n++) entries += r->module[n].entries_by[k];
        if (!entries && !r->total.bytes_by[k]) continue;
        fprintf(out, "  %-24s %10s %6.1f %% %10llu entries\n", evidence_text(k),
                size_text(&bytes, r->total.bytes_by[k]),
                percent(r->total.bytes_by[k], r->total.code), (unsigned long long)entries);
    }
}

static void print_missed(const struct report_module *m, FILE *out)
{
    struct shown name;
    u32 left = MISSES_SHOWN;
    fprintf(out, "\n%s: %u addresses missed at run time, %u of them no entries yet\n",
            shown(&name, m->input->guest), m->miss_count, m->open_count);
    for (unsigned pass = 0; pass < 2; pass++) /* what the next conversion would add comes first */
        for (u32 n = 0; n < m->miss_count && left; n++) {
            const struct report_miss *x = &m->miss[n];
            if (x->is_entry != (pass == 1)) continue;
            fprintf(out, "  0x%-10llx %5u runs  %-12s %s", (unsigned long long)x->missed.pc,
                    x->missed.runs, x->is_entry ? "now an entry" : "no entry",
                    missed_text(x->missed.kind));
            if (x->function)
                fprintf(out, ", %s+0x%llx", shown(&name, x->function),
                        (unsigned long long)x->offset);
            fputc('\n', out);
            left--;
        }
    if (m->miss_count > MISSES_SHOWN)
        fprintf(out, "  ... and %u more (--json has all)\n", m->miss_count - MISSES_SHOWN);
}

/* Of a tier's column. */
static int width_of(unsigned tier)
{
    size_t length = strlen(tier_text(tier));
    return length < 7 ? 7 : (int)length;
}

static void print_tiers(FILE *out)
{
    for (unsigned k = 0; k < TIER_COUNT; k++) fprintf(out, "  %*s", width_of(k), tier_text(k));
}

static void print_row(const char *name, u64 number, const struct report_tiers *t, FILE *out)
{
    fprintf(out, "  %9s %9llu", name, (unsigned long long)number);
    for (unsigned k = 0; k < TIER_COUNT; k++)
        fprintf(out, "  %*.1f %%", width_of(k) - 2, percent(t->by[k], t->sum));
}

static void print_before_and_after(const struct report_profile *p, FILE *out)
{
    struct time_text time;
    fprintf(out, "  %9s %9s", "a process", "processes");
    print_tiers(out);
    fputs("  ran from\n", out);
    for (unsigned k = 0; k < PROFILE_IMAGE_COUNT; k++) {
        const struct report_from *f = &p->from[k];
        if (!f->all.sum) continue;
        print_row(time_text(&time, report_samples_each(f)), f->processes, &f->all, out);
        fprintf(out, "  %s\n", profile_image_text(k));
    }
}

static void print_over_time(const struct report_from *f, const char *image, FILE *out)
{
    struct time_text time;
    fprintf(out, "  %9s %9s", "until", "samples");
    print_tiers(out);
    fprintf(out, "  %s\n", image);
    for (u32 n = 0; n < f->slices; n++) {
        print_row(slice_text(&time, n), f->in_slice[n].sum, &f->in_slice[n], out);
        fputc('\n', out);
    }
}

static void print_profile(const struct report_module *m, FILE *out)
{
    const struct report_profile *p = &m->profile;
    struct shown name;
    fprintf(out, "\n%s: %llu samples (%llu ever)", shown(&name, m->input->guest),
            (unsigned long long)p->samples, (unsigned long long)p->ever);
    if (m->header.profile_samples)
        fprintf(out, "; image by %llu samples, %u calls inlined",
                (unsigned long long)m->header.profile_samples, m->header.inlined);
    fputc('\n', out);
    if (p->all.sum) print_before_and_after(p, out);
    for (unsigned k = 0; k < PROFILE_IMAGE_COUNT; k++)
        if (p->from[k].all.sum) print_over_time(&p->from[k], profile_image_text(k), out);
    if (p->hot_count) fprintf(out, "  %9s %9s  %-18s function\n", "samples", "share", "in image");
    for (u32 n = 0; n < p->hot_count; n++)
        fprintf(out, "  %9llu %7.1f %%  %-18s %s\n", (unsigned long long)p->hot[n].samples,
                percent(p->hot[n].samples, p->samples), report_made(m, &p->hot[n]), p->hot[n].name);
    if (p->guard_count) fprintf(out, "  %9s  guard of a call\n", "failures");
    for (u32 n = 0; n < p->guard_count; n++)
        fprintf(out, "  %9llu  %s, of %s\n", (unsigned long long)p->guard[n].failures,
                p->guard[n].name, p->guard[n].to_name);
}

void report_text(const struct report *r, FILE *out)
{
    const struct report_totals *t = &r->total;
    struct size_text code, image;
    fprintf(out, "%s: %u of %u modules converted; %s of code, %.1f %% of it in images of %s\n\n",
            r->title, t->converted, r->count, size_text(&code, t->code),
            percent(t->covered, t->code), size_text(&image, t->image));
    print_modules(r, out);
    for (u32 n = 0; n < r->missing_count; n++) fprintf(out, "not found: %s\n", r->missing[n]);
    if (r->native_count) fprintf(out, "\nLibraries of the host's, with --native=auto\n");
    for (u32 n = 0; n < r->native_count; n++)
        fprintf(out, "  %-20s %s%s\n", r->native[n].library,
                r->native[n].native ? "native: " : "the guest's own: ", r->native[n].text);
    print_evidence(r, out);
    for (u32 n = 0; n < r->count; n++)
        if (r->module[n].profile.known) print_profile(&r->module[n], out);
    for (u32 n = 0; n < r->count; n++)
        if (r->module[n].miss_count) print_missed(&r->module[n], out);
    if (t->open) fprintf(out, "\nConvert again to have what was missed in the images.\n");
}
