#include "launch/sagemaker_plan.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"

namespace nadir::launch {
namespace {

constexpr int64_t kSagemakerPort = 7777;
// The platform kills 120 s after its signal.
constexpr std::chrono::seconds kSagemakerGrace{105};

[[noreturn]] void refuse_file(
    const std::filesystem::path& path, const std::string& rule) {
  fail(
      ErrorCode::kCorruptData,
      "{}: {}; SageMaker writes it, so the job's set-up is broken",
      path.string(),
      rule);
}

// The text of `key`; empty where it is not there.
std::string text_of(const nlohmann::json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>()
                                                   : std::string();
}

// The texts of `key`; none where it is not there.
std::vector<std::string> texts_of(const nlohmann::json& json, const char* key) {
  std::vector<std::string> texts;
  const auto found = json.find(key);
  if (found != json.end() && found->is_array()) {
    for (const auto& item : *found) {
      if (item.is_string()) {
        texts.push_back(item.get<std::string>());
      }
    }
  }
  return texts;
}

// All hosts, or those of this host's group where the cluster has several.
std::vector<std::string> hosts_of(const nlohmann::json& config) {
  const std::string group = text_of(config, "current_group_name");
  const auto groups = config.find("instance_groups");
  if (!group.empty() && groups != config.end() && groups->is_array()) {
    for (const auto& one : *groups) {
      if (one.is_object() && text_of(one, "instance_group_name") == group) {
        return texts_of(one, "hosts");
      }
    }
  }
  return texts_of(config, "hosts");
}

}  // namespace

bool is_sagemaker(const Environment& environment) {
  return environment("TRAINING_JOB_NAME") || environment("SM_CURRENT_HOST") ||
         environment("SAGEMAKER_BASE_DIR");
}

HostPlan read_sagemaker_plan(const Environment& environment, int64_t num_gpus) {
  const std::filesystem::path path =
      std::filesystem::path(
          environment("SAGEMAKER_BASE_DIR").value_or("/opt/ml")) /
      "input/config/resourceconfig.json";
  if (!std::filesystem::exists(path)) {
    fail(
        ErrorCode::kNotFound,
        "{} is not there, though TRAINING_JOB_NAME, SM_CURRENT_HOST or "
        "SAGEMAKER_BASE_DIR says that this is a SageMaker job; unset them if "
        "it is none",
        path.string());
  }
  const auto config = parse_json_or_discard(read_file(path));
  if (!config.is_object()) {
    refuse_file(path, "expected a JSON object");
  }
  const auto hosts = hosts_of(config);
  const std::string current = text_of(config, "current_host");
  const auto place = std::find(hosts.begin(), hosts.end(), current);
  if (place == hosts.end()) {
    refuse_file(
        path,
        fmt::format(
            "current_host '{}' is not among its {} hosts",
            current,
            hosts.size()));
  }
  const auto of_toolkit = environment("SM_CURRENT_HOST");
  NADIR_CHECK(
      !of_toolkit || *of_toolkit == current,
      "the environment says SM_CURRENT_HOST={}, but {} says current_host {}; "
      "unset the variable",
      *of_toolkit,
      path.string(),
      current);
  const auto num_said = number_of(environment, "SM_NUM_GPUS");
  HostPlan plan;
  plan.engine = "SageMaker";
  plan.num_processes = std::max<int64_t>(num_said.value_or(num_gpus), 1);
  plan.num_nodes = static_cast<int64_t>(hosts.size());
  plan.node_rank = place - hosts.begin();
  if (plan.num_nodes > 1) {
    plan.master_address = hosts.front();
    plan.master_port =
        number_of(environment, "MASTER_PORT", 1).value_or(kSagemakerPort);
    plan.network_interface = text_of(config, "network_interface_name");
  }
  plan.grace = kSagemakerGrace;
  return plan;
}

}  // namespace nadir::launch
