#include "data/pack.h"

#include <csignal>
#include <cstring>

#include <gdal_priv.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "core/json.h"
#include "core/signals.h"
#include "data/dataset.h"
#include "data/fixtures.h"
#include "data/labels.h"
#include "data/patch_fixtures.h"
#include "data/safetensors_blob.h"
#include "data/shards.h"
#include "data/statistics.h"
#include "data/verify.h"
#include "support/shared_data.h"
#include "table/parquet.h"

namespace nadir::data {
namespace {

namespace fs = std::filesystem;
using raster::Image;
using raster::PixelType;

std::string patch_name(int i) {
  return fmt::format("S2A_MSIL2A_20170613T101031_{}_{}", i / 50, i % 50);
}

// Patches with B02 (120 px) and B05 (60 px), and their index.
class PackTest : public testing::Test {
 protected:
  void make_patches(int count) {
    table::TextColumn names;
    table::TextColumn splits;
    table::TextListColumn labels;
    for (int i = 0; i < count; ++i) {
      const auto name = patch_name(i);
      const fs::path stem = source() / name / name;
      make_tiff(
          stem.string() + "_B02.tif", telling_image<uint16_t>(1, 120, 120, i));
      make_tiff(
          stem.string() + "_B05.tif", telling_image<uint16_t>(1, 60, 60, i));
      names.emplace_back(name);
      splits.emplace_back(i % 2 == 0 ? "train" : "test");
      labels.emplace_back(
          table::TextList{labels_19()[static_cast<size_t>(i) % 19]});
    }
    table::Table table;
    table.columns.push_back({"name", std::move(names)});
    table.columns.push_back({"new_labels", std::move(labels)});
    table.columns.push_back({"original_split", std::move(splits)});
    table::write_parquet(index(), table);
  }

  [[nodiscard]] fs::path source() const { return folder_.path() / "patches"; }

  [[nodiscard]] fs::path index() const { return folder_.path() / "i.parquet"; }

  [[nodiscard]] fs::path out() const { return folder_.path() / "out"; }

  [[nodiscard]] PackOptions options() const {
    PackOptions options;
    options.source = source().string();
    options.index = index().string();
    options.out = out();
    options.bands = {"B05", "B02"};
    return options;
  }

  TemporaryFolder folder_;
};

std::unique_ptr<Dataset> open(const fs::path& path, const char* split = "") {
  DatasetOptions options;
  options.data = path.string();
  options.split = split;
  return open_dataset(options);
}

VerifyReport verify(const fs::path& dataset) {
  VerifyOptions options;
  options.source = dataset.string();
  return verify_source(options);
}

TEST_F(PackTest, MakesADatasetThatReadsBack) {
  make_patches(7);
  const auto result = pack_dataset(options());
  EXPECT_EQ(result.num_packed, 7);
  EXPECT_EQ(result.info.counts.at("train"), 4);
  EXPECT_EQ(result.info.bands[0].name, "B05");
  EXPECT_EQ(result.info.bands[0].width, 60);
  EXPECT_EQ(result.info.statistics_split, "train");

  const auto dataset = open(out());
  EXPECT_EQ(dataset->size(), 7);
  EXPECT_EQ(dataset->bands(), (std::vector<std::string>{"B05", "B02"}));
  EXPECT_EQ(dataset->class_names(), labels_19());
  EXPECT_TRUE(dataset->is_multi_label());
  EXPECT_EQ(dataset->labels(3)[3], 1);
  EXPECT_EQ(dataset->split(1), "test");
  ASSERT_NE(dataset->statistics(), nullptr);
  const Image image = dataset->read(5);
  EXPECT_EQ(image.height(), 120);
  EXPECT_EQ(image.band<uint16_t>(1)[121], 5 + 10 + 1);
  EXPECT_EQ(image.band<uint16_t>(0)[2 * 120 + 2], 5 + 10 + 1);
  EXPECT_EQ(open(out(), "test")->size(), 3);
  EXPECT_FALSE(fs::exists(out() / kPackingFile));
}

TEST_F(PackTest, MeasuresTheTrainSplit) {
  make_patches(3);
  const auto info = pack_dataset(options()).info;
  // B05 of patches 0 and 2: values 10 row + col + i.
  double sum = 0;
  double squares = 0;
  for (const int i : {0, 2}) {
    for (int p = 0; p < 3600; ++p) {
      const double value = 10 * (p / 60) + p % 60 + i;
      sum += value;
      squares += value * value;
    }
  }
  const double mean = sum / 7200;
  EXPECT_NEAR(info.statistics.mean[0], mean, 1e-9);
  EXPECT_NEAR(
      info.statistics.std[0], std::sqrt(squares / 7200 - mean * mean), 1e-6);
  EXPECT_EQ(info.statistics.min[0], 0);
  EXPECT_EQ(info.statistics.max[0], 590 + 59 + 2);
}

TEST_F(PackTest, SaysTheSameForAnyNumberOfThreads) {
  make_patches(40);
  auto one = options();
  one.num_threads = 1;
  const auto first = to_json(pack_dataset(one).info);
  auto four = options();
  four.num_threads = 4;
  four.out = folder_.path() / "four";
  EXPECT_EQ(to_json(pack_dataset(four).info), first);
}

TEST_F(PackTest, GoesOnAfterBeingKilled) {
  make_patches(700);
  auto whole = options();
  whole.out = folder_.path() / "whole";
  const auto expected = to_json(pack_dataset(whole).info);
  const pid_t child = fork();
  if (child == 0) {
    auto slow = options();
    slow.num_threads = 1;
    (void)pack_dataset(slow);
    _exit(0);
  }
  // Killed once the first chunks are listed, and before all are.
  const fs::path data = out() / kShardsFolder / "00000" / "data.mdb.jsonl";
  std::error_code error;
  while (!fs::exists(data) || fs::file_size(data, error) == 0) {
    usleep(200);
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  ASSERT_FALSE(fs::exists(out() / kDatasetFile));
  EXPECT_NE(
      error_of([&] { (void)open(out()); }).find("unfinished packing"),
      std::string::npos);
  EXPECT_NE(
      error_of([&] { (void)verify(out()); }).find("unfinished packing"),
      std::string::npos);
  const auto result = pack_dataset(options());
  EXPECT_GT(result.num_resumed, 0);
  EXPECT_EQ(result.num_packed + result.num_resumed, 700);
  EXPECT_EQ(to_json(result.info), expected);
  EXPECT_EQ(open(out())->size(), 700);
}

TEST_F(PackTest, DoesNothingWhenComplete) {
  make_patches(3);
  (void)pack_dataset(options());
  const auto again = pack_dataset(options());
  EXPECT_TRUE(again.was_complete);
  auto other = options();
  other.bands = {"B02"};
  EXPECT_NE(
      error_of([&] { (void)pack_dataset(other); }).find("other options"),
      std::string::npos);
}

TEST_F(PackTest, NamesBadPatchesAndToleratesSome) {
  make_patches(6);
  const auto file = [&](int i, const char* band) {
    const auto name = patch_name(i);
    return source() / name / (name + "_" + band + ".tif");
  };
  fs::remove(file(0, "B02"));
  make_tiff(file(1, "B02"), telling_image<uint16_t>(1, 119, 120));
  make_tiff(file(2, "B05"), telling_image<uint8_t>(1, 60, 60));
  const auto bytes = read_file(file(3, "B02"));
  write_file(file(3, "B02"), bytes.substr(0, 5000));
  fs::remove_all(source() / patch_name(4));
  const std::string error = error_of([&] { (void)pack_dataset(options()); });
  for (const int i : {0, 1, 2, 3}) {
    EXPECT_NE(error.find(patch_name(i)), std::string::npos) << error;
  }
  EXPECT_FALSE(fs::exists(out() / kDatasetFile));
  auto tolerant = options();
  tolerant.max_bad = 5;
  const auto result = pack_dataset(tolerant);
  EXPECT_EQ(result.info.problems.size(), 5U);
  EXPECT_EQ(open(out())->size(), 1);
  EXPECT_EQ(open(out())->name(0), patch_name(5));
}

TEST_F(PackTest, RefusesWhatCannotBeMeant) {
  make_patches(2);
  const auto error_with = [&](const std::function<void(PackOptions&)>& change) {
    auto changed = options();
    change(changed);
    return error_of([&] { (void)pack_dataset(changed); });
  };
  EXPECT_NE(
      error_with([](auto& o) { o.bands = {"B10"}; }).find("cirrus"),
      std::string::npos);
  EXPECT_NE(
      error_with([](auto& o) { o.type = "int8"; }).find("got 'int8'"),
      std::string::npos);
  EXPECT_NE(
      error_with([](auto& o) { o.type = "uint8"; }).find("red, green"),
      std::string::npos);
  EXPECT_NE(
      error_with([](auto& o) { o.index = ""; }).find("nadir data index"),
      std::string::npos);
  EXPECT_NE(
      error_with([](auto& o) { o.source += "x"; }).find("there is no"),
      std::string::npos);
  EXPECT_FALSE(fs::exists(out()));
  write_file(out() / "mine.txt", "");
  EXPECT_NE(
      error_with([](auto&) {}).find("choose another --out"), std::string::npos);
}

TEST_F(PackTest, PacksClassFolders) {
  make_png(source() / "train" / "a" / "1.png", 3, 1);
  make_png(source() / "train" / "b" / "2.png", 3, 2);
  make_png(source() / "test" / "b" / "3.png", 3, 3);
  auto images = options();
  images.index = "";
  images.bands = {};
  (void)pack_dataset(images);
  const auto packed = open(out(), "train");
  const auto raw = open(source(), "train");
  ASSERT_EQ(packed->size(), 2);
  EXPECT_FALSE(packed->is_multi_label());
  EXPECT_EQ(packed->class_names(), raw->class_names());
  for (int64_t i = 0; i < 2; ++i) {
    EXPECT_EQ(packed->name(i), raw->name(i));
    EXPECT_EQ(packed->labels(i)[1], raw->labels(i)[1]);
    const Image a = packed->read(i);
    const Image b = raw->read(i);
    EXPECT_TRUE(std::ranges::equal(a.bytes(), b.bytes()));
  }
}

TEST_F(PackTest, IsVerifiedImageByImage) {
  make_patches(5);
  const auto info = pack_dataset(options()).info;
  EXPECT_EQ(verify(out()).num_patches, 5);
  EXPECT_TRUE(verify(out()).bad.empty());

  std::string shard = read_file(out() / "shards" / "00000" / "data.mdb");
  const size_t pixel = shard.find("\"B02\"") + 600;
  shard[pixel] ^= 1;
  write_file(out() / "shards" / "00000" / "data.mdb", shard);
  const auto changed = verify(out());
  ASSERT_EQ(changed.bad.size(), 1U);
  EXPECT_NE(
      changed.bad[0].problem.find(info.content_sha256), std::string::npos);

  table::Table longer;
  longer.columns.push_back(
      {"name", table::TextColumn{patch_name(0), "stranger"}});
  longer.columns.push_back(
      {"new_labels", table::TextListColumn{std::nullopt, std::nullopt}});
  table::write_parquet(out() / "index.parquet", longer);
  const auto strange = verify(out());
  ASSERT_EQ(strange.bad.size(), 1U);
  EXPECT_EQ(strange.bad[0].name, "stranger");
}

// With 20 MB a file, packing 40 MB ends with an error, and goes on later.
TEST_F(PackTest, GoesOnWhenTheDiskHasRoomAgain) {
  for (int i = 0; i < 160; ++i) {
    make_tiff(
        source() / fmt::format("{}.tif", i),
        telling_image<uint16_t>(1, 350, 350, i));
  }
  auto images = options();
  images.index = "";
  images.bands = {};
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit small = {20'000'000, limit.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::string error = error_of([&] { (void)pack_dataset(images); });
  ::setrlimit(RLIMIT_FSIZE, &limit);
  EXPECT_NE(error.find("make room"), std::string::npos) << error;
  EXPECT_FALSE(fs::exists(out() / kDatasetFile));
  const auto result = pack_dataset(images);
  EXPECT_EQ(result.num_packed + result.num_resumed, 160);
  EXPECT_TRUE(verify(out()).bad.empty());
}

TEST_F(PackTest, KeepsTheTypeOfPicturesAndClaimsNoStretch) {
  make_png(source() / "1.png", 3, 1);
  auto images = options();
  images.index = "";
  images.bands = {};
  images.type = "uint8";
  EXPECT_EQ(pack_dataset(images).info.scaling, "");
  make_tiff(source() / "1.png", telling_image<float>(3, 4, 5));
  images.out = folder_.path() / "other";
  for (const char* type : {"uint8", "uint16"}) {
    images.type = type;
    EXPECT_NE(
        error_of([&] { (void)pack_dataset(images); }).find("has float32"),
        std::string::npos);
    fs::remove_all(images.out);
  }
}

TEST_F(PackTest, TakesAListWhateverItIsCalled) {
  make_png(folder_.path() / "1.png", 3, 1);
  auto images = options();
  images.source = (folder_.path() / "my.train.list").string();
  write_file(images.source, "1.png\n");
  images.index = "";
  images.bands = {};
  EXPECT_EQ(pack_dataset(images).num_packed, 1);
}

TEST_F(PackTest, SaysThatAZipIsToBeUnpacked) {
  auto zip = options();
  zip.source = (folder_.path() / "EuroSAT_RGB.zip").string();
  write_file(zip.source, "PK\3\4");
  EXPECT_NE(
      error_of([&] { (void)pack_dataset(zip); }).find("unpack it"),
      std::string::npos);
}

TEST_F(PackTest, NamesAFileWhoseNameIsNoText) {
  make_png(source() / "caf\xE9.png", 3, 1);
  auto images = options();
  images.index = "";
  images.bands = {};
  EXPECT_NE(
      error_of([&] { (void)pack_dataset(images); }).find("is not UTF-8"),
      std::string::npos);
  EXPECT_FALSE(fs::exists(out()));
}

// The real patches: pixels against GDAL, from the folder and from the packed
// data.

TEST(RealPatches, PackAndReadBackToGdalsPixels) {
  const fs::path data = shared_data();
  if (data.empty()) {
    GTEST_SKIP() << "no real data; set NADIR_SHARED_DATA";
  }
  const fs::path patches = data / "BigEarthNet-v1.0";
  const TemporaryFolder folder;
  table::TextColumn names;
  table::TextListColumn labels;
  for (const auto& entry : fs::directory_iterator(patches)) {
    names.emplace_back(entry.path().filename().string());
    labels.emplace_back(std::nullopt);
  }
  table::Table table;
  table.columns.push_back({"name", names});
  table.columns.push_back({"new_labels", std::move(labels)});
  table::write_parquet(folder.path() / "i.parquet", table);
  PackOptions options;
  options.source = patches.string();
  options.index = (folder.path() / "i.parquet").string();
  options.out = folder.path() / "out";
  const auto info = pack_dataset(options).info;
  EXPECT_EQ(info.bands.size(), 12U);

  GDALAllRegister();
  const ShardReader reader(options.out / kShardsFolder);
  for (const auto& name : names) {
    const bool is_there = reader.read(*name, [&](std::string_view blob) {
      const BlobLayout layout(blob, *name);
      for (const auto& band : layout.bands()) {
        const fs::path file =
            patches / *name / (*name + "_" + band.name + ".tif");
        auto* dataset =
            static_cast<GDALDataset*>(GDALOpen(file.c_str(), GA_ReadOnly));
        ASSERT_NE(dataset, nullptr);
        std::vector<uint16_t> pixels(
            static_cast<size_t>(band.height * band.width));
        const auto width = static_cast<int>(band.width);
        const auto height = static_cast<int>(band.height);
        ASSERT_EQ(
            dataset->GetRasterBand(1)->RasterIO(
                GF_Read,
                0,
                0,
                width,
                height,
                pixels.data(),
                width,
                height,
                GDT_UInt16,
                0,
                0),
            CE_None);
        EXPECT_EQ(dataset->GetRasterXSize(), width);
        GDALClose(dataset);
        EXPECT_EQ(
            std::memcmp(
                pixels.data(),
                blob.data() + band.offset,
                static_cast<size_t>(band.num_bytes)),
            0)
            << file;
      }
    });
    EXPECT_TRUE(is_there);
  }
  const auto raw = open(patches);
  const auto packed = open(options.out);
  EXPECT_EQ(raw->size(), 11);
  EXPECT_EQ(raw->bands(), packed->bands());
  for (int64_t i = 0; i < raw->size(); ++i) {
    for (int64_t j = 0; j < packed->size(); ++j) {
      if (raw->name(i) == packed->name(j)) {
        const Image a = raw->read(i);
        const Image b = packed->read(j);
        EXPECT_TRUE(std::ranges::equal(a.bytes(), b.bytes()));
      }
    }
  }
}

TEST(RealPatches, CarryLabelsFromTheirJson) {
  const fs::path data = shared_data();
  if (data.empty()) {
    GTEST_SKIP() << "no real data; set NADIR_SHARED_DATA";
  }
  const auto dataset = open(data / "BigEarthNet-v1.0");
  for (int64_t i = 0; i < dataset->size(); ++i) {
    int num_labels = 0;
    for (const uint8_t label : dataset->labels(i)) {
      num_labels += label;
    }
    EXPECT_GT(num_labels, 0) << dataset->name(i);
  }
  const auto v2 = open(data / "BigEarthNet-v2.0");
  ASSERT_EQ(v2->size(), 1);
  EXPECT_EQ(v2->split(0), "validation");
  EXPECT_EQ(v2->labels(0)[2], 1);  // Arable land
  EXPECT_EQ(v2->read(0).width(), 120);
}

TEST(BigEarthNetFolder, NamesThePatchWhoseLabelsCannotBeRead) {
  const TemporaryFolder folder;
  unpack(folder.path(), patch_files(kPatchA) + patch_files(kPatchB));
  const auto root = folder.path() / "BigEarthNet-v1.0";
  EXPECT_EQ(open(root)->size(), 2);
  const auto json = root / kPatchB / metadata_file_name(kPatchB);
  for (const char* text : {"{}", "[", "{\"labels\":[]}", "{\"labels\":[1]}"}) {
    write_file(json, text);
    const std::string message = error_of([&] { (void)open(root); });
    EXPECT_TRUE(message.starts_with(std::string(kPatchB) + ": its JSON"))
        << message;
  }
  fs::remove(json);
  EXPECT_NE(
      error_of([&] { (void)open(root); }).find(kPatchB), std::string::npos);
}

TEST(BigEarthNetFolder, RefusesAPatchThereTwiceAndAMixtureOfVersions) {
  const TemporaryFolder folder;
  unpack(folder.path(), patch_files(kPatchA, json_text(patch_json()), "a"));
  unpack(folder.path(), patch_files(kPatchA, json_text(patch_json()), "b"));
  EXPECT_NE(
      error_of([&] { (void)open(folder.path()); }).find("is there twice"),
      std::string::npos);
  fs::remove_all(folder.path() / "b");
  make_folder(
      folder.path() / "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_75_43");
  EXPECT_NE(
      error_of([&] { (void)open(folder.path()); }).find("v1 and of v2"),
      std::string::npos);
}

TEST(BandFileFolder, ReadsOtherLayouts) {
  const TemporaryFolder folder;
  for (const char* place : {"0000200/2020", "0000201/2021"}) {
    make_tiff(
        folder.path() / place / "B2.tif", telling_image<uint16_t>(1, 6, 6, 1));
    make_tiff(
        folder.path() / place / "B11.tif", telling_image<uint16_t>(1, 3, 3, 2));
    write_file(folder.path() / place / "metadata.json", "{}");
  }
  const auto dataset = open(folder.path());
  EXPECT_EQ(dataset->bands(), (std::vector<std::string>{"B02", "B11"}));
  EXPECT_EQ(dataset->name(1), "0000201/2021");
  EXPECT_TRUE(dataset->class_names().empty());
  EXPECT_EQ(dataset->read(1).band<uint16_t>(1)[35], 2 + 20 + 2);
}

}  // namespace
}  // namespace nadir::data
