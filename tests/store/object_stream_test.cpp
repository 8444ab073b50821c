#include "store/object_stream.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "store/fake_s3.h"

namespace nadir::store {
namespace {

const Location kArchive{"my-bucket", "big.tar"};

std::string digits(size_t size) {
  std::string bytes;
  for (size_t i = 0; i < size; ++i) {
    bytes += static_cast<char>('0' + i % 10);
  }
  return bytes;
}

TEST(ObjectStream, GivesTheBytesInOrderAndAnywhere) {
  FakeS3 fake;
  const std::string bytes = digits(10'037);
  fake.put(kArchive.key, bytes);
  const auto stream = open_stream(fake.s3(), kArchive, {1000, 3});
  EXPECT_EQ(stream->num_bytes(), 10'037);
  EXPECT_EQ(stream->name(), "s3://my-bucket/big.tar");
  std::string read;
  std::string buffer(777, '\0');
  for (;;) {
    const auto got =
        stream->read(static_cast<int64_t>(read.size()), 777, buffer.data());
    if (got == 0) {
      break;
    }
    read.append(buffer, 0, static_cast<size_t>(got));
  }
  EXPECT_EQ(read, bytes);
  EXPECT_EQ(stream->read(5005, 10, buffer.data()), 10);  // backwards too
  EXPECT_EQ(buffer.substr(0, 10), bytes.substr(5005, 10));
}

TEST(ObjectStream, AnErrorOfAChunkReachesItsReader) {
  FakeS3 fake;
  fake.put(kArchive.key, digits(5000));
  const auto stream = open_stream(fake.s3(), kArchive, {1000, 2});
  fake.set_fault(
      [](const ServedRequest& request) -> std::optional<ServedAnswer> {
        if (request.header("range") == "bytes=3000-3999") {
          return ServedAnswer{403, "<Error><Code>AccessDenied</Code></Error>"};
        }
        return std::nullopt;
      });
  std::string buffer(1000, '\0');
  EXPECT_EQ(stream->read(0, 1000, buffer.data()), 1000);
  EXPECT_EQ(stream->read(2000, 1000, buffer.data()), 1000);
  EXPECT_THROW(stream->read(3000, 1000, buffer.data()), Error);
}

TEST(ObjectStream, WhatIsNotThereIsNotFound) {
  FakeS3 fake;
  EXPECT_THROW((void)open_stream(fake.s3(), kArchive), Error);
}

}  // namespace
}  // namespace nadir::store
