// Every reader of files from outside, given valid files with random damage: it
// may read them or refuse them with an Error, and nothing else. Seeded, and
// short; NADIR_MUTATIONS=100000 in a build with sanitisers searches longer.
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <random>

#include <gtest/gtest.h>

#include "core/json.h"
#include "data/dataset_info.h"
#include "data/fixtures.h"
#include "data/index_catalog.h"
#include "data/labels.h"
#include "data/official_lists.h"
#include "data/patch_fixtures.h"
#include "data/patch_metadata.h"
#include "data/patch_source.h"
#include "data/safetensors_blob.h"
#include "raster/image_file.h"
#include "raster/strip_tiff.h"
#include "table/parquet.h"

namespace nadir::data {
namespace {

using Random = std::mt19937_64;

int num_mutations(int usual) {
  const char* wanted = std::getenv("NADIR_MUTATIONS");
  return wanted != nullptr ? std::atoi(wanted) : usual;
}

// A place in the bytes, most often in the first ones, where headers are.
size_t some_place(const std::string& bytes, Random& random) {
  const size_t end =
      random() % 2 == 0 ? std::min<size_t>(bytes.size(), 600) : bytes.size();
  return random() % end;
}

std::string some_part(const std::string& bytes, Random& random) {
  return bytes.substr(some_place(bytes, random), random() % 64);
}

void damage(std::string& bytes, Random& random) {
  static const std::vector<std::string> texts = {
      std::string(4, '\0'),
      "\xFF\xFF\xFF\xFF",
      "\xFF\xFF\xFF\x7F",
      std::string("\0\0\0\x80", 4),
      "9223372036854775807",
      "-1",
      "1e999",
      "null",
      "[]",
      "{",
      "\"",
      "\xC3"};
  if (bytes.empty()) {
    return;
  }
  const size_t at = some_place(bytes, random);
  const std::string& text = texts[random() % texts.size()];
  switch (random() % 8) {
    case 0:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << (random() % 8)));
      break;
    case 1:
      bytes[at] = static_cast<char>(random());
      break;
    case 2:
      bytes.replace(at, std::min(text.size(), bytes.size() - at), text);
      break;
    case 3:
      bytes.insert(at, text);
      break;
    case 4:
      bytes.resize(at);
      break;
    case 5:
      bytes.erase(at, random() % 64);
      break;
    case 6:
      bytes.insert(at, some_part(bytes, random));
      break;
    default: {
      const std::string part = some_part(bytes, random);
      bytes.replace(at, std::min(part.size(), bytes.size() - at), part);
    }
  }
}

// Damages `valid` in one to four ways, again and again, and calls `read`.
// Whatever is no nadir::Error fails the test, as does a call that takes long.
void expect_errors_only(
    const std::string& valid,
    int usual,
    const std::function<void(const std::string&)>& read) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::seconds kLong(20);
  EXPECT_NO_THROW(read(valid));
  for (int i = 0; i < num_mutations(usual); ++i) {
    Random random(static_cast<uint64_t>(i));
    std::string bytes = valid;
    for (uint64_t n = 1 + random() % 4; n > 0; --n) {
      damage(bytes, random);
    }
    const auto begin = Clock::now();
    try {
      read(bytes);
    } catch (const Error& error) {
      EXPECT_NE(error.code(), ErrorCode::kInternal) << i << error.what();
    } catch (const std::exception& error) {
      ADD_FAILURE() << "mutation " << i << ": " << error.what();
    }
    EXPECT_LT(Clock::now() - begin, kLong) << "mutation " << i;
  }
}

// The same for readers that take a path.
void expect_file_errors_only(
    const std::string& valid,
    int usual,
    const std::function<void(const std::filesystem::path&)>& read) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "file";
  expect_errors_only(valid, usual, [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    read(path);
  });
}

TEST(Mutations, OfGeotiffs) {
  expect_errors_only(band_bytes("B01"), 1000, [](const std::string& bytes) {
    (void)raster::read_strip_tiff(bytes, "b");
    (void)raster::decode_raster(bytes, "b");
  });
}

TEST(Mutations, OfPngs) {
  const auto png = raster::encode_png(telling_image<uint8_t>(3, 40, 40));
  expect_errors_only(png, 500, [](const std::string& bytes) {
    (void)raster::decode_image(bytes, "p");
  });
}

TEST(Mutations, OfPatchMetadata) {
  expect_errors_only(
      json_text(patch_json(), 2), 1000, [](const std::string& bytes) {
        const auto metadata = parse_patch_metadata(bytes);
        (void)to_labels_19(metadata.labels);
        (void)season_of(metadata.acquisition_date);
        raster::TransformerCache transformers(raster::kIndexCrs);
        (void)ring_wkb(ring_of(metadata.box, transformers));
      });
}

TEST(Mutations, OfSafetensors) {
  const auto image = telling_image<uint16_t>(1, 9, 9);
  const std::vector<BandView> views = {
      {"B02", image.type(), 9, 9, image.bytes().data()},
      {"B03", image.type(), 9, 9, image.bytes().data()}};
  const std::string blob(encode_blob(views).bytes());
  expect_errors_only(blob, 2000, [](const std::string& bytes) {
    const BlobLayout layout(bytes, "b");
    for (const auto& band : layout.bands()) {
      EXPECT_GE(band.offset, 0);
      EXPECT_LE(
          band.offset + band.num_bytes, static_cast<int64_t>(bytes.size()));
    }
  });
}

TEST(Mutations, OfArchives) {
  const TemporaryFolder folder;
  for (const char* filter : {"none", "gzip", "zstd", "bzip2"}) {
    pack(
        folder.path() / "a",
        patch_files(kPatchA) + patch_files(kPatchB),
        filter,
        true);
    expect_file_errors_only(
        read_file(folder.path() / "a"),
        25,
        [](const std::filesystem::path& path) {
          const auto source = open_patch_source(
              path, {.bands = {"B02", "B01"}, .needs_metadata = true});
          while (source->next()) {
          }
        });
  }
}

TEST(Mutations, OfIndexFiles) {
  table::Table table;
  table.columns.push_back({"name", table::TextColumn{kPatchA, kPatchB}});
  table.columns.push_back(
      {"new_labels",
       table::TextListColumn{
           table::TextList{"Pastures", "Mixed forest"}, std::nullopt}});
  table.columns.push_back(
      {"original_split", table::TextColumn{"train", std::nullopt}});
  table.columns.push_back({"geometry", table::BytesColumn{{"abc", "d"}}});
  table.columns.push_back({"snow", table::FlagColumn{false, true}});
  const TemporaryFolder folder;
  table::write_parquet(folder.path() / "i", table);
  expect_file_errors_only(
      read_file(folder.path() / "i"),
      300,
      [](const std::filesystem::path& path) {
        (void)read_bigearthnet_catalog(path);
        (void)table::read_parquet(path);
      });
}

TEST(Mutations, OfDatasetInfo) {
  DatasetInfo info;
  info.bands = {{.name = "B02", .height = 120, .width = 120}};
  info.class_names = {"a", "b"};
  info.counts = {{"all", 3}};
  info.statistics = {{"B02"}, {1}, {1}, {0}, {9}, {1}, {8}};
  info.packing = {{"source", "x"}};
  const TemporaryFolder folder;
  write_dataset_info(folder.path(), info);
  const auto path = folder.path() / kDatasetFile;
  expect_errors_only(read_file(path), 300, [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    (void)read_dataset_info(folder.path());
  });
}

TEST(Mutations, OfCountryLists) {
  expect_file_errors_only(
      std::string("s1_name,s2_name,country\nx,") + kPatchA + ",Austria\ny," +
          kPatchB + ",Finland\n",
      200,
      [](const std::filesystem::path& path) {
        (void)read_country_list(path, {kPatchA, kPatchB});
      });
}

}  // namespace
}  // namespace nadir::data
