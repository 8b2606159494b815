# One module of Python's own test suite, $1: the outcome of each of its tests.
cd /usr/lib/python3.11/test || exit 1
python3 -m unittest -v "test.$1" >"$TMPDIR/log" 2>&1
echo "exit status $?"
# Test outcomes in name order (a method's doc string and warnings stand between name and outcome);
# times, addresses and the order of parallel messages do not matter.
grep -aE '^[a-zA-Z_0-9]+ \(.*\)|\.\.\. (ok|FAIL|ERROR|skipped|expected failure|unexpected success)' "$TMPDIR/log" |
    grep -aoE '^[a-zA-Z_0-9]+ \([a-zA-Z_][a-zA-Z_0-9.]*\)|(ok|FAIL|ERROR|skipped .*|expected failure|unexpected success)$' |
    grep -avE '^(ok|expected failure)$' | sort | sed 's/0x[0-9a-f]*/ADDRESS/g'
tail -n 1 "$TMPDIR/log"; grep -a '^Ran ' "$TMPDIR/log" | sed 's/ in .*//'; grep -aE '^(FAIL|ERROR): ' "$TMPDIR/log" | sort
case $(tail -n 1 "$TMPDIR/log") in OK*) ;; *) grep -a -A 25 -m 3 -E '^(FAIL|ERROR): |Traceback' "$TMPDIR/log" >&2 ;; esac
exit 0
