#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <openssl/types.h>

namespace tally::test {

/// A certificate that signs itself, with its key, made for a test: the files are PEM.
struct TlsFiles {
  std::string cert_file;
  std::string key_file;
};

/// Writes both into `directory`, under names that begin with `name`. `password`: the key is encrypted with it.
[[nodiscard]] TlsFiles MakeTlsFiles(const std::string& directory, const std::string& name,
                                    const std::string& password = "");

/// The client's end of TLS, without a socket: bytes in, bytes out.
class TlsPeer {
 public:
  /// `files`: its certificate, if it has one. `version`: the only one it speaks, as OpenSSL numbers it; 0: any.
  explicit TlsPeer(std::optional<TlsFiles> files = std::nullopt, int version = 0);
  ~TlsPeer();
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;

  /// To be encrypted and sent; before the handshake is done it waits.
  void Say(std::string_view text);
  void SayGoodbye();
  /// What goes to the server now.
  [[nodiscard]] std::string TakeBytes();
  void Receive(std::string_view bytes);

  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool was_told_goodbye() const { return goodbye_; }
  /// What the server has said and was not taken yet.
  [[nodiscard]] std::string TakeHeard();

 private:
  void Advance();

  SSL_CTX* context_;
  SSL* ssl_;
  BIO* in_;
  BIO* out_;
  std::string to_say_;
  std::string heard_;
  bool connected_ = false;
  bool failed_ = false;
  bool goodbye_ = false;
};

}  // namespace tally::test
