#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tally::server {

/// Whether clients must show a certificate, may, or are not asked.
enum class TlsClientAuth : uint8_t { kNo, kYes, kOptional };

/// What the options with `tls-` say about how TLS is spoken. Empty: not given.
struct TlsSettings {
  std::string cert_file;      ///< the server's certificate, PEM, with those that sign it behind
  std::string key_file;       ///< its private key, PEM
  std::string key_file_pass;  ///< of the key
  std::string ca_cert_file;   ///< who signs clients' certificates, PEM
  std::string ca_cert_dir;    ///< the same as a directory that `openssl rehash` has made
  TlsClientAuth auth_clients = TlsClientAuth::kYes;
  std::string protocols;     ///< "TLSv1.2 TLSv1.3", which is also what "" stands for
  std::string ciphers;       ///< OpenSSL's list for TLS 1.2
  std::string ciphersuites;  ///< and for TLS 1.3
  bool prefer_server_ciphers = false;
};

/// "no", "yes", "optional".
[[nodiscard]] std::string_view Name(TlsClientAuth auth);

}  // namespace tally::server
