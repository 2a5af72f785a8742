#include "server/http_access.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace tally::server {
namespace {

class HttpAccessTest : public ::testing::Test {
 protected:
  bool IsStranger(std::string_view asked = "") { return IsFromStranger(request, asked, config); }
  bool HostIsRefused(std::string_view host) {
    request.host = host;
    return IsStranger();
  }
  bool OriginIsRefused(std::string_view host, std::string_view origin) {
    request.host = host;
    request.origin = origin;
    return IsStranger();
  }

  std::string NameOf(std::optional<std::string_view> authorization) {
    const HttpLogin login = LogIn(authorization, config);
    return login.user == nullptr ? "" : login.user->name();
  }

  Config config;
  HttpRequest request;
};

TEST_F(HttpAccessTest, TheHostIsThisMachineOrListed) {
  for (const char* own : {"localhost", "LocalHost:8787", "127.0.0.1", "127.0.0.1:80", "127.9.9.9",
                          "[::1]", "[::1]:8787"}) {
    EXPECT_FALSE(HostIsRefused(own)) << own;
  }
  for (const char* foreign :
       {"", "example.org", "localhost.example.org", "127.0.0.1.example.org", "128.0.0.1", "0.0.0.0",
        "127.1", "[::2]", "[::1", "127.0.0.1 ", "localhost@example.org"}) {
    EXPECT_TRUE(HostIsRefused(foreign)) << foreign;
  }
  config.http_allow_host = "a.example, example.org";
  EXPECT_FALSE(HostIsRefused("Example.Org:443"));
  EXPECT_FALSE(HostIsRefused("a.example"));
  EXPECT_TRUE(HostIsRefused("xexample.org"));
  EXPECT_TRUE(HostIsRefused("example"));
}

TEST_F(HttpAccessTest, AnAbsoluteTargetsHostCountsToo) {
  request.host = "localhost";
  EXPECT_FALSE(IsStranger("localhost:1"));
  EXPECT_TRUE(IsStranger("example.org"));
}

TEST_F(HttpAccessTest, OnlyHttp10MayLeaveTheHostOut) {
  request.is_http_1_0 = true;
  EXPECT_FALSE(HostIsRefused(""));
  EXPECT_TRUE(HostIsRefused("example.org"));
}

TEST_F(HttpAccessTest, TheOriginIsTheHostThatIsAsked) {
  EXPECT_FALSE(OriginIsRefused("localhost:8787", "http://localhost:8787"));
  EXPECT_FALSE(OriginIsRefused("localhost", "http://LOCALHOST:80"));
  EXPECT_FALSE(OriginIsRefused("127.0.0.1:443", "https://127.0.0.1"));
  for (const char* foreign :
       {"http://localhost:3000", "http://127.0.0.1:8787", "https://evil.example", "null", "",
        "file://localhost:8787", "localhost:8787"}) {
    EXPECT_TRUE(OriginIsRefused("localhost:8787", foreign)) << foreign;
  }
}

TEST_F(HttpAccessTest, OnlyThePageItselfAndTheUserMayAsk) {
  request.host = "localhost";
  for (const char* own : {"same-origin", "none"}) {
    request.sec_fetch_site = own;
    EXPECT_FALSE(IsStranger()) << own;
  }
  for (const char* foreign : {"cross-site", "same-site", "whatever", ""}) {
    request.sec_fetch_site = foreign;
    EXPECT_TRUE(IsStranger()) << foreign;
  }
}

TEST_F(HttpAccessTest, WithoutAPasswordEverybodyIsTheDefaultUser) {
  EXPECT_EQ(NameOf(std::nullopt), "default");
  EXPECT_EQ(NameOf("Basic nonsense"), "default");
}

TEST_F(HttpAccessTest, ThePasswordComesAsBasicOrBearer) {
  config.set_requirepass("s:cret");
  EXPECT_EQ(NameOf("Basic ZGVmYXVsdDpzOmNyZXQ="), "default");  // default:s:cret
  EXPECT_EQ(NameOf("basic  OnM6Y3JldA=="), "default");         // :s:cret
  EXPECT_EQ(NameOf("Bearer s:cret"), "default");
  for (const char* bad :
       {"", "Basic", "Basic ZGVmYXVsdDp4", "Basic YWRtaW46czpjcmV0", "Basic !!!!", "Basic czpjcmV0",
        "Bearer", "Bearer x", "Bearer default:s:cret", "Digest s:cret", "s:cret"}) {
    EXPECT_EQ(NameOf(bad), "") << bad;
  }
  EXPECT_EQ(NameOf(std::nullopt), "");
}

TEST_F(HttpAccessTest, EachUserComesInWithItsOwnPassword) {
  const std::vector<std::string> rules{"on", ">pw"};
  ASSERT_EQ(config.users().Set("bob", rules).problem, AclProblem::kNone);
  for (const bool default_is_open : {true, false}) {
    config.set_requirepass(default_is_open ? "" : "s:cret");
    EXPECT_EQ(NameOf("Basic Ym9iOnB3"), "bob");     // bob:pw
    EXPECT_EQ(NameOf("Basic Ym9iOnB4"), "");        // bob:px
    EXPECT_EQ(NameOf("Basic YWRtaW46cHc="), "");    // admin:pw
    EXPECT_EQ(NameOf("Bearer s:cret"), "default");  // any, while there is none
    EXPECT_EQ(NameOf(std::nullopt), default_is_open ? "default" : "");
  }
  const std::vector<std::string> off{"off"};
  ASSERT_EQ(config.users().Set("bob", off).problem, AclProblem::kNone);
  EXPECT_EQ(NameOf("Basic Ym9iOnB3"), "");
  EXPECT_EQ(LogIn("Basic Ym9iOnB3", config).name, "bob");
}

TEST_F(HttpAccessTest, AListOfHostsIsChecked) {
  EXPECT_EQ(CheckAllowedHosts(""), "");
  EXPECT_EQ(CheckAllowedHosts("a.example b.example,[::2]"), "");
  for (const char* bad : {"a.example:80", "http://a.example", "*"}) {
    EXPECT_NE(CheckAllowedHosts(bad), "") << bad;
  }
}

}  // namespace
}  // namespace tally::server
