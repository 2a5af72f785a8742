#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include <openssl/types.h>

#include "protocol/read_buffer.h"
#include "server/client_dialogue.h"
#include "server/session.h"
#include "server/tls_context.h"

namespace tally::server {

/// TLS in front of another dialogue: what the client sends is decrypted for it, and what it says is encrypted.
///
/// A client has `kHandshakeLimitMs` for the handshake. One that fails is told why, in an alert, and the connection ends. The
/// client's "close notify" is the end of its input; this side's comes behind the last reply.
///
/// Thread: the connection's core. `inner` and `host` outlive it.
class TlsDialogue final : public ClientDialogue {
 public:
  static constexpr int64_t kHandshakeLimitMs = 10'000;

  /// `now_ms`: some monotonic clock.
  TlsDialogue(std::shared_ptr<const TlsContext> context, ClientDialogue* inner, SessionHost* host,
              int64_t (*now_ms)());
  ~TlsDialogue();
  TlsDialogue(const TlsDialogue&) = delete;
  TlsDialogue& operator=(const TlsDialogue&) = delete;

  void OnInput(protocol::ReadBuffer* in) override;
  [[nodiscard]] bool AcceptsInput() const override;
  void PassOn() override;
  [[nodiscard]] size_t held_input_bytes() const override;
  [[nodiscard]] bool input_ended() const override { return input_ended_; }
  void TakeOutput(std::string* out) override;
  void OnWritten(size_t bytes) override;
  [[nodiscard]] bool has_output() const override;
  [[nodiscard]] bool finished() const override;
  [[nodiscard]] bool idle() const override;
  [[nodiscard]] bool IsTooSlow() override;
  [[nodiscard]] bool must_read_replies() const override { return inner_->must_read_replies(); }
  void ShrinkIfIdle() override;

 private:
  /// What was taken out together: as so many bytes it goes over the wire, and so many the inner dialogue had said.
  struct Taken {
    size_t encrypted;
    size_t plain;
  };

  void Advance();
  void Decrypt();
  void PassPlainOn();
  void Fail();
  void EncryptOutput();
  [[nodiscard]] size_t MoveEncrypted(std::string* out);

  const std::shared_ptr<const TlsContext> context_;
  ClientDialogue* const inner_;
  SessionHost* const host_;
  int64_t (*const now_ms_)();
  const int64_t began_ms_;

  SSL* const ssl_;
  BIO* const from_client_;  // owned by ssl_, as is the other
  BIO* const to_client_;
  protocol::ReadBuffer plain_;  // decrypted and not taken by the inner dialogue yet
  std::string said_;            // by the inner dialogue; empty between calls
  std::deque<Taken> taken_;     // and not written yet
  bool connected_ = false;      // the handshake is done
  bool input_ended_ = false;
  bool said_all_ = false;  // the close notify is made
  bool failed_ = false;
};

}  // namespace tally::server
