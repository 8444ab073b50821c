// A pretrained network as evaluations use it: weights, the bands and
// normalisation it was trained with, and a name and checksum to tell it by.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <c10/core/Device.h>

#include "data/dataset.h"
#include "data/normalization.h"
#include "eval/features.h"
#include "eval/features_config.h"
#include "model/vision_transformer.h"

namespace nadir::eval {

struct FrozenNetwork {
  std::shared_ptr<model::VisionTransformer> network;
  std::string name;                // as the user wrote --weights
  std::string checkpoint_key;      // as the user wrote it
  std::string source;              // the file or checkpoint it came from
  std::string sha256;              // of the tensors
  std::vector<std::string> bands;  // empty: the weights do not say
  std::optional<data::Normalization> normalization;
  at::Tensor input_mean_C;    // of training images, normalised; or undefined
  std::filesystem::path run;  // the run folder, or empty
  c10::Device device = c10::Device(c10::kCPU);
  model::Precision precision = model::Precision::kFp32;
};

// Reads config.weights onto config.device. Throws as checkpoint::load_weights
// does, and Error{kInvalidArgument} where --weights is missing.
[[nodiscard]] FrozenNetwork load_frozen_network(const FeaturesConfig& config);

// The test view of `dataset` for this network: its own normalisation, else the
// one named in `config`, else that of the data's kind (announced).
// Throws Error{kInvalidArgument} where bands or normalisation disagree.
[[nodiscard]] ViewRecipe make_view_recipe(
    const FrozenNetwork& frozen,
    const data::Dataset& dataset,
    const FeaturesConfig& config);

// The same for input that is no data set.
struct InputPixels {
  std::vector<std::string> bands;
  std::function<raster::PixelType()> type;  // asked where it matters
  const data::BandStatistics* statistics = nullptr;
};

[[nodiscard]] ViewRecipe make_view_recipe(
    const FrozenNetwork& frozen,
    const InputPixels& input,
    const FeaturesConfig& config);

// Sets the sides of the test view: those of `config`, where 0 and -1 stand for
// the side the network was trained with and that * 256 / 224. Throws
// Error{kInvalidArgument} where the network's patches do not divide the crop.
void set_view_size(
    const FrozenNetwork& frozen,
    const FeaturesConfig& config,
    ViewRecipe& views);

}  // namespace nadir::eval
