// The places of a session's replies: those of this core's own shard in runs, all others one by one.
#include <algorithm>
#include <string>
#include <utility>

#include "server/local_hold.h"
#include "server/session.h"

namespace tally::server {

// The reply that begins at `begin` in the local place waits for a commit.
void Session::LetWait(size_t begin, storage::Ticket depends_on) {
  std::string& bytes = replies_.bytes(local_place_);
  if (!local_pending_ && begin > 0) {
    // What was read from committed state before this change need not wait for it.
    std::string reply = bytes.substr(begin);
    bytes.resize(begin);
    CloseLocalPlace();
    OpenLocalPlace();
    replies_.bytes(local_place_) = std::move(reply);
  }
  local_pending_ = true;
  local_depends_on_ = std::max(local_depends_on_, depends_on);
}

void Session::OpenLocalPlace() {
  if (local_open_) return;
  local_place_ = replies_.Open();
  local_open_ = true;
  local_pending_ = false;
  local_depends_on_ = storage::kNoTicket;
}

void Session::CloseLocalPlace() {
  if (!local_open_) return;
  local_open_ = false;
  if (!local_pending_) {
    Fill(local_place_);
    return;
  }
  AddInFlight(1);
  context_.router->local().gate().Hold(local_depends_on_, new LocalHold(this, local_place_));
}

void Session::OnLocalRelease(uint64_t place) {
  Fill(place);
  if (host_ != nullptr) host_->OnOutput();
  RemoveInFlight(1);
}

void Session::Owe(size_t bytes) {
  if (host_ == nullptr) return;
  owed_.Add(bytes);
  client_.owed_bytes = owed_.bytes();
}

void Session::TakeOutput(std::string* out) {
  const size_t before = out->size();
  replies_.TakeReady(out);
  unwritten_bytes_ += out->size() - before;
  OnOutputMoved();  // be it that there was nothing in the places to be written
}

void Session::OnWritten(size_t bytes) {
  unwritten_bytes_ -= bytes;
  owed_.Remove(bytes);
  pushed_bytes_ = std::min(pushed_bytes_, owed_.bytes());
  client_.owed_bytes = owed_.bytes();
  OnOutputMoved();
}

void Session::OnOutputMoved() {
  if (HasReadAll()) hold_ = nullptr;
  LetBatchesGoOn();
}

// Where the client has read all that it can be told, the batch goes on that makes the next reply, whatever others
// have made that may only be told behind it.
void Session::LetBatchesGoOn() {
  if (halted_batches_.empty()) return;
  const bool has_room = owed_.has_room();  // of one that is gone, always
  const bool has_read_all = HasReadAll();
  std::erase_if(halted_batches_, [&](const HaltedBatch& halted) {
    const bool goes_on = has_room || (has_read_all && halted.next_place == replies_.first());
    if (goes_on) context_.router->LetGoOn(halted.shard, this);
    return goes_on;
  });
}

// What is made for a client that is gone is thrown away.
void Session::Finish(uint64_t place, std::string_view bytes) {
  if (host_ != nullptr) {
    replies_.bytes(place).append(bytes);
    Owe(bytes.size());
  }
  Fill(place);
}

void Session::Fill(uint64_t place) {
  replies_.Fill(place);
  if (outbox_.has_waiting()) SendDue();
}

}  // namespace tally::server
