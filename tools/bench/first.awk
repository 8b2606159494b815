# A line of tools/bench/first's table, from lines MODE SECONDS; -v name=, modes=.
{ value[name, $1, ++count[$1]] = $2 }
END {
    printf "%-9s", name
    n = split(modes, mode, " ")
    for (k = 1; k <= n; k++) printf " %9.3f", median(value, count[mode[k]] + 0, name, mode[k])
    print ""
}
