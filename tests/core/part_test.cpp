#include "core/part.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir {
namespace {

TEST(Part, SharesCoverEverythingOnce) {
  for (const int64_t count : {1, 2, 3, 7}) {
    for (const int64_t n : {0, 1, 2, 6, 7, 100}) {
      int64_t at = 0;
      int64_t num_dealt = 0;
      for (int64_t number = 1; number <= count; ++number) {
        const Part part{number, count};
        EXPECT_EQ(part.begin(n), at);
        at = part.end(n);
        EXPECT_LE(part.end(n) - part.begin(n), (n + count - 1) / count);
        for (int64_t place = 0; place < n; ++place) {
          num_dealt += part.is_dealt(place) ? 1 : 0;
        }
      }
      EXPECT_EQ(at, n);
      EXPECT_EQ(num_dealt, n);
    }
  }
}

TEST(Part, IsReadFromItsTwoNumbers) {
  EXPECT_EQ(parse_part("2/4"), (Part{2, 4}));
  EXPECT_TRUE(parse_part("1/1").is_whole());
  EXPECT_EQ((Part{3, 5}).text(), "3/5");
  for (const char* text :
       {"5/4",
        "0/4",
        "a/b",
        "",
        "2",
        "2/",
        "/2",
        "1/0",
        "-1/2",
        "1/2/3",
        "1 /2",
        "1/100000",
        "9999999999999999999/2"}) {
    try {
      (void)parse_part(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      EXPECT_NE(std::string(error.what()).find(text), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace nadir
