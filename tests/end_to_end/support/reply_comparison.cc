#include "tests/end_to_end/support/reply_comparison.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include <fmt/format.h>

#include "protocol/dump_payload.h"

namespace tally::test {
namespace {

constexpr size_t kCommandInfoFields = 10;
constexpr size_t kSubcommandsField = 9;

std::string JoinedLowerCase(std::span<const std::string> arguments) {
  std::string joined;
  for (const std::string& argument : arguments.first(std::min<size_t>(arguments.size(), 4))) {
    if (!joined.empty()) joined += '|';
    for (const char c : argument) joined += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  }
  return joined;
}

const KnownDifference* Find(std::span<const KnownDifference> known,
                            std::span<const std::string> arguments) {
  const std::string joined = JoinedLowerCase(arguments);
  for (const KnownDifference& entry : known) {
    if (joined == entry.command || joined.starts_with(std::string(entry.command) + '|')) {
      return &entry;
    }
  }
  return nullptr;
}

bool WithinSlack(const Reply& a, const Reply& b, int64_t slack) {
  if (a.type != ':' || b.type != ':') return false;
  if (a.integer == b.integer) return true;
  return a.integer > 0 && b.integer > 0 &&
         std::max(a.integer, b.integer) - std::min(a.integer, b.integer) <= slack;
}

bool SameTime(const Reply& a, const Reply& b) {
  const auto seconds = [](const Reply& reply) -> std::optional<int64_t> {
    if (reply.type != '*' || reply.elements.size() != 2) return std::nullopt;
    for (const Reply& part : reply.elements) {
      if (part.type != '$' || part.text.empty()) return std::nullopt;
      if (part.text.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
    }
    return std::strtoll(reply.elements[0].text.c_str(), nullptr, 10);
  };
  const auto a_seconds = seconds(a);
  const auto b_seconds = seconds(b);
  return a_seconds && b_seconds && std::abs(*a_seconds - *b_seconds) <= kClockSlackMs / 1000;
}

/// Equal up to the order within aggregates, at every level.
std::string Canonical(const Reply& reply) {
  if (!reply.IsAggregate()) return fmt::format("{}{}:{}", reply.type, reply.is_null, reply.text);
  std::vector<std::string> parts;
  for (const Reply& element : reply.elements) parts.push_back(Canonical(element));
  std::sort(parts.begin(), parts.end());
  return fmt::format("{}({})", reply.type, fmt::join(parts, " "));
}

bool SameHello(const Reply& a, const Reply& b) {
  if (a.type != b.type || a.elements.size() != b.elements.size()) return false;
  for (size_t i = 0; i + 1 < a.elements.size(); i += 2) {
    const std::string& key = a.elements[i].text;
    if (key != b.elements[i].text) return false;
    const Reply& a_value = a.elements[i + 1];
    const Reply& b_value = b.elements[i + 1];
    if (key == "server" || key == "version" || key == "id") {
      if (a_value.type != b_value.type) return false;
    } else if (Canonical(a_value) != Canonical(b_value)) {
      return false;
    }
  }
  return true;
}

bool SamePairs(const Reply& a, const Reply& b) {
  const auto pairs = [](const Reply& reply) {
    std::vector<std::string> result;
    for (size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
      result.push_back(Canonical(reply.elements[i]) + "=" + Canonical(reply.elements[i + 1]));
    }
    std::sort(result.begin(), result.end());
    return result;
  };
  return a.type == b.type && a.elements.size() == b.elements.size() && pairs(a) == pairs(b);
}

bool SameDump(const Reply& a, const Reply& b) {
  const auto text = [](const Reply& reply) -> std::optional<std::string> {
    std::string room;
    std::string_view view;
    constexpr size_t kMostBytes = size_t{1} << 29;
    if (reply.type != '$' || reply.is_null ||
        protocol::ReadDump(reply.text, kMostBytes, &room, &view) != protocol::DumpStatus::kOk) {
      return std::nullopt;
    }
    return std::string(view);
  };
  const std::optional<std::string> held = text(a);
  return held && held == text(b);
}

std::optional<std::string> CompareCommandRow(const Reply& subject, const Reply& oracle) {
  if (subject.is_null && oracle.is_null) return std::nullopt;
  if (subject.elements.size() != kCommandInfoFields ||
      oracle.elements.size() != kCommandInfoFields) {
    return fmt::format("a row has {} fields, not {}", subject.elements.size(),
                       oracle.elements.size());
  }
  const std::string& name = oracle.elements[0].text;
  for (size_t field = 0; field < kSubcommandsField; ++field) {
    const std::string ours = Canonical(subject.elements[field]);
    const std::string theirs = Canonical(oracle.elements[field]);
    if (ours != theirs) return fmt::format("{}, field {}: {} not {}", name, field, ours, theirs);
  }
  for (const Reply& ours : subject.elements[kSubcommandsField].elements) {
    const auto& all = oracle.elements[kSubcommandsField].elements;
    const auto theirs = std::find_if(all.begin(), all.end(), [&ours](const Reply& row) {
      return !row.elements.empty() && !ours.elements.empty() &&
             row.elements[0].text == ours.elements[0].text;
    });
    if (theirs == all.end()) continue;
    if (auto difference = CompareCommandRow(ours, *theirs)) return difference;
  }
  return std::nullopt;
}

std::optional<std::string> CompareCommandInfo(const Reply& subject, const Reply& oracle) {
  if (subject.type != oracle.type || subject.elements.size() != oracle.elements.size()) {
    return "another number of rows";
  }
  for (size_t i = 0; i < oracle.elements.size(); ++i) {
    if (auto difference = CompareCommandRow(subject.elements[i], oracle.elements[i])) {
      return difference;
    }
  }
  return std::nullopt;
}

std::optional<std::string> Unless(bool same, const char* complaint) {
  if (same) return std::nullopt;
  return complaint;
}

}  // namespace

std::optional<std::string> CompareReplies(std::span<const std::string> arguments,
                                          std::string_view subject, std::string_view oracle,
                                          std::span<const KnownDifference> known) {
  if (subject == oracle) return std::nullopt;
  const KnownDifference* const difference = Find(known, arguments);
  if (difference == nullptr) return "the bytes differ";
  if (difference->tolerance == Tolerance::kMayBeBusy) {
    return Unless(subject == "-ERR Background save already in progress\r\n", "the bytes differ");
  }
  const ParsedReply a = ParseReply(subject);
  const ParsedReply b = ParseReply(oracle);
  if (a.state != ParseState::kComplete || b.state != ParseState::kComplete) return "not one reply";
  if (a.reply.IsError() || b.reply.IsError()) return "the errors differ";
  switch (difference->tolerance) {
    case Tolerance::kSeconds:
      return Unless(WithinSlack(a.reply, b.reply, kClockSlackMs / 1000), "too far apart");
    case Tolerance::kMilliseconds:
      return Unless(WithinSlack(a.reply, b.reply, kClockSlackMs), "too far apart");
    case Tolerance::kTime:
      return Unless(SameTime(a.reply, b.reply), "not the same time");
    case Tolerance::kShape:
      return Unless(a.reply.type == b.reply.type && a.reply.is_null == b.reply.is_null,
                    "another type of reply");
    case Tolerance::kHello:
      return Unless(SameHello(a.reply, b.reply), "differs in more than server, version and id");
    case Tolerance::kPairs:
      return Unless(SamePairs(a.reply, b.reply), "other pairs");
    case Tolerance::kSet:
      return Unless(Canonical(a.reply) == Canonical(b.reply), "other elements");
    case Tolerance::kDump:
      return Unless(SameDump(a.reply, b.reply), "the values differ");
    case Tolerance::kMayBeBusy:
      break;
    case Tolerance::kCommandInfo:
      return CompareCommandInfo(a.reply, b.reply);
  }
  return "unknown tolerance";
}

}  // namespace tally::test
