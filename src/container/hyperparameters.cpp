#include "container/hyperparameters.h"

#include <algorithm>
#include <set>

#include "core/config.h"
#include "core/error.h"
#include "core/json.h"

namespace nadir::container {
namespace {

bool is_framework_key(const std::string& name) {
  return name.starts_with("sagemaker_") || name == "default_user_module_name" ||
         name == "_tuning_objective_metric";
}

// What the text means as JSON, else the text itself.
nlohmann::json decode_value(const nlohmann::json& value) {
  if (!value.is_string()) {
    return value;
  }
  const auto text = value.get<std::string>();
  if (text == "None") {
    return nullptr;
  }
  auto decoded = parse_json_or_discard(text);
  return decoded.is_discarded() ? value : decoded;
}

std::string scalar_text(const std::string& name, const nlohmann::json& value) {
  NADIR_CHECK(
      value.is_string() || value.is_number() || value.is_boolean(),
      "hyperparameter {}: {} is no value of a flag; give a text, a number, a "
      "boolean or a list of these",
      name,
      json_text(value));
  return value.is_string() ? value.get<std::string>() : json_text(value);
}

}  // namespace

std::optional<std::string> Hyperparameters::text(
    const std::string& name) const {
  const auto found = user.find(name);
  if (found == user.end()) {
    return std::nullopt;
  }
  return hyperparameter_text(name, found->second);
}

std::string framework_params(const Hyperparameters& hyperparameters) {
  static const std::set<std::string> bookkeeping = {
      "sagemaker_program",
      "sagemaker_submit_directory",
      "sagemaker_enable_cloudwatch_metrics",
      "sagemaker_region",
      "sagemaker_container_log_level",
      "sagemaker_job_name",
      "default_user_module_name",
      "_tuning_objective_metric",
      "sagemaker_s3_output"};
  auto params = nlohmann::json::object();
  for (const auto& [name, value] : hyperparameters.framework) {
    if (!bookkeeping.contains(name)) {
      params[name] = value;
    }
  }
  return json_text(params);
}

Hyperparameters decode_hyperparameters(
    const std::string& json, const std::string& file) {
  const auto object = parse_json_or_discard(json);
  if (!object.is_object()) {
    fail(
        ErrorCode::kCorruptData,
        "{}: expected a JSON object of texts; SageMaker writes it, so the "
        "job's set-up is broken",
        file);
  }
  Hyperparameters decoded;
  for (const auto& [key, value] : object.items()) {
    std::string name = key;
    std::replace(name.begin(), name.end(), '-', '_');
    auto meaning = decode_value(value);
    if (is_framework_key(name)) {
      decoded.framework[name] = std::move(meaning);
      continue;
    }
    NADIR_CHECK(
        !decoded.user.contains(name),
        "hyperparameter {} is there twice, with - and with _; leave one out",
        name);
    if (!meaning.is_null()) {
      decoded.user[name] = std::move(meaning);
    }
  }
  return decoded;
}

std::string hyperparameter_text(
    const std::string& name, const nlohmann::json& value) {
  if (!value.is_array()) {
    return scalar_text(name, value);
  }
  std::vector<std::string> items;
  for (const auto& item : value) {
    items.push_back(scalar_text(name, item));
    NADIR_CHECK(
        items.back().find(',') == std::string::npos,
        "hyperparameter {}: the item '{}' holds a comma, which parts items",
        name,
        items.back());
  }
  return join(items, ",");
}

}  // namespace nadir::container
