#include "protocol/dump_payload.h"

#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "protocol/crc64.h"
#include "protocol/lzf.h"
#include "protocol/number.h"

namespace tally::protocol {
namespace {

constexpr uint8_t kStringType = 0;
constexpr uint8_t kLength14 = 0x40;
constexpr uint8_t kLength32 = 0x80;
constexpr uint8_t kLength64 = 0x81;
constexpr uint8_t kInt8 = 0xc0;
constexpr uint8_t kInt16 = 0xc1;
constexpr uint8_t kInt32 = 0xc2;
constexpr uint8_t kCompressed = 0xc3;
constexpr size_t kFooterBytes = sizeof(uint16_t) + sizeof(uint64_t);
// Longer texts are no integers of 32 bits.
constexpr size_t kMostIntegerText = 11;
// Redis compresses no shorter ones, and only if it saves so much.
constexpr size_t kLeastCompressed = 21;
constexpr size_t kLeastSaved = 4;

template <typename Integer>
void AppendLittle(Integer value, std::string* out) {
  char bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  out->append(bytes, sizeof(bytes));
}

void AppendBig(uint64_t value, size_t size, std::string* out) {
  while (size-- > 0) out->push_back(static_cast<char>(value >> (8 * size) & 0xff));
}

void AppendLength(size_t length, std::string* out) {
  if (length < 1u << 6) {
    AppendBig(length, 1, out);
  } else if (length < 1u << 14) {
    AppendBig(size_t{kLength14} << 8 | length, 2, out);
  } else if (length <= std::numeric_limits<uint32_t>::max()) {
    AppendBig(kLength32, 1, out);
    AppendBig(length, sizeof(uint32_t), out);
  } else {
    AppendBig(kLength64, 1, out);
    AppendBig(length, sizeof(uint64_t), out);
  }
}

// False: it is none of 32 bits.
bool AppendInteger(std::string_view text, std::string* out) {
  if (text.size() > kMostIntegerText) return false;
  const std::optional<int64_t> value = ParseInt64(text);
  if (!value || !std::in_range<int32_t>(*value)) return false;
  if (std::in_range<int8_t>(*value)) {
    AppendBig(kInt8, 1, out);
    AppendLittle(static_cast<int8_t>(*value), out);
  } else if (std::in_range<int16_t>(*value)) {
    AppendBig(kInt16, 1, out);
    AppendLittle(static_cast<int16_t>(*value), out);
  } else {
    AppendBig(kInt32, 1, out);
    AppendLittle(static_cast<int32_t>(*value), out);
  }
  return true;
}

bool AppendCompressed(std::string_view text, std::string* out) {
  if (text.size() < kLeastCompressed) return false;
  std::string compressed;
  if (!CompressLzf(text, text.size() - kLeastSaved, &compressed)) return false;
  AppendBig(kCompressed, 1, out);
  AppendLength(compressed.size(), out);
  AppendLength(text.size(), out);
  out->append(compressed);
  return true;
}

// ---- Reading. Each takes its field off the front of *in, or says false.

bool TakeBytes(std::string_view* in, size_t size, std::string_view* out) {
  if (in->size() < size) return false;
  *out = in->substr(0, size);
  in->remove_prefix(size);
  return true;
}

bool TakeByte(std::string_view* in, uint8_t* out) {
  std::string_view byte;
  if (!TakeBytes(in, 1, &byte)) return false;
  *out = static_cast<uint8_t>(byte.front());
  return true;
}

bool TakeBig(std::string_view* in, size_t size, uint64_t* out) {
  std::string_view bytes;
  if (!TakeBytes(in, size, &bytes)) return false;
  for (const char byte : bytes) *out = *out << 8 | static_cast<unsigned char>(byte);
  return true;
}

// What begins with `first`.
bool TakeLength(uint8_t first, std::string_view* in, uint64_t* out) {
  *out = 0;
  switch (first >> 6) {
    case 0:
      *out = first;
      return true;
    case 1:
      *out = first & 0x3f;
      return TakeBig(in, 1, out);
    default:
      if (first == kLength32) return TakeBig(in, sizeof(uint32_t), out);
      return first == kLength64 && TakeBig(in, sizeof(uint64_t), out);
  }
}

bool TakeLength(std::string_view* in, uint64_t* out) {
  uint8_t first;
  return TakeByte(in, &first) && TakeLength(first, in, out);
}

template <typename Integer>
bool TakeInteger(std::string_view* in, std::string* text) {
  std::string_view bytes;
  if (!TakeBytes(in, sizeof(Integer), &bytes)) return false;
  Integer value;
  std::memcpy(&value, bytes.data(), sizeof(value));
  *text = std::to_string(value);
  return true;
}

bool TakeCompressed(std::string_view* in, size_t most_bytes, std::string* text) {
  uint64_t compressed;
  uint64_t size;
  std::string_view bytes;
  return TakeLength(in, &compressed) && TakeLength(in, &size) && size <= most_bytes &&
         TakeBytes(in, compressed, &bytes) && ExpandLzf(bytes, size, text);
}

bool TakeString(std::string_view* in, size_t most_bytes, std::string* room,
                std::string_view* text) {
  uint8_t first;
  if (!TakeByte(in, &first)) return false;
  if (first < kInt8) {
    uint64_t size;
    return TakeLength(first, in, &size) && size <= most_bytes && TakeBytes(in, size, text);
  }
  room->clear();
  bool is_good = false;
  if (first == kInt8) is_good = TakeInteger<int8_t>(in, room);
  if (first == kInt16) is_good = TakeInteger<int16_t>(in, room);
  if (first == kInt32) is_good = TakeInteger<int32_t>(in, room);
  if (first == kCompressed) is_good = TakeCompressed(in, most_bytes, room);
  *text = *room;
  return is_good && room->size() <= most_bytes;
}

}  // namespace

std::string DumpString(std::string_view text) {
  std::string out;
  AppendBig(kStringType, 1, &out);
  if (!AppendInteger(text, &out) && !AppendCompressed(text, &out)) {
    AppendLength(text.size(), &out);
    out.append(text);
  }
  AppendLittle(kDumpVersion, &out);
  AppendLittle(Crc64(out), &out);
  return out;
}

DumpStatus ReadDump(std::string_view payload, size_t most_bytes, std::string* room,
                    std::string_view* text) {
  if (payload.size() < kFooterBytes) return DumpStatus::kBadFooter;
  std::string_view value = payload.substr(0, payload.size() - kFooterBytes);
  uint16_t version;
  std::memcpy(&version, payload.data() + value.size(), sizeof(version));
  uint64_t checksum;
  std::memcpy(&checksum, payload.data() + payload.size() - sizeof(checksum), sizeof(checksum));
  if (version > kDumpVersion ||
      checksum != Crc64(payload.substr(0, payload.size() - sizeof(checksum)))) {
    return DumpStatus::kBadFooter;
  }
  uint8_t type;
  const bool is_good =
      TakeByte(&value, &type) && type == kStringType && TakeString(&value, most_bytes, room, text);
  return is_good ? DumpStatus::kOk : DumpStatus::kBadData;
}

}  // namespace tally::protocol
