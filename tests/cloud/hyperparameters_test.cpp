// From a command's flags to hyperparameters.
#include "cloud/hyperparameters.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir::cloud {
namespace {

void expect_hyperparameter_refused(
    const Pairs& pairs, const std::string& words) {
  static const KnownHyperparameters known = {
      {{"epochs", true, "integer"},
       {"lr", true, "number"},
       {"flip", false, ""},
       {"use_bn", true, "on|off"},
       {"arch", true, "text"}},
      {"data_dir", "nadir_command"},
      {"resume"}};
  try {
    check_hyperparameters(pairs, known, "nadir pretrain");
    EXPECT_EQ(words, "");
  } catch (const Error& error) {
    EXPECT_NE(words, "") << error.what();
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos)
        << error.what();
  }
}

TEST(Hyperparameters, AreReadFromFlags) {
  EXPECT_EQ(
      parse_flag_words(
          {"--epochs",
           "100",
           "--batch-size=8",
           "--overwrite",
           "--bands",
           "B04",
           "B03",
           "--shift",
           "-1.5"}),
      (Pairs{
          {"epochs", "100"},
          {"batch_size", "8"},
          {"overwrite", "true"},
          {"bands", "B04,B03"},
          {"shift", "-1.5"}}));
  EXPECT_THROW((void)parse_flag_words({"epochs", "100"}), Error);
  EXPECT_THROW((void)parse_flag_words({"-k", "3"}), Error);
  EXPECT_THROW((void)parse_flag_words({"--a", "1", "--a", "2"}), Error);
}

TEST(Hyperparameters, AreHeldAgainstTheCommandsFlags) {
  expect_hyperparameter_refused(
      {{"epochs", "100"}, {"lr", "5e-4"}, {"use-bn", "True"}}, "");
  expect_hyperparameter_refused(
      {{"data_dir", "/opt/ml/input/data/train"}, {"nadir_command", "x"}}, "");
  expect_hyperparameter_refused(
      {{"resume", "auto"}}, "is the container's to set");
  expect_hyperparameter_refused({{"epoch", "1"}}, "did you mean 'epochs'?");
  expect_hyperparameter_refused({{"epochs", "ten"}}, "must be an integer");
  expect_hyperparameter_refused({{"lr", "fast"}}, "must be a number");
  expect_hyperparameter_refused({{"flip", "3"}}, "must be true or false");
}

TEST(Hyperparameters, AreEncodedAsTheSdkDoes) {
  EXPECT_EQ(encode_hyperparameter("vit_small"), "\"vit_small\"");
  EXPECT_EQ(encode_hyperparameter("16"), "16");
  EXPECT_EQ(encode_hyperparameter("0.0005"), "0.0005");
  EXPECT_EQ(encode_hyperparameter("true"), "true");
  EXPECT_EQ(encode_hyperparameter("[1, 2]"), "[1, 2]");
  EXPECT_EQ(encode_hyperparameter("a\"b"), "\"a\\\"b\"");
  EXPECT_EQ(encode_hyperparameter(""), "\"\"");
}

}  // namespace
}  // namespace nadir::cloud
