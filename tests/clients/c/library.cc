#include "tests/clients/c/library.h"

#include <stdexcept>
#include <string>
#include <utility>

namespace tally::clients {

Reply Reply::Of(const redisReply& reply) {
  Reply copy;
  copy.type = reply.type;
  if (reply.type == REDIS_REPLY_INTEGER) copy.integer = reply.integer;
  if (reply.str != nullptr) copy.text.assign(reply.str, static_cast<size_t>(reply.len));
  for (size_t i = 0; i < reply.elements; ++i) copy.elements.push_back(Of(*reply.element[i]));
  return copy;
}

Arguments::Arguments(const Command& command) {
  for (const std::string& word : command) {
    words.push_back(word.data());
    sizes.push_back(word.size());
  }
}

namespace {

std::string Describe(const Reply& reply) {
  std::string text = "type " + std::to_string(reply.type) + ": ";
  text += reply.type == REDIS_REPLY_INTEGER ? std::to_string(reply.integer) : reply.text;
  for (const Reply& element : reply.elements) text += " [" + Describe(element) + "]";
  return text;
}

}  // namespace

void Expect(const Reply& wanted, const Reply& got, const std::string& what) {
  if (got == wanted) return;
  throw std::runtime_error(what + ": expected " + Describe(wanted) + ", got " + Describe(got));
}

Reply Integer(int64_t value) { return {REDIS_REPLY_INTEGER, value, {}, {}}; }
Reply Text(std::string value) { return {REDIS_REPLY_STRING, 0, std::move(value), {}}; }
Reply Status(std::string value) { return {REDIS_REPLY_STATUS, 0, std::move(value), {}}; }

}  // namespace tally::clients
