#include "protocol/lzf.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace tally::protocol {
namespace {

constexpr size_t kMostLiterals = 32;
constexpr size_t kMostDistance = size_t{1} << 13;
constexpr size_t kLeastMatch = 3;
constexpr size_t kLongLength = 7;  // in the first byte: another one follows
constexpr size_t kMostMatch = 2 + kLongLength + 255;
// What one byte of the compressed form can stand for, at most.
constexpr size_t kMostExpansion = kMostMatch / 3 + 1;

unsigned char ByteAt(std::string_view in, size_t index) {
  return static_cast<unsigned char>(in[index]);
}

// Where three bytes were seen last.
class RecentPlaces {
 public:
  explicit RecentPlaces(size_t input_bytes)
      : bits_(std::clamp(static_cast<int>(std::bit_width(input_bytes)), 6, 14)),
        places_(size_t{1} << bits_, kNowhere) {}

  static constexpr uint32_t kNowhere = UINT32_MAX;

  /// The place before, if any, of what seem to be the three bytes at `place`, which is noted instead.
  uint32_t Exchange(std::string_view in, size_t place) {
    constexpr uint32_t kMultiplier = 0x9e3779b1;
    const uint32_t three = static_cast<uint32_t>(ByteAt(in, place)) |
                           static_cast<uint32_t>(ByteAt(in, place + 1)) << 8 |
                           static_cast<uint32_t>(ByteAt(in, place + 2)) << 16;
    uint32_t& noted = places_[(three * kMultiplier) >> (32 - bits_)];
    const uint32_t before = noted;
    noted = static_cast<uint32_t>(place);
    return before;
  }

 private:
  const int bits_;
  std::vector<uint32_t> places_;
};

size_t MatchLength(std::string_view in, size_t earlier, size_t place) {
  const size_t most = std::min(kMostMatch, in.size() - place);
  size_t length = 0;
  while (length < most && in[earlier + length] == in[place + length]) ++length;
  return length;
}

void AppendLiterals(std::string_view literals, std::string* out) {
  for (; !literals.empty(); literals.remove_prefix(std::min(kMostLiterals, literals.size()))) {
    const size_t count = std::min(kMostLiterals, literals.size());
    out->push_back(static_cast<char>(count - 1));
    out->append(literals.substr(0, count));
  }
}

void AppendMatch(size_t distance, size_t length, std::string* out) {
  const size_t rest = length - 2;
  const size_t back = distance - 1;
  out->push_back(static_cast<char>(std::min(rest, kLongLength) << 5 | back >> 8));
  if (rest >= kLongLength) out->push_back(static_cast<char>(rest - kLongLength));
  out->push_back(static_cast<char>(back & 0xff));
}

}  // namespace

bool CompressLzf(std::string_view in, size_t most_bytes, std::string* out) {
  const size_t begin = out->size();
  RecentPlaces places(in.size());
  size_t literals = 0;  // where those begin that are not written yet
  size_t place = 0;
  while (place + kLeastMatch <= in.size()) {
    const uint32_t earlier = places.Exchange(in, place);
    const bool is_near = earlier != RecentPlaces::kNowhere && place - earlier <= kMostDistance;
    const size_t length = is_near ? MatchLength(in, earlier, place) : 0;
    if (length < kLeastMatch) {
      ++place;
      continue;
    }
    AppendLiterals(in.substr(literals, place - literals), out);
    AppendMatch(place - earlier, length, out);
    place += length;
    literals = place;
    if (out->size() - begin > most_bytes) break;
    // What a match ends with may begin another one; all that is in it would take long.
    for (size_t noted = place - 2; noted < place && noted + kLeastMatch <= in.size(); ++noted) {
      static_cast<void>(places.Exchange(in, noted));
    }
  }
  if (out->size() - begin <= most_bytes) AppendLiterals(in.substr(literals), out);
  if (out->size() - begin <= most_bytes) return true;
  out->resize(begin);
  return false;
}

bool ExpandLzf(std::string_view in, size_t size, std::string* out) {
  if (size / kMostExpansion > in.size()) return false;
  const size_t begin = out->size();
  const size_t end = begin + size;
  out->reserve(end);
  while (!in.empty()) {
    const size_t first = ByteAt(in, 0);
    in.remove_prefix(1);
    if (first < kMostLiterals) {
      const size_t count = first + 1;
      if (in.size() < count || end - out->size() < count) return false;
      out->append(in.substr(0, count));
      in.remove_prefix(count);
      continue;
    }
    size_t length = first >> 5;
    const bool is_long = length == kLongLength;
    if (in.size() < (is_long ? 2u : 1u)) return false;
    if (is_long) {
      length += ByteAt(in, 0);
      in.remove_prefix(1);
    }
    length += 2;
    const size_t distance = ((first & 0x1f) << 8 | ByteAt(in, 0)) + 1;
    in.remove_prefix(1);
    if (out->size() - begin < distance || end - out->size() < length) return false;
    // One by one: the bytes that are copied may be those that are being written.
    for (size_t from = out->size() - distance; length != 0; --length)
      out->push_back((*out)[from++]);
  }
  return out->size() == end;
}

}  // namespace tally::protocol
