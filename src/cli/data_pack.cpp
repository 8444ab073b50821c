// `nadir data pack`: patches or images into a dataset folder.
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/part_option.h"
#include "cli/shared_arguments.h"
#include "core/log.h"
#include "data/pack_parts.h"
#include "store/remote_output.h"

namespace nadir::cli {
namespace {

struct PackCommand {
  data::PackOptions options;
  std::string out;
  std::string part;
};

void print_result(const data::PackResult& result, const std::string& out) {
  const auto& info = result.info;
  if (result.was_complete) {
    fmt::print("{} is complete already\n", out);
  }
  fmt::print(
      "{}: {} images, {} bands, {} classes\n",
      out,
      info.counts.at("all"),
      info.bands.size(),
      info.class_names.size());
  if (!result.was_complete) {
    fmt::print(
        "  packed now {}, found from an interrupted run {}, not in the index "
        "{}, bad {}\n",
        result.num_packed,
        result.num_resumed,
        result.num_unlisted,
        info.problems.size());
  }
}

void run_pack(
    PackCommand& args,
    const std::shared_ptr<store::RemoteFiles>& remote,
    bool as_json) {
  open_stream_source(*remote, args.options.source);
  args.options.index = remote->input(args.options.index);
  args.options.remote = remote;
  store::RemoteOutput output(*remote, args.out, {data::kDatasetFile});
  args.options.out = output.path();
  const auto chosen = choose_part(args.part, args.options.num_threads);
  args.options.part = chosen.part;
  data::PackPartResult packed;
  if (chosen.part.is_whole()) {
    packed.pack = data::pack_dataset(args.options);
    packed.is_merged = true;
  } else {
    refuse_remote_part(args.out);
    packed = data::pack_dataset_part(args.options);
  }
  const auto& result = packed.pack;
  if (result.is_interrupted) {
    log_warning(
        "data",
        "interrupted after {} images; the same command goes on",
        result.num_packed + result.num_resumed);
    return;
  }
  if (!packed.is_merged && !result.was_complete) {
    report_part(chosen, args.out, packed.was_complete, packed.missing, as_json);
    return;
  }
  if (!result.was_complete) {
    output.publish();
  }
  for (const auto& problem : result.info.problems) {
    log_warning("data", "{}", problem);
  }
  if (as_json) {
    print_json(
        {{"output", args.out},
         {"packed", result.num_packed},
         {"resumed", result.num_resumed},
         {"not_in_index", result.num_unlisted},
         {"was_complete", result.was_complete},
         {"dataset", data::to_json(result.info)}});
  } else {
    print_result(result, args.out);
  }
}

}  // namespace

void add_data_pack(Command parent) {
  auto command = parent.add_command(
      "pack", "Pack patches or images into a dataset folder.");
  auto args = std::make_shared<PackCommand>();  // outlives the parse
  auto& options = args->options;
  command
      .add(
          "SRC",
          options.source,
          "BigEarthNet folder or archive (.tar, .tar.gz, .tar.zst, .tar.bz2), "
          "or a folder or list of images.")
      .required();
  command.add(
      "--index",
      options.index,
      "Index of the BigEarthNet patches to pack (nadir data index); else the "
      "one beside SRC.");
  command.add("-o,--out", args->out, "Dataset folder to make.").required();
  command.add("--bands", options.bands, "Bands by name, order kept; else all.");
  command.add(
      "--dtype",
      options.type,
      "uint16, or uint8 for B04,B03,B02 stretched as rgb2000; else as SRC.");
  add_max_bad(command, options.max_bad, "Images");
  add_threads(command, options.num_threads);
  command.add("--part", args->part, kPartHelp);
  const auto remote = add_remote(command);
  const auto wants_json = command.add_json_flag();
  command.set_example(
      "nadir data pack BigEarthNet-v1.0.tar.gz --index index.parquet --bands "
      "B04,B03,B02 --out ben");
  command.on_run(
      [args, remote, wants_json] { run_pack(*args, remote(), *wants_json); });
}

}  // namespace nadir::cli
