/** Changes that must be atomic, as Lua scripts. Redis runs a script without another command in between. */

import { createHash } from 'node:crypto';

export interface Script {
  readonly text: string;
  readonly sha: string;
}

/** `ARGV[1]` is the time in ms, or empty for the time of the server. */
const NOW = `
local function clock()
  local given = tonumber(ARGV[1])
  if given then return given end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local now = clock()
local function text(number) return string.format('%.0f', number) end
`;

/**
 * Ids and fences begin at the time in ms. So they rise also across a loss of all data: an id or a fence from before the loss is lower than
 * every later one.
 */
const NEXT_ID = `
local function nextId(key, name)
  local last = tonumber(redis.call('HGET', key, name) or 0)
  local id = math.max(last + 1, math.floor(now))
  redis.call('HSET', key, name, text(id))
  return id
end
`;

const LEASES = `
local function leaseOf(key, name)
  local held = redis.call('HGET', key, name)
  if not held then return 0, 0, '' end
  local fence, untilMs, holder = string.match(held, '^(%d+) (%d+) (.*)$')
  if not fence then return redis.error_reply('canary: invalid lease') end
  return tonumber(fence), tonumber(untilMs), holder
end
`;

/** KEYS: leases, values. ARGV: now, key, value, fence, channel. Returns 1 if the value was written. */
export const WRITE = script(`${LEASES}
local fence = leaseOf(KEYS[1], ARGV[2])
if type(fence) == 'table' then return fence end
if fence > tonumber(ARGV[4]) then return 0 end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
redis.call('PUBLISH', ARGV[5], ARGV[2])
return 1`);

/** KEYS: leases. ARGV: now, key, holder, forMs. Returns the fence, or an empty string while another holder has the lease. */
export const LEASE = script(`${NOW}${LEASES}
local fence, untilMs, holder = leaseOf(KEYS[1], ARGV[2])
if type(fence) == 'table' then return fence end
local isMine = holder == ARGV[3]
if not isMine then
  if holder ~= '' and now < untilMs then return '' end
  fence = math.max(fence + 1, math.floor(now))
end
redis.call('HSET', KEYS[1], ARGV[2], text(fence) .. ' ' .. text(now + tonumber(ARGV[4])) .. ' ' .. ARGV[3])
return text(fence)`);

/** KEYS: leases. ARGV: now, key, holder. */
export const RELEASE = script(`${NOW}${LEASES}
local fence, untilMs, holder = leaseOf(KEYS[1], ARGV[2])
if type(fence) == 'table' then return fence end
if holder ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[1], ARGV[2], text(fence) .. ' 0 ')
return 1`);

/** KEYS: ids, box. ARGV: now, name of the box, message, number kept, channel. */
export const POST = script(`${NOW}${NEXT_ID}
local id = nextId(KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[2], text(id), text(id) .. ' ' .. ARGV[3])
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -(tonumber(ARGV[4]) + 1))
redis.call('PUBLISH', ARGV[5], ARGV[2])
return text(id)`);

/**
 * KEYS: ids, log, sequence of each source, sources by activity.
 * ARGV: now, name of the log, block, blocks kept, source, sequence, sources kept, forMs.
 */
export const ADD_BLOCK = script(`${NOW}${NEXT_ID}
local known = tonumber(redis.call('HGET', KEYS[3], ARGV[5]) or 0)
if tonumber(ARGV[6]) <= known then return 0 end
local id = nextId(KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[2], text(id), text(id) .. ' ' .. ARGV[3])
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -(tonumber(ARGV[4]) + 1))
redis.call('HSET', KEYS[3], ARGV[5], ARGV[6])
redis.call('ZADD', KEYS[4], text(id), ARGV[5])
local excess = redis.call('ZCARD', KEYS[4]) - tonumber(ARGV[7])
if excess > 0 then
  for _, source in ipairs(redis.call('ZRANGE', KEYS[4], 0, excess - 1)) do redis.call('HDEL', KEYS[3], source) end
  redis.call('ZREMRANGEBYRANK', KEYS[4], 0, excess - 1)
end
for index = 2, 4 do redis.call('PEXPIRE', KEYS[index], ARGV[8]) end
return 1`);

/** KEYS: texts, keys by age, ids. ARGV: now, forMs, texts kept, then keys and texts in turn. */
export const REMEMBER = script(`${NOW}
local untilMs = text(now + tonumber(ARGV[2]))
for index = 4, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[index], untilMs .. ' ' .. ARGV[index + 1])
  redis.call('ZADD', KEYS[2], redis.call('HINCRBY', KEYS[3], 'texts', 1), ARGV[index])
end
local excess = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[3])
if excess > 0 then
  for _, key in ipairs(redis.call('ZRANGE', KEYS[2], 0, excess - 1)) do redis.call('HDEL', KEYS[1], key) end
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, excess - 1)
end
for index = 1, 2 do
  if redis.call('PTTL', KEYS[index]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[index], ARGV[2]) end
end
return 1`);

/** KEYS: texts. ARGV: now, then keys. Returns the texts, an empty string for one that is not kept. */
export const RECALL = script(`${NOW}
local found = {}
for index = 2, #ARGV do
  local untilMs, kept = string.match(redis.call('HGET', KEYS[1], ARGV[index]) or '', '^(%d+) (.*)$')
  found[index - 1] = (untilMs and tonumber(untilMs) > now) and ('=' .. kept) or ''
end
return found`);

/**
 * For each request, KEYS: counts of the limit, parts by process, processes by the end of their part. The part of a process that has not asked in
 * time counts as used; for a window it is remembered under `-<process>`, so that it does not count again if the process comes back. ARGV: now, then for each request
 * the fields of `PartRequest` from `source` on. Sums are kept, so that a request costs the same however many processes there are.
 * Returns for each request what is held, what is free, the number of processes, and the time until something used ceases to count, or -1.
 */
export const TAKE_PARTS = script(`${NOW}
local function slotAt(second, seconds) return 'used' .. text(second % seconds) end
local function forget(counts, from, till, seconds)
  local gone = 0
  for second = math.max(from + 1, till - seconds + 1), till do
    local slot = slotAt(second, seconds)
    local amount = redis.call('HGET', counts, slot)
    if amount then
      gone = gone + tonumber(amount)
      redis.call('HDEL', counts, slot)
    end
  end
  return gone
end
local function dropPart(parts, ends, source)
  redis.call('HDEL', parts, source)
  redis.call('ZREM', ends, source)
end
local function takeExpired(counts, parts, ends, windowMs)
  local held = 0
  for _, source in ipairs(redis.call('ZRANGEBYSCORE', ends, '-inf', text(now))) do
    local mine, total = string.match(redis.call('HGET', parts, source) or '0 0', '^(%d+) (%d+)$')
    dropPart(parts, ends, source)
    if string.sub(source, 1, 1) == '-' then
      redis.call('HINCRBY', counts, 'gone', '-1')
    else
      held = held + tonumber(mine)
      if windowMs > 0 then
        redis.call('HSET', parts, '-' .. source, '0 ' .. text(tonumber(total) + tonumber(mine)))
        redis.call('ZADD', ends, text(now + windowMs), '-' .. source)
        redis.call('HINCRBY', counts, 'gone', '1')
      end
    end
  end
  return held
end
local function oldestLeft(counts, second, seconds)
  for at = second - seconds + 1, second do
    if redis.call('HEXISTS', counts, slotAt(at, seconds)) == 1 then return (at + seconds) * 1000 - now end
  end
  return -1
end
local function grant(counts, parts, ends, source, limit, windowMs, total, recent, keeps, wants, least, forMs)
  local seconds = windowMs / 1000
  local state = redis.call('HMGET', counts, 'second', 'used', 'held')
  local last, used, held = tonumber(state[1] or 0), tonumber(state[2] or 0), tonumber(state[3] or 0)
  local second = math.max(math.floor(now / 1000), last)
  if seconds > 0 then used = used - forget(counts, last, second, seconds) end
  local added = takeExpired(counts, parts, ends, windowMs)
  held = held - added
  local mine, before = string.match(redis.call('HGET', parts, source) or '', '^(%d+) (%d+)$')
  if not mine then
    mine, before = string.match(redis.call('HGET', parts, '-' .. source) or '', '^(%d+) (%d+)$')
    if mine then
      dropPart(parts, ends, '-' .. source)
      redis.call('HINCRBY', counts, 'gone', '-1')
    end
  end
  if mine then
    held = held - tonumber(mine)
    added = added + math.max(0, total - tonumber(before))
    total = math.max(total, tonumber(before))
  else
    added = added + recent
  end
  if seconds > 0 and added > 0 then
    used = used + added
    redis.call('HINCRBY', counts, slotAt(second, seconds), text(added))
  end
  local free = limit - used - held - keeps
  local granted = 0
  if forMs > 0 then redis.call('ZADD', ends, text(now + forMs), source) else redis.call('ZREM', ends, source) end
  local processes = redis.call('ZCARD', ends) - tonumber(redis.call('HGET', counts, 'gone') or 0)
  if wants > 0 and free >= least then
    granted = math.min(wants, free, math.max(least, math.floor(free / math.max(1, processes))))
  end
  if forMs > 0 then
    held = held + keeps + granted
    redis.call('HSET', parts, source, text(keeps + granted) .. ' ' .. text(total))
  else
    redis.call('HDEL', parts, source)
  end
  redis.call('HSET', counts, 'second', text(second), 'used', text(used), 'held', text(held))
  for _, key in ipairs({ counts, parts, ends }) do redis.call('PEXPIRE', key, text(windowMs + math.max(forMs, 10000))) end
  local freeInMs = -1
  if seconds > 0 and used > 0 and granted < wants then freeInMs = oldestLeft(counts, second, seconds) end
  return text(keeps + granted) .. ' ' .. text(math.max(0, free - granted)) .. ' ' .. text(processes) .. ' ' .. text(freeInMs)
end
local grants = {}
for index = 1, #KEYS / 3 do
  local numbers = {}
  for field = 2, 9 do numbers[field] = tonumber(ARGV[(index - 1) * 9 + 1 + field]) end
  local at = index * 3
  grants[index] = grant(KEYS[at - 2], KEYS[at - 1], KEYS[at], ARGV[(index - 1) * 9 + 2], unpack(numbers, 2, 9))
end
return grants`);

function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}
