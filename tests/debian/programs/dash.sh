# dash itself: expansions, here-documents, functions, traps, pipelines, exit statuses.
# small
x=hello; y=
echo "${x#he} ${x%lo} ${y:-default} ${#x} ${z-unset} $((7 * 6 % 5)) $((0x1f << 3)) $((-17 / 4))"
f() { local a="$1"; shift; echo "f $a $#"; return 3; }
f 'one two' three || echo "status $?"
cat <<END
here $x $(echo nested "$(echo deeper)")
END
for i in 1 2 3; do case $i in 2) continue ;; *) echo "loop $i" ;; esac; done
i=0; while [ $i -lt 100 ]; do i=$((i + 1)); done; echo $i
(exit 7); echo "subshell $?"
false | true; echo "pipe $?"
sh -c 'kill -TERM $$'; echo "killed $?"
trap 'echo trapped' USR1; kill -USR1 $$; echo after
trap 'echo bye' EXIT
set -- a 'b c' d; for a in "$@"; do echo "<$a>"; done
IFS=:; set -- $(echo p:q:r); echo $# "$2"; unset IFS
nosuchcommand 2>&1; echo "missing $?"
/dev/null 2>&1; echo "not executable $?"
printf '%5d|%-5s|%x|%o|%c\n' 42 ab 255 8 z
echo *.sh; test -f case.sh && echo file
read a b <<END
first second third
END
echo "$b"
umask 027; umask; ulimit -n >/dev/null && echo limits
exit 5
