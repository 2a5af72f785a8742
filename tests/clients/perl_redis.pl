# Debian's libredis-perl: the scenario of README.md.
use strict;
use warnings;
use IO::Select;
use JSON::PP;
use Redis;
use Time::HiRes qw(sleep time);

$| = 1;
my ($port, $path) = @ARGV;
open my $file, '<:raw', $path or die "$path: $!";
my $s = decode_json(join '', <$file>);
# The library takes bytes: a string of characters is encoded for it.
my $message = $s->{message};
utf8::encode($message);

sub step { print "step $_[0]\n" }

sub expect {
    my ($wanted, $got) = map { defined ? ref ? encode_json($_) : "$_" : 'undef' } @_;
    $wanted eq $got or die "expected $wanted, got $got";
}

# `reconnect` is the time that the library tries for; by itself it does not.
my $client = Redis->new(server => "127.0.0.1:$port", reconnect => 30, every => 10_000);
expect('PONG', $client->ping);
step 'connect';

expect($_, $client->incr($s->{counter})) for 1 .. $s->{counts};
step 'count';

my ($sum, @sums, @replies) = 0;
for my $summand (1 .. $s->{pipeline_length}) {
    push @sums, $sum += $summand;
    $client->incrby($s->{pipeline_counter}, $summand, sub { push @replies, $_[0] });
}
$client->wait_all_responses;
expect("@sums", "@replies");
step 'pipeline';

my $another = Redis->new(server => "127.0.0.1:$port");
$client->set($s->{stock}, $s->{stock_at_first});
$client->watch($s->{stock});
$another->set($s->{stock}, $s->{stock_by_another});
$client->multi;
expect('QUEUED', $client->decr($s->{stock}));
expect(undef, scalar $client->exec);
$client->watch($s->{stock});
expect($s->{stock_by_another}, $client->get($s->{stock}));
$client->multi;
expect('QUEUED', $client->decr($s->{stock}));
expect($s->{stock_by_another} - 1, join ' ', $client->exec);
step 'transaction';

my $received;
$another->subscribe($s->{channel}, my $listener = sub { $received = $_[0] });
expect(1, $client->publish($s->{channel}, $message));
my $waits = 0;
# It waits for the next message, too, as long as it is told to.
until (defined $received) {
    $waits++ < 100 or die 'no message';
    $another->wait_for_messages(0.1);
}
expect($message, $received);
$another->unsubscribe($s->{channel}, $listener);
step 'subscribe';

expect('OK', $client->set($s->{session}, $s->{session_value}, EX => $s->{session_seconds}));
my $seconds = $client->ttl($s->{session});
$s->{session_seconds} - 10 <= $seconds && $seconds <= $s->{session_seconds} or die "the session lives for $seconds s";
expect('OK', $client->set($s->{brief}, 'soon gone'));
expect(1, $client->pexpire($s->{brief}, $s->{brief_ms}));
my $deadline = time + 10;
while ($client->exists($s->{brief})) {
    time < $deadline or die 'the brief key lives on';
    sleep $s->{brief_ms} / 1000;
}
step 'expire';

my @names = map { "$s->{item_prefix}$_" } 0 .. $s->{items} - 1;
expect('OK', $client->mset(map { ($names[$_], $_) } 0 .. $#names));
my ($cursor, %found) = 0;
do {
    ($cursor, my $some) = $client->scan($cursor, MATCH => "$s->{item_prefix}*", COUNT => $s->{scan_count});
    $found{$_} = 1 for @$some;
} while ($cursor);
expect("@{[sort @names]}", "@{[sort keys %found]}");
step 'scan';

print "restart\n";
my $told = 0;
my $runner = IO::Select->new(\*STDIN);
until ($runner->can_read(0)) {
    # What is under way when the server dies may fail.
    eval { $told = $client->incr($s->{restart_counter}) };
}
<STDIN>;
$told >= $s->{restart_counts} - 1 or die "counted to $told only";
my $kept = $client->get($s->{restart_counter});
$kept >= $told or die "told $told, kept $kept";
step 'restart';

expect($s->{counts} + 1, $client->incr($s->{counter}));
expect($sum, $client->get($s->{pipeline_counter}));
expect($s->{stock_by_another} - 1, $client->get($s->{stock}));
expect($s->{session_value}, $client->get($s->{session}));
expect("@{[0 .. $#names]}", "@{[$client->mget(@names)]}");
step 'find';
