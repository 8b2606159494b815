# From the build job's runs to its table: median seconds of configure and make, elapsed and CPU, as
# multiples of native, and the bar for both from images. POSIX awk; with median.awk.

BEGIN { FS = ","; nmodes = split(modes, mode, " "); nsteps = split("configure make", step, " ") }

{
    k = ++count[$2, $3]
    wall[$2, $3, k] = $6
    cpu[$2, $3, k] = $4 + $5
}

function line(name, v, s,   i, x, base) {
    printf "%-16s", name
    base = median(v, count[s, "native"] + 0, s, "native")
    for (i = 1; i <= nmodes; i++) {
        x = median(v, count[s, mode[i]] + 0, s, mode[i])
        if (mode[i] == "image" && base > 0) multiple[name] = x / base
        printf "%10.2f", x
        if (mode[i] != "native") printf " (%5.2f x)", base ? x / base : 0
    }
    print ""
}

END {
    printf "%-16s", "seconds"
    for (i = 1; i <= nmodes; i++) printf (mode[i] == "native" ? "%10s" : "%10s          "), mode[i]
    print ""
    for (n = 1; n <= nsteps; n++) {
        line(step[n] " elapsed", wall, step[n])
        line(step[n] " CPU", cpu, step[n])
    }
    if (multiple["make elapsed"])
        printf "configure and make from images at most %.1f x native, elapsed: %s\n", bar,
            multiple["configure elapsed"] <= bar && multiple["make elapsed"] <= bar ? "met" : "MISSED"
}
