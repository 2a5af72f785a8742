#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <iostream>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include "tests/clients/c/library.h"

namespace tally::clients {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{20};

const Reply kNil{REDIS_REPLY_NIL, 0, {}, {}};
const Reply kOk = Status("OK");

Reply Array(std::vector<Reply> elements) { return {REDIS_REPLY_ARRAY, 0, {}, std::move(elements)}; }

void Check(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

void Step(const std::string& name) { std::cout << "step " << name << std::endl; }

class Scenario {
 public:
  Scenario(uint16_t port, const std::string& path, const Connect& connect)
      : client_(connect(port)), another_(connect(port)), listener_(connect(port)) {
    boost::property_tree::read_json(path, words_);
  }

  void Run() {
    Expect(Status("PONG"), client_->Call({"PING"}), "PING");
    Step("connect");
    Count();
    Step("count");
    AddInAPipeline();
    Step("pipeline");
    TakeFromTheStock();
    Step("transaction");
    GetAMessage();
    Step("subscribe");
    LetExpire();
    Step("expire");
    Scan();
    Step("scan");
    CountUntilTheServerIsBack();
    GetAMessage();
    Step("restart");
    FindAll();
    Step("find");
  }

 private:
  [[nodiscard]] std::string Word(const char* name) const { return words_.get<std::string>(name); }
  [[nodiscard]] int64_t Number(const char* name) const { return words_.get<int64_t>(name); }

  void Count() {
    for (int64_t count = 1; count <= Number("counts"); ++count) {
      Expect(Integer(count), client_->Call({"INCR", Word("counter")}), "INCR");
    }
  }

  void AddInAPipeline() {
    std::vector<Command> commands;
    std::vector<Reply> sums;
    for (int64_t summand = 1; summand <= Number("pipeline_length"); ++summand) {
      commands.push_back({"INCRBY", Word("pipeline_counter"), std::to_string(summand)});
      sums.push_back(Integer(summand * (summand + 1) / 2));
    }
    Expect(Array(std::move(sums)), Array(client_->Pipeline(commands)), "the pipeline");
  }

  void TakeFromTheStock() {
    const std::string stock = Word("stock");
    const std::string by_another = Word("stock_by_another");
    Expect(kOk, client_->Call({"SET", stock, Word("stock_at_first")}), "SET");
    Expect(kOk, client_->Call({"WATCH", stock}), "WATCH");
    Expect(kOk, another_->Call({"SET", stock, by_another}), "SET by another");
    const std::vector<Command> decrement = {{"MULTI"}, {"DECR", stock}, {"EXEC"}};
    Expect(Array({kOk, Status("QUEUED"), kNil}), Array(client_->Pipeline(decrement)),
           "the transaction that must fail");
    Expect(kOk, client_->Call({"WATCH", stock}), "WATCH");
    Expect(Text(by_another), client_->Call({"GET", stock}), "GET");
    const Reply left = Array({Integer(Number("stock_by_another") - 1)});
    Expect(Array({kOk, Status("QUEUED"), left}), Array(client_->Pipeline(decrement)),
           "the transaction that must succeed");
  }

  void GetAMessage() {
    listener_->Subscribe(Word("channel"));
    Expect(Integer(1), client_->Call({"PUBLISH", Word("channel"), Word("message")}), "PUBLISH");
    Check(listener_->NextMessage() == Word("message"), "another message than was published");
  }

  void LetExpire() {
    const int64_t most = Number("session_seconds");
    Expect(
        kOk,
        client_->Call({"SET", Word("session"), Word("session_value"), "EX", std::to_string(most)}),
        "SET EX");
    const int64_t left = client_->Call({"TTL", Word("session")}).integer;
    Check(most - 10 <= left && left <= most, "the session lives for " + std::to_string(left));
    Expect(kOk, client_->Call({"SET", Word("brief"), "soon gone"}), "SET");
    Expect(Integer(1), client_->Call({"PEXPIRE", Word("brief"), Word("brief_ms")}), "PEXPIRE");
    const auto deadline = steady_clock::now() + kPatience;
    while (client_->Call({"EXISTS", Word("brief")}) == Integer(1)) {
      Check(steady_clock::now() < deadline, "the brief key lives on");
      std::this_thread::sleep_for(milliseconds(Number("brief_ms")));
    }
  }

  [[nodiscard]] std::string Item(int64_t number) const {
    return Word("item_prefix") + std::to_string(number);
  }

  void Scan() {
    Command set = {"MSET"};
    std::set<std::string> names;
    for (int64_t number = 0; number < Number("items"); ++number) {
      set.push_back(Item(number));
      set.push_back(std::to_string(number));
      names.insert(Item(number));
    }
    Expect(kOk, client_->Call(set), "MSET");
    std::set<std::string> found;
    std::string cursor = "0";
    do {
      const Reply reply = client_->Call(
          {"SCAN", cursor, "MATCH", Word("item_prefix") + "*", "COUNT", Word("scan_count")});
      Check(reply.elements.size() == 2, "SCAN answers no pair");
      cursor = reply.elements[0].text;
      for (const Reply& name : reply.elements[1].elements) found.insert(name.text);
    } while (cursor != "0");
    Check(found == names, "SCAN does not find the items");
  }

  /// The library does not connect again by itself: the connection does when it is used.
  void CountUntilTheServerIsBack() {
    std::cout << "restart" << std::endl;
    int64_t told = 0;
    for (pollfd runner{STDIN_FILENO, POLLIN, 0}; ::poll(&runner, 1, 0) == 0;) {
      try {
        told = client_->Call({"INCR", Word("restart_counter")}).integer;
      } catch (const Broken&) {
        std::this_thread::sleep_for(milliseconds(10));
      }
    }
    Check(told >= Number("restart_counts") - 1, "counted to " + std::to_string(told) + " only");
    const std::string kept = UntilAnswered(*client_, {"GET", Word("restart_counter")}).text;
    Check(std::stoll(kept) >= told, "told " + std::to_string(told) + ", kept " + kept);
    Expect(Status("PONG"), UntilAnswered(*another_, {"PING"}), "PING by another");
    // What a listener was subscribed to is gone with the connection.
    try {
      (void)listener_->NextMessage();
      throw std::runtime_error("a message from a server that is dead");
    } catch (const Broken&) {
    }
  }

  static Reply UntilAnswered(Connection& connection, const Command& command) {
    const auto deadline = steady_clock::now() + kPatience;
    for (;;) {
      try {
        return connection.Call(command);
      } catch (const Broken&) {
        if (steady_clock::now() > deadline) throw;
      }
    }
  }

  void FindAll() {
    const int64_t length = Number("pipeline_length");
    Expect(Integer(Number("counts") + 1), client_->Call({"INCR", Word("counter")}), "INCR");
    Expect(Text(std::to_string(length * (length + 1) / 2)),
           client_->Call({"GET", Word("pipeline_counter")}), "GET");
    Expect(Text(std::to_string(Number("stock_by_another") - 1)),
           client_->Call({"GET", Word("stock")}), "GET");
    Expect(Text(Word("session_value")), client_->Call({"GET", Word("session")}), "GET");
    Command get = {"MGET"};
    std::vector<Reply> values;
    for (int64_t number = 0; number < Number("items"); ++number) {
      get.push_back(Item(number));
      values.push_back(Text(std::to_string(number)));
    }
    Expect(Array(std::move(values)), client_->Call(get), "MGET");
    TakeFromTheStock();
  }

  std::unique_ptr<Connection> client_;
  std::unique_ptr<Connection> another_;
  std::unique_ptr<Connection> listener_;
  boost::property_tree::ptree words_;
};

}  // namespace

int RunScenario(int count, char** arguments, const Connect& connect) {
  if (count != 3) {
    std::cerr << "usage: " << arguments[0] << " PORT SCENARIO\n";
    return 2;
  }
  try {
    Scenario(static_cast<uint16_t>(std::stoi(arguments[1])), arguments[2], connect).Run();
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}

}  // namespace tally::clients
