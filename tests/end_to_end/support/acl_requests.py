"""Requests about users, and what users ask for, to be sent to both servers."""

# A line is a client's name and its request; a client connects with its first request.
SEQUENCES = """
a acl list
a acl users
a acl whoami
a acl cat
a acl getuser default
a acl getuser nobody
a acl setuser
a acl setuser bob on >p %R~r* %W~w* ~b* &ch* -@all +get +set +client|id +select|0
a acl getuser bob
a acl list
b auth bob wrong
b auth nobody p
b auth p
b auth default any
b hello 2 auth bob wrong
b hello 3 auth bob p
b acl whoami
b hello 2
a client kill user nobody
b get r1
b get w1
b set r1 x
b set w1 x
b set w1 x get
b set b1 x get
b mget r1 b1
b select 0
b select 1
b client id extra
b client list
b client foo
b nosuch
b get
b acl whoami
a acl log
a acl log 2
a acl log 0
a acl log -5
a acl log x
a acl log 1 2
a acl log reset
a acl log
a acl setuser bob +@all
b acl whoami
b publish x y
b publish ch1 y
b subscribe x
b psubscribe ch1
b ssubscribe ch1 x
b spublish x y
b copy r1 b1
b copy w1 b1
b rename b1 r1
b exists r1 w1 b1
b exists x1
b strlen w1
b del w1 b1
b del r1
b getdel r1
b bitfield r1 get u8 0
b bitfield r1 set u8 0 1
b bitfield w1 set u8 0 1
b bitfield b1 overflow sat get u8 0
b bitop and b1 r1 r2
b bitop and r1 r1 r2
b bitop and b1 w1
b object encoding x1
b touch x1
b watch x1
b watch r1
b unwatch
b lcs r1 b2
b mset w1 1 w2 2
b mset w1 1 r1 2
b msetnx w1 1 x1 2
b incr b1
b incr w1
b append w1 x
b getset b1 5
b expire r1 5
b ttl r1
b type w1
b multi
b get x1
b get b1
b exec
a acl log
b multi
b get b1
b set b1 5
b ping
a acl setuser bob resetkeys -ping
b exec
b ping
a acl setuser bob +@all ~*
b multi
b publish ch1 x
a acl setuser bob resetchannels
b exec
b multi
b acl setuser bob -get
b get a
b exec
b get a
b set a b
b acl setuser bob -@all
b ping
b acl whoami
b auth bob p
b hello 3
b reset
b acl whoami
a acl setuser bob off
b auth bob p
a acl setuser bob on +@all allkeys allchannels
b auth bob p
b subscribe news
a acl setuser bob resetchannels &news
b ping
a acl setuser bob resetchannels &other
b ping
c auth bob p
c acl deluser bob
c ping
d acl whoami
d acl deluser default
d acl deluser x default
d acl deluser x y
d acl setuser x
d acl setuser y
d acl deluser x y z
d acl setuser x on foo
d acl getuser x
d acl setuser x (+get
d acl setuser x (+get ~a) (+set
d acl setuser x (+get ~a) (+set %R~b &c) ~q
d hello 3
d acl getuser x
d acl list
d acl getuser nobody
d acl log
d hello 2
d acl setuser x clearselectors
d acl getuser x
d acl setuser x reset
d acl getuser x
d acl dryrun
d acl dryrun nobody get a
d acl dryrun x nosuch
d acl dryrun x client nosuch
d acl dryrun x get
d acl dryrun x get a
d acl dryrun default get a
d acl dryrun x auth p
d acl genpass 0
d acl genpass 4097
d acl genpass x
d acl genpass 1 2
d acl load
d acl save
d acl foo
d acl
d acl cat nosuch
d acl cat a b
d acl whoami x
d config get acl-pubsub-default
d config set acl-pubsub-default allchannels
d acl setuser fresh (+get)
d acl getuser fresh
d acl setuser fresh reset
d acl getuser fresh
d config set acl-pubsub-default resetchannels
d acl deluser fresh
d config set acl-pubsub-default foo
d config set acllog-max-len -1
d config get acllog-max-len
d config set aclfile x
d config set requirepass sec
d acl getuser default
d config get requirepass
e ping
e hello
e auth wrong
e auth sec
e ping
d acl setuser default >two
f auth two
f auth sec
d acl setuser default nopass
d config get requirepass
g ping
d config set requirepass again
d acl getuser default
h auth again
d config set requirepass ""
d acl getuser default
d acl setuser default off
d ping
i ping
i auth x
i auth default x
i hello
d acl setuser default on
i ping
d acl setuser default resetkeys ~only*
i get only1
i get else
d acl setuser default ~*
d acl deluser x
""".strip().splitlines()

RULES = """
on off nopass resetpass reset >p >q <p <q #{hash} !{hash} #bad !bad sanitize-payload skip-sanitize-payload allkeys resetkeys ~*
~a* ~b %R~r %W~w %RW~x* %rw~y %WR~z %R~x* %W~x* %~x %RR~x %R %X~x ~ allchannels resetchannels &* &c* &d & allcommands nocommands +@all -@all +@read -@read
+@write -@write +@string -@string +@keyspace -@keyspace +@dangerous -@dangerous +@admin -@admin +@slow -@slow +@fast -@fast +@hash +@set -@set +@pubsub
-@pubsub +@connection -@connection +@transaction -@transaction +@scripting +@bitmap -@bitmap +@stream +@blocking +@geo +@list +@sortedset +@nosuch -@nosuch
+get -get +GET +set -set +mget +client -client +client|id -client|id +client|kill +config -config|get +config|nosuch +select|0 +select|1 +get|x +get|
+acl|list -acl +zadd -hset +xgroup|create -xgroup +nosuch -nosuch +client|id|x + - +| foo clearselectors () (+get) (+set ~a*) (+@read %R~r
(on) (~x &y) )
""".replace("{hash}", "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881").split()

TRIALS = """
get a1
get b
get r
get q
set x1 v
set x1 v get
set w v
mget a1 b r
mset a1 1 w 2
copy r w
exists w r
incr x1
publish c1 m
publish d m
subscribe c1 d
psubscribe c*
psubscribe d
ping
auth p
client id
client kill x
config get x
config set x y
select 0
select 1
acl list
multi
watch a1
flushall
keys *
""".strip().splitlines()
