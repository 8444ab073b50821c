// Three and twelve bands, synthetic and real, through the whole program.
#include <cstring>

#include <gtest/gtest.h>

#include "cli/program.h"
#include "cli/run_files.h"
#include "cli/world.h"
#include "core/file.h"
#include "data/safetensors_blob.h"
#include "data/shards.h"
#include "support/shared_data.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;

constexpr char kTwelve[] = "B01,B02,B03,B04,B05,B06,B07,B08,B8A,B09,B11,B12";

template <class T>
T number_at(const std::string& bytes, size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

// The pixels of a little-endian TIFF of one band in uncompressed strips, as
// they lie in the file: the layout of BigEarthNet. Not by our own reader, and
// not by GDAL.
std::string strip_pixels(const fs::path& path) {
  const std::string file = read_file(path);
  EXPECT_EQ(file.substr(0, 4), std::string("II*\0", 4)) << path;
  const auto directory = number_at<uint32_t>(file, 4);
  const auto num_entries = number_at<uint16_t>(file, directory);
  std::map<int, std::vector<uint32_t>> tags;
  for (size_t i = 0; i < num_entries; ++i) {
    const size_t entry = directory + 2 + 12 * i;
    const auto tag = number_at<uint16_t>(file, entry);
    const auto type = number_at<uint16_t>(file, entry + 2);
    const auto count = number_at<uint32_t>(file, entry + 4);
    if (type != 3 && type != 4) {  // SHORT and LONG are enough here
      continue;
    }
    const size_t size = type == 3 ? 2 : 4;
    const size_t at =
        count * size <= 4 ? entry + 8 : number_at<uint32_t>(file, entry + 8);
    for (size_t k = 0; k < count; ++k) {
      tags[tag].push_back(
          type == 3 ? number_at<uint16_t>(file, at + 2 * k)
                    : number_at<uint32_t>(file, at + 4 * k));
    }
  }
  constexpr int kStripOffsets = 273;
  constexpr int kStripByteCounts = 279;
  std::string pixels;
  for (size_t k = 0; k < tags[kStripOffsets].size(); ++k) {
    pixels += file.substr(tags[kStripOffsets][k], tags[kStripByteCounts].at(k));
  }
  return pixels;
}

// The packed pixels of one band, at its own resolution.
std::string packed_pixels(
    const data::ShardReader& shards,
    const std::string& patch,
    const std::string& band) {
  std::string pixels;
  const bool is_there = shards.read(patch, [&](std::string_view blob) {
    const data::BlobLayout layout(blob, patch);
    const auto* found = layout.find(band);
    ASSERT_NE(found, nullptr) << band;
    pixels = blob.substr(
        static_cast<size_t>(found->offset),
        static_cast<size_t>(found->num_bytes));
  });
  EXPECT_TRUE(is_there) << patch;
  return pixels;
}

// Every band of every patch below `source` is in the dataset folder, byte for
// byte. Returns the number of bands compared.
int64_t compare_pixels(const fs::path& source, const fs::path& packed) {
  const data::ShardReader shards(packed / "shards");
  int64_t num_compared = 0;
  for (const auto& patch : fs::directory_iterator(source)) {
    const std::string name = patch.path().filename();
    for (const auto& band :
         words_of("B01 B02 B03 B04 B05 B06 B07 B08 B8A B09 B11 B12")) {
      const auto file = patch.path() / (name + "_" + band + ".tif");
      EXPECT_TRUE(strip_pixels(file) == packed_pixels(shards, name, band))
          << file;
      ++num_compared;
    }
  }
  return num_compared;
}

// Two steps of pretraining on these bands.
void expect_trains(
    const fs::path& data, const std::string& bands, int64_t num_bands) {
  const TemporaryFolder folder;
  const auto outcome = run_nadir(pretrain_words(
      folder.path() / "run",
      "--split all --batch-size 4 --stop-after-steps 2 --knn-every-epochs 0 "
      "--data " +
          data.string() + " --bands " + bands));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.text();
  const auto records = training_records(folder.path() / "run");
  ASSERT_EQ(records.size(), 2U);
  const auto meta = read_json(
      folder.path() / "run" / "checkpoints" / "step-00000002" / "meta.json");
  EXPECT_EQ(meta["weights"]["in_channels"], num_bands);
  EXPECT_EQ(static_cast<int64_t>(meta["weights"]["bands"].size()), num_bands);
}

TEST(Bands, TwelveAndThreeTrainOnTheSyntheticWorld) {
  expect_trains(packed_data(), "B04,B03,B02", 3);
  expect_trains(packed_data(), kTwelve, 12);
}

TEST(Bands, SyntheticPatchesPackToTheSamePixels) {
  EXPECT_EQ(
      compare_pixels(world_folder() / "BigEarthNet-v1.0", packed_data()),
      12 * kNumPatches);
}

TEST(Bands, RealPatchesIndexPackReadBackAndTrain) {
  if (shared_data().empty()) {
    GTEST_SKIP() << "no real data: NADIR_SHARED_DATA names none";
  }
  const fs::path source = shared_data() / "BigEarthNet-v1.0";
  const TemporaryFolder folder;
  const std::string index = (folder.path() / "index.parquet").string();
  const std::string packed = (folder.path() / "packed").string();
  const auto indexed = run_nadir(words_of(
      "data index --keep-discouraged --json",
      {source.string(),
       "--lists",
       (shared_data() / "BigEarthNet-lists").string(),
       "--out",
       index}));
  ASSERT_EQ(indexed.exit_code, 0) << indexed.text();
  EXPECT_EQ(indexed.json()["rows"], 11);
  EXPECT_EQ(indexed.json()["snow"], 1);
  const auto made = run_nadir(
      {"data", "pack", source.string(), "--index", index, "--out", packed});
  ASSERT_EQ(made.exit_code, 0) << made.text();
  EXPECT_EQ(compare_pixels(source, packed), 12 * 11);
  expect_trains(packed, "B04,B03,B02", 3);
  expect_trains(packed, kTwelve, 12);
}

}  // namespace
}  // namespace nadir::cli
