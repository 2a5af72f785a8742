#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tally::server {

struct AclCategoryBit {
  std::string_view name;  ///< "read"
  uint32_t bit;           ///< an AclCategory
};

/// All of Redis's categories, in the order of ACL CAT.
[[nodiscard]] std::span<const AclCategoryBit> AclCategories();

/// By name in any case, without the @; nullopt: there is none.
[[nodiscard]] std::optional<uint32_t> FindAclCategory(std::string_view name);

}  // namespace tally::server
