#pragma once

#include <cstddef>
#include <cstdint>

namespace tally::server {

/// What an HTTP client may send, and how long it may take for it. The doors that speak HTTP share them.
struct HttpLimits {
  static constexpr size_t kMaxRequestLineBytes = size_t{8} << 10;  ///< more: 414
  static constexpr size_t kMaxHeaderBytes = size_t{16} << 10;  ///< with the request line; more: 431
  static constexpr size_t kMaxBodyBytes = size_t{64} << 10;    ///< more: 413. Bodies are not kept
  /// Pipelined requests, and the bytes of their names, that wait for replies; beyond, nothing is read.
  static constexpr size_t kMaxPipelined = 128;
  static constexpr size_t kMaxPipelinedBytes = size_t{64} << 10;
  /// From a request's first byte to its last.
  static constexpr int64_t kRequestTimeoutMs = 10'000;
  /// Without any request.
  static constexpr int64_t kIdleTimeoutMs = 60'000;
  /// A connection that ends because of an error takes so much, so long, and throws it away.
  static constexpr int64_t kLingerMs = 2'000;
  static constexpr size_t kMaxLingerBytes = size_t{1} << 20;
};

}  // namespace tally::server
