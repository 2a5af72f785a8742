#include "server/acl_password.h"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "storage/invariant.h"

namespace tally::server {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr size_t kHashDigits = 64;

std::string Hex(std::span<const unsigned char> bytes) {
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kHexDigits[byte >> 4];
    text += kHexDigits[byte & 0xF];
  }
  return text;
}

}  // namespace

std::string PasswordHash(std::string_view password) {
  std::array<unsigned char, kHashDigits / 2> digest{};
  const int made =
      EVP_Digest(password.data(), password.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  TALLY_ASSERT(made == 1, "OpenSSL has SHA-256");
  return Hex(digest);
}

bool IsPasswordHash(std::string_view text) {
  return text.size() == kHashDigits && text.find_first_not_of(kHexDigits) == std::string_view::npos;
}

bool SamePasswordHash(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string RandomHexDigits(size_t count) {
  std::vector<unsigned char> bytes((count + 1) / 2);
  const int made = RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  TALLY_ASSERT(made == 1, "OpenSSL has random bytes");
  return Hex(bytes).substr(0, count);
}

}  // namespace tally::server
