// What `nadir doctor` finds of AWS: keys, region, account.
#pragma once

#include <string>
#include <vector>

#include "core/environment.h"

namespace nadir::cli {

// One line of the doctor's.
struct Finding {
  std::string name;
  std::string value;
  std::string advice;  // "" where nothing is amiss
};

// Where keys are found and how the key's id ends, never the secret, and the
// region. With `asks` also what only the network tells: keys that agents,
// metadata or STS hand out, and whose account they are. Throws nothing of the
// rooms below: what they say is the advice.
[[nodiscard]] std::vector<Finding> aws_findings(
    bool asks, const Environment& environment);

}  // namespace nadir::cli
