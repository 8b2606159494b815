# Finds the hottest loop: the one with most samples of its own, those of loops inside it left out.
# Input: samples (ADDRESS COUNT, decimal), then `objdump -d --no-show-raw-insn` of either architecture.
# Output: FIRST LAST SAMPLES OWN, decimal addresses of its first and last instruction. A loop is what
# lies between the target of jumps backwards and the last of these. POSIX awk.

function hex(s,   n, i) {
    n = 0
    for (i = 1; i <= length(s); i++) n = n * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
    return n
}

FNR == NR { at[$1] = $2; next }

match($0, /^ *[0-9a-f]+:\t/) {
    pc = hex(substr($1, 1, length($1) - 1))
    sum += at[pc]
    before[pc] = sum - at[pc]
    through[pc] = sum
    text = $0
    sub(/^[^\t]*\t/, "", text)
    sub(/ *<.*/, "", text)
    if (text !~ /^(j|b[ \t]|b\.|cbz|cbnz|tbz|tbnz)/) next
    sub(/.*[ \t]/, "", text)
    if (text !~ /^[0-9a-f]+$/) next
    to = hex(text)
    if (to > pc || !(to in before) || pc - to > 4096) next
    if (!(to in last)) head[++loops] = to
    last[to] = pc
}

function inside(a, b) { return a != b && a >= b && last[a] <= last[b] }

END {
    for (i = 1; i <= loops; i++) {
        h = head[i]
        all[h] = through[last[h]] - before[h]
    }
    for (i = 1; i <= loops; i++) {
        h = head[i]
        own = all[h]
        for (j = 1; j <= loops; j++) {
            k = head[j]
            if (!inside(k, h)) continue
            for (n = 1; n <= loops; n++) # not twice what is inside another one
                if (n != i && inside(k, head[n]) && inside(head[n], h)) break
            if (n > loops) own -= all[k]
        }
        if (own > most) { most = own; best = h }
    }
    if (most) print best, last[best], all[best], most
}
