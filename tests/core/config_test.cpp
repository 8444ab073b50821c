#include "core/config.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir {
namespace {

struct InnerConfig {
  double student_temp = 0.1;
  std::vector<double> scale = {0.4, 1.0};

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(student_temp, "student_temp", "Temperature.");
    visit(scale, "scale", "Area range.");
  }
};

struct OuterConfig {
  InnerConfig loss;
  int64_t epochs = 100;
  bool use_fp16 = true;
  std::string data_path = "a \"b\"";
  std::vector<std::string> bands = {"B04", "B03"};

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit.section("loss", loss);
    visit(epochs, "epochs", "Passes over the data.");
    visit(use_fp16, "use_fp16", "Half precision.");
    visit(data_path, "data_path", "Images.");
    visit(bands, "bands", "Bands in order.");
  }
};

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.what();
  }
  return "";
}

TEST(Config, TomlOfAConfigReadsBackToTheSameConfig) {
  OuterConfig written;
  written.loss.student_temp = 0.07;
  written.loss.scale = {0.05, 2};
  written.epochs = 3;
  written.use_fp16 = false;
  written.bands = {"B12", "B8A"};
  OuterConfig read;
  read_toml(fields_of(read), to_toml(fields_of(written), true), "test");
  EXPECT_EQ(to_toml(fields_of(read)), to_toml(fields_of(written)));
  EXPECT_EQ(read.data_path, "a \"b\"");
  EXPECT_EQ(read.loss.scale, (std::vector<double>{0.05, 2}));
}

TEST(Config, ItemsOfTomlListsAreTakenAsTheyAre) {
  OuterConfig config;
  const auto fields = fields_of(config);
  read_toml(fields, "bands = ['a=B04,B03', ' b']", "test");
  EXPECT_EQ(config.bands, (std::vector<std::string>{"a=B04,B03", " b"}));
  read_toml(fields, "bands = 'B04,B03'", "test");
  EXPECT_EQ(config.bands, (std::vector<std::string>{"B04", "B03"}));
  EXPECT_NE(
      error_of([&] {
        read_toml(fields, "bands = [['a']]", "test");
      }).find("flat list"),
      std::string::npos);
}

TEST(Config, BooleansAcceptTheReferencesSpellings) {
  OuterConfig config;
  const auto fields = fields_of(config);
  for (const char* word : {"off", "FALSE", "0", "no"}) {
    config.use_fp16 = true;
    set_field(find_field(fields, "use-fp16"), word);
    EXPECT_FALSE(config.use_fp16) << word;
  }
  set_field(find_field(fields, "use_fp16"), "True");
  EXPECT_TRUE(config.use_fp16);
}

TEST(Config, UnknownKeysNameTheNearestKey) {
  OuterConfig config;
  const auto fields = fields_of(config);
  EXPECT_EQ(
      error_of([&] { read_toml(fields, "epoch = 3", "r.toml"); }),
      "r.toml:1: unknown key 'epoch', did you mean 'epochs'?");
  EXPECT_NE(
      error_of([&] {
        read_toml(fields, "[los]\nx = 1", "r.toml");
      }).find("unknown section [los], did you mean 'loss'?"),
      std::string::npos);
}

TEST(Config, WrongTypesNameKeyAndValue) {
  OuterConfig config;
  const auto fields = fields_of(config);
  EXPECT_EQ(
      error_of([&] { set_field(find_field(fields, "epochs"), "3x"); }),
      "epochs must be an integer, got '3x'");
  EXPECT_NE(
      error_of([&] {
        read_toml(fields, "epochs = [1]", "r");
      }).find("one value"),
      std::string::npos);
}

TEST(Config, SplitKeepsEmptyItemsAndTrims) {
  EXPECT_EQ(split("", ','), std::vector<std::string>{});
  EXPECT_EQ(
      split(" a, b ,,c", ','), (std::vector<std::string>{"a", "b", "", "c"}));
}

}  // namespace
}  // namespace nadir
