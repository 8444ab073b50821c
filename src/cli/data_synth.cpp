// `nadir data synth`: a synthetic BigEarthNet to try everything with.
#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/shared_arguments.h"
#include "core/log.h"
#include "core/progress.h"
#include "core/signals.h"
#include "synth/world.h"

namespace nadir::cli {
namespace {

nlohmann::ordered_json summary_json(
    const synth::SynthSummary& summary, const synth::SynthOptions& options) {
  nlohmann::ordered_json labels;
  for (size_t k = 0; k < summary.label_counts.size(); ++k) {
    const auto cover = static_cast<synth::LandCover>(k);
    labels[synth::label_name(cover)] = summary.label_counts[k];
  }
  return {
      {"data", summary.data.string()},
      {"lists", summary.lists.string()},
      {"masks", summary.masks.string()},
      {"patches", options.num_patches},
      {"seed", options.seed},
      {"train", summary.num_train},
      {"validation", summary.num_validation},
      {"test", summary.num_test},
      {"snow", summary.num_snow},
      {"cloud_or_shadow", summary.num_cloud_or_shadow},
      {"unlabelled", summary.num_unlabelled},
      {"bytes", summary.num_bytes},
      {"labels_per_patch", summary.labels_per_patch},
      {"labels", labels}};
}

void make_synthetic_data(const synth::SynthOptions& options, bool as_json) {
  const auto summary = synth::write_synthetic_world(
      options, [] { return caught_signal() != 0; });
  if (!summary) {
    log_warning("cli", "stopped; nothing was left in {}", options.out.string());
    return;
  }
  if (as_json) {
    print_json(nlohmann::json(summary_json(*summary, options)));
    return;
  }
  std::printf(
      "%s: %lld patches, %s\n"
      "  train %lld, validation %lld, test %lld; snow %lld, cloud or shadow "
      "%lld, no class of the 19 %lld\n"
      "  %.2f labels a patch\n"
      "lists: %s\n%s%s%s"
      "next: nadir data index %s --lists %s --out index.parquet\n",
      summary->data.c_str(),
      static_cast<long long>(options.num_patches),
      format_bytes(static_cast<double>(summary->num_bytes)).c_str(),
      static_cast<long long>(summary->num_train),
      static_cast<long long>(summary->num_validation),
      static_cast<long long>(summary->num_test),
      static_cast<long long>(summary->num_snow),
      static_cast<long long>(summary->num_cloud_or_shadow),
      static_cast<long long>(summary->num_unlabelled),
      summary->labels_per_patch,
      summary->lists.c_str(),
      summary->masks.empty() ? "" : "masks: ",
      summary->masks.c_str(),
      summary->masks.empty() ? "" : "\n",
      summary->data.c_str(),
      summary->lists.c_str());
}

}  // namespace

void add_data_synth(Command parent) {
  auto command = parent.add_command(
      "synth", "Make a synthetic Sentinel-2 world in BigEarthNet v1's layout.");
  auto options = std::make_shared<synth::SynthOptions>();
  command.add("OUT", options->out, "A folder that is empty or not there.")
      .required();
  command.add(
      "--patches",
      options->num_patches,
      "Patches to make, of 1,200 m and about 165 kB each.");
  command.add("--seed", options->seed, "Another seed is another world.");
  command.add_flag(
      "--archive",
      options->as_archive,
      "Write one .tar.gz instead of a folder.");
  command.add_flag(
      "--masks",
      options->has_masks,
      "Also write the land cover of every pixel, for `nadir eval segment`.");
  add_threads(command, options->num_threads);
  const auto as_json = command.add_json_flag();
  command.set_example("nadir data synth world --patches 3000 --seed 1");
  command.on_run(
      [options, as_json] { make_synthetic_data(*options, *as_json); });
}

}  // namespace nadir::cli
