#include "store/s3.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "store/fake_s3.h"

namespace nadir::store {
namespace {

const Location kObject{"my-bucket", "a/b.bin"};

// Answers this once, then leaves it to the store.
FakeS3::Fault once(const ServedAnswer& answer, const std::string& method) {
  return
      [answer, method, is_over = false](
          const ServedRequest& request) mutable -> std::optional<ServedAnswer> {
        if (is_over || request.method != method) {
          return std::nullopt;
        }
        is_over = true;
        return answer;
      };
}

TEST(S3, PutsGetsAndFinds) {
  FakeS3 fake;
  const auto s3 = fake.s3();
  EXPECT_FALSE(s3->find(kObject));
  EXPECT_FALSE(s3->has_any({"my-bucket", "a/"}));
  s3->put(kObject, "hello");
  EXPECT_TRUE(s3->has_any({"my-bucket", "a/"}));
  EXPECT_EQ(s3->get(kObject), "hello");
  const auto info = s3->find(kObject);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->num_bytes, 5);
  EXPECT_EQ(info->crc32, "NhCmhg==");
  EXPECT_EQ(info->modified_s, 1767225600);
  std::string part(3, '\0');
  s3->get_range(kObject, 1, 3, part.data());
  EXPECT_EQ(part, "ell");
}

TEST(S3, KeysMayHoldAnything) {
  FakeS3 fake;
  const auto s3 = fake.s3();
  const std::string key = "a b/ü+&=%?#'\"<ö>.tif";
  s3->put({"my-bucket", key}, "x");
  EXPECT_TRUE(fake.objects().contains(key));
  EXPECT_EQ(s3->get({"my-bucket", key}), "x");
  const auto listed = s3->list({"my-bucket", "a b/"});
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].key, key);
}

TEST(S3, ListsAllPages) {
  FakeS3 fake;
  for (int i = 0; i < 10; ++i) {
    fake.put("p/" + std::to_string(i), "x");
  }
  fake.put("q", "x");
  const auto listed = fake.s3()->list({"my-bucket", "p/"});
  ASSERT_EQ(listed.size(), 10U);
  EXPECT_EQ(listed[9].key, "p/9");
  EXPECT_EQ(fake.num_requests("GET"), 4U);  // of three keys each
}

TEST(S3, RemovesObjects) {
  FakeS3 fake;
  fake.put("a", "x");
  fake.put("b&c", "x");
  fake.s3()->remove("my-bucket", {"a", "not-there"});
  EXPECT_FALSE(fake.objects().contains("a"));
  EXPECT_TRUE(fake.objects().contains("b&c"));
}

TEST(S3, WhatMayPassIsTriedAgain) {
  const ServedAnswer slow_down{503, "<Error><Code>SlowDown</Code></Error>"};
  ServedAnswer hang_up;
  hang_up.hangs_up = true;
  ServedAnswer cut{206, "ell"};
  cut.max_body_bytes = 1;
  for (const auto& answer :
       {slow_down, ServedAnswer{500, "oops"}, hang_up, cut}) {
    FakeS3 fake;
    fake.put(kObject.key, "hello");
    fake.set_fault(once(answer, "GET"));
    std::string part(3, '\0');
    fake.s3()->get_range(kObject, 1, 3, part.data());
    EXPECT_EQ(part, "ell");
    EXPECT_EQ(fake.num_requests("GET"), 2U);
  }
}

TEST(S3, ChangedBytesAreNoticedAndReadAgain) {
  FakeS3 fake;
  fake.put(kObject.key, "hello");
  ServedAnswer wrong{200, "hellp", {{"x-amz-checksum-crc32", "NhCmhg=="}}};
  fake.set_fault(once(wrong, "GET"));
  EXPECT_EQ(fake.s3()->get(kObject), "hello");
  fake.set_fault([&](const ServedRequest&) { return wrong; });
  EXPECT_THROW((void)fake.s3()->get(kObject), Error);
}

TEST(S3, BytesChangedOnTheirWayThereAreSentAgain) {
  FakeS3 fake;
  fake.set_fault(once({400, "<Error><Code>BadDigest</Code></Error>"}, "PUT"));
  fake.s3()->put(kObject, "hello");
  EXPECT_EQ(fake.objects().at(kObject.key), "hello");
}

TEST(S3, AnErrorWithinASuccessIsNone) {
  FakeS3 fake;
  const auto s3 = fake.s3();
  const auto id = s3->start_upload(kObject);
  const auto part = s3->put_part(kObject, id, 1, "hello");
  fake.set_fault(
      once({200, "<Error><Code>InternalError</Code></Error>"}, "POST"));
  s3->complete_upload(kObject, id, {part}, "NhCmhg==");
  EXPECT_EQ(fake.objects().at(kObject.key), "hello");
}

TEST(S3, AnotherVersionIsNotMixedIn) {
  FakeS3 fake;
  fake.put(kObject.key, "hello");
  const auto info = fake.s3()->find(kObject);
  fake.put(kObject.key, "other");
  std::string part(3, '\0');
  try {
    fake.s3()->get_range(kObject, 0, 3, part.data(), info->etag);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
    EXPECT_NE(
        std::string(error.what()).find("s3://my-bucket/a/b.bin was replaced"),
        std::string::npos);
  }
}

TEST(S3, OnlyNewObjectsWhereThatIsWished) {
  FakeS3 fake;
  fake.s3()->put(kObject, "one", true);
  EXPECT_THROW(fake.s3()->put(kObject, "two", true), Error);
  EXPECT_EQ(fake.objects().at(kObject.key), "one");
}

TEST(S3, MissingBucketsAndForbiddenOnesSayWhatToDo) {
  FakeS3 fake;
  const auto message_of = [&](int status, const std::string& code) {
    fake.set_fault([=](const ServedRequest&) {
      return ServedAnswer{status, "<Error><Code>" + code + "</Code></Error>"};
    });
    try {
      (void)fake.s3()->list({"my-bucket", ""});
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(
      message_of(404, "NoSuchBucket").find("check the bucket's name"),
      std::string::npos);
  EXPECT_NE(
      message_of(403, "AccessDenied").find("these credentials may not"),
      std::string::npos);
}

TEST(S3, ABucketInAnotherRegionIsFoundThere) {
  FakeS3 fake;
  fake.put(kObject.key, "hello");
  fake.set_fault(
      once({301, "", {{"x-amz-bucket-region", "us-west-2"}}}, "HEAD"));
  EXPECT_TRUE(fake.s3()->find(kObject));
}

}  // namespace
}  // namespace nadir::store
