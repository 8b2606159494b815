# From the bench's runs to its table (standard output), bench.csv (medians and ratios) and bench.svg (a
# bar for every row and mode, relative to native, logarithmic). Of mode "count" the value is host
# instructions per guest instruction. POSIX awk; with median.awk.

BEGIN { FS = ","; nmodes = split(modes, mode, " ") }

NR > 1 {
    id = $1 "/" $2
    if (!(id in group)) { group[id] = $1; name[id] = $2; row[++nrows] = id; if (!($1 in seen)) { seen[$1] = 1; groups[++ngroups] = $1 } }
    k = ++count[id, $3]
    if ($3 == "count" && $5 > 0) counted = 1
    value[id, $3, k] = $5; cpu[id, $3, k] = $6; wall[id, $3, k] = $8
    if ($9 > peak[id, $3]) peak[id, $3] = $9
}

function ratio(a, b) { return b > 0 && a > 0 ? a / b : 0 }
function shown(r) { return r > 0 ? sprintf("%.2f", r) : "-" }
function seconds_of(x) { return x <= 0 ? "-" : (x < 0.1 ? sprintf("%.4f", x) : sprintf("%.2f", x)) }
function log10(x) { return log(x) / log(10) }

function csv_header(   i, line) {
    line = "group,row"
    for (i = 1; i <= nmodes; i++) line = line "," mode[i] "_value," mode[i] "_user," mode[i] "_wall," mode[i] "_peak_kib"
    if (counted) line = line ",host_per_guest"
    for (i = 1; i <= nmodes; i++) if (mode[i] != "native") line = line "," mode[i] "_to_native" (mode[i] != "qemu" ? "," mode[i] "_to_qemu" : "")
    print line > csv
}

END {
    csv = folder "/bench.csv"; svg = folder "/bench.svg"
    csv_header()
    printf "%-14s", "seconds"
    for (i = 1; i <= nmodes; i++) printf "%10s", mode[i]
    for (i = 1; i <= nmodes; i++) if (mode[i] != "native") printf "%14s", mode[i] "/native"
    for (i = 1; i <= nmodes; i++) if (mode[i] != "native" && mode[i] != "qemu") printf "%12s", mode[i] "/qemu"
    if (counted) printf "%12s", "host/guest"
    for (i = 1; i <= nmodes; i++) printf "%13s", "wall " substr(mode[i], 1, 6)
    for (i = 1; i <= nmodes; i++) printf "%11s", "MB " substr(mode[i], 1, 6)
    print ""
    for (g = 1; g <= ngroups; g++) {
        print groups[g]
        for (r = 1; r <= nrows; r++) if (group[row[r]] == groups[g]) one_row(row[r], groups[g])
        printf "%-14s", "  geom. mean"
        for (i = 1; i <= nmodes; i++) printf "%10s", ""
        for (i = 1; i <= nmodes; i++) if (mode[i] != "native") printf "%14s", mean(groups[g], mode[i], "native")
        for (i = 1; i <= nmodes; i++) if (mode[i] != "native" && mode[i] != "qemu") printf "%12s", mean(groups[g], mode[i], "qemu")
        if (counted) printf "%12s", count_mean(groups[g])
        print ""
    }
    close(csv)
    plot()
}

function mean(g, m, base) {
    return n_of[g, m, base] ? sprintf("%.2f", exp(logs[g, m, base] / n_of[g, m, base])) : "-"
}

function count_mean(g,   r, n, sum) {
    for (r = 1; r <= nrows; r++) if (group[row[r]] == g && value[row[r], "count", 1] > 0) { sum += log(value[row[r], "count", 1]); n++ }
    return n ? sprintf("%.2f", exp(sum / n)) : "-"
}

function one_row(id, g,   i, m, x, line) {
    printf "  %-12s", name[id]
    line = g "," name[id]
    for (i = 1; i <= nmodes; i++) {
        m = mode[i]
        med[id, m] = median(value, count[id, m] + 0, id, m)
        printf "%10s", seconds_of(med[id, m] + 0)
        line = line sprintf(",%.6f,%.6f,%.6f,%d", med[id, m], median(cpu, count[id, m] + 0, id, m), median(wall, count[id, m] + 0, id, m), peak[id, m])
    }
    for (i = 1; i <= nmodes; i++) if (mode[i] != "native") printf "%14s", shown(against(id, g, mode[i], "native"))
    for (i = 1; i <= nmodes; i++) if (mode[i] != "native" && mode[i] != "qemu") printf "%12s", shown(against(id, g, mode[i], "qemu"))
    if (counted) { printf "%12s", shown(value[id, "count", 1] + 0); line = line "," shown(value[id, "count", 1] + 0) }
    for (i = 1; i <= nmodes; i++) {
        m = mode[i]
        if (m != "native") line = line "," shown(ratio(med[id, m] + 0, med[id, "native"] + 0))
        if (m != "native" && m != "qemu") line = line "," shown(ratio(med[id, m] + 0, med[id, "qemu"] + 0))
    }
    for (i = 1; i <= nmodes; i++) { x = median(wall, count[id, mode[i]], id, mode[i]); printf "%13s", seconds_of(x) }
    for (i = 1; i <= nmodes; i++) printf "%11.1f", peak[id, mode[i]] / 1024
    print ""
    print line > csv
}

# The ratio of a row, which also counts for its group's mean.
function against(id, g, m, base,   x) {
    x = ratio(med[id, m] + 0, med[id, base] + 0)
    if (x > 0) { logs[g, m, base] += log(x); n_of[g, m, base]++ }
    return x
}

function plot(   i, r, g, y, x, w, left, width, height, top, v, decade, colour, bars) {
    colour["qemu"] = "#b0b0b0"; colour["quick"] = "#2a6fbb"; colour["opt"] = "#2f9e5f"; colour["aot"] = "#d98b1f"
    bars = nmodes - ("native" == mode[1])
    left = 130; width = 620; top = 50
    height = top + (nrows + ngroups) * (bars * 9 + 8) + 40
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n", left + width + 60, height > svg
    printf "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n<text x=\"%d\" y=\"18\" font-size=\"14\">Time as a multiple of the native build (lower is better, logarithmic)</text>\n", left > svg
    x = left
    for (i = 1; i <= nmodes; i++) if (mode[i] != "native") {
        printf "<rect x=\"%d\" y=\"26\" width=\"10\" height=\"10\" fill=\"%s\"/><text x=\"%d\" y=\"35\">%s</text>\n", x, mode[i] in colour ? colour[mode[i]] : "#804080", x + 14, mode[i] > svg
        x += 30 + 7 * length(mode[i])
    }
    for (v = 1; v <= 100; v *= 10) for (i = 1; i < 10; i++) if (v * i <= 100) {
        x = left + width * log10(v * i) / 2
        printf "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"%s\"/>\n", x, x, top, height - 25, i == 1 ? "#888" : "#e4e4e4" > svg
        if (i == 1 || i == 2 || i == 5) printf "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d</text>\n", x, height - 10, v * i > svg
    }
    y = top + 4
    for (g = 1; g <= ngroups; g++) {
        printf "<text x=\"6\" y=\"%.1f\" font-weight=\"bold\">%s</text>\n", y + 10, groups[g] > svg
        y += bars * 9 + 8
        for (r = 1; r <= nrows; r++) if (group[row[r]] == groups[g]) {
            printf "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", left - 6, y + bars * 4.5 + 4, name[row[r]] > svg
            for (i = 1; i <= nmodes; i++) if (mode[i] != "native") {
                v = ratio(med[row[r], mode[i]], med[row[r], "native"])
                w = v > 1 ? width * log10(v > 100 ? 100 : v) / 2 : 1
                printf "<rect x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"8\" fill=\"%s\"/><text x=\"%.1f\" y=\"%.1f\" font-size=\"8\">%s</text>\n", left, y, w, mode[i] in colour ? colour[mode[i]] : "#804080", left + w + 3, y + 7, shown(v) > svg
                y += 9
            }
            y += 8
        }
    }
    print "</svg>" > svg
    close(svg)
}
