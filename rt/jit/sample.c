/*
 * What a sample of translated code says of the guest: see rt/profile.h. A host frame holds nothing
 * but the address that the function returns to, so the caller is at the top of the stack; and
 * behind each call the code names the guest address that it is to return to.
 */
#include "rt/jit/image.h"
#include "rt/jit/jit.h"
#include "rt/jit/sample.h"

#include "rt/guard.h"
#include "rt/profile.h"
#include "rt/translate.h"

static enum profile_tier tier_of(const struct region *r)
{
    return !r ? TIER_IMAGE : r->warm ? TIER_WARM : TIER_QUICK;
}

/* Not in code: in a helper that code has called, and its return address is what was pushed first
 * to C's stack; or behind one of the doors, and state.pc is exact. */
static void sample_runtime(const struct thread *t, struct profile_sample *out)
{
    *out = (struct profile_sample){.tier = TIER_RUNTIME};
    if (t->state.in_translated)
        out->ip = ((const u64 *)t->state.host_sp)[-1];
    else
        out->code = t->state.pc;
}

bool jit_sample(struct thread *t, const ucontext_t *uc, struct profile_sample *out)
{
    const struct jit_thread *j = jit_of(t);
    u64 ip = (u64)uc->uc_mcontext.gregs[REG_RIP], sp = (u64)uc->uc_mcontext.gregs[REG_RSP];
    if (!j) return false;
    const struct region *r = t->state.in_translated ? code_region_at(ip) : NULL;
    const void *image = r || !t->state.in_translated ? NULL : image_base(ip);
    if (!r && !image) {
        sample_runtime(t, out);
        return true;
    }
    *out = (struct profile_sample){.ip = ip, .code = r ? r->pc : (u64)image, .tier = tier_of(r)};
    if (sp >= (u64)j->stack + GUARD_SIZE && sp < (u64)j->last_frame && sp % 8 == 0)
        out->back = *(const u64 *)sp;
    return true;
}

static bool is_bl(u32 word)
{
    return word >> 26 == 0x25;
}

static u64 bl_target(u32 word, u64 pc)
{
    return pc + (u64)((s64)((u64)word << 38) >> 36);
}

/* The guest instruction behind which that host address goes on, if it calls; 0: it doesn't. */
static u64 call_before(u64 back, u32 *word)
{
    u64 pc;
    if (!code_region_at(back) && !image_base(back)) return 0;
    if (!translate_return_target((const u8 *)back, &pc)) return 0;
    pc -= 4;
    if (pc % 4 || !guest_read(word, pc, sizeof *word)) return 0;
    bool indirect = (*word & 0xfeff0000) == 0xd63f0000; /* BLR, BLRAA and their like */
    return is_bl(*word) || indirect ? pc : 0;
}

/* A stub of the procedure linkage table begins with ADRP X16, perhaps behind BTI C. */
static bool is_stub(u64 pc)
{
    u32 word[2] = {0};
    if (!guest_read(word, pc, sizeof word)) return false;
    return ((word[0] == 0xd503245f ? word[1] : word[0]) & 0x9f00001f) == 0x90000010;
}

/* A module with an image, in which pc is at *unbiased; or NULL, and *unbiased is pc. */
static const struct digest *module_of(u64 pc, u64 *unbiased)
{
    *unbiased = pc;
    return image_without(pc, unbiased);
}

/* The call within the module below which the sample is. The callee is what the call names, else
 * `function`, where the region begins that the sample is in; 0: that is no function's. A stub is no
 * callee, it only leads there. */
static void find_call(u64 back, u64 function, struct profile_place *out)
{
    u32 word = 0;
    u64 from = call_before(back, &word), to, unbiased;
    if (!from || module_of(from, &unbiased) != out->module) return;
    u64 target = is_bl(word) ? bl_target(word, from) : 0;
    bool named = target && !is_stub(target) && module_of(target, &to) == out->module;
    if (!named && (!function || is_stub(function + from - unbiased))) return;
    out->from = unbiased;
    out->to = named ? to : function;
}

/* Where code is, in out; the function that an image's is of. False: there is none. */
static bool place_code(u64 ip, struct profile_place *out, u64 *function)
{
    const struct region *r = code_region_at(ip);
    u64 pc;
    if (!r) {
        out->module = image_near(ip, &out->pc, function);
    } else {
        struct side_reader side = {r->side, r->side + r->side_size, 0, r->pc};
        struct side_record record;
        pc = r->pc;
        while (side_next(&side, &record) && record.offset <= ip - (u64)r->code)
            if (record.kind == SIDE_POINT) pc = record.pc;
        out->module = module_of(pc, &out->pc);
    }
    return r || out->module;
}

bool jit_place(const struct profile_sample *s, struct profile_place *out)
{
    u64 function = 0;
    *out = (struct profile_place){0};
    if (s->tier == TIER_RUNTIME && !s->ip)
        out->module = module_of(s->code, &out->pc);
    else if (!place_code(s->ip, out, &function))
        return false;
    out->guided = out->module && image_is_guided(out->module);
    if (s->back) find_call(s->back, function, out);
    u64 from, to;
    if (function && image_guarded(s->ip, out->pc, function, &from, &to)) {
        out->from = from; /* as if it had been called: so the profile goes on to say what is */
        out->to = to;
    }
    return true;
}
