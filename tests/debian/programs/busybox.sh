# busybox-static: a static program with many applets.
# small
b=/bin/busybox; seq 1 500 | $b sed 's/7/x/' >t; $b sort -r t | $b head -3; $b grep -c x t; $b awk '{ s += $1 } END { print s, s / 7 }' t; $b sha256sum t; $b md5sum <t; $b gzip -c t | $b gunzip | $b cmp - t && echo same; $b tar cf a.tar t; $b tar tf a.tar; $b sh -c 'for i in 1 2 3; do echo $i; done | $0 tac' $b; $b printf '%05d\n' 42; $b expr 3 + 4; $b find . -name 't*'; echo 'p 1 2 +' | $b dc 2>&1 | $b head -2; $b bc <<'END'
2^100
END
$b nosuch 2>&1; echo $?; $b ls -la nosuch 2>&1; echo $?; $b date -u -d @0 +%F; $b cut -c1 t | $b uniq -c | $b wc -l; $b diff t case.sh >/dev/null; echo $?; $b vi --help 2>&1 | $b head -1; $b xz -dc </dev/null 2>&1; $b seq 3 | $b xargs -n1 $b echo n; $b sleep 0.01; $b od -c t | $b tail -2; $b bzip2 -c t | $b bunzip2 | $b md5sum; $b unix2dos <t | $b wc -c; $b timeout 1 $b true; echo $?; $b | $b head -1 | $b cut -d' ' -f1,2
