"""What the cache has Redis do in one step each.

An entry is a tag, the 16 digits of the clock at its lease, and then the value (tag `=`) or the
name of the lease (tag `?`). The clock rises with every session; a new one begins at the server's
time in ms, so that where only the clock was lost it does not fall behind the entries. A session
counts its drops: where the count is not what the session believes, the server has lost something.
"""

from typing import Final

# KEYS: clock, session. ARGV: seconds to live. → the clock, which no entry so far has reached.
OPEN: Final = """
local clock = redis.call('INCR', KEYS[1])
if clock == 1 then
  local now = redis.call('TIME')
  clock = now[1] * 1000 + math.floor(now[2] / 1000)
  redis.call('SET', KEYS[1], string.format('%.0f', clock))
end
redis.call('SET', KEYS[2], 0, 'EX', ARGV[1])
return string.format('%016.0f', clock)
"""

# KEYS: clock, session, entries. ARGV: drops so far, the session's clock, a lease's name, its ms.
# → the lease, then the values; false where they are not to be believed.
GET: Final = """
local now, drops = unpack(redis.call('MGET', KEYS[1], KEYS[2]))
if not now or drops ~= ARGV[1] then return false end
local lease = '?' .. string.format('%016.0f', tonumber(now)) .. ARGV[3]
local answer = {lease}
for i = 3, #KEYS do
  local held = redis.call('GET', KEYS[i])
  answer[i - 1] = false
  if not held or string.sub(held, 2, 17) < ARGV[2] then
    redis.call('SET', KEYS[i], lease, 'PX', ARGV[4])
  elseif string.sub(held, 1, 1) == '=' then
    answer[i - 1] = string.sub(held, 18)
  end
end
return answer
"""

# KEYS: entries. ARGV: the lease, ms to live, their values.
SET: Final = """
local head = '=' .. string.sub(ARGV[1], 2, 17)
for i = 1, #KEYS do
  if redis.call('GET', KEYS[i]) == ARGV[1] then
    redis.call('SET', KEYS[i], head .. ARGV[i + 2], 'PX', ARGV[2])
  end
end
"""

# KEYS: session, entries. ARGV: drops before this one, seconds to live. → whether they were so many.
DROP: Final = """
for i = 2, #KEYS do redis.call('UNLINK', KEYS[i]) end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1] + 1, 'EX', ARGV[2])
return 1
"""
