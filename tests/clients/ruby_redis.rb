# Debian's ruby-redis: the scenario of README.md.
require 'io/wait'
require 'json'
require 'redis'

PORT = Integer(ARGV[0])
SCENARIO = JSON.parse(File.read(ARGV[1], encoding: 'UTF-8'), symbolize_names: true)
$stdout.sync = true

def step(name)
  puts "step #{name}"
end

def expect(wanted, got)
  raise "expected #{wanted.inspect}, got #{got.inspect}" unless got == wanted
end

s = SCENARIO
client = Redis.new(port: PORT)
expect('PONG', client.ping)
step 'connect'

expect((1..s[:counts]).to_a, Array.new(s[:counts]) { client.incr(s[:counter]) })
step 'count'

summands = (1..s[:pipeline_length]).to_a
sums = summands.map { |n| n * (n + 1) / 2 }
replies = client.pipelined do |pipeline|
  summands.each { |summand| pipeline.incrby(s[:pipeline_counter], summand) }
end
expect(sums, replies)
step 'pipeline'

another = Redis.new(port: PORT)
client.set(s[:stock], s[:stock_at_first])
take = lambda do
  client.watch(s[:stock]) do
    before = client.get(s[:stock])
    another.set(s[:stock], s[:stock_by_another]) if before == s[:stock_at_first].to_s
    client.multi { |transaction| transaction.decr(s[:stock]) }
  end
end
expect(nil, take.call)
expect([s[:stock_by_another] - 1], take.call)
step 'transaction'

received = nil
another.subscribe_with_timeout(10, s[:channel]) do |on|
  on.subscribe { expect(1, client.publish(s[:channel], s[:message])) }
  on.message do |_channel, message|
    received = message.force_encoding('UTF-8')
    another.unsubscribe
  end
end
expect(s[:message], received)
step 'subscribe'

expect('OK', client.set(s[:session], s[:session_value], ex: s[:session_seconds]))
expect(true, client.ttl(s[:session]).between?(s[:session_seconds] - 10, s[:session_seconds]))
expect('OK', client.set(s[:brief], 'soon gone'))
expect(true, client.pexpire(s[:brief], s[:brief_ms]))
deadline = Time.now + 10
while client.exists?(s[:brief])
  raise 'the brief key lives on' if Time.now > deadline

  sleep(s[:brief_ms] / 1000.0)
end
step 'expire'

items = (0...s[:items]).to_h { |number| ["#{s[:item_prefix]}#{number}", number.to_s] }
expect('OK', client.mapped_mset(items))
found = client.scan_each(match: "#{s[:item_prefix]}*", count: s[:scan_count]).to_a.uniq
expect(items.keys.sort, found.sort)
step 'scan'

puts 'restart'
told = 0
until $stdin.wait_readable(0)
  begin
    told = client.incr(s[:restart_counter])
  rescue Redis::BaseConnectionError
    sleep(0.01)
  end
end
$stdin.gets
raise "counted to #{told} only" if told < s[:restart_counts] - 1

kept = client.get(s[:restart_counter]).to_i
raise "told #{told}, kept #{kept}" if kept < told

step 'restart'

expect(s[:counts] + 1, client.incr(s[:counter]))
expect(sums.last.to_s, client.get(s[:pipeline_counter]))
expect((s[:stock_by_another] - 1).to_s, client.get(s[:stock]))
expect(s[:session_value], client.get(s[:session]))
expect(items.values, client.mget(*items.keys))
step 'find'
