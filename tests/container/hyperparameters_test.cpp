#include "container/hyperparameters.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir::container {
namespace {

Hyperparameters decoded(const std::string& json) {
  return decode_hyperparameters(json, "hyperparameters.json");
}

TEST(Hyperparameters, AreReadAsBothKindsOfSdkWriteThem) {
  struct Case {
    const char* json;  // of the value
    const char* text;  // as a flag takes it
  };

  for (const auto& [json, text] : std::vector<Case>{
           {R"("\"vit_small\"")", "vit_small"},  // json.dumps
           {R"("vit_small")", "vit_small"},      // str
           {R"("16")", "16"},
           {R"("0.0005")", "0.0005"},
           {R"("1e-06")", "1e-06"},
           {R"("true")", "true"},
           {R"("True")", "True"},
           {R"("\"True\"")", "True"},
           {R"("[1, 4]")", "1,4"},
           {R"("[\"cls\", \"cls+mean\"]")", "cls,cls+mean"},
           {R"("B04,B03,B02")", "B04,B03,B02"},
           {R"("\"\"")", ""},
           {R"("")", ""},
           {R"("007")", "007"},  // no number in JSON
           {R"("{broken")", "{broken"},
           {R"("s3://bucket/x")", "s3://bucket/x"},
           {"16", "16"}}) {  // a text is usual, but nothing else is meant
    const auto all = decoded(std::string(R"({"x": )") + json + "}");
    EXPECT_EQ(all.text("x"), text) << json;
  }
}

TEST(Hyperparameters, ThatAreNothingAreNotSet) {
  const auto all = decoded(R"({"a": "null", "b": "None", "c": null})");
  EXPECT_TRUE(all.user.empty());
}

TEST(Hyperparameters, TakeDashesAsUnderscores) {
  EXPECT_EQ(decoded(R"({"patch-size": "16"})").text("patch_size"), "16");
  try {
    (void)decoded(R"({"patch-size": "16", "patch_size": "8"})");
    FAIL() << "two values were taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(
        std::string(error.what()).find("patch_size is there twice"),
        std::string::npos);
  }
}

TEST(Hyperparameters, OfTheFrameworkAreApart) {
  const auto all = decoded(
      R"({"sagemaker_program": "\"main_dino.py\"", "epochs": "100",
          "sagemaker_distributed_dataparallel_enabled": "true",
          "default_user_module_name": "x", "_tuning_objective_metric": "y"})");
  EXPECT_EQ(all.user.size(), 1);
  EXPECT_TRUE(all.has("epochs"));
  EXPECT_EQ(all.framework.at("sagemaker_program"), "main_dino.py");
  EXPECT_EQ(
      all.framework.at("sagemaker_distributed_dataparallel_enabled"), true);
  EXPECT_EQ(all.framework.size(), 4);
  EXPECT_EQ(
      framework_params(all),
      R"({"sagemaker_distributed_dataparallel_enabled":true})");
}

TEST(Hyperparameters, ThatNoFlagCanTakeAreRefused) {
  for (const char* json :
       {R"({"x": "{\"a\": 1}"})",
        R"({"x": "[\"a,b\"]"})",
        R"({"x": "[[1], [2]]"})"}) {
    EXPECT_THROW((void)decoded(json).text("x"), Error) << json;
  }
}

TEST(Hyperparameters, MustBeAnObject) {
  for (const char* json : {"", "[]", "7", "{"}) {
    try {
      (void)decoded(json);
      FAIL() << json;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruptData) << json;
    }
  }
}

}  // namespace
}  // namespace nadir::container
