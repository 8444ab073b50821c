// Networks by name, each with what is assumed of it.
#pragma once

#include <string>
#include <vector>

#include "scaling/all_reduce_cost.h"

namespace nadir::scaling {

struct NetworkPreset {
  std::string name;
  std::string assumption;  // one line, for people
  Network network;
};

[[nodiscard]] const std::vector<NetworkPreset>& network_presets();

// Throws Error{kInvalidArgument} naming the presets.
[[nodiscard]] const NetworkPreset& find_network_preset(const std::string& name);

}  // namespace nadir::scaling
