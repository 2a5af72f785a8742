#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/acl_user.h"
#include "server/acl_users.h"

namespace tally::server {

/// What is in an ACL file: a user per line, as ACL LIST tells of it. Empty lines are left out; there are no comments.
struct AclFileUsers {
  std::vector<AclUser> users;
  std::string
      problem;  ///< of all lines, in Redis's words; then `users` must not be used. Empty: none.
};

/// `path` names the file in problems; the users are new ones of `registry`.
[[nodiscard]] AclFileUsers ParseAclFile(std::string_view text, std::string_view path,
                                        AclUsers* registry);

/// Makes all users those of the file. `*gone`: who there was before. Returns what is wrong with the file, and then
/// changes nothing; or "". Waits for the disk.
[[nodiscard]] std::string LoadAclFile(const std::string& path, AclUsers* registry,
                                      std::vector<AclUsers::UserPtr>* gone);

/// Writes all users, or, after a failure, nothing; on disk when this returns. Returns what went wrong, or "".
[[nodiscard]] std::string SaveAclFile(const std::string& path, const AclUsers& registry);

/// A `user` line of a configuration file: the name, and rules. "default", which is there already, begins with nothing,
/// too. Returns what is wrong with it, or "".
[[nodiscard]] std::string DeclareUser(std::string_view declaration, AclUsers* registry);

}  // namespace tally::server
