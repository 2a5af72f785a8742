#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <openssl/types.h>

#include "server/tls_settings.h"
#include "storage/status.h"

namespace tally::server {

/// Certificate, key and rules of TLS as they were read from their files: what every connection begins with.
///
/// Thread: any. Connections keep the one that they began with; another set of files is another context.
class TlsContext {
 public:
  /// Reads the files. Not ok: the message names the option, the file, and what is wrong; it has no secret in it.
  [[nodiscard]] static storage::Status Read(const TlsSettings& settings,
                                            std::shared_ptr<const TlsContext>* context);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  [[nodiscard]] SSL_CTX* raw() const { return raw_; }

  /// Whether a failure is to be told, at `now_ms`: one in ten seconds is, so that nobody can fill the log.
  [[nodiscard]] bool MayTellFailure(int64_t now_ms) const;

 private:
  explicit TlsContext(SSL_CTX* raw) : raw_(raw) {}

  SSL_CTX* const raw_;
  mutable std::atomic<int64_t> told_ms_{0};
};

/// What OpenSSL says about the errors that this thread has met, and forgets them.
[[nodiscard]] std::string TakeTlsErrors();

/// Why `text` is no list of protocols for tls-protocols, or "".
[[nodiscard]] std::string CheckTlsProtocols(std::string_view text);

}  // namespace tally::server
