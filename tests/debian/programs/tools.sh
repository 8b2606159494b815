# make, jq, bc, dc-like arithmetic, file, lua.
# native-sed: s/Linux 3.2.0/Linux 3.7.0/;s/x86-64/ARM aarch64/g;s/x86_64/aarch64/g;s/ld-linux-ARM aarch64.so.2/ld-linux-aarch64.so.1/
s() { echo "== $*"; }
s bc; bc -l <<'END'
scale=60; 4*a(1); e(1); sqrt(2); 2^300; l(10); s(1)
define f(n) { if (n < 2) return n; return f(n-1) + f(n-2); }
f(15); obase=16; 255*4096; ibase=2; 1011
END
bc <<'END'
1/0
for (i = 0; i < 5; i++) i^3
END
s jq; jq -n '[range(2000)] | map(. * . % 97) | group_by(. % 5) | map({n: length, s: add})' -c; jq -n -c '{a: 1, b: [1.5, null, "x\u00e9"]} | ., (.b | length), (.b[2] | ascii_downcase | test("^x")), (to_entries | map(.key)), ([.. | numbers] | add / 3), ("2015-03-05T23:51:47Z" | fromdate), (1e1000, 3.0, 1e17, 0.1 + 0.2)'; echo '{"a":' | jq . 2>&1; echo $?; echo '[3,1,2]' | jq -r 'sort | @csv, @json, (map(tostring) | join("-")), (.[1:] | @base64)'; jq -n '[limit(5; repeat(1))] | length, ("abc" | explode | implode), ([1,[2,[3]]] | flatten), ("a,b" | split(",")), (reduce range(1000) as $i (0; . + ($i | sin)))' -c
s file; file -bL /bin/sh | sed 's/BuildID[^,]*, //;s/interpreter [^,]*, //'; printf '\211PNG\r\n\032\n' >p; printf '%%PDF-1.4\n' >q; echo '#!/bin/sh' >r; gzip -cn r >g; file p q r g case.sh; file -bi r
s make; cat >Makefile <<'END'
N := 1 2 3 4 5 6 7 8
all: $(N:%=out.%) | rule-b ; @cat $^ | sort -n | tr '\n' ' '; echo $(words $(N)) $(patsubst %,[%],$(wordlist 2,3,$(N))) $(shell echo sh) $(sort c a b)
out.%: ; @sleep 0.0$*; expr $* \* $* >$@
$(foreach n,a b,$(eval rule-$(n): ; @echo rule $$@))
rule-b: rule-a
fail: ; @exit 3
.DEFAULT: ; @echo default $@
ifeq ($(words $(N)),8)
x: all rule-a rule-b
endif
END
make -j4 x; make -n all; make fail 2>&1; echo $?; make unknown; make -q all; echo $?; touch out.3; rm out.5; make -s --no-print-directory; make --version | head -1
s lua; cat >l.lua <<'END'
local t = {} for i = 1, 20000 do t[i] = (i * 7919) % 10007 end table.sort(t) print(t[1], t[#t], #t)
print(10 // 3, -10 // 3, 10 % -3, 2^53, 1 << 62, 7.0, 1e15, 1e100, 0/0 ~= 0/0, math.maxinteger + 1 == math.mininteger, 3 | 5.0, "10" + 5)
print(string.format("%5.2f %q %x %s %g", 3.14159, "a\nb", 255, true, 1e-5), ("hello"):gsub("l+", "<%0>"), ("a=1, b=2"):match("b=(%d)")) for k, v in ("x=1;y=2"):gmatch("(%w)=(%d)") do io.write(k, v, " ") end print()
local co = coroutine.wrap(function(n) for i = 1, n do coroutine.yield(i * i) end return "end" end) print(co(3), co(), co(), co())
print(pcall(error, {code = 1})) print(select("#", pcall(error))) print(pcall(function() local x = nil; return x.y end)) local mt = setmetatable({}, {__index = function(_, k) return k .. "!" end, __add = function() return "added" end, __close = print}) print(mt.foo, mt + 1) goto done do print("skipped") end ::done:: print(string.pack("<i4d", 7, 1.5):byte(1, -1)) print(utf8.char(233, 8364), utf8.len("é€")) collectgarbage() print(os.time{year=2000, month=1, day=1, hour=0}, os.date("!%F", 0)) local s = 0 for i = 1, 300000 do s = s + math.sin(i) * (i % 7) end print(string.format("%.9f", s)) local f = load("return ...") print(f(1, 2)) os.exit(4)
END
lua5.4 l.lua 2>&1 | sed 's/0x[0-9a-f]*/ADDRESS/'; lua5.4 -e 'os.exit(4)'; echo $?; lua5.4 -v; lua5.4 -e 'error("x")' 2>&1; echo $?
