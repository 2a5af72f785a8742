#include "server/http_access.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstddef>

#include "server/command.h"

namespace tally::server {
namespace {

constexpr std::string_view kSeparators = " ,";

int Base64Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

// RFC 4648, section 4; padding may be missing.
std::optional<std::string> DecodeBase64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const int digit = Base64Digit(c);
    if (digit < 0) return std::nullopt;
    bits = (bits << 6 | static_cast<unsigned>(digit)) & 0xFFFF;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>(bits >> count & 0xFF));
  }
  return bytes;
}

// Calls `use` for each name of the list; true when it was true for one.
template <class Use>
bool AnyName(std::string_view list, Use use) {
  while (true) {
    list.remove_prefix(std::min(list.find_first_not_of(kSeparators), list.size()));
    if (list.empty()) return false;
    const size_t end = std::min(list.find_first_of(kSeparators), list.size());
    if (use(list.substr(0, end))) return true;
    list.remove_prefix(end);
  }
}

bool IsOwnHost(std::string_view authority, const Config& config) {
  const std::string_view host = WithoutPort(authority);
  return IsLoopback(host) || AnyName(config.http_allow_host, [&](std::string_view name) {
           return EqualsIgnoreCase(host, name);
         });
}

// Origins leave out their scheme's own port, and so may a Host.
bool SameAuthority(std::string_view a, std::string_view b, std::string_view usual_port) {
  const auto without_usual = [&](std::string_view authority) {
    return authority.ends_with(usual_port)
               ? authority.substr(0, authority.size() - usual_port.size())
               : authority;
  };
  return EqualsIgnoreCase(without_usual(a), without_usual(b));
}

bool IsOwnOrigin(std::string_view origin, std::string_view host) {
  const size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos) return false;  // "null", too
  const std::string_view authority = origin.substr(scheme + 3);
  if (EqualsIgnoreCase(origin.substr(0, scheme), "http")) {
    return SameAuthority(authority, host, ":80");
  }
  // Behind a proxy that speaks TLS.
  return EqualsIgnoreCase(origin.substr(0, scheme), "https") &&
         SameAuthority(authority, host, ":443");
}

}  // namespace

std::string_view WithoutPort(std::string_view authority) {
  const size_t from = authority.starts_with('[') ? authority.find(']') : 0;
  if (from == std::string_view::npos) return authority;
  return authority.substr(0, authority.find(':', from));
}

bool IsLoopback(std::string_view host) {
  if (EqualsIgnoreCase(host, "localhost") || host == "[::1]") return true;
  in_addr address{};
  constexpr uint32_t kLoopbackNet = 127;
  return inet_pton(AF_INET, std::string(host).c_str(), &address) == 1 &&
         host.find('\0') == std::string_view::npos && ntohl(address.s_addr) >> 24 == kLoopbackNet;
}

bool IsFromStranger(const HttpRequest& request, std::string_view asked_authority,
                    const Config& config) {
  if (!(request.is_http_1_0 && request.host.empty()) && !IsOwnHost(request.host, config))
    return true;
  if (!asked_authority.empty() && !IsOwnHost(asked_authority, config)) return true;
  if (request.origin && !IsOwnOrigin(*request.origin, request.host)) return true;
  return request.sec_fetch_site && !EqualsIgnoreCase(*request.sec_fetch_site, "same-origin") &&
         !EqualsIgnoreCase(*request.sec_fetch_site, "none");
}

HttpLogin LogIn(std::optional<std::string_view> authorization, const Config& config) {
  HttpLogin login{.user = nullptr, .name = std::string(AclUsers::kDefault)};
  std::optional<std::string> password;
  if (authorization) {
    const size_t space = std::min(authorization->find(' '), authorization->size());
    const std::string_view scheme = authorization->substr(0, space);
    std::string_view secret = authorization->substr(space);
    secret.remove_prefix(std::min(secret.find_first_not_of(' '), secret.size()));
    if (EqualsIgnoreCase(scheme, "bearer")) {
      password = secret;
    } else if (EqualsIgnoreCase(scheme, "basic")) {
      const std::optional<std::string> pair = DecodeBase64(secret);
      const size_t colon = pair ? pair->find(':') : std::string::npos;
      if (colon != std::string::npos) {
        if (colon != 0) login.name = pair->substr(0, colon);
        password = pair->substr(colon + 1);
      }
    }
  }
  const AclUsers& users = config.users();
  if (password) {
    login.user = users.LogIn(login.name, *password);
  } else if (!users.asks_for_login()) {
    login.user = users.Find(AclUsers::kDefault);
  }
  return login;
}

std::string CheckAllowedHosts(std::string_view text) {
  const bool bad = AnyName(text, [](std::string_view name) {
    return name.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
               "-._:[]") != std::string_view::npos ||
           WithoutPort(name) != name;
  });
  return bad ? "argument must be a list of host names without ports" : "";
}

}  // namespace tally::server
