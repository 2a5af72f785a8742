#include "protocol/request_peek.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace tally::protocol {
namespace {

TEST(PeekKey, GoesFromRequestToRequest) {
  std::string_view unread =
      "*2\r\n$3\r\nGET\r\n$1\r\na\r\n*3\r\n$3\r\nSET\r\n$11\r\nkey:\r\n$1\r\nx\r\n$0\r\n\r\n*2\r\n$"
      "4\r\nINCR\r\n$1\r\nb";
  std::string_view key;
  ASSERT_TRUE(PeekKey(&unread, &key));
  EXPECT_EQ(key, "a");
  ASSERT_TRUE(PeekKey(&unread, &key));
  EXPECT_EQ(key, "key:\r\n$1\r\nx");
  EXPECT_FALSE(PeekKey(&unread, &key)) << "cut";
}

// Every beginning of it is cut, and none is read beyond its end.
TEST(PeekKey, WantsTheWholeRequest) {
  const std::string whole = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$12\r\nabcdefghijkl\r\n";
  std::string_view key;
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::string part = whole.substr(0, size);
    std::string_view unread = part;
    EXPECT_FALSE(PeekKey(&unread, &key)) << size;
  }
  std::string_view unread = whole;
  EXPECT_TRUE(PeekKey(&unread, &key));
  EXPECT_TRUE(unread.empty());
}

TEST(PeekKey, LeavesAloneWhatIsNotWrittenTheUsualWay) {
  for (const std::string_view odd :
       {"GET a\r\n", "*1\r\n$4\r\nPING\r\n", "*0\r\n", "*-1\r\n", "*2\r\n:3\r\n", "*x\r\n", "*\r\n",
        "*2\r\n$-1\r\n", "*2\r\n$\r\n", "*2\r\n$99999999999999999999\r\nGET\r\n$1\r\na\r\n",
        "*99999999999999999999\r\n$3\r\nGET\r\n", "\r\n", "$3\r\nGET\r\n"}) {
    std::string_view unread = odd;
    std::string_view key;
    EXPECT_FALSE(PeekKey(&unread, &key)) << odd;
  }
}

}  // namespace
}  // namespace tally::protocol
