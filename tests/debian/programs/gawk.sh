# gawk: numbers, strings, arrays, regular expressions, pipes.
# small
gawk 'BEGIN { for (i = 0; i < 2000; i++) { x = (x * 1103515245 + 12345) % 2147483648; n[x % 97]++; s += sin(x) * exp(-i / 500) } for (k in n) t += k * n[k]; printf "%d %.12f %d\n", x, s, t
 printf "%s %s %s\n", 2^53 + 1, 1e300 * 1e10, -log(0); print substr("hello", 2, 3), index("foobar", "bar"), toupper("abc"), length("caf\xc3\xa9"); print strftime("%Y-%m-%d", 86400 * 365, 1)
 m = split("a:b:c", p, ":"); print m, p[3]; a = "aaa"; print gsub(/a/, "b&", a), a; print gensub(/(.)(.)/, "\\2\\1", "g", "abcdef"); print match("foobar", /o+/, r), RSTART, RLENGTH, r[0]
 "echo piped" | getline l; print l; print "z\ny\nx" | "sort"; close("sort"); print and(12, 10), or(12, 10), xor(12, 10), lshift(1, 40), compl(0); printf "%c%5.2f|%-6s|%+d|%x|%i\n", 65, 3.14159, "ab", 5, 255, 7.9
 PROCINFO["sorted_in"] = "@ind_str_asc"; d["b"] = 1; d["a"][1] = 2; for (k in d) print k; print int(-3.7), 7 % -3, -7 % 3; srand(1); print rand() < 1; print 0.1 + 0.2, 1/3, 100000 * 100000, 1e6, 1e17; print substr("x", 0), "A" < "a", 10 < 9, "10" < "9"; exit 3 }'; echo $?
seq 1000 | gawk -F '' '{ for (i = 1; i <= NF; i++) c[$i]++ } END { for (i = 0; i < 10; i++) printf "%s ", c[i]; print NR }'
printf 'k1 10\nk2 20\nk1 5\n' | gawk '{ s[$1] += $2 } END { for (k in s) print k, s[k] | "sort" }'; gawk -M 'BEGIN { PREC = 200; print 2^100 "; " 1 / 3 }' 2>&1; gawk 'BEGIN { print length(sprintf("%1000s", "x")); printf "%.30g %a\n", 0.1, 0.1 }'; gawk 'BEGIN{getline x < "nosuch"; print x; print substr("abc", 2' 2>&1; echo $?
