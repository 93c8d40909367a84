-- Escalation after several deaths of a service within ten minutes: at the third, what it leans on is restarted; at the
-- fifth, it is stopped and people are called.

local SERVICE = "web"
local LEANS_ON = {"cache"}
local CALL = "logger -p user.crit -t archon"     -- gets one more word: what to say
local WITHIN = 600

local deaths = {}

on {
  name = "escalation",
  label = SERVICE,
  kind = "exited",
  where = function(e) return e.cause == nil and (e.signal ~= nil or (e.code or 0) ~= 0) end,
  run = function(e)
    local recent = {}
    for _, time in ipairs(deaths) do
      if e.time - time < WITHIN then recent[#recent + 1] = time end
    end
    recent[#recent + 1] = e.time
    deaths = recent
    if #recent == 3 then
      note(SERVICE .. " died three times: what it leans on is restarted")
      restart(LEANS_ON)
    elseif #recent == 5 then
      note(SERVICE .. " died five times: it is stopped, and people are called")
      stop(SERVICE)
      run(CALL .. " '" .. SERVICE .. " is down after five deaths'", {label = "call-people"})
      deaths = {}
    end
  end,
}

local function dies(count, after)
  local events = {}
  for at = 1, count do
    events[at] = {label = "web", kind = "exited", signal = "SIGSEGV", after = after}
  end
  return events
end

test {
  name = "two deaths are nothing special",
  events = dies(2, "1m"),
  expect = {},
}

test {
  name = "three: the cache; five: people",
  events = dies(5, "1m"),
  expect = {
    "note web died three times: what it leans on is restarted",
    "restart cache",
    "note web died five times: it is stopped, and people are called",
    "stop web",
    "run logger -p user.crit -t archon 'web is down after five deaths'",
  },
}

test {
  name = "one an hour is none of its business",
  events = dies(8, "1h"),
  expect = {},
}
