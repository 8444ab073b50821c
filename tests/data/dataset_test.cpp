#include "data/dataset.h"

#include <set>

#include <gtest/gtest.h>

#include "data/band_stack.h"
#include "data/catalog.h"
#include "data/fixtures.h"
#include "data/picture_dataset.h"
#include "support/shared_data.h"

namespace nadir::data {
namespace {

namespace fs = std::filesystem;
using raster::Image;
using raster::PixelType;

DatasetOptions at(const fs::path& path) {
  DatasetOptions options;
  options.data = path.string();
  return options;
}

std::vector<std::string> names_of(const Dataset& dataset) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < dataset.size(); ++i) {
    names.push_back(dataset.name(i));
  }
  return names;
}

TEST(ImageFolder, TakesClassesFromFolders) {
  const TemporaryFolder folder;
  make_png(folder.path() / "River" / "b.png", 3, 1);
  make_png(folder.path() / "River" / "a.png", 3, 2);
  make_png(folder.path() / "Forest" / "c.png", 3, 3);
  write_file(folder.path() / "README.txt", "no image");
  make_png(folder.path() / ".cache" / "x.png");
  const auto dataset = open_dataset(at(folder.path()));
  EXPECT_EQ(
      names_of(*dataset),
      (std::vector<std::string>{"Forest/c.png", "River/a.png", "River/b.png"}));
  EXPECT_EQ(
      dataset->class_names(), (std::vector<std::string>{"Forest", "River"}));
  EXPECT_FALSE(dataset->is_multi_label());
  EXPECT_EQ(dataset->labels(0)[0], 1);
  EXPECT_EQ(dataset->labels(2)[0], 0);
  EXPECT_EQ(dataset->labels(2)[1], 1);
  EXPECT_EQ(dataset->split(0), "");
  EXPECT_EQ(dataset->bands(), (std::vector<std::string>{"R", "G", "B"}));
  const Image image = dataset->read(1);
  EXPECT_EQ(image.band<uint8_t>(2)[6], 2 + 200 + 10 + 1);
  EXPECT_NE(dataset->description().find("3 images"), std::string::npos);
}

TEST(ImageFolder, TakesSplitsFromFoldersAboveTheClasses) {
  const TemporaryFolder folder;
  for (const char* split : {"train", "val", "test"}) {
    make_png(folder.path() / split / "x" / "1.png");
    make_png(folder.path() / split / "y" / "2.png");
  }
  const auto all = open_dataset(at(folder.path()));
  EXPECT_EQ(all->class_names(), (std::vector<std::string>{"x", "y"}));
  auto options = at(folder.path());
  options.split = "validation";
  const auto validation = open_dataset(options);
  EXPECT_EQ(
      names_of(*validation),
      (std::vector<std::string>{"val/x/1.png", "val/y/2.png"}));
  EXPECT_EQ(validation->split(0), "validation");
}

TEST(ImageFolder, IsUnlabelledWhenFlatOrNestedDeeper) {
  const TemporaryFolder flat;
  make_png(flat.path() / "1.png");
  EXPECT_TRUE(open_dataset(at(flat.path()))->class_names().empty());
  EXPECT_TRUE(open_dataset(at(flat.path()))->labels(0).empty());
  const TemporaryFolder nested;
  make_png(nested.path() / "a" / "b" / "1.png");
  make_png(nested.path() / "c" / "1.png");
  const auto dataset = open_dataset(at(nested.path()));
  EXPECT_TRUE(dataset->class_names().empty());
  EXPECT_EQ(dataset->size(), 2);
}

TEST(ImageFolder, SharesOutSplitsByNameWhereThereAreNone) {
  const TemporaryFolder folder;
  for (int i = 0; i < 200; ++i) {
    make_png(folder.path() / (std::to_string(i) + ".png"), 1);
  }
  std::set<std::string> seen;
  std::vector<size_t> sizes;
  for (const char* split : {"train", "validation", "test"}) {
    auto options = at(folder.path());
    options.split = split;
    const auto names = names_of(*open_dataset(options));
    sizes.push_back(names.size());
    seen.insert(names.begin(), names.end());
    EXPECT_EQ(names_of(*open_dataset(options)), names);
  }
  EXPECT_EQ(seen.size(), 200U);
  EXPECT_NEAR(static_cast<double>(sizes[1]), 16, 10);
  EXPECT_NEAR(static_cast<double>(sizes[2]), 40, 20);
}

TEST(ImageFolder, MaxImagesSpreadsItsChoice) {
  const TemporaryFolder folder;
  for (int i = 0; i < 10; ++i) {
    make_png(folder.path() / (std::to_string(i) + ".png"), 1);
  }
  auto options = at(folder.path());
  options.max_images = 5;
  EXPECT_EQ(
      names_of(*open_dataset(options)),
      (std::vector<std::string>{"1.png", "3.png", "5.png", "7.png", "9.png"}));
  options.max_images = 11;
  EXPECT_EQ(open_dataset(options)->size(), 10);
}

TEST(ImageFolder, RepeatsGreyImagesAmongColour) {
  const TemporaryFolder folder;
  make_png(folder.path() / "1.png", 3);
  make_png(folder.path() / "2.png", 1, 7);
  make_tiff(folder.path() / "3.tif", telling_image<uint8_t>(4, 4, 5));
  make_tiff(folder.path() / "4.tif", telling_image<uint16_t>(3, 4, 5));
  make_tiff(folder.path() / "5.tif", telling_image<uint8_t>(7, 4, 5));
  const auto dataset = open_dataset(at(folder.path()));
  const Image grey = dataset->read(1);
  ASSERT_EQ(grey.num_bands(), 3);
  EXPECT_EQ(grey.band<uint8_t>(2)[1], 8);
  EXPECT_EQ(dataset->read(2).num_bands(), 3);
  EXPECT_NE(
      error_of([&] { (void)dataset->read(3); }).find("4.tif has uint16"),
      std::string::npos);
  EXPECT_NE(
      error_of([&] { (void)dataset->read(4); }).find("5.tif has 7 band(s)"),
      std::string::npos);
}

// One grey picture in front once made a folder of colour ones red only.
TEST(ImageFolder, IsInColourThoughTheFirstImageIsGrey) {
  const TemporaryFolder folder;
  make_png(folder.path() / "1.png", 1);
  make_png(folder.path() / "2.png", 3);
  const auto dataset = open_dataset(at(folder.path()));
  EXPECT_EQ(dataset->bands(), (std::vector<std::string>{"R", "G", "B"}));
  EXPECT_EQ(dataset->read(0).num_bands(), 3);
  EXPECT_EQ(dataset->read(1).band<uint8_t>(2)[0], 200);
}

TEST(ImageFolder, OfGreyImagesRefusesALateColourOne) {
  const TemporaryFolder folder;
  for (int i = 10; i < 60; ++i) {
    make_png(folder.path() / (std::to_string(i) + ".png"), i == 59 ? 3 : 1);
  }
  const auto dataset = open_dataset(at(folder.path()));
  EXPECT_EQ(dataset->bands(), std::vector<std::string>{"Y"});
  EXPECT_EQ(dataset->read(3).num_bands(), 1);
  EXPECT_NE(
      error_of([&] { (void)dataset->read(49); }).find("59.png has 3 band(s)"),
      std::string::npos);
}

TEST(ImageFolder, OpensThoughTheFirstImageIsDamaged) {
  const TemporaryFolder folder;
  write_file(folder.path() / "1.png", "no picture");
  make_png(folder.path() / "2.png", 3);
  const auto dataset = open_dataset(at(folder.path()));
  EXPECT_EQ(dataset->bands().size(), 3U);
  EXPECT_NE(
      error_of([&] { (void)dataset->read(0); }).find("1.png"),
      std::string::npos);
}

TEST(ImageFolder, FollowsLinksButNotInCircles) {
  const TemporaryFolder folder;
  make_png(folder.path() / "data" / "a.png");
  make_png(folder.path() / "elsewhere" / "b.png");
  const auto data = folder.path() / "data";
  fs::create_symlink(folder.path() / "elsewhere", data / "more");
  fs::create_symlink("..", data / "back");
  fs::create_symlink("self", data / "self.png");
  const auto dataset = open_dataset(at(data));
  EXPECT_EQ(
      names_of(*dataset),
      (std::vector<std::string>{"a.png", "more/b.png", "self.png"}));
}

TEST(ImageFolder, GivesBandsByNameInTheOrderAsked) {
  const TemporaryFolder folder;
  make_png(folder.path() / "1.png", 3);
  auto options = at(folder.path());
  options.bands = {"B", "R"};
  const auto dataset = open_dataset(options);
  EXPECT_EQ(dataset->bands(), options.bands);
  const Image image = dataset->read(0);
  ASSERT_EQ(image.num_bands(), 2);
  EXPECT_EQ(image.band<uint8_t>(0)[0], 200);
  EXPECT_EQ(image.band<uint8_t>(1)[0], 0);
  options.bands = {"B", "G", "R"};
  EXPECT_EQ(open_dataset(options)->read(0).band<uint8_t>(0)[0], 200);
}

TEST(ImageFolder, ReadsThirteenBandEuroSat) {
  const fs::path data = shared_data();
  if (data.empty()) {
    GTEST_SKIP() << "no real data; set NADIR_SHARED_DATA";
  }
  auto options = at(data / "EuroSAT_MS_sample");
  options.bands = {"B08A", "B04", "B10"};
  const auto dataset = open_dataset(options);
  EXPECT_EQ(dataset->size(), 8);
  EXPECT_EQ(dataset->class_names().size(), 4U);
  EXPECT_EQ(dataset->bands(), (std::vector<std::string>{"B8A", "B04", "B10"}));
  const Image chosen = dataset->read(0);
  const Image whole =
      raster::read_image(data / "EuroSAT_MS_sample" / dataset->name(0));
  ASSERT_EQ(whole.num_bands(), 13);
  EXPECT_EQ(chosen.band<uint16_t>(0)[77], whole.band<uint16_t>(12)[77]);
  EXPECT_EQ(chosen.band<uint16_t>(1)[77], whole.band<uint16_t>(3)[77]);
  EXPECT_EQ(chosen.band<uint16_t>(2)[77], whole.band<uint16_t>(9)[77]);
}

TEST(ImageList, ReadsPathsAndLabels) {
  const TemporaryFolder folder;
  make_png(folder.path() / "im" / "a.png", 3, 1);
  make_png(folder.path() / "im" / "b c.png", 3, 2);
  write_file(
      folder.path() / "l.txt", "# comment\nim/b c.png\t10\n\nim/a.png 9\n");
  const auto dataset = open_dataset(at(folder.path() / "l.txt"));
  EXPECT_EQ(
      names_of(*dataset), (std::vector<std::string>{"im/b c.png", "im/a.png"}));
  EXPECT_EQ(dataset->class_names(), (std::vector<std::string>{"9", "10"}));
  EXPECT_FALSE(dataset->is_multi_label());
  EXPECT_EQ(dataset->labels(0)[1], 1);
  EXPECT_EQ(dataset->read(1).band<uint8_t>(0)[0], 1);

  write_file(folder.path() / "m.txt", "im/a.png x,y\nim/b c.png\ty\n");
  EXPECT_TRUE(open_dataset(at(folder.path() / "m.txt"))->is_multi_label());
  write_file(folder.path() / "u.txt", "im/a.png\n");
  EXPECT_TRUE(open_dataset(at(folder.path() / "u.txt"))->labels(0).empty());
}

TEST(ImageList, TakesNamesWithBlanksAndAMarkOfByteOrder) {
  const TemporaryFolder folder;
  make_png(folder.path() / "field 7.png");
  make_png(folder.path() / "field 8.png");
  write_file(
      folder.path() / "l.txt",
      "\xEF\xBB\xBF"
      "field 7.png\r\nfield 8.png\r\n");
  const auto dataset = open_dataset(at(folder.path() / "l.txt"));
  EXPECT_EQ(
      names_of(*dataset),
      (std::vector<std::string>{"field 7.png", "field 8.png"}));
  EXPECT_TRUE(dataset->class_names().empty());
  EXPECT_EQ(dataset->read(0).num_bands(), 3);
}

TEST(ImageList, NamesTheBadLine) {
  const TemporaryFolder folder;
  const auto error_with = [&](const std::string& text) {
    write_file(folder.path() / "l.txt", text);
    return error_of([&] { (void)open_dataset(at(folder.path() / "l.txt")); });
  };
  EXPECT_NE(error_with("a.png 1\nb.png\n").find("l.txt:2"), std::string::npos);
  EXPECT_NE(error_with("a.png\na.png\n").find("twice"), std::string::npos);
  EXPECT_NE(error_with("# x\n").find("no images"), std::string::npos);
  EXPECT_NE(error_with("a.png 1,\n").find("l.txt:1"), std::string::npos);
  EXPECT_NE(
      error_with(std::string("\0\1\2", 3)).find("neither an image nor a text"),
      std::string::npos);
  EXPECT_NE(error_with("gone.png\n").find("gone.png"), std::string::npos);
}

TEST(Scenes, AreSeenThroughWindows) {
  const TemporaryFolder folder;
  make_tiff(folder.path() / "s.tif", telling_image<uint16_t>(2, 45, 50));
  auto options = at(folder.path());
  options.window_px = 10;
  const auto dataset = open_dataset(options);
  EXPECT_EQ(dataset->size(), 20);
  EXPECT_EQ(dataset->name(6), "s.tif@10,10");
  const Image image = dataset->read(6);
  EXPECT_EQ(image.width(), 10);
  EXPECT_EQ(image.band<uint16_t>(1)[11], 100 + 110 + 11);
  options.data = (folder.path() / "s.tif").string();
  EXPECT_EQ(open_dataset(options)->size(), 20);
  options.window_px = 100;
  EXPECT_NE(
      error_of([&] { (void)open_dataset(options); }).find("is one image"),
      std::string::npos);
}

TEST(OpenDataset, SaysWhatIsWrong) {
  const TemporaryFolder folder;
  const auto error_at = [](const DatasetOptions& options) {
    return error_of([&] { (void)open_dataset(options); });
  };
  EXPECT_NE(
      error_at(at(folder.path() / "x")).find("there is no"), std::string::npos);
  EXPECT_NE(
      error_at(at(folder.path())).find("holds no images"), std::string::npos);
  EXPECT_NE(error_at(at("")).find("no path"), std::string::npos);
  write_file(folder.path() / "b.tar.gz", "");
  EXPECT_NE(
      error_at(at(folder.path() / "b.tar.gz")).find("nadir data pack"),
      std::string::npos);
  make_png(folder.path() / "1.png");
  auto options = at(folder.path());
  options.bands = {"B10"};
  EXPECT_NE(error_at(options).find("cirrus"), std::string::npos);
  options.bands = {"X"};
  EXPECT_NE(error_at(options).find("the data has R,G,B"), std::string::npos);
  options.bands = {"R", "R"};
  EXPECT_NE(error_at(options).find("twice"), std::string::npos);
  options = at(folder.path());
  options.split = "vall";
  EXPECT_NE(error_at(options).find("got 'vall'"), std::string::npos);
  options.split = "";
  options.max_images = -1;
  EXPECT_NE(error_at(options).find("got -1"), std::string::npos);
}

TEST(OpenDataset, NamesAnEmptySplit) {
  const TemporaryFolder folder;
  make_png(folder.path() / "train" / "1.png");
  auto options = at(folder.path());
  options.split = "test";
  EXPECT_NE(
      error_of([&] {
        (void)open_dataset(options);
      }).find("no images in the split 'test' (train 1"),
      std::string::npos);
}

TEST(Bands, HaveOneSpelling) {
  EXPECT_EQ(canonical_band("B2"), "B02");
  EXPECT_EQ(canonical_band("b12"), "B12");
  EXPECT_EQ(canonical_band("B08A"), "B8A");
  EXPECT_EQ(canonical_band("B8a"), "B8A");
  EXPECT_EQ(canonical_band("B"), "B");
  EXPECT_EQ(canonical_band("VV"), "VV");
  EXPECT_EQ(canonical_band("Blue"), "Blue");
}

TEST(StackBands, RepeatsCoarsePixels) {
  const auto fine = telling_image<uint16_t>(1, 4, 6);
  const auto coarse = telling_image<uint16_t>(1, 2, 2, 500);
  const std::vector<BandView> bands = {
      view_of(coarse, 0, "c"), view_of(fine, 0, "f")};
  const Image image = stack_bands(bands, "x");
  ASSERT_EQ(image.height(), 4);
  EXPECT_EQ(
      std::vector<uint16_t>(
          image.band<uint16_t>(0).begin(), image.band<uint16_t>(0).begin() + 6),
      (std::vector<uint16_t>{500, 500, 500, 501, 501, 501}));
  EXPECT_EQ(image.band<uint16_t>(0)[6], 500);
  EXPECT_EQ(image.band<uint16_t>(0)[12], 510);
  EXPECT_EQ(image.band<uint16_t>(1)[23], 35);
}

TEST(StackBands, MixesTypesAsFloat) {
  const auto counts = telling_image<uint16_t>(1, 2, 2);
  const auto decibels = telling_image<float>(1, 2, 2, -20);
  const std::vector<BandView> bands = {
      view_of(counts, 0, "B02"), view_of(decibels, 0, "VV")};
  const Image image = stack_bands(bands, "x");
  EXPECT_EQ(image.type(), PixelType::kFloat32);
  EXPECT_EQ(image.band<float>(0)[3], 11);
  EXPECT_EQ(image.band<float>(1)[0], -20);
}

TEST(StackBands, RefusesGridsThatDoNotFit) {
  const auto fine = telling_image<uint8_t>(1, 120, 120);
  const auto odd = telling_image<uint8_t>(1, 119, 119);
  const std::vector<BandView> bands = {
      view_of(fine, 0, "B02"), view_of(odd, 0, "B03")};
  EXPECT_NE(
      error_of([&] {
        (void)stack_bands(bands, "patch p");
      }).find("patch p: band B03 of 119 x 119"),
      std::string::npos);
}

}  // namespace
}  // namespace nadir::data
