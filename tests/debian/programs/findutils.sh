# find and xargs.
# small
mkdir -p t/a t/b/c; for i in 1 2 3 4 5; do echo "$i" >t/a/f$i; head -c $((i * 1000)) /dev/zero >t/b/c/g$i; done
touch -d '2000-01-01' t/a/f1; ln -s ../a/f2 t/b/l; chmod 600 t/a/f3
find t | sort; find t -type f -size +2k -printf '%f %s %m\n' | sort
find t -newer t/a/f1 -name 'f*' | sort; find t -type l -printf '%p -> %l\n'; find t -perm 600; find t -empty; find t -maxdepth 1 | sort
find t -name 'f[12]' -exec cat {} \; | sort; find t -name 'g*' -exec wc -c {} + | tail -1; find t -path '*/c/*' -delete; find t -type d | sort
find t -regex '.*f[3-5]' -print0 | sort -z | xargs -0 -n 2 echo batch; find nosuch 2>&1; echo $?
seq 20 | xargs -n 7 echo; seq 6 | xargs -P 3 -I{} sh -c 'exit 0'; echo $?; echo 'a b' | xargs -I{} echo "<{}>"; seq 3 | xargs -n1 false; echo $?; echo x | xargs nosuchcmd 2>&1; echo $?; yes 1 | head -5000 | xargs | wc
