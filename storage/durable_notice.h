#pragma once

namespace tally::storage {

/// What has to be told of a change set before anybody sees that it is durable, and not before it is.
class DurableNotice {
 public:
  DurableNotice() = default;
  DurableNotice(const DurableNotice&) = delete;
  DurableNotice& operator=(const DurableNotice&) = delete;
  virtual ~DurableNotice() = default;

  /// On the thread that makes the commit, which waits for it: it hands on what is to be told, and returns. It may
  /// not append to the commit log.
  virtual void Tell() = 0;
};

}  // namespace tally::storage
