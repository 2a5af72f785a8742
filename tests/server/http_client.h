#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/read_buffer.h"
#include "server/http_counter.h"
#include "server/http_dialogue.h"
#include "tests/server/session_harness.h"

namespace tally::server {

/// An HTTP client without a socket, on core 0.
class HttpClient final : public SessionHost {
 public:
  /// Of the clock that the dialogues of all clients look at.
  inline static int64_t fake_now_ms = 0;

  /// `content`: null: the counter.
  explicit HttpClient(SessionHarness* harness, const HttpContent* content = nullptr)
      : harness_(harness),
        client_(harness->Connect()),
        dialogue_(&client_.session(), this, &harness->services.config(),
                  content == nullptr ? &counter_ : content, [] { return fake_now_ms; }) {
    client_.withhold_output = true;  // the dialogue takes it
  }

  void Send(std::string_view bytes) {
    const std::span<char> tail = in_.Prepare(bytes.size());
    std::memcpy(tail.data(), bytes.data(), bytes.size());
    in_.Commit(bytes.size());
    Pump();
  }
  void Get(std::string_view target, std::string_view fields = "Host: localhost\r\n") {
    Send("GET " + std::string(target) + " HTTP/1.1\r\n" + std::string(fields) + "\r\n");
  }
  void Pump() {
    dialogue_.PassOn();
    if (!in_.unread().empty() && dialogue_.AcceptsInput()) dialogue_.OnInput(&in_);
  }
  /// What has been said so far, to the byte.
  std::string TakeBytes() {
    dialogue_.TakeOutput(&out_);
    return std::exchange(out_, {});
  }
  /// What has been said so far (not to HEAD), as "200 body|409 body|".
  std::string Take() {
    dialogue_.TakeOutput(&out_);
    std::string told;
    while (!out_.empty()) {
      const size_t body = out_.find("\r\n\r\n") + 4;
      const size_t length = out_.find("Content-Length: ");
      const size_t size =
          length < body ? static_cast<size_t>(std::stoi(out_.substr(length + 16))) : 0;
      told += out_.substr(9, 3) + " " + out_.substr(body, size) + "|";
      out_.erase(0, body + size);
    }
    return told;
  }
  std::string Ask(std::string_view target, std::string_view fields = "Host: localhost\r\n") {
    Get(target, fields);
    harness_->Run();
    return Take();
  }
  [[nodiscard]] HttpDialogue& dialogue() { return dialogue_; }
  [[nodiscard]] size_t unread() const { return in_.unread().size(); }

  [[nodiscard]] Session& session() { return client_.session(); }

  void OnOutput() override {}
  void OnReadyForInput() override {}

 private:
  SessionHarness* const harness_;
  TestClient& client_;
  HttpCounter counter_;
  HttpDialogue dialogue_;
  protocol::ReadBuffer in_;
  std::string out_;
};

}  // namespace tally::server
