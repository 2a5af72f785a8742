#include "tests/server/tls_peer.h"

#include <array>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <utility>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace tally::test {

namespace {

constexpr long kDayS = 86400;

void Check(bool done) {
  if (!done) throw std::runtime_error("OpenSSL failed in a test");
}

}  // namespace

TlsFiles MakeTlsFiles(const std::string& directory, const std::string& name,
                      const std::string& password) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> cert(X509_new(), X509_free);
  Check(key != nullptr && cert != nullptr);
  ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -kDayS);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), kDayS);
  Check(X509_set_pubkey(cert.get(), key.get()) == 1);
  X509_NAME* const subject = X509_get_subject_name(cert.get());
  const auto* const common_name = reinterpret_cast<const unsigned char*>(name.c_str());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
  X509_set_issuer_name(cert.get(), subject);
  Check(X509_sign(cert.get(), key.get(), EVP_sha256()) > 0);

  TlsFiles files{directory + "/" + name + ".crt", directory + "/" + name + ".key"};
  std::FILE* file = std::fopen(files.cert_file.c_str(), "w");
  Check(file != nullptr && PEM_write_X509(file, cert.get()) == 1 && std::fclose(file) == 0);
  file = std::fopen(files.key_file.c_str(), "w");
  const auto* const text = reinterpret_cast<const unsigned char*>(password.data());
  Check(file != nullptr &&
        PEM_write_PrivateKey(file, key.get(), password.empty() ? nullptr : EVP_aes_128_cbc(), text,
                             static_cast<int>(password.size()), nullptr, nullptr) == 1 &&
        std::fclose(file) == 0);
  return files;
}

TlsPeer::TlsPeer(std::optional<TlsFiles> files, int version)
    : context_(SSL_CTX_new(TLS_client_method())),
      ssl_(nullptr),
      in_(BIO_new(BIO_s_mem())),
      out_(BIO_new(BIO_s_mem())) {
  Check(context_ != nullptr && in_ != nullptr && out_ != nullptr);
  if (files) {
    Check(SSL_CTX_use_certificate_chain_file(context_, files->cert_file.c_str()) == 1);
    Check(SSL_CTX_use_PrivateKey_file(context_, files->key_file.c_str(), SSL_FILETYPE_PEM) == 1);
  }
  if (version != 0) {
    SSL_CTX_set_min_proto_version(context_, version);
    SSL_CTX_set_max_proto_version(context_, version);
  }
  ssl_ = SSL_new(context_);
  Check(ssl_ != nullptr);
  BIO_set_mem_eof_return(in_, -1);
  SSL_set_bio(ssl_, in_, out_);
  SSL_set_connect_state(ssl_);
  Advance();
}

TlsPeer::~TlsPeer() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
  ERR_clear_error();
}

void TlsPeer::Say(std::string_view text) {
  to_say_ += text;
  Advance();
}

void TlsPeer::SayGoodbye() { SSL_shutdown(ssl_); }

std::string TlsPeer::TakeBytes() {
  std::string bytes(BIO_ctrl_pending(out_), '\0');
  size_t size = 0;
  if (!bytes.empty()) BIO_read_ex(out_, bytes.data(), bytes.size(), &size);
  return bytes;
}

void TlsPeer::Receive(std::string_view bytes) {
  if (!bytes.empty()) BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
  Advance();
}

std::string TlsPeer::TakeHeard() { return std::exchange(heard_, {}); }

void TlsPeer::Advance() {
  ERR_clear_error();
  if (!connected_) {
    const int result = SSL_do_handshake(ssl_);
    connected_ = result == 1;
    if (!connected_ && SSL_get_error(ssl_, result) != SSL_ERROR_WANT_READ) failed_ = true;
    if (!connected_) return;
  }
  if (!to_say_.empty()) {
    size_t size = 0;
    Check(SSL_write_ex(ssl_, to_say_.data(), to_say_.size(), &size) == 1);
    to_say_.clear();
  }
  std::array<char, 4096> part{};
  for (;;) {
    size_t size = 0;
    const int result = SSL_read_ex(ssl_, part.data(), part.size(), &size);
    if (result != 1) {
      const int error = SSL_get_error(ssl_, result);
      goodbye_ = goodbye_ || error == SSL_ERROR_ZERO_RETURN;
      failed_ = failed_ || (error != SSL_ERROR_ZERO_RETURN && error != SSL_ERROR_WANT_READ);
      return;
    }
    heard_.append(part.data(), size);
  }
}

}  // namespace tally::test
