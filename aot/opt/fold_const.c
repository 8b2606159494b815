/*
 * Integer operations on constants (fold_const.h): the meaning that ops.h gives them, in the width
 * of the instruction's type.
 */
#include "aot/opt/fold_const.h"

bool fold_const(const struct ir_inst *i, s64 a, s64 b, s64 *result)
{
    unsigned width = i->type == IR_I64 ? 64 : 32, n = (unsigned)b & (width - 1);
    u64 x = (u64)a, y = (u64)b, v;
    if (width == 32 && i->op != IR_ZEXT && i->op != IR_SEXT) x = (u32)x;
    switch (i->op) {
    case IR_ADD: v = x + y; break;
    case IR_SUB: v = x - y; break;
    case IR_MUL: v = x * y; break;
    case IR_NEG: v = -x; break;
    case IR_ABS: v = sign_extend(x, width) < 0 ? -x : x; break;
    case IR_NOT: v = ~x; break;
    case IR_AND: v = x & y; break;
    case IR_OR: v = x | y; break;
    case IR_XOR: v = x ^ y; break;
    case IR_ANDN: v = x & ~y; break;
    case IR_ORN: v = x | ~y; break;
    case IR_SHL: v = x << n; break;
    case IR_SHR: v = x >> n; break;
    case IR_SAR: v = (u64)(sign_extend(x, width) >> n); break;
    case IR_ROR: v = n ? x >> n | x << (width - n) : x; break;
    case IR_SEXT: v = (u64)sign_extend(x, 8u << i->esz); break;
    case IR_ZEXT: v = i->esz >= 3 ? x : bits(x, 0, 8u << i->esz); break;
    case IR_TRUNC: v = (u32)x; break;
    default: return false;
    }
    *result = width == 32 ? (s64)(u32)v : (s64)v;
    return true;
}
