#include "server/admin_page.h"

#include <array>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

namespace tally::server {

// Made of server/admin_page/* by the build (cmake/AdminPage.cmake).
extern const std::string_view kAdminPageBody;
extern const std::string_view kAdminPageStyle;
extern const std::string_view kAdminPageScript;

namespace {

// As Content-Security-Policy names a text: "sha256-…".
std::string HashSource(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  constexpr size_t kBase64Chars = (SHA256_DIGEST_LENGTH + 2) / 3 * 4;
  std::array<unsigned char, kBase64Chars + 1> base64{};
  EVP_EncodeBlock(base64.data(), digest.data(), digest.size());
  return fmt::format("'sha256-{}'", reinterpret_cast<const char*>(base64.data()));
}

}  // namespace

const std::string& AdminPage() {
  static const std::string kPage = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>Tally</title>\n"
      "<link rel=\"icon\" href=\"data:,\">\n<style>{}</style>\n</head>\n"
      "<body>\n{}<script>{}</script>\n</body>\n</html>\n",
      kAdminPageStyle, kAdminPageBody, kAdminPageScript);
  return kPage;
}

std::string_view AdminPageFields() {
  static const std::string kFields = fmt::format(
      "Content-Security-Policy: default-src 'none'; script-src {}; style-src {}; "
      "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
      "frame-ancestors 'none'\r\nReferrer-Policy: no-referrer\r\n",
      HashSource(kAdminPageScript), HashSource(kAdminPageStyle));
  return kFields;
}

}  // namespace tally::server
