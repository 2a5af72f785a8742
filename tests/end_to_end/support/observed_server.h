#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "tests/end_to_end/support/client.h"
#include "tests/end_to_end/support/server_process.h"

namespace tally::test {

/// A server, who commands it, and who hears of its keys (notify-keyspace-events).
class ObservedServer {
 public:
  /// The subscriber speaks RESP3 if `resp` is 3.
  explicit ObservedServer(ServerOptions options, int resp = 2) : server_(std::move(options)) {
    if (resp == 3) subscriber.Command({"HELLO", "3"});
    subscriber.Command({"PSUBSCRIBE", "__key*__:*"});
  }

 private:
  ServerProcess server_;

 public:
  Client client{server_.port()};
  Client subscriber{server_.port()};
};

}  // namespace tally::test
