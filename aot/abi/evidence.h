/*
 * By what evidence an address is known to be code. Every region of an image remembers it.
 */
#ifndef AOT_ABI_EVIDENCE_H
#define AOT_ABI_EVIDENCE_H

/* X(NAME, text): strongest first; of several for one address the first counts. */
#define EVIDENCE_KINDS(X)                                                                          \
    X(ENTRY, "entry point")                                                                        \
    X(SYMBOL, "symbol")                                                                            \
    X(DWARF, "debug information")                                                                  \
    X(FRAME, "unwind table")                                                                       \
    X(LANDING_PAD, "landing pad")                                                                  \
    X(INIT, "initialiser")                                                                         \
    X(RELOC, "relocation")                                                                         \
    X(PLT, "procedure linkage table")                                                              \
    X(CALL, "called")                                                                              \
    X(BRANCH, "branched to")                                                                       \
    X(RETURN, "return point")                                                                      \
    X(TABLE, "jump table")                                                                         \
    X(ADDRESS, "address taken")                                                                    \
    X(MISS, "missed by a run")

enum evidence {
#define X(name, text) EVIDENCE_##name,
    EVIDENCE_KINDS(X)
#undef X
        EVIDENCE_COUNT
};

#endif
