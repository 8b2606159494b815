# coreutils: programs that work on files and folders.
# small
s() { echo "== $*"; }
umask 022
mkdir d; cd d || exit 1
s mkdir; mkdir -p a/b/c -m 750; mkdir a 2>&1; rmdir a/b/c a/b; ls -R
s touch; touch -d '2001-02-03 04:05:06.123456789 UTC' f; echo data >>f; touch -d '2001-02-03 04:05:06.123456789 UTC' f
s ls; ls -l --time-style=full-iso f; ls -la --time-style=+%s f; ls -i f | wc -w; dir; vdir --time-style=+%s f
s cp; cp -p f g; cp -r a h; cp f nodir/ 2>&1; cp -a --reflink=auto f f2; cmp f f2 && stat -c '%n %s %Y %a' f g f2
s mv; mv g g2; mv -v g2 a; mv -n f a/g2; ls a
s ln; ln f hard; ln -s f soft; ln -sr a/g2 rel; readlink soft rel; stat -c %h f; realpath --relative-to=. soft a/../f; readlink -f soft | sed 's|.*/||'
s link; link f hard2; unlink hard2; unlink hard2 2>&1
s chmod; chmod u+x,go-r f; stat -c %A f; chmod 4755 f; stat -c %A f; chmod -v 644 f
s chown; chown "$(id -u):$(id -g)" f; chgrp "$(id -g)" f; echo $?
s install; install -m 700 -D f x/y/z; stat -c %a x/y/z
s dd; dd if=/dev/zero bs=1k count=3 of=z 2>/dev/null; dd if=z bs=512 skip=1 conv=swab,notrunc status=none | cksum; dd if=f of=z bs=1 seek=10 conv=notrunc 2>&1 | head -2; cksum z
s truncate; truncate -s 100000 z; truncate -s -1K z; stat -c %s z
s du; du -b --apparent-size z; df --output=fstype /proc
s mkfifo; mkfifo p; (cat p & echo through >p; wait); mknod q p; stat -c %F p q
s mktemp; mktemp -u XXXXXX | wc -c; t=$(mktemp); test -f "$t" && echo made; rm "$t"
s rm; rm -rf h x; rm nosuch 2>&1; rm -v rel; rm -d emptyless 2>&1; rmdir a 2>&1
s shred; echo secret >sec; shred -n 1 -u sec; ls sec 2>&1
s stat; stat -c '%F %s %a %y' f; stat -f -c %T /proc; stat nosuch 2>&1
s sync; sync f; echo $?; sync -d nosuch 2>&1
s basename; basename /a/b.c .c; dirname /a/b/c d e; pathchk -p 'a*b' 2>&1; pwd -P | sed 's|.*/||'
s test; [ f -ef hard ] && echo same; test f -nt nosuch; echo $?; [ -h soft -a -p p ]; echo $?
s chcon; chcon -t x f 2>&1; runcon a true 2>&1; echo $?
s chroot; chroot nosuch true 2>&1; echo $?
