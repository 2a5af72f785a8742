// Whether a sanitizer runs with the tests: it stands before malloc and takes memory of its own.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)  // g++
#define TALLY_IS_SANITIZED 1
#elif defined(__has_feature)  // clang++
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TALLY_IS_SANITIZED 1
#endif
#endif
#ifndef TALLY_IS_SANITIZED
#define TALLY_IS_SANITIZED 0
#endif

namespace tally::test {

inline constexpr bool kIsSanitized = TALLY_IS_SANITIZED != 0;

}  // namespace tally::test
