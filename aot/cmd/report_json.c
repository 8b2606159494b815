/*
 * The report as JSON. Sizes are bytes, addresses unbiased numbers.
 */
#include "aot/cmd/json.h"
#include "aot/cmd/report.h"

static void put_evidence(struct json *j, const struct report_module *m)
{
    json_open(j, "evidence", '[');
    for (unsigned k = 0; k < EVIDENCE_COUNT; k++) {
        if (!m->entries_by[k] && !m->header.bytes_by[k]) continue;
        json_open(j, NULL, '{');
        json_string(j, "kind", evidence_text(k));
        json_number(j, "entries", m->entries_by[k]);
        json_number(j, "regions", m->header.regions_by[k]);
        json_number(j, "bytes", m->header.bytes_by[k]);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void put_missed(struct json *j, const struct report_module *m)
{
    json_open(j, "missed", '[');
    for (u32 n = 0; n < m->miss_count; n++) {
        const struct report_miss *x = &m->miss[n];
        json_open(j, NULL, '{');
        json_number(j, "address", x->missed.pc);
        json_number(j, "runs", x->missed.runs);
        json_string(j, "by", missed_text(x->missed.kind));
        json_string(j, "function", x->function);
        json_number(j, "offset", x->offset);
        json_bool(j, "entry", x->is_entry);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void put_tiers(struct json *j, const struct report_tiers *t)
{
    json_open(j, "tiers", '[');
    for (unsigned k = 0; k < TIER_COUNT; k++) {
        if (!t->by[k]) continue;
        json_open(j, NULL, '{');
        json_string(j, "tier", tier_text(k));
        json_number(j, "samples", t->by[k]);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void put_before_and_after(struct json *j, const struct report_profile *p)
{
    json_open(j, "before_and_after", '[');
    for (unsigned k = 0; k < PROFILE_IMAGE_COUNT; k++) {
        const struct report_from *f = &p->from[k];
        if (!f->all.sum) continue;
        json_open(j, NULL, '{');
        json_string(j, "ran_from", profile_image_text(k));
        json_number(j, "processes", f->processes);
        put_tiers(j, &f->all);
        json_open(j, "over_time", '[');
        for (u32 n = 0; n < f->slices; n++) {
            json_open(j, NULL, '{');
            json_number(j, "from_ns", n ? profile_slice_end(n - 1) * PROFILE_INTERVAL_NS : 0);
            put_tiers(j, &f->in_slice[n]);
            json_close(j, '}');
        }
        json_close(j, ']');
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void put_hot(struct json *j, const struct report_module *m)
{
    json_open(j, "functions", '[');
    for (u32 n = 0; n < m->profile.hot_count; n++) {
        const struct report_function *f = &m->profile.hot[n];
        json_open(j, NULL, '{');
        json_string(j, "function", f->name);
        json_number(j, "address", f->pc);
        json_number(j, "samples", f->samples);
        json_string(j, "in_image", report_made(m, f));
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void put_guards(struct json *j, const struct report_profile *p)
{
    json_open(j, "guards", '[');
    for (u32 n = 0; n < p->guard_count; n++) {
        const struct report_guard *g = &p->guard[n];
        json_open(j, NULL, '{');
        json_number(j, "address", g->pc);
        json_string(j, "call", g->name);
        json_string(j, "assumed", g->to_name);
        json_number(j, "failures", g->failures);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void put_profile(struct json *j, const struct report_module *m)
{
    const struct report_profile *p = &m->profile;
    json_open(j, "profile", '{');
    json_number(j, "samples", p->samples);
    json_number(j, "ever", p->ever);
    json_number(j, "sample_ns", PROFILE_INTERVAL_NS);
    put_tiers(j, &p->all);
    put_before_and_after(j, p);
    put_hot(j, m);
    json_number(j, "guard_failures", p->failures);
    put_guards(j, p);
    json_close(j, '}');
}

static void put_image(struct json *j, const struct report_module *m)
{
    const struct image_header *h = &m->header;
    json_open(j, "image", '{');
    json_string(j, "file", m->image);
    json_number(j, "size", h->file_size);
    json_number(j, "text", h->text_size);
    json_number(j, "tables", h->text);
    json_number(j, "entries", h->entry_count);
    json_number(j, "regions", h->region_count);
    json_number(j, "externals", h->external_count);
    json_number(j, "functions", h->functions);
    json_number(j, "refused", h->refused);
    json_number(j, "inlined_calls", h->inlined);
    json_number(j, "by_samples", h->profile_samples);
    json_number(j, "added_by_misses", h->missed);
    json_number(j, "code", h->code_bytes);
    json_number(j, "covered", report_covered(m));
    put_evidence(j, m);
    json_close(j, '}');
}

void report_json(const struct report *r, FILE *out)
{
    struct json j = {.file = out};
    json_open(&j, NULL, '{');
    json_string(&j, "program", r->title);
    json_number(&j, "code", r->total.code);
    json_number(&j, "covered", r->total.covered);
    json_number(&j, "image_size", r->total.image);
    json_open(&j, "not_found", '[');
    for (u32 n = 0; n < r->missing_count; n++) json_string(&j, NULL, r->missing[n]);
    json_close(&j, ']');
    json_open(&j, "native", '[');
    for (u32 n = 0; n < r->native_count; n++) {
        json_open(&j, NULL, '{');
        json_string(&j, "library", r->native[n].library);
        json_string(&j, r->native[n].native ? "native" : "why_not", r->native[n].text);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_open(&j, "modules", '[');
    for (u32 n = 0; n < r->count; n++) {
        const struct report_module *m = &r->module[n];
        json_open(&j, NULL, '{');
        json_string(&j, "path", m->input->guest);
        json_string(&j, "host_path", m->input->host);
        json_number(&j, "size", m->input->size);
        if (m->converted)
            put_image(&j, m);
        else
            json_string(&j, "why_no_image", m->why);
        if (m->profile.known) put_profile(&j, m);
        put_missed(&j, m);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    fputc('\n', out);
}
