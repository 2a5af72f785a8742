#include "tests/clients/c/asio_events.h"

#include <boost/asio/posix/stream_descriptor.hpp>

namespace tally::clients {
namespace {

using boost::asio::posix::stream_descriptor;

/// The library says which events it wants; each wait of Asio brings one, so it is begun anew as
/// long as the event is wanted. Waits keep the adapter alive after the library has let it go.
class AsioEvents : public std::enable_shared_from_this<AsioEvents> {
 public:
  AsioEvents(boost::asio::io_context& loop, redisAsyncContext& context)
      : context_(&context), descriptor_(loop, context.c.fd) {}

  void Want(bool& wanted, bool is_wanted) {
    wanted = is_wanted;
    if (is_wanted) Wait(wanted);
  }

  /// The library closes the socket itself.
  void LetGo() {
    context_ = nullptr;
    descriptor_.release();
  }

  bool wants_read = false;
  bool wants_write = false;

 private:
  void Wait(bool& wanted) {
    const bool is_read = &wanted == &wants_read;
    bool& waits = is_read ? waits_to_read_ : waits_to_write_;
    if (waits) return;
    waits = true;
    descriptor_.async_wait(is_read ? stream_descriptor::wait_read : stream_descriptor::wait_write,
                           [self = shared_from_this(), is_read](const auto& error) {
                             if (!error) self->Handle(is_read);
                           });
  }

  void Handle(bool is_read) {
    (is_read ? waits_to_read_ : waits_to_write_) = false;
    bool& wanted = is_read ? wants_read : wants_write;
    if (context_ == nullptr || !wanted) return;
    // Either call may free the context, and so let the adapter go.
    if (is_read) {
      redisAsyncHandleRead(context_);
    } else {
      redisAsyncHandleWrite(context_);
    }
    if (context_ != nullptr && wanted) Wait(wanted);
  }

  redisAsyncContext* context_;
  stream_descriptor descriptor_;
  bool waits_to_read_ = false;
  bool waits_to_write_ = false;
};

/// What the library keeps: a share of the adapter.
AsioEvents& Events(void* kept) { return **static_cast<std::shared_ptr<AsioEvents>*>(kept); }

}  // namespace

void RunOnAsio(boost::asio::io_context& loop, redisAsyncContext& context) {
  context.ev.data = new std::shared_ptr(std::make_shared<AsioEvents>(loop, context));
  context.ev.addRead = [](void* kept) { Events(kept).Want(Events(kept).wants_read, true); };
  context.ev.delRead = [](void* kept) { Events(kept).Want(Events(kept).wants_read, false); };
  context.ev.addWrite = [](void* kept) { Events(kept).Want(Events(kept).wants_write, true); };
  context.ev.delWrite = [](void* kept) { Events(kept).Want(Events(kept).wants_write, false); };
  context.ev.cleanup = [](void* kept) {
    Events(kept).LetGo();
    delete static_cast<std::shared_ptr<AsioEvents>*>(kept);
  };
}

}  // namespace tally::clients
