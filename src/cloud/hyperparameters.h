// Hyperparameters from what a user types: NAME=VALUE, or the flags of the
// command that the job will run.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cloud/job_spec.h"

namespace nadir::cloud {

// A flag that a command takes.
struct KnownFlag {
  std::string name;         // with underscores, without dashes: "batch_size"
  bool takes_value = true;  // not a switch
  // "integer", "number", "on|off" or else: what its value must be.
  std::string type;
};

// What a command's hyperparameters may be.
struct KnownHyperparameters {
  std::vector<KnownFlag> flags;
  std::vector<std::string> contract;    // names that are no flags
  std::vector<std::string> containers;  // flags that the container sets
};

// "--epochs 100 --overwrite" as pairs: names with underscores, several words of
// one flag joined by commas, "true" for a flag alone. Throws
// Error{kInvalidArgument} for a word that belongs to no flag.
[[nodiscard]] Pairs parse_flag_words(const std::vector<std::string>& words);

// Refuses names that are not known, naming the nearest, those that are the
// container's to set, and values that the flag would refuse. `command` is for
// messages: "nadir eval linear". Throws Error{kInvalidArgument}.
void check_hyperparameters(
    const Pairs& hyperparameters,
    const KnownHyperparameters& known,
    const std::string& command);

// The value as the SDK's framework estimators write it, as JSON: numbers, true,
// false, null, lists and quoted texts stay, any other text is quoted.
[[nodiscard]] std::string encode_hyperparameter(const std::string& value);

}  // namespace nadir::cloud
