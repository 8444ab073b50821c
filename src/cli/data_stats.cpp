// `nadir data stats`: figures of the bands, and labels a split.
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/shared_arguments.h"
#include "core/text_table.h"
#include "data/dataset.h"
#include "data/dataset_info.h"
#include "data/statistics.h"

namespace nadir::cli {
namespace {

struct StatsCommand {
  data::DatasetOptions options;
  int64_t max_images = 0;
  int num_threads = 0;
};

nlohmann::json as_json(
    const data::Dataset& dataset, const data::DatasetStatistics& statistics) {
  nlohmann::json labels = nlohmann::json::object();
  for (const auto& [split, counts] : statistics.labels) {
    for (size_t c = 0; c < counts.size(); ++c) {
      labels[split][dataset.class_names()[c]] = counts[c];
    }
  }
  auto bands = data::to_json(statistics.bands);
  bands["bands"] = statistics.bands.bands;
  return {
      {"images", statistics.images},
      {"measured", statistics.num_measured},
      {"bands", std::move(bands)},
      {"labels", std::move(labels)}};
}

void print_bands(const data::BandStatistics& bands) {
  TextTable table({"band", "mean", "std", "min", "2 %", "98 %", "max"});
  const auto text = [](double value) { return fmt::format("{:.2f}", value); };
  for (size_t b = 0; b < bands.bands.size(); ++b) {
    table.add_row(
        {bands.bands[b],
         text(bands.mean[b]),
         text(bands.std[b]),
         text(bands.min[b]),
         text(bands.percentile_2[b]),
         text(bands.percentile_98[b]),
         text(bands.max[b])});
  }
  fmt::print("{}\n", table.text());
}

void print_labels(
    const data::Dataset& dataset, const data::DatasetStatistics& statistics) {
  std::vector<std::string> header = {"images with label"};
  std::vector<std::string> sums = {"(images)"};
  for (const auto& [split, count] : statistics.images) {
    header.push_back(split);
    sums.push_back(std::to_string(count));
  }
  TextTable table(header);
  for (size_t c = 0; c < dataset.class_names().size(); ++c) {
    std::vector<std::string> row = {dataset.class_names()[c]};
    for (const auto& [split, count] : statistics.images) {
      row.push_back(std::to_string(statistics.labels.at(split)[c]));
    }
    table.add_row(row);
  }
  table.add_row(sums);
  fmt::print("{}", table.text());
}

}  // namespace

void add_data_stats(Command parent) {
  auto command = parent.add_command(
      "stats", "Measure the bands; count images and labels a split.");
  auto args = std::make_shared<StatsCommand>();  // outlives the parse
  auto& options = args->options;
  command
      .add(
          "DATA",
          options.data,
          "Dataset folder, BigEarthNet folder, folder or list of images, or "
          "GeoTIFF scenes.")
      .required();
  command.add("--split", options.split, "train, validation or test.");
  command.add("--bands", options.bands, "Bands by name; else all.");
  command.add("--index", options.index, "Index of a BigEarthNet folder.");
  command
      .add(
          "--max-images",
          args->max_images,
          "Images to measure, spread evenly; 0 takes all.")
      .at_least(0);
  add_threads(command, args->num_threads);
  const auto remote = add_remote(command);
  const auto wants_json = command.add_json_flag();
  command.set_example("nadir data stats ben --split train");
  command.on_run([args, remote, wants_json] {
    args->options.remote = remote();
    const auto dataset = data::open_dataset(args->options);
    const auto statistics =
        data::measure_dataset(*dataset, args->max_images, args->num_threads);
    if (*wants_json) {
      print_json(as_json(*dataset, statistics));
      return;
    }
    fmt::print("{}\n\n", dataset->description());
    print_bands(statistics.bands);
    print_labels(*dataset, statistics);
  });
}

}  // namespace nadir::cli
