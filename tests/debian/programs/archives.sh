# tar, gzip, bzip2, xz and zstd: the same bytes, and back again.
# native libraries
mkdir d; seq 1 40000 | awk '{ print $1 * 7919 % 10007, $1, "text" $1 % 17 }' >d/t; head -c 200000 /dev/zero >d/z; ln -s t d/l; mkdir d/e; cp d/t d/e/t2
find d -exec touch -h -d '2020-01-01 00:00:00 UTC' {} +
tar --sort=name --owner=0 --group=0 --numeric-owner --format=gnu -cf a.tar d; sha256sum a.tar; tar --format=pax --pax-option=delete=atime,delete=ctime --sort=name --owner=0 --group=0 --numeric-owner -cf p.tar d; sha256sum p.tar; tar -tvf a.tar --numeric-owner --utc --full-time
for c in 'gzip -n -9' 'gzip -n -1' 'bzip2 -9' 'xz -6' 'xz -0 --check=crc64' 'xz --arm64 --lzma2=preset=3,lc=4,lp=0' 'zstd -3 --single-thread' 'zstd -15 --single-thread' 'zstd -1 --long --single-thread'; do
    $c -c a.tar >x 2>e; echo "$c $? $(wc -c <x) $(sha256sum <x)"
done
gzip -k a.tar; gzip -l a.tar.gz; gunzip -t a.tar.gz; zcat a.tar.gz | cmp - a.tar; bzip2 -k a.tar; bzcat a.tar.bz2 | cmp - a.tar; xz -k -T2 a.tar; xzcat a.tar.xz | cmp - a.tar; xz -l a.tar.xz | tail -1; zstd -q -k -T2 a.tar; zstdcat a.tar.zst | cmp - a.tar; echo $?
rm -rf d; tar -xf a.tar.xz; find d | sort; cmp d/t d/e/t2; tar -cJf j.tar.xz d; tar -tf j.tar.xz | wc -l; tar -xf a.tar --strip-components=1 -C . d/e; ls e; head -c 1000 a.tar.gz >bad.gz; gunzip -c bad.gz 2>&1 >/dev/null; echo $?; head -c 1000 a.tar.bz2 | bunzip2 -t 2>&1 | head -1; head -c 1000 a.tar.xz | xz -dc 2>&1 >/dev/null; head -c 1000 a.tar.zst | zstd -dc 2>&1 >/dev/null | tail -1; tar -xf bad.gz 2>&1; echo $?; tar --append -f a.tar e; tar -df a.tar; echo $?
zstd -q --train -r d -o dict --maxdict=2000 2>/dev/null; echo trained; xz --format=lzma -c d/t | sha256sum
