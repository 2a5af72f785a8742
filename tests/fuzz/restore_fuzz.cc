// RESTORE's payload: any bytes under a right checksum are a string within the limit, or are refused; and
// what DUMP writes is read back.

#include <fuzzer/FuzzedDataProvider.h>

#include <string>

#include "protocol/crc64.h"
#include "protocol/dump_payload.h"
#include "tests/fuzz/fuzz_target.h"

namespace tally::protocol {
namespace {

std::string Sealed(std::string value, uint16_t version) {
  value.push_back(static_cast<char>(version & 0xff));
  value.push_back(static_cast<char>(version >> 8));
  const uint64_t checksum = Crc64(value);
  for (int shift = 0; shift < 64; shift += 8)
    value.push_back(static_cast<char>(checksum >> shift & 0xff));
  return value;
}

void Check(const std::string& bytes, uint16_t version, size_t most_bytes) {
  std::string room;
  std::string_view text;
  const DumpStatus status = ReadDump(Sealed(bytes, version), most_bytes, &room, &text);
  fuzz::Require((status == DumpStatus::kBadFooter) == (version > kDumpVersion),
                "only a newer version is refused as such");
  const std::string payload = DumpString(bytes);
  std::string again;
  fuzz::Require(ReadDump(payload, bytes.size(), &again, &text) == DumpStatus::kOk,
                "a dump can be restored");
  fuzz::RequireEqual(text, bytes, "a dump restores what was dumped");
  fuzz::Require(
      bytes.empty() || ReadDump(payload, bytes.size() - 1, &again, &text) == DumpStatus::kBadData,
      "the limit holds");
}

// On a copy of exact size, so that a look past its end is seen.
void CheckUnsealed(const std::string& bytes, size_t most_bytes) {
  const std::string payload = Sealed(bytes, kDumpVersion);
  std::string room;
  std::string_view text;
  if (ReadDump(payload, most_bytes, &room, &text) != DumpStatus::kOk) return;
  fuzz::Require(text.size() <= most_bytes, "what is restored is within the limit");
  std::string again;
  std::string_view same;
  const std::string dumped = DumpString(text);
  fuzz::Require(ReadDump(dumped, most_bytes, &again, &same) == DumpStatus::kOk && same == text,
                "what was restored can be dumped");
}

}  // namespace
}  // namespace tally::protocol

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider in(data, size);
  const auto version = in.ConsumeIntegralInRange<uint16_t>(0, 12);
  const auto most_bytes = in.ConsumeIntegral<uint16_t>();
  const std::string bytes = in.ConsumeRemainingBytesAsString();
  tally::protocol::CheckUnsealed(bytes, most_bytes);
  tally::protocol::Check(bytes, version, most_bytes);
  return 0;
}
