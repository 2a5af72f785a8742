#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

/// Every file of this directory that ends in _fuzz.cc is a program of its own: libFuzzer calls its
/// LLVMFuzzerTestOneInput with inputs that it makes up, guided by what code they reach. A claim that does
/// not hold, a sanitizer's report, or an input that takes too long ends the program, and the input is kept.
namespace tally::fuzz {

/// Ends the program with both texts unless `holds`.
inline void Require(bool holds, std::string_view claim, std::string_view details = {}) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\n%.*s\n", static_cast<int>(claim.size()), claim.data(),
               static_cast<int>(details.size()), details.data());
  std::abort();
}

/// Whatever is not a letter of ASCII as \\xHH.
[[nodiscard]] inline std::string Printable(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    const auto code = static_cast<unsigned char>(byte);
    if (code >= ' ' && code < 0x7f) {
      text += byte;
    } else {
      text.append("\\x").append(1, kDigits[code >> 4]).append(1, kDigits[code & 0xf]);
    }
  }
  return text;
}

inline void RequireEqual(std::string_view one, std::string_view other, std::string_view claim) {
  if (one == other) return;
  Require(false, claim, "one:   " + Printable(one) + "\nother: " + Printable(other));
}

}  // namespace tally::fuzz
