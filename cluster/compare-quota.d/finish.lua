-- Commits what a call has cost, or releases, and gives the rest back. KEYS: as for reserving.
-- ARGV: committed or released, then unit and amount, again and again. Returns the state that was found.
local scopes, reservation, expiries = #KEYS - 2, KEYS[#KEYS - 1], KEYS[#KEYS]
local state = redis.call('HGET', reservation, 'state')
if state ~= 'open' then return state end
for index = 2, #ARGV, 2 do
  local unit = ARGV[index]
  local held = redis.call('HGET', reservation, 'unit:' .. unit)
  for scope = 1, scopes do
    redis.call('HINCRBY', KEYS[scope], unit .. ':reserved', -held)
    redis.call('HINCRBY', KEYS[scope], unit .. ':spent', ARGV[index + 1])
  end
end
redis.call('HSET', reservation, 'state', ARGV[1])
redis.call('ZREM', expiries, reservation)
redis.call('PEXPIRE', reservation, 86400000)
return state
