/*
 * The translating engine's inside: code memory, regions, lookup, links.
 *
 * Code lives in arenas: shared memory mapped twice, written through one alias and run through the
 * other, with private data beside it (cells, side tables, region records). Everything that is in an
 * arena stays where it is until all of it goes. A fork seals the arenas of both sides, since the
 * code pages are shared: each opens new ones when it translates again.
 *
 * Locks: LOCK_CODE (code_lock) guards all tables here. Translating itself needs no lock: each
 * thread has a translator of its own, and publishes its result if no invalidation came in between.
 */
#ifndef RT_JIT_JIT_H
#define RT_JIT_JIT_H

#include "aot/abi/sidepack.h"
#include "aot/abi/state.h"
#include "aot/abi/translation.h"
#include "aot/base/arena.h"
#include "rt/engine.h"
#include "rt/lock.h"

#include <setjmp.h>

/* Doors of engine_enter beyond enum leave_door; enter.S has the same numbers. */
enum { DOOR_ATTENTION = 4, DOOR_RECOVERED = 5, DOOR_RETURNED = 6 };

/* A cell as it lies in memory: the generator's 8-byte word, and its stub to fall back to. */
struct cell_slot {
    void *target;
    void *stub;
};

/* A cell that leads to a region: reset when the region goes. */
struct incoming {
    struct incoming *next;
    void **cell;    /* the first word of a struct cell_slot, or an inline cache */
    bool is_record; /* it is one, and holds the region, which begins as a jump_cache_entry does */
};

/* What inline caches hold that lead nowhere yet: a record for an address that no code is at, where
 * nevertheless some program may branch to. */
extern struct jump_cache_entry code_no_record;

/* What one translation of a region needs that another of the same address doesn't. */
enum region_mode {
    MODE_FPCR = 1,         /* FPCR asks for what the host's units can't do: arithmetic by helper */
    MODE_FLUSH = 16,       /* FPCR asks for flushing alone: what would be flushed traps */
    MODE_FP_SITE = 2,      /* the host's units trap too often here: the same */
    MODE_UNTAG_SITE = 4,   /* tagged addresses are used here: they lose their tags first */
    MODE_FP_NEAR_SITE = 8, /* results near the smallest normal number: exact tests for it */
};

#define MODES_OF_FPCR (MODE_FPCR | MODE_FLUSH)

struct region {
    u64 pc;
    u8 *code; /* runnable alias */
    u32 code_size;
    u32 side_size;
    const u8 *side;
    struct region *next; /* in its chain of the lookup table */
    struct incoming *incoming;
    struct guest_range range;
    u8 mode;             /* bits of enum region_mode */
    bool dead;           /* invalidated: never entered again */
    bool image;          /* its code and side table are an image's; code_size is not known */
    bool warm;           /* function-shaped */
    s32 heat;            /* to come until it is warm (gen_options.heat): counted down by all threads
                            at once, so that some may be lost */
    struct region *also; /* the same code's next entry: they die together */
    struct region *first; /* of them; NULL: this one */
    u16 traps;            /* weight of what the evaluator had to finish: invalid operations, tags */
};

/* Bytes of translated code's stack and of the guard page below: 8 bytes for each call that hasn't
 * returned. */
#define STACK_SIZE (256u << 10)
#define GUARD_SIZE 4096u

/* Safepoints near where a thread that is stepped to one is in an image. */
struct near_safepoints {
    u64 text; /* of the image: host address */
    struct side_safepoints in;
};

/* Per thread: t->engine. */
struct jit_thread {
    struct arena arena;          /* the translator's */
    u8 *stack;                   /* translated code's, with a guard page below */
    void **last_frame;           /* its end: the return address below which there is none */
    bool stepping;               /* the processor steps to the next safepoint */
    struct near_safepoints near; /* while it steps */
    u32 outside;                 /* 1 while run() isn't on the stack: no address of code is held */
    u32 generation;              /* of code memory: nothing older is held */

    /* What recovery found, for run(). */
    struct engine_exit exit;
    bool finish; /* the instruction at state.pc is to be evaluated: invalid operation, tag, a helper
                    for strings */
    bool again;  /* likewise, and what it does counts: in a widened loop (aot/opt/widen.c) the fault
                    may be another instruction's, which will have it again */
    u64 at_pc;   /* the region it happened in */
    u8 at_mode;

    u8 asked_for; /* enum missed_kind: what led to the address that is translated now */
    u8 fpcr_mode; /* of MODES_OF_FPCR: what jump cache and lookup table were chosen for */

    bool evaluating; /* a fault now is the evaluator's */
    sigjmp_buf fault_out;
};

static inline struct jit_thread *jit_of(struct thread *t);

extern struct lock code_lock;

/* --- enter.S ------------------------------------------------------------------------------------
 */

struct left {
    u64 rax, rcx;
};
struct left engine_enter(struct guest_state *state, void *code, const u32 *attention);

/* The same for a guest function, whose return leaves by DOOR_RETURNED, left.rcx the guest address
 * that it is to. MXCSR is to be the guest's, and still is behind that door. */
struct left engine_call(struct guest_state *state, void *code, const u32 *attention);
extern const char engine_enter_window[], engine_enter_end[], engine_leave_recovered[];
extern const char engine_leave_link[], engine_leave_indirect[], engine_leave_trap[],
    engine_leave_warm[];
extern const char engine_return_last[]; /* the last return address of translated code's stack */

/* For enter.S, at a stub of a native library: calls the host's function; what is to be 0 for the
 * guest to go on behind the call, or NULL: it is no stub. */
const u32 *engine_native(struct guest_state *s);

/* --- code.c: memory and tables
 * -------------------------------------------------------------------- */

/* The live region at pc in that mode, or NULL. Takes the lock if the lookup table hasn't got it. */
struct region *code_find(u64 pc, u8 mode);

/* A region that stands for the entry of an image at pc, from now on found by code_find; NULL: there
 * is none, or no memory. Takes the lock. */
struct region *code_from_image(u64 pc);

/* True when a region at pc is known at a glance: for code_view.is_entry. A guest thread, or the
 * compiler thread between these two: it keeps memory from being given back. */
bool code_is_entry(void *context, u64 pc);
void code_begin_looking(void);
void code_end_looking(void);

/* True when there is a function-shaped region at pc. Takes the lock. */
bool code_is_warm(u64 pc);

/* The heat of a region that nothing has happened to. */
s32 code_first_heat(void);

/* The region at pc has no function-shaped one now, and is to have `heat` again. Takes the lock. */
void code_set_heat(u64 pc, s32 heat);

/* How often code memory has changed so far: before a translation is begun. */
struct code_stamp {
    u32 epoch;     /* invalidations */
    u32 published; /* regions */
};
struct code_stamp code_stamp(void);

/*
 * Copies a translation into code memory and enters it into the tables, unless there was an
 * invalidation since `since`. If another thread has published one for the same address and mode in
 * between, that one is returned. NULL: an invalidation, or no memory (then everything was flushed).
 * Takes the lock.
 */
struct region *code_publish(const struct translation *tr, u8 mode, struct code_stamp since);

/*
 * The same for a function-shaped translation, which takes the place of what is there for each of
 * its entries. NULL: an invalidation, no memory, or a part of it wants a mode of its own.
 */
struct region *code_publish_warm(const struct translation *tr, struct code_stamp since);

/* Gives the thread the table behind its jump cache that goes with its mode. */
void code_choose_lookup(struct guest_state *s, u8 mode);

/* The region whose code holds host address ip, dead ones included; NULL: none. Lock-free, for
 * signal handlers. */
struct region *code_region_at(u64 ip);

/* Makes the cell lead to the region, if both still live. Takes the lock. */
void code_link(struct cell_slot *cell, struct region *to);

/* The same of an inline cache. */
void code_link_record(void **cell, struct region *to);

/* Regions that overlap [start, end) die, links to them too; true: there were some. */
bool code_invalidate(u64 start, u64 end);

/* The region dies, and its address has the site mode (MODE_..._SITE) from now on. */
void code_supersede(struct region *r, u8 site);

/* The site modes of pc, or of an address that is taken for it. */
u8 code_site_mode(u64 pc);

/* See engine.h's image_evict. */
bool code_evict_images(u64 start, u64 end);

/* Code memory is full: everything dies, and is given back when no thread can be in it any more. */
void code_flush(void);

/* The calling thread holds no address of code at the moment: gives retired memory back when that
 * is true of all threads. */
void code_acknowledge(struct jit_thread *j);

void code_before_fork(void);
void code_after_fork(bool child);

/* --- recover.c: out of the middle
 * ----------------------------------------------------------------- */

bool jit_fault(struct thread *t, int sig, siginfo_t *info, ucontext_t *uc);
void jit_interrupt(struct thread *t, ucontext_t *uc);

/* --- warm.c: function-shaped regions for what is warm
 * ------------------------------------------------- */

/*
 * A region's count has run out at r's address, on a guest thread whose arena that is: r, or the
 * function-shaped region in its place. That is made by the compiler thread, or here if there can be
 * none.
 */
struct region *warm_region(struct arena *arena, struct region *r);

/* --- engine.c
 * --------------------------------------------------------------------------------------- */

/* Every thread purges what it keeps of code addresses at its next safepoint. */
void jit_kick_all(void);

#include "rt/thread.h"

static inline struct jit_thread *jit_of(struct thread *t)
{
    return t->engine;
}

#endif
