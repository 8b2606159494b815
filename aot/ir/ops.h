/*
 * The table of IR operations: the one list that the builder, printer, parser, verifier, evaluator
 * and generator share.
 *
 * X(NAME, text, signature, flags)
 *
 * Signature: result, then arguments:
 *   t the instruction's type     i i32 or i64      w i32   l i64   b bool   f flags (NZCV)
 *   v v128                       x f16, f32, f64 or v128            - nothing
 *   an argument in upper case may be absent (IR_NONE)
 * Where result and arguments may differ in type, the comment says so.
 *
 * Flags: FAULT may fault on memory; READ / WRITE touch memory; SIDE has another effect on guest or
 * host state; END ends a block; FP may raise a floating-point exception; COMM commutes;
 * LANES esz is the element size of a vector; SIZED esz is an access or operand size.
 *
 * Fields of struct ir_inst: type, esz (log2 of bytes), mod (small parameter), arg[3], imm.
 *
 * Integers. i32 and i64 wrap. Shift amounts are taken modulo the width. Division by zero gives 0,
 * the most negative by -1 gives the most negative. bool is 0 or 1.
 *
 * Floating point. FPCR's rounding mode and the guest's NaN rules apply; the cumulative flags are
 * raised. Types f16, f32, f64 are scalars; v128 with LANES is element by element. Where the
 * architecture orders operands for NaN propagation, arg[0] comes first.
 * Vectors. Lane 0 is the least significant. A value of type f16, f32 or f64 that becomes a v128 or
 * a vector slot has zeros above.
 */
#ifndef AOT_IR_OPS_H
#define AOT_IR_OPS_H

#define IR_OPS(X)                                                                                  \
    X(NOP, "nop", "-", 0)                                                                          \
    /* Constants. imm; v128: both halves are imm. f types: imm is the bit pattern. */              \
    X(CONST, "const", "t", 0)                                                                      \
    X(VCONST2, "vconst2", "v", 0) /* high half: arg[0] and arg[1] are its low and high 32 bits */  \
    X(GADDR, "gaddr", "l", 0)     /* guest address imm: a constant that moves with its module */   \
    /* State. imm is the slot. Narrower get reads the low bits; narrower set clears the rest. */   \
    X(GET, "get", "t", 0) /* t: i32 i64 f16 f32 f64 v128 flags */                                  \
    X(SET, "set", "-t", SIDE) /* mod 1: its guest instruction doesn't read the slot */             \
    X(INSN, "insn", "-", SIDE) /* a guest instruction at address imm starts here */                \
    /* Integer arithmetic. */                                                                      \
    X(ADD, "add", "tii", COMM)                                                                     \
    X(SUB, "sub", "tii", 0)                                                                        \
    X(ADC, "adc", "tiib", 0) /* a + b + carry */                                                   \
    X(SBC, "sbc", "tiib", 0) /* a + ~b + carry */                                                  \
    X(MUL, "mul", "tii", COMM)                                                                     \
    X(MULHU, "mulhu", "lll", COMM) /* high 64 bits of the 128-bit product */                       \
    X(MULHS, "mulhs", "lll", COMM)                                                                 \
    X(UDIV, "udiv", "tii", 0)                                                                      \
    X(SDIV, "sdiv", "tii", 0)                                                                      \
    X(NEG, "neg", "ti", 0)                                                                         \
    X(ABS, "abs", "ti", 0) /* a, or -a if a is negative */                                         \
    X(NOT, "not", "ti", 0)                                                                         \
    X(AND, "and", "tii", COMM)                                                                     \
    X(OR, "or", "tii", COMM)                                                                       \
    X(XOR, "xor", "tii", COMM)                                                                     \
    X(ANDN, "andn", "tii", 0) /* a & ~b */                                                         \
    X(ORN, "orn", "tii", 0)   /* a | ~b */                                                         \
    X(SHL, "shl", "tii", 0)                                                                        \
    X(SHR, "shr", "tii", 0)                                                                        \
    X(SAR, "sar", "tii", 0)                                                                        \
    X(ROR, "ror", "tii", 0)                                                                        \
    X(EXTR, "extr", "tii", 0) /* (a:b) >> imm, a above b, imm below the width */                   \
    X(CLZ, "clz", "ti", 0)    /* the width for 0 */                                                \
    X(CTZ, "ctz", "ti", 0)    /* trailing zeros, the width for 0 */                                \
    X(CLS, "cls", "ti", 0)    /* leading bits equal to the sign, itself not counted */             \
    X(RBIT, "rbit", "ti", 0)                                                                       \
    X(BSWAP, "bswap", "ti", SIZED) /* bytes reversed in each element of esz: 1, 2 or 3 */          \
    X(SEXT, "sext", "ti", SIZED)   /* low 2^esz bytes of a, sign-extended to type */               \
    X(ZEXT, "zext", "ti", SIZED)   /* zero-extended; argument may be i32 or i64 */                 \
    X(TRUNC, "trunc", "wl", 0)                                                                     \
    X(SELECT, "select", "tbtt", 0)  /* a ? b : c; any type but bool */                             \
    X(CRC32, "crc32", "wwi", SIZED) /* mod 0: CRC-32, 1: CRC-32C; b is l when esz is 3 */          \
    /* Bool and flags. */                                                                          \
    X(ICMP, "icmp", "bii", 0) /* mod: enum ir_cmp; type: the operands' */                          \
    X(BNOT, "bnot", "bb", 0)                                                                       \
    X(BAND, "band", "bbb", COMM)                                                                   \
    X(BOR, "bor", "bbb", COMM)                                                                     \
    X(BINT, "bint", "tb", 0)       /* 0 or 1 as i32 or i64 */                                      \
    X(COND, "cond", "bf", 0)       /* mod: enum ir_cond; true when the flags satisfy it */         \
    X(FLADD, "fladd", "fii", 0)    /* NZCV of a + b; type: the operands' */                        \
    X(FLSUB, "flsub", "fii", 0)    /* NZCV of a - b */                                             \
    X(FLADC, "fladc", "fiib", 0)   /* NZCV of a + b + carry */                                     \
    X(FLSBC, "flsbc", "fiib", 0)   /* NZCV of a + ~b + carry */                                    \
    X(FLLOGIC, "fllogic", "fi", 0) /* N and Z of a, C and V clear */                               \
    X(FLFCMP, "flfcmp", "fxx", FP) /* type: the operands'; mod 1: quiet NaN raises invalid too */  \
    X(FLSELECT, "flselect", "fbff", 0)                                                             \
    X(FLCONST, "flconst", "f", 0)    /* imm: N Z C V as bits 3 to 0 */                             \
    X(FLUNPACK, "flunpack", "fi", 0) /* from bits 31 to 28 of a */                                 \
    X(FLPACK, "flpack", "tf", 0)     /* to bits 31 to 28, others 0 */                              \
    /* Control. Blocks are numbers. */                                                             \
    X(JUMP, "jump", "-", END)        /* to block imm */                                            \
    X(BR, "br", "-b", END)           /* a ? block imm : block target2 (arg[1] as a number) */      \
    X(JUMPIND, "jumpind", "-l", END) /* to the target block (ir.h) at guest address a, or there */ \
    X(EXIT, "exit", "-", END)        /* to guest address imm; mod: enum ir_exit */                 \
    X(EXITIF, "exitif", "-b", SIDE)  /* leaves to guest address imm when a */                      \
    X(EXITIND, "exitind", "-l", END) /* to the guest address in a; mod: enum ir_exit */            \
    X(TRAP, "trap", "-L", END)       /* mod: enum trap_reason, esz unused; imm: the PC reported;   \
                                        arg[1]: 16-bit immediate as a number; a: trap_arg */       \
    X(GUARD, "guard", "-bL", SIDE)   /* leaves when a, at this instruction's PC; mod: enum         \
                                        trap_reason; b: trap_arg */                                \
    X(FAILED, "failed", "-", SIDE)   /* counts that this instruction's call isn't to imm, which        \
                                        was assumed */                                             \
    X(HELPER, "helper", "TIII", SIDE) /* imm: enum helper; type i64, or none for no result */      \
    X(FENCE, "fence", "-", SIDE)      /* mod: enum ir_fence */                                     \
    /* Memory. Address: a + (b << mod) + imm; b may be absent. Access of 2^esz bytes. */           \
    X(LOAD, "load", "tlL", FAULT | READ | SIZED)   /* zero-extends; all types; v128 esz 0 to 4 */  \
    X(LOADS, "loads", "tlL", FAULT | READ | SIZED) /* sign-extends */                              \
    X(STORE, "store", "-lLt", FAULT | WRITE | SIZED) /* c; type: its type; low bytes */            \
    /* Ordered accesses and exclusives: a is the address, aligned or SIGBUS (a guard before). */   \
    X(LOADACQ, "loadacq", "tl", FAULT | READ | SIZED)                                              \
    X(STOREREL, "storerel", "-lt", FAULT | WRITE | SIZED)                                          \
    X(LOADX, "loadx", "tl", FAULT | READ | SIDE | SIZED) /* arms the monitor; v128 esz 4: pair */  \
    X(STOREX, "storex", "wlt", FAULT | WRITE | SIDE | SIZED) /* 0 when stored, else 1 */           \
    X(CLREX, "clrex", "-", SIDE)                                                                   \
    X(CAS, "cas", "tltt", FAULT | READ | WRITE | SIZED) /* b expected, c new; result: old; v128 */ \
    X(RMW, "rmw", "tlt", FAULT | READ | WRITE | SIZED)  /* mod: enum ir_rmw; result: old */        \
    /* Between register files. */                                                                  \
    X(FTOI, "ftoi", "tx", 0)       /* bits of f32 as i32, f64 as i64, f16 as i32 */                \
    X(ITOF, "itof", "ti", 0)       /* bits of a as f16, f32, f64; v128: a zero-extended */         \
    X(VTOF, "vtof", "tv", 0)       /* lane 0 as f16, f32, f64 */                                   \
    X(FTOV, "ftov", "vx", 0)       /* scalar in lane 0, zeros above; type: the scalar's or v128 */ \
    X(VGET, "vget", "tv", LANES)   /* lane imm zero-extended to i32 or i64 */                      \
    X(VGETS, "vgets", "tv", LANES) /* sign-extended */                                             \
    X(VSETI, "vseti", "vvi", LANES) /* a with lane imm replaced by integer b */                    \
    X(VINS, "vins", "vvv", LANES)   /* a with lane (imm & 15) := b's lane (imm >> 4) */            \
    X(VDUP, "vdup", "vi", LANES)    /* integer to all lanes */                                     \
    X(VDUPL, "vdupl", "vv", LANES)  /* lane imm to all lanes */                                    \
    X(VLOW, "vlow", "vv", 0)        /* low 64 bits, zeros above */                                 \
    X(VPAIR, "vpair", "vvv", 0)     /* low halves: a below, b above */                             \
    X(VHIGH, "vhigh", "vv", 0)      /* high half moved down, zeros above */                        \
    /* Vector integer. Element by element unless said otherwise. */                                \
    X(VADD, "vadd", "vvv", LANES | COMM)                                                           \
    X(VSUB, "vsub", "vvv", LANES)                                                                  \
    X(VMUL, "vmul", "vvv", LANES | COMM)                                                           \
    X(VNEG, "vneg", "vv", LANES)                                                                   \
    X(VABS, "vabs", "vv", LANES)                                                                   \
    X(VAND, "vand", "vvv", COMM)                                                                   \
    X(VOR, "vor", "vvv", COMM)                                                                     \
    X(VXOR, "vxor", "vvv", COMM)                                                                   \
    X(VANDN, "vandn", "vvv", 0) /* a & ~b */                                                       \
    X(VORN, "vorn", "vvv", 0)   /* a | ~b */                                                       \
    X(VNOT, "vnot", "vv", 0)                                                                       \
    X(VBSL, "vbsl", "vvvv", 0) /* (a & b) | (~a & c) */                                            \
    X(VORX, "vorx", "vvvv", 0) /* a | (b ^ c) */                                                   \
    X(VSMIN, "vsmin", "vvv", LANES | COMM)                                                         \
    X(VSMAX, "vsmax", "vvv", LANES | COMM)                                                         \
    X(VUMIN, "vumin", "vvv", LANES | COMM)                                                         \
    X(VUMAX, "vumax", "vvv", LANES | COMM)                                                         \
    X(VCMPEQ, "vcmpeq", "vvv", LANES | COMM) /* all ones or zero */                                \
    X(VCMPGTS, "vcmpgts", "vvv", LANES)                                                            \
    X(VCMPGES, "vcmpges", "vvv", LANES)                                                            \
    X(VCMPGTU, "vcmpgtu", "vvv", LANES)                                                            \
    X(VCMPGEU, "vcmpgeu", "vvv", LANES)                                                            \
    X(VTST, "vtst", "vvv", LANES | COMM)                                                           \
    X(VSABD, "vsabd", "vvv", LANES | COMM)                                                         \
    X(VUABD, "vuabd", "vvv", LANES | COMM)                                                         \
    X(VSHADD, "vshadd", "vvv", LANES | COMM)                                                       \
    X(VUHADD, "vuhadd", "vvv", LANES | COMM)                                                       \
    X(VSHSUB, "vshsub", "vvv", LANES)                                                              \
    X(VUHSUB, "vuhsub", "vvv", LANES)                                                              \
    X(VSRHADD, "vsrhadd", "vvv", LANES | COMM)                                                     \
    X(VURHADD, "vurhadd", "vvv", LANES | COMM)                                                     \
    X(VSQADD, "vsqadd", "vvv", LANES | COMM) /* saturating; QC is the lifter's business */         \
    X(VUQADD, "vuqadd", "vvv", LANES | COMM)                                                       \
    X(VSQSUB, "vsqsub", "vvv", LANES)                                                              \
    X(VUQSUB, "vuqsub", "vvv", LANES)                                                              \
    X(VSUQADD, "vsuqadd", "vvv", LANES) /* signed a + unsigned b, signed saturation */             \
    X(VUSQADD, "vusqadd", "vvv", LANES) /* unsigned a + signed b, unsigned saturation */           \
    X(VSHLI, "vshli", "vv", LANES)      /* by imm, 0 to width - 1 */                               \
    X(VSHRI, "vshri", "vv", LANES)      /* unsigned, imm 0 to width (width: 0) */                  \
    X(VSARI, "vsari", "vv", LANES)      /* signed, imm 0 to width (width: sign) */                 \
    X(VROLI, "vroli", "vv", LANES)      /* rotated left by imm, 1 to width - 1 */                  \
    X(VRSHRI, "vrshri", "vv", LANES)    /* rounding, unsigned, imm 1 to width */                   \
    X(VRSARI, "vrsari", "vv", LANES)    /* rounding, signed */                                     \
    X(VSSHL, "vsshl", "vvv", LANES)     /* by the signed low byte of b's element: left or right */ \
    X(VUSHL, "vushl", "vvv", LANES)                                                                \
    /* By b's element; from the width up 0, or the sign. esz 2. */                                 \
    X(VSHLV, "vshlv", "vvv", LANES)                                                                \
    X(VSHRV, "vshrv", "vvv", LANES)                                                                \
    X(VSARV, "vsarv", "vvv", LANES)                                                                \
    X(VSRSHL, "vsrshl", "vvv", LANES)                                                              \
    X(VURSHL, "vurshl", "vvv", LANES)                                                              \
    X(VSQSHL, "vsqshl", "vvv", LANES)                                                              \
    X(VUQSHL, "vuqshl", "vvv", LANES)                                                              \
    X(VSQRSHL, "vsqrshl", "vvv", LANES)                                                            \
    X(VUQRSHL, "vuqrshl", "vvv", LANES)                                                            \
    X(VSQSHLU, "vsqshlu", "vvv", LANES) /* as vsqshl, but unsigned saturation (0 when negative) */ \
    X(VSQNEG, "vsqneg", "vv", LANES)                                                               \
    X(VSQABS, "vsqabs", "vv", LANES)                                                               \
    X(VSQDMULH, "vsqdmulh", "vvv", LANES | COMM) /* high half of 2 * a * b; esz 1 or 2 */          \
    X(VSQRDMULH, "vsqrdmulh", "vvv", LANES | COMM)                                                 \
    X(VSQRDMLAH, "vsqrdmlah", "vvvv", LANES) /* a accumulates b * c */                             \
    X(VSQRDMLSH, "vsqrdmlsh", "vvvv", LANES)                                                       \
    X(VCNT, "vcnt", "vv", 0) /* bits set in each byte */                                           \
    X(VCLZ, "vclz", "vv", LANES)                                                                   \
    X(VCLS, "vcls", "vv", LANES)                                                                   \
    X(VRBIT, "vrbit", "vv", 0)   /* bits of each byte reversed */                                  \
    X(VREV, "vrev", "vv", LANES) /* elements of esz reversed within containers of 2^mod bytes */   \
    /* Widening: esz is the narrow element; mod 0: the low half of the sources, 1: the high. */    \
    X(VSXL, "vsxl", "vv", LANES)                                                                   \
    X(VUXL, "vuxl", "vv", LANES)                                                                   \
    X(VSMULL, "vsmull", "vvv", LANES | COMM) /* mod 2, with esz 2: the even elements */            \
    X(VUMULL, "vumull", "vvv", LANES | COMM) /* likewise */                                        \
    X(VPMULL, "vpmull", "vvv", LANES | COMM) /* polynomial, esz 0 or 3 */                          \
    X(VPMUL, "vpmul", "vvv", LANES | COMM)   /* polynomial, esz 0, low half of the product */      \
    X(VSQDMULL, "vsqdmull", "vvv", LANES | COMM)                                                   \
    /* Narrowing: esz is the narrow element; result in the low half, zeros above. */               \
    X(VXTN, "vxtn", "vv", LANES)                                                                   \
    X(VSQXTN, "vsqxtn", "vv", LANES)                                                               \
    X(VUQXTN, "vuqxtn", "vv", LANES)                                                               \
    X(VSQXTUN, "vsqxtun", "vv", LANES)                                                             \
    /* Permutes of whole vectors. */                                                               \
    X(VZIP1, "vzip1", "vvv", LANES)                                                                \
    X(VZIP2, "vzip2", "vvv", LANES)                                                                \
    X(VUZP1, "vuzp1", "vvv", LANES)                                                                \
    X(VUZP2, "vuzp2", "vvv", LANES)                                                                \
    X(VTRN1, "vtrn1", "vvv", LANES)                                                                \
    X(VTRN2, "vtrn2", "vvv", LANES)                                                                \
    X(VEXT, "vext", "vvv", 0) /* bytes imm to imm + 15 of b:a (b above), imm 0 to 15 */            \
    X(VTBL, "vtbl", "vvv", 0) /* bytes of a at b's low four bits; 0 where its top bit is set */    \
    /* Across lanes. mod: log2 of the vector's bytes, 3 or 4; result in lane 0, zeros above. */    \
    X(VADDV, "vaddv", "vv", LANES)                                                                 \
    X(VSADDLV, "vsaddlv", "vv", LANES) /* result lane is twice as wide */                          \
    X(VUADDLV, "vuaddlv", "vv", LANES)                                                             \
    X(VSMINV, "vsminv", "vv", LANES)                                                               \
    X(VSMAXV, "vsmaxv", "vv", LANES)                                                               \
    X(VUMINV, "vuminv", "vv", LANES)                                                               \
    X(VUMAXV, "vumaxv", "vv", LANES)                                                               \
    X(VSADDLP, "vsaddlp", "vv", LANES) /* adjacent pairs added into twice as wide elements */      \
    X(VUADDLP, "vuaddlp", "vv", LANES)                                                             \
    X(VSDOT, "vsdot", "vvvv", 0) /* a accumulates dot products of 4 bytes each of b and c */       \
    X(VUDOT, "vudot", "vvvv", 0)                                                                   \
    X(VURECPE, "vurecpe", "vv", LANES) /* esz 2 */                                                 \
    X(VURSQRTE, "vursqrte", "vv", LANES)                                                           \
    /* bfloat16, as BFDOT and BFMMLA: rounded to odd, denormals are zeros, no flag is raised. */   \
    X(VBFDOT, "vbfdot", "vvvv", 0)   /* a accumulates products of pairs of b and c */              \
    X(VBFMMLA, "vbfmmla", "vvvv", 0) /* a accumulates b times c transposed */                      \
    /* Floating point, scalar (type f16 f32 f64) or by element (type v128, esz 1 2 3). Every lane  \
       raises its flags. Zeros raise none but in fdiv, frecpe and frsqrte: there a 64-bit form     \
       must put something else into the upper half. */                                             \
    X(FADD, "fadd", "txx", LANES | FP)                                                             \
    X(FSUB, "fsub", "txx", LANES | FP)                                                             \
    X(FMUL, "fmul", "txx", LANES | FP)                                                             \
    X(FDIV, "fdiv", "txx", LANES | FP)                                                             \
    X(FMULX, "fmulx", "txx", LANES | FP)                                                           \
    /* a + b * c, rounded once. mod 1: b negated first (a NaN too), 2: a negated, 3: both. */      \
    X(FMA, "fma", "txxx", LANES | FP)                                                              \
    X(FMIN, "fmin", "txx", LANES | FP)                                                             \
    X(FMAX, "fmax", "txx", LANES | FP)                                                             \
    X(FMINNM, "fminnm", "txx", LANES | FP)                                                         \
    X(FMAXNM, "fmaxnm", "txx", LANES | FP)                                                         \
    X(FNEG, "fneg", "tx", LANES)                                                                   \
    X(FABS, "fabs", "tx", LANES)                                                                   \
    X(FABD, "fabd", "txx", LANES | FP) /* fabs of fsub: clears a NaN's sign as well */             \
    X(FSQRT, "fsqrt", "tx", LANES | FP)                                                            \
    X(FRINT, "frint", "tx", LANES | FP)   /* mod: enum ir_round, | 8: raise inexact */             \
    X(FRINTN, "frintn", "tx", LANES | FP) /* FRINT32/64: mod bit 0: 64, bit 1: Z (else X) */       \
    /* All ones or zero, in the operands' type. Quiet NaNs raise invalid in fcmpgt and fcmpge. */  \
    X(FCMPEQ, "fcmpeq", "txx", LANES | FP)                                                         \
    X(FCMPGT, "fcmpgt", "txx", LANES | FP)                                                         \
    X(FCMPGE, "fcmpge", "txx", LANES | FP)                                                         \
    X(FRECPE, "frecpe", "tx", LANES | FP)                                                          \
    X(FRSQRTE, "frsqrte", "tx", LANES | FP)                                                        \
    X(FRECPX, "frecpx", "tx", FP)            /* scalar only */                                     \
    X(FRECPS, "frecps", "txx", LANES | FP)   /* 2 - a * b, fused; a negated first, a NaN too */    \
    X(FRSQRTS, "frsqrts", "txx", LANES | FP) /* (3 - a * b) / 2, likewise */                       \
    /* Conversions. FCVT: scalar a of type f(esz) to type. */                                      \
    X(FCVT, "fcvt", "tx", FP | SIZED)                                                              \
    X(FCVTL, "fcvtl", "vv", FP | LANES) /* narrow esz; mod 0 low, 1 high half */                   \
    X(FCVTN, "fcvtn", "vv", FP | LANES) /* narrow esz; low half; mod 1: round to odd */            \
    X(BFCVTN, "bfcvtn", "vv", FP)       /* single floats to bfloat16 in the low half */            \
    /* Single floats of a + halves of b and c, fused. mod 1: b negated first; 2: the high halves   \
     */                                                                                            \
    X(FMLAL, "fmlal", "vvvv", FP)                                                                  \
    /* To integers: round by mod & 7 (enum ir_round), mod & 8: unsigned; fixed-point imm bits.     \
       Saturating, NaN gives 0. FCVTI: scalar of type f(esz) to i32 or i64. VFCVTI: same-size      \
       lanes, or a scalar in lane 0 when type is f16, f32, f64. */                                 \
    X(FCVTI, "fcvti", "tx", FP | SIZED)                                                            \
    X(VFCVTI, "vfcvti", "tx", FP | LANES)                                                          \
    X(FJCVTZS, "fjcvtzs", "wx", FP) /* of an f64; Z: the result converted back has a's bits */     \
    /* From integers: mod & 8: unsigned; imm fraction bits; rounded by FPCR. ICVTF: i32 or i64     \
       (esz 2 or 3) to scalar type. VICVTF: same-size lanes (scalar types: lane 0). */             \
    X(ICVTF, "icvtf", "ti", FP | SIZED)                                                            \
    X(VICVTF, "vicvtf", "tx", FP | LANES)                                                          \
    /* Cryptography, as the instructions of the same names define them; arguments: d where it is   \
       read, n, m. A scalar (SHA1H's, SHA1R's n) is in lane 0. */                                  \
    X(AESE, "aese", "vvv", 0)                                                                      \
    X(AESD, "aesd", "vvv", 0)                                                                      \
    X(AESMC, "aesmc", "vv", 0)                                                                     \
    X(AESIMC, "aesimc", "vv", 0)                                                                   \
    X(SHA1H, "sha1h", "vv", 0)                                                                     \
    X(SHA1R, "sha1r", "vvvv", 0) /* mod 0: C, 1: P, 2: M; (d, n, m) */                             \
    X(SHA1SU0, "sha1su0", "vvvv", 0)                                                               \
    X(SHA1SU1, "sha1su1", "vvv", 0)                                                                \
    X(SHA256H, "sha256h", "vvvv", 0)                                                               \
    X(SHA256H2, "sha256h2", "vvvv", 0)                                                             \
    X(SHA256SU0, "sha256su0", "vvv", 0)                                                            \
    X(SHA256SU1, "sha256su1", "vvvv", 0)                                                           \
    X(SM3SS1, "sm3ss1", "vvvv", 0) /* (n, m, a) */                                                 \
    X(SM3TT, "sm3tt", "vvvv", 0)   /* mod 0 to 3: TT1A, TT1B, TT2A, TT2B; imm: m's word */         \
    X(SM3PARTW1, "sm3partw1", "vvvv", 0)                                                           \
    X(SM3PARTW2, "sm3partw2", "vvvv", 0)                                                           \
    X(SM4E, "sm4e", "vvv", 0)                                                                      \
    X(SM4EKEY, "sm4ekey", "vvv", 0)

#endif
