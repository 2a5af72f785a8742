// hiredis asynchronously, on an Asio loop.

#include <chrono>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>

#include "tests/clients/c/asio_events.h"
#include "tests/clients/c/library.h"

namespace tally::clients {
namespace {

constexpr std::chrono::seconds kPatience{20};

class AsyncConnection final : public Connection {
 public:
  AsyncConnection(boost::asio::io_context& loop, uint16_t port) : loop_(loop), port_(port) {}

  ~AsyncConnection() override {
    if (context_ != nullptr) redisAsyncFree(context_);
  }

  std::vector<Reply> Pipeline(const std::vector<Command>& commands) override {
    EnsureContext();
    // The library calls back once for every command, also when the connection breaks or is freed.
    Batch batch;
    size_t sent = 0;
    for (const Command& command : commands) {
      if (context_ == nullptr) break;
      if (Send(&OnReply, &batch, command)) ++sent;
    }
    RunUntil([&] { return batch.called >= sent; });
    if (batch.replies.size() < commands.size()) throw Broken("the connection broke");
    return std::move(batch.replies);
  }

  void Subscribe(const std::string& channel) override {
    EnsureContext();
    is_subscribed_ = false;
    if (!Send(&OnMessage, this, {"SUBSCRIBE", channel})) throw Broken("cannot subscribe");
    RunUntil([&] { return is_subscribed_ || context_ == nullptr; });
    if (!is_subscribed_) throw Broken("the connection broke");
  }

  std::string NextMessage() override {
    RunUntil([&] { return !messages_.empty() || context_ == nullptr; });
    if (messages_.empty()) throw Broken("the connection broke");
    std::string message = std::move(messages_.front());
    messages_.pop_front();
    return message;
  }

 private:
  struct Batch {
    std::vector<Reply> replies;
    size_t called = 0;
  };

  static AsyncConnection& Of(const redisAsyncContext* context) {
    return *static_cast<AsyncConnection*>(context->data);
  }

  void EnsureContext() {
    if (context_ != nullptr) return;
    context_ = redisAsyncConnect("127.0.0.1", port_);
    if (context_ == nullptr) throw std::bad_alloc();
    if (context_->err != 0) {
      const Broken broken(context_->errstr);
      redisAsyncFree(std::exchange(context_, nullptr));
      throw broken;
    }
    context_->data = this;
    RunOnAsio(loop_, *context_);
    redisAsyncSetConnectCallback(context_, [](const redisAsyncContext* context, int status) {
      // The library frees a context that could not connect.
      if (status != REDIS_OK) Of(context).context_ = nullptr;
    });
    redisAsyncSetDisconnectCallback(
        context_, [](const redisAsyncContext* context, int) { Of(context).context_ = nullptr; });
  }

  bool Send(redisCallbackFn* callback, void* data, const Command& command) {
    Arguments arguments(command);
    return redisAsyncCommandArgv(context_, callback, data, arguments.count(),
                                 arguments.words.data(), arguments.sizes.data()) == REDIS_OK;
  }

  static void OnReply(redisAsyncContext*, void* reply, void* data) {
    auto& batch = *static_cast<Batch*>(data);
    ++batch.called;
    if (reply != nullptr) batch.replies.push_back(Reply::Of(*static_cast<redisReply*>(reply)));
  }

  static void OnMessage(redisAsyncContext*, void* reply, void* data) {
    if (reply == nullptr) return;
    auto& connection = *static_cast<AsyncConnection*>(data);
    const Reply push = Reply::Of(*static_cast<redisReply*>(reply));
    if (push.elements.size() != 3) return;
    if (push.elements[0].text == "subscribe") connection.is_subscribed_ = true;
    if (push.elements[0].text == "message") {
      connection.messages_.push_back(push.elements[2].text);
    }
  }

  template <typename Condition>
  void RunUntil(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      loop_.restart();
      loop_.run_one_until(deadline);
      if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("no reply");
    }
  }

  boost::asio::io_context& loop_;
  uint16_t port_;
  redisAsyncContext* context_ = nullptr;
  bool is_subscribed_ = false;
  std::deque<std::string> messages_;
};

}  // namespace
}  // namespace tally::clients

int main(int count, char** arguments) {
  boost::asio::io_context loop;
  return tally::clients::RunScenario(count, arguments, [&loop](uint16_t port) {
    return std::make_unique<tally::clients::AsyncConnection>(loop, port);
  });
}
