#include "launch/collective_backend.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/config.h"
#include "core/error.h"
#include "core/json.h"

namespace nadir::launch {
namespace {

constexpr char kSmddpKey[] = "sagemaker_distributed_dataparallel_enabled";

// Whether the estimator of SageMaker's job was given
// distribution={'smdistributed': {'dataparallel': {'enabled': True}}}.
bool is_smddp_enabled(const Environment& environment) {
  const auto text = environment("SM_FRAMEWORK_PARAMS");
  if (!text) {
    return false;
  }
  const auto parameters = parse_json_or_discard(*text);
  NADIR_CHECK(
      parameters.is_object(),
      "the environment says SM_FRAMEWORK_PARAMS={}, expected a JSON object; "
      "correct or unset it",
      *text);
  const auto value = parameters.find(kSmddpKey);
  return value != parameters.end() && (*value == true || *value == "true");
}

}  // namespace

BackendChoice choose_collective_backend(
    const std::string& wanted, bool is_cuda, const Environment& environment) {
  const std::vector<std::string> names = {"auto", "gloo", "nccl", "smddp"};
  NADIR_CHECK(
      std::find(names.begin(), names.end(), wanted) != names.end(),
      "dist_backend must be auto, gloo, nccl or smddp, got '{}'{}",
      wanted,
      did_you_mean(wanted, names));
  NADIR_CHECK(
      wanted != "nccl" || is_cuda,
      "dist_backend nccl sums on GPUs only, and this run is on the CPU; leave "
      "dist_backend out, or use --device cuda");
  NADIR_CHECK(
      wanted != "gloo" || !is_cuda,
      "dist_backend gloo sums on the CPU only, and this run is on CUDA; leave "
      "dist_backend out, or use --device cpu");
  BackendChoice choice;
  choice.backend =
      is_cuda ? CollectiveBackend::kNccl : CollectiveBackend::kGloo;
  const bool is_by_sagemaker =
      wanted == "auto" && is_smddp_enabled(environment);
  if (wanted == "smddp" || is_by_sagemaker) {
    choice.remark = fmt::format(
        "{} asks for SMDDP, a closed library for Python: data parallel by {} "
        "in its place, with the same sums",
        is_by_sagemaker ? "SM_FRAMEWORK_PARAMS" : "dist_backend smddp",
        to_text(choice.backend));
  }
  return choice;
}

std::string to_text(CollectiveBackend backend) {
  return backend == CollectiveBackend::kNccl ? "NCCL" : "Gloo";
}

}  // namespace nadir::launch
