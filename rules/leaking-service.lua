-- Nightly restart of a leaking service: looked at once a minute in one hour of the night (UTC), restarted when it has
-- grown too large, once a night at most. Where that is to happen at once and at any time, `restart-over` in the
-- configuration does it.

local LABELS = "leaky*"               -- of which units
local HOUR = 3                        -- from 03:00 to 03:59 UTC
local MOST = 500 * 1024 * 1024        -- bytes of its main process

local done = {}                       -- label -> the day of its last restart

every("1m", function()
  local seconds = now()
  local day = seconds // 86400
  if (seconds % 86400) // 3600 ~= HOUR then return end
  for _, unit in ipairs(units(LABELS)) do
    local seen = unit.state == "running" and unit.pid and process(unit.pid)
    if seen and seen.memory > MOST and done[unit.label] ~= day then
      done[unit.label] = day
      log("info", unit.label .. " has " .. seen.memory .. " bytes and is restarted")
      restart(unit.label)
    end
  end
end)

local NOON = 1700049600               -- 12:00 UTC

test {
  name = "a large one is restarted at three, once, and a small one is not",
  time = NOON,
  units = {["leaky-1"] = "running", ["leaky-2"] = "running"},
  processes = {{pid = 11, memory = 600 * 1024 * 1024}, {pid = 12, memory = 1024}},
  events = {
    {label = "leaky-1", kind = "running", pid = 11},
    {label = "leaky-2", kind = "running", pid = 12},
  },
  wait = "1d",
  expect = {"restart leaky-1"},
  check = function(actions)
    assert(actions[1].at >= 15 * 3600 and actions[1].at < 15 * 3600 + 120, "at " .. actions[1].at)
  end,
}

test {
  name = "two nights, two restarts",
  time = NOON,
  units = {["leaky-1"] = "running"},
  processes = {{pid = 11, memory = 600 * 1024 * 1024}},
  events = {{label = "leaky-1", kind = "running", pid = 11}},
  wait = "2d",
  expect = {"restart leaky-1", "restart leaky-1"},
}
