<?php
// Debian's php-redis: the scenario of README.md. Its calls are synchronous, so a second process publishes.

declare(strict_types=1);

$port = (int)$argv[1];
$s = json_decode(file_get_contents($argv[2]), true, 512, JSON_THROW_ON_ERROR);

function step(string $name): void
{
    echo "step $name\n";
}

function expect(mixed $wanted, mixed $got): void
{
    if ($got !== $wanted) {
        fwrite(STDERR, 'expected ' . json_encode($wanted) . ', got ' . json_encode($got) . "\n");
        exit(1);
    }
}

function connection(int $port): Redis
{
    $redis = new Redis();
    $redis->connect('127.0.0.1', $port);
    return $redis;
}

// Called with a third argument by itself, below: publishes as soon as somebody listens.
if (($argv[3] ?? '') === 'publish') {
    $client = connection($port);
    for ($tries = 0; $client->publish($s['channel'], $s['message']) !== 1; $tries++) {
        expect(true, $tries < 1000);
        usleep(10_000);
    }
    exit(0);
}

$client = connection($port);
expect(true, $client->ping());
step('connect');

for ($count = 1; $count <= $s['counts']; $count++) {
    expect($count, $client->incr($s['counter']));
}
step('count');

$pipeline = $client->multi(Redis::PIPELINE);
$sums = [];
for ($summand = 1; $summand <= $s['pipeline_length']; $summand++) {
    $pipeline->incrBy($s['pipeline_counter'], $summand);
    $sums[] = intdiv($summand * ($summand + 1), 2);
}
expect($sums, $pipeline->exec());
step('pipeline');

$another = connection($port);
$client->set($s['stock'], (string)$s['stock_at_first']);
$client->watch($s['stock']);
$another->set($s['stock'], (string)$s['stock_by_another']);
expect(false, $client->multi()->decr($s['stock'])->exec());
$client->watch($s['stock']);
expect((string)$s['stock_by_another'], $client->get($s['stock']));
expect([$s['stock_by_another'] - 1], $client->multi()->decr($s['stock'])->exec());
step('transaction');

$publisher = proc_open([PHP_BINARY, __FILE__, $argv[1], $argv[2], 'publish'], [], $pipes);
$received = null;
$another->setOption(Redis::OPT_READ_TIMEOUT, 20);
try {
    // The call ends only with the connection.
    $another->subscribe([$s['channel']], function (Redis $redis, string $channel, string $message) use (&$received) {
        $received = $message;
        $redis->close();
    });
} catch (RedisException) {
}
expect($s['message'], $received);
expect(0, proc_close($publisher));
step('subscribe');

expect(true, $client->set($s['session'], $s['session_value'], ['ex' => $s['session_seconds']]));
$seconds = $client->ttl($s['session']);
expect(true, $s['session_seconds'] - 10 <= $seconds && $seconds <= $s['session_seconds']);
expect(true, $client->set($s['brief'], 'soon gone'));
expect(true, $client->pExpire($s['brief'], $s['brief_ms']));
for ($tries = 0; $client->exists($s['brief']) !== 0; $tries++) {
    expect(true, $tries < 200);
    usleep(1000 * $s['brief_ms']);
}
step('expire');

$items = [];
for ($number = 0; $number < $s['items']; $number++) {
    $items[$s['item_prefix'] . $number] = (string)$number;
}
expect(true, $client->mset($items));
$client->setOption(Redis::OPT_SCAN, Redis::SCAN_RETRY);
$found = [];
$cursor = null;
while (($names = $client->scan($cursor, $s['item_prefix'] . '*', $s['scan_count'])) !== false) {
    $found += array_flip($names);
}
expect([], array_diff_key($items, $found));
expect(count($items), count($found));
step('scan');

echo "restart\n";
$told = 0;
for (;;) {
    [$read, $write, $except] = [[STDIN], null, null];
    if (stream_select($read, $write, $except, 0) > 0) {
        break;
    }
    try {
        $told = $client->incr($s['restart_counter']);
    } catch (RedisException) {
        usleep(10_000);
    }
}
fgets(STDIN);
expect(true, $told >= $s['restart_counts'] - 1);
expect(true, (int)$client->get($s['restart_counter']) >= $told);
step('restart');

expect($s['counts'] + 1, $client->incr($s['counter']));
expect((string)end($sums), $client->get($s['pipeline_counter']));
expect((string)($s['stock_by_another'] - 1), $client->get($s['stock']));
expect($s['session_value'], $client->get($s['session']));
expect(array_values($items), $client->mget(array_keys($items)));
step('find');
