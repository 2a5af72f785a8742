#include "server/connection.h"

#include <poll.h>

#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <spdlog/spdlog.h>

#include "server/monotonic_clock.h"

namespace tally::server {

using boost::system::error_code;

namespace {

int64_t MonotonicMs() { return MonotonicUs() / 1000; }

}  // namespace

Connection::Connection(ConnectionHost* core, ClientSocket socket, ClientState client,
                       Language language)
    : core_(core),
      socket_(std::move(socket)),
      session_(new Session(core->session_context(), this, std::move(client))),
      http_(language.http == nullptr ? nullptr
                                     : std::make_unique<HttpDialogue>(
                                           session_.get(), this, core->session_context().config,
                                           language.http, &MonotonicMs)),
      tls_(language.tls == nullptr ? nullptr
                                   : std::make_unique<TlsDialogue>(std::move(language.tls), inner(),
                                                                   this, &MonotonicMs)),
      dialogue_(tls_ != nullptr ? tls_.get() : inner()) {}

Connection::~Connection() { Close(); }

ClientDialogue* Connection::inner() {
  return http_ != nullptr ? static_cast<ClientDialogue*>(http_.get()) : session_.get();
}

void Connection::Start() { StartRead(); }

void Connection::StartRead() {
  if (reading_ || closed_ || end_of_input_ || input_stopped_ || in_.full()) return;
  // While the session is stalled a little is read all the same: an end or a reset shall be seen.
  const bool ahead = session_->stalled() && in_.unread().size() < kMaxReadAheadBytes;
  if (!ahead && !lingering_ && !dialogue_->AcceptsInput()) return;
  const std::span<char> tail = in_.Prepare(read_bytes_);
  reading_ = true;
  socket_.async_read_some(boost::asio::buffer(tail.data(), tail.size()),
                          [self = boost::intrusive_ptr<Connection>(this), asked = tail.size()](
                              const error_code& error, size_t size) {
                            if (size == asked && self->read_bytes_ < kMaxReadBytes)
                              self->read_bytes_ *= 2;
                            self->OnRead(error, size);
                          });
}

void Connection::OnRead(const error_code& error, size_t size) {
  reading_ = false;
  if (closed_) return;
  if (error == boost::asio::error::eof) {
    end_of_input_ = true;
    OnEndOfInput();
  } else if (error) {
    Close();
    return;
  }
  in_.Commit(size);
  session_->client().bytes_in += size;
  core_->statistics().bytes_in.Add(size);
  core_->statistics().socket_reads.Add(1);
  Pump();
}

void Connection::Pump() {
  if (closed_) return;
  dialogue_->PassOn();
  if (input_stopped_) return;
  if (!in_.unread().empty() && (lingering_ || dialogue_->AcceptsInput())) dialogue_->OnInput(&in_);
  if (IsOverfull()) {
    spdlog::warn("client {} is closed: it sent a request longer than client-query-buffer-limit",
                 session_->client().id);
    Close();
    return;
  }
  if (dialogue_->input_ended() && !std::exchange(end_of_input_, true)) OnEndOfInput();
  StartRead();
  NoteInput();
  CloseIfFinished();
}

// What is left unread while the session takes requests is one that is not complete.
bool Connection::IsOverfull() const {
  if (session_->stalled()) return false;
  return in_.full() ||
         in_.unread().size() > core_->session_context().config->query_buffer_limit_bytes.load(
                                   std::memory_order_relaxed);
}

void Connection::NoteInput() {
  session_->client().unread_bytes = in_.unread().size() + dialogue_->held_input_bytes();
  session_->client().read_capacity_bytes = in_.capacity() + dialogue_->held_input_bytes();
}

void Connection::OnOutput() {
  if (!closed_) core_->ScheduleFlush(this);
}

void Connection::OnReadyForInput() {
  if (!closed_) core_->SchedulePump(this);
}

void Connection::Flush() {
  if (closed_) return;
  if (session_->MayBeOverLimit()) static_cast<void>(session_->IsOverLimit(WallClock::NowMs()));
  if (session_->is_over_limit()) {
    spdlog::warn(
        "client {} is closed: it leaves more untaken than client-output-buffer-limit allows",
        session_->client().id);
    Close();
    return;
  }
  if (waiting_to_write_) return;
  dialogue_->TakeOutput(out_.bytes());
  WriteOut();
}

void Connection::WriteOut() {
  while (unsent_bytes() != 0) {
    error_code error;
    const std::string_view unsent = out_.unsent();
    const size_t written =
        socket_.write_some(boost::asio::buffer(unsent.data(), unsent.size()), error);
    if (error == boost::asio::error::would_block || error == boost::asio::error::try_again) {
      waiting_to_write_ = true;
      out_.Wait();
      socket_.async_wait(ClientSocket::wait_write,
                         [self = boost::intrusive_ptr<Connection>(this)](const error_code& failed) {
                           self->waiting_to_write_ = false;
                           if (self->closed_) return;
                           if (failed) {
                             self->Close();
                           } else {
                             self->core_->ScheduleFlush(self.get());
                           }
                         });
      return;
    }
    if (error) {
      Close();
      return;
    }
    out_.Consume(written);
    dialogue_->OnWritten(written);
    session_->client().bytes_out += written;
    core_->statistics().bytes_out.Add(written);
    core_->statistics().socket_writes.Add(1);
  }
  if (dialogue_->has_output()) core_->ScheduleFlush(this);
  // Room for more replies may let the session take more requests.
  const bool may_take_more =
      !reading_ || !in_.unread().empty() || dialogue_->held_input_bytes() != 0;
  if (may_take_more && !session_->stalled()) core_->SchedulePump(this);
  CloseIfFinished();
}

void Connection::CloseIfFinished() {
  if (closed_ || unsent_bytes() != 0) return;
  // After the end of the input there may be requests that the session had no room for.
  const bool all_taken = end_of_input_ && !pump_scheduled_ && dialogue_->idle();
  // As in Redis, what a client asked under CLIENT PAUSE before it left is not done.
  const bool waits_in_vain = end_of_input_ && session_->only_paused();
  if (all_taken || waits_in_vain || (dialogue_->finished() && !dialogue_->lingers())) {
    Close();
  } else if (dialogue_->finished()) {
    Linger();
  }
}

// The client sees the end of the replies, and may go on sending for a while.
void Connection::Linger() {
  if (std::exchange(lingering_, true)) return;
  error_code ignored;
  socket_.shutdown(ClientSocket::shutdown_send, ignored);
  StartRead();
}

void Connection::OnEndOfInput() {
  session_->OnEndOfInput();
  if (session_->stalled()) core_->session_context().router->local().log().LookAtWaiters();
}

// For a stalled connection with so much unread input that no read would see the end behind it.
void Connection::LookForHangUp() {
  pollfd look{socket_.native_handle(), POLLRDHUP, 0};
  if (::poll(&look, 1, 0) <= 0) return;
  OnEndOfInput();
  const bool gone = (look.revents & (POLLERR | POLLHUP)) != 0;
  if (gone || (session_->only_paused() && unsent_bytes() == 0)) Close();
}

void Connection::Close() {
  if (closed_) return;
  closed_ = true;
  session_->Detach();
  error_code ignored;
  socket_.close(ignored);
  core_->Forget(this);
}

void Connection::CloseAfterReplies() {
  session_->client().close_after_replies = true;
  core_->ScheduleFlush(this);
}

bool Connection::IsToBeCutOff() {
  const size_t before = std::exchange(unsent_a_second_ago_, unsent_bytes());
  stuck_s_ = unsent_bytes() != 0 && unsent_bytes() == before ? stuck_s_ + 1 : 0;
  const bool in_the_way = session_->is_in_the_way() || dialogue_->must_read_replies();
  return (stuck_s_ >= kPatienceS && in_the_way) || dialogue_->IsTooSlow();
}

void Connection::ShrinkIfIdle() {
  // A read under way has its place in the buffer.
  if (!reading_) in_.ShrinkIfIdle();
  NoteInput();
  dialogue_->ShrinkIfIdle();
  out_.ShrinkIfEmpty();
  if (!closed_ && !reading_ && session_->stalled()) LookForHangUp();
}

}  // namespace tally::server
