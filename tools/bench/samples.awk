# From `perf script -F ip --show-mmap-events` to samples: FILE OFFSET COUNT, the offset in the file in
# decimal. An address belongs to what was mapped there last. POSIX awk.

function hex(s,   n, i) {
    n = 0
    s = tolower(s)
    sub(/^0x/, "", s)
    for (i = 1; i <= length(s); i++) n = n * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
    return n
}

/PERF_RECORD_MMAP/ {
    if (!match($0, /\[0x[0-9a-f]+\(0x[0-9a-f]+\) @ (0x)?[0-9a-f]+ /)) next
    split(substr($0, RSTART + 1, RLENGTH - 2), part, /[()@ ]+/)
    maps++
    start[maps] = hex(part[1])
    end[maps] = start[maps] + hex(part[2])
    offset[maps] = hex(part[3])
    file[maps] = $NF
    next
}

NF == 1 { count[$1]++ }

END {
    for (ip in count) {
        at = hex(ip)
        for (m = maps; m > 0; m--)
            if (at >= start[m] && at < end[m]) break
        if (m) printf "%s %d %d\n", file[m], at - start[m] + offset[m], count[ip]
    }
}
