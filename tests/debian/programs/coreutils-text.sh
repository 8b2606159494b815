# coreutils: programs that read and write text.
# small
seq 1 200 | awk '{ print ($1 * 7919) % 1009, "word" $1 % 13, $1 }' >t
s() { echo "== $*"; }
s cat; cat -n t | head -3; printf 'a\tb\001\n' | cat -A
s tac; tac t | head -3
s nl; nl -ba -w3 -s: t | tail -2
s od; od -Ax -tx1z -N 40 t; od -td4 -N 16 t; printf '\0\0\200\077\0\0\300\177' | od -tf4
s base32; base32 t | tail -1; base32 t | base32 -d | cmp - t && echo same
s base64; base64 -w 40 t | tail -1; base64 t | base64 -d | cmp - t && echo same
s basenc; basenc --z85 -d <<'END' | od -tx1
HelloWorld
END
basenc --base16 t | head -1
s fmt; fmt -w 30 t | head -3
s pr; pr -3 -t -l 10 t | head -5
s fold; echo "a long line with many words in it" | fold -s -w 10
s head; head -c 20 t; echo; head -n -198 t
s tail; tail -c 20 t; tail -n +199 t
s split; split -n l/3 t part-; wc -l part-*; split -b 500 -d t num-; ls num-*; cat num-* | cmp - t && echo same
s csplit; csplit -s t '/word7/' '{2}'; wc -l xx*
s wc; wc t; wc -L t
s sum; sum t; sum -s t; cksum t; cksum -a sm3 t
s b2sum; b2sum t; md5sum t; md5sum.textutils t; sha1sum t; sha224sum t; sha256sum t; sha384sum t; sha512sum t
sha256sum t >c; sha256sum -c c; echo x >>t; sha256sum -c c 2>&1; echo $?
s sort; sort t | head -2; sort -n t | head -3; sort -k2,2 -k1,1nr t | head -3; sort -u -k2,2 t | wc -l; printf '1.5e3\n-2\n1e-4\n' | sort -g; printf '1K\n2M\n10\n' | sort -h; printf 'v1.10\nv1.9\n' | sort -V; sort -R --random-source=t t | head -3
s shuf; shuf -i 1-10 --random-source=t; shuf -n 3 --random-source=t t
s uniq; cut -d' ' -f2 t | sort | uniq -c | head -3; printf 'a\na\nb\n' | uniq -d
s comm; seq 1 5 >p; seq 3 7 >q; comm p q
s ptx; echo 'alpha beta gamma' | ptx
s tsort; printf 'a b\nb c\na d\n' | tsort
s cut; cut -c1-3,5 t | head -2; cut -d' ' -f1,3 --output-delimiter=, t | head -2
s paste; paste -d: p q; paste -s p
s join; join -a1 p q
s tr; tr a-z A-Z <p; echo hello | tr -d l; echo aabb | tr -s ab; echo hello | tr -c 'a-z\n' _
s expand; printf 'a\tb\n' | expand -t4 | od -c; printf 'a       b\n' | unexpand -a | od -c
s numfmt; numfmt --to=iec 1048576 1500; numfmt --from=si 1.5K; numfmt --to=si --padding=8 123456789
s seq; seq 0.1 0.1 0.5; seq -w 8 11; seq -f %.3e 1 2; seq 5 -2 1
s factor; factor 1234567890 18446744073709551557 340282366920938463463374607431768211297
s dircolors; dircolors -b | head -1 | cut -c1-40
s tee; echo tee | tee f1 -a f2; cat f1 f2
s yes; yes | head -2; yes ab | head -c 10000 | cksum
s echo; echo -e 'a\tb\0101' -n; echo -n x; echo
s printf; printf '%s %d %05.1f %e %g %a\n' a 10 3.14159 12345.678 0.0001 1.5; printf '\u00e9\n'
