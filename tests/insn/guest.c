/*
 * The small guest of guest.h, and the evaluator on it.
 */
#include "tests/insn/guest.h"

#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "aot/abi/fp_state.h"
#include "rt/kernel.h"

#define AROUND 0x200000 /* of unmapped space on either side: what a literal can reach, and more */

static sigjmp_buf fault_return;
static u64 fault_address;

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    fault_address = (u64)(uintptr_t)info->si_addr;
    siglongjmp(fault_return, 1);
}

/* The evaluator's handlers, in place while it runs only: other harnesses have their own. */
static struct sigaction others[2];
static const int fault_signals[2] = {SIGSEGV, SIGBUS};

static void take_faults(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    for (int i = 0; i < 2; i++) sigaction(fault_signals[i], &action, &others[i]);
}

static void give_faults_back(void)
{
    for (int i = 0; i < 2; i++) sigaction(fault_signals[i], &others[i], NULL);
}

static void must_map(u64 address, size_t size, int protection)
{
    void *p = mmap((void *)(uintptr_t)address, size, protection,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (p == MAP_FAILED) {
        perror("guest memory");
        exit(1);
    }
}

static u8 *code_room;

/* The guest can't write its code, or a stray store would change a case under way. */
static void map_code(void)
{
    int fd = memfd_create("guest code", 0);
    void *guest = (void *)(uintptr_t)GUEST_CODE;
    if (fd < 0 || ftruncate(fd, GUEST_CODE_SIZE) ||
        mmap(guest, GUEST_CODE_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
        perror("guest code");
        exit(1);
    }
    code_room = mmap(NULL, GUEST_CODE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (code_room == MAP_FAILED) abort();
    close(fd);
}

void guest_open(void)
{
    static bool done;
    if (done) return;
    done = true;
    must_map(GUEST_CODE - AROUND, 3 * AROUND, PROT_NONE);
    map_code();
    must_map(GUEST_DATA, GUEST_DATA_SIZE, PROT_READ | PROT_WRITE);
    must_map(GUEST_RO, GUEST_RO_SIZE, PROT_READ);
}

void guest_set_code(u64 pc, const u32 *words, size_t count)
{
    memcpy(code_room + (pc - GUEST_CODE), words, 4 * count);
}

void *guest_code_room(void)
{
    return code_room;
}

static size_t read_code(void *context, u64 pc, u32 *words, size_t max)
{
    (void)context;
    u64 offset = pc - GUEST_CODE;
    if (offset >= GUEST_CODE_SIZE) return 0;
    size_t count = (GUEST_CODE_SIZE - offset) / 4;
    if (count > max) count = max;
    memcpy(words, (const void *)(uintptr_t)pc, 4 * count);
    return count;
}

/* --- helpers of the state -----------------------------------------------------------------------
 */

u32 guest_fpsr(const struct guest_state *state)
{
    return fp_read_fpsr(state->fpsr, state->mxcsr, state->qc);
}

static u64 read_fpsr(struct guest_state *state)
{
    return fpsr_read(state);
}

static void write_fpsr(struct guest_state *state, u64 value)
{
    fpsr_write(state, (u32)value);
}

static void write_fpcr(struct guest_state *state, u64 value)
{
    fpcr_write(state, (u32)value);
}

void guest_state_init(struct guest_state *state)
{
    memset(state, 0, sizeof *state);
    state->mxcsr = fp_mxcsr(0);
    state->helper[HELPER_IR_OP] = (void *)xlat_helper_ir_op;
    state->helper[HELPER_READ_FPSR] = (void *)read_fpsr;
    state->helper[HELPER_WRITE_FPSR] = (void *)write_fpsr;
    state->helper[HELPER_WRITE_FPCR] = (void *)write_fpcr;
}

/* --- running ------------------------------------------------------------------------------------
 */

static char refusal_text[8192];

static void keep_text(void *context, enum xlat_stage stage, u64 pc, const char *text, size_t length)
{
    (void)context;
    (void)stage;
    (void)pc;
    size_t at = strlen(refusal_text);
    if (length > sizeof refusal_text - at - 1) length = sizeof refusal_text - at - 1;
    memcpy(refusal_text + at, text, length);
    refusal_text[at + length] = 0;
}

struct guest_outcome guest_evaluate(struct guest_state *state, u32 insts)
{
    static struct arena arena;
    static const struct code_view view = {.read = read_code};
    struct xlat_options options = {.verify = true, .max_insts = insts, .dump = keep_text};
    struct ir_func *f;
    u64 budget = 10000; /* instructions; TRAP_LIMIT then */

    if (!arena.blocks) arena_init(&arena);
    arena_reset(&arena);
    refusal_text[0] = 0;
    enum xlat_status status = xlat_lift(&arena, &options, &view, state->pc, &f);
    if (status == XLAT_NO_CODE)
        return (struct guest_outcome){.end = GUEST_TRAPPED, .reason = TRAP_FETCH};
    if (status != XLAT_OK)
        return (struct guest_outcome){.end = GUEST_REFUSED, .refusal = refusal_text};

    if (sigsetjmp(fault_return, 0)) {
        give_faults_back();
        return (struct guest_outcome){.end = GUEST_FAULTED, .address = fault_address};
    }
    take_faults();
    struct xlat_exit e = xlat_evaluate(f, state, &arena, &budget);
    give_faults_back();
    if (e.reason == TRAP_NONE) return (struct guest_outcome){.end = GUEST_WENT_ON};
    return (struct guest_outcome){.end = GUEST_TRAPPED, .reason = e.reason, .imm = e.imm};
}
