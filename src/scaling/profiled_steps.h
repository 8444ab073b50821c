// Timed steps, and how they travel from the process that took them.
#pragma once

#include <cstdint>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "scaling/step_simulation.h"

namespace nadir::scaling {

struct ProfiledSteps {
  std::vector<double> step_s;
  StepTimeline timeline;  // medians; without a group's sums
  int64_t num_parameters = 0;
};

[[nodiscard]] nlohmann::json to_json(const ProfiledSteps& steps);

// Throws nlohmann::json::exception where `json` is not what to_json() made.
[[nodiscard]] ProfiledSteps profiled_steps_of(const nlohmann::json& json);

}  // namespace nadir::scaling
