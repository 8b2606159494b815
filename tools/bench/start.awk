# From the bench's runs to the table of start-up: medians of elapsed and of user + system time in
# milliseconds, and whether programs from images meet the bar of 2 x native + 3 ms in both. POSIX awk; with
# median.awk.

BEGIN { FS = ","; nmodes = split(modes, mode, " ") }

$1 == "start" {
    if (!($2 in seen)) { seen[$2] = 1; row[++nrows] = $2 }
    k = ++count[$2, $3]
    wall[$2, $3, k] = $8 * 1000
    cpu[$2, $3, k] = ($6 + $7) * 1000
}

function verdict(v, r,   bar, got) {
    if (!count[r, "native"] || !count[r, "image"]) return "-"
    bar = 2 * median(v, count[r, "native"] + 0, r, "native") + 3
    got = median(v, count[r, "image"] + 0, r, "image")
    if (got > bar) missed++
    return sprintf("%.1f %s", bar, got <= bar ? "met" : "MISSED")
}

END {
    if (!nrows) exit
    printf "start-up, ms    "
    for (i = 1; i <= nmodes; i++) printf "%12s", "wall " mode[i]
    printf "%14s", "bar"
    for (i = 1; i <= nmodes; i++) printf "%12s", "CPU " mode[i]
    printf "%14s\n", "bar"
    for (r = 1; r <= nrows; r++) {
        printf "  %-14s", row[r]
        for (i = 1; i <= nmodes; i++) printf "%12.2f", median(wall, count[row[r], mode[i]] + 0, row[r], mode[i])
        printf "%14s", verdict(wall, row[r])
        for (i = 1; i <= nmodes; i++) printf "%12.2f", median(cpu, count[row[r], mode[i]] + 0, row[r], mode[i])
        printf "%14s\n", verdict(cpu, row[r])
    }
    printf "image at most 2 x native + 3 ms: %s\n", missed ? missed " missed" : "met by all"
}
