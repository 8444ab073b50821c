#include "runs/event_writer.h"

#include <cmath>
#include <cstring>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/file.h"

namespace nadir::runs {
namespace {

namespace fs = std::filesystem;

// CRC-32C bit by bit, apart from the table that the writer uses.
uint32_t reference_masked_crc(const std::string& bytes) {
  uint32_t crc = ~0U;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78U : 0U);
    }
  }
  crc = ~crc;
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U;
}

template <class T>
T read_at(const std::string& bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

// The records of a TFRecord file; fails where a checksum is wrong.
std::vector<std::string> frames_of(const fs::path& path) {
  const std::string bytes = read_file(path);
  std::vector<std::string> frames;
  size_t at = 0;
  while (at < bytes.size()) {
    const auto length = read_at<uint64_t>(bytes, at);
    EXPECT_EQ(
        read_at<uint32_t>(bytes, at + 8),
        reference_masked_crc(bytes.substr(at, 8)));
    frames.push_back(bytes.substr(at + 12, length));
    EXPECT_EQ(
        read_at<uint32_t>(bytes, at + 12 + length),
        reference_masked_crc(frames.back()));
    at += 16 + length;
  }
  EXPECT_EQ(at, bytes.size());
  return frames;
}

TEST(EventWriter, WritesTheBytesOfTheProtocolBuffer) {
  const TemporaryFolder folder;
  EventWriter writer(folder.path());
  writer.write_scalars(300, {{"loss", 0.5}});
  const auto frames = frames_of(writer.path());
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_NE(
      frames[0].find("\x1a\x0d"
                     "brain.Event:2"),
      std::string::npos);
  // After the wall time (9 bytes): step 300, then summary { value { tag,
  // simple_value 0.5f } } as protoc encodes it.
  const std::string expected(
      "\x10\xac\x02\x2a\x0d\x0a\x0b\x0a\x04loss\x15\x00\x00\x00\x3f", 18);
  EXPECT_EQ(frames[1].substr(9), expected);
}

TEST(EventWriter, AResumeTellsTensorBoardFromWhichStepToForget) {
  const TemporaryFolder folder;
  const EventWriter writer(folder.path(), 41);
  const auto frames = frames_of(writer.path());
  ASSERT_EQ(frames.size(), 2U);
  // step 42, session_log { status: START }
  EXPECT_EQ(frames[1].substr(9), "\x10\x2a\x3a\x02\x08\x01");
}

TEST(EventWriter, FilesBegunInTheSameSecondSortInTheirOrder) {
  const TemporaryFolder folder;
  const EventWriter first(folder.path());
  const EventWriter second(folder.path(), 1);
  const EventWriter third(folder.path(), 2);
  EXPECT_LT(first.path().filename(), second.path().filename());
  EXPECT_LT(second.path().filename(), third.path().filename());
}

TEST(EventWriter, ARecordsTextAndKeysWithoutCurveAreLeftOut) {
  const TemporaryFolder folder;
  EventWriter writer(folder.path());
  writer.write_record({{"step", 1}, {"event", "start"}, {"text", "x"}});
  writer.write_record({{"loss", 1.0}});
  EXPECT_EQ(frames_of(writer.path()).size(), 1U);
  writer.write_record({{"step", 1}, {"time_s", 3.0}, {"loss", nullptr}});
  const auto frames = frames_of(writer.path());
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_NE(frames[1].find("train/loss"), std::string::npos);
  EXPECT_EQ(frames[1].find("time_s"), std::string::npos);
  EXPECT_TRUE(
      std::isnan(read_at<float>(frames[1], frames[1].size() - sizeof(float))));
}

TEST(EventTag, GroupsKeysAsTensorBoardShowsThem) {
  EXPECT_EQ(event_tag("loss"), "train/loss");
  EXPECT_EQ(event_tag("knn_top1"), "eval/knn_top1");
  EXPECT_EQ(event_tag("lr"), "schedule/lr");
  EXPECT_EQ(event_tag("step"), "");
}

}  // namespace
}  // namespace nadir::runs
