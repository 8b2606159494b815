# Arithmetic, strings, arrays and functions of the shell itself: no other program runs.
declare -A count
x=7
for ((i = 0; i < 120000; i++)); do
    ((x = (x * 1103515245 + 12345) % 2147483648))
    ((count[w$((x % 503))]++))
done
echo "${#count[@]} ${count[w17]}"
fib() {
    if (($1 < 2)); then r=$1; return; fi
    local n=$1 a
    fib $((n - 1))
    a=$r
    fib $((n - 2))
    ((r += a))
}
fib 19
echo "$r"
text=
for ((i = 0; i < 6000; i++)); do
    text+="item-$i "
    case $text in *nosuch*) echo found ;; esac
done
words=($text)
n=0
for w in "${words[@]}"; do
    w=${w#item-}
    [[ $w =~ ^([0-9])[0-9]*7$ ]] && ((n += BASH_REMATCH[1]))
done
echo "$n ${#text} ${text//item/x}" | while read -r a b c; do echo "$a $b ${#c}"; done
