/*
 * One operation by itself: which types, sizes, mods and immediates the comments of the ops table
 * allow. What the signature does not say is in one table of limits and a few functions.
 */
#include "aot/ir/verify.h"

#include "aot/abi/exits.h"
#include "aot/abi/helpers.h"
#include "aot/abi/slots.h"

#define BIT(type) (1u << (type))
#define INTS      (BIT(IR_I32) | BIT(IR_I64))
#define FLOATS    (BIT(IR_F16) | BIT(IR_F32) | BIT(IR_F64))
#define VECTOR    BIT(IR_V128)
#define VALUES    (INTS | FLOATS | VECTOR)

/* --- types
 * ---------------------------------------------------------------------------------------- */

/* Operations whose arguments' types don't follow from the signature and the instruction's type:
 * the types that argument k may have, or 0. */
static unsigned special_types(const struct ir_inst *i, unsigned k)
{
    switch (i->op) {
    case IR_SEXT:
    case IR_ZEXT: return i->esz == 3 ? BIT(IR_I64) : INTS;
    case IR_FLUNPACK:
    case IR_HELPER: return INTS;
    case IR_CRC32: return k == 0 ? BIT(IR_I32) : i->esz == 3 ? BIT(IR_I64) : BIT(IR_I32);
    case IR_FTOI: return i->type == IR_I64 ? BIT(IR_F64) : BIT(IR_F32) | BIT(IR_F16);
    case IR_ITOF: return i->type == IR_V128 ? INTS : i->type == IR_F64 ? BIT(IR_I64) : BIT(IR_I32);
    case IR_FTOV: return i->type == IR_V128 ? FLOATS : BIT(i->type);
    case IR_VSETI: return k == 0 ? VECTOR : i->esz == 3 ? BIT(IR_I64) : INTS;
    case IR_VDUP: return i->esz == 3 ? BIT(IR_I64) : INTS;
    case IR_FCVT:
    case IR_FCVTI: return BIT(IR_F16 + i->esz - 1u);
    case IR_FJCVTZS: return BIT(IR_F64);
    case IR_ICVTF: return i->esz == 3 ? BIT(IR_I64) : BIT(IR_I32);
    default: return 0;
    }
}

bool verify_argument_type(const struct ir_inst *i, unsigned k, unsigned type)
{
    unsigned special = special_types(i, k);
    if (special) return special & BIT(type);
    switch (ir_op_info(i->op)->signature[1 + k]) {
    case 'b':
    case 'B': return type == IR_BOOL;
    case 'f': return type == IR_FLAGS;
    case 'w': return type == IR_I32;
    case 'l':
    case 'L': return type == IR_I64;
    case 'v': return type == IR_V128;
    default: return type == i->type;
    }
}

bool verify_argument_optional(const struct ir_inst *i, unsigned k)
{
    char c = ir_op_info(i->op)->signature[1 + k];
    return c >= 'A' && c <= 'Z';
}

/* Types that the instruction itself may have. */
static unsigned allowed_types(unsigned op)
{
    const char *signature = ir_op_info(op)->signature;
    bool integer = false, general = false, vector_or_float = false;
    switch (op) {
    case IR_NOP: return ~0u;
    case IR_CONST:
    case IR_SELECT:
    case IR_LOAD:
    case IR_STORE: return VALUES;
    case IR_GET:
    case IR_SET: return VALUES | BIT(IR_FLAGS);
    case IR_LOADX:
    case IR_STOREX:
    case IR_CAS: return INTS | VECTOR;
    case IR_HELPER: return BIT(IR_VOID) | BIT(IR_I64);
    case IR_FLFCMP:
    case IR_FRECPX:
    case IR_FCVT:
    case IR_ICVTF:
    case IR_VTOF: return FLOATS;
    case IR_ITOF:
    case IR_FTOV: return FLOATS | VECTOR;
    case IR_LOADACQ:
    case IR_STOREREL:
    case IR_LOADS:
    case IR_RMW:
    case IR_BINT:
    case IR_FLPACK:
    case IR_FTOI:
    case IR_VGET:
    case IR_VGETS:
    case IR_FCVTI: return INTS;
    case IR_TRUNC:
    case IR_CRC32:
    case IR_FJCVTZS: return BIT(IR_I32);
    case IR_FLUNPACK: return BIT(IR_FLAGS) | INTS;
    default: break;
    }
    if (signature[0] == 'v') return VECTOR;
    for (const char *c = signature; *c; c++) {
        integer |= *c == 'i';
        general |= *c == 't';
        vector_or_float |= *c == 'x';
    }
    if (vector_or_float) return FLOATS | VECTOR;
    if (integer || general) return INTS;
    switch (signature[0]) {
    case 'b': return BIT(IR_BOOL);
    case 'f': return BIT(IR_FLAGS);
    case 'l': return BIT(IR_I64);
    default: return BIT(IR_VOID);
    }
}

/* Log2 of a type's bytes, for accesses. */
static unsigned size_of(unsigned type)
{
    static const u8 size[IR_TYPE_COUNT] = {
        [IR_I32] = 2, [IR_I64] = 3, [IR_F16] = 1, [IR_F32] = 2, [IR_F64] = 3, [IR_V128] = 4};
    return size[type];
}

static bool slot_takes(const struct ir_inst *i)
{
    if ((u64)i->imm >= SLOT_COUNT) return false;
    switch (slot_info((unsigned)i->imm)->kind) {
    case SLOT_INT64: return INTS & BIT(i->type);
    case SLOT_INT32: return i->type == IR_I32;
    case SLOT_FLAGS: return i->type == IR_FLAGS;
    default: return (FLOATS | VECTOR) & BIT(i->type);
    }
}

/* --- sizes
 * ---------------------------------------------------------------------------------------- */

static bool size_is_right(const struct ir_inst *i)
{
    unsigned esz = i->esz, flags = ir_op_info(i->op)->flags;
    bool vector = i->type == IR_V128;
    switch (i->op) {
    case IR_BSWAP: return esz >= 1 && esz <= size_of(i->type);
    case IR_CRC32: return esz <= 3;
    case IR_FCVT:
    case IR_FCVTI: return esz >= 1 && esz <= 3;
    case IR_ICVTF: return esz == 2 || esz == 3;
    case IR_LOADX:
    case IR_STOREX:
    case IR_CAS: return vector ? esz == 4 : esz <= size_of(i->type);
    case IR_FCVTL:
    case IR_FCVTN:
    case IR_VSQDMULL:
    case IR_VSQDMULH:
    case IR_VSQRDMULH:
    case IR_VSQRDMLAH:
    case IR_VSQRDMLSH: return esz == 1 || esz == 2;
    case IR_VPMULL: return esz == 0 || esz == 3;
    case IR_VPMUL: return esz == 0;
    case IR_VURECPE:
    case IR_VURSQRTE: return esz == 2;
    case IR_VSXL:
    case IR_VUXL:
    case IR_VSMULL:
    case IR_VUMULL:
    case IR_VXTN:
    case IR_VSQXTN:
    case IR_VUQXTN:
    case IR_VSQXTUN:
    case IR_VSADDLV:
    case IR_VUADDLV:
    case IR_VSADDLP:
    case IR_VUADDLP: return esz <= 2;
    default: break;
    }
    if (flags & IR_FL_SIZED) return esz <= size_of(i->type);
    if (!(flags & IR_FL_LANES)) return esz == 0;
    if (ir_op_info(i->op)->signature[1] != 'x') return esz <= 3;
    return vector ? esz >= 1 && esz <= 3 : esz == 0 || esz == size_of(i->type);
}

/* --- mod and imm
 * ---------------------------------------------------------------------------------- */

static bool rounding_is_right(unsigned mod)
{
    return (mod & 7) <= IR_ROUND_FPCR && mod < 16;
}

static bool mod_is_right(const struct ir_inst *i)
{
    unsigned mod = i->mod, kind = mod & ~(unsigned)IR_EXIT_NZCV_DEAD;
    switch (i->op) {
    case IR_ICMP: return mod <= IR_SGE;
    case IR_COND: return mod <= IR_CC_NV;
    case IR_EXIT: return kind <= IR_EXIT_RETURN;
    case IR_EXITIND: return kind <= IR_EXIT_STEADY;
    case IR_EXITIF: return kind == IR_EXIT_JUMP;
    case IR_TRAP:
    case IR_GUARD: return mod > TRAP_NONE && mod < TRAP_COUNT;
    case IR_FENCE: return mod <= IR_FENCE_ISB;
    case IR_RMW: return mod <= IR_RMW_SWP;
    case IR_LOAD:
    case IR_LOADS:
    case IR_STORE: return mod <= (i->arg[1] ? 3 : 0);
    case IR_SET:
    case IR_CRC32:
    case IR_FLFCMP:
    case IR_VSXL:
    case IR_VUXL:
    case IR_VPMULL:
    case IR_VSQDMULL:
    case IR_FCVTL:
    case IR_FCVTN: return mod <= 1;
    case IR_VSMULL:
    case IR_VUMULL: return mod <= (i->esz == 2 ? 2 : 1);
    case IR_SHA1R: return mod <= 2;
    case IR_FMA:
    case IR_FMLAL:
    case IR_SM3TT:
    case IR_FRINTN: return mod <= 3;
    case IR_FRINT:
    case IR_FCVTI:
    case IR_VFCVTI: return rounding_is_right(mod);
    case IR_ICVTF:
    case IR_VICVTF: return mod == 0 || mod == 8;
    case IR_VREV: return mod > i->esz && mod <= 3;
    case IR_VADDV:
    case IR_VSADDLV:
    case IR_VUADDLV:
    case IR_VSMINV:
    case IR_VSMAXV:
    case IR_VUMINV:
    case IR_VUMAXV: return mod == 3 || mod == 4;
    default: return mod == 0;
    }
}

static bool imm_is_right(const struct ir_inst *i)
{
    u64 imm = (u64)i->imm, width = 8u << (i->esz & 7), lanes = 16u >> (i->esz & 7);
    switch (i->op) {
    case IR_CONST:
        return i->type == IR_F16 ? imm <= 0xffff : i->type != IR_F32 || imm <= UINT32_MAX;
    case IR_VCONST2:
    case IR_GADDR:
    case IR_INSN:
    case IR_FAILED:
    case IR_EXIT:
    case IR_EXITIF:
    case IR_TRAP:
    case IR_LOAD:
    case IR_LOADS:
    case IR_STORE:
    case IR_JUMP:
    case IR_BR: return true;
    case IR_GET:
    case IR_SET: return imm < SLOT_COUNT;
    case IR_EXTR: return imm < 8u << size_of(i->type);
    case IR_FLCONST: return imm < 16;
    case IR_HELPER: return imm < HELPER_COUNT;
    case IR_VGET:
    case IR_VGETS:
    case IR_VSETI:
    case IR_VDUPL: return imm < lanes;
    case IR_VINS: return imm < 256 && (imm & 15) < lanes && imm >> 4 < lanes;
    case IR_VSHLI: return imm < width;
    case IR_VSHRI:
    case IR_VSARI: return imm <= width;
    case IR_VROLI: return imm >= 1 && imm < width;
    case IR_VRSHRI:
    case IR_VRSARI: return imm >= 1 && imm <= width;
    case IR_SM3TT: return imm < 4;
    case IR_VEXT: return imm < 16;
    case IR_FCVTI:
    case IR_VFCVTI:
    case IR_ICVTF:
    case IR_VICVTF: return imm <= 64;
    default: return imm == 0;
    }
}

/* Numbers in arg[] where the operation has no values. */
static bool raw_is_right(const struct ir_inst *i)
{
    unsigned used = ir_op_info(i->op)->args;
    if (i->op == IR_TRAP && i->arg[1] > 0xffff) return false;
    if (i->op == IR_TRAP || i->op == IR_BR || i->op == IR_VCONST2) used = 2;
    for (unsigned k = used; k < 3; k++)
        if (i->arg[k]) return false;
    return true;
}

const char *verify_fields(const struct ir_inst *i)
{
    if (i->op == IR_NOP) return NULL;
    if (i->type >= IR_TYPE_COUNT || !(allowed_types(i->op) & BIT(i->type)))
        return "the operation has no such type";
    if ((i->op == IR_GET || i->op == IR_SET) && !slot_takes(i))
        return "the slot has another type or does not exist";
    if (!size_is_right(i)) return "bad element or access size";
    if (!mod_is_right(i)) return "bad mod";
    if (!imm_is_right(i)) return "immediate out of range";
    if (!raw_is_right(i)) return "number in an argument that the operation does not have";
    return NULL;
}
