/*
 * The runtime's one use of the translator (aot/xlat.h).
 */
#include "rt/translate.h"

#include "aot/abi/image.h"
#include "aot/xlat.h"
#include "rt/auto_convert.h"
#include "rt/counter.h"
#include "rt/kernel.h"
#include "rt/log.h"
#include "rt/mm.h"
#include "rt/options.h"
#include "rt/stats.h"
#include "rt/strings.h"

#include <string.h>
#include <sys/random.h>

static u64 host_features;

static const enum log_channel stage_channel[XLAT_STAGES] = {
    [XLAT_STAGE_DECODE] = LOG_DECODE,
    [XLAT_STAGE_IR] = LOG_IR,
    [XLAT_STAGE_OPT] = LOG_OPT,
    [XLAT_STAGE_CODE] = LOG_CODE,
};

static void dump(void *context, enum xlat_stage stage, u64 pc, const char *text, size_t length)
{
    (void)context;
    if (!log_on_at(stage_channel[stage], pc)) return;
    log_line(stage_channel[stage], "0x%llx", (unsigned long long)pc);
    log_text(stage_channel[stage], text, length);
}

static void set_options(struct xlat_options *o, u64 pc, unsigned how, u32 max_insts)
{
    memset(o, 0, sizeof(*o));
    o->tier = XLAT_QUICK;
    o->host_features = host_features;
    o->fp_checked = how & TRANSLATE_FP_CHECKED;
    o->fp_near = how & TRANSLATE_FP_NEAR;
    o->fp_flush = how & TRANSLATE_FP_FLUSH;
    o->untag = how & TRANSLATE_UNTAG;
    o->count = options.count;
    o->verify = options.verify;
    o->max_insts = max_insts;
    for (unsigned s = 0; s < XLAT_STAGES; s++)
        if (log_on_at(stage_channel[s], pc)) o->dump_stages |= 1u << s;
    if (o->dump_stages != 0) o->dump = dump;
}

static enum translate_status status_of(enum xlat_status s, u64 pc)
{
    switch (s) {
    case XLAT_OK: return TRANSLATE_OK;
    case XLAT_NO_CODE: return TRANSLATE_NO_CODE;
    case XLAT_TOO_BIG: return TRANSLATE_TOO_BIG;
    case XLAT_INVALID: break;
    }
    log_line(LOG_ERROR, "0x%llx: the translator refused its own work here (a defect of Ferry)",
             (unsigned long long)pc);
    return TRANSLATE_DEFECT;
}

/* Code like that of the region alone, whether it may change unseen or not; context: which. */
static size_t read_like(void *context, u64 pc, u32 *words, size_t max)
{
    const bool *shared = context;

    return mm_code_is_shared(pc) == *shared ? mm_read_code(NULL, pc, words, max) : 0;
}

static void count_region(const struct translation *t)
{
    stats_add(STAT_REGIONS, 1);
    stats_add(STAT_GUEST_INSNS, t->insn_count);
    auto_convert_note(t->ranges[0].start, t->insn_count);
    stats_add(STAT_GUEST_BYTES, (u64)t->insn_count * 4);
    stats_add(STAT_HOST_BYTES, t->code_size);
    stats_add(STAT_SIDE_BYTES, t->side_size);
}

enum translate_status translate_region(struct arena *arena, u64 pc, unsigned how, u32 max_insts,
                                       bool (*is_entry)(void *context, u64 pc),
                                       struct translation *out)
{
    bool shared = mm_code_is_shared(pc);
    const struct code_view view = {.read = read_like, .is_entry = is_entry, .context = &shared};
    struct xlat_options o;
    enum translate_status s;

    set_options(&o, pc, how, max_insts);
    o.check = shared;
    o.heat = !how && !o.check && options.warm;
    s = status_of(xlat_translate(arena, &o, &view, pc, out), pc);
    if (s == TRANSLATE_OK) count_region(out);
    return s;
}

enum translate_status translate_warm(struct arena *arena, u64 pc,
                                     bool (*is_entry)(void *context, u64 pc),
                                     struct translation *out)
{
    bool shared = false;
    const struct code_view view = {.read = read_like, .is_entry = is_entry, .context = &shared};
    struct xlat_options o;
    enum translate_status s;

    if (mm_code_is_shared(pc)) return TRANSLATE_NO_CODE;
    set_options(&o, pc, 0, 0);
    o.tier = XLAT_FULL;
    s = status_of(xlat_translate(arena, &o, &view, pc, out), pc);
    if (s == TRANSLATE_OK) count_region(out);
    return s;
}

/* A view that also notes what was read. */
struct noting {
    struct guest_range range;
    bool shared; /* see read_like */
};

static size_t read_noting(void *context, u64 pc, u32 *words, size_t max)
{
    struct noting *n = context;
    size_t got = read_like(&n->shared, pc, words, max);

    if (got != 0) {
        if (pc < n->range.start) n->range.start = pc;
        if (pc + got * 4 > n->range.end) n->range.end = pc + got * 4;
    }
    return got;
}

enum translate_status translate_lift_range(struct arena *arena, u64 pc, u32 max_insts,
                                           struct ir_func **out, struct guest_range *range)
{
    struct noting n = {{UINT64_MAX, 0}, mm_code_is_shared(pc)};
    struct code_view view = {.read = read_noting, .context = &n};
    struct xlat_options o;
    enum translate_status s;

    set_options(&o, pc, TRANSLATE_UNTAG, max_insts);
    s = status_of(xlat_lift(arena, &o, &view, pc, out), pc);
    *range = n.range;
    return s;
}

enum translate_status translate_lift(struct arena *arena, u64 pc, u32 max_insts,
                                     struct ir_func **out)
{
    struct guest_range range;

    return translate_lift_range(arena, pc, max_insts, out, &range);
}

struct translate_exit translate_evaluate(const struct ir_func *f, struct guest_state *state,
                                         struct arena *scratch, u64 *budget)
{
    struct xlat_exit e = xlat_evaluate(f, state, scratch, budget);

    return (struct translate_exit){(u8)e.reason, e.imm};
}

size_t translate_disassemble(u32 word, u64 pc, char *buf, size_t size)
{
    return xlat_disassemble(word, pc, buf, size);
}

/* --- helpers ------------------------------------------------------------------------------------
 */

static u64 helper_read_fpsr(struct guest_state *s)
{
    return fpsr_read(s);
}

static void helper_write_fpsr(struct guest_state *s, u64 value)
{
    fpsr_write(s, (u32)value);
}

static void helper_write_fpcr(struct guest_state *s, u64 value)
{
    fpcr_write(s, (u32)value);
}

static u64 helper_random(struct guest_state *s)
{
    u64 value = 0;

    (void)s;
    if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != sizeof(value)) value = 0;
    return value;
}

void translate_state_init(struct guest_state *s)
{
    s->helper[HELPER_IR_OP] = (void *)xlat_helper_ir_op;
    s->helper[HELPER_READ_FPSR] = (void *)helper_read_fpsr;
    s->helper[HELPER_WRITE_FPSR] = (void *)helper_write_fpsr;
    s->helper[HELPER_WRITE_FPCR] = (void *)helper_write_fpcr;
    s->helper[HELPER_RANDOM] = (void *)helper_random;
    s->helper[HELPER_COUNTER] = (void *)counter_read;
    strings_init(s);
    s->pstate = PSTATE_SSBS; /* as Linux starts programs that nobody has restricted */
    fpstate_init(s);
}

bool translate_knows_features(const char *list)
{
    u64 set;

    return xlat_features_of(list, &set);
}

void translate_init(void)
{
    u64 set;

    host_features = xlat_host_features();
    if (options.cpu_features != NULL && xlat_features_of(options.cpu_features, &set))
        host_features &= set;
}

struct digest translate_id(void)
{
    return xlat_id();
}

u32 translate_detour(u8 *code, u64 pc)
{
    return xlat_detour(code, TRANSLATE_DETOUR_SIZE, pc);
}

bool translate_return_target(const u8 *code, u64 *pc)
{
    return xlat_return_target(code, pc);
}

u64 translate_host_features(void)
{
    return host_features;
}

u64 translate_image_features(void)
{
    return host_features | (options.count && !options.count_rest ? IMAGE_COUNTED : 0);
}

u64 translate_hwcap(void)
{
    return xlat_hwcap();
}

u64 translate_hwcap2(void)
{
    return xlat_hwcap2();
}
