#include "eval/frozen_network.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "checkpoint/weights.h"
#include "core/error.h"
#include "core/file.h"
#include "eval/tiny_network.h"
#include "support/torch_tensors.h"

namespace nadir::eval {
namespace {

class FrozenNetworkTest : public testing::Test {
 protected:
  // As a user opens them for 8-bit numbers.
  FrozenNetwork open_with(const nlohmann::json& input_mean) {
    const auto tiny = tiny_network();
    checkpoint::Weights weights;
    weights.config = tiny.network->config();
    for (const auto& parameter : tiny.network->named_parameters()) {
      weights.tensors[parameter.name] = parameter.tensor.detach();
    }
    weights.info["bands"] = {"R", "G", "B"};
    weights.info["normalization"] = data::to_json(*tiny.normalization);
    weights.info["input_mean"] = input_mean;
    FeaturesConfig config;
    config.precision = "int8";
    config.weights =
        checkpoint::save_weights(folder_.path() / "weights", weights).string();
    return load_frozen_network(config);
  }

  std::string message_with(const nlohmann::json& input_mean) {
    try {
      (void)open_with(input_mean);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      return error.what();
    }
    return "";
  }

  TemporaryFolder folder_;
};

TEST_F(FrozenNetworkTest, CountsFromTheMeanThatItsWeightsName) {
  const at::NoGradGuard no_grad;
  const auto images = random_tensor({2, 3, 16, 16}, 1);
  const auto features = [&](const FrozenNetwork& frozen) {
    return frozen.network->intermediate_class_tokens(images, 1).front();
  };
  const auto plain = features(open_with(nullptr));
  const auto frozen = open_with({-0.5, 0.25, 1});
  EXPECT_EQ(
      max_difference(frozen.input_mean_C, at::tensor({-0.5, 0.25, 1.0})), 0);
  EXPECT_FALSE(at::equal(features(frozen), plain));
}

TEST_F(FrozenNetworkTest, RefusesAMeanThatIsNotANumberABand) {
  EXPECT_NE(
      message_with({1, 2}).find("input_mean has 2 numbers, the network 3"),
      std::string::npos);
  EXPECT_NE(
      message_with({1, 2, "x"}).find("must be a number a band"),
      std::string::npos);
}

}  // namespace
}  // namespace nadir::eval
