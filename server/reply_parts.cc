#include "server/reply_parts.h"

#include <utility>

#include "server/session_deferred_reply.h"
#include "storage/invariant.h"

namespace tally::server {

class ReplyParts::Token final : public DeferredReply {
 public:
  Token(std::shared_ptr<ReplyParts> parts, Part* part, int resp)
      : parts_(std::move(parts)), part_(part), resp_(resp) {}
  ~Token() override {
    if (!sent_) Send(std::string(kLostReply));
  }
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;

  [[nodiscard]] int resp() const override { return resp_; }
  [[nodiscard]] bool abandoned() const override { return parts_->requester_->has_left(); }
  void Send(std::string bytes) override {
    TALLY_ASSERT(!sent_.exchange(true), "a deferred reply is sent once");
    part_->bytes = std::move(bytes);
    parts_->Arrive();
  }

 private:
  const std::shared_ptr<ReplyParts> parts_;
  Part* const part_;
  const int resp_;
  std::atomic<bool> sent_{false};
};

std::shared_ptr<DeferredReply> ReplyParts::Add(size_t offset, int resp) {
  parts_.push_back({offset, {}, false, {}});
  missing_.fetch_add(1, std::memory_order_relaxed);
  return std::make_shared<Token>(shared_from_this(), &parts_.back(), resp);
}

bool ReplyParts::Join(std::string* text) {
  if (missing_.load(std::memory_order_acquire) != 1) return false;
  if (!parts_.empty()) *text = Joined(*text);
  return true;
}

void ReplyParts::SendTo(std::shared_ptr<DeferredReply> token, std::string text) {
  whole_ = std::move(token);
  text_ = std::move(text);
}

void ReplyParts::Arrive() {
  if (missing_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  whole_->Send(Joined(text_));
}

std::string ReplyParts::Joined(const std::string& text) const {
  std::string whole;
  size_t begin = 0;
  for (const Part& part : parts_) {
    whole.append(text, begin, part.offset - begin);
    if (part.moved) part.moved(whole.size());
    if (!part.dropped) whole += part.bytes;
    begin = part.offset;
  }
  whole.append(text, begin);
  return whole;
}

}  // namespace tally::server
