// hiredis as a C program uses it: blocking calls. With hiredis 1.0 or newer its RESP3, too.

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <hiredis/hiredis.h>

#include "tests/clients/c/library.h"

namespace tally::clients {
namespace {

class BlockingConnection final : public Connection {
 public:
  explicit BlockingConnection(uint16_t port) : context_(redisConnect("127.0.0.1", port)) {
    if (context_ == nullptr || context_->err != 0) throw std::runtime_error("cannot connect");
  }

  std::vector<Reply> Pipeline(const std::vector<Command>& commands) override {
    if (context_->err != 0 && redisReconnect(context_.get()) != REDIS_OK) Break();
    for (const Command& command : commands) {
      Arguments arguments(command);
      if (redisAppendCommandArgv(context_.get(), arguments.count(), arguments.words.data(),
                                 arguments.sizes.data()) != REDIS_OK) {
        Break();
      }
    }
    std::vector<Reply> replies;
    while (replies.size() < commands.size()) replies.push_back(Read());
    return replies;
  }

  void Subscribe(const std::string& channel) override {
    const Reply reply = Call({"SUBSCRIBE", channel});
    // Subscribing again to what is subscribed changes nothing.
    Expect({REDIS_REPLY_ARRAY, 0, {}, {Text("subscribe"), Text(channel), Integer(1)}}, reply,
           "SUBSCRIBE");
  }

  std::string NextMessage() override {
    const Reply message = Read();
    if (message.elements.size() != 3 || message.elements[0].text != "message") {
      throw std::runtime_error("not a message");
    }
    return message.elements[2].text;
  }

 private:
  Reply Read() {
    void* reply = nullptr;
    if (redisGetReply(context_.get(), &reply) != REDIS_OK) Break();
    const std::unique_ptr<void, decltype(&freeReplyObject)> owner(reply, &freeReplyObject);
    return Reply::Of(*static_cast<const redisReply*>(reply));
  }

  [[noreturn]] void Break() const { throw Broken(context_->errstr); }

  struct Free {
    void operator()(redisContext* context) const { redisFree(context); }
  };
  std::unique_ptr<redisContext, Free> context_;
};

#ifdef REDIS_REPLY_MAP
/// What RESP3 has beyond RESP2; leaves nothing behind on the server.
void SpeakResp3(uint16_t port) {
  BlockingConnection connection(port);
  const Reply hello = connection.Call({"HELLO", "3"});
  if (hello.type != REDIS_REPLY_MAP) throw std::runtime_error("HELLO 3 answers no map");
  bool is_3 = false;
  for (size_t i = 0; i + 1 < hello.elements.size(); i += 2) {
    is_3 = is_3 || (hello.elements[i].text == "proto" && hello.elements[i + 1] == Integer(3));
  }
  if (!is_3) throw std::runtime_error("HELLO 3 does not answer proto 3");
  const Reply half = connection.Call({"INCREX", "half", "BYFLOAT", "0.5"});
  if (half.elements.size() != 2 || half.elements[0].type != REDIS_REPLY_DOUBLE) {
    throw std::runtime_error("INCREX BYFLOAT answers no double");
  }
  Expect(Integer(1), connection.Call({"DEL", "half"}), "DEL");
  Expect({REDIS_REPLY_NIL, 0, {}, {}}, connection.Call({"GET", "half"}), "GET");
}
#endif

}  // namespace
}  // namespace tally::clients

int main(int count, char** arguments) {
  using tally::clients::BlockingConnection;
#ifdef REDIS_REPLY_MAP
  if (count == 3) tally::clients::SpeakResp3(static_cast<uint16_t>(std::stoi(arguments[1])));
#endif
  return tally::clients::RunScenario(
      count, arguments, [](uint16_t port) { return std::make_unique<BlockingConnection>(port); });
}
