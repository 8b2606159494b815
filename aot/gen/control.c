/*
 * Blocks, jumps, and the ways out.
 *
 * Hot code holds only the branch; what an exit has to store, and the stubs of unbound links, are
 * cold code behind the region. Links are data cells: `jmp [cell]`; a cell starts with the address
 * of its stub, which names cell and target to the runtime.
 *
 * Guest calls are host calls, and RET is a host return, so that the host predicts it. The guest's
 * target is in the register of the link register, which is carried (convention.h); a RET by another
 * register is a jump. Behind the call that is compared with the address that the guest's call meant
 * to return to. Another one is left to the next frame, by a further return; at the last frame of
 * all, below which there is none, the runtime looks the target up (enter.S). So whatever the guest
 * does to its stack, frames are a hint: who is returned to is exactly who expected that address,
 * and guest state is as at every border there (convention.h). A return costs at most what the calls
 * before it have pushed.
 */
#include "aot/gen/nzcv.h"

#include "aot/abi/convention.h"

#include <string.h>

#define B (&g->b)

#define SHORT_JUMP 120 /* bytes back that a short jump surely reaches */

static void leave_by(struct gen *g, enum leave_door d)
{
    x64_jmp_frame(B, gen_frame(offsetof(struct guest_state, leave) + 8 * (unsigned)d));
}

/* --- relocations and cells
 * ------------------------------------------------------------------------ */

static GEN_APART void grow_relocs(struct gen *g)
{
    u32 max = 2 * g->reloc_max + 32;
    struct reloc *more = arena_alloc(g->arena, max * sizeof(*more));
    if (g->reloc_count) memcpy(more, g->relocs, g->reloc_count * sizeof(*more));
    g->relocs = more;
    g->reloc_max = max;
}

static void add_reloc(struct gen *g, struct reloc r)
{
    if (g->reloc_count == g->reloc_max) grow_relocs(g);
    g->relocs[g->reloc_count++] = r;
}

void gen_reloc(struct gen *g, enum reloc_kind kind, u64 value)
{
    u32 tail = x64_pos(B) - g->b.disp_at - 4;
    add_reloc(g, (struct reloc){g->b.disp_at, (u8)kind, (u8)tail, value});
}

static u32 new_cell(struct gen *g, u64 target)
{
    if (g->cell_count == g->cell_max) {
        u32 max = 2 * g->cell_max + 8;
        struct cell *more = arena_alloc(g->arena, max * sizeof(*more));
        if (g->cell_count) memcpy(more, g->cells, g->cell_count * sizeof(*more));
        g->cells = more;
        g->cell_max = max;
    }
    g->cells[g->cell_count] = (struct cell){0, target};
    return g->cell_count++;
}

/* The cell that links to guest address pc; made on first use. */
static u32 cell_for(struct gen *g, u64 pc)
{
    for (u32 n = 0; n < g->cell_count; n++)
        if (g->cells[n].target == pc) return n;
    return new_cell(g, pc);
}

/* Through the cell, or at once in an image. Guest state is as at region borders. */
static void go_by_link(struct gen *g, u64 pc, bool call)
{
    gen_safepoint_home(g, pc);
    u32 cell = cell_for(g, pc);
    if (g->options->image && call)
        x64_call_rel32(B, 0);
    else if (g->options->image)
        x64_jmp_rel32(B, 0);
    else if (call)
        x64_call_m(B, x64_mem_rip(0));
    else
        x64_jmp_rip(B);
    gen_reloc(g, g->options->image ? RELOC_LINK : RELOC_CELL, cell);
}

static void jump_to_link(struct gen *g, u64 pc)
{
    go_by_link(g, pc, false);
}

static void link_stubs(struct gen *g)
{
    for (u32 n = 0; n < g->cell_count; n++) {
        if (g->cells[n].target == CELL_RECORD) continue;
        g->cells[n].stub = x64_pos(B);
        x64_lea_rip(B, X64_RAX);
        gen_reloc(g, RELOC_CELL, n);
        gen_guest_address(g, X64_RCX, g->cells[n].target);
        leave_by(g, LEAVE_LINK);
    }
}

/* By an inline cache to the guest address in RCX, state being as at borders. at: where the two
 * distances to its cell are. */
static void jump_by_record(struct x64_buf *b, u32 at[2])
{
    x64_mov_rm(b, 8, X64_RDX, x64_mem_rip(0));
    at[0] = b->disp_at;
    x64_alu_rm(b, X64_CMP, 8, X64_RCX, x64_mem_b(X64_RDX, offsetof(struct jump_cache_entry, pc)));
    u32 other = x64_jcc_skip(b, X64_CC_NE);
    x64_jmp_m(b, x64_mem_b(X64_RDX, offsetof(struct jump_cache_entry, host)));
    x64_land(b, other);
    x64_lea_rip(b, X64_RAX);
    at[1] = b->disp_at;
    x64_alu_ri(b, X64_OR, 8, X64_RAX, 1);
    x64_jmp_frame(b, gen_frame(offsetof(struct guest_state, leave) + 8 * LEAVE_LINK));
}

u32 gen_link_stub(u8 *code, u32 size, u32 cell_at[2], u32 *guest_at)
{
    struct x64_buf b;
    x64_init(&b, code, size, NULL, 0);
    x64_lea_rip(&b, X64_RCX);
    *guest_at = b.disp_at;
    jump_by_record(&b, cell_at);
    return b.overflow ? 0 : x64_pos(&b);
}

u32 gen_cell_jump(u8 *code, u32 size, u32 *cell_at)
{
    struct x64_buf b;
    x64_init(&b, code, size, NULL, 0);
    x64_jmp_rip(&b);
    *cell_at = b.disp_at;
    return b.overflow ? 0 : x64_pos(&b);
}

u32 gen_detour(u8 *code, u32 size, u64 pc)
{
    struct x64_buf b;
    x64_init(&b, code, size, NULL, 0);
    x64_mov_ri(&b, X64_RCX, pc);
    x64_jmp_frame(&b, gen_frame(offsetof(struct guest_state, leave) + 8 * LEAVE_INDIRECT));
    return b.overflow ? 0 : x64_pos(&b);
}

/* --- leaving
 * -------------------------------------------------------------------------------------- */

/* RCX = guest target; state is as at borders. Goes to `miss` if the jump cache hasn't got it; where
 * it leads otherwise is returned. EFLAGS and RAX go. */
static struct x64_mem look_up(struct gen *g, u32 miss)
{
    s32 cache = -(s32)JUMP_CACHE_BYTES - STATE_BIAS;
    x64_movzx_rr(B, 2, X64_RAX, X64_RCX);
    x64_alu_mr(B, X64_CMP, 8, x64_mem_bi(X64_RBP, X64_RAX, 2, cache), X64_RCX);
    x64_jcc(B, X64_CC_NE, miss);
    return x64_mem_bi(X64_RBP, X64_RAX, 2, cache + (s32)offsetof(struct jump_cache_entry, host));
}

static void jump_to_indirect(struct gen *g)
{
    u32 miss = x64_label_new(B);
    x64_jmp_m(B, look_up(g, miss));
    x64_bind(B, miss);
    leave_by(g, LEAVE_INDIRECT);
}

static void jump_by_cache(struct gen *g)
{
    u32 at[2], cell = new_cell(g, CELL_RECORD);
    jump_by_record(B, at);
    for (unsigned k = 0; k < 2; k++) add_reloc(g, (struct reloc){at[k], RELOC_CELL, 0, cell});
}

static void call_indirect(struct gen *g)
{
    struct cold_call *c = arena_alloc(g->arena, sizeof *c);
    *c = (struct cold_call){x64_label_new(B), x64_label_new(B), gen_step_pc(g), g->cold_calls};
    g->cold_calls = c;
    x64_call_m(B, look_up(g, c->miss));
    x64_bind(B, c->back);
}

void gen_cold_calls(struct gen *g)
{
    for (const struct cold_call *c = g->cold_calls; c; c = c->next) {
        x64_bind(B, c->miss);
        gen_count_stretch(g);
        gen_step(g, c->from);
        x64_call_m(B, gen_state(offsetof(struct guest_state, leave) + 8 * LEAVE_INDIRECT));
        x64_jmp(B, c->back);
    }
    if (g->return_wanted) {
        x64_bind(B, g->return_label);
        x64_ret(B, 0);
    }
}

static void leave_by_return(struct gen *g)
{
    g->last_return = x64_label_new(B);
    g->last_return_at = x64_pos(B);
    x64_bind(B, g->last_return);
    x64_ret(B, 0);
}

static bool is_near(const struct gen *g, u32 at)
{
    return at && x64_pos(B) - at < SHORT_JUMP;
}

/* Where a return instruction is reached when EFLAGS say "not equal": one that is near, or another
 * call's branch to one, or the one behind the code. Never one right behind a call: the host would
 * take it for the next thing to do (python3 ran 1.2 times as long). */
static u32 some_return(struct gen *g)
{
    if (is_near(g, g->last_return_at)) return g->last_return;
    if (is_near(g, g->last_check_at)) return g->last_check;
    if (!g->return_wanted) g->return_label = x64_label_new(B);
    g->return_wanted = true;
    return g->return_label;
}

/* The block that is entered at pc, or 0: there is none (a call doesn't return to the first). */
static u32 entered_at(const struct gen *g, u64 pc)
{
    const struct ir_block *block = g->f->block;
    u32 next = g->block + 1, count = g->f->block_count;
    if (next < count && block[next].entry && block[next].pc == pc) return next;
    for (u32 n = 1; n < count; n++)
        if (block[n].entry && block[n].pc == pc) return n;
    return 0;
}

bool gen_is_entry(const struct gen *g, u32 block)
{
    return !gen_zone_of(g, block) && !(g->block_loaded[block] & ~gen_carried());
}

void gen_come_in(struct gen *g, u32 block)
{
    unsigned zone = gen_zone_of(g, block);
    u64 carried = gen_carried(), kept = g->block_loaded[block] & gen_stay(g, 0, zone);
    gen_enter_zone(g, 0);
    gen_store_pins(g, carried & ~kept);
    gen_load_pins_of(g, zone, g->block_loaded[block] & ~(carried & kept));
}

/* Behind a call that is to return to guest address pc. */
static void come_back(struct gen *g, u64 pc)
{
    gen_guest_address(g, X64_RDX, pc);
    x64_alu_rr(B, X64_CMP, 8, LINK_REGISTER, X64_RDX);
    u32 other = some_return(g);
    g->last_check = x64_label_new(B);
    g->last_check_at = x64_pos(B);
    x64_bind(B, g->last_check);
    x64_jcc(B, X64_CC_NE, other);
    gen_safepoint_home(g, pc);
    u32 to = entered_at(g, pc);
    if (!to) {
        jump_to_link(g, pc);
        return;
    }
    gen_come_in(g, to);
    if (to != g->block + 1) x64_jmp(B, g->block_label + to);
}

/* What come_back begins with. */
bool gen_return_target(const u8 *code, u64 *pc)
{
    s32 field;
    if (code[0] == 0x48 && code[1] == 0x8d && code[2] == 0x15) { /* lea rdx, [rip + field] */
        memcpy(&field, code + 3, 4);
        *pc = (u64)(uintptr_t)(code + 7) + (u64)(s64)field;
    } else if (code[0] == 0x48 && code[1] == 0xc7 && code[2] == 0xc2) { /* mov rdx, signed field */
        memcpy(&field, code + 3, 4);
        *pc = (u64)(s64)field;
    } else if (code[0] == 0xba) { /* mov edx, field */
        memcpy(&field, code + 1, 4);
        *pc = (u32)field;
    } else if (code[0] == 0x48 && code[1] == 0xba) { /* mov rdx, 64 bits */
        memcpy(pc, code + 2, 8);
    } else {
        return false;
    }
    return true;
}

static void leave_trap(struct gen *g, u16 code, u64 imm, u64 pc)
{
    gen_guest_address(g, X64_RCX, pc);
    x64_mov_ri(B, X64_RAX, code | imm << 8);
    leave_by(g, LEAVE_TRAP);
}

void gen_count_down(struct gen *g, u64 pc, s32 heat)
{
    struct cold_exit *warm = gen_cold_exit(g, LEAVE_WARM, pc, false);
    x64_alu_mi(B, X64_SUB, 4, x64_mem_rip(0), heat);
    gen_reloc(g, RELOC_HEAT, 0);
    x64_jcc(B, X64_CC_S, warm->label);
}

static struct x64_mem trap_arg(void)
{
    return gen_state(offsetof(struct guest_state, trap_arg));
}

struct cold_exit *gen_cold_exit(struct gen *g, enum leave_door d, u64 pc, bool nzcv_dead)
{
    struct cold_exit *c = arena_alloc(g->arena, sizeof(*c));
    bool pending = g->nzcv && !nzcv_dead, in_eflags = g->nzcv == g->eflags_of;
    c->label = x64_label_new(B);
    c->door = (u8)d;
    c->eflags = pending && in_eflags ? g->eflags : EF_NONE;
    c->arg_place = VAL_NONE;
    c->pc = pc;
    c->from = gen_step_pc(g);
    c->dirty = g->dirty & ~g->ahead;
    c->loaded = g->loaded & ~g->ahead;
    c->zone = g->zone;
    c->flags = pending && !in_eflags ? gen_keep_ways(g) : NULL;
    c->owed = gen_owed_homes(g, g->copies.owed);
    c->next = NULL;
    *g->cold_tail = c;
    g->cold_tail = &c->next;
    return c;
}

/* From the zone's pins, of which some are dirty, to those of the convention. */
static void go_out(struct gen *g, u64 dirty)
{
    gen_store_pins(g, dirty & ~g->in_place);
    gen_load_pins_of(g, 0, gen_carried() & ~g->in_place);
}

/* --- flags at cold exits ------------------------------------------------------------------------
 *
 * Where one of several expressions holds, the code that finds out which is shared by all exits with
 * the same ones. It is jumped to with the way back in RDX, which no pin has and no exit needs any
 * more; a call would be taken for the guest's.
 */

/* The label of what stores the exit's flags. */
static u32 shared_store(struct gen *g, const struct cold_exit *c)
{
    u64 loaded = c->loaded & gen_slots_of(c->flags);
    for (const struct flag_store *s = g->flag_stores; s; s = s->next)
        if (s->zone == c->zone && s->loaded == loaded && gen_same_ways(s->ways, c->flags))
            return s->label;
    struct flag_store *s = arena_alloc(g->arena, sizeof *s);
    *s = (struct flag_store){x64_label_new(B), c->zone, loaded, c->flags, g->flag_stores};
    g->flag_stores = s;
    return s->label;
}

static void store_flags(struct gen *g, const struct cold_exit *c)
{
    if (!c->flags) return;
    if (c->flags->count == 1) {
        gen_store_ways(g, c->flags, c->loaded);
        return;
    }
    u32 back = x64_label_new(B);
    x64_lea(B, 8, X64_RDX, x64_mem_label(back));
    x64_jmp(B, shared_store(g, c));
    x64_bind(B, back);
}

static void flag_stores(struct gen *g)
{
    for (const struct flag_store *s = g->flag_stores; s; s = s->next) {
        gen_enter_zone(g, s->zone);
        x64_bind(B, s->label);
        gen_count_stretch(g);
        gen_store_ways(g, s->ways, s->loaded);
        x64_jmp_r(B, X64_RDX);
    }
}

void gen_cold_exits(struct gen *g)
{
    for (struct cold_exit *c = g->cold; c; c = c->next) {
        x64_bind(B, c->label);
        gen_count_stretch(g);
        gen_enter_zone(g, c->zone);
        gen_step(g, c->from);
        if (c->arg_place == VAL_GPR) x64_mov_mr(B, 8, trap_arg(), c->arg_reg);
        gen_pay(g, &c->owed);
        if (c->eflags != EF_NONE) gen_store_nzcv(g, c->eflags, false);
        store_flags(g, c);
        go_out(g, c->dirty);
        if (c->arg_place == VAL_CONST) {
            x64_mov_ri(B, X64_RAX, c->arg);
            x64_mov_mr(B, 8, trap_arg(), X64_RAX);
        }
        if (c->door == LEAVE_LINK) {
            jump_to_link(g, c->pc);
        } else if (c->door == LEAVE_WARM) {
            gen_guest_address(g, X64_RCX, c->pc);
            leave_by(g, LEAVE_WARM);
        } else {
            leave_trap(g, c->code, 0, c->pc);
        }
    }
    flag_stores(g);
    if (!g->options->image) link_stubs(g);
}

static void fetch_target(struct gen *g, unsigned to, ir_ref r)
{
    struct x64_mem m;
    if (gen_in_memory(g, r, 1, &m))
        x64_mov_rm(B, 8, to, m);
    else
        x64_mov_rr(B, 8, to, gen_use_gpr(g, r));
}

/* Before a way out, on the spot: NZCV goes home, and an indirect branch's target, if that is given,
 * to RCX. */
static void prepare_to_leave(struct gen *g, bool nzcv_dead, ir_ref target)
{
    gen_settle_all(g);
    if (!nzcv_dead) gen_flush_nzcv(g);
    g->nzcv = IR_NONE;
    if (target) fetch_target(g, X64_RCX, target);
    go_out(g, g->dirty);
}

void emit_exit_direct(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    (void)r;
    prepare_to_leave(g, i->mod & IR_EXIT_NZCV_DEAD, IR_NONE);
    if ((i->mod & ~IR_EXIT_NZCV_DEAD) != IR_EXIT_CALL) {
        jump_to_link(g, (u64)i->imm);
        return;
    }
    u64 behind = gen_pc(g) + 4;
    go_by_link(g, (u64)i->imm, true);
    come_back(g, behind);
}

/* The value is what the link register holds. */
static bool is_link(const struct gen *g, ir_ref r)
{
    const struct val *v = &g->val[r];
    return v->slot == LINK_SLOT + 1 && v->version == g->version[LINK_SLOT];
}

void emit_exit_indirect(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned kind = i->mod & ~IR_EXIT_NZCV_DEAD;
    bool returns = kind == IR_EXIT_RETURN && is_link(g, i->arg[0]);
    (void)r;
    prepare_to_leave(g, i->mod & IR_EXIT_NZCV_DEAD, returns ? IR_NONE : i->arg[0]);
    gen_consume(g, i);
    u64 behind = gen_pc(g) + 4;
    if (returns) {
        leave_by_return(g);
        return;
    }
    switch (kind) {
    case IR_EXIT_CALL:
        call_indirect(g);
        come_back(g, behind);
        break;
    case IR_EXIT_STEADY: jump_by_cache(g); break;
    default: jump_to_indirect(g); break;
    }
}

/* With nothing to bring home an image's branch leads to its target at once. */
static bool exit_at_once(struct gen *g, struct host_cond c, u64 pc, bool nzcv_dead)
{
    bool in_place = g->in_place == gen_carried() && !(g->dirty & ~g->ahead & ~g->in_place);
    bool settled = in_place && (!g->nzcv || nzcv_dead) && !g->copies.owed;
    if (!g->options->image || c.parity || !settled) return false;
    x64_jcc_rel32(B, c.cc, 0);
    gen_reloc(g, RELOC_LINK, cell_for(g, pc));
    return true;
}

void emit_exit_if(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    (void)r;
    struct host_cond c = gen_cond(g, i->arg[0]);
    bool nzcv_dead = i->mod & IR_EXIT_NZCV_DEAD;
    gen_consume(g, i);
    if (exit_at_once(g, c, (u64)i->imm, nzcv_dead)) return;
    gen_jcc(g, c, gen_cold_exit(g, LEAVE_LINK, (u64)i->imm, nzcv_dead)->label);
    struct known_flags known;
    gen_equal_flags(g, i->arg[0], &known);
    if (!known.ways || known.when) return;
    g->pending.x = known.ways->x[0];
    g->pending.result = IR_NONE;
}

void emit_trap(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    (void)r;
    if (i->arg[0]) {
        unsigned reg = gen_use_gpr(g, i->arg[0]);
        x64_mov_mr(B, 8, trap_arg(), reg);
        gen_consume(g, i);
    }
    prepare_to_leave(g, false, IR_NONE);
    leave_trap(g, i->mod, i->arg[1], (u64)i->imm);
}

void emit_guard(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    (void)r;
    s64 value = 0;
    unsigned reg = NO_REG;
    struct host_cond c = gen_cond(g, i->arg[0]);
    gen_unlock(g);
    bool constant = i->arg[1] && gen_const(g, i->arg[1], &value);
    if (i->arg[1] && !constant) reg = gen_use_gpr(g, i->arg[1]);
    gen_consume(g, i);
    struct cold_exit *e = gen_cold_exit(g, LEAVE_TRAP, gen_pc(g), false);
    e->code = i->mod;
    e->arg = (u64)value;
    e->arg_reg = (u8)reg;
    e->arg_place = constant ? VAL_CONST : reg == NO_REG ? VAL_NONE : VAL_GPR;
    gen_jcc(g, c, e->label);
}

/* Images alone have guards. */
void emit_failed(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    (void)r;
    if (!g->options->image) return;
    if (g->guard_count == g->guard_max) {
        u32 max = 2 * g->guard_max + 8;
        struct guard *more = arena_alloc(g->arena, max * sizeof *more);
        if (g->guard_count) memcpy(more, g->guards, g->guard_count * sizeof *more);
        g->guards = more;
        g->guard_max = max;
    }
    g->guards[g->guard_count] = (struct guard){gen_pc(g), (u64)i->imm};
    gen_clobber_flags(g);
    x64_alu_mi(B, X64_ADD, 8, x64_mem_rip(0), 1);
    gen_reloc(g, RELOC_FAILED, g->guard_count++);
}

/* --- inside the region
 * ---------------------------------------------------------------------------- */

/* Pins for the way to a block of this zone, emitted here. Keeps EFLAGS. */
static void pass_pins(struct gen *g, u64 stores, u64 loads)
{
    gen_store_pins(g, stores);
    g->dirty &= ~stores;
    gen_load_pins(g, loads);
}

/* Of what a block wants loaded: what has the same pin here. */
static u64 kept(const struct gen *g, u32 to)
{
    unsigned zone = gen_zone_of(g, to);
    return g->block_loaded[to] & (zone == g->zone ? g->pinned : gen_stay(g, g->zone, zone));
}

/* What is to be stored, or loaded, on the way from here to a block. */
static u64 edge_stores(const struct gen *g, u32 to)
{
    return g->dirty & ~kept(g, to);
}

static u64 edge_loads(const struct gen *g, u32 to)
{
    return g->block_loaded[to] & ~(g->loaded & kept(g, to));
}

/* By way of that: the code of the block's zone begins. */
static void pass_to(struct gen *g, u32 to, u64 stores, u64 loads)
{
    gen_store_pins(g, stores);
    gen_load_pins_of(g, gen_zone_of(g, to), loads);
}

static void mark_home(struct gen *g, u8 mark)
{
    if (mark) x64_mov_mi(B, 1, gen_home(SLOT_NZCV), (s8)mark);
}

void gen_cold_edges(struct gen *g)
{
    for (const struct cold_edge *e = g->cold_edges; e; e = e->next) {
        x64_bind(B, e->label);
        gen_count_stretch(g);
        gen_enter_zone(g, e->zone);
        gen_step(g, e->from);
        gen_pay(g, &e->owed);
        if (e->eflags != EF_NONE) gen_store_nzcv(g, e->eflags, false);
        if (e->flags) gen_store_ways(g, e->flags, e->loaded);
        mark_home(g, e->mark);
        gen_store_pins(g, e->stores);
        gen_load_pins_of(g, e->to_zone, e->loads);
        x64_jmp(B, e->target);
    }
}

/* The label by which the taken way to a block begins: the block's if there is nothing to do. home:
 * NZCV has to go there; that is `known` unless NULL. */
static u32 taken_label(struct gen *g, u32 to, bool home, u8 mark, const struct nzcv_ways *known)
{
    u64 stores = edge_stores(g, to), loads = edge_loads(g, to);
    bool flags = home && g->nzcv, in_eflags = !known && g->nzcv == g->eflags_of;
    const struct nzcv_ways *ways = !flags || in_eflags ? NULL : known ? known : gen_keep_ways(g);
    u32 pay = gen_owed_at(g, to) | (ways ? gen_owed_for(g, gen_slots_of(ways)) : 0);
    const struct owed_homes owed = gen_owed_homes(g, pay);
    if (!stores && !loads && !flags && !mark && !owed.regs) return g->block_label + to;
    struct cold_edge *e = arena_alloc(g->arena, sizeof *e);
    *e = (struct cold_edge){.label = x64_label_new(B),
                            .target = g->block_label + to,
                            .stores = stores,
                            .loads = loads,
                            .zone = g->zone,
                            .to_zone = (u8)gen_zone_of(g, to),
                            .eflags = flags && in_eflags ? g->eflags : EF_NONE,
                            .mark = mark,
                            .flags = ways,
                            .loaded = g->loaded,
                            .from = gen_step_pc(g),
                            .owed = owed,
                            .next = g->cold_edges};
    g->cold_edges = e;
    return e->label;
}

void emit_jump(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    u32 target = (u32)i->imm;
    (void)r;
    gen_settle(g, gen_owed_at(g, target));
    gen_pass_nzcv(g, target); /* it may be an expression of pins */
    pass_to(g, target, edge_stores(g, target), edge_loads(g, target));
    gen_pass_copies(g, target);
    if (target != g->block + 1) x64_jmp(B, g->block_label + target);
}

/* --- jumps by table -----------------------------------------------------------------------------
 *
 * One table serves all JUMPINDs of a region: for each word of guest code from the first target on
 * how far its code is from the table, or the code for what is no target. There the pins that the
 * targets have loaded go home, since any of them may be dirty.
 */

static u64 table_start(const struct gen *g)
{
    return g->f->block[g->f->target[0]].pc;
}

static u32 table_words(const struct gen *g)
{
    return (u32)((g->f->block[g->f->target[g->f->target_count - 1]].pc - table_start(g)) / 4) + 1;
}

static void start_table(struct gen *g)
{
    const struct ir_func *f = g->f;
    if (g->table_label) return;
    g->table_label = x64_label_new(B);
    g->not_there_label = x64_label_new(B);
    for (u32 n = 0; n < f->target_count; n++) g->table_loaded |= g->block_loaded[f->target[n]];
}

/* All targets have the pins of one zone. Keeps EFLAGS. */
static void pass_to_targets(struct gen *g)
{
    const struct ir_func *f = g->f;
    u64 stores = 0, loads = 0;
    for (u32 n = 0; n < f->target_count; n++) stores |= edge_stores(g, f->target[n]);
    for (u32 n = 0; n < f->target_count; n++) loads |= edge_loads(g, f->target[n]);
    gen_store_pins(g, stores);
    gen_load_pins_of(g, gen_zone_of(g, f->target[0]), loads);
}

/* The word's number in RAX: what is misaligned or tagged becomes too big a one. It stays there, for
 * code that finds it is no target's. */
void emit_jump_by_table(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    (void)r;
    gen_settle_all(g);
    start_table(g);
    gen_flush_nzcv(g);
    fetch_target(g, X64_RAX, i->arg[0]);
    gen_consume(g, i);
    pass_to_targets(g);
    gen_guest_address(g, X64_RDX, table_start(g));
    x64_alu_rr(B, X64_SUB, 8, X64_RAX, X64_RDX);
    x64_shift_ri(B, X64_ROR, 8, X64_RAX, 2);
    x64_alu_ri(B, X64_CMP, 8, X64_RAX, (s32)table_words(g));
    x64_jcc(B, X64_CC_AE, g->not_there_label);
    x64_lea(B, 8, X64_RDX, x64_mem_label(g->table_label));
    x64_movsx_rm(B, 8, 4, X64_RCX, x64_mem_bi(X64_RDX, X64_RAX, 2, 0));
    x64_alu_rr(B, X64_ADD, 8, X64_RCX, X64_RDX);
    x64_jmp_r(B, X64_RCX);
    gen_count_end(g);
}

void gen_jump_table(struct gen *g)
{
    const struct ir_func *f = g->f;
    if (!g->table_label) return;
    x64_bind(B, g->not_there_label);
    u32 not_there = x64_pos(B);
    gen_enter_zone(g, gen_zone_of(g, f->target[0]));
    go_out(g, g->table_loaded);
    gen_guest_address(g, X64_RCX, table_start(g));
    x64_shift_ri(B, X64_ROL, 8, X64_RAX, 2);
    x64_alu_rr(B, X64_ADD, 8, X64_RCX, X64_RAX);
    jump_to_indirect(g);
    while (x64_pos(B) & 3 && !B->overflow) x64_data(B, "\xcc", 1);
    x64_bind(B, g->table_label);
    u32 table = x64_pos(B);
    for (u32 n = 0, word = 0; n < f->target_count; n++) {
        u32 at = (u32)((f->block[f->target[n]].pc - table_start(g)) / 4);
        s32 there = x64_label_pos(B, g->block_label + f->target[n]) - (s32)table;
        for (; word < at; word++) x64_data(B, &(s32){(s32)(not_there - table)}, 4);
        x64_data(B, &there, 4);
        word++;
    }
}

/* What both ways have to do, and what the way back to a loop's head has, comes before the branch.
 */
static void pass_pins_early(struct gen *g, u32 yes, u32 no)
{
    bool back = yes <= g->block;
    if (gen_zone_of(g, yes) != g->zone || gen_zone_of(g, no) != g->zone) return;
    u64 stores = back ? ~UINT64_C(0) : edge_stores(g, no);
    u64 loads = back ? ~UINT64_C(0) : edge_loads(g, no);
    pass_pins(g, edge_stores(g, yes) & stores, edge_loads(g, yes) & loads);
}

/* What is owed on both ways, or on the taken one if that is likely (`first`: it is the first of the
 * two), comes home before the branch: else in code apart. */
static void settle_early(struct gen *g, u32 yes, u32 no, bool first)
{
    const u32 *likely = g->loops.first_way;
    if (!g->copies.owed) return;
    u32 taken = !likely ? 0 : first ? likely[g->block] : IR_SURE - likely[g->block];
    bool often = taken >= IR_SURE / 2;
    bool apart = yes > g->block && !often;
    gen_settle(g, gen_owed_at(g, yes) & (apart ? gen_owed_at(g, no) : ~0u));
}

void emit_branch(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    u32 yes = (u32)i->imm, no = i->arg[1];
    bool swap = yes == g->block + 1;
    (void)r;
    if (swap) {
        yes = no;
        no = g->block + 1;
    }
    pass_pins_early(g, yes, no);
    settle_early(g, yes, no, !swap);
    /* Before the condition: it may take EFLAGS. */
    struct known_flags known;
    gen_equal_flags(g, i->arg[0], &known);
    if (swap) known.when = !known.when;
    bool apart = edge_stores(g, yes) | edge_loads(g, yes);
    struct nzcv_split split = gen_split_nzcv(g, (const u32[]){yes, no}, 2, apart, &known);
    struct host_cond c = gen_cond(g, i->arg[0]);
    gen_consume(g, i);
    gen_pass_copies(g, yes);
    const struct nzcv_ways *known_yes = known.when ? known.ways : NULL;
    gen_jcc(g, swap ? gen_not(c) : c,
            taken_label(g, yes, split.home & 1, split.mark[0], known_yes));
    gen_count_stretch(g);
    if (split.home & 2 && known.ways && !known.when)
        gen_store_ways(g, known.ways, g->loaded);
    else if (split.home & 2)
        gen_flush_nzcv(g);
    mark_home(g, split.mark[1]);
    gen_settle(g, gen_owed_at(g, no));
    pass_to(g, no, edge_stores(g, no), edge_loads(g, no));
    gen_pass_copies(g, no);
    if (no != g->block + 1) x64_jmp(B, g->block_label + no);
}
