# Code beside its samples: each guest instruction at the first host instruction of its, with shares of
# all samples, of the guest's instructions low to high. Input: samples (ADDRESS COUNT, decimal), the guest's
# disassembly, the host's with lines (FILE:N is the guest's at 4 x N). alone: there is no guest, low and
# high are the host's. least: "yes" shows all, else the share from which on an instruction is shown. POSIX
# awk.

function hex(s,   n, i) {
    n = 0
    for (i = 1; i <= length(s); i++) n = n * 16 + index("0123456789abcdef", substr(s, i, 1)) - 1
    return n
}
function share(n) { return n ? sprintf("%5.1f", 100 * n / all) : "     " }

# rbp is 152 bytes into the guest's state (aot/abi/state.h: STATE_BIAS, struct guest_state).
function homes(text,   at, place) {
    while (match(text, /\[rbp([-+]0x[0-9a-f]+)?\]/)) {
        place = substr(text, RSTART + 4, RLENGTH - 5)
        at = 152 + (place == "" ? 0 : (substr(place, 1, 1) == "-" ? -1 : 1) * hex(substr(place, 4)))
        if (at < 248) place = "x" int(at / 8)
        else if (at < 256) place = "sp"
        else if (at < 260) place = "nzcv"
        else if (at >= 816 && at < 1328) place = "v" int((at - 816) / 16)
        else place = "state+" at
        text = substr(text, 1, RSTART - 1) "[" place "]" substr(text, RSTART + RLENGTH)
    }
    return text
}

function flush(   i) {
    if (alone && lines && (least == "yes" || 100 * sum / all >= least)) print share(sum), host[1]
    else if (lines && (least == "yes" || 100 * sum / all >= least)) {
        for (i = 1; i <= lines; i++)
            printf "%s %-44s %s %s\n", i == 1 ? share(sum) : "     ", i == 1 ? head : "", share(of[i]), host[i]
    }
    lines = sum = 0
}

FILENAME == ARGV[1] { at[$1] = $2; next }
FILENAME == ARGV[2] { if (match($0, /^ *[0-9a-f]+:\t/)) { pc = hex(substr($1, 1, length($1) - 1)); sub(/^ */, ""); guest[pc] = $0 } next }
match($0, /^\/instructions:[0-9]+/) {
    flush()
    pc = 4 * substr($0, 15, RLENGTH - 14)
    head = guest[pc]
    gsub(/\t/, " ", head)
    sub(/ <.*/, "", head)
    skip = pc < low || pc > high
    next
}
match($0, /^ *[0-9a-f]+:\t/) {
    if (skip) next
    pc = hex(substr($1, 1, length($1) - 1))
    if (alone && pc > high) next
    sub(/^ *[0-9a-f]+:\t/, "")
    sub(/ *[<#].*/, "")
    if (head == "") flush()
    sum += of[++lines] = at[pc]
    host[lines] = sprintf("%x  %s", pc, alone ? $0 : homes($0))
}
END { flush() }
