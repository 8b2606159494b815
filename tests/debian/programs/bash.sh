# bash: arrays, regular expressions, process substitution, coprocesses, jobs, traps.
cat >b.sh <<'END'
declare -A m=([one]=1 [two]=2 [three]=3); for k in $(printf '%s\n' "${!m[@]}" | sort); do echo "$k=${m[$k]}"; done
a=(zero one two three); echo "${a[@]:1:2} ${#a[@]} ${a[-1]}"; a+=(four); unset 'a[1]'; echo "${!a[@]}"
[[ "2024-05-17" =~ ^([0-9]+)-([0-9]+)-([0-9]+)$ ]] && echo "${BASH_REMATCH[@]}"
s="The quick brown fox"; echo "${s^^} ${s,,} ${s//o/0} ${s:4:5} ${s/%fox/dog}"
diff <(printf '1\n2\n3\n') <(printf '1\n3\n4\n'); echo "diff $?"
coproc { while read -r l; do echo "got $l"; done; }; echo hi >&"${COPROC[1]}"; read -r r <&"${COPROC[0]}"; echo "$r"; eval "exec ${COPROC[1]}>&-"; wait
true | false | true; echo "${PIPESTATUS[@]}"
(sleep 0.2; exit 3) & p=$!; wait $p; echo "waited $?"
(sleep 10) & p=$!; kill -KILL $p; wait $p 2>/dev/null; echo "killed $?"
trap 'echo chld' CHLD; /bin/true; trap - CHLD
trap 'echo usr2' USR2; for i in 1 2 3; do kill -USR2 $$; done
fib() { local n=$1; ((n < 2)) && { echo "$n"; return; }; echo $(($(fib $((n - 1))) + $(fib $((n - 2))))); }; fib 8
printf '%q %b %(%Y)T %.3f\n' 'a b' '\x41\n' 0 3.14159
mapfile -t lines < <(seq 5); echo "${lines[*]}"
for ((i = 0, t = 0; i < 20000; i++)); do ((t += i * i, t %= 1000003)); done; echo $t
shopt -s extglob
echo {a..e}{1..3} {01..10..3}; case foobar in +(foo|bar)) echo extglob ;; esac
ulimit -c 0; { bash -c 'kill -SEGV $$'; } 2>/dev/null; echo "segv $?"
bash -c 'exec -a renamed sh -c "echo \$0"'; set -o pipefail; false | cat; echo $?
read -t 0.1 x < <(sleep 1); echo "timeout $(( $? > 128 ))"
echo "$BASH_VERSION" ; let "x = 5 ** 3, y = x >> 1"; echo $x $y $((16#ff)) $((~5))
exec 3<>file; echo data >&3; exec 3>&-; cat file; type -t cd ls fib; set -e; false; echo never
END
exec bash b.sh
