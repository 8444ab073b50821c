// hyperparameters.json of a SageMaker training job: one object whose values are
// all texts. SDKs write them in two ways, as JSON ("\"vit_small\"", "true") or
// as Python prints them ("vit_small", "True"); both are read, as the SageMaker
// Training Toolkit does.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace nadir::container {

struct Hyperparameters {
  // Names with `_`; `-` in them is the same.
  std::map<std::string, nlohmann::json> user;
  // The platform's and its toolkit's own: sagemaker_program ...
  std::map<std::string, nlohmann::json> framework;

  // The text of a user's hyperparameter; nothing where it is not set.
  [[nodiscard]] std::optional<std::string> text(const std::string& name) const;

  [[nodiscard]] bool has(const std::string& name) const {
    return user.contains(name);
  }
};

// What the platform's toolkit gives as SM_FRAMEWORK_PARAMS: the framework's
// keys but those of its own bookkeeping, as JSON.
[[nodiscard]] std::string framework_params(
    const Hyperparameters& hyperparameters);

// Decodes `json`, the text of the file `file`. Values that are null or Python's
// None are left out. Throws Error{kCorruptData} where it is no JSON object, and
// Error{kInvalidArgument} where a name stands there twice, with `-` and `_`.
[[nodiscard]] Hyperparameters decode_hyperparameters(
    const std::string& json, const std::string& file);

// A value as a flag takes it: lists with commas, booleans as true or false.
// Throws Error{kInvalidArgument} naming the hyperparameter where it is an
// object, or a list whose items cannot stand between commas.
[[nodiscard]] std::string hyperparameter_text(
    const std::string& name, const nlohmann::json& value);

}  // namespace nadir::container
