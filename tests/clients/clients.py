"""The clients that run_client.py knows: how each is started, what shows that it is installed, and its steps."""

from dataclasses import dataclass, field

# Debian's own interpreters: its packages of client libraries are for them.
PYTHON, PERL, RUBY, PHP = "/usr/bin/python3", "/usr/bin/perl", "/usr/bin/ruby", "/usr/bin/php"


@dataclass
class Client:
    """`command` is an interpreter and a driver beside this file, or a built program; it is told the port and the scenario's
    file last. `probe` ends with 0 where `needs` is there."""

    command: list
    needs: str
    probe: list
    # Steps of its own, where it cannot do the scenario's.
    steps: list = field(default_factory=list)
    # The command is a program among the tests of the build.
    built: bool = False
    # It comes by TLS: its port is that of TLS, and $TALLY_TLS_CA names the CA's certificate.
    tls: bool = False

    @property
    def from_npm(self):
        return self.command[0] == "node"


def node(*command, steps=(), tls=False):
    return Client(["node", *command], "Node.js 20 or newer, with npm", ["npm", "--version"], list(steps), tls=tls)


def hiredis(program):
    return Client([program], "libhiredis-dev", [], built=True)


CLIENTS = {
    "redis-cli": Client(
        [PYTHON, "redis_cli.py"],
        "redis-tools",
        ["redis-cli", "--version"],
        ["hints", "transaction", "subscribe", "tracking", "expire", "resp3", "pipe", "scan", "stat", "monitor", "restart", "benchmark"],
    ),
    "hiredis": hiredis("client_hiredis_sync"),
    "hiredis-async": hiredis("client_hiredis_async"),
    "python-redis": Client([PYTHON, "python_redis.py"], "python3-redis", [PYTHON, "-c", "import redis"]),
    "python-redis-asyncio": Client([PYTHON, "python_asyncio.py"], "python3-redis", [PYTHON, "-c", "import redis.asyncio"]),
    "python-redis-tls": Client([PYTHON, "python_redis.py"], "python3-redis", [PYTHON, "-c", "import redis"], tls=True),
    "ruby-redis": Client([RUBY, "ruby_redis.rb"], "ruby-redis", [RUBY, "-e", "require 'redis'"]),
    "php-redis": Client(
        [PHP, "php_redis.php"], "php-cli and php-redis", [PHP, "-r", "exit(extension_loaded('redis') ? 0 : 1);"]
    ),
    "perl-redis": Client([PERL, "perl_redis.pl"], "libredis-perl", [PERL, "-MRedis", "-e", "1"]),
    "node-redis-4": node("node_redis.mjs", "redis-4"),
    "node-redis-5": node("node_redis.mjs", "redis-5"),
    "node-redis-6": node("node_redis.mjs", "redis"),
    "node-redis-6-tls": node("node_redis.mjs", "redis", tls=True),
    "ioredis": node("ioredis.mjs", "ioredis"),
    "iovalkey": node("ioredis.mjs", "iovalkey"),
    "valkey-glide": node("glide.mjs"),
    "connect-redis": node("connect_redis.mjs", steps=["store", "touch", "destroy", "restart", "find"]),
    "keyv": node("keyv.mjs", steps=["cache", "expire", "iterate", "restart", "find", "clear"]),
}
