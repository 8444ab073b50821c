// `nadir data subset`: some bands of BigEarthNet as GeoTIFF files.
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/shared_arguments.h"
#include "core/log.h"
#include "core/progress.h"
#include "data/subset.h"
#include "store/remote_output.h"

namespace nadir::cli {
namespace {

struct SubsetCommand {
  data::SubsetOptions options;
  std::string out;
};

}  // namespace

void add_data_subset(Command parent) {
  auto command = parent.add_command(
      "subset",
      "Copy some bands as GeoTIFF files to OUT/data_rgb/PATCH/PATCH_BAND.tif, "
      "and the index to OUT/metadata/final_ben_s2.parquet.");
  auto args = std::make_shared<SubsetCommand>();  // outlives the parse
  auto& options = args->options;
  command.add("SRC", options.source, "BigEarthNet folder or archive.")
      .required();
  command.add("-o,--out", args->out, "Folder to copy to.").required();
  command.add("--bands", options.bands, "Bands by name.");
  command.add(
      "--index",
      options.index,
      "Index of the patches to copy; else the one beside SRC, else all "
      "patches.");
  add_max_bad(command, options.max_bad, "Patches");
  const auto remote_of = add_remote(command);
  const auto wants_json = command.add_json_flag();
  command.set_example(
      "nadir data subset BigEarthNet-v1.0 --index index.parquet --bands "
      "B04,B03,B02 --out upload");
  command.on_run([args, remote_of, wants_json] {
    const auto remote = remote_of();
    open_stream_source(*remote, args->options.source);
    args->options.index = remote->input(args->options.index);
    args->options.remote = remote;
    store::RemoteOutput output(*remote, args->out, {data::kSubsetIndex});
    args->options.out = output.path();
    const auto result = data::copy_subset(args->options);
    if (result.is_interrupted) {
      log_warning("data", "interrupted; the same command goes on");
      return;
    }
    output.publish();
    for (const auto& bad : result.bad) {
      log_warning("data", "{}: {}", bad.name, bad.problem);
    }
    if (result.num_missing > 0) {
      log_warning(
          "data",
          "{} patches of the index are not in {}",
          result.num_missing,
          args->options.source);
    }
    if (*wants_json) {
      nlohmann::json bad = nlohmann::json::array();
      for (const auto& patch : result.bad) {
        bad.push_back({{"name", patch.name}, {"problem", patch.problem}});
      }
      print_json(
          {{"output", args->out},
           {"patches", result.num_copied},
           {"bytes", result.num_bytes},
           {"not_in_index", result.num_unlisted},
           {"not_in_source", result.num_missing},
           {"bad", bad}});
    } else {
      fmt::print(
          "{}: {} patches, {} (not in the index {}, bad {})\n",
          args->out,
          result.num_copied,
          format_bytes(static_cast<double>(result.num_bytes)),
          result.num_unlisted,
          result.bad.size());
    }
  });
}

}  // namespace nadir::cli
