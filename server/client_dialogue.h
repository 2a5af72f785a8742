#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "protocol/read_buffer.h"

namespace tally::server {

/// What a connection moves bytes for: one client's requests and replies, in the language of its door. Knows no
/// socket; tests feed it bytes.
///
/// Thread: the connection's core. A Session is that of the Redis door; HttpDialogue speaks HTTP in front of one.
class ClientDialogue {
 public:
  /// Takes the complete requests out of `in`, as far as it accepts them now.
  virtual void OnInput(protocol::ReadBuffer* in) = 0;
  /// Whether OnInput would do something with a complete request.
  [[nodiscard]] virtual bool AcceptsInput() const = 0;
  /// Goes on with requests that were taken and could not be carried out at once.
  virtual void PassOn() {}
  /// Input that was taken and not used yet, unless it has become an operation: parts of requests, and requests that
  /// cannot be carried out now.
  [[nodiscard]] virtual size_t held_input_bytes() const { return 0; }
  /// The client has said that it says nothing more.
  [[nodiscard]] virtual bool input_ended() const { return false; }
  /// Appends what may be told now to `*out`.
  virtual void TakeOutput(std::string* out) = 0;
  /// So many bytes of what was taken out are written.
  virtual void OnWritten(size_t bytes) = 0;
  [[nodiscard]] virtual bool has_output() const = 0;
  /// All is said: the connection closes once what was taken is written.
  [[nodiscard]] virtual bool finished() const = 0;
  /// What still arrives is thrown away for a while before the connection closes, so that the client, which is
  /// not done sending, can read the last reply (a close would reset the connection under it).
  [[nodiscard]] virtual bool lingers() const { return false; }
  /// All taken requests are answered and their replies taken.
  [[nodiscard]] virtual bool idle() const = 0;
  /// To be called about once a second.
  virtual void OnSecond() {}
  /// To be asked once a second: the client takes longer than it may, and is to be cut off.
  [[nodiscard]] virtual bool IsTooSlow() { return false; }
  /// Whether a client that takes no reply for a while is cut off, be it in nobody's way.
  [[nodiscard]] virtual bool must_read_replies() const { return false; }
  /// Frees memory of a client that has been quiet.
  virtual void ShrinkIfIdle() {}

 protected:
  ~ClientDialogue() = default;
};

}  // namespace tally::server
