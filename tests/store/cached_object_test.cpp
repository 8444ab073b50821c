#include "store/cached_object.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "store/fake_s3.h"

namespace nadir::store {
namespace {

const Location kShard{"my-bucket", "d/data.mdb"};
constexpr int64_t kPageBytes = 4096;

std::string page_bytes(size_t num_pages) {
  std::string bytes;
  for (size_t i = 0; i < num_pages * kPageBytes / 4; ++i) {
    const auto value = static_cast<uint32_t>(i * 2654435761U);
    bytes.append(reinterpret_cast<const char*>(&value), 4);
  }
  return bytes;
}

class CachedObjectTest : public testing::Test {
 protected:
  void SetUp() override { fake_.put(kShard.key, bytes_); }

  CachedObject open(int64_t room = 1 << 30) {
    const auto s3 = fake_.s3();
    return {
        s3,
        kShard,
        *s3->find(kShard),
        folder_.path() / "data.mdb",
        std::make_shared<CacheRoom>(room)};
  }

  std::string read(CachedObject& object, int64_t begin, int64_t size) {
    std::string out(static_cast<size_t>(size), '\0');
    EXPECT_EQ(object.read(begin, size, out.data()), size);
    return out;
  }

  const std::string bytes_ = page_bytes(20) + "a tail";
  FakeS3 fake_;
  TemporaryFolder folder_;
};

TEST_F(CachedObjectTest, AnyRangeIsTheObjectsOwn) {
  auto object = open();
  uint32_t random = 1;
  for (int i = 0; i < 200; ++i) {
    random = random * 1664525 + 1013904223;
    const auto begin = static_cast<int64_t>(random % bytes_.size());
    const int64_t size =
        1 + random / 7 % (static_cast<int64_t>(bytes_.size()) - begin);
    EXPECT_EQ(
        read(object, begin, size),
        bytes_.substr(static_cast<size_t>(begin), static_cast<size_t>(size)));
  }
  EXPECT_LE(object.num_fetched(), 4 * static_cast<int64_t>(bytes_.size()));
}

TEST_F(CachedObjectTest, WhatWasReadIsNotFetchedAgain) {
  {
    auto object = open();
    (void)read(object, 5000, 9000);
    const auto fetched = object.num_fetched();
    EXPECT_EQ(fetched, 3 * kPageBytes);  // whole pages
    (void)read(object, 5000, 9000);
    EXPECT_EQ(object.num_fetched(), fetched);
    EXPECT_TRUE(object.has(5000, 9000));
    EXPECT_FALSE(object.has(0, 1));
  }
  auto again = open();  // as another process would
  EXPECT_EQ(read(again, 5000, 9000), bytes_.substr(5000, 9000));
  EXPECT_EQ(again.num_fetched(), 0);
}

TEST_F(CachedObjectTest, TwoMayBeOpenAtATimeAndShare) {
  auto one = open();
  auto other = open();
  EXPECT_EQ(read(one, 0, 100), bytes_.substr(0, 100));
  EXPECT_EQ(read(other, 0, 100), bytes_.substr(0, 100));
  EXPECT_EQ(other.num_fetched(), 0);
}

TEST_F(CachedObjectTest, ANewVersionBeginsAnew) {
  {
    auto object = open();
    (void)read(object, 0, 100);
  }
  fake_.put(kShard.key, std::string(bytes_.size(), 'n'));
  auto object = open();
  EXPECT_EQ(read(object, 0, 100), std::string(100, 'n'));
}

TEST_F(CachedObjectTest, WhatDoesNotFitIsReadAllTheSame) {
  auto object = open(4 * kPageBytes);
  for (int round = 0; round < 2; ++round) {
    for (int64_t page = 0; page < 20; ++page) {
      EXPECT_EQ(
          read(object, page * kPageBytes, kPageBytes),
          bytes_.substr(static_cast<size_t>(page * kPageBytes), kPageBytes));
    }
  }
  // Four of twenty pages stayed here for the second round.
  EXPECT_EQ(object.num_fetched(), (20 + 16) * kPageBytes);
  EXPECT_TRUE(object.has(0, 4 * kPageBytes));
  EXPECT_FALSE(object.has(4 * kPageBytes, kPageBytes));
}

TEST_F(CachedObjectTest, ReadersMayBeManyAtATime) {
  auto object = open();
  std::vector<std::thread> threads;
  std::atomic<int> num_wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::string out(6000, '\0');
      for (int i = 0; i < 50; ++i) {
        const size_t begin = static_cast<size_t>((t * 977 + i * 1597) % 70000);
        object.read(static_cast<int64_t>(begin), 6000, out.data());
        num_wrong += out == bytes_.substr(begin, 6000) ? 0 : 1;
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(num_wrong, 0);
}

}  // namespace
}  // namespace nadir::store
