/*
 * The table of operations and the types' names.
 */
#include "aot/ir/ir.h"

#define FAULT IR_FL_FAULT
#define READ  IR_FL_READ
#define WRITE IR_FL_WRITE
#define SIDE  IR_FL_SIDE
#define END   IR_FL_END
#define FP    IR_FL_FP
#define COMM  IR_FL_COMM
#define LANES IR_FL_LANES
#define SIZED IR_FL_SIZED

#define X(op, text, types, flags)                                                                  \
    _Static_assert(sizeof(text) <= sizeof(ir_op_table->name) &&                                    \
                       sizeof(types) <= sizeof(ir_op_table->signature),                            \
                   "no room for " text);
IR_OPS(X)
#undef X

const struct ir_op_info ir_op_table[IR_OP_COUNT] = {
#define X(name, text, signature, flags)                                                            \
    [IR_##name] = {text, signature, sizeof(signature) - 2, flags},
    IR_OPS(X)
#undef X
};

const u8 ir_op_args[IR_OP_COUNT] = {
#define X(name, text, signature, flags) [IR_##name] = sizeof(signature) - 2,
    IR_OPS(X)
#undef X
};

#define IS(a, b) (IR_##a == IR_##b)

const u8 ir_op_kind[IR_OP_COUNT] = {
#define X(name, text, signature, flags)                                                            \
    [IR_##name] = IS(name, NOP) || IS(name, INSN)       ? IR_KIND_NOTHING                          \
                  : IS(name, GET)                       ? IR_KIND_GET                              \
                  : IS(name, SET)                       ? IR_KIND_SET                              \
                  : IS(name, EXITIF)                    ? IR_KIND_EXIT_IF                          \
                  : IS(name, GUARD) || IS(name, HELPER) ? IR_KIND_POINT                            \
                  : (flags) & (FAULT | FP)              ? IR_KIND_POINT                            \
                  : (flags)&END                         ? IR_KIND_END                              \
                  : (flags)&SIDE                        ? IR_KIND_OTHER                            \
                                                        : IR_KIND_VALUE,
    IR_OPS(X)
#undef X
};

const char *ir_type_name(unsigned type)
{
    static const char *const names[IR_TYPE_COUNT] = {"void", "bool", "flags", "i32", "i64",
                                                     "f16",  "f32",  "f64",   "v128"};
    return type < IR_TYPE_COUNT ? names[type] : "?";
}
