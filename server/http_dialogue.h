#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "protocol/read_buffer.h"
#include "server/client_dialogue.h"
#include "server/config.h"
#include "server/http_content.h"
#include "server/http_limits.h"
#include "server/http_reply.h"
#include "server/http_request_reader.h"
#include "server/session.h"

namespace tally::server {

/// Speaks HTTP with one client, in front of a session: a request for an object becomes a Redis command that the
/// session takes, so it meets the same router, shards and gates as that of any Redis client, and its reply
/// comes when the session lets it out: after the commit. Keep-alive and pipelining; replies leave in the order of the
/// requests.
///
/// A stream (HttpAnswer::is_stream) is the last reply of its connection: an event at once and then one a second, unless the
/// client has not taken the last one yet. It goes on until the client leaves, or is cut off because it reads nothing.
///
/// Who is asked first: http_access. What is served: an HttpContent. Limits: HttpLimits.
///
/// Thread: its core's. Lifetime: the connection's; the session outlives it if something is under way.
class HttpDialogue final : public ClientDialogue {
 public:
  /// `now_ms`: some monotonic clock. All outlive it; the session is authenticated, since every request is checked
  /// before it gets there.
  HttpDialogue(Session* session, SessionHost* host, const Config* config,
               const HttpContent* content, int64_t (*now_ms)());

  void OnInput(protocol::ReadBuffer* in) override;
  [[nodiscard]] bool AcceptsInput() const override;
  void PassOn() override;
  void TakeOutput(std::string* out) override;
  void OnWritten(size_t /*bytes*/) override {}
  [[nodiscard]] bool has_output() const override;
  [[nodiscard]] bool finished() const override;
  [[nodiscard]] bool lingers() const override { return broken_; }
  [[nodiscard]] bool idle() const override {
    return exchanges_.empty() || (streaming_ && event_.empty());
  }
  void OnSecond() override;
  [[nodiscard]] bool IsTooSlow() override;
  [[nodiscard]] bool must_read_replies() const override { return true; }
  void ShrinkIfIdle() override { session_->ShrinkIfIdle(); }

 private:
  // A request and its reply, in the order of the requests.
  struct Exchange {
    HttpReplyForm form;
    HttpReply reply;
    std::string key;           // of the command that `awaited` tells of
    bool awaited = false;      // the session has not replied yet
    bool is_continue = false;  // no reply, but "100 Continue"
    bool is_stream = false;    // the reply is a header, and events follow
    int untold = 0;            // replies of the session in front of the awaited one
  };
  static constexpr int64_t kNone = -1;

  void TakeRequest(const HttpRequest& request);
  [[nodiscard]] std::string RefusalOf(const AclUser& user,
                                      std::span<const std::string_view> request) const;
  void Answer(const HttpReplyForm& form, HttpReply reply);
  void Break(int status);
  void Run(std::string_view command, std::string_view argument);
  bool Select(int database);
  void AppendStreamHeader(std::string* out, const Exchange& exchange);
  void TakeReplies();
  [[nodiscard]] bool HasRoom() const;  // one more request of a pipeline may be taken
  size_t ReplyLength(size_t begin) const;

  Session* const session_;
  SessionHost* const host_;
  const Config* const config_;
  const HttpContent* const content_;
  int64_t (*const now_ms_)();

  HttpRequestReader reader_;
  std::deque<Exchange> exchanges_;
  size_t kept_bytes_ = 0;          // of the names in exchanges_
  protocol::ReadBuffer requests_;  // for the session
  std::string replies_;            // of the session
  HttpDate date_;
  int database_ = 0;        // of the session, once it has done what it was told to
  bool streaming_ = false;  // the header of a stream was told: the only exchange left
  std::string event_;       // of it, not taken yet
  bool closing_ = false;    // no further request is taken
  bool broken_ = false;     // because of one that could not be read
  size_t thrown_away_ = 0;
  int64_t request_began_ms_ = kNone;  // the first byte of one that is not complete
  int64_t quiet_since_ms_;
};

}  // namespace tally::server
