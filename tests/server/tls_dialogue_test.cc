#include "server/tls_dialogue.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "tests/server/tls_peer.h"
#include "tests/storage/test_directory.h"

namespace tally::server {
namespace {

using test::MakeTlsFiles;
using test::TlsFiles;
using test::TlsPeer;
using ::testing::HasSubstr;

TlsSettings SettingsOf(const TlsFiles& files) {
  TlsSettings settings;
  settings.cert_file = files.cert_file;
  settings.key_file = files.key_file;
  settings.auth_clients = TlsClientAuth::kNo;
  return settings;
}

// Answers each line with itself, as long as it accepts input.
class EchoDialogue final : public ClientDialogue {
 public:
  void OnInput(protocol::ReadBuffer* in) override {
    for (size_t end = 0; accepts && (end = in->unread().find('\n')) != std::string_view::npos;) {
      output += in->unread().substr(0, end + 1);
      in->Consume(end + 1);
      if (stalls_after_each) accepts = false;
    }
  }
  [[nodiscard]] bool AcceptsInput() const override { return accepts; }
  void PassOn() override { ++passed_on; }
  void TakeOutput(std::string* out) override {
    *out += output;
    output.clear();
  }
  void OnWritten(size_t bytes) override { written += bytes; }
  [[nodiscard]] bool has_output() const override { return !output.empty(); }
  [[nodiscard]] bool finished() const override { return ended && output.empty(); }
  [[nodiscard]] bool idle() const override { return !busy && output.empty(); }
  [[nodiscard]] bool IsTooSlow() override { return slow; }

  std::string output;
  size_t written = 0;
  int passed_on = 0;
  bool accepts = true;
  bool stalls_after_each = false;
  bool ended = false;
  bool busy = false;
  bool slow = false;
};

class CountingHost final : public SessionHost {
 public:
  void OnOutput() override { ++outputs; }
  void OnReadyForInput() override {}
  int outputs = 0;
};

int64_t fake_now_ms = 0;

class TlsDialogueTest : public ::testing::Test {
 protected:
  TlsDialogueTest() : settings_(SettingsOf(files_)) {}

  void Begin(std::optional<TlsFiles> client = std::nullopt, int version = 0) {
    fake_now_ms = 1000;
    std::shared_ptr<const TlsContext> context;
    const storage::Status status = TlsContext::Read(settings_, &context);
    ASSERT_TRUE(status.ok()) << status.message();
    dialogue_ = std::make_unique<TlsDialogue>(context, &inner_, &host_, [] { return fake_now_ms; });
    peer_ = std::make_unique<TlsPeer>(std::move(client), version);
  }

  // Bytes go both ways, the client's in parts of this size, until neither has more to say.
  void Exchange(size_t part = 100'000) {
    for (bool moved = true; moved;) {
      const std::string bytes = peer_->TakeBytes();
      for (size_t i = 0; i < bytes.size(); i += part) Give(bytes.substr(i, part));
      std::string out;
      dialogue_->TakeOutput(&out);
      dialogue_->OnWritten(out.size());
      peer_->Receive(out);
      moved = !bytes.empty() || !out.empty();
    }
  }
  void Give(std::string_view bytes) {
    if (!bytes.empty()) {
      std::ranges::copy(bytes, raw_.Prepare(bytes.size()).data());
      raw_.Commit(bytes.size());
    }
    if (dialogue_->AcceptsInput()) dialogue_->OnInput(&raw_);
  }
  std::string Echoed(const std::string& text, size_t part = 100'000) {
    peer_->Say(text);
    Exchange(part);
    return peer_->TakeHeard();
  }

  storage::TestDirectory directory_;
  const TlsFiles files_ = MakeTlsFiles(directory_.path(), "server");
  TlsSettings settings_;
  EchoDialogue inner_;
  CountingHost host_;
  protocol::ReadBuffer raw_;
  std::unique_ptr<TlsDialogue> dialogue_;
  std::unique_ptr<TlsPeer> peer_;
};

TEST_F(TlsDialogueTest, WhatIsSaidIsHeard) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Begin(std::nullopt, version);
    EXPECT_EQ(Echoed("hello\n"), "hello\n");
    EXPECT_EQ(Echoed("a\nb\n"), "a\nb\n");
    const std::string large(1'000'000, 'x');
    EXPECT_TRUE(Echoed(large + "\n") == large + "\n");
  }
}

TEST_F(TlsDialogueTest, BytesMayComeOneByOne) {
  Begin();
  EXPECT_EQ(Echoed("hello\n", 1), "hello\n");
}

TEST_F(TlsDialogueTest, NothingPassesInTheClear) {
  Begin();
  peer_->Say("a secret that is looked for\n");
  std::string all;
  for (int i = 0; i < 10; ++i) {
    const std::string bytes = peer_->TakeBytes();
    all += bytes;
    Give(bytes);
    std::string out;
    dialogue_->TakeOutput(&out);
    all += out;
    peer_->Receive(out);
  }
  EXPECT_EQ(peer_->TakeHeard(), "a secret that is looked for\n");
  EXPECT_EQ(all.find("secret"), std::string::npos);
}

TEST_F(TlsDialogueTest, TheHostHearsOfWhatTheHandshakeHasToSay) {
  Begin();
  Give(peer_->TakeBytes());
  EXPECT_TRUE(dialogue_->has_output());
  EXPECT_GT(host_.outputs, 0);
}

TEST_F(TlsDialogueTest, AStalledDialogueIsGivenNothingMore) {
  Begin();
  ASSERT_EQ(Echoed("a\n"), "a\n");
  inner_.stalls_after_each = true;
  peer_->Say("b\nc\n");
  Exchange();
  EXPECT_EQ(peer_->TakeHeard(), "b\n");
  EXPECT_EQ(dialogue_->held_input_bytes(), 2u);
  EXPECT_FALSE(dialogue_->AcceptsInput());
  peer_->Say("d\n");
  Exchange();
  EXPECT_EQ(peer_->TakeHeard(), "");
  EXPECT_FALSE(raw_.unread().empty()) << "what it does not accept stays encrypted";

  inner_.accepts = true;
  dialogue_->PassOn();  // what was decrypted
  EXPECT_EQ(inner_.passed_on, 1);
  EXPECT_EQ(inner_.output, "c\n");
  inner_.accepts = true;
  Give("");
  Exchange();
  EXPECT_EQ(peer_->TakeHeard(), "c\nd\n");
}

TEST_F(TlsDialogueTest, WrittenCountsWhatWasSaidAndOnlyOnceAllOfItIsWritten) {
  Begin();
  Exchange();
  const size_t before = inner_.written;
  inner_.output = "hello\n";
  std::string out;
  dialogue_->TakeOutput(&out);
  ASSERT_GT(out.size(), 6u);
  inner_.output = "two\n";
  std::string more;
  dialogue_->TakeOutput(&more);
  dialogue_->OnWritten(out.size() - 1);
  EXPECT_EQ(inner_.written, before);
  dialogue_->OnWritten(1);
  EXPECT_EQ(inner_.written, before + 6);
  dialogue_->OnWritten(more.size());
  EXPECT_EQ(inner_.written, before + 10);
}

TEST_F(TlsDialogueTest, GoodbyeOfTheClientEndsItsInput) {
  Begin();
  ASSERT_EQ(Echoed("a\n"), "a\n");
  EXPECT_FALSE(dialogue_->input_ended());
  peer_->Say("b\n");
  peer_->SayGoodbye();
  Exchange();
  EXPECT_TRUE(dialogue_->input_ended());
  EXPECT_FALSE(dialogue_->AcceptsInput());
  EXPECT_EQ(peer_->TakeHeard(), "b\n");
  EXPECT_TRUE(peer_->was_told_goodbye());
  EXPECT_TRUE(dialogue_->finished());
}

TEST_F(TlsDialogueTest, GoodbyeOfTheClientIsAnsweredWhenAllIsAnswered) {
  Begin();
  ASSERT_EQ(Echoed("a\n"), "a\n");
  inner_.busy = true;
  peer_->SayGoodbye();
  Exchange();
  EXPECT_FALSE(peer_->was_told_goodbye());
  EXPECT_FALSE(dialogue_->idle());
  inner_.busy = false;
  inner_.output = "late\n";
  Exchange();
  EXPECT_EQ(peer_->TakeHeard(), "late\n");
  EXPECT_TRUE(peer_->was_told_goodbye());
}

TEST_F(TlsDialogueTest, GoodbyeStandsBehindTheLastReply) {
  Begin();
  ASSERT_EQ(Echoed("a\n"), "a\n");
  inner_.output = "last\n";
  inner_.ended = true;
  EXPECT_FALSE(dialogue_->finished());
  Exchange();
  EXPECT_EQ(peer_->TakeHeard(), "last\n");
  EXPECT_TRUE(peer_->was_told_goodbye());
  EXPECT_TRUE(dialogue_->finished());
}

TEST_F(TlsDialogueTest, OneThatIsEndedBeforeTheHandshakeIsFinished) {
  Begin();
  inner_.ended = true;
  EXPECT_TRUE(dialogue_->finished());
}

TEST_F(TlsDialogueTest, WhoSpeaksNoTlsIsSentAway) {
  for (const char* said : {"PING\r\n", "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\xff\xff garbage"}) {
    Begin();
    Give(std::string(said) + std::string(100, '\0'));
    std::string out;
    dialogue_->TakeOutput(&out);
    EXPECT_TRUE(dialogue_->finished()) << said;
    EXPECT_EQ(inner_.output, "");
    EXPECT_TRUE(raw_.unread().empty()) << "what it still sends is thrown away";
  }
}

TEST_F(TlsDialogueTest, ADamagedRecordEndsIt) {
  Begin();
  ASSERT_EQ(Echoed("a\n"), "a\n");
  peer_->Say("b\n");
  std::string bytes = peer_->TakeBytes();
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  Give(bytes);
  EXPECT_EQ(inner_.output, "");
  std::string out;
  dialogue_->TakeOutput(&out);
  EXPECT_TRUE(dialogue_->finished());
}

TEST_F(TlsDialogueTest, TheHandshakeHasALimit) {
  Begin();
  fake_now_ms += TlsDialogue::kHandshakeLimitMs - 1;
  EXPECT_FALSE(dialogue_->IsTooSlow());
  fake_now_ms += 1;
  EXPECT_TRUE(dialogue_->IsTooSlow());
  Begin();
  ASSERT_EQ(Echoed("a\n"), "a\n");
  fake_now_ms += TlsDialogue::kHandshakeLimitMs;
  EXPECT_FALSE(dialogue_->IsTooSlow()) << "it is done";
  inner_.slow = true;
  EXPECT_TRUE(dialogue_->IsTooSlow());
}

TEST_F(TlsDialogueTest, ClientsShowACertificateIfTheyMust) {
  const TlsFiles known = MakeTlsFiles(directory_.path(), "client");
  const TlsFiles stranger = MakeTlsFiles(directory_.path(), "stranger");
  settings_.ca_cert_file = known.cert_file;
  struct Case {
    TlsClientAuth auth;
    std::optional<TlsFiles> client;
    bool is_let_in;
  };
  for (const Case& one : std::vector<Case>{{TlsClientAuth::kYes, known, true},
                                           {TlsClientAuth::kYes, stranger, false},
                                           {TlsClientAuth::kYes, std::nullopt, false},
                                           {TlsClientAuth::kOptional, known, true},
                                           {TlsClientAuth::kOptional, stranger, false},
                                           {TlsClientAuth::kOptional, std::nullopt, true},
                                           {TlsClientAuth::kNo, std::nullopt, true}}) {
    settings_.auth_clients = one.auth;
    Begin(one.client);
    EXPECT_EQ(Echoed("a\n"), one.is_let_in ? "a\n" : "") << Name(one.auth);
    EXPECT_EQ(dialogue_->finished(), !one.is_let_in);
  }
}

TEST_F(TlsDialogueTest, ProtocolsCanBeChosen) {
  settings_.protocols = "TLSv1.3";
  Begin(std::nullopt, TLS1_2_VERSION);
  EXPECT_EQ(Echoed("a\n"), "");
  EXPECT_TRUE(peer_->failed());
  settings_.protocols = "tlsv1.2";
  Begin(std::nullopt, TLS1_3_VERSION);
  EXPECT_EQ(Echoed("a\n"), "");
  Begin(std::nullopt, TLS1_2_VERSION);
  EXPECT_EQ(Echoed("a\n"), "a\n");
  settings_.protocols = "";
  Begin(std::nullopt, TLS1_1_VERSION);
  EXPECT_EQ(Echoed("a\n"), "") << "older ones are spoken with nobody";
}

// --- TlsContext ---

class TlsContextTest : public ::testing::Test {
 protected:
  std::string Problem() const {
    std::shared_ptr<const TlsContext> context;
    const storage::Status status = TlsContext::Read(settings_, &context);
    EXPECT_EQ(status.ok(), context != nullptr);
    return status.message();
  }

  storage::TestDirectory directory_;
  const TlsFiles files_ = MakeTlsFiles(directory_.path(), "server");
  TlsSettings settings_ = SettingsOf(files_);
};

TEST_F(TlsContextTest, WhatIsMissingIsNamed) {
  EXPECT_EQ(Problem(), "");
  settings_.auth_clients = TlsClientAuth::kYes;
  EXPECT_THAT(Problem(), HasSubstr("--tls-ca-cert-file"));
  settings_.ca_cert_file = directory_.path() + "/none";
  EXPECT_THAT(Problem(), HasSubstr("cannot use --tls-ca-cert-file '" + settings_.ca_cert_file));
  settings_.auth_clients = TlsClientAuth::kNo;
  settings_.cert_file = directory_.path() + "/none";
  EXPECT_THAT(Problem(), HasSubstr("cannot use --tls-cert-file '" + settings_.cert_file));
  settings_.cert_file = "";
  EXPECT_THAT(Problem(), HasSubstr("TLS needs --tls-cert-file"));
}

TEST_F(TlsContextTest, AKeyThatDoesNotFitIsRefused) {
  settings_.key_file = MakeTlsFiles(directory_.path(), "other").key_file;
  EXPECT_THAT(Problem(), HasSubstr("--tls-key-file"));
  std::ofstream(settings_.key_file) << "no PEM at all";
  EXPECT_THAT(Problem(), HasSubstr("--tls-key-file"));
}

TEST_F(TlsContextTest, AnEncryptedKeyNeedsItsPassword) {
  const TlsFiles files = MakeTlsFiles(directory_.path(), "locked", "sesame");
  settings_.cert_file = files.cert_file;
  settings_.key_file = files.key_file;
  settings_.key_file_pass = "sesame";
  EXPECT_EQ(Problem(), "");
  for (const std::string& wrong : {std::string(), std::string("wrong"), std::string(5000, 'x')}) {
    settings_.key_file_pass = wrong;
    const std::string problem = Problem();
    EXPECT_THAT(problem, HasSubstr("--tls-key-file"));
    EXPECT_EQ(problem.find("wrong"), std::string::npos);
  }
}

TEST_F(TlsContextTest, CiphersAreChecked) {
  settings_.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
  settings_.ciphersuites = "TLS_AES_256_GCM_SHA384";
  EXPECT_EQ(Problem(), "");
  settings_.ciphersuites = "nonsense";
  EXPECT_THAT(Problem(), HasSubstr("--tls-ciphersuites 'nonsense'"));
  settings_.ciphers = "nonsense";
  EXPECT_THAT(Problem(), HasSubstr("--tls-ciphers 'nonsense'"));
}

TEST_F(TlsContextTest, ProtocolsAreChecked) {
  for (const char* good : {"", "TLSv1.2", "tlsv1.3 TLSv1.2", " TLSv1.3 "}) {
    EXPECT_EQ(CheckTlsProtocols(good), "") << good;
  }
  for (const char* bad : {"TLSv1.1", "SSLv3", "TLSv1.2,TLSv1.3"}) {
    EXPECT_NE(CheckTlsProtocols(bad), "") << bad;
  }
}

TEST_F(TlsContextTest, FailuresAreToldNowAndThen) {
  std::shared_ptr<const TlsContext> context;
  ASSERT_TRUE(TlsContext::Read(settings_, &context).ok());
  EXPECT_TRUE(context->MayTellFailure(5000));
  EXPECT_FALSE(context->MayTellFailure(14'999));
  EXPECT_TRUE(context->MayTellFailure(15'000));
}

}  // namespace
}  // namespace tally::server
