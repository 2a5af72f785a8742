-- For wrk: each request increments one of 10,000 names, in an order that visits them all.
local number = 0
request = function()
  number = (number + 7919) % 10000
  return wrk.format("GET", "/increment?name=n" .. number)
end
