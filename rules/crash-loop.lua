-- Crash-loop notice: says once that a unit dies again and again by itself, and again only after it has been quiet.
-- The event `crash-loop` is for whoever subscribes, or for other rules.

local LABELS = "*"  -- of which units
local COUNT = 5     -- so many deaths
local WITHIN = 60   -- within so many seconds
local QUIET = 300   -- after so many seconds without one it may be said again

local deaths = {}   -- label -> times of its latest deaths
local said = {}     -- label -> when it was said, or died last since

on {
  name = "crash loop",
  label = LABELS,
  kind = "exited",
  -- A death that somebody has asked for has a cause.
  where = function(e) return e.cause == nil and (e.signal ~= nil or (e.code or 0) ~= 0) end,
  run = function(e)
    local recent = {}
    for _, time in ipairs(deaths[e.label] or {}) do
      if e.time - time < WITHIN then recent[#recent + 1] = time end
    end
    recent[#recent + 1] = e.time
    deaths[e.label] = recent
    local last = said[e.label]
    if last and e.time - last < QUIET then
      said[e.label] = e.time
    elseif #recent >= COUNT then
      said[e.label] = e.time
      local how = e.signal or ("code " .. math.tointeger(e.code))
      note(e.label .. " is in a crash loop: " .. #recent .. " deaths within " .. WITHIN .. " s, the last by " .. how)
      publish("crash-loop", {deaths = #recent, last = how})
    end
  end,
}

local function death(after)
  return {label = "web", kind = "exited", code = 1, after = after}
end

test {
  name = "five deaths within a minute are said once",
  events = {death("0"), death("5s"), death("5s"), death("5s"), death("5s"), death("5s"), death("5s")},
  expect = {
    "note web is in a crash loop: 5 deaths within 60 s, the last by code 1",
    "publish crash-loop deaths=5 last=code 1",
  },
}

test {
  name = "deaths far between, and those that were asked for, are not",
  events = {
    death("0"), death("30s"), death("30s"), death("30s"), death("30s"), death("30s"),
    {label = "api", kind = "exited", signal = "SIGTERM", cause = 7},
    {label = "api", kind = "exited", signal = "SIGTERM", cause = 7},
    {label = "api", kind = "exited", signal = "SIGTERM", cause = 7},
    {label = "api", kind = "exited", signal = "SIGTERM", cause = 7},
    {label = "api", kind = "exited", signal = "SIGTERM", cause = 7},
  },
  expect = {},
}

test {
  name = "after a quiet time it is said again",
  events = {
    death("0"), death("1s"), death("1s"), death("1s"), death("1s"),
    death("10m"), death("1s"), death("1s"), death("1s"), death("1s"),
  },
  check = function(actions)
    assert(#actions == 4, "there were " .. #actions .. " actions")
  end,
}
