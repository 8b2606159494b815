// Indirect branches as people write them, and as compilers do less often, for
// tests/unit/disc_tables.c. The first label in a row of a table is its target.
	.text
	.type	dense, %function
dense:

// Offsets back from the table, of hand-written vector code: nothing checks the index.
	adr	x5, .Lback
	ldrh	w4, [x5, x4, lsl #1]
	sub	x5, x5, w4, uxth
	br	x5
.Lback0:
	add	x0, x0, #1
.Lback1:
	add	x0, x0, #2
.Lback2:
	ret
	.size	dense, . - dense
	.balign	4
.Lback:
	.hword	-(.Lback0 - .Lback)
	.hword	-(.Lback1 - .Lback)
	.hword	-(.Lback2 - .Lback)
	.balign	4

// Replaced by the last when it is too large.
	.type	clamp, %function
clamp:
	mov	w1, #3
	cmp	w0, #3
	csel	w0, w0, w1, lo
	adr	x2, .Lclamp
	ldrsw	x3, [x2, w0, uxtw #2]
	add	x3, x3, x2
	br	x3
.Lclamp:
	.word	.Lclamp3 - .Lclamp
	.word	.Lclamp2 - .Lclamp
	.word	.Lclamp1 - .Lclamp
	.word	.Lclamp3 - .Lclamp
.Lclamp1:
	nop
.Lclamp2:
	nop
.Lclamp3:
	ret
	.size	clamp, . - clamp

// Compared with a register, from the one side; the code is reached by the branch alone.
	.type	against, %function
against:
	sub	w0, w0, #7
	mov	w9, #3
	cmp	w0, w9
	b.lo	.Lagainst_go
	ret
.Lagainst_go:
	adrp	x1, .Lagainst
	add	x1, x1, :lo12:.Lagainst
	adr	x2, .Lagainst0
	ldrb	w0, [x1, w0, uxtw]
	add	x2, x2, w0, sxtb #2
	br	x2
	nop
.Lagainst0:
	ret
	ret
	ret
.Lagainst2:
	ret
	.size	against, . - against

// A constant on one of two ways.
	.type	joined, %function
joined:
	ldr	w0, [x0, #8]
	cmp	w0, #2
	b.hi	.Ljoined_none
	cbnz	w1, .Ljoined_go
	mov	w0, #1
.Ljoined_go:
	adr	x1, .Ljoined
	ldrsw	x0, [x1, w0, uxtw #2]
	add	x0, x1, x0
	br	x0
.Ljoined:
	.word	.Ljoined_none - .Ljoined
	.word	.Ljoined_a - .Ljoined
	.word	.Ljoined_b - .Ljoined
.Ljoined_a:
	nop
.Ljoined_b:
	nop
.Ljoined_none:
	ret
	.size	joined, . - joined

// Bytes say which entry: what is compared is what was read.
	.type	twice, %function
twice:
	adrp	x1, .Lclasses
	add	x1, x1, :lo12:.Lclasses
	ldrb	w0, [x1, w0, uxtw]
	cmp	w0, #2
	b.hi	.Ltwice_none
	adr	x1, .Ltwice
	ldrsw	x0, [x1, x0, lsl #2]
	add	x0, x1, x0
	br	x0
.Ltwice:
	.word	.Ltwice_a - .Ltwice
	.word	.Ltwice_b - .Ltwice
	.word	.Ltwice_none - .Ltwice
.Ltwice_a:
	nop
.Ltwice_b:
	nop
.Ltwice_none:
	ret
	.size	twice, . - twice

// The base is on the stack, in front of a loop.
	.type	spilled, %function
spilled:
	sub	sp, sp, #32
	adrp	x1, .Lspilled
	add	x1, x1, :lo12:.Lspilled
	stp	x0, x1, [sp, #8]
	b	.Lspilled_next
.Lspilled_a:
	bl	dense
.Lspilled_next:
	ldr	x0, [sp, #8]
	bl	dense
	cmp	w0, #1
	b.hi	.Lspilled_b
	ldr	x1, [sp, #16]
	ldrh	w0, [x1, w0, uxtw #1]
	adr	x1, .Lspilled_base
	add	x0, x1, w0, sxth #2
	br	x0
.Lspilled_base:
	nop
.Lspilled_b:
	add	sp, sp, #32
	ret
	.size	spilled, . - spilled

// The index begins above zero and nothing checks it; the targets are in an unrolled loop.
	.type	offset, %function
offset:
	clz	w3, w3
	adr	x5, .Loffset
	sub	w3, w3, #25
	ldrh	w3, [x5, w3, uxtw #1]
	sub	x5, x5, w3, uxtw
	br	x5
	nop
.Loffset0:
	nop
.Loffset1:
	nop
.Loffset2:
	nop
.Loffset3:
	ret
	.size	offset, . - offset
.Loffset:
	.hword	-(.Loffset0 - .Loffset)
	.hword	-(.Loffset1 - .Loffset)
	.hword	-(.Loffset2 - .Loffset)
	.hword	-(.Loffset3 - .Loffset)

// The index is less a number.
	.type	less, %function
less:
	ldrsh	w3, [x1]
	neg	w0, w3
	sub	w0, w0, #2
	cmp	w0, #1
	b.hi	.Lless_none
	adr	x1, .Lless
	ldrsw	x0, [x1, w0, uxtw #2]
	add	x0, x1, x0
	br	x0
.Lless:
	.word	.Lless_none - .Lless
	.word	.Lless_a - .Lless
.Lless_a:
	nop
.Lless_none:
	ret
	.size	less, . - less

// Pieces of two instructions each: no table.
	.globl	pieces
	.type	pieces, %function
pieces:
	and	x1, x1, #3
	adr	x0, .Lpieces0
	add	x0, x0, x1, lsl #3
	.globl	pieces_branch
pieces_branch:
	br	x0
.Lpieces0:
	mov	w0, #1
	ret
	mov	w0, #2
	ret
	mov	w0, #3
	ret
	mov	w0, #4
	ret
	.size	pieces, . - pieces

// The file ends within the table that the comparison promises.
	.globl	cut
	.type	cut, %function
cut:
	cmp	w0, #8
	b.hi	.Lcut_none
	adr	x1, .Lcut
	ldrsw	x0, [x1, w0, uxtw #2]
	add	x0, x1, x0
	.globl	cut_branch
cut_branch:
	br	x0
.Lcut_none:
	ret
	.size	cut, . - cut

	.section .rodata
.Lagainst:
	.byte	(.Lagainst0 - .Lagainst0) / 4
	.byte	(.Lagainst2 - .Lagainst0) / 4
	.byte	(.Lagainst_go - .Lagainst0) / 4
	.balign	4
.Lspilled:
	.hword	(.Lspilled_a - .Lspilled_base) / 4
	.hword	(.Lspilled_b - .Lspilled_base) / 4
	.balign	4
.Lclasses:
	.byte	0, 1, 2, 3, 0, 1, 2, 3

	.section .text.last, "ax"
.Lcut:
	.word	.Lcut_none - .Lcut
	.word	.Lcut_none - .Lcut
