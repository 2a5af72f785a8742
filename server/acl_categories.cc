#include "server/acl_categories.h"

#include <array>

#include "server/command.h"

namespace tally::server {
namespace {

constexpr auto kCategories = std::to_array<AclCategoryBit>({
    {"keyspace", kAclKeyspace},
    {"read", kAclRead},
    {"write", kAclWrite},
    {"set", kAclSet},
    {"sortedset", kAclSortedSet},
    {"list", kAclList},
    {"hash", kAclHash},
    {"string", kAclString},
    {"bitmap", kAclBitmap},
    {"hyperloglog", kAclHyperLogLog},
    {"geo", kAclGeo},
    {"stream", kAclStream},
    {"pubsub", kAclPubSub},
    {"admin", kAclAdmin},
    {"fast", kAclFast},
    {"slow", kAclSlow},
    {"blocking", kAclBlocking},
    {"dangerous", kAclDangerous},
    {"connection", kAclConnection},
    {"transaction", kAclTransaction},
    {"scripting", kAclScripting},
});

}  // namespace

std::span<const AclCategoryBit> AclCategories() { return kCategories; }

std::optional<uint32_t> FindAclCategory(std::string_view name) {
  for (const AclCategoryBit& category : kCategories) {
    if (EqualsIgnoreCase(name, category.name)) return category.bit;
  }
  return std::nullopt;
}

}  // namespace tally::server
