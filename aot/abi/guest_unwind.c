/* The tables have one common entry and one description: the rules are all that differs. */
#include "aot/abi/guest_unwind.h"

#include <string.h>

#define PC_RELATIVE   0x1b /* DW_EH_PE_pcrel | DW_EH_PE_sdata4 */
#define DATA_RELATIVE 0x3b /* DW_EH_PE_datarel | DW_EH_PE_sdata4 */
#define UNSIGNED_4    0x03 /* DW_EH_PE_udata4 */

/* DWARF's numbers of registers (AADWARF64, section 4.1). */
enum { FRAME_POINTER = 29, LINK_REGISTER = 30, STACK_POINTER = 31 };

#define DEF_CFA     0x0c /* register, offset */
#define OFFSET(reg) (0x80 | (reg))

/* Filled with DW_CFA_nop, which is 0. */
static const u8 rules[][7] = {
    [GUEST_FRAME_NONE] = {DEF_CFA, STACK_POINTER, 0},
    [GUEST_FRAME_RECORD] = {DEF_CFA, FRAME_POINTER, 16, OFFSET(FRAME_POINTER), 2,
                            OFFSET(LINK_REGISTER), 1},
};

void guest_unwind_make(struct guest_unwind *u, s64 code, u32 size, enum guest_frame frame)
{
    *u = (struct guest_unwind){
        .version = 1,
        .frame_encoding = PC_RELATIVE,
        .count_encoding = UNSIGNED_4,
        .table_encoding = DATA_RELATIVE,
        .frame = offsetof(struct guest_unwind, common) - offsetof(struct guest_unwind, frame),
        .count = 1,
        .code = (s32)code,
        .description = offsetof(struct guest_unwind, one),
        .common = {.length = sizeof(u->common) - sizeof(u->common.length),
                   .version = 1,
                   .augmentation = "zR",
                   .code_factor = 4,
                   .data_factor = 0x78, /* -8 */
                   .link_register = LINK_REGISTER,
                   .augmentation_size = 1,
                   .encoding = PC_RELATIVE},
        .one = {.length = sizeof(u->one) - sizeof(u->one.length),
                .common = offsetof(struct guest_unwind, one.common) -
                          offsetof(struct guest_unwind, common),
                .code = (s32)(code - (s64)offsetof(struct guest_unwind, one.code)),
                .size = size}};
    memcpy(u->one.rule, rules[frame], sizeof(u->one.rule));
}
