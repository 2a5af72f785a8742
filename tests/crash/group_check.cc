#include "tests/crash/group_check.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/crash/known_before.h"

namespace tally::test {
namespace {

/// One group's operations: a register whose values tell their writers, except the absent one.
class GroupCheck {
 public:
  GroupCheck(uint32_t group, int64_t size, const OperationList& operations,
             std::vector<Violation>* violations)
      : group_(group), size_(size), operations_(operations), violations_(violations) {}

  void Run() {
    for (const Operation* operation : operations_) {
      if (operation->kind == OperationKind::kGroupWrite) {
        writes_.emplace(operation->value, operation);
      } else if (operation->kind == OperationKind::kGroupDelete) {
        deletes_.push_back(operation);
      }
    }
    FindCertainTimes();
    FindSuccessors();
    CheckDeleteCounts();
    for (const Operation* operation : operations_) {
      if (operation->kind == OperationKind::kGroupRead && operation->Answered())
        CheckRead(*operation);
    }
    CheckConnections();
  }

 private:
  void Report(ViolationKind kind, std::string text) {
    violations_->push_back({kind, fmt::format("group {}: {}", group_, text)});
  }

  [[nodiscard]] bool IsWhole(const Operation& read) const {
    return static_cast<int64_t>(read.parts.size()) == size_ &&
           std::adjacent_find(read.parts.begin(), read.parts.end(), std::not_equal_to<>()) ==
               read.parts.end();
  }

  /// For each change that is known to have happened (acknowledged, or seen by a read): by when,
  /// and that it was not before it was asked for.
  void FindCertainTimes() {
    std::unordered_map<int64_t, TimeNs> seen;  // token -> the end of the first read that saw it
    for (const Operation* operation : operations_) {
      if (operation->kind != OperationKind::kGroupRead || !operation->Answered()) continue;
      if (!IsWhole(*operation)) continue;
      const auto [entry, first] = seen.try_emplace(operation->parts.front(), operation->told);
      if (!first) entry->second = std::min(entry->second, operation->told);
    }
    for (const auto& [token, write] : writes_) {
      TimeNs happened = write->told;
      if (const auto entry = seen.find(token); entry != seen.end()) {
        happened = std::min(happened, entry->second);
      }
      happened_[write] = happened;
      if (happened != kUnanswered) changes_.Add(happened, write->asked);
    }
    // A delete that found nothing changed nothing, but what it says is as good: absent by then.
    for (const Operation* deletion : deletes_) {
      happened_[deletion] = deletion->told;
      if (deletion->Answered()) changes_.Add(deletion->told, deletion->asked);
      absences_.Add(deletion->asked, deletion->LatestEffect());
    }
    changes_.Sort();
    absences_.Sort();
  }

  /// Changes in one pipeline are asked for at one time, but their order is known.
  void FindSuccessors() {
    std::unordered_map<uint32_t, TimeNs> earliest;
    for (auto entry = operations_.rbegin(); entry != operations_.rend(); ++entry) {
      const Operation* operation = *entry;
      if (operation->kind == OperationKind::kGroupRead) continue;
      TimeNs& later = earliest.try_emplace(operation->connection, kUnanswered).first->second;
      successor_happened_[operation] = later;
      later = std::min(later, happened_[operation]);
    }
  }

  void CheckDeleteCounts() {
    for (const Operation* deletion : deletes_) {
      if (!deletion->Answered() || deletion->value == 0 || deletion->value == size_) continue;
      Report(ViolationKind::kHalfChange,
             fmt::format("a DEL deleted {} of {} keys", deletion->value, size_));
    }
  }

  /// A change with no effect after `latest_effect` is overwritten when another one was asked for
  /// after that and has happened before `time`.
  [[nodiscard]] bool IsOverwritten(TimeNs latest_effect, TimeNs time) const {
    const std::optional<TimeNs> asked = changes_.Largest(time);
    return asked && *asked > latest_effect;
  }

  void CheckRead(const Operation& read) {
    if (!IsWhole(read)) {
      Report(ViolationKind::kHalfChange,
             fmt::format("an MGET returned {}", fmt::join(read.parts, ", ")));
      return;
    }
    const int64_t token = read.parts.front();
    if (token == kAbsent) {
      if (!AbsenceIsExplained(read)) {
        Report(ViolationKind::kLostChange, "an MGET found nothing, and no DEL explains it");
      }
      return;
    }
    const auto write = writes_.find(token);
    if (write == writes_.end() || write->second->asked > read.told) {
      Report(ViolationKind::kUnwrittenValue,
             fmt::format("an MGET returned {}, which nobody had written", token));
    } else if (IsOverwritten(write->second->LatestEffect(), read.asked) ||
               successor_happened_.at(write->second) < read.asked) {
      Report(ViolationKind::kLostChange,
             fmt::format("an MGET returned {}, which had been overwritten", token));
    }
  }

  /// Some DEL (or the beginning) must lie before the read's end, and not surely before a change.
  [[nodiscard]] bool AbsenceIsExplained(const Operation& read) const {
    const std::optional<TimeNs> last_change = changes_.Largest(read.asked);
    if (!last_change) return true;
    const std::optional<TimeNs> absent = absences_.Largest(read.told);
    return absent && *absent >= *last_change;
  }

  /// On one connection a read comes after the changes sent before it, whenever they were answered.
  void CheckConnections() {
    struct Last {
      const Operation* change = nullptr;
      std::vector<int64_t> earlier = {};  // tokens of its own that the change came after
    };
    std::unordered_map<uint32_t, Last> last;
    for (const Operation* operation : operations_) {
      Last& own = last[operation->connection];
      if (operation->kind == OperationKind::kGroupRead) {
        if (!operation->Answered() || own.change == nullptr || !IsWhole(*operation)) continue;
        const int64_t token = operation->parts.front();
        const auto write = writes_.find(token);
        const bool own_earlier =
            std::find(own.earlier.begin(), own.earlier.end(), token) != own.earlier.end();
        const bool overwritten =
            write != writes_.end() && write->second->LatestEffect() < own.change->asked;
        if (own_earlier || overwritten) {
          Report(ViolationKind::kConnectionOrder,
                 fmt::format("connection {} read {}, from before a change of its own",
                             operation->connection, token));
        }
        continue;
      }
      if (own.change != nullptr && own.change->kind == OperationKind::kGroupWrite) {
        own.earlier.push_back(own.change->value);
        // The ones before are caught by time; only those of one pipeline need a list.
        if (own.earlier.size() > kRememberedTokens) own.earlier.erase(own.earlier.begin());
      }
      own.change = operation;
    }
  }

  static constexpr size_t kRememberedTokens = 64;

  uint32_t group_;
  int64_t size_;
  const OperationList& operations_;
  std::vector<Violation>* violations_;
  std::unordered_map<int64_t, const Operation*> writes_;
  OperationList deletes_;
  std::unordered_map<const Operation*, TimeNs> happened_;  // for certain, by then
  std::unordered_map<const Operation*, TimeNs> successor_happened_;
  KnownBefore changes_;   // when it had happened for certain -> when it was asked for
  KnownBefore absences_;  // when a delete was asked for -> when it had no effect any more
};

}  // namespace

void CheckGroup(uint32_t group, int64_t size, const OperationList& operations,
                std::vector<Violation>* violations) {
  GroupCheck(group, size, operations, violations).Run();
}

}  // namespace tally::test
