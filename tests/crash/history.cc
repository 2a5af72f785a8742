#include "tests/crash/history.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "tests/crash/counter_check.h"
#include "tests/crash/group_check.h"

namespace tally::test {
namespace {

constexpr size_t kViolationsShown = 8;

bool IsOfCounter(const Operation& operation) {
  return operation.kind == OperationKind::kIncrement || operation.kind == OperationKind::kRead;
}

}  // namespace

void History::Add(std::vector<Operation> operations) {
  std::move(operations.begin(), operations.end(), std::back_inserter(operations_));
}

void History::EndLife(TimeNs now) {
  for (Operation& operation : operations_) {
    if (!operation.Answered() && operation.dead == kUnanswered) operation.dead = now;
  }
}

void History::EndLifeInPowerCut(TimeNs cut, TimeNs now) {
  for (Operation& operation : operations_) {
    if (!operation.Answered() || operation.told < cut) continue;
    operation.told = kUnanswered;
    operation.parts.clear();
    if (operation.kind != OperationKind::kGroupWrite) operation.value = 0;
  }
  EndLife(now);
}

std::vector<Violation> CheckHistory(const History& history, int64_t group_size) {
  std::vector<Violation> violations;
  for (const std::string& text : history.wrong_replies()) {
    violations.push_back({ViolationKind::kWrongReply, text});
  }
  std::map<uint32_t, OperationList> counters;
  std::map<uint32_t, OperationList> groups;
  for (const Operation& operation : history.operations()) {
    (IsOfCounter(operation) ? counters : groups)[operation.object].push_back(&operation);
  }
  for (const auto& [counter, operations] : counters) {
    CheckCounter(counter, operations, &violations);
  }
  for (const auto& [group, operations] : groups) {
    CheckGroup(group, group_size, operations, &violations);
  }
  return violations;
}

const char* Name(ViolationKind kind) {
  switch (kind) {
    case ViolationKind::kWrongReply:
      return "wrong reply";
    case ViolationKind::kDuplicate:
      return "acknowledged twice";
    case ViolationKind::kLostIncrement:
      return "increment lost";
    case ViolationKind::kTooHigh:
      return "counter too high";
    case ViolationKind::kUnexplainedValue:
      return "value from nowhere";
    case ViolationKind::kOutOfOrder:
      return "out of order";
    case ViolationKind::kStaleRead:
      return "stale read";
    case ViolationKind::kReadAhead:
      return "read ahead";
    case ViolationKind::kConnectionOrder:
      return "order of a connection";
    case ViolationKind::kHalfChange:
      return "half a change";
    case ViolationKind::kUnwrittenValue:
      return "value that nobody wrote";
    case ViolationKind::kLostChange:
      return "change lost";
  }
  return "?";
}

std::string Describe(const std::vector<Violation>& violations) {
  std::string text = fmt::format("{} violations\n", violations.size());
  for (size_t i = 0; i < std::min(violations.size(), kViolationsShown); ++i) {
    text += fmt::format("  {}: {}\n", Name(violations[i].kind), violations[i].text);
  }
  return text;
}

TimeNs NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace tally::test
