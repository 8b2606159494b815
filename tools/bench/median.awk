# What the reports share: the median of v[id, m, 1] to v[id, m, n]; 0 if there are none. (Elements go to
# functions with + 0: gawk 5.2.1 frees one twice that had no value yet.)
function median(v, n, id, m,   i, j, t, s) {
    if (!n) return 0
    for (i = 1; i <= n; i++) s[i] = v[id, m, i] + 0
    for (i = 2; i <= n; i++) for (j = i; j > 1 && s[j - 1] > s[j]; j--) { t = s[j]; s[j] = s[j - 1]; s[j - 1] = t }
    return n % 2 ? s[(n + 1) / 2] : (s[n / 2] + s[n / 2 + 1]) / 2
}
