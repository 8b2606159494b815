# LuaJIT: a guest that writes and runs its own code.
cat >l.lua <<'END'
local bit = require "bit"; local ffi = require "ffi"
ffi.cdef [[ typedef struct { double x, y; int n; } point; int abs(int); double sqrt(double); int snprintf(char *, size_t, const char *, ...); int qsort(void *, size_t, size_t, int (*)(const int *, const int *)); ]]
local s = 0 for i = 1, 3000000 do s = (s * 31 + i) % 1000003 end print(s)
local x = 0.0 for i = 1, 500000 do x = x + math.sin(i) * math.sqrt(i) / (i % 13 + 1) end print(string.format("%.9f", x))
local h = 5381 for i = 1, 300000 do h = bit.bxor(bit.lshift(h, 5), bit.rshift(h, 2), i) end print(h)
local p = ffi.new("point[100]") for r = 1, 100 do for i = 0, 99 do p[i].x = p[i].x + i * 0.5; p[i].n = p[i].n + r end end print(p[99].x, p[99].n)
local buf = ffi.new("char[64]") ffi.C.snprintf(buf, 64, "%d %s %.3f", ffi.new("int", 42), "text", 2.5) print(ffi.string(buf), ffi.C.abs(-5), ffi.C.sqrt(2))
local a = ffi.new("int[1000]") for i = 0, 999 do a[i] = (i * 7919) % 1009 end local cb = ffi.cast("int (*)(const int *, const int *)", function(l, r) return l[0] - r[0] end) ffi.C.qsort(a, 1000, 4, cb) cb:free() print(a[0], a[500], a[999])
local t = {} for i = 1, 100000 do t[i] = tostring(i % 1000) .. "k" end local c = {} for _, v in ipairs(t) do c[v] = (c[v] or 0) + 1 end local n = 0 for _ in pairs(c) do n = n + 1 end print(n, c["7k"], #table.concat(t))
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end print(fib(27)) local co = coroutine.wrap(function() for i = 1, 10000 do coroutine.yield(i) end end) local q = 0 for i = 1, 10000 do q = q + co() end print(q) print(pcall(function() for i = 1, 1000 do if i == 900 then error("in a trace") end end end)) print(tonumber(ffi.cast("int64_t", 2^40) * 3LL % 1000007LL), 0xffffffffffffffffULL / 3) local u = {} for w in (("the quick brown fox "):rep(2000)):gmatch("%a+") do u[w] = (u[w] or 0) + 1 end print(u.fox) for i = 1, 20 do local f = loadstring("local s = 0 for i = 1, 2000 do s = s + i * " .. i .. " end return s") q = q + f() end print(q) jit.flush() print(fib(20), jit.status() == true)
END
luajit l.lua; echo $?; luajit -joff l.lua | cksum; luajit l.lua | cksum; luajit -O1 l.lua | cksum; luajit -v | cut -d' ' -f1; for i in 1 2 3 4; do luajit l.lua | cksum & done; wait
