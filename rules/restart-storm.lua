-- Restart-storm brake: a unit that is started again too often is stopped for a while, so that it does not take the
-- whole machine with it, and then started once more.

local LABELS = "*"   -- of which units
local COUNT = 20     -- started again so often
local WITHIN = 60    -- within so many seconds
local PAUSE = "5m"   -- and left alone for so long

local starts = {}    -- label -> times of its latest starts

on {
  name = "restart storm",
  label = LABELS,
  kind = "starting",
  where = function(e) return (e.restarts or 0) > 0 and not e.late end,
  run = function(e)
    local recent = {}
    for _, time in ipairs(starts[e.label] or {}) do
      if e.time - time < WITHIN then recent[#recent + 1] = time end
    end
    recent[#recent + 1] = e.time
    starts[e.label] = recent
    if #recent < COUNT then return end
    starts[e.label] = nil
    note(e.label .. " was started " .. #recent .. " times within " .. WITHIN .. " s and is stopped for " .. PAUSE)
    stop(e.label)
    after(PAUSE, function()
      -- Somebody may have started it meanwhile, or have forgotten it.
      if state(e.label) == "stopped" then start(e.label) end
    end)
  end,
}

local function storm(last)
  local events = {}
  for restarts = 1, 20 do
    events[restarts] = {label = "web", kind = "starting", restarts = restarts, after = "1s"}
  end
  events[#events + 1] = last
  return events
end

test {
  name = "twenty restarts in twenty seconds: a pause, and one more try",
  units = {web = "running"},
  events = storm({label = "web", kind = "stopped", after = "1s"}),
  wait = "10m",
  expect = {"note web was started 20 times within 60 s and is stopped for 5m", "stop web", "start web"},
}

test {
  name = "what somebody has started meanwhile is left alone",
  units = {web = "running"},
  events = storm({label = "web", kind = "running", after = "1m"}),
  wait = "10m",
  expect = {"note web was started 20 times within 60 s and is stopped for 5m", "stop web"},
}

test {
  name = "slow restarts are none of its business",
  events = {
    {label = "web", kind = "starting", restarts = 1},
    {label = "web", kind = "starting", restarts = 2, after = "1m"},
    {label = "web", kind = "starting", after = "1m"},
  },
  expect = {},
}
