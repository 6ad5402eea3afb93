-- Reserves in every scope or in none. KEYS: the scopes' budgets, the reservation, the index of expiries.
-- ARGV: time to live in ms, then unit and amount, again and again. Returns held, done, expired or denied.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local scopes, reservation, expiries = #KEYS - 2, KEYS[#KEYS - 1], KEYS[#KEYS]

-- What has expired is given back, as reservations with a time to live are.
for _, old in ipairs(redis.call('ZRANGEBYSCORE', expiries, '-inf', now, 'LIMIT', 0, 100)) do
  local held = redis.call('HGETALL', old)
  local budgets = {}
  for index = 1, #held, 2 do
    if held[index]:sub(1, 6) == 'scope:' then budgets[#budgets + 1] = held[index + 1] end
  end
  for index = 1, #held, 2 do
    if held[index]:sub(1, 5) == 'unit:' then
      for _, budget in ipairs(budgets) do redis.call('HINCRBY', budget, held[index]:sub(6) .. ':reserved', -held[index + 1]) end
    end
  end
  redis.call('HSET', old, 'state', 'expired')
  redis.call('ZREM', expiries, old)
end

local state = redis.call('HGET', reservation, 'state')
if state == 'open' then return 'held' end
if state == 'committed' then return 'done' end
if state then return state end

for scope = 1, scopes do
  for index = 2, #ARGV, 2 do
    local unit = ARGV[index]
    local known = redis.call('HMGET', KEYS[scope], unit .. ':ceiling', unit .. ':spent', unit .. ':reserved')
    if known[1] - known[2] - known[3] < tonumber(ARGV[index + 1]) then return 'denied' end
  end
end
for scope = 1, scopes do
  for index = 2, #ARGV, 2 do redis.call('HINCRBY', KEYS[scope], ARGV[index] .. ':reserved', ARGV[index + 1]) end
  redis.call('HSET', reservation, 'scope:' .. scope, KEYS[scope])
end
for index = 2, #ARGV, 2 do redis.call('HSET', reservation, 'unit:' .. ARGV[index], ARGV[index + 1]) end
redis.call('HSET', reservation, 'state', 'open')
redis.call('ZADD', expiries, now + ARGV[1], reservation)
return 'held'
