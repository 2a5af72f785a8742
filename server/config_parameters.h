#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "server/config.h"
#include "server/remembered_parameters.h"

namespace tally::server {

/// One name that the command line, a configuration file and CONFIG GET and SET understand: the single
/// source of its text form, its limits and whether it may change.
///
/// An *option* has `get` and `set`. A *fact* is a parameter of Redis which Tally has no choice about
/// (appendonly is always yes) but which clients ask for, and which a file that was written for Redis may
/// contain: it can be "set" to what it is. Anything else is *remembered* only.
struct ConfigParameter {
  enum class Access : uint8_t {
    kMutable,    ///< CONFIG SET changes it
    kImmutable,  ///< fixed at start
    kProtected,  ///< fixed at start; Redis has another text for the refusal
    kFixed,  ///< likewise, but Redis lets it change, or does not know it: it can be set to what it is
  };

  std::string_view name;
  Access access = Access::kImmutable;
  std::string (*get)(const Config&) = nullptr;
  /// Checks `value` and, unless `config` is null, stores it. Returns why it cannot be, or "".
  std::string (*set)(std::string_view value, Config* config) = nullptr;
  bool adds_up = false;        ///< lines of a file for it add to each other; "" begins anew
  std::string_view fact = {};  ///< a fact's value, when `get` is null
  const RememberedParameter* remembered = nullptr;
  std::string_view placeholder = {};  ///< how --help shows an option's value
  bool is_memory_size = false;        ///< a number that --help shows with its unit
  std::string_view help = {};

  [[nodiscard]] bool is_option() const { return set != nullptr; }
  [[nodiscard]] bool is_fact() const { return !is_option() && remembered == nullptr; }
};

/// Options and facts, sorted by name.
[[nodiscard]] std::span<const ConfigParameter> ConfigOptions();

/// All of them, sorted by name.
[[nodiscard]] std::span<const ConfigParameter> ConfigParameters();

/// By name in any case; nullptr when there is none.
[[nodiscard]] const ConfigParameter* FindConfigParameter(std::string_view name);

/// The parameter itself, or the one with the newer name.
[[nodiscard]] const ConfigParameter& WithValue(const ConfigParameter& parameter);

/// The value as CONFIG GET shows it.
[[nodiscard]] std::string ValueOf(const ConfigParameter& parameter, const Config& config);

/// Why `value` cannot be given to the parameter ("argument must be …"), or "" when it can. Changes
/// nothing.
[[nodiscard]] std::string CheckValue(const ConfigParameter& parameter, std::string_view value,
                                     const Config& config);
/// Why the parameter cannot be "set" to what it is already, because it is something else; or "".
[[nodiscard]] std::string CheckSame(const ConfigParameter& parameter, std::string_view value,
                                    const Config& config);
/// Stores what CheckValue let pass. Does not look at `access`.
void StoreValue(const ConfigParameter& parameter, std::string_view value, Config* config);

}  // namespace tally::server
