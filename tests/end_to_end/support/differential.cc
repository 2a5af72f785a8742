#include "tests/end_to_end/support/differential.h"

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "tests/end_to_end/support/client.h"
#include "tests/end_to_end/support/command_generator.h"

namespace tally::test {
namespace {

constexpr size_t kUnitsShown = 12;
constexpr int kUnitsPerMarker = 50;  // so often it is checked that no reply is left over
constexpr int kMostScanCalls = 100'000;
constexpr std::string_view kMarkerText = "--- end of unit ---";

/// What one server answered to one unit.
struct Answer {
  std::vector<std::string> replies;  ///< of kOnePerCommand
  std::string bytes;                 ///< of the other modes
  bool complete = true;              ///< as many as there should be, and in time
  std::string failure;               ///< when not: why
};

/// One of the two servers, with the connection that carries the stream.
class Side {
 public:
  Side(uint16_t port, std::vector<Arguments> greeting)
      : port_(port), greeting_(std::move(greeting)), client_(port) {
    Connect();
  }

  void Connect() {
    client_ = Client(port_);
    for (const Arguments& command : greeting_) client_.Command(command);
  }

  void Send(const Unit& unit) {
    size_t begin = 0;
    for (const size_t cut : unit.cuts) {
      client_.SendRaw(std::string_view(unit.bytes).substr(begin, cut - begin));
      begin = cut;
    }
    client_.SendRaw(std::string_view(unit.bytes).substr(begin));
    if (unit.mode == ReplyMode::kUntilMarker) client_.Send({"ECHO", kMarkerText});
    if (unit.mode == ReplyMode::kUntilClosed) client_.FinishSending();
  }

  Answer Receive(const Unit& unit) {
    Answer answer;
    if (unit.mode == ReplyMode::kScan) {
      ReceiveScan(unit.commands.front(), &answer);
      return answer;
    }
    if (unit.mode == ReplyMode::kOnePerCommand) {
      for (size_t i = 0; i < unit.commands.size() && answer.complete; ++i) {
        std::optional<std::string> reply = client_.ReadRawReply();
        if (reply) {
          answer.replies.push_back(*std::move(reply));
        } else {
          Fail(fmt::format("no reply to {}", Printable(unit.commands[i])), &answer);
        }
      }
      return answer;
    }
    const std::string ending = fmt::format("{}\r\n", kMarkerText);
    std::optional<std::string> bytes = unit.mode == ReplyMode::kUntilMarker
                                           ? client_.ReadUntil(ending)
                                           : client_.ReadUntilClosed();
    answer.bytes = bytes ? *std::move(bytes) : std::string(client_.pending());
    if (!bytes) Fail("the answer does not end", &answer);
    if (unit.mode == ReplyMode::kUntilClosed) Connect();
    return answer;
  }

  /// Sends a marker and returns all that comes up to it.
  std::string Marker() {
    client_.Send({"ECHO", kMarkerText});
    return client_.ReadUntil(fmt::format("{}\r\n", kMarkerText)).value_or("no answer");
  }

  /// After a restart: what the stream sets and a restart forgets is as it was at the beginning.
  void ConnectAndPutBackSettings(uint16_t port) {
    port_ = port;
    Connect();
    client_.Command({"CONFIG", "SET", "timeout", "0", "tcp-keepalive", "300"});
  }
  [[nodiscard]] uint16_t port() const { return port_; }

  void StartOver() {
    Connect();
    client_.Command({"FLUSHALL"});
  }

 private:
  /// Calls until the cursor is 0; the answer is the set of all names, or the first call's error.
  void ReceiveScan(Arguments command, Answer* answer) {
    std::set<std::string> names;
    for (int calls = 0; calls < kMostScanCalls; ++calls) {
      const std::optional<std::string> raw = client_.ReadRawReply();
      const Reply reply = raw ? ParseReply(*raw).reply : Reply();
      if (reply.IsError()) {
        answer->bytes = *raw;
        return;
      }
      if (reply.type != '*' || reply.elements.size() != 2) {
        return Fail(fmt::format("no reply to {}", Printable(command)), answer);
      }
      for (const Reply& name : reply.elements[1].elements) names.insert(name.text);
      command[1] = reply.elements[0].text;
      if (command[1] == "0") {
        for (const std::string& name : names) answer->bytes += fmt::format("{}\n", name);
        return;
      }
      client_.SendRaw(EncodeCommand(command));
    }
    Fail("the scan does not end", answer);
  }

  void Fail(std::string_view what, Answer* answer) const {
    answer->complete = false;
    answer->failure = fmt::format("{} ({}; received: {})", what,
                                  client_.closed()      ? "closed"
                                  : client_.malformed() ? "malformed"
                                                        : "timeout",
                                  Printable(client_.pending()));
  }

  uint16_t port_;
  std::vector<Arguments> greeting_;
  Client client_;
};

std::string DescribeUnit(const Unit& unit) {
  std::string text;
  if (unit.mode != ReplyMode::kOnePerCommand && unit.mode != ReplyMode::kScan) {
    text = fmt::format("raw {}", Printable(unit.bytes));
  } else {
    for (const Arguments& command : unit.commands) {
      text += fmt::format("{}{}", text.empty() ? "" : "\n    ", Printable(command));
    }
  }
  if (!unit.cuts.empty()) text += fmt::format("  (sent in {} pieces)", unit.cuts.size() + 1);
  return text;
}

/// What differs, or nullopt.
std::optional<std::string> Compare(const Unit& unit, const Answer& subject, const Answer& oracle,
                                   std::span<const KnownDifference> known) {
  const size_t replies = std::min(subject.replies.size(), oracle.replies.size());
  for (size_t i = 0; i < replies; ++i) {
    const auto complaint =
        CompareReplies(unit.commands[i], subject.replies[i], oracle.replies[i], known);
    if (!complaint) continue;
    return fmt::format("{}\n  command: {}\n  subject: {}\n  oracle:  {}", *complaint,
                       Printable(unit.commands[i]), Printable(subject.replies[i]),
                       Printable(oracle.replies[i]));
  }
  if (subject.bytes != oracle.bytes) {
    return fmt::format("the bytes differ\n  input:   {}\n  subject: {}\n  oracle:  {}",
                       Printable(unit.bytes, 2000), Printable(subject.bytes),
                       Printable(oracle.bytes));
  }
  if (subject.complete && oracle.complete) return std::nullopt;
  return fmt::format("no complete answer\n  subject: {}\n  oracle:  {}\n  input:   {}",
                     subject.complete ? "complete" : subject.failure,
                     oracle.complete ? "complete" : oracle.failure, Printable(unit.bytes, 4000));
}

}  // namespace

std::vector<std::string> RunDifferential(const DifferentialOptions& options) {
  CommandGenerator generator(options.seed, options.resp_version);
  Side subject(options.subject_port, generator.Greeting());
  Side oracle(options.oracle_port, generator.Greeting());
  subject.StartOver();
  oracle.StartOver();

  std::vector<std::string> differences;
  std::deque<std::string> recent;
  for (int number = 0; number < options.units; ++number) {
    const Unit unit = generator.Next();
    if (options.before_unit) {
      if (const std::optional<uint16_t> port = options.before_unit(number)) {
        subject.ConnectAndPutBackSettings(*port);
        oracle.ConnectAndPutBackSettings(oracle.port());
        recent.emplace_back("(the subject was restarted)");
      }
    }
    recent.push_back(DescribeUnit(unit));
    while (recent.size() > kUnitsShown) recent.pop_front();

    subject.Send(unit);
    oracle.Send(unit);
    const Answer theirs = oracle.Receive(unit);
    Answer ours = subject.Receive(unit);
    if (options.tamper) {
      options.tamper(number, ours.replies.empty() ? &ours.bytes : &ours.replies.front());
    }
    std::optional<std::string> difference = Compare(unit, ours, theirs, options.known);
    if (!difference && number % kUnitsPerMarker == 0 && subject.Marker() != oracle.Marker()) {
      difference = "one server sent more replies than the other";
    }
    if (difference) {
      differences.push_back(fmt::format(
          "unit {} of TALLY_SEED={} (RESP{}): {}\n  last units:\n  - {}", number, options.seed,
          options.resp_version, *difference, fmt::join(recent, "\n  - ")));
      if (differences.size() >= options.most_differences) break;
      subject.StartOver();
      oracle.StartOver();
      recent.clear();
    } else if (unit.sleep_after.count() > 0) {
      std::this_thread::sleep_for(unit.sleep_after);
    }
  }
  return differences;
}

}  // namespace tally::test
