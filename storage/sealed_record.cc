#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL  // before xxhash.h
#endif

#include "storage/sealed_record.h"

#include <xxhash.h>

namespace tally::storage {

void Seal(std::string* out) { AppendFixed(out, XXH3_64bits(out->data(), out->size())); }

bool Unseal(std::string_view* in, uint8_t version) {
  if (in->size() < sizeof(uint8_t) + sizeof(uint64_t)) return false;
  std::string_view sum = in->substr(in->size() - sizeof(uint64_t));
  in->remove_suffix(sizeof(uint64_t));
  uint64_t checksum;
  uint8_t found;
  const uint64_t computed = XXH3_64bits(in->data(), in->size());
  return TakeFixed(&sum, &checksum) && checksum == computed && TakeFixed(in, &found) &&
         found == version;
}

}  // namespace tally::storage
