#include "atlas/atlas_file.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "table/parquet.h"

namespace nadir::atlas {
namespace {

Atlas some_atlas() {
  Atlas atlas;
  atlas.names = {"a", "b"};
  atlas.places = {1, -2.5F, 0, 1e-3F};
  atlas.method = "umap";
  atlas.umap.neighbours = 7;
  atlas.umap.min_dist = 0.25;
  atlas.umap.epochs = 300;
  atlas.umap.seed = int64_t{1} << 62;
  atlas.embeddings_sha256 = "0123";
  atlas.trustworthiness = 0.875;
  return atlas;
}

TEST(AtlasFile, GivesBackWhatWasWritten) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "atlas.parquet";
  auto atlas = some_atlas();
  write_atlas(path, atlas);
  const auto found = read_atlas(path);
  EXPECT_EQ(found.names, atlas.names);
  EXPECT_EQ(found.places, atlas.places);
  EXPECT_EQ(found.method, "umap");
  EXPECT_EQ(found.umap.neighbours, 7);
  EXPECT_EQ(found.umap.min_dist, 0.25);
  EXPECT_EQ(found.umap.epochs, 300);
  EXPECT_EQ(found.umap.seed, atlas.umap.seed);
  EXPECT_EQ(found.embeddings_sha256, "0123");
  EXPECT_EQ(found.trustworthiness, 0.875);

  atlas.method = "pca";
  atlas.explained = {0.5, 0.25};
  atlas.trustworthiness = std::nullopt;
  write_atlas(path, atlas);
  EXPECT_EQ(read_atlas(path).method, "pca");
  EXPECT_EQ(read_atlas(path).explained, atlas.explained);
  EXPECT_EQ(read_atlas(path).trustworthiness, std::nullopt);
}

TEST(AtlasFile, RefusesOthers) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "other.parquet";
  EXPECT_THROW(static_cast<void>(read_atlas(path)), Error);
  table::Table table;
  table.columns.push_back({"name", table::TextColumn{"x"}});
  table.columns.push_back({"x", table::NumberColumn{0}});
  table.columns.push_back({"y", table::NumberColumn{std::nan("")}});
  const std::string good =
      R"({"format":1,"method":"pca","embeddings_sha256":""})";
  for (const std::string& description :
       {std::string("{}"),
        std::string("{"),
        std::string(R"({"format":2,"method":"pca","embeddings_sha256":""})"),
        std::string(R"({"format":1,"method":"umap","embeddings_sha256":""})"),
        good}) {  // its place is not finite
    table::write_parquet(path, table, {{"nadir_atlas", description}});
    EXPECT_THROW(static_cast<void>(read_atlas(path)), Error) << description;
  }
  table::write_parquet(path, table);
  EXPECT_THROW(static_cast<void>(read_atlas(path)), Error);
}

}  // namespace
}  // namespace nadir::atlas
