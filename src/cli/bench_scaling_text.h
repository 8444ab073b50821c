// What `nadir bench scaling` prints: measured, assumed and predicted apart.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "scaling/check.h"
#include "scaling/machine.h"
#include "scaling/scaling_config.h"
#include "scaling/scaling_input.h"
#include "train/pretrain_config.h"

namespace nadir::cli {

// One number of GPUs by each algorithm.
struct ScalingRow {
  scaling::Prediction ring;
  scaling::Prediction tree;
  scaling::Prediction hierarchical;
};

struct ScalingReport {
  train::PretrainConfig config;
  scaling::ScalingConfig scaling;
  scaling::Machine machine;
  double loader_images_per_s = 0;  // 0: not measured
  scaling::ScalingInput input;
  std::vector<ScalingRow> rows;
  std::vector<scaling::CheckedSteps> checks;
};

[[nodiscard]] std::string text_of(const ScalingReport& report);

[[nodiscard]] nlohmann::json to_json(const ScalingReport& report);

}  // namespace nadir::cli
