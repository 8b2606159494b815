/*
 * Thread structs, their list, and the counted objects that hang from them.
 */
#include "rt/thread.h"

#include "rt/kernel.h"
#include "rt/translate.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct lock thread_lock;
static struct thread *threads;

/* With the jump cache, which is in front of its state. */
#define THREAD_BYTES (JUMP_CACHE_BYTES + ALIGN_UP(sizeof(struct thread), (size_t)4096))

_Static_assert(offsetof(struct thread, state) == 0, "the jump cache is in front of the thread");

/* A counted object: shared (one more) or a copy with a count of its own. The count comes first. */
static void *share_or_copy(void *object, size_t size, bool share)
{
    u32 *count = object;

    if (!share) {
        count = malloc(size);
        if (count == NULL) return NULL;
        memcpy(count, object, size);
        *count = 0;
    }
    __atomic_add_fetch(count, 1, __ATOMIC_ACQ_REL);
    return count;
}

static void drop(void *object)
{
    if (object != NULL && __atomic_sub_fetch((u32 *)object, 1, __ATOMIC_ACQ_REL) == 0) free(object);
}

static bool take_objects(struct thread *t, struct thread *like, u64 flags)
{
    bool share_process = (flags & CLONE_THREAD) != 0;

    t->process = share_or_copy(like->process, sizeof(*t->process), share_process);
    t->sighand = share_or_copy(like->sighand, sizeof(*t->sighand), (flags & CLONE_SIGHAND) != 0);
    t->fs = share_or_copy(like->fs, sizeof(*t->fs), (flags & CLONE_FS) != 0);
    t->files = share_or_copy(like->files, sizeof(*t->files), (flags & CLONE_FILES) != 0);
    if (t->process == NULL || t->sighand == NULL || t->fs == NULL || t->files == NULL) return false;
    if ((flags & CLONE_SIGHAND) == 0) lock_reset(&t->sighand->lock);
    return true;
}

static bool make_objects(struct thread *t)
{
    t->process = calloc(1, sizeof(*t->process));
    t->sighand = calloc(1, sizeof(*t->sighand));
    t->fs = calloc(1, sizeof(*t->fs));
    t->files = calloc(1, sizeof(*t->files));
    if (t->process == NULL || t->sighand == NULL || t->fs == NULL || t->files == NULL) return false;
    t->process->count = t->sighand->count = t->fs->count = t->files->count = 1;
    t->process->pid = getpid();
    for (unsigned i = 0; i < HIDDEN_COUNT; i++) t->files->hidden[i] = -1;
    return true;
}

static void link_thread(struct thread *t)
{
    lock_take(&thread_lock);
    t->next = threads;
    if (threads != NULL) threads->prev = t;
    threads = t;
    lock_drop(&thread_lock);
}

static void unlink_thread(struct thread *t)
{
    lock_take(&thread_lock);
    if (t->prev != NULL)
        t->prev->next = t->next;
    else if (threads == t)
        threads = t->next;
    if (t->next != NULL) t->next->prev = t->prev;
    t->next = t->prev = NULL;
    lock_drop(&thread_lock);
}

struct thread *thread_new(struct thread *like, u64 flags)
{
    u8 *place = mmap(NULL, THREAD_BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    struct thread *t = (void *)(place + JUMP_CACHE_BYTES);

    if (place == MAP_FAILED) return NULL;
    if (like != NULL) {
        memcpy(&t->state, &like->state, sizeof(t->state));
        t->state.in_translated = 0;
        t->state.excl_size = 0;
        t->sigmask = like->sigmask;
    } else {
        translate_state_init(&t->state);
    }
    if (!(like != NULL ? take_objects(t, like, flags) : make_objects(t)) ||
        !engine->thread_init(t)) {
        thread_free(t);
        return NULL;
    }
    link_thread(t);
    return t;
}

bool thread_unshare(struct thread *t, u64 flags)
{
    struct fs *fs = NULL;
    struct files *files = NULL;

    if ((flags & (CLONE_FS | CLONE_NEWNS | CLONE_NEWUSER)) != 0) { /* they imply CLONE_FS */
        fs = share_or_copy(t->fs, sizeof(*fs), false);
        if (fs == NULL) return false;
        drop(t->fs);
        t->fs = fs;
    }
    if ((flags & CLONE_FILES) != 0) {
        files = share_or_copy(t->files, sizeof(*files), false);
        if (files == NULL) return false;
        drop(t->files);
        t->files = files;
    }
    return true;
}

void thread_free(struct thread *t)
{
    unlink_thread(t);
    if (t->engine != NULL) engine->thread_exit(t);
    drop(t->process);
    drop(t->sighand);
    drop(t->fs);
    drop(t->files);
    if (t->exec_block != NULL) munmap(t->exec_block, t->exec_size);
    signal_stack_free(t);
    munmap((u8 *)t - JUMP_CACHE_BYTES, THREAD_BYTES);
}

void thread_each(void (*visit)(struct thread *t, void *context), void *context)
{
    lock_take(&thread_lock);
    for (struct thread *t = threads; t != NULL; t = t->next) visit(t, context);
    lock_drop(&thread_lock);
}

void thread_after_fork(struct thread *t)
{
    threads = t;
    t->next = t->prev = NULL;
    t->process->count = t->sighand->count = t->fs->count = t->files->count = 1;
    t->process->pid = getpid();
    t->process->borrowed = false;
    t->tid = t->process->pid;
}
