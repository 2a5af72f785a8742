#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tally::server {

/// A configuration file in the form of redis.conf: a name and its value per line, separated by white
/// space. A line that begins with # is a comment. A value with white space in it is quoted: "…" knows
/// \n \r \t \a \b \\ \" and \xHH, '…' knows \'. Several values after one name are joined by one space.
struct ConfigLine {
  size_t number = 0;  ///< counted from 1
  std::string name;
  std::string value;
};

struct ConfigLines {
  std::vector<ConfigLine> lines;
  std::string problem;  ///< "PATH:LINE: what is wrong"; then `lines` must not be used. Empty: none.
};

/// The name of a line that declares a user (acl_file.h). No parameter: there are as many as users.
inline constexpr std::string_view kUserLine = "user";

/// No configuration file is longer; what is, was named by mistake.
inline constexpr size_t kMaxConfigFileBytes = size_t{1} << 20;

/// Reads the file's text; returns what is wrong, or "".
[[nodiscard]] std::string ReadConfigText(const std::string& path, std::string* text);

/// Reads the whole file. `path` names it in problems, too.
[[nodiscard]] ConfigLines ReadConfigFile(const std::string& path);

/// The same, of a file's text.
[[nodiscard]] ConfigLines ParseConfigText(std::string_view text, std::string_view path);

}  // namespace tally::server
