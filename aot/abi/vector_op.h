/*
 * The helper IR_OP: one entry for every IR operation on vectors and floating point that a host has
 * no short form for.
 *
 * Generated code stores the operands to vscratch[0..2], calls HELPER_IR_OP(state, descriptor, imm)
 * and reads the result from vscratch[0]. Integer operands and results use the low bytes.
 * The descriptor is op | type << 8 | esz << 16 | mod << 24, as in struct ir_inst.
 */
#ifndef AOT_ABI_VECTOR_OP_H
#define AOT_ABI_VECTOR_OP_H

#include "aot/base/types.h"

static inline u32 vector_op_descriptor(u8 op, u8 type, u8 esz, u8 mod)
{
    return op | (u32)type << 8 | (u32)esz << 16 | (u32)mod << 24;
}

#endif
