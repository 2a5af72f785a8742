// A configuration file: any text is read or refused; what it set can be written back and read again.

#include <string>

#include "server/config.h"
#include "server/config_file.h"
#include "server/config_parameters.h"
#include "server/config_rewrite.h"
#include "tests/fuzz/fuzz_target.h"

namespace tally::server {
namespace {

// The options' values as CONFIG GET shows them.
std::string TextOf(const Config& config) {
  std::string text;
  for (const ConfigParameter& parameter : ConfigParameters()) {
    if (!parameter.is_option()) continue;
    text.append(parameter.name).append("=").append(ValueOf(parameter, config)).append("\n");
  }
  return text;
}

// Those lines of the file that are right, as a start with the file alone would take them.
void Apply(const ConfigLines& file, Config* config) {
  for (const ConfigLine& line : file.lines) {
    const ConfigParameter* parameter = FindConfigParameter(line.name);
    if (parameter == nullptr || !parameter->is_option()) continue;
    if (!CheckValue(*parameter, line.value, *config).empty()) continue;
    StoreValue(*parameter, line.value, config);
    const std::string stored = ValueOf(*parameter, *config);
    fuzz::RequireEqual(CheckValue(*parameter, stored, *config), "",
                       "what CONFIG GET shows can be set");
  }
}

void Check(std::string_view text) {
  const ConfigLines file = ParseConfigText(text, "file");
  if (!file.problem.empty()) {
    fuzz::Require(file.problem.starts_with("file:"), "a problem has a place", file.problem);
    return;
  }
  Config config;
  Apply(file, &config);
  const std::string rewritten = RewriteConfigText(text, config);
  const ConfigLines again = ParseConfigText(rewritten, "rewritten");
  fuzz::RequireEqual(again.problem, "", "a rewritten file can be read");
  Config same;
  Apply(again, &same);
  fuzz::RequireEqual(TextOf(config), TextOf(same), "a rewritten file says the same");
  fuzz::RequireEqual(RewriteConfigText(rewritten, same), rewritten,
                     "a second rewriting changes nothing");
}

}  // namespace
}  // namespace tally::server

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tally::server::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
