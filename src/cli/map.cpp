// `nadir map`: a whole scene as maps of classes, components and change.
#include <chrono>
#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/join_group.h"
#include "cli/part_option.h"
#include "cli/remote_run.h"
#include "cli/shared_arguments.h"
#include "core/error.h"
#include "core/progress.h"
#include "core/text_table.h"
#include "scene/map_config.h"
#include "scene/scene_map.h"
#include "store/remote_output.h"

namespace nadir::cli {
namespace {

using nlohmann::ordered_json;

std::string size_text(const ordered_json& json, const char* a, const char* b) {
  return fmt::format(
      "{} x {}", json.at(a).get<int64_t>(), json.at(b).get<int64_t>());
}

void print_plan(const ordered_json& plan) {
  TextTable table({"what", "how much"});
  table.add_row({"scene", plan["scene"]});
  table.add_row({"its pixels", size_text(plan, "height", "width")});
  table.add_row(
      {"windows",
       fmt::format(
           "{} of {} px, {} px apart{}",
           plan["windows"].get<int64_t>(),
           plan["window_px"].get<int64_t>(),
           plan["stride_px"].get<int64_t>(),
           plan["dates"] == 2 ? ", at two dates" : "")});
  table.add_row(
      {"cells of the maps", size_text(plan, "map_height", "map_width")});
  table.add_row(
      {"bands of the maps", std::to_string(plan["map_bands"].get<int64_t>())});
  table.add_row(
      {"memory beside the network's",
       format_bytes(plan["memory_bytes"].get<double>())});
  table.add_row(
      {"disk meanwhile", format_bytes(plan["disk_bytes"].get<double>())});
  std::printf("%s", table.text().c_str());
}

void print_maps(
    const ordered_json& summary, const std::string& out, double seconds) {
  TextTable table({"map", "bands", "cells with values"});
  for (const auto& output : summary["outputs"]) {
    table.add_row(
        {fmt::format("{}/{}", out, output["file"].get<std::string>()),
         std::to_string(output["bands"].size()),
         std::to_string(output["cells"].get<int64_t>())});
  }
  std::printf("%s", table.text().c_str());
  const auto& windows = summary["windows"][0];
  std::printf(
      "%lld windows, %lld skipped for want of valid pixels; %s\n",
      static_cast<long long>(windows["given"].get<int64_t>()),
      static_cast<long long>(windows["skipped"].get<int64_t>()),
      format_duration(seconds).c_str());
}

void make_local(store::RemoteFiles& remote, std::string& scene) {
  NADIR_CHECK(
      !store::is_remote(scene) || !scene.ends_with(".vrt"),
      "{}: a VRT names other files, which are not copied here; name it as "
      "/vsis3/{}",
      scene,
      scene.substr(sizeof("s3://") - 1));
  scene = remote.input(scene);
}

void run(
    scene::MapConfig config,
    const std::shared_ptr<store::RemoteFiles>& remote,
    bool as_json) {
  const auto start = std::chrono::steady_clock::now();
  const std::string given_out = config.out;
  config.weights = remote_weights(*remote, config.weights);
  config.probe = remote->input(config.probe);
  config.segment = remote->input(config.segment);
  config.scene_name = config.scene;
  config.change_name = config.change;
  make_local(*remote, config.scene);
  make_local(*remote, config.change);
  store::RemoteOutput output(*remote, config.out, {"map.json"});
  config.out = output.path();
  const auto chosen = choose_part(config.part, config.num_workers);
  if (chosen.local_size > 1) {
    divide_threads(chosen.local_size);
  }
  if (!chosen.part.is_whole()) {
    refuse_remote_part(given_out);
  }
  const scene::SceneMap map(config);
  if (config.dry_run) {
    const auto plan = map.plan();
    as_json ? print_json(plan) : print_plan(plan);
    return;
  }
  const auto result = map.make(chosen.part);
  if (!result.is_merged) {
    report_part(
        chosen, given_out, result.was_complete, result.missing, as_json);
    return;
  }
  if (result.was_complete && chosen.part.number > 1) {
    return;  // the first one speaks for all
  }
  output.publish();
  const std::chrono::duration<double> time =
      std::chrono::steady_clock::now() - start;
  if (as_json) {
    auto summary = result.summary;
    summary["out"] = given_out;
    summary["was_complete"] = result.was_complete;
    summary["seconds"] = time.count();
    print_json(summary);
    return;
  }
  if (result.was_complete) {
    std::printf("%s is complete already\n", given_out.c_str());
  }
  print_maps(result.summary, given_out, time.count());
}

}  // namespace

void add_map(Command parent) {
  auto command = parent.add_command(
      "map",
      "Map a whole scene: probabilities of classes, embeddings, change.");
  auto config = std::make_shared<scene::MapConfig>();  // outlives the parse
  command
      .add(
          "SCENE",
          config->scene,
          "GeoTIFF, COG or VRT; a path, s3:// (copied here first), or /vsis3/ "
          "and the like (read where it lies, by GDAL's own settings).")
      .required();
  command.add_fields(fields_of(*config));
  command.add("--part", config->part, kPartHelp);
  const auto remote = add_remote(command);
  const auto as_json = command.add_json_flag();
  command.set_example(
      "nadir map scene.tif --probe runs/a/eval/linear --window-px 120 "
      "--stride-px 60 --out map\n"
      "  nadir map june.vrt --weights runs/a --window-px 120 --embeddings 3 "
      "--change september.vrt --out map");
  command.on_run(
      [config, remote, as_json] { run(*config, remote(), *as_json); });
}

}  // namespace nadir::cli
