// A stream of bytes gives the same requests however it is cut, and what was read can be sent again.

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.h"
#include "tests/protocol/parse_stream.h"

namespace tally::protocol {
namespace {

ParsedStream Parse(std::string_view stream, bool authenticated, std::vector<size_t> cuts) {
  RequestParser parser;
  parser.set_authenticated(authenticated);
  return ParseInPieces(parser, stream, cuts);
}

std::string TextOf(const ParsedStream& parsed) {
  std::ostringstream out;
  out << parsed;
  return out.str();
}

void Check(std::string_view stream, bool authenticated, std::vector<size_t> cuts) {
  const ParsedStream whole = Parse(stream, authenticated, {});
  fuzz::RequireEqual(TextOf(whole), TextOf(Parse(stream, authenticated, std::move(cuts))),
                     "cuts make no difference");
  fuzz::Require(whole.error.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos,
                "an error is one line", whole.error);
  std::string again;
  for (const std::vector<std::string>& request : whole.requests) {
    std::vector<std::string_view> args(request.begin(), request.end());
    const size_t before = again.size();
    again += "*" + std::to_string(args.size()) + "\r\n";
    for (const std::string_view arg : args) {
      again.append("$")
          .append(std::to_string(arg.size()))
          .append("\r\n")
          .append(arg)
          .append("\r\n");
    }
    fuzz::Require(EncodedRequestBytes(args) == again.size() - before,
                  "EncodedRequestBytes is right");
  }
  fuzz::Require(Parse(again, true, {}).requests == whole.requests,
                "requests survive being sent again");
}

}  // namespace
}  // namespace tally::protocol

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Numbers are taken from the end: what stands in front of them is the stream, as a client sends it.
  FuzzedDataProvider in(data, size);
  const bool authenticated = in.ConsumeBool();
  std::vector<size_t> cuts(in.ConsumeIntegralInRange<size_t>(0, 6));
  for (size_t& cut : cuts) cut = in.ConsumeIntegral<uint16_t>();
  const std::string stream = in.ConsumeRemainingBytesAsString();
  for (size_t& cut : cuts) cut = std::min(cut, stream.size());
  std::sort(cuts.begin(), cuts.end());
  tally::protocol::Check(stream, authenticated, std::move(cuts));
  return 0;
}
