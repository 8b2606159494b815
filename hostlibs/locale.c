/*
 * LC_CTYPE: native code has the guest's, which says what bytes of text mean (libcurl takes names of
 * hosts in it), or C.UTF-8 where the host has no such one and the guest's is of these codes. A
 * guest that leaves the C locale opens files with locales; what it has made of them is asked for by
 * the next call of a library. Numbers, times and messages stay as in the C locale.
 */
#include "hostlibs/hostlibs.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>

bool locale_is_due;

void locale_opened(void)
{
    __atomic_store_n(&locale_is_due, true, __ATOMIC_RELEASE);
}

/* What the guest's function says, of that and nothing else. */
static const char *ask(struct guest_state *s, const char *function, u64 what)
{
    const u64 arguments[2] = {what, 0};
    u64 at = policy_guest_function(function);

    return at != 0 ? (const char *)guest_call(s, at, arguments, ARRAY_SIZE(arguments), NULL) : NULL;
}

/* Numbers of categories and items are the same on both sides. */
void locale_follow(struct guest_state *s, const struct native_function *f)
{
    const char *name, *codes;

    if (strcmp(f->name.library, HEAP_SONAME) == 0) return; /* setlocale may be at work */
    if (!__atomic_exchange_n(&locale_is_due, false, __ATOMIC_ACQ_REL)) return;
    name = ask(s, "setlocale", LC_CTYPE);
    if (name == NULL || setlocale(LC_CTYPE, name) != NULL) return;
    codes = ask(s, "nl_langinfo", CODESET);
    if (codes != NULL && strcmp(codes, "UTF-8") == 0 && setlocale(LC_CTYPE, "C.UTF-8") != NULL)
        return;
    native_log("the host has no locale %s: native code stays in %s", name,
               setlocale(LC_CTYPE, NULL));
}
