#include "scaling/profiled_steps.h"

#include <nlohmann/json.hpp>

namespace nadir::scaling {

nlohmann::json to_json(const ProfiledSteps& steps) {
  const auto& timeline = steps.timeline;
  nlohmann::json json = {
      {"step_s", steps.step_s},
      {"num_parameters", steps.num_parameters},
      {"forward_s", timeline.forward_s},
      {"backward_s", timeline.backward_s},
      {"update_s", timeline.update_s},
      {"late_sums_bytes", timeline.late_sums_bytes},
      {"buckets", nlohmann::json::array()}};
  for (const auto& bucket : timeline.buckets) {
    json["buckets"].push_back(
        {{"num_bytes", bucket.num_bytes},
         {"ready_s", bucket.ready_s},
         {"pack_s", bucket.pack_s},
         {"unpack_s", bucket.unpack_s}});
  }
  return json;
}

ProfiledSteps profiled_steps_of(const nlohmann::json& json) {
  ProfiledSteps steps;
  json.at("step_s").get_to(steps.step_s);
  json.at("num_parameters").get_to(steps.num_parameters);
  auto& timeline = steps.timeline;
  json.at("forward_s").get_to(timeline.forward_s);
  json.at("backward_s").get_to(timeline.backward_s);
  json.at("update_s").get_to(timeline.update_s);
  json.at("late_sums_bytes").get_to(timeline.late_sums_bytes);
  for (const auto& bucket : json.at("buckets")) {
    timeline.buckets.push_back(
        {bucket.at("num_bytes").get<double>(),
         bucket.at("ready_s").get<double>(),
         bucket.at("pack_s").get<double>(),
         bucket.at("unpack_s").get<double>()});
  }
  return steps;
}

}  // namespace nadir::scaling
