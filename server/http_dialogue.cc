#include "server/http_dialogue.h"

#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "server/http_access.h"
#include "server/http_url.h"
#include "server/wall_clock.h"
#include "storage/invariant.h"

namespace tally::server {

HttpDialogue::HttpDialogue(Session* session, SessionHost* host, const Config* config,
                           const HttpContent* content, int64_t (*now_ms)())
    : session_(session),
      host_(host),
      config_(config),
      content_(content),
      now_ms_(now_ms),
      quiet_since_ms_(now_ms()) {}

bool HttpDialogue::AcceptsInput() const {
  if (streaming_) return true;  // and throws it away: that the client leaves shall be seen
  return HasRoom() && requests_.unread().empty() && session_->AcceptsInput();
}

bool HttpDialogue::HasRoom() const {
  return !closing_ && exchanges_.size() < HttpLimits::kMaxPipelined &&
         kept_bytes_ < HttpLimits::kMaxPipelinedBytes;
}

void HttpDialogue::OnInput(protocol::ReadBuffer* in) {
  using Result = HttpRequestReader::Result;
  if (streaming_) {
    in->Consume(in->unread().size());
    return;
  }
  if (broken_) {
    thrown_away_ += in->unread().size();
    in->Consume(in->unread().size());
    return;
  }
  const int64_t now_ms = now_ms_();
  if (request_began_ms_ == kNone) request_began_ms_ = now_ms;
  // A pipeline is gathered first, so that the session sees it as one.
  while (HasRoom()) {
    size_t consumed = 0;
    const Result result = reader_.Read(in->unread(), &consumed);
    in->Consume(consumed);
    if (result == Result::kIncomplete) break;
    if (result == Result::kContinue) {
      exchanges_.push_back({});
      exchanges_.back().is_continue = true;
      continue;
    }
    if (result == Result::kError) {
      Break(reader_.error_status());
      in->Consume(in->unread().size());
      break;
    }
    request_began_ms_ = in->unread().empty() ? kNone : now_ms;
    TakeRequest(reader_.request());
  }
  PassOn();
  if (has_output() || finished()) host_->OnOutput();
}

void HttpDialogue::PassOn() {
  if (!requests_.unread().empty() && session_->AcceptsInput()) session_->OnInput(&requests_);
}

void HttpDialogue::TakeRequest(const HttpRequest& request) {
  const HttpReplyForm form{request.is_head, request.is_http_1_0, request.keep_alive};
  closing_ = !request.keep_alive;
  const std::optional<HttpUrl> url = ParseHttpTarget(request.target);
  if (!url) {
    Answer(form, HttpRefusal(400));
    return;
  }
  if (IsFromStranger(request, url->authority, *config_)) {
    Answer(form, HttpRefusal(403));
    return;
  }
  const HttpLogin login = LogIn(request.authorization, *config_);
  if (login.user == nullptr) {
    if (request.authorization) {
      session_->rights().NoteFailedLogin(session_->client(), "http", login.name);
    }
    Answer(form, HttpRefusal(401));
    return;
  }
  HttpAnswer answer = content_->OnRequest(*url);
  const std::array<std::string_view, 2> request_words{answer.command, answer.key};
  std::string refusal;
  if (!answer.command.empty()) {
    refusal = RefusalOf(*login.user, request_words);
  } else if (!answer.right.empty()) {
    refusal = RefusalOf(*login.user, std::span(&answer.right, 1));
  }
  if (!refusal.empty()) {
    Answer(form, {403, std::move(refusal)});
    return;
  }
  if (answer.command.empty()) {
    Answer(form, std::move(answer.reply));
    exchanges_.back().is_stream = answer.is_stream;
    closing_ = closing_ || answer.is_stream;
    return;
  }
  const bool selects = Select(answer.database);
  Run(answer.command, answer.key);
  Exchange& exchange = exchanges_.emplace_back();
  exchange.untold = selects ? 1 : 0;
  exchange.form = form;
  exchange.awaited = true;
  exchange.key = std::move(answer.key);
  kept_bytes_ += exchange.key.size();
}

// What the user is told that may not do this; "" for one that may.
std::string HttpDialogue::RefusalOf(const AclUser& user,
                                    std::span<const std::string_view> request) const {
  const Command* const command = FindCommandByName(request[0]);
  TALLY_ASSERT(command != nullptr, "what is served is made of commands");
  const AclDenial denial = session_->rights().CheckAs(session_->client(), user, *command, request);
  return denial ? RefusalText(denial, *command) : std::string();
}

void HttpDialogue::Answer(const HttpReplyForm& form, HttpReply reply) {
  Exchange& exchange = exchanges_.emplace_back();
  exchange.form = form;
  exchange.reply = std::move(reply);
  kept_bytes_ += exchange.reply.body.size();
}

// What follows cannot be understood: the reply is the last.
void HttpDialogue::Break(int status) {
  closing_ = broken_ = true;
  request_began_ms_ = kNone;
  quiet_since_ms_ = now_ms_();
  Answer({.keep_alive = false}, HttpRefusal(status));
}

// As a Redis client writes it.
void HttpDialogue::Run(std::string_view command, std::string_view argument) {
  std::string request("*2\r\n");
  for (const std::string_view word : {command, argument}) {
    request.append("$").append(std::to_string(word.size())).append("\r\n");
    request.append(word).append("\r\n");
  }
  const std::span<char> tail = requests_.Prepare(request.size());
  std::memcpy(tail.data(), request.data(), request.size());
  requests_.Commit(request.size());
}

// Whether the session has to be told.
bool HttpDialogue::Select(int database) {
  if (database == database_) return false;
  database_ = database;
  Run("SELECT", std::to_string(database));
  return true;
}

bool HttpDialogue::has_output() const {
  if (streaming_) return !event_.empty();
  return session_->has_output() || (!exchanges_.empty() && !exchanges_.front().awaited);
}

bool HttpDialogue::finished() const {
  if (streaming_) return session_->client().close_after_replies;
  return exchanges_.empty() && (closing_ || session_->client().close_after_replies);
}

void HttpDialogue::OnSecond() {
  if (!streaming_ || !event_.empty()) return;
  event_ = content_->NextEvent();
  session_->client().last_interaction_ms = WallClock::NowMs();  // it is not idle (`timeout`)
  host_->OnOutput();
}

void HttpDialogue::AppendStreamHeader(std::string* out, const Exchange& exchange) {
  AppendHttpStreamHeader(out, exchange.reply, date_.At(WallClock::NowMs()));
  if (exchange.form.without_body) return;
  streaming_ = true;
  event_ = content_->NextEvent();
}

// Of the session's reply there: all but its last CRLF. npos: it is not complete.
size_t HttpDialogue::ReplyLength(size_t begin) const {
  const size_t line_end = replies_.find("\r\n", begin);
  if (line_end == std::string::npos || replies_[begin] != '$' || replies_[begin + 1] == '-') {
    return line_end == std::string::npos ? line_end : line_end - begin;
  }
  size_t size = 0;
  std::from_chars(replies_.data() + begin + 1, replies_.data() + line_end, size);
  const size_t end = line_end + 2 + size;
  return end + 2 > replies_.size() ? std::string::npos : end - begin;
}

// The session replies in the order in which it was asked.
void HttpDialogue::TakeReplies() {
  const size_t before = replies_.size();
  session_->TakeOutput(&replies_);
  // The replies that are made of them are bounded here, by what may be pipelined.
  session_->OnWritten(replies_.size() - before);
  size_t begin = 0;
  for (Exchange& exchange : exchanges_) {
    if (!exchange.awaited) continue;
    while (exchange.untold > 0) {
      const size_t untold = ReplyLength(begin);
      if (untold == std::string::npos) break;
      begin += untold + 2;
      --exchange.untold;
    }
    if (exchange.untold > 0 || begin == replies_.size()) break;
    const size_t length = ReplyLength(begin);
    if (length == std::string::npos) break;
    exchange.reply =
        content_->OnReply(exchange.key, std::string_view(replies_).substr(begin, length));
    exchange.awaited = false;
    kept_bytes_ -= exchange.key.size();
    kept_bytes_ += exchange.reply.body.size();
    begin += length + 2;
  }
  replies_.erase(0, begin);
}

void HttpDialogue::TakeOutput(std::string* out) {
  TakeReplies();
  const int64_t wall_ms = WallClock::NowMs();
  while (!streaming_ && !exchanges_.empty() && !exchanges_.front().awaited) {
    const Exchange& exchange = exchanges_.front();
    if (exchange.is_stream) {
      AppendStreamHeader(out, exchange);
      if (streaming_) break;
    } else if (exchange.is_continue) {
      out->append("HTTP/1.1 100 Continue\r\n\r\n");
    } else {
      AppendHttpReply(out, exchange.reply, exchange.form, date_.At(wall_ms));
      kept_bytes_ -= exchange.reply.body.size();
    }
    exchanges_.pop_front();
    quiet_since_ms_ = now_ms_();
  }
  out->append(event_);
  event_.clear();
  TALLY_ASSERT(!exchanges_.empty() || kept_bytes_ == 0, "what was kept is told");
}

bool HttpDialogue::IsTooSlow() {
  const int64_t now_ms = now_ms_();
  if (broken_) {
    return now_ms - quiet_since_ms_ > HttpLimits::kLingerMs ||
           thrown_away_ > HttpLimits::kMaxLingerBytes;
  }
  if (!exchanges_.empty() || !AcceptsInput()) {
    // It waits for the server, which does not read meanwhile.
    if (request_began_ms_ != kNone) request_began_ms_ = now_ms;
    quiet_since_ms_ = now_ms;
    return false;
  }
  if (request_began_ms_ != kNone) {
    return now_ms - request_began_ms_ > HttpLimits::kRequestTimeoutMs;
  }
  return now_ms - quiet_since_ms_ > HttpLimits::kIdleTimeoutMs;
}

}  // namespace tally::server
