#include "store/location.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "store/checksum.h"

namespace nadir::store {
namespace {

TEST(Location, IsTakenApartAndJoinedAgain) {
  const auto location = parse_location("s3://my-bucket/a/b.tif");
  EXPECT_EQ(location.bucket, "my-bucket");
  EXPECT_EQ(location.key, "a/b.tif");
  EXPECT_EQ(location.text(), "s3://my-bucket/a/b.tif");
  EXPECT_EQ(location.name(), "b.tif");
  EXPECT_EQ(parse_location("s3://my-bucket").key, "");
  EXPECT_EQ(parse_location("s3://my-bucket/").key, "");
}

TEST(Location, FoldersEndInOneSlash) {
  const auto folder = parse_location("s3://my-bucket/runs/a");
  EXPECT_EQ(folder.as_folder().key, "runs/a/");
  EXPECT_EQ(folder.as_folder().as_folder().key, "runs/a/");
  EXPECT_EQ(folder.below("x.json").key, "runs/a/x.json");
  EXPECT_EQ(folder.as_folder().below("x.json").key, "runs/a/x.json");
  EXPECT_EQ(folder.as_folder().name(), "a");
  EXPECT_EQ(parse_location("s3://my-bucket").as_folder().key, "");
  EXPECT_EQ(parse_location("s3://my-bucket").below("x").key, "x");
}

TEST(Location, RefusesWhatNoBucketIsCalled) {
  for (const char* path :
       {"s3://",
        "s3:///key",
        "s3://ab/key",
        "s3://My-Bucket/key",
        "s3://under_score/key",
        "s3://-dash/key",
        "s3://bucket//key",
        "s3://bucket/a//b"}) {
    EXPECT_THROW((void)parse_location(path), Error) << path;
  }
  EXPECT_FALSE(is_remote("/s3://x"));
  EXPECT_TRUE(is_remote("s3://x"));
}

TEST(Checksum, IsThatOfTheStandardAndJoins) {
  EXPECT_EQ(crc32("123456789"), 0xCBF43926U);  // the check value of CRC-32
  EXPECT_EQ(crc32_text(0xCBF43926U), "y/Q5Jg==");
  const std::string text = "the quick brown fox jumps over the lazy dog";
  for (size_t i = 0; i <= text.size(); ++i) {
    const std::string tail = text.substr(i);
    EXPECT_EQ(
        join_crc32(
            crc32(text.substr(0, i)),
            crc32(tail),
            static_cast<int64_t>(tail.size())),
        crc32(text));
    EXPECT_EQ(crc32(tail, crc32(text.substr(0, i))), crc32(text));
  }
}

}  // namespace
}  // namespace nadir::store
