#include <fstream>
#include <functional>
#include <random>

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "checkpoint/pth_reader.h"
#include "checkpoint/pth_writer.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"

namespace nadir::checkpoint {
namespace {

namespace fs = std::filesystem;

// A torch archive around a pickle written by hand.
fs::path archive_of(
    const fs::path& folder,
    const std::string& pickle,
    const std::string& storage = "") {
  const fs::path path = folder / "x.pth";
  ZipWriter archive(path);
  archive.add("x/data.pkl", pickle);
  archive.add("x/data/0", storage);
  archive.finish();
  return path;
}

std::string error_of(ErrorCode code, const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

std::string text_op(const std::string& text) {
  return fmt::format("\x8c{:c}{}", static_cast<char>(text.size()), text);
}

std::string byte_op(int value) {
  std::string op = "K";
  op.push_back(static_cast<char>(value));
  return op;
}

// A call of _rebuild_tensor_v2 on float storage "0" of `numel` elements.
std::string tensor_op(
    int numel,
    int offset,
    const std::string& sizes,
    const std::string& strides) {
  return fmt::format(
      "ctorch._utils\n_rebuild_tensor_v2\n(({}ctorch\nFloatStorage\n{}{}{}tQ"
      "{}{}{}\x89"
      "ccollections\nOrderedDict\n)RtR",
      text_op("storage"),
      text_op("0"),
      text_op("cpu"),
      byte_op(numel),
      byte_op(offset),
      sizes,
      strides);
}

std::string floats(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * 4};
}

TensorMap tiny_backbone() {
  at::manual_seed(2);
  return {
      {"cls_token", at::randn({1, 1, 4})},
      {"blocks.10.norm1.weight", at::randn({4}).to(at::kHalf)},
      {"blocks.2.norm1.weight", at::randn({4}).to(at::kBFloat16)},
      {"patch_embed.proj.weight", at::randn({4, 6}).t()},
      {"steps", at::arange(5)},
      {"flag", at::ones({}, at::kBool)},
      {"empty", at::empty({0, 3}, at::kDouble)}};
}

TEST(PthFile, ReadsBackTheFlatLayoutInTheNetworksOrder) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "b.pth";
  const TensorMap written = tiny_backbone();
  write_pth_backbone(path, written);
  PthFile file(path);
  const TensorMap read = file.read_tensors(file.root());
  ASSERT_EQ(read.size(), written.size());
  for (const auto& [name, tensor] : written) {
    EXPECT_TRUE(read.at(name).equal(tensor)) << name;
    EXPECT_EQ(read.at(name).scalar_type(), tensor.scalar_type()) << name;
  }
  std::vector<std::string> order;
  for (const auto& [key, value] : file.root().entries) {
    order.push_back(key->text);
  }
  EXPECT_EQ(order[0], "cls_token");
  EXPECT_EQ(order[1], "patch_embed.proj.weight");
  EXPECT_EQ(order[2], "blocks.2.norm1.weight");
  EXPECT_EQ(order[3], "blocks.10.norm1.weight");
}

TEST(PthFile, ReadsBackTheFullLayoutWithItsArguments) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "f.pth";
  const nlohmann::json args = {
      {"arch", "vit_small"},
      {"lr", 0.0005},
      {"epochs", 100},
      {"negative", -3},
      {"use_fp16", true},
      {"local_crops_scale", {0.05, 0.4}},
      {"nothing", nullptr}};
  FullCheckpoint written;
  written.student = {{"backbone.cls_token", at::ones({1, 1, 4})}};
  written.teacher = {{"backbone.cls_token", at::zeros({1, 1, 4})}};
  written.epoch = 7;
  written.center = at::full({1, 3}, 0.5);
  write_pth_full(path, written, args);

  PthFile file(path);
  const PickleValue& root = file.root();
  EXPECT_EQ(to_json(*root.find("args")), args);
  EXPECT_EQ(root.find("epoch")->integer, 7);
  EXPECT_EQ(root.find("optimizer"), nullptr);
  EXPECT_EQ(
      file.read_tensors(*root.find("student"))
          .count("module.backbone.cls_token"),
      1U);
  EXPECT_EQ(
      file.read_tensors(*root.find("teacher")).count("backbone.cls_token"), 1U);
  EXPECT_TRUE(file.read_tensors(*root.find("dino_loss"))
                  .at("center")
                  .equal(at::full({1, 3}, 0.5)));
}

TEST(PthFile, GivesStridedViewsThatShareTheirStorage) {
  const TemporaryFolder folder;
  const fs::path path = archive_of(
      folder.path(),
      "\x80\x02}(" + text_op("a") +
          tensor_op(6, 1, byte_op(2) + byte_op(2) + "\x86", "K\x03K\x01\x86") +
          text_op("b") + tensor_op(6, 0, byte_op(6) + "\x85", "K\x01\x85") +
          "u.",
      floats({0, 1, 2, 3, 4, 5}));
  PthFile file(path);
  TensorMap tensors = file.read_tensors(file.root());
  EXPECT_TRUE(
      tensors["a"].equal(at::tensor({1.F, 2.F, 4.F, 5.F}).reshape({2, 2})));
  tensors["b"][4] = 9;
  EXPECT_EQ(tensors["a"][1][0].item<float>(), 9);
}

TEST(PthFile, RefusesViewsThatLeaveTheirStorage) {
  const TemporaryFolder folder;
  const auto reason = [&](const std::string& tensor, size_t num_floats) {
    const fs::path path = archive_of(
        folder.path(),
        fmt::format("\x80\x02{}.", tensor),
        floats(std::vector<float>(num_floats)));
    PthFile file(path);
    return error_of(
        ErrorCode::kCorruptData, [&] { (void)file.read_tensor(file.root()); });
  };
  const std::string six = byte_op(6) + "\x85";
  const std::string one = byte_op(1) + "\x85";
  EXPECT_NE(
      reason(tensor_op(6, 1, six, one), 6).find("outside"), std::string::npos);
  EXPECT_NE(
      reason(tensor_op(6, 0, six, one), 5).find("smaller"), std::string::npos);
  EXPECT_NE(
      reason(
          tensor_op(
              6,
              0,
              "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85",
              byte_op(2) + "\x85"),
          6)
          .find("outside"),
      std::string::npos);
}

// Each of these files is small and once stood for more memory than any
// machine has.
TEST(PthFile, RefusesTensorsThatRepeatOneElementForever) {
  const TemporaryFolder folder;
  const std::string sizes("J\x00\x00\x00\x10\x85", 6);
  const fs::path path = archive_of(
      folder.path(),
      "\x80\x02" + tensor_op(1, 0, sizes, byte_op(0) + "\x85") + ".",
      floats({1}));
  PthFile file(path);
  const std::string message = error_of(
      ErrorCode::kCorruptData, [&] { (void)file.read_tensor(file.root()); });
  EXPECT_NE(message.find("more elements"), std::string::npos) << message;
}

TEST(PthFile, TakesTensorsExpandedToMoreBands) {
  const TemporaryFolder folder;
  const fs::path path = archive_of(
      folder.path(),
      "\x80\x02" +
          tensor_op(
              2,
              0,
              byte_op(2) + byte_op(3) + "\x86",
              byte_op(1) + byte_op(0) + "\x86") +
          ".",
      floats({5, 7}));
  PthFile file(path);
  EXPECT_TRUE(
      file.read_tensor(file.root())
          .equal(at::tensor({5.F, 5.F, 5.F, 7.F, 7.F, 7.F}).view({2, 3})));
}

TEST(PthFile, RefusesCallsThatShareALongList) {
  const TemporaryFolder folder;
  std::string pickle = "\x80\x02]q";
  pickle += std::string("\0(", 2) + std::string(100'000, 'N') + "e0";
  pickle += "ccollections\nOrderedDict\nq\x01(";
  for (int i = 0; i < 1000; ++i) {
    pickle += std::string("h\x01h\x00R0", 6);
  }
  const fs::path path = archive_of(folder.path(), pickle + "1.");
  const std::string message =
      error_of(ErrorCode::kCorruptData, [&] { (void)PthFile(path); });
  EXPECT_NE(message.find("too many arguments"), std::string::npos) << message;
}

TEST(ZipArchive, RefusesEntriesThatLieOnEachOther) {
  const TemporaryFolder folder;
  ZipWriter archive(folder.path() / "x.zip");
  archive.add("a", std::string(1000, 'a'));
  archive.add("b", "b");
  archive.finish();
  std::string bytes = read_file(folder.path() / "x.zip");
  // The second directory record takes over sizes and place of the first.
  const size_t first = bytes.find("PK\x01\x02");
  const size_t second = bytes.find("PK\x01\x02", first + 4);
  std::copy_n(bytes.begin() + first + 20, 8, bytes.begin() + second + 20);
  std::copy_n(bytes.begin() + first + 42, 4, bytes.begin() + second + 42);
  write_file(folder.path() / "y.zip", bytes);
  const std::string message = error_of(ErrorCode::kCorruptData, [&] {
    (void)ZipReader(folder.path() / "y.zip");
  });
  EXPECT_NE(message.find("claim more bytes"), std::string::npos) << message;
}

TEST(PthFile, NeverLoadsObjectsThatRunCode) {
  const TemporaryFolder folder;
  const fs::path path = archive_of(
      folder.path(),
      "\x80\x02"
      "cos\nsystem\n" +
          text_op("true") + "\x85R.");
  const std::string message =
      error_of(ErrorCode::kInvalidArgument, [&] { (void)PthFile(path); });
  EXPECT_NE(message.find("'os.system'"), std::string::npos) << message;
  EXPECT_NE(message.find("torch.save("), std::string::npos) << message;
}

TEST(PthFile, AdvisesToReSaveFilesOfOldTorch) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "old.pth";
  write_file(path, "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.");
  const std::string message =
      error_of(ErrorCode::kInvalidArgument, [&] { (void)PthFile(path); });
  EXPECT_NE(message.find("before 1.6"), std::string::npos);
  EXPECT_NE(message.find("re-save"), std::string::npos);
}

// These were once said to be files of old torch.
TEST(PthFile, NamesFilesThatAreNoneOfTorch) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "x.pth";
  for (const auto& [bytes, reason] :
       {std::pair{"", "is empty"}, std::pair{"<html>", "no zip archive"}}) {
    write_file(path, bytes);
    const std::string message =
        error_of(ErrorCode::kCorruptData, [&] { (void)PthFile(path); });
    EXPECT_NE(message.find(reason), std::string::npos) << message;
  }
}

TEST(PthFile, NamesMissingFilesAndForeignArchives) {
  (void)error_of(
      ErrorCode::kNotFound, [] { (void)PthFile("/nonexistent/x.pth"); });
  const TemporaryFolder folder;
  ZipWriter archive(folder.path() / "x.pth");
  archive.add("readme.txt", "hello");
  archive.finish();
  const std::string message = error_of(
      ErrorCode::kCorruptData, [&] { (void)PthFile(folder.path() / "x.pth"); });
  EXPECT_NE(message.find("no data.pkl"), std::string::npos);
}

TEST(PthFile, EndsWalksOfCyclicData) {
  const TemporaryFolder folder;
  // A list that holds itself.
  const fs::path path = archive_of(
      folder.path(),
      "\x80\x02]q\x01h\x01"
      "a.");
  const PthFile file(path);
  nlohmann::json json = to_json(file.root());
  int depth = 0;
  for (; json.is_array(); ++depth) {
    json = nlohmann::json(json[0]);
  }
  EXPECT_LT(depth, 32);
}

TEST(PthFile, SurvivesFlippedBitsAndTruncation) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "f.pth";
  FullCheckpoint full;
  full.student = full.teacher = {
      {"backbone.a", at::ones({2, 3})}, {"backbone.b", at::ones({4})}};
  full.center = at::zeros({1, 2});
  write_pth_full(path, full, {{"arch", "vit_tiny"}, {"lr", 0.1}});
  const std::string good = read_file(path);
  std::mt19937 random(5);
  int num_errors = 0;
  set_log_level(LogLevel::kError);
  for (int trial = 0; trial < 4000; ++trial) {
    std::string bad = good;
    for (int flips = 1 + trial % 3; flips > 0; --flips) {
      bad[random() % bad.size()] ^= static_cast<char>(1U << (random() % 8));
    }
    if (trial % 8 == 0) {
      bad.resize(random() % bad.size());
    }
    fs::remove(path);  // truncating instead would wait for the disk
    std::ofstream(path, std::ios::binary) << bad;
    try {
      PthFile file(path);
      (void)to_json(file.root());
      for (const auto& [key, value] : file.root().entries) {
        (void)file.read_tensors(*value);
      }
    } catch (const Error&) {
      ++num_errors;
    }
  }
  set_log_level(LogLevel::kInfo);
  EXPECT_GT(num_errors, 500);
}

TEST(ZipArchive, ChecksumIsThatOfTheStandard) {
  EXPECT_EQ(crc32("123456789"), 0xCBF43926U);
  EXPECT_EQ(crc32("6789", crc32("12345")), 0xCBF43926U);
}

TEST(PthWriter, RefusesTypesThatTorchStoresOtherwise) {
  const TemporaryFolder folder;
  (void)error_of(ErrorCode::kInvalidArgument, [&] {
    write_pth_backbone(
        folder.path() / "x.pth", {{"a", at::ones({2}).to(at::kUInt16)}});
  });
  EXPECT_FALSE(fs::exists(folder.path() / "x.pth"));
}

}  // namespace
}  // namespace nadir::checkpoint
