/*
 * Table of A64 instructions that are one IR operation and that Unicorn doesn't know: bfloat16.
 *
 * Fields: struct fp_row. Words from GNU as.
 */
#include "tests/fp/diff.h"

const struct fp_row fp_rows_bf16[] = {
    {0x0ea16820, "bfcvtn v0.4h, v1.4s", IR_BFCVTN, IR_V128, 2, 0, 0, "vn"},
    {0x6e42fc20, "bfdot v0.4s, v1.8h, v2.8h", IR_VBFDOT, IR_V128, 1, 0, 0, "vdnm"},
    {0x6e42ec20, "bfmmla v0.4s, v1.8h, v2.8h", IR_VBFMMLA, IR_V128, 1, 0, 0, "vdnm"},
};

const unsigned fp_rows_bf16_count = ARRAY_SIZE(fp_rows_bf16);
