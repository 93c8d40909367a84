-- Webhook by a command: tells an address of units that were given up. Three tries, half a minute apart.

local LABELS = "*"                               -- of which units
local URL = "http://127.0.0.1:9099/archon"       -- where it is told
local TRIES = 3

-- One word of a command line, whatever is in it.
local function word(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- A text of JSON.
local function json(text)
  return '"' .. tostring(text):gsub('[%c"\\]', function(c) return ("\\u%04x"):format(c:byte()) end) .. '"'
end

local function tell(body, left)
  local command = "curl -fsS -m 10 -H 'content-type: application/json' -d " .. word(body) .. " " .. word(URL)
  run(command, {label = "webhook"}, function(exit)
    if exit.code == 0 then return end
    if left > 1 then after("30s", function() tell(body, left - 1) end)
    else note("the webhook could not be reached") end
  end)
end

on {
  name = "webhook",
  label = LABELS,
  kind = {"failed", "crash-loop"},
  where = function(e) return e.label ~= "webhook" end,
  limit = {count = 10, within = "1m"},
  run = function(e)
    tell(("{%s:%s,%s:%s,%s:%d}"):format(json("unit"), json(e.label), json("what"), json(e.kind), json("event"), e.sequence), TRIES)
  end,
}

local COMMAND = [[run curl -fsS -m 10 -H 'content-type: application/json' -d '{"unit":"web","what":"failed","event":1}' 'http://127.0.0.1:9099/archon']]

test {
  name = "a unit that was given up is told of, once",
  events = {{label = "web", kind = "failed", reason = "limit"}},
  wait = "5m",
  expect = {COMMAND},
}

test {
  name = "nobody there: three tries, then a note",
  events = {{label = "web", kind = "failed", reason = "limit"}},
  exits = {[COMMAND:sub(5)] = 7},
  wait = "5m",
  expect = {COMMAND, COMMAND, COMMAND, "note the webhook could not be reached"},
}

test {
  name = "its own failures are not",
  events = {{label = "webhook", kind = "failed", reason = "code"}},
  expect = {},
}
