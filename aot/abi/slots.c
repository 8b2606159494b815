/*
 * The slot table: names, kinds and offsets of slots.h.
 */
#include "aot/abi/slots.h"

#include "aot/abi/state.h"

#include <string.h>

#define OFF(field) ((u16)offsetof(struct guest_state, field))
#define X(n)       [SLOT_X0 + n] = {"x" #n, SLOT_INT64, OFF(x[n])}
#define V(n)       [SLOT_V0 + n] = {"v" #n, SLOT_VEC128, OFF(v[n])}

const struct slot_info slot_table[SLOT_COUNT] = {
    X(0),
    X(1),
    X(2),
    X(3),
    X(4),
    X(5),
    X(6),
    X(7),
    X(8),
    X(9),
    X(10),
    X(11),
    X(12),
    X(13),
    X(14),
    X(15),
    X(16),
    X(17),
    X(18),
    X(19),
    X(20),
    X(21),
    X(22),
    X(23),
    X(24),
    X(25),
    X(26),
    X(27),
    X(28),
    X(29),
    X(30),
    [SLOT_SP] = {"sp", SLOT_INT64, OFF(sp)},
    V(0),
    V(1),
    V(2),
    V(3),
    V(4),
    V(5),
    V(6),
    V(7),
    V(8),
    V(9),
    V(10),
    V(11),
    V(12),
    V(13),
    V(14),
    V(15),
    V(16),
    V(17),
    V(18),
    V(19),
    V(20),
    V(21),
    V(22),
    V(23),
    V(24),
    V(25),
    V(26),
    V(27),
    V(28),
    V(29),
    V(30),
    V(31),
    [SLOT_NZCV] = {"nzcv", SLOT_FLAGS, OFF(nzcv)},
    [SLOT_QC] = {"qc", SLOT_VEC128, OFF(qc)},
    [SLOT_TPIDR] = {"tpidr", SLOT_INT64, OFF(tpidr)},
    [SLOT_FPCR] = {"fpcr", SLOT_INT32, OFF(fpcr)},
    [SLOT_FPSR] = {"fpsr", SLOT_INT32, OFF(fpsr)},
    [SLOT_PSTATE] = {"pstate", SLOT_INT32, OFF(pstate)},
    [SLOT_ALIASED] = {"aliased", SLOT_INT32, OFF(aliased)},
};

int slot_by_name(const char *name)
{
    for (int i = 0; i < SLOT_COUNT; i++)
        if (!strcmp(slot_table[i].name, name)) return i;
    return -1;
}
