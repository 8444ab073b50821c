// `nadir data merge`: puts the parts of an output together by hand.
#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/shared_arguments.h"
#include "core/error.h"
#include "core/log.h"
#include "data/index_parts.h"
#include "data/pack_parts.h"
#include "data/part_set.h"
#include "eval/feature_parts.h"

namespace nadir::cli {
namespace {

namespace fs = std::filesystem;

struct MergeCommand {
  std::string out;
  int64_t max_bad = 0;
};

struct Merged {
  std::string kind;
  int64_t num_rows = 0;
  int64_t num_bad = 0;
};

Merged merge_dataset(const MergeCommand& args) {
  const auto result = data::merge_dataset_parts(args.out, args.max_bad);
  for (const auto& problem : result.info.problems) {
    log_warning("data", "{}", problem);
  }
  return {
      "dataset",
      result.info.counts.at("all"),
      static_cast<int64_t>(result.info.problems.size())};
}

Merged merge_index(const MergeCommand& args) {
  const auto report = data::merge_index_parts(args.out, args.max_bad);
  for (const auto& patch : report.bad) {
    log_warning("data", "{}: {}", patch.name, patch.problem);
  }
  return {"index", report.num_rows, static_cast<int64_t>(report.bad.size())};
}

// By what the first part says it is.
Merged merge(const MergeCommand& args) {
  if (data::PartSet::of_folder(args.out).find().count > 0) {
    return merge_dataset(args);
  }
  const auto found = data::PartSet::of_file(args.out).find();
  if (found.count == 0) {
    fail(
        ErrorCode::kNotFound,
        "there are no parts of {}: neither files {}.part-00001-of-... nor "
        "folders {}/part-00001-of-...",
        args.out,
        args.out,
        args.out);
  }
  const bool is_index =
      found.paths.empty() ||
      data::read_part_header(found.paths.begin()->second).kind == "index";
  if (is_index) {
    return merge_index(args);
  }
  return {"features", eval::merge_feature_parts(args.out), 0};
}

}  // namespace

void add_data_merge(Command parent) {
  auto command = parent.add_command(
      "merge",
      "Put together what `data index`, `data pack` or `embed` made in parts,\n"
      "where the parts were brought together by hand.");
  auto args = std::make_shared<MergeCommand>();  // outlives the parse
  command
      .add(
          "OUT",
          args->out,
          "The index, dataset folder or feature file, as --out named it.")
      .required();
  add_max_bad(command, args->max_bad, "Patches or images of all parts");
  const auto wants_json = command.add_json_flag();
  command.set_example("nadir data merge index.parquet");
  command.on_run([args, wants_json] {
    const auto merged = merge(*args);
    if (*wants_json) {
      print_json(
          {{"output", args->out},
           {"kind", merged.kind},
           {"rows", merged.num_rows},
           {"bad", merged.num_bad}});
    } else {
      fmt::print(
          "{}: {} of {} rows, {} bad\n",
          args->out,
          merged.kind,
          merged.num_rows,
          merged.num_bad);
    }
  });
}

}  // namespace nadir::cli
