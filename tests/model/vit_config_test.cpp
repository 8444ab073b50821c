#include "model/vit_config.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir::model {
namespace {

std::string message_of(const std::string& arch) {
  try {
    static_cast<void>(vit_shape(arch));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(VitConfig, KnowsTheThreeNetworksOfThePaper) {
  EXPECT_EQ(vit_shape("vit_tiny").dim, 192);
  EXPECT_EQ(vit_shape("vit_small").num_heads, 6);
  EXPECT_EQ(vit_shape("vit_base").depth, 12);
}

TEST(VitConfig, GivesEveryHead64Channels) {
  for (const std::string& name : vit_names()) {
    const VitShape shape = vit_shape(name);
    EXPECT_EQ(shape.dim, 64 * shape.num_heads) << name;
  }
}

TEST(VitConfig, TakesTheReferencesAliases) {
  EXPECT_EQ(vit_shape("deit_tiny").dim, vit_shape("vit_tiny").dim);
  EXPECT_EQ(vit_shape("deit_small").dim, vit_shape("vit_small").dim);
}

TEST(VitConfig, RefusesAnUnknownNameWithTheNearest) {
  EXPECT_NE(message_of("vit_smal").find("'vit_small'"), std::string::npos);
  EXPECT_NE(message_of("resnet50").find("not offered"), std::string::npos);
  EXPECT_NE(message_of("deit_base").find("vit_base"), std::string::npos);
}

TEST(VitConfig, RefusesCropsThatAreNoMultipleOfThePatch) {
  EXPECT_EQ(position_grid_side({.patch_size = 16, .image_size = 224}), 14);
  EXPECT_THROW(
      static_cast<void>(
          position_grid_side({.patch_size = 16, .image_size = 100})),
      Error);
  EXPECT_THROW(static_cast<void>(position_grid_side({.patch_size = 0})), Error);
}

}  // namespace
}  // namespace nadir::model
