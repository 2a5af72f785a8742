#include "server/config_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "protocol/number.h"

namespace tally::server {
namespace {

constexpr std::string_view kBlanks = " \t\r\v\f";

bool IsBlank(char c) { return kBlanks.find(c) != std::string_view::npos; }

// Takes words off the front of a line.
class WordReader {
 public:
  explicit WordReader(std::string_view line) : rest_(line) {}

  /// The next word without its quotes; nullopt at the end of the line, or (`failed`) when quotes do not
  /// fit together.
  std::optional<std::string> Next() {
    while (!rest_.empty() && IsBlank(rest_.front())) rest_.remove_prefix(1);
    if (rest_.empty()) return std::nullopt;
    std::string word;
    while (!rest_.empty() && !IsBlank(rest_.front())) {
      const char c = Take();
      if (c != '"' && c != '\'') {
        word += c;
        continue;
      }
      // Nothing but a blank may follow a closing quote: "a"b is a mistake.
      if (!Quoted(c, &word) || (!rest_.empty() && !IsBlank(rest_.front()))) {
        failed_ = true;
        return std::nullopt;
      }
    }
    return word;
  }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  char Take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  bool Quoted(char quote, std::string* word) {
    while (!rest_.empty()) {
      const char c = Take();
      if (c == quote) return true;
      if (c == '\\' && !rest_.empty() && (quote == '"' || rest_.front() == '\'')) {
        *word += Escape();
      } else {
        *word += c;
      }
    }
    return false;
  }

  char Escape() {
    const char c = Take();
    if (c == 'x' && rest_.size() >= 2 && protocol::HexDigit(rest_[0]) >= 0 &&
        protocol::HexDigit(rest_[1]) >= 0) {
      const int byte = protocol::HexDigit(Take()) * 16;
      return static_cast<char>(byte + protocol::HexDigit(Take()));
    }
    switch (c) {
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'a':
        return '\a';
      case 'b':
        return '\b';
      default:
        return c;
    }
  }

  std::string_view rest_;
  bool failed_ = false;
};

std::string At(std::string_view path, size_t line, std::string_view what) {
  std::string text(path);
  if (line > 0) text += ":" + std::to_string(line);
  text += ": ";
  text += what;
  return text;
}

}  // namespace

ConfigLines ParseConfigText(std::string_view text, std::string_view path) {
  ConfigLines result;
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const size_t start = line.find_first_not_of(kBlanks);
    if (start == std::string_view::npos || line[start] == '#') continue;

    WordReader words(line);
    ConfigLine entry{.number = number, .name = {}, .value = {}};
    size_t count = 0;
    for (std::optional<std::string> word = words.Next(); word; word = words.Next(), ++count) {
      if (count == 0) {
        entry.name = *std::move(word);
        continue;
      }
      if (count > 1) entry.value += ' ';
      entry.value += *word;
    }
    if (words.failed()) {
      result.problem = At(path, number, "a quote is not closed, or text follows a closing quote");
      return result;
    }
    if (count < 2) {
      result.problem = At(path, number, "'" + entry.name + "' has no value; an empty one is \"\"");
      return result;
    }
    result.lines.push_back(std::move(entry));
  }
  return result;
}

std::string ReadConfigText(const std::string& path, std::string* text) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             std::fclose);
  if (file == nullptr) return At(path, 0, std::strerror(errno));
  text->clear();
  std::array<char, 4096> block;
  while (const size_t count = std::fread(block.data(), 1, block.size(), file.get())) {
    text->append(block.data(), count);
    if (text->size() > kMaxConfigFileBytes) {
      return At(path, 0, "too long for a configuration file");
    }
  }
  return std::ferror(file.get()) != 0 ? At(path, 0, std::strerror(errno)) : std::string();
}

ConfigLines ReadConfigFile(const std::string& path) {
  std::string text;
  if (std::string problem = ReadConfigText(path, &text); !problem.empty()) {
    return {.lines = {}, .problem = std::move(problem)};
  }
  return ParseConfigText(text, path);
}

}  // namespace tally::server
