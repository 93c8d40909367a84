/** What a rule's function may do that must not hold up anything: by what it is, the text of its body. */
export const ESCAPES: Readonly<Record<string, string>> = {
  'an endless loop': 'while true do end',
  'an endless loop of protected calls': 'while true do pcall(function() while true do end end) end',
  'protected calls within protected calls': 'local function f() while true do pcall(f) end end f()',
  'a handler of errors that has no end':
    'xpcall(function() while true do end end, function() while true do end end)',
  'a handler of errors that raises errors': 'while true do xpcall(error, function(e) error(e) end, "x") end',
  'a long text by string.rep': 'local s = ("x"):rep(2^40)',
  'a text that doubles itself': 'local s = "xx" while true do s = s .. s end',
  'a pattern that tries everything': `("a"):rep(64):find(("a*"):rep(32) .. "b")`,
  'a recursion without end': 'local function f() return 1 + f() end f()',
  'a recursion of protected calls': 'local function f() return pcall(f) or f() end while true do f() end',
  'a chain of tables that ask each other':
    'local t = setmetatable({}, {}) getmetatable(t).__index = function(_, k) return t[k] end return t.x',
  'an operator that asks itself':
    'local m = {} m.__add = function(a, b) return a + b end return setmetatable({}, m) + 1',
  'a table that grows': 'local t = {} while true do t[#t + 1] = {} end',
  'an error that is a table': 'error({})',
  'an error that is a table with a trap':
    'error(setmetatable({}, {__tostring = function() while true do end end}))',
  'a tostring that has no end':
    'return tostring(setmetatable({}, {__tostring = function() while true do end end}))',
  'a format of many digits': 'return string.format("%99999d", 1)',
  'a table.concat of much': `local t, s = {}, ("x"):rep(200000) for i = 1, 20000 do t[i] = s end return table.concat(t)`,
  'a gsub that blows up': `return (("x"):rep(200000):gsub("x", ("y"):rep(200000)))`,
  'a gsub whose function calls gsub':
    'local function f(s) return (s:gsub(".", f)) end return f(("x"):rep(1000))',
  'a sort by chance':
    'local t = {} for i = 1, 5000 do t[i] = i end while true do table.sort(t, function() return true end) end',
  'a loop of goto': '::again:: goto again',
  'a for that counts to the end of numbers': 'for i = 1, math.huge do end',
  'a loop over all code points': 'while true do for _, c in utf8.codes(("é"):rep(1000)) do end end',
  'more values than there is room for': 'return select("#", table.unpack({}, 1, 1e8))',
  'a table.move of much': 'table.move({}, 1, 1e9, 2)',
  'an insert at the beginning of much':
    'local t = {} for i = 1, 20000 do t[i] = i end while true do table.insert(t, 1, 0) end',
  'upvalues of upvalues':
    'local f = function() end while true do local g = f f = function() return g() end end',
  'a string that is packed wide': 'return string.pack("!16 c2000000000", "x")',
  'a call of what is no function, many times over':
    'local t = {} for i = 1, 1e9 do t = setmetatable({}, {__call = t}) end t()',
};
