// `nadir data info`: what --data would open.
#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/shared_arguments.h"
#include "core/config.h"
#include "data/dataset.h"
#include "data/dataset_info.h"
#include "data/statistics.h"

namespace nadir::cli {
namespace {

nlohmann::json describe(const data::Dataset& dataset, const std::string& path) {
  data::DatasetStatistics counts;
  data::count_images(dataset, counts);
  nlohmann::json json = {
      {"description", dataset.description()},
      {"images", counts.images},
      {"bands", dataset.bands()},
      {"class_names", dataset.class_names()},
      {"multi_label", dataset.is_multi_label()}};
  if (dataset.size() > 0) {
    const auto image = dataset.read(0);
    json["first_image"] = {
        {"name", dataset.name(0)},
        {"height", image.height()},
        {"width", image.width()},
        {"type", data::pixel_type_name(image.type())}};
  }
  const std::filesystem::path folder = path;
  if (std::filesystem::exists(folder / data::kDatasetFile)) {
    json["dataset"] = data::to_json(data::read_dataset_info(folder));
  }
  return json;
}

void print_description(const nlohmann::json& json) {
  fmt::print("{}\n", json["description"].get<std::string>());
  for (const auto& [split, count] : json["images"].items()) {
    fmt::print("  {:<12} {} images\n", split, count.get<int64_t>());
  }
  if (json.contains("first_image")) {
    const auto& first = json["first_image"];
    fmt::print(
        "  first image  {}: {} x {} pixels, {}\n",
        first["name"].get<std::string>(),
        first["height"].get<int64_t>(),
        first["width"].get<int64_t>(),
        first["type"].get<std::string>());
  }
  if (!json["class_names"].empty()) {
    fmt::print(
        "  classes      {}\n",
        join(json["class_names"].get<std::vector<std::string>>(), " | "));
  }
  if (json.contains("dataset")) {
    fmt::print(
        "  packed from  {}\n  content      sha256 {}\n",
        json["dataset"]["packing"].value("source", ""),
        json["dataset"]["content_sha256"].get<std::string>());
  }
}

}  // namespace

void add_data_info(Command parent) {
  auto command = parent.add_command(
      "info", "Say what a path holds: kind, images, bands, classes, splits.");
  auto options =
      std::make_shared<data::DatasetOptions>();  // outlives the parse
  command.add("DATA", options->data, "What --data takes elsewhere.").required();
  command.add("--index", options->index, "Index of a BigEarthNet folder.");
  const auto remote = add_remote(command);
  const auto wants_json = command.add_json_flag();
  command.set_example("nadir data info ben");
  command.on_run([options, remote, wants_json] {
    options->remote = remote();
    const auto dataset = data::open_dataset(*options);
    const auto json = describe(*dataset, options->data);
    if (*wants_json) {
      print_json(json);
    } else {
      print_description(json);
    }
  });
}

}  // namespace nadir::cli
