/*
 * Private to aot/x64: a row of vecops.h as the encoder reads it.
 */
#ifndef AOT_X64_VECINFO_H
#define AOT_X64_VECINFO_H

#include "aot/x64/x64.h"

/* The kind column. */
enum x64_vec_kind {
    X64_KIND_RM,
    X64_KIND_NDS,
    X64_KIND_NDSL,
    X64_KIND_MR,
    X64_KIND_SHI,
    X64_KIND_RMI,
    X64_KIND_NDSI,
    X64_KIND_MRI,
    X64_KIND_IS4,
};

enum {
    X64_VEC_W_LEGACY = 1,     /* REX.W in the legacy form */
    X64_VEC_W_VEX = 2,        /* VEX.W in the VEX form */
    X64_VEC_COMM = 4,         /* sources may be swapped */
    X64_VEC_VEX_ONLY = 8,     /* no legacy form */
    X64_VEC_LEGACY_ONLY = 16, /* no VEX form */
    X64_VEC_MEM = 32,         /* ModRM.rm may be memory */
    X64_VEC_MEM_ONLY = 64,    /* and nothing else */
    X64_VEC_RM_GP = 128,      /* ModRM.rm may be a general register */
    X64_VEC_EVEX_ONLY = 256,  /* its VEX form is an EVEX one */
    X64_VEC_EVEX = 512,       /* there is an EVEX form */
    X64_VEC_W_EVEX = 1024,    /* EVEX.W in that */
};

struct x64_vec_info {
    u16 opcode; /* X64_OPCODE */
    u8 kind;    /* enum x64_vec_kind */
    u8 ext;     /* ModRM.reg of X64_KIND_SHI */
    u16 flags;
    u8 bytes; /* binary logarithm of the size of memory, by which EVEX scales a short displacement
               */
};

extern const struct x64_vec_info x64_vec_infos[X64_N_VEC];

#endif
