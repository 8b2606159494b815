# grep and sed.
# small
seq 1 3000 | sed 's/\(.*\)7\(.*\)/<\2\1>/; s/^1/one-&/; y/5/V/' >t
grep -c one t; grep -n 'V\{2\}' t | head -3; grep -E '^(one-1|<)[0-9]{2,3}>?$' t | tail -2; grep -P '(?<=one-)1(\d)\1' t | head -3; grep -o 'V.' t | sort | uniq -c | head -3; grep -v 1 t | wc -l; grep -F -x 300 t; grep -q nosuch t; echo $?; grep x nosuch 2>&1; echo $?
grep -i -w ONE t | head -1; grep -A1 -B1 '^2999$' t; grep -rl one . | sort | head -1; printf 'a\0b' | grep -c b; printf 'caf\303\251\n' | grep -o 'f.$'; grep -E '(a|b)*c|d{1,3}' <<'END'
abac
ddddd
xyz
END
sed -n '5,7p;$p' t; sed '2!d;s/.*/[&]/' t; sed -n '/^2[0-3]$/{=;p}' t | paste -s; sed 'N;N;s/\n/,/g;3q' t; sed -E 's/([0-9])([0-9])/\2\1/g' t | head -15 | tail -2; printf 'a\nb\nc\n' | sed '1!G;h;$!d'; sed -i.bak 's/one/ONE/w changed' t; head -1 t changed t.bak; echo hello | sed 's/l/L/2;s/\(h\)\(e\)/\u\2\U\1/'; sed --debug -n 's/a/b/p' </dev/null | head -3; sed 's/a/b' 2>&1; echo $?; printf '1\n2\n' | sed 'a\after' | sed '/1/r changed' | head -4; sed -s -n '$=' t changed; sed 'y/abc/xyz/;:a;s/x/aa/;ta' <<'END'
abcabc
END
