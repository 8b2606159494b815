# Fields, associative arrays, strings, regular expressions, numbers.
BEGIN {
    x = 7
    for (i = 0; i < 1500000; i++) {
        x = (x * 1103515245 + 12345) % 2147483648
        count["w" x % 5003]++
    }
    for (w in count) if (count[w] > best) best = count[w]
    print best
    for (i = 0; i < 200000; i++) {
        $0 = "field" i " " i * 3 % 1000 " x-" i % 17 " end"
        if ($3 ~ /^x-1[0-5]$/) sum += $2
        line = sprintf("%s:%05d", $1, $2)
        gsub(/[0-4]/, "_", line)
        total += length(line) + index(line, "_")
    }
    print sum, total
    for (i = 1; i < 2000000; i++) s += sin(i) / i + int(i / 7) % 3
    printf "%.9f\n", s
}
