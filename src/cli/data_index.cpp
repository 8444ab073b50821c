// `nadir data index`: BigEarthNet's tile index as GeoParquet.
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/part_option.h"
#include "cli/shared_arguments.h"
#include "core/error.h"
#include "core/log.h"
#include "data/index.h"
#include "data/index_parts.h"
#include "store/remote_output.h"

namespace nadir::cli {
namespace {

struct IndexCommand {
  data::IndexOptions options;
  std::string output = "index.parquet";
  std::string part;
  bool skips_extension = false;
};

nlohmann::json report_json(
    const data::IndexReport& report, const std::string& output) {
  nlohmann::json bad = nlohmann::json::array();
  for (const auto& patch : report.bad) {
    bad.push_back({{"name", patch.name}, {"problem", patch.problem}});
  }
  return {
      {"output", output},
      {"patches", report.num_patches},
      {"rows", report.num_rows},
      {"dropped", report.num_dropped},
      {"snow", report.num_snow},
      {"cloud_or_shadow", report.num_cloud_or_shadow},
      {"without_label", report.num_unlabelled},
      {"without_split", report.num_without_split},
      {"without_country", report.num_without_country},
      {"skipped_folders", report.num_skipped},
      {"bad", bad}};
}

void print_report(const data::IndexReport& report, const std::string& output) {
  fmt::print(
      "{}: {} rows of {} patches\n",
      output,
      report.num_rows,
      report.num_patches);
  fmt::print(
      "  dropped          {}  ({} with snow, {} with cloud or shadow, {} "
      "without a 19-class label are there)\n",
      report.num_dropped,
      report.num_snow,
      report.num_cloud_or_shadow,
      report.num_unlabelled);
  fmt::print("  in no split      {}\n", report.num_without_split);
  fmt::print("  without country  {}\n", report.num_without_country);
  fmt::print("  other folders    {}  (skipped)\n", report.num_skipped);
  fmt::print("  bad patches      {}\n", report.bad.size());
}

void warn(const data::IndexReport& report, bool is_extended) {
  for (const auto& patch : report.bad) {
    log_warning("data", "{}: {}", patch.name, patch.problem);
  }
  if (is_extended && report.num_without_country > 0) {
    log_warning(
        "data",
        "{} rows have no country: their names are in no list; --boundaries "
        "FILE or --country-list FILE fills them",
        report.num_without_country);
  }
}

void print_index(
    const data::IndexReport& report, const IndexCommand& args, bool as_json) {
  warn(report, args.options.is_extended);
  if (as_json) {
    print_json(report_json(report, args.output));
  } else {
    print_report(report, args.output);
  }
}

void run_index(
    IndexCommand& args,
    const std::shared_ptr<store::RemoteFiles>& remote,
    bool as_json) {
  args.options.is_extended = !args.skips_extension;
  open_stream_source(*remote, args.options.source);
  args.options.remote = remote;
  for (auto* path :
       {&args.options.lists,
        &args.options.metadata,
        &args.options.boundaries,
        &args.options.country_list}) {
    *path = remote->input(*path);
  }
  store::RemoteOutput output(*remote, args.output);
  data::check_index_output(output.path(), args.options.source);
  int64_t num_threads = args.options.num_threads;
  const auto chosen = choose_part(args.part, num_threads);
  args.options.num_threads = static_cast<int>(num_threads);
  args.options.part = chosen.part;
  data::IndexPartResult result;
  if (chosen.part.is_whole()) {
    const data::Index index = data::make_index(args.options);
    result.report = index.report;
    result.is_merged = true;
    if (!index.report.is_interrupted) {
      data::write_index(output.path(), index.table);
      output.publish();
    }
  } else {
    refuse_remote_part(args.output);
    result = data::make_index_part(args.output, args.options);
  }
  if (result.report.is_interrupted) {
    log_warning("data", "interrupted; nothing is written");
  } else if (result.is_merged) {
    print_index(result.report, args, as_json);
  } else {
    report_part(
        chosen, args.output, result.was_complete, result.missing, as_json);
  }
}

}  // namespace

void add_data_index(Command parent) {
  auto command = parent.add_command(
      "index", "Index BigEarthNet: one row a patch, as GeoParquet.");
  auto args = std::make_shared<IndexCommand>();  // outlives the parse
  auto& options = args->options;
  command
      .add(
          "SRC",
          options.source,
          "BigEarthNet folder or archive (.tar, .tar.gz, .tar.zst, .tar.bz2), "
          "v1 or v2.")
      .required();
  command.add("-o,--out", args->output, "Index file to write.");
  command.add(
      "--lists",
      options.lists,
      "Folder of the official lists (splits, snow, cloud, countries).");
  command.add(
      "--metadata", options.metadata, "v2's metadata.parquet, if elsewhere.");
  command.add(
      "--boundaries",
      options.boundaries,
      "Vector file of country polygons; the nearest gives the country.");
  command.add(
      "--boundaries-attribute",
      options.boundaries_attribute,
      "Its attribute with the country's name.");
  command.add(
      "--country-list",
      options.country_list,
      "CSV with the columns s2_name and country.");
  command.add_flag(
      "--keep-discouraged",
      options.keeps_discouraged,
      "Keep patches with snow, cloud or shadow, or without a label.");
  command.add_flag(
      "--no-extend",
      args->skips_extension,
      "Write the six columns that the patches themselves give.");
  add_max_bad(command, options.max_bad, "Patches");
  add_threads(command, options.num_threads);
  command.add("--part", args->part, kPartHelp);
  const auto remote = add_remote(command);
  const auto wants_json = command.add_json_flag();
  command.set_example(
      "nadir data index BigEarthNet-v1.0.tar.gz --out index.parquet");
  command.on_run(
      [args, remote, wants_json] { run_index(*args, remote(), *wants_json); });
}

}  // namespace nadir::cli
