#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/acl_users.h"
#include "server/config.h"
#include "server/http_request_reader.h"

namespace tally::server {

/// Who may ask over HTTP. The doors that speak HTTP share it.
///
/// A browser on this machine runs pages of strangers, and these must not reach the server through it: neither by
/// a request across sites (CSRF), nor by a name of theirs that they let point to 127.0.0.1 (DNS rebinding). So a
/// request is from a stranger (403) if
/// - its Host is neither this machine (localhost, 127.0.0.0/8, [::1]; any port) nor in `http-allow-host`,
/// - it has an Origin other than the Host that it asks, or
/// - it has a Sec-Fetch-Site other than "same-origin" and "none" (typed by the user). Another port of this machine
///   is another origin.
/// A request of HTTP/1.0 without Host is no browser's.
[[nodiscard]] bool IsFromStranger(const HttpRequest& request, std::string_view asked_authority,
                                  const Config& config);

/// As whom a request is made.
struct HttpLogin {
  AclUsers::UserPtr user;  ///< null: it must be refused (401)
  std::string name;        ///< of the user that was named; of none, "default"
};

/// By the Authorization: "Basic" with a user (none: "default") and its password, or "Bearer" with the password of
/// "default". Where that needs none, what is neither counts as that user's.
///
/// This is the one place where HTTP learns who asks. What the user may do is asked next (ClientRights).
[[nodiscard]] HttpLogin LogIn(std::optional<std::string_view> authorization, const Config& config);

/// Whether the host of a Host header or of --http-allow-host, without port, is this machine.
[[nodiscard]] bool IsLoopback(std::string_view host);

/// "example.org:80" → "example.org"; "[::1]:80" → "[::1]".
[[nodiscard]] std::string_view WithoutPort(std::string_view authority);

/// Why `text` is no list for http-allow-host, or "". Names are separated by spaces or commas.
[[nodiscard]] std::string CheckAllowedHosts(std::string_view text);

}  // namespace tally::server
