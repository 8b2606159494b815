/*
 * The oracle of oracle.h.
 */
#include "tests/insn/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

#include "aot/abi/fp_state.h"

enum { REG_SP = 31, REG_PC, REG_NZCV, REG_FPCR, REG_FPSR, REG_V0, REG_COUNT = REG_V0 + 32 };

/* Unicorn 2.0's cache of translations goes wrong after some hundred thousand words: before that,
 * all anew. */
#define MAX_STEPS 50000

static uc_engine *uc;
static unsigned steps;
static int ids[REG_COUNT];
static u64 abort_address;
static u32 exception;

static void must(uc_err err, const char *what)
{
    if (err == UC_ERR_OK) return;
    fprintf(stderr, "unicorn: %s: %s\n", what, uc_strerror(err));
    exit(1);
}

static bool on_bad_memory(uc_engine *engine, uc_mem_type type, u64 address, int size, s64 value,
                          void *data)
{
    (void)engine, (void)type, (void)size, (void)value, (void)data;
    abort_address = address;
    return false;
}

static void on_exception(uc_engine *engine, u32 number, void *data)
{
    (void)data;
    exception = number;
    uc_emu_stop(engine);
}

static void map(u64 address, size_t size, u32 protection, void *at)
{
    must(uc_mem_map_ptr(uc, address, size, protection, at), "map");
}

void oracle_open(void)
{
    static uc_hook memory_hook, exception_hook;
    must(uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &uc), "open");
    must(uc_ctl_set_cpu_model(uc, UC_CPU_ARM64_MAX), "model");
    map(GUEST_CODE, GUEST_CODE_SIZE, UC_PROT_READ | UC_PROT_EXEC, guest_code_room());
    map(GUEST_DATA, GUEST_DATA_SIZE, UC_PROT_READ | UC_PROT_WRITE, (void *)(uintptr_t)GUEST_DATA);
    map(GUEST_RO, GUEST_RO_SIZE, UC_PROT_READ, (void *)(uintptr_t)GUEST_RO);
    must(uc_hook_add(uc, &memory_hook, UC_HOOK_MEM_INVALID, (void *)on_bad_memory, NULL, 1, 0),
         "hook");
    must(uc_hook_add(uc, &exception_hook, UC_HOOK_INTR, (void *)on_exception, NULL, 1, 0), "hook");
    /* CPACR_EL1: floating point for everyone. */
    u64 cpacr = 3u << 20;
    must(uc_reg_write(uc, UC_ARM64_REG_CPACR_EL1, &cpacr), "cpacr");
    for (int i = 0; i < 29; i++) ids[i] = UC_ARM64_REG_X0 + i;
    ids[29] = UC_ARM64_REG_X29;
    ids[30] = UC_ARM64_REG_X30;
    ids[REG_SP] = UC_ARM64_REG_SP;
    ids[REG_PC] = UC_ARM64_REG_PC;
    ids[REG_NZCV] = UC_ARM64_REG_NZCV;
    ids[REG_FPCR] = UC_ARM64_REG_FPCR;
    ids[REG_FPSR] = UC_ARM64_REG_FPSR;
    for (int i = 0; i < 32; i++) ids[REG_V0 + i] = UC_ARM64_REG_Q0 + i;
}

void oracle_begin_case(void)
{
    if (steps < MAX_STEPS) return;
    steps = 0;
    uc_close(uc);
    oracle_open();
}

struct guest_outcome oracle_step(struct guest_state *state, u32 word)
{
    steps++;
    u64 nzcv = nzcv_to_pstate(state->nzcv), fpcr = state->fpcr, fpsr = state->fpsr;
    void *values[REG_COUNT];
    for (int i = 0; i < 31; i++) values[i] = &state->x[i];
    values[REG_SP] = &state->sp;
    values[REG_PC] = &state->pc;
    values[REG_NZCV] = &nzcv;
    values[REG_FPCR] = &fpcr;
    values[REG_FPSR] = &fpsr;
    for (int i = 0; i < 32; i++) values[REG_V0 + i] = state->v[i];

    u64 pc = state->pc;
    must(uc_mem_write(uc, pc, &word, 4), "code");
    uc_ctl_remove_cache(uc, pc, pc + 4);
    must(uc_reg_write_batch(uc, ids, values, REG_COUNT), "write registers");
    exception = 0;
    abort_address = 0;
    uc_err err = uc_emu_start(uc, pc, ~UINT64_C(3), 0, 1);
    must(uc_reg_read_batch(uc, ids, values, REG_COUNT), "read registers");
    state->nzcv = nzcv_from_pstate((u32)nzcv);
    state->fpcr = (u32)fpcr;
    state->fpsr = (u32)fpsr & (FPSR_FLAGS | FPSR_QC); /* without AArch32's NZCV */

    if (exception) return (struct guest_outcome){.end = GUEST_TRAPPED, .reason = TRAP_UNDEFINED};
    switch (err) {
    case UC_ERR_OK:
    case UC_ERR_FETCH_UNMAPPED:
    case UC_ERR_FETCH_PROT: return (struct guest_outcome){.end = GUEST_WENT_ON};
    case UC_ERR_READ_UNMAPPED:
    case UC_ERR_WRITE_UNMAPPED:
    case UC_ERR_READ_PROT:
    case UC_ERR_WRITE_PROT:
        return (struct guest_outcome){.end = GUEST_FAULTED, .address = abort_address};
    default: return (struct guest_outcome){.end = GUEST_TRAPPED, .reason = TRAP_UNDEFINED};
    }
}
