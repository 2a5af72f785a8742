#include "server/tls_context.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "server/command.h"

namespace tally::server {

namespace {

using storage::Status;

constexpr int64_t kTellEveryMs = 10'000;

struct Protocol {
  std::string_view name;
  int version;
};
constexpr std::array kProtocols{Protocol{"TLSv1.2", TLS1_2_VERSION},
                                Protocol{"TLSv1.3", TLS1_3_VERSION}};

const Protocol* FindProtocol(std::string_view name) {
  const auto* const found = std::ranges::find_if(
      kProtocols, [&](const Protocol& protocol) { return EqualsIgnoreCase(name, protocol.name); });
  return found == kProtocols.end() ? nullptr : found;
}

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    if (end > begin) words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

Status Failure(std::string_view option, const std::string& value) {
  return Status::Failure("cannot use --" + std::string(option) + " '" + value +
                         "': " + TakeTlsErrors());
}

// OpenSSL asks for the key's password here; without one it would ask on the terminal.
int GivePassword(char* buffer, int size, int /*writing*/, void* settings) {
  const std::string& password = static_cast<const TlsSettings*>(settings)->key_file_pass;
  if (password.size() > static_cast<size_t>(size)) return 0;
  std::ranges::copy(password, buffer);
  return static_cast<int>(password.size());
}

void SetRules(SSL_CTX* raw, const TlsSettings& settings) {
  // No compression (it leaks what is beside a secret), no renegotiation (it costs the server more than the client).
  uint64_t options = SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_SINGLE_DH_USE |
                     SSL_OP_IGNORE_UNEXPECTED_EOF;
  if (settings.prefer_server_ciphers) options |= SSL_OP_CIPHER_SERVER_PREFERENCE;
  SSL_CTX_set_options(raw, options);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  int lowest = std::numeric_limits<int>::max();
  int highest = 0;
  for (const std::string_view word : Words(settings.protocols)) {
    const Protocol* const protocol = FindProtocol(word);
    lowest = std::min(lowest, protocol->version);
    highest = std::max(highest, protocol->version);
  }
  const bool is_any = highest == 0;
  SSL_CTX_set_min_proto_version(raw, is_any ? TLS1_2_VERSION : lowest);
  SSL_CTX_set_max_proto_version(raw, is_any ? TLS1_3_VERSION : highest);
  static constexpr std::array<unsigned char, 5> kName{'t', 'a', 'l', 'l', 'y'};
  SSL_CTX_set_session_id_context(raw, kName.data(), kName.size());
}

Status SetCiphers(SSL_CTX* raw, const TlsSettings& settings) {
  if (!settings.ciphers.empty() && SSL_CTX_set_cipher_list(raw, settings.ciphers.c_str()) != 1) {
    return Failure("tls-ciphers", settings.ciphers);
  }
  if (!settings.ciphersuites.empty() &&
      SSL_CTX_set_ciphersuites(raw, settings.ciphersuites.c_str()) != 1) {
    return Failure("tls-ciphersuites", settings.ciphersuites);
  }
  return Status::Ok();
}

Status ReadCertificate(SSL_CTX* raw, const TlsSettings& settings) {
  if (settings.cert_file.empty() || settings.key_file.empty()) {
    return Status::Failure("TLS needs --tls-cert-file and --tls-key-file");
  }
  SSL_CTX_set_default_passwd_cb(raw, &GivePassword);
  SSL_CTX_set_default_passwd_cb_userdata(raw, const_cast<TlsSettings*>(&settings));
  if (SSL_CTX_use_certificate_chain_file(raw, settings.cert_file.c_str()) != 1) {
    return Failure("tls-cert-file", settings.cert_file);
  }
  if (SSL_CTX_use_PrivateKey_file(raw, settings.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Failure("tls-key-file", settings.key_file);
  }
  SSL_CTX_set_default_passwd_cb_userdata(raw, nullptr);
  return Status::Ok();
}

Status SetClientAuth(SSL_CTX* raw, const TlsSettings& settings) {
  if (settings.auth_clients == TlsClientAuth::kNo) return Status::Ok();
  if (settings.ca_cert_file.empty() && settings.ca_cert_dir.empty()) {
    return Status::Failure(
        "clients' certificates are checked with --tls-ca-cert-file or --tls-ca-cert-dir; without "
        "one, say "
        "--tls-auth-clients no");
  }
  if (!settings.ca_cert_file.empty()) {
    if (SSL_CTX_load_verify_file(raw, settings.ca_cert_file.c_str()) != 1) {
      return Failure("tls-ca-cert-file", settings.ca_cert_file);
    }
    // Tells clients whose certificates are taken, so that they can choose among theirs.
    SSL_CTX_set_client_CA_list(raw, SSL_load_client_CA_file(settings.ca_cert_file.c_str()));
  }
  if (!settings.ca_cert_dir.empty() &&
      SSL_CTX_load_verify_dir(raw, settings.ca_cert_dir.c_str()) != 1) {
    return Failure("tls-ca-cert-dir", settings.ca_cert_dir);
  }
  const bool must = settings.auth_clients == TlsClientAuth::kYes;
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER | (must ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  return Status::Ok();
}

}  // namespace

Status TlsContext::Read(const TlsSettings& settings, std::shared_ptr<const TlsContext>* context) {
  ERR_clear_error();
  SSL_CTX* const raw = SSL_CTX_new(TLS_server_method());
  if (raw == nullptr) return Status::Failure("TLS cannot be used: " + TakeTlsErrors());
  std::shared_ptr<const TlsContext> made(new TlsContext(raw));
  SetRules(raw, settings);
  Status status = SetCiphers(raw, settings);
  if (status.ok()) status = ReadCertificate(raw, settings);
  if (status.ok()) status = SetClientAuth(raw, settings);
  if (status.ok()) *context = std::move(made);
  return status;
}

TlsContext::~TlsContext() { SSL_CTX_free(raw_); }

bool TlsContext::MayTellFailure(int64_t now_ms) const {
  int64_t told = told_ms_.load(std::memory_order_relaxed);
  return (told == 0 || now_ms - told >= kTellEveryMs) &&
         told_ms_.compare_exchange_strong(told, now_ms, std::memory_order_relaxed);
}

std::string TakeTlsErrors() {
  std::string text;
  while (const unsigned long error = ERR_get_error()) {
    const char* const reason = ERR_reason_error_string(error);
    if (!text.empty()) text += "; ";
    text += reason != nullptr ? reason : "error " + std::to_string(error);
  }
  return text.empty() ? "unknown reason" : text;
}

std::string CheckTlsProtocols(std::string_view text) {
  const bool is_good = std::ranges::all_of(
      Words(text), [](std::string_view word) { return FindProtocol(word) != nullptr; });
  return is_good ? "" : "argument must be TLSv1.2, TLSv1.3 or both, with a space between";
}

}  // namespace tally::server
