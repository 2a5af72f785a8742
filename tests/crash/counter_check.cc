#include "tests/crash/counter_check.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "tests/crash/known_before.h"

namespace tally::test {
namespace {

constexpr TimeNs kBeforeAll = std::numeric_limits<TimeNs>::min();

/// One counter's operations. The values that INCR returned order the whole history, so each rule is
/// a sort and a sweep.
class CounterCheck {
 public:
  CounterCheck(uint32_t counter, const OperationList& operations,
               std::vector<Violation>* violations)
      : counter_(counter), operations_(operations), violations_(violations) {}

  void Run() {
    for (const Operation* operation : operations_) {
      const bool increment = operation->kind == OperationKind::kIncrement;
      if (increment) asked_.push_back(operation->asked);
      if (!operation->Answered()) {
        if (increment) unanswered_.push_back(operation);
        continue;
      }
      if (increment) acknowledged_.push_back(operation);
      known_.Add(operation->told, operation->value);
      highest_ = std::max(highest_, operation->value);
    }
    known_.Sort();
    std::sort(asked_.begin(), asked_.end());
    std::sort(acknowledged_.begin(), acknowledged_.end(),
              [](const Operation* a, const Operation* b) { return a->value < b->value; });
    CheckDuplicates();
    CheckTotal();
    CheckRealTime();
    CheckConnections();
    CheckUntoldValues();
  }

 private:
  void Report(ViolationKind kind, std::string text) {
    violations_->push_back({kind, fmt::format("counter {}: {}", counter_, text)});
  }

  void CheckDuplicates() {
    for (size_t i = 1; i < acknowledged_.size(); ++i) {
      if (acknowledged_[i]->value != acknowledged_[i - 1]->value) continue;
      Report(ViolationKind::kDuplicate,
             fmt::format("{} was acknowledged to connections {} and {}", acknowledged_[i]->value,
                         acknowledged_[i - 1]->connection, acknowledged_[i]->connection));
    }
  }

  /// The last read, of a server that had come back, must reach all that had been acknowledged.
  void CheckTotal() {
    const auto possible = static_cast<int64_t>(acknowledged_.size() + unanswered_.size());
    if (highest_ > possible) {
      Report(ViolationKind::kTooHigh,
             fmt::format("{} with {} acknowledged and {} unanswered", highest_,
                         acknowledged_.size(), unanswered_.size()));
    }
    const Operation* last_read = nullptr;
    for (const Operation* operation : operations_) {
      if (operation->kind != OperationKind::kRead || !operation->Answered()) continue;
      if (last_read == nullptr || operation->asked > last_read->asked) last_read = operation;
    }
    if (last_read == nullptr) return;
    const auto before = std::count_if(
        acknowledged_.begin(), acknowledged_.end(),
        [last_read](const Operation* increment) { return increment->told < last_read->asked; });
    if (last_read->value < before) {
      Report(
          ViolationKind::kLostIncrement,
          fmt::format("reads {} after {} increments were acknowledged", last_read->value, before));
    }
  }

  void CheckRealTime() {
    for (const Operation* operation : operations_) {
      if (!operation->Answered()) continue;
      const int64_t known = known_.Largest(operation->asked).value_or(0);
      if (operation->kind == OperationKind::kIncrement) {
        if (operation->value <= known) {
          Report(ViolationKind::kOutOfOrder,
                 fmt::format("an INCR returned {} when {} was known before it was sent",
                             operation->value, known));
        }
        continue;
      }
      if (operation->value < known) {
        Report(ViolationKind::kStaleRead,
               fmt::format("a GET returned {} when {} was known before it was sent",
                           operation->value, known));
      }
      const auto asked = std::lower_bound(asked_.begin(), asked_.end(), operation->told);
      if (operation->value > std::distance(asked_.begin(), asked)) {
        Report(ViolationKind::kReadAhead,
               fmt::format("a GET returned {} when {} increments had been sent", operation->value,
                           std::distance(asked_.begin(), asked)));
      }
    }
  }

  void CheckConnections() {
    std::unordered_map<uint32_t, int64_t> last;
    for (const Operation* operation : operations_) {
      if (!operation->Answered()) continue;
      const bool increment = operation->kind == OperationKind::kIncrement;
      const auto [entry, first] = last.try_emplace(operation->connection, operation->value);
      if (!first && operation->value < entry->second + (increment ? 1 : 0)) {
        Report(ViolationKind::kConnectionOrder,
               fmt::format("connection {} was told {} after {}", operation->connection,
                           operation->value, entry->second));
      }
      entry->second = std::max(entry->second, operation->value);
    }
  }

  /// Gives every value in 1..highest that no INCR returned an unanswered INCR of its own. When a
  /// value came to be lies between bounds that rise with the value: after the sending of every
  /// smaller acknowledged one, before the knowledge of any larger one. So a sweep that always takes
  /// the operation whose server died first finds an assignment if there is one.
  void CheckUntoldValues() {
    std::vector<std::pair<int64_t, TimeNs>> known;  // value, and when it was known
    for (const Operation* operation : operations_) {
      if (operation->Answered()) known.emplace_back(operation->value, operation->told);
    }
    std::sort(known.begin(), known.end());
    for (size_t i = known.size(); i-- > 1;) {
      known[i - 1].second = std::min(known[i - 1].second, known[i].second);
    }
    std::sort(unanswered_.begin(), unanswered_.end(),
              [](const Operation* a, const Operation* b) { return a->asked < b->asked; });

    std::priority_queue<TimeNs, std::vector<TimeNs>, std::greater<>> deaths;
    size_t next_unanswered = 0;
    size_t next_known = 0;
    size_t next_acknowledged = 0;
    TimeNs earliest = kBeforeAll;
    for (int64_t value = 1; value <= highest_; ++value) {
      while (next_acknowledged < acknowledged_.size() &&
             acknowledged_[next_acknowledged]->value < value) {
        earliest = std::max(earliest, acknowledged_[next_acknowledged++]->asked);
      }
      if (next_acknowledged < acknowledged_.size() &&
          acknowledged_[next_acknowledged]->value == value) {
        continue;
      }
      while (next_known < known.size() && known[next_known].first < value) ++next_known;
      const TimeNs latest = known[next_known].second;  // highest_ itself is known
      while (next_unanswered < unanswered_.size() &&
             unanswered_[next_unanswered]->asked <= latest) {
        deaths.push(unanswered_[next_unanswered++]->dead);
      }
      while (!deaths.empty() && deaths.top() < earliest) deaths.pop();
      if (deaths.empty()) {
        Report(ViolationKind::kUnexplainedValue,
               fmt::format("no unanswered INCR can have made {}", value));
        return;
      }
      deaths.pop();
    }
  }

  uint32_t counter_;
  const OperationList& operations_;
  std::vector<Violation>* violations_;
  OperationList acknowledged_;  // increments, by value
  OperationList unanswered_;    // increments
  std::vector<TimeNs> asked_;
  KnownBefore known_;
  int64_t highest_ = 0;
};

}  // namespace

void CheckCounter(uint32_t counter, const OperationList& operations,
                  std::vector<Violation>* violations) {
  CounterCheck(counter, operations, violations).Run();
}

}  // namespace tally::test
