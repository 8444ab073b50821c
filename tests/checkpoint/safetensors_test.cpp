#include "checkpoint/safetensors.h"

#include <fstream>
#include <random>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"

namespace nadir::checkpoint {
namespace {

// The file's bytes for a header and `num_data` zero bytes.
std::string file_of(const std::string& header, size_t num_data) {
  const uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof length);
  return bytes + header + std::string(num_data, '\0');
}

std::string corruption_of(const std::string& bytes) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "x.safetensors";
  std::ofstream(path, std::ios::binary) << bytes;  // no wait for the disk
  try {
    (void)read_safetensors(path);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptData) << error.what();
    EXPECT_NE(std::string(error.what()).find(path.string()), std::string::npos);
    return error.what();
  }
  return "";
}

void expect_corrupt(const std::string& bytes, const std::string& reason) {
  const std::string message = corruption_of(bytes);
  EXPECT_NE(message.find(reason), std::string::npos)
      << "got '" << message << "', want '" << reason << "'";
}

TensorMap all_types() {
  at::manual_seed(1);
  TensorMap tensors;
  for (const auto dtype :
       {at::kDouble,
        at::kFloat,
        at::kHalf,
        at::kBFloat16,
        at::kLong,
        at::kInt,
        at::kShort,
        at::kChar,
        at::kByte,
        at::kUInt16,
        at::kUInt32,
        at::kUInt64,
        at::kBool,
        at::kFloat8_e4m3fn,
        at::kFloat8_e5m2}) {
    tensors[at::toString(dtype)] = (at::randn({3, 5}).abs() * 50).to(dtype);
  }
  tensors["scalar"] = at::scalar_tensor(7.5);
  tensors["empty"] = at::empty({0, 4});
  tensors["strided"] = at::randn({4, 6}).t().slice(0, 0, 6, 2);
  tensors["name with \"quotes\" and é"] = at::ones({1}, at::kByte);
  return tensors;
}

TEST(Safetensors, ReadsBackWhatItWroteForEveryType) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "deep" / "x.safetensors";
  const TensorMap written = all_types();
  write_safetensors(path, written, {{"format", "pt"}, {"é", "\n"}});
  const SafetensorsFile read = read_safetensors(path);
  EXPECT_EQ(read.metadata.at("format"), "pt");
  EXPECT_EQ(read.metadata.at("é"), "\n");
  ASSERT_EQ(read.tensors.size(), written.size());
  for (const auto& [name, tensor] : written) {
    const at::Tensor& got = read.tensors.at(name);
    EXPECT_EQ(got.scalar_type(), tensor.scalar_type()) << name;
    EXPECT_EQ(got.sizes(), tensor.sizes()) << name;
    EXPECT_TRUE(got.to(at::kDouble).equal(tensor.to(at::kDouble))) << name;
  }
}

TEST(Safetensors, AlignsEveryTensorToItsElementSize) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "x.safetensors";
  write_safetensors(path, all_types());
  for (const auto& entry : read_safetensors_header(path).entries) {
    EXPECT_EQ(
        entry.begin % static_cast<int64_t>(at::elementSize(entry.dtype)), 0)
        << entry.name;
  }
}

TEST(Safetensors, WritesTheSameBytesForTheSameTensors) {
  const TemporaryFolder folder;
  write_safetensors(folder.path() / "a", all_types(), {{"k", "v"}});
  write_safetensors(folder.path() / "b", all_types(), {{"k", "v"}});
  EXPECT_EQ(read_file(folder.path() / "a"), read_file(folder.path() / "b"));
}

TEST(Safetensors, RefusesBrokenHeaders) {
  expect_corrupt("", "too few");
  expect_corrupt(std::string(7, 'x'), "too few");
  expect_corrupt(std::string(64, '\xff'), "its header claims");
  expect_corrupt(file_of("[]", 0), "no JSON object");
  expect_corrupt(file_of("{\"a\": ", 0), "cannot be parsed");
  expect_corrupt(file_of(R"({"a":1})", 0), "needs exactly dtype");
  expect_corrupt(
      file_of(R"({"a":{"dtype":"F31","shape":[],"data_offsets":[0,4]}})", 4),
      "unknown dtype 'F31'");
  expect_corrupt(
      file_of(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4),
      "whole numbers");
  expect_corrupt(
      file_of(R"({"__metadata__":{"a":1}})", 0), "__metadata__.a is no text");
}

TEST(Safetensors, RefusesOffsetsThatDoNotFit) {
  const auto one = [](const std::string& shape, const std::string& offsets) {
    return R"({"a":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":)" +
           offsets + "}}";
  };
  EXPECT_EQ(corruption_of(file_of(one("[2]", "[0,8]"), 8)), "");
  expect_corrupt(file_of(one("[2]", "[0,8]"), 7), "truncated");
  expect_corrupt(file_of(one("[2]", "[8,0]"), 8), "claims bytes 8 to 0");
  expect_corrupt(file_of(one("[3]", "[0,8]"), 8), "does not fill");
  expect_corrupt(file_of(one("[2]", "[0,8]"), 9), "1 bytes follow");
  expect_corrupt(file_of(one("[2]", "[1,9]"), 9), "leaves a gap");
  expect_corrupt(
      file_of(one("[4611686018427387904,4]", "[0,0]"), 0), "does not fill");
  expect_corrupt(
      file_of(one("[0,4611686018427387904,4]", "[0,0]"), 0), "does not fill");
}

TEST(Safetensors, RefusesOverlapsAndRepeatedNames) {
  expect_corrupt(
      file_of(
          R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
          R"("b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
          6),
      "'b' overlaps");
  expect_corrupt(
      file_of(
          R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
          R"("a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})",
          4),
      "twice");
}

TEST(Safetensors, SurvivesFlippedBitsAndTruncation) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "x.safetensors";
  write_safetensors(
      path, {{"a", at::ones({3, 2})}, {"b", at::ones({5}, at::kLong)}});
  const std::string good = read_file(path);
  std::mt19937 random(3);
  for (int trial = 0; trial < 500; ++trial) {
    std::string bad = good;
    bad[random() % bad.size()] ^= static_cast<char>(1U << (random() % 8));
    if (trial % 4 == 0) {
      bad.resize(random() % bad.size());
    }
    (void)corruption_of(bad);  // an Error or a reading, nothing else
  }
}

TEST(Safetensors, NamesAMissingFile) {
  try {
    (void)read_safetensors("/nonexistent/x.safetensors");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  }
}

}  // namespace
}  // namespace nadir::checkpoint
