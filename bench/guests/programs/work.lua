-- Recursion, tables, strings, floating point.
local function fib(n)
    if n < 2 then return n end
    return fib(n - 1) + fib(n - 2)
end

local list, x = {}, 12345
for i = 1, 20000 do
    x = (x * 1103515245 + 12345) % 2147483648
    list[i] = x
end
table.sort(list)

local words = {}
for i = 1, 8000 do
    words[#words + 1] = ("word%d"):format(i % 100):upper():rep(2)
end
local text = table.concat(words, " ")
local count = select(2, text:gsub("WORD1%d", "x"))

local sum = 0.0
for i = 1, 200000 do
    sum = sum + math.sqrt(i) / (i + 1)
end
print(fib(23), list[1000], #text, count, ("%.6f"):format(sum))
