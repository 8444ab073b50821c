#include "cli/bench_scaling_text.h"

#include <nlohmann/json.hpp>

#include "core/config.h"
#include "core/cpu.h"
#include "core/text_table.h"
#include "scaling/median.h"
#include "scaling/network_preset.h"

namespace nadir::cli {
namespace {

using nlohmann::json;
using scaling::Prediction;

double gradient_bytes(const ScalingReport& report) {
  double sum = 0;
  for (const auto& bucket : report.machine.alone().timeline.buckets) {
    sum += bucket.num_bytes;
  }
  return sum;
}

std::string ms(double seconds) {
  return fmt::format("{:.1f}", seconds * 1e3);
}

std::string percent(double share) {
  return fmt::format("{:.1f}", share * 100);
}

// "1 bucket", "12 buckets".
std::string counted(int64_t count, const char* thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

std::string measured_text(const ScalingReport& report) {
  const auto& machine = report.machine;
  const auto& steps = machine.alone();
  const auto& timeline = steps.timeline;
  const auto cpu = read_cpu_info();
  std::string text = fmt::format(
      "Measured on this machine ({}, {}, {})\n"
      "  one process of {}, {} of random numbers: {} patch {}, "
      "2 views of {} and {} of {} px, {} prototypes, {:.2f} M parameters, {}\n"
      "  a step takes {} ms (median of {}, spread {} %): forward {}, backward "
      "{}, update {} ms\n"
      "  gradients: {:.2f} MB in {}\n",
      cpu.model,
      counted(machine.num_processors, "processor"),
      join(cpu.features, " "),
      counted(machine.steps.rbegin()->first, "thread"),
      counted(report.config.optim.batch_size_per_gpu, "image"),
      report.config.model.arch,
      report.config.model.patch_size,
      report.config.views.global_crop_size,
      report.config.views.local_crops_number,
      report.config.views.local_crop_size,
      report.config.head.out_dim,
      static_cast<double>(steps.num_parameters) / 1e6,
      report.config.run.precision,
      ms(scaling::median(steps.step_s)),
      steps.step_s.size(),
      percent(scaling::relative_spread(steps.step_s)),
      ms(timeline.forward_s),
      ms(timeline.backward_s),
      ms(timeline.update_s),
      gradient_bytes(report) / 1e6,
      counted(static_cast<int64_t>(timeline.buckets.size()), "bucket"));
  for (const auto& [processes, sums] : machine.sums) {
    const auto cost = scaling::fit_sum_cost(sums);
    text += fmt::format(
        "  a sum of {} processes over Gloo here: {:.0f} us, and a second for "
        "each {:.2f} GB\n",
        processes,
        cost.latency_s * 1e6,
        cost.bytes_per_s / 1e9);
  }
  text += fmt::format(
      "  others took up to {} % of the processors' time meanwhile{}\n",
      percent(machine.other_load),
      machine.other_load > scaling::kQuietLoad
          ? ": too much for figures that can be trusted"
          : "");
  if (report.loader_images_per_s > 0) {
    text += fmt::format(
        "  the loader by itself makes views of {:.1f} images/s\n",
        report.loader_images_per_s);
  }
  return text;
}

std::string assumed_text(const ScalingReport& report) {
  const auto& input = report.input;
  const auto& network = input.network;
  std::string text = fmt::format(
      "Assumed\n"
      "  network {}: {}\n"
      "  so a host of {} GPUs: {:.1f} Gbit/s and {:.1f} us to others, {:.1f} "
      "GB/s and {:.1f} us inside\n"
      "  a GPU's steps spread by {} %\n",
      report.scaling.network,
      scaling::find_network_preset(report.scaling.network).assumption,
      network.gpus_per_host,
      network.between.bytes_per_s * 8e-9,
      network.between.latency_s * 1e6,
      network.inside.bytes_per_s * 1e-9,
      network.inside.latency_s * 1e6,
      report.scaling.step_spread_percent);
  text +=
      report.scaling.step_ms > 0
          ? fmt::format(
                "  a GPU takes {} ms for {} images (given, not measured here); "
                "its gradients come when they come here, in shares of the "
                "step\n",
                report.scaling.step_ms,
                input.images_per_gpu)
          : "  a GPU is as fast as this machine (--step-ms gives another's "
            "step)\n";
  text += input.loader_images_per_s > 0
              ? fmt::format(
                    "  a host's loader delivers {:.1f} images/s\n",
                    input.loader_images_per_s)
              : "  the loader is never waited for\n";
  return text;
}

std::string predicted_text(const ScalingReport& report) {
  TextTable table(
      {"GPUs",
       "ring ms",
       "images/s",
       "effic. %",
       "limit",
       "tree ms",
       "images/s",
       "effic. %",
       "limit",
       "hierarch. ms",
       "effic. %",
       "loader/host"});
  for (const auto& row : report.rows) {
    table.add_row(
        {std::to_string(row.ring.num_gpus),
         ms(row.ring.step_s),
         fmt::format("{:.1f}", row.ring.images_per_s),
         percent(row.ring.efficiency),
         name_of(row.ring.limit),
         ms(row.tree.step_s),
         fmt::format("{:.1f}", row.tree.images_per_s),
         percent(row.tree.efficiency),
         name_of(row.tree.limit),
         ms(row.hierarchical.step_s),
         percent(row.hierarchical.efficiency),
         fmt::format("{:.1f}", row.hierarchical.loader_images_per_s)});
  }
  return fmt::format(
      "Predicted (efficiency: of one GPU that waits for nobody; loader/host: "
      "images/s that each host needs)\n{}",
      table.text());
}

std::string checked_text(const ScalingReport& report) {
  TextTable table(
      {"processes",
       "threads each",
       "predicted ms",
       "of it waiting",
       "measured ms",
       "spread %",
       "error %"});
  for (const auto& row : report.checks) {
    table.add_row(
        {std::to_string(row.num_processes),
         std::to_string(row.num_threads),
         ms(row.predicted.step_s),
         ms(row.predicted.exposed_s),
         ms(row.measured_s),
         percent(row.measured_spread),
         fmt::format("{:+.1f}", row.error * 100)});
  }
  std::string text = fmt::format(
      "\nChecked on this machine: predicted from steps of one process and from "
      "sums alone, and measured\n{}",
      table.text());
  for (const auto& [threads, steps] : report.machine.steps) {
    if (steps.num_copies > 1) {
      text += fmt::format(
          "  measured for it: {} ms by one process of {}, {:.3f} "
          "times as long by {} side by side that share nothing\n",
          ms(scaling::median(steps.step_s)),
          counted(threads, "thread"),
          steps.crowding,
          steps.num_copies);
    }
  }
  return text;
}

json json_of(const Prediction& prediction) {
  return {
      {"step_ms", prediction.step_s * 1e3},
      {"images_per_s", prediction.images_per_s},
      {"efficiency", prediction.efficiency},
      {"exposed_ms", prediction.exposed_s * 1e3},
      {"straggler_ms", prediction.straggler_s * 1e3},
      {"data_wait_ms", prediction.data_wait_s * 1e3},
      {"loader_images_per_s_per_host", prediction.loader_images_per_s},
      {"limit", name_of(prediction.limit)}};
}

json json_of_steps(int64_t threads, const scaling::MeasuredSteps& steps) {
  const auto& timeline = steps.timeline;
  json buckets = json::array();
  for (const auto& bucket : timeline.buckets) {
    buckets.push_back(
        {{"bytes", bucket.num_bytes},
         {"ready_ms", bucket.ready_s * 1e3},
         {"pack_ms", bucket.pack_s * 1e3},
         {"unpack_ms", bucket.unpack_s * 1e3}});
  }
  return {
      {"threads", threads},
      {"step_ms", scaling::median(steps.step_s) * 1e3},
      {"spread", scaling::relative_spread(steps.step_s)},
      {"steps", steps.step_s.size()},
      {"forward_ms", timeline.forward_s * 1e3},
      {"backward_ms", timeline.backward_s * 1e3},
      {"update_ms", timeline.update_s * 1e3},
      {"side_by_side", steps.num_copies},
      {"side_by_side_factor", steps.crowding},
      {"buckets", buckets}};
}

json json_of_sums(
    int64_t processes, const std::vector<scaling::TimedSum>& sums) {
  const auto cost = scaling::fit_sum_cost(sums);
  json timed = json::array();
  for (const auto& sum : sums) {
    timed.push_back(
        {{"bytes", sum.num_bytes},
         {"ms", sum.wall_s * 1e3},
         {"processor_ms", sum.processor_s * 1e3}});
  }
  return {
      {"processes", processes},
      {"latency_us", cost.latency_s * 1e6},
      {"gbyte_per_s", cost.bytes_per_s / 1e9},
      {"sums", timed}};
}

json measured_json(const ScalingReport& report) {
  const auto cpu = read_cpu_info();
  json measured = {
      {"processor", cpu.model},
      {"features", cpu.features},
      {"processors", report.machine.num_processors},
      {"other_load", report.machine.other_load},
      {"arch", report.config.model.arch},
      {"images", report.config.optim.batch_size_per_gpu},
      {"precision", report.config.run.precision},
      {"parameters", report.machine.alone().num_parameters},
      {"gradient_bytes", gradient_bytes(report)},
      {"steps", json::array()},
      {"sums", json::array()}};
  for (const auto& [threads, steps] : report.machine.steps) {
    measured["steps"].push_back(json_of_steps(threads, steps));
  }
  for (const auto& [processes, sums] : report.machine.sums) {
    measured["sums"].push_back(json_of_sums(processes, sums));
  }
  if (report.loader_images_per_s > 0) {
    measured["loader_images_per_s"] = report.loader_images_per_s;
  }
  return measured;
}

json assumed_json(const ScalingReport& report) {
  const auto& network = report.input.network;
  return {
      {"network", report.scaling.network},
      {"gpus_per_node", network.gpus_per_host},
      {"hosts_gbit_per_s", network.between.bytes_per_s * 8e-9},
      {"hosts_latency_us", network.between.latency_s * 1e6},
      {"gpus_gbyte_per_s", network.inside.bytes_per_s * 1e-9},
      {"gpus_latency_us", network.inside.latency_s * 1e6},
      {"step_ms", report.input.timeline.compute_s() * 1e3},
      {"step_is_given", report.scaling.step_ms > 0},
      {"step_images", report.input.images_per_gpu},
      {"step_spread_percent", report.scaling.step_spread_percent},
      {"loader_images_per_s", report.input.loader_images_per_s}};
}

}  // namespace

std::string text_of(const ScalingReport& report) {
  return fmt::format(
      "{}\n{}\n{}{}",
      measured_text(report),
      assumed_text(report),
      predicted_text(report),
      report.checks.empty() ? "" : checked_text(report));
}

json to_json(const ScalingReport& report) {
  json predicted = json::array();
  for (const auto& row : report.rows) {
    predicted.push_back(
        {{"gpus", row.ring.num_gpus},
         {"ring", json_of(row.ring)},
         {"tree", json_of(row.tree)},
         {"hierarchical", json_of(row.hierarchical)}});
  }
  json result = {
      {"measured", measured_json(report)},
      {"assumed", assumed_json(report)},
      {"predicted", predicted}};
  if (!report.checks.empty()) {
    json checks = json::array();
    for (const auto& row : report.checks) {
      checks.push_back(
          {{"processes", row.num_processes},
           {"threads", row.num_threads},
           {"predicted_ms", row.predicted.step_s * 1e3},
           {"predicted_exposed_ms", row.predicted.exposed_s * 1e3},
           {"predicted_crowded_ms", row.predicted.crowded_s * 1e3},
           {"measured_ms", row.measured_s * 1e3},
           {"measured_spread", row.measured_spread},
           {"error_percent", row.error * 100}});
    }
    result["check"] = checks;
  }
  return result;
}

}  // namespace nadir::cli
