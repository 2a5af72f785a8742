#include "server/tls_dialogue.h"

#include <algorithm>
#include <limits>
#include <new>
#include <span>
#include <string_view>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <spdlog/spdlog.h>

namespace tally::server {

namespace {

// Not more is decrypted before the inner dialogue has its say: one record.
constexpr size_t kStepBytes = size_t{16} << 10;

SSL* NewConnection(SSL_CTX* context) {
  SSL* const ssl = SSL_new(context);
  if (ssl == nullptr) throw std::bad_alloc();
  return ssl;
}

BIO* NewMemory() {
  BIO* const memory = BIO_new(BIO_s_mem());
  if (memory == nullptr) throw std::bad_alloc();
  BIO_set_mem_eof_return(memory, -1);  // empty means "later", not "never"
  return memory;
}

}  // namespace

TlsDialogue::TlsDialogue(std::shared_ptr<const TlsContext> context, ClientDialogue* inner,
                         SessionHost* host, int64_t (*now_ms)())
    : context_(std::move(context)),
      inner_(inner),
      host_(host),
      now_ms_(now_ms),
      began_ms_(now_ms()),
      ssl_(NewConnection(context_->raw())),
      from_client_(NewMemory()),
      to_client_(NewMemory()) {
  SSL_set_bio(ssl_, from_client_, to_client_);
  SSL_set_accept_state(ssl_);
}

TlsDialogue::~TlsDialogue() { SSL_free(ssl_); }

void TlsDialogue::OnInput(protocol::ReadBuffer* in) {
  while (!in->unread().empty() && AcceptsInput()) {
    const std::string_view bytes = in->unread().substr(0, kStepBytes);
    const int written = BIO_write(from_client_, bytes.data(), static_cast<int>(bytes.size()));
    if (written <= 0) return Fail();
    in->Consume(static_cast<size_t>(written));
    Advance();
  }
  if (failed_ || input_ended_) in->Consume(in->unread().size());
}

bool TlsDialogue::AcceptsInput() const {
  return !failed_ && !input_ended_ && (!connected_ || inner_->AcceptsInput());
}

void TlsDialogue::Advance() {
  ERR_clear_error();
  if (!connected_) {
    const int result = SSL_do_handshake(ssl_);
    connected_ = result == 1;
    if (!connected_ && SSL_get_error(ssl_, result) != SSL_ERROR_WANT_READ) return Fail();
  }
  if (connected_) Decrypt();
  if (has_output() || input_ended_) host_->OnOutput();
}

void TlsDialogue::Decrypt() {
  while (!failed_) {
    const std::span<char> tail = plain_.Prepare(kStepBytes);
    size_t size = 0;
    const int result = SSL_read_ex(ssl_, tail.data(), tail.size(), &size);
    if (result != 1) {
      const int error = SSL_get_error(ssl_, result);
      if (error == SSL_ERROR_ZERO_RETURN) {
        input_ended_ = true;
      } else if (error != SSL_ERROR_WANT_READ) {
        Fail();
      }
      return;
    }
    plain_.Commit(size);
    PassPlainOn();
  }
}

void TlsDialogue::PassPlainOn() {
  if (!plain_.unread().empty() && inner_->AcceptsInput()) inner_->OnInput(&plain_);
  // One request larger than any may be.
  if (plain_.full() && inner_->AcceptsInput()) Fail();
}

void TlsDialogue::PassOn() {
  inner_->PassOn();
  if (!failed_) PassPlainOn();
}

size_t TlsDialogue::held_input_bytes() const { return plain_.unread().size(); }

// OpenSSL has put the alert behind what was to be sent.
void TlsDialogue::Fail() {
  failed_ = true;
  const std::string reason = TakeTlsErrors();
  if (context_->MayTellFailure(now_ms_())) {
    spdlog::warn("a TLS connection failed: {} (told at most every 10 s)", reason);
  }
  host_->OnOutput();
}

void TlsDialogue::EncryptOutput() {
  inner_->TakeOutput(&said_);
  ERR_clear_error();
  for (size_t done = 0; done < said_.size() && !failed_;) {
    size_t size = 0;
    if (SSL_write_ex(ssl_, said_.data() + done, said_.size() - done, &size) == 1) {
      done += size;
    } else {
      Fail();  // memory takes everything, so this is no "later"
    }
  }
  const bool says_no_more = inner_->finished() || (input_ended_ && inner_->idle());
  if (says_no_more && !failed_ && !std::exchange(said_all_, true)) SSL_shutdown(ssl_);
}

size_t TlsDialogue::MoveEncrypted(std::string* out) {
  const size_t size = BIO_ctrl_pending(to_client_);
  const size_t before = out->size();
  out->resize(before + size);
  size_t moved = 0;
  if (size != 0) BIO_read_ex(to_client_, out->data() + before, size, &moved);
  return moved;
}

void TlsDialogue::TakeOutput(std::string* out) {
  if (connected_ && !failed_) EncryptOutput();
  const size_t encrypted = MoveEncrypted(out);
  if (encrypted != 0) taken_.push_back({encrypted, said_.size()});
  said_.clear();
}

void TlsDialogue::OnWritten(size_t bytes) {
  while (bytes != 0 && !taken_.empty()) {
    Taken& first = taken_.front();
    const size_t part = std::min(bytes, first.encrypted);
    bytes -= part;
    first.encrypted -= part;
    if (first.encrypted != 0) return;
    const size_t plain = first.plain;
    taken_.pop_front();
    if (plain != 0) inner_->OnWritten(plain);
  }
}

bool TlsDialogue::has_output() const {
  return BIO_ctrl_pending(to_client_) != 0 || (connected_ && !failed_ && inner_->has_output());
}

bool TlsDialogue::finished() const {
  const bool all_said = failed_ || said_all_ || (!connected_ && inner_->finished());
  return all_said && BIO_ctrl_pending(to_client_) == 0;
}

bool TlsDialogue::idle() const {
  const bool owes_goodbye = input_ended_ && !said_all_ && !failed_;
  return inner_->idle() && BIO_ctrl_pending(to_client_) == 0 && !owes_goodbye;
}

bool TlsDialogue::IsTooSlow() {
  const bool slow_handshake = !connected_ && now_ms_() - began_ms_ >= kHandshakeLimitMs;
  return slow_handshake || inner_->IsTooSlow();
}

void TlsDialogue::ShrinkIfIdle() {
  plain_.ShrinkIfIdle();
  if (said_.empty()) said_.shrink_to_fit();
  inner_->ShrinkIfIdle();
}

}  // namespace tally::server
