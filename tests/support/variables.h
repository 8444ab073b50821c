// Environments of engines, as tests make them up.
#pragma once

#include <map>
#include <string>

#include "core/environment.h"

namespace nadir {

using Variables = std::map<std::string, std::string>;

// An environment with these variables and no others; copies them.
inline Environment environment_with(Variables variables) {
  return [variables = std::move(variables)](
             const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end() || found->second.empty()) {
      return std::nullopt;
    }
    return found->second;
  };
}

}  // namespace nadir
