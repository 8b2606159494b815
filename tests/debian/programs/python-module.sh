# One module of Python's own test suite, $1: the outcome of each of its tests.
cd /usr/lib/python3.11/test || exit 1
module=$1
case $module in
# Its servers wait most of the time: in parts that run at once.
test_ssl)
    set -- '[!a-z]' a b 'c[!i-z]' 'c[i-z]' d e '[f-m]' '[n-o]' p '[q-r]' 's[!n-z]' 's[n-z]' '[t-z]'
    for begin in "$@"; do set -- "$@" "*.*.*.test_$begin*"; shift; done
    ;;
# Without testDecompress4G and test_decompressor_bigmem, which take as long as all others, and do the same.
test_bz2) set -- '*.*.*.test[!D]*' '*.*.*.testD*[!G]' ;;
test_lzma) set -- '*.*.*.test_[!d]*' '*.*.*.test_d*[!m]' '*.*.*.test_d*am' ;;
# Those of the implementation in C; in Python's own code the same ones take most of a minute more.
test_datetime) set -- '*_Fast.*' ;;
*) set -- '*' ;;
esac
# What no package has lies in the work folder: the test package is then one of links.
case $module in
test_sqlite3)
    [ -d "$HOME/$module" ] || { echo "the source of python3.11 could not be fetched"; exit 77; }
    mkdir "$HOME/test"
    ln -s "$PWD"/* "$HOME/test"
    mv "$HOME/$module" "$HOME/test"
    export PYTHONPATH="$HOME"
    ;;
esac
# Files that tests make where they run are their own: others run beside them, and some list the folder.
mkdir "$HOME/folder" && cd "$HOME/folder" || exit 1
# What tests print themselves goes elsewhere, lest it come between outcomes.
run_part() { # NUMBER PATTERN
    mkdir "$TMPDIR/$1"
    TMPDIR=$TMPDIR/$1 python3 -m unittest -v -k "$2" "test.$module" >/dev/null 2>"$TMPDIR/log$1"
    echo "exit status $?" >"$TMPDIR/status$1"
}
part=0
# What is alone runs in the foreground: others have SIGINT ignored, which some modules test.
if [ $# = 1 ]; then
    run_part 1 "$1"
else
    for pattern in "$@"; do
        part=$((part + 1))
        run_part $part "$pattern" &
    done
    wait
fi
cat "$TMPDIR"/status*
cat "$TMPDIR"/log* >"$TMPDIR/log"
# Test outcomes in name order (a method's doc string and warnings stand between name and outcome);
# times, addresses and the order of parallel messages do not matter.
grep -aE '^[a-zA-Z_0-9]+ \(.*\)|\.\.\. (ok|FAIL|ERROR|skipped|expected failure|unexpected success)' "$TMPDIR/log" |
    grep -aoE '^[a-zA-Z_0-9]+ \([a-zA-Z_][a-zA-Z_0-9.]*\)|(ok|FAIL|ERROR|skipped .*|expected failure|unexpected success)$' |
    grep -avE '^(ok|expected failure)$' | sort | sed 's/0x[0-9a-f]*/ADDRESS/g'
for log in "$TMPDIR"/log?*; do tail -n 1 "$log"; done; grep -a '^Ran ' "$TMPDIR/log" | sed 's/ in .*//'; grep -aE '^(FAIL|ERROR): ' "$TMPDIR/log" | sort
for log in "$TMPDIR"/log?*; do
    case $(tail -n 1 "$log") in OK*) ;; *) grep -a -A 25 -m 3 -E '^(FAIL|ERROR): |Traceback' "$log" >&2 ;; esac
done
exit 0
