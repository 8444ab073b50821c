#include "data/patch_source.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "core/json.h"
#include "data/fixtures.h"
#include "data/patch_fixtures.h"

namespace nadir::data {
namespace {

using namespace std::string_literals;

const PatchSourceOptions kMetadataOnly = {.bands = {}, .needs_metadata = true};
const PatchSourceOptions kTwoBands = {
    .bands = {"B02", "B01"}, .needs_metadata = true};

std::vector<PatchFiles> read_all(
    const std::filesystem::path& path, const PatchSourceOptions& options) {
  const auto source = open_patch_source(path, options);
  std::vector<PatchFiles> patches;
  while (auto patch = source->next()) {
    patches.push_back(*std::move(patch));
  }
  return patches;
}

class PatchSourceFiles : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path at(const std::string& name) const {
    return folder_.path() / name;
  }

  // The problem of the only patch in a tar of these files.
  [[nodiscard]] std::string problem_in(
      const Files& files, const PatchSourceOptions& options) const {
    pack(at("one.tar"), files);
    const auto patches = read_all(at("one.tar"), options);
    EXPECT_EQ(patches.size(), 1U);
    EXPECT_EQ(patches[0].name, kPatchA);
    return patches[0].problem;
  }

  TemporaryFolder folder_;
};

TEST(PatchName, KnowsBothLayoutsAndTheirQuirks) {
  EXPECT_EQ(patch_layout(kPatchA), PatchLayout::kV1);
  EXPECT_EQ(patch_layout(kPatchB), PatchLayout::kV1);  // T94161
  EXPECT_EQ(
      patch_layout("S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_75_43"),
      PatchLayout::kV2);
  for (const char* name :
       {"s2a_msil2a_20170613t101031_87_48",
        "S2C_MSIL2A_20170613T101031_87_48",
        "S2A_MSIL2A_20170613T101031_87_480",
        "S2A_MSIL2A_20170613T101031_87",
        "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP",
        "S2A_MSIL2A_20170613T101031_87_48_",
        "S1A_IW_GRDH_1SDV_20170613T165043_33UUP_87_48",
        ""}) {
    EXPECT_FALSE(patch_layout(name).has_value()) << name;
  }
}

TEST_F(PatchSourceFiles, GivesTheSameFromFolderAndEveryKindOfArchive) {
  const Files files = patch_files(kPatchB) + patch_files(kPatchA);
  unpack(at("folder"), files);
  pack(at("a.tar"), files);
  pack(at("pax.tar"), files, "none", true);
  pack(at("a.tar.gz"), files, "gzip");
  pack(at("a.tar.zst"), files, "zstd");
  pack(at("a.tar.bz2"), files, "bzip2");
  for (const char* name :
       {"folder", "a.tar", "pax.tar", "a.tar.gz", "a.tar.zst", "a.tar.bz2"}) {
    auto patches = read_all(at(name), kTwoBands);
    ASSERT_EQ(patches.size(), 2U) << name;
    std::sort(patches.begin(), patches.end(), [](auto& a, auto& b) {
      return a.name < b.name;
    });
    EXPECT_EQ(patches[0].name, kPatchA);
    EXPECT_EQ(patches[0].metadata_json, json_text(patch_json()));
    EXPECT_EQ(patches[1].bands.at("B02"), band_bytes("B02"));
    EXPECT_EQ(patches[1].bands.at("B01"), band_bytes("B01"));
    EXPECT_EQ(patches[0].problem, "");
  }
}

TEST_F(PatchSourceFiles, SortsAFolderAndCountsWhatIsNoPatch) {
  unpack(at("f"), patch_files(kPatchB, "{}", ".") + patch_files(kPatchA));
  make_folder(at("f") / "s2a_msil2a_20170613T101031_87_48");
  make_folder(at("f") / "notes" / "deep");
  const auto source = open_patch_source(at("f"), kMetadataOnly);
  EXPECT_EQ(source->count(), 2);
  EXPECT_EQ(source->next()->name, kPatchA);
  EXPECT_EQ(source->next()->name, kPatchB);
  EXPECT_FALSE(source->next().has_value());
  EXPECT_EQ(source->num_skipped(), 3);
}

TEST_F(PatchSourceFiles, ReadsTheLayoutOfVersion2) {
  const std::string tile = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP";
  const std::string patch = tile + "_75_43";
  const std::string long_path =
      "BigEarthNet-S2/" + tile + "/" + patch + "/" + patch + "_B02.tif";
  const Files files = {
      {long_path, band_bytes("B02")},
      {"Reference_Maps/" + tile + "/" + patch + "/" + patch + "_map.tif", "x"},
      {"BigEarthNet-S1/S1A/x/x_VV.tif", "x"}};
  unpack(at("v2"), files);
  pack(at("v2.tar"), files);  // names of more than 100 letters: GNU "L"
  pack(at("v2pax.tar"), files, "none", true);
  for (const char* name : {"v2", "v2.tar", "v2pax.tar"}) {
    const auto patches =
        read_all(at(name), {.bands = {"B02"}, .needs_metadata = true});
    ASSERT_EQ(patches.size(), 1U) << name;
    EXPECT_EQ(patches[0].name, patch);
    EXPECT_EQ(patches[0].bands.at("B02"), band_bytes("B02"));
    EXPECT_EQ(patches[0].problem, "") << name;
  }
}

TEST_F(PatchSourceFiles, NamesMissingAndEmptyFiles) {
  Files files = patch_files(kPatchA);
  files.erase(files.begin());
  EXPECT_EQ(
      problem_in(files, kTwoBands),
      std::string(kPatchA) + "_B01.tif is missing");
  EXPECT_EQ(problem_in(files, kMetadataOnly), "");
  files[0].second = "";
  EXPECT_NE(
      problem_in(files, kTwoBands).find("_B02.tif is empty"),
      std::string::npos);
  files.pop_back();
  EXPECT_NE(
      problem_in(files, kMetadataOnly).find("metadata.json is missing"),
      std::string::npos);

  unpack(at("folder"), files);
  const auto patches = read_all(at("folder"), kTwoBands);
  ASSERT_EQ(patches.size(), 1U);
  EXPECT_NE(patches[0].problem.find("_B01.tif is missing"), std::string::npos);
  EXPECT_NE(patches[0].problem.find("_B02.tif is empty"), std::string::npos);
}

TEST_F(PatchSourceFiles, FollowsNoLinkAndNoPathOutOfTheArchive) {
  Files files = patch_files(kPatchA);
  files[1].second = "-> /etc/passwd";
  EXPECT_NE(problem_in(files, kTwoBands).find("is a link"), std::string::npos);
  files = patch_files(kPatchA);
  files[1].first = "../" + files[1].first;
  EXPECT_NE(
      problem_in(files, kTwoBands).find("outside the archive"),
      std::string::npos);
}

TEST_F(PatchSourceFiles, FindsPatchesBelowFoldersOfAnyName) {
  const Files files =
      patch_files(kPatchA, json_text(patch_json()), "données/été");
  for (const char* filter : {"none", "gzip"}) {
    for (const bool is_pax : {false, true}) {
      pack(at("named"), files, filter, is_pax);
      const auto patches = read_all(at("named"), kTwoBands);
      ASSERT_EQ(patches.size(), 1U) << filter;
      EXPECT_EQ(patches[0].problem, "");
    }
  }
}

TEST_F(PatchSourceFiles, ReadsNoFileThatIsFarTooLarge) {
  Files files = patch_files(kPatchA) + patch_files(kPatchB);
  files[2].second = std::string(kMaxPatchFileBytes + 1, ' ');
  unpack(at("folder"), files);
  pack(at("a.tar"), files);
  pack(at("a.tar.gz"), files, "gzip");
  for (const char* name : {"folder", "a.tar", "a.tar.gz"}) {
    const auto patches = read_all(at(name), kTwoBands);
    ASSERT_EQ(patches.size(), 2U) << name;
    EXPECT_EQ(
        patches[0].problem,
        metadata_file_name(kPatchA) + " is larger than 16 MiB")
        << name;
    EXPECT_EQ(patches[0].metadata_json, "");
    EXPECT_EQ(patches[1].problem, "") << name;
  }
}

TEST_F(PatchSourceFiles, PassesOverLinksThatLeadNowhere) {
  unpack(at("f"), patch_files(kPatchA));
  std::filesystem::create_symlink("nowhere", at("f") / "broken");
  std::filesystem::create_symlink("self", at("f") / "self");
  const auto patches = read_all(at("f"), kMetadataOnly);
  ASSERT_EQ(patches.size(), 1U);
  EXPECT_EQ(patches[0].name, kPatchA);
}

// A pax size near 2^63 once made the end of the entry overflow.
TEST_F(PatchSourceFiles, RefusesSizesBeyondTheFile) {
  pack(at("a.tar"), patch_files(kPatchA));
  std::string tar = read_file(at("a.tar"));
  const std::string record = "28 size=9223372036854775807\n";
  std::string pax = tar.substr(0, 512);
  pax.replace(124, 12, "00000000034\0"s);
  pax[156] = 'x';
  pax.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char byte : pax) {
    sum += static_cast<unsigned char>(byte);
  }
  pax.replace(148, 8, fmt::format("{:06o}", sum) + "\0 "s);
  std::string padded = record;
  padded.resize(512);
  write_file(at("b.tar"), pax + padded + tar);
  EXPECT_NE(
      error_of([&] {
        (void)read_all(at("b.tar"), kTwoBands);
      }).find("ends early, inside"),
      std::string::npos);
}

TEST_F(PatchSourceFiles, ReportsAPatchThatIsThereTwice) {
  pack(
      at("twice.tar"),
      patch_files(kPatchA) + patch_files(kPatchB) + patch_files(kPatchA));
  const auto patches = read_all(at("twice.tar"), kMetadataOnly);
  ASSERT_EQ(patches.size(), 3U);
  EXPECT_EQ(patches[1].problem, "");
  EXPECT_NE(patches[2].problem.find("twice"), std::string::npos);

  unpack(at("f"), patch_files(kPatchA, "{}", "a"));
  unpack(at("f"), patch_files(kPatchA, "{}", "b"));
  const auto in_folder = read_all(at("f"), kMetadataOnly);
  ASSERT_EQ(in_folder.size(), 2U);
  EXPECT_NE(in_folder[1].problem.find("twice"), std::string::npos);
}

TEST_F(PatchSourceFiles, NamesTheLastGoodPatchWhereAnArchiveEndsEarly) {
  const Files files =
      patch_files(kPatchA) + patch_files(kPatchB) + patch_files(kPatchC);
  for (const char* filter : {"none", "gzip", "zstd", "bzip2"}) {
    pack(at("whole"), files, filter);
    const std::string whole = read_file(at("whole"));
    for (const double share : {0.3, 0.8, 0.95}) {
      const auto size =
          static_cast<size_t>(share * static_cast<double>(whole.size()));
      write_file(at("cut"), whole.substr(0, size));
      const std::string message =
          error_of([&] { (void)read_all(at("cut"), kTwoBands); });
      EXPECT_NE(message.find("ends early"), std::string::npos) << message;
      EXPECT_NE(message.find("last complete patch"), std::string::npos);
    }
  }
  pack(at("whole"), files);
  write_file(at("cut"), read_file(at("whole")).substr(0, 85'000));
  EXPECT_NE(
      error_of([&] {
        (void)read_all(at("cut"), kTwoBands);
      }).find(std::string("last complete patch: ") + kPatchB),
      std::string::npos);
}

TEST_F(PatchSourceFiles, SeesDamagedHeaders) {
  pack(at("a.tar"), patch_files(kPatchA) + patch_files(kPatchB));
  std::string bytes = read_file(at("a.tar"));
  const size_t second = bytes.find("BigEarthNet-v1.0/S2B");
  bytes[second + 130] ^= 0x11;  // in the size
  write_file(at("damaged.tar"), bytes);
  EXPECT_NE(
      error_of([&] {
        (void)read_all(at("damaged.tar"), kMetadataOnly);
      }).find("damaged tar header"),
      std::string::npos);
}

TEST_F(PatchSourceFiles, RefusesWhatHoldsNoPatches) {
  EXPECT_NE(
      error_of([&] {
        (void)open_patch_source(at("none"), kMetadataOnly);
      }).find("no such"),
      std::string::npos);
  make_folder(at("empty"));
  EXPECT_NE(
      error_of([&] {
        (void)open_patch_source(at("empty"), kMetadataOnly);
      }).find("no BigEarthNet patches"),
      std::string::npos);
  write_file(at("text"), "hello");
  EXPECT_NE(
      error_of([&] {
        (void)read_all(at("text"), kMetadataOnly);
      }).find("neither a folder nor a tar archive"),
      std::string::npos);
  pack(at("other.tar"), {{"a/b.txt", "x"}});
  EXPECT_NE(
      error_of([&] {
        (void)read_all(at("other.tar"), kMetadataOnly);
      }).find("no BigEarthNet patches"),
      std::string::npos);
}

TEST_F(PatchSourceFiles, SaysWhyThereIsNoB10) {
  const std::string message =
      error_of([&] { (void)open_patch_source(at("x"), {.bands = {"B10"}}); });
  EXPECT_NE(message.find("cirrus"), std::string::npos);
}

TEST(BandProblem, NamesWrongSizeTypeAndDamage) {
  EXPECT_EQ(band_problem("B02", band_bytes("B02")), "");
  EXPECT_NE(
      band_problem("B02", band_bytes("B05")).find("60 x 60"),
      std::string::npos);
  raster::Image small(1, 119, 120, raster::PixelType::kUint16);
  EXPECT_NE(
      band_problem("B02", raster::encode_geotiff(small, {})).find("119 x 120"),
      std::string::npos);
  raster::Image real(1, 120, 120, raster::PixelType::kFloat32);
  EXPECT_NE(
      band_problem("B02", raster::encode_geotiff(real, {})).find("uint16"),
      std::string::npos);
  EXPECT_NE(
      band_problem("B02", band_bytes("B02").substr(0, 9000)).find("B02"),
      std::string::npos);
}

}  // namespace
}  // namespace nadir::data
