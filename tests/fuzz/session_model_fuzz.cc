// A client writes and reads a few keys by pipelines, transactions and commands that span shards; meanwhile
// cores take turns, commits are made, objects are checkpointed, evicted and loaded, time passes, and the power
// goes. Every reply is the model's; and whatever a reply told is there after a power cut.

#include <fuzzer/FuzzedDataProvider.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/keyspace_model.h"
#include "tests/fuzz/reply_stream.h"
#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

class Run {
 public:
  explicit Run(FuzzedDataProvider* in)
      : in_(in),
        shards_(in->ConsumeIntegralInRange<uint32_t>(1, 3)),
        harness_(std::make_unique<SessionHarness>(shards_, std::make_unique<JournalDatabase>(), 1)),
        client_(&harness_->Connect()),
        states_{model_.state()} {}

  void Play() {
    for (int step = 0; step < kMostSteps && in_->remaining_bytes() > 0; ++step) Step();
    harness_->Run();
    Hear();
    fuzz::RequireEqual(heard_, wanted_, "every request has its reply");
  }

 private:
  // An input is to take some milliseconds: a checkpoint looks at every slot.
  static constexpr int kMostSteps = 300;
  static constexpr int kMostCheckpoints = 4;

  void Step() {
    switch (in_->ConsumeIntegralInRange<int>(0, 11)) {
      case 0:
        harness_->Commit();
        break;
      case 1:
        harness_->Load();
        break;
      case 2:
        if (++checkpoints_ <= kMostCheckpoints) harness_->Checkpoint();
        break;
      case 3:
        harness_->EvictAll();
        break;
      case 4:
        CutPower();
        break;
      case 5:
        PassTime(in_->ConsumeIntegralInRange<int64_t>(1, 300));
        break;
      case 6:
      case 7:
        harness_->Turn(in_->ConsumeIntegralInRange<uint32_t>(0, shards_ - 1));
        break;
      default:
        Ask();
    }
    Hear();
  }

  void Ask() {
    const fuzz::Request request = fuzz::MakeRequest(in_);
    std::string bytes;
    for (const std::vector<std::string>& command : request) {
      bytes += "*" + std::to_string(command.size()) + "\r\n";
      for (const std::string& arg : command) bytes += Bulk(arg);
      wanted_ += model_.Answer(command);
      states_.push_back(model_.state());
    }
    client_->Send(bytes);
  }

  void Hear() {
    heard_ += client_->Take();
    fuzz::Require(wanted_.starts_with(heard_), "replies are the model's",
                  "heard: " + heard_ + "\nwanted: " + wanted_);
  }

  // Requests that are under way may be late, and find another time than they were sent at.
  void PassTime(int64_t ms) {
    harness_->Run();
    model_.PassTime(ms);
    WallClock::SetForTest(model_.now_ms());
  }

  void CutPower() {
    Hear();
    const size_t told = fuzz::CountReplies(heard_).replies;
    harness_ = harness_->AfterPowerCut();
    WallClock::SetForTest(model_.now_ms());
    client_ = &harness_->Connect();
    const fuzz::State found = fuzz::ReadState([this](const std::vector<std::string>& command) {
      std::string bytes = "*" + std::to_string(command.size()) + "\r\n";
      for (const std::string& arg : command) bytes += Bulk(arg);
      return harness_->Ask(*client_, bytes);
    });
    // Each key as some moment since the last reply had it; with one shard, all of them as one moment.
    for (size_t key = 0; key < found.size(); ++key) {
      bool is_known = false;
      for (size_t i = told; i < states_.size(); ++i)
        is_known |= IsSame(states_[i][key], found[key]);
      fuzz::Require(is_known, "a key is as it was told, or later", fuzz::TextOf(found));
    }
    if (shards_ == 1) {
      bool is_known = false;
      for (size_t i = told; i < states_.size(); ++i) {
        bool is_same = true;
        for (size_t key = 0; key < found.size(); ++key)
          is_same &= IsSame(states_[i][key], found[key]);
        is_known |= is_same;
      }
      fuzz::Require(is_known, "what is there was there at one moment", fuzz::TextOf(found));
    }
    model_.Become(found);
    states_ = {model_.state()};
    heard_.clear();
    wanted_.clear();
  }

  [[nodiscard]] bool IsSame(const fuzz::Value& then, const fuzz::Value& found) const {
    return model_.AsOfNow(then) == found;
  }

  FuzzedDataProvider* const in_;
  const uint32_t shards_;
  std::unique_ptr<SessionHarness> harness_;
  TestClient* client_;
  fuzz::KeyspaceModel model_;
  std::vector<fuzz::State> states_;  // after 0, 1, 2 … requests since the last power cut
  int checkpoints_ = 0;
  std::string wanted_;
  std::string heard_;
};

}  // namespace
}  // namespace tally::server

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  GTEST_FLAG_SET(throw_on_failure, true);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider in(data, size);
  tally::server::Run(&in).Play();
  return 0;
}
