#pragma once

#include <string_view>

#include "storage/invariant.h"
#include "storage/object.h"

namespace tally::server {

/// The name of an object's type, as TYPE answers it; "none" for nullptr. No tombstone.
[[nodiscard]] inline std::string_view TypeNameOf(const storage::Object* object) {
  if (object == nullptr) return "none";
  switch (object->type()) {
    case storage::ObjectType::kString:
      return "string";
    case storage::ObjectType::kTombstone:
      break;
  }
  TALLY_ASSERT(false, "a tombstone was found as an object");
}

}  // namespace tally::server
