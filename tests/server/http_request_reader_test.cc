#include "server/http_request_reader.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "server/http_limits.h"

namespace tally::server {
namespace {

using Result = HttpRequestReader::Result;

// What a reader makes of the bytes, given `step` at a time: a word for each request, and how it ends.
std::string Read(std::string_view bytes, size_t step = std::string_view::npos) {
  HttpRequestReader reader;
  std::string told;
  std::string unread;
  while (true) {
    size_t consumed = 0;
    const Result result = reader.Read(unread, &consumed);
    unread.erase(0, consumed);
    if (result == Result::kRequest) {
      told.append(reader.request().is_head ? "HEAD " : "").append(reader.request().target);
      told.append(reader.request().keep_alive ? " " : "! ");
    } else if (result == Result::kContinue) {
      told += "100 ";
    } else if (result == Result::kError) {
      return told + std::to_string(reader.error_status());
    } else if (bytes.empty()) {
      return told + (unread.empty() ? "-" : "...");
    } else {
      unread += bytes.substr(0, step);
      bytes.remove_prefix(std::min(step, bytes.size()));
    }
  }
}

std::string Get(std::string_view target, std::string_view fields = "", std::string_view body = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n" +
         std::string(body);
}

TEST(HttpRequestReaderTest, APipelineIsReadHoweverItArrives) {
  const std::string pipeline = Get("/a") + Get("/b", "Content-Length: 3\r\n", "xyz") + "\r\n" +
                               Get("/c", "Transfer-Encoding: chunked\r\n",
                                   "2\r\nab\r\n1;x=y\r\nc\r\n0\r\nTrailer: t\r\n\r\n") +
                               "HEAD /d HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  for (const size_t step : {size_t{1}, size_t{2}, size_t{7}, size_t{50}, std::string::npos}) {
    EXPECT_EQ(Read(pipeline, step), "/a /b /c HEAD /d! -") << step;
  }
}

TEST(HttpRequestReaderTest, Http10ClosesUnlessAskedNotTo) {
  EXPECT_EQ(Read("GET /a HTTP/1.0\r\n\r\n"), "/a! -");
  EXPECT_EQ(Read("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), "/a -");
}

TEST(HttpRequestReaderTest, EveryMethodIsRead) {
  for (const std::string method : {"GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "FROB"}) {
    EXPECT_EQ(Read(method + " /a HTTP/1.1\r\nHost: h\r\n\r\n"), "/a -") << method;
  }
}

TEST(HttpRequestReaderTest, TwoReadersCannotDisagreeAboutTheEnd) {
  EXPECT_EQ(Read("GET /a HTTP/1.1\r\n\r\n"), "400");
  EXPECT_EQ(Read(Get("/a", "Host: g\r\n")), "400");
  EXPECT_EQ(Read(Get("/a", "Content-Length: 1\r\nContent-Length: 2\r\n", "xx")), "400");
  EXPECT_EQ(Read(Get("/a", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")),
            "400");
  EXPECT_EQ(Read(Get("/a", "Content-Length: -1\r\n")), "400");
  EXPECT_EQ(Read(Get("/a", "Transfer-Encoding: gzip\r\n")), "501");
  EXPECT_EQ(Read(Get("/a", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")), "501");
  EXPECT_EQ(Read("GET /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "400");
  EXPECT_EQ(Read("GET /a HTTP/2.0\r\nHost: h\r\n\r\n"), "505");
  EXPECT_EQ(Read("GET /a\r\n\r\n"), "400");
  EXPECT_EQ(Read(Get("/a", "Transfer-Encoding: chunked\r\n", "x\r\n")), "400");
  EXPECT_EQ(Read("*1\r\n$4\r\nPING\r\n\r\n\r\n"), "400");
}

TEST(HttpRequestReaderTest, TheRequestLineHasALimit) {
  const size_t around = std::string("GET  HTTP/1.1\r").size();
  const std::string most(HttpLimits::kMaxRequestLineBytes - around - 1, 'a');
  EXPECT_EQ(Read(Get("/" + most)).size(), most.size() + 3);
  EXPECT_EQ(Read(Get("/" + most + "aa")), "414");
  EXPECT_EQ(Read(Get("/" + most + "aa"), 100), "414");
}

TEST(HttpRequestReaderTest, TheHeaderHasALimit) {
  EXPECT_EQ(Read(Get("/a", "X: " + std::string(HttpLimits::kMaxHeaderBytes - 100, 'x') + "\r\n")),
            "/a -");
  const std::string more = "X: " + std::string(HttpLimits::kMaxHeaderBytes, 'x') + "\r\n";
  EXPECT_EQ(Read(Get("/a", more)), "431");
  EXPECT_EQ(Read(Get("/a", more), 1000), "431");
  // And so do many lines, none of which is long.
  std::string lines;
  while (lines.size() < HttpLimits::kMaxHeaderBytes) lines += "X: y\r\n";
  for (const size_t step : {size_t{6}, size_t{1000}, std::string::npos}) {
    EXPECT_EQ(Read(Get("/a", lines), step), "431") << step;
  }
}

TEST(HttpRequestReaderTest, TheBodyHasALimit) {
  const std::string most(HttpLimits::kMaxBodyBytes, 'x');
  EXPECT_EQ(Read(Get("/a", "Content-Length: 65536\r\n", most), 1000), "/a -");
  EXPECT_EQ(Read(Get("/a", "Content-Length: 65537\r\n")), "413");
  EXPECT_EQ(
      Read(Get("/a", "Transfer-Encoding: chunked\r\n", "10000\r\n" + most + "\r\n0\r\n\r\n"), 1000),
      "/a -");
  EXPECT_EQ(Read(Get("/a", "Transfer-Encoding: chunked\r\n", "10000\r\n" + most + "\r\n1\r\nx\r\n"),
                 1000),
            "413");
}

TEST(HttpRequestReaderTest, AClientThatAsksFirstIsToldToGoOn) {
  EXPECT_EQ(Read(Get("/a", "Expect: 100-continue\r\nContent-Length: 2\r\n")), "100 -");
  EXPECT_EQ(Read(Get("/a", "Expect: 100-continue\r\nContent-Length: 2\r\n", "xx"), 10), "100 /a -");
  EXPECT_EQ(Read(Get("/a", "Expect: 100-continue\r\n")), "/a -");
  EXPECT_EQ(Read(Get("/a", "Expect: 100-continue\r\nContent-Length: 65537\r\n")), "413");
}

}  // namespace
}  // namespace tally::server
