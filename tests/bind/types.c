/* The library of types.h: names alone, since what is bound is told from the header and debug
 * information, and nothing here is called. */
#define F(name) \
    void name(void) {}

F(a_nothing) F(a_bool) F(a_char) F(a_schar) F(a_uchar) F(a_short) F(a_ushort) F(a_int)
F(a_unsigned) F(a_long) F(a_ulong) F(a_float) F(a_double) F(a_wchar) F(a_pointer) F(a_array)
F(a_old) F(a_noreturn) F(a_enum) F(a_different_enum) F(v_short) F(v_long) F(s_pair) F(s_nested)
F(s_bits) F(s_packed) F(s_aligned) F(s_vectors) F(s_big) F(s_union) F(s_empty) F(p_list)
F(p_differs) F(p_leads) F(p_unknown) F(p_flexible) F(p_stat) F(p_file) F(p_jump) F(x_long)
F(x_long_pointer) F(x_list) F(x_variadic) F(x_words) F(x_complex) F(x_complex_pointer) F(x_wide)
F(x_many) F(f_callback) F(f_record) F(f_const_record) F(f_deep) F(f_deep_accepted)
F(f_deep_type) F(f_itself) F(f_value) F(f_result) F(f_result_accepted) F(f_out) F(f_any)
F(f_any_accepted) F(f_any_words) F(f_variadic) F(f_higher) F(f_filled) F(f_opaque) F(f_union)
F(f_deep_double) F(f_out_double) F(f_higher_double) F(f_format) F(f_list)
F(n_macro) F(n_target) F(n_defined) F(n_refused) F(n_prefixed_one) F(n_undeclared)
F(n_guest_only) F(n_host_only) F(n_old) F(n_new)

__asm__(".symver n_old, n_more@TYPES_1");
__asm__(".symver n_new, n_more@@TYPES_2");

#ifdef __aarch64__
F(n_not_in_host)
#endif

const char d_text[6] = "hello";
extern const char d_alias[6] __attribute__((alias("d_text")));
const char *const d_table[2] = {d_text, d_text};
int d_variable = 1;
__thread int d_thread;
