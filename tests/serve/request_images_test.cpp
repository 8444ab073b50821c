#include "serve/request_images.h"

#include <filesystem>
#include <limits>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "data/band_stack.h"
#include "raster/geotiff.h"
#include "raster/image_file.h"
#include "serve/images.h"

namespace nadir::serve {
namespace {

namespace fs = std::filesystem;
using raster::Image;
using raster::PixelType;

Image only_image(
    const std::string& content_type,
    const std::string& body,
    const ImageRules& rules) {
  const auto images = open_images(body_format(content_type), body, rules);
  EXPECT_EQ(images.count, 1);
  return images.read(0);
}

std::string refusal(
    const std::string& content_type,
    const std::string& body,
    const ImageRules& rules) {
  try {
    const auto images = open_images(body_format(content_type), body, rules);
    for (int64_t i = 0; i < images.count; ++i) {
      (void)images.read(i);
    }
  } catch (const Error& error) {
    EXPECT_NE(error.code(), ErrorCode::kInternal);
    return error.what();
  }
  return "accepted";
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string blob_of(const Image& image, const std::vector<std::string>& names) {
  std::vector<data::BandView> views;
  for (size_t b = 0; b < names.size(); ++b) {
    views.push_back(data::view_of(image, static_cast<int64_t>(b), names[b]));
  }
  return std::string(data::encode_blob(views).bytes());
}

std::string tiff_of(const Image& image) {
  return raster::encode_geotiff(image, {});
}

TEST(RequestImages, TakeEveryFormatToTheSamePixels) {
  const auto rules = rules_for();
  const auto image = noise<uint8_t>(3, 6, 5);
  const auto png = raster::encode_png(image);
  for (const auto& [type, body] :
       std::vector<std::pair<std::string, std::string>>{
           {"image/png", png},
           {"IMAGE/PNG; charset=binary", png},
           {"image/tiff", tiff_of(image)},
           {"application/x-npy", npy_of("|u1", "(3, 6, 5)", bytes_of(image))},
           {"application/x-safetensors", blob_of(image, {"R", "G", "B"})},
           {"application/json",
            "{\"instances\": [{\"data\": \"" + base64(png) +
                "\", \"content_type\": \"image/png\"}]}"},
           {"application/jsonlines",
            "\n{\"data\": \"" + base64(png) +
                "\", \"content_type\": \"image/png\"}\r\n\n"}}) {
    EXPECT_EQ(bytes_of(only_image(type, body, rules)), bytes_of(image)) << type;
  }
}

TEST(RequestImages, OfAnArrayAreItsFirstDimension) {
  const auto rules = sentinel_rules();
  const auto image = noise<uint16_t>(6, 4, 4);
  const auto images = open_images(
      BodyFormat::kNpy, npy_of("<u2", "(2, 3, 4, 4)", bytes_of(image)), rules);
  ASSERT_EQ(images.count, 2);
  EXPECT_EQ(bytes_of(images.read(1)), bytes_of(image).substr(3 * 4 * 4 * 2));
  EXPECT_TRUE(
      has(refusal(
              "application/x-npy",
              npy_of("<u2", "(6, 4, 4)", bytes_of(image)),
              rules),
          "B04,B03,B02"));
}

TEST(RequestImages, OfBandTensorsAreInTheNetworksOrderOnTheFinestGrid) {
  auto rules = rules_for({"B8A", "B02"}, "div10000", PixelType::kUint16);
  const auto coarse = noise<uint16_t>(1, 2, 2);
  const auto fine = noise<uint16_t>(1, 4, 4, 2);
  const std::vector<data::BandView> views = {
      data::view_of(fine, 0, "B02"),
      data::view_of(fine, 0, "B03"),
      data::view_of(coarse, 0, "B8A")};
  const auto image = only_image(
      "application/x-safetensors",
      std::string(data::encode_blob(views).bytes()),
      rules);
  EXPECT_EQ(image.band<uint16_t>(0)[5], coarse.band<uint16_t>(0)[0]);
  EXPECT_EQ(image.band<uint16_t>(1)[5], fine.band<uint16_t>(0)[5]);
  EXPECT_TRUE(
      has(refusal(
              "application/x-safetensors",
              std::string(data::encode_blob({views.data(), 2}).bytes()),
              rules),
          "there is no band B8A"));
}

TEST(RequestImages, OfAGreyPictureAreThreeEqualBands) {
  const auto image = noise<uint8_t>(1, 4, 4);
  const auto png = raster::encode_png(image);
  const auto read = only_image("image/png", png, rules_for());
  EXPECT_EQ(
      bytes_of(read), bytes_of(image) + bytes_of(image) + bytes_of(image));
  EXPECT_TRUE(has(refusal("image/png", png, sentinel_rules()), "grey"));
}

TEST(RequestImages, AreRefusedWhereBandsOrPixelsAreOthers) {
  const auto color = noise<uint8_t>(3, 4, 4);
  EXPECT_TRUE(
      has(refusal("image/png", raster::encode_png(color), sentinel_rules()),
          "B04,B03,B02"));
  EXPECT_TRUE(
      has(refusal("image/tiff", tiff_of(color), sentinel_rules()), "8 bits"));
  EXPECT_TRUE(
      has(refusal("image/tiff", tiff_of(noise<uint16_t>(3, 4, 4)), rules_for()),
          "16 bits"));
  EXPECT_TRUE(has(
      refusal(
          "image/tiff", tiff_of(noise<uint16_t>(5, 4, 4)), sentinel_rules()),
      "the file has 5"));
  auto infinite = noise<float>(3, 4, 4);
  infinite.band<float>(1)[3] = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(
      has(refusal(
              "application/x-npy",
              npy_of("<f4", "(3, 4, 4)", bytes_of(infinite)),
              rules_for()),
          "band G holds infinite"));
  infinite.band<float>(1)[3] = std::numeric_limits<float>::quiet_NaN();
  (void)only_image(
      "application/x-npy",
      npy_of("<f4", "(3, 4, 4)", bytes_of(infinite)),
      rules_for());
}

TEST(RequestImages, AreRefusedBeforeTheirPixelsAreAllocated) {
  auto rules = rules_for();
  rules.max_image_bytes = 1000;
  const auto image = noise<uint8_t>(3, 40, 40);
  for (const auto& [type, body] :
       std::vector<std::pair<std::string, std::string>>{
           {"image/png", raster::encode_png(image)},
           {"image/tiff", tiff_of(image)},
           {"application/x-npy", npy_of("|u1", "(3, 40, 40)", bytes_of(image))},
           {"application/x-safetensors", blob_of(image, {"R", "G", "B"})}}) {
    EXPECT_TRUE(has(refusal(type, body, rules), "1000")) << type;
  }
  // A header of 60,000 x 60,000 pixels in front of few bytes.
  auto bomb = raster::encode_png(image);
  bomb.replace(16, 8, std::string("\x00\x00\xea\x60\x00\x00\xea\x60", 8));
  EXPECT_NE(refusal("image/png", bomb, rules_for()), "accepted");
}

TEST(RequestImages, AreRefusedWithTheNameOfWhatIsWrong) {
  const auto rules = rules_for();
  const auto png = base64(raster::encode_png(noise<uint8_t>(3, 4, 4)));
  const std::string good =
      "{\"data\": \"" + png + "\", \"content_type\": \"image/png\"}";
  const auto json = [&](const std::string& instance) {
    return refusal(
        "application/json",
        "{\"instances\": [" + good + "," + instance + "]}",
        rules);
  };
  EXPECT_TRUE(has(json("3"), "instances[1]"));
  EXPECT_TRUE(has(json("{}"), "content_type"));
  EXPECT_TRUE(has(
      json("{\"data\": \"x\", \"content_type\": \"image/png\"}"), "base64"));
  EXPECT_TRUE(
      has(json("{\"data\": 1, \"content_type\": \"image/png\"}"),
          "must be a text"));
  EXPECT_TRUE(
      has(json("{\"data\": \"\", \"content_type\": \"application/json\"}"),
          "JSON does not hold JSON"));
  EXPECT_TRUE(has(json("{\"patc\": \"x\"}"), "patc"));
  EXPECT_TRUE(has(json("{\"patch\": \"x\"}"), "--allow-paths"));
  EXPECT_TRUE(has(json("{\"patch\": \"s3://a/b\"}"), "s3://"));
  EXPECT_TRUE(
      has(refusal("application/jsonlines", good + "\nx", rules), "line 2"));
  EXPECT_TRUE(has(refusal("image/jpeg", "GIF89a", rules), "JPEG"));
  EXPECT_TRUE(has(refusal("image/png", "", rules), "empty"));
  for (const char* body :
       {"{}",
        "[]",
        "{\"instances\": []}",
        "{\"instances\": 3}",
        "\xff",
        "\n",
        "{\"instances\": [], \"x\": 1}"}) {
    EXPECT_NE(refusal("application/json", body, rules), "accepted") << body;
  }
  EXPECT_THROW((void)body_format("text/plain"), Error);
  EXPECT_THROW((void)body_format(""), Error);
}

TEST(RequestImages, AreRefusedWhereJsonWouldNeedFarMoreMemoryThanItsBytes) {
  const std::string deep = "{\"instances\": " + std::string(1'000'000, '[');
  EXPECT_TRUE(
      has(refusal("application/json", deep, rules_for()), "deeper than"));
  std::string wide = "{\"instances\": [";
  for (int i = 0; i < 300'000; ++i) {
    wide += "{},";
  }
  EXPECT_TRUE(
      has(refusal("application/json", wide + "{}]}", rules_for()), "values"));
}

TEST(RequestImages, AreReadFromTheAllowedFolderOnly) {
  const TemporaryFolder folder;
  const fs::path root = folder.path() / "root";
  const auto image = noise<uint16_t>(3, 4, 4);
  make_folder(root / "P");
  const std::vector<std::string> bands = {"B04", "B03", "B02"};
  for (int b = 0; b < 3; ++b) {
    Image one(1, 4, 4, PixelType::kUint16);
    const auto src = image.band<uint16_t>(b);
    std::copy(src.begin(), src.end(), one.band<uint16_t>(0).begin());
    write_file(root / "P" / ("P_" + bands[b] + ".tif"), tiff_of(one));
  }
  write_file(root / "all.tif", tiff_of(image));
  write_file(folder.path() / "outside.tif", tiff_of(image));
  fs::create_symlink(folder.path() / "outside.tif", root / "link.tif");
  fs::create_symlink(root / "all.tif", root / "inside.tif");
  auto rules = sentinel_rules();
  rules.allowed_paths = root;
  const auto line = [](const std::string& path) {
    return "{\"patch\": \"" + path + "\"}";
  };
  for (const char* path : {"P", "P/", "all.tif", "./P/../P", "inside.tif"}) {
    EXPECT_EQ(
        bytes_of(only_image("application/jsonlines", line(path), rules)),
        bytes_of(image))
        << path;
  }
  for (const auto& path :
       {std::string("../outside.tif"),
        std::string("link.tif"),
        (folder.path() / "outside.tif").string(),
        std::string("nothing"),
        std::string(""),
        std::string("P/P_B04.tif\\u0000"),
        std::string("/dev/zero")}) {
    EXPECT_NE(refusal("application/jsonlines", line(path), rules), "accepted")
        << path;
  }
  rules.max_file_bytes = 10;
  EXPECT_TRUE(has(
      refusal("application/jsonlines", line("all.tif"), rules), "at most 10"));
}

}  // namespace
}  // namespace nadir::serve
