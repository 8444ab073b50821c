// `nadir import`: weights of others as a weights folder, with an account of
// every tensor.
#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "checkpoint/weights.h"
#include "cli/commands.h"
#include "cli/shared_arguments.h"
#include "core/error.h"
#include "data/normalization.h"
#include "store/remote_output.h"

namespace nadir::cli {
namespace {

struct ImportArguments {
  std::string src;
  std::string out;
  std::string arch;
  std::vector<std::string> bands;
  std::string normalization;
  std::string checkpoint_key;
  std::string inflation = "mean";
  int64_t image_size = 0;
  int64_t in_channels = 0;
};

// 8-bit colour goes by R, G, B; every other band is a digital number.
raster::PixelType pixel_type_of(const std::vector<std::string>& bands) {
  const bool is_colour = bands == std::vector<std::string>{"R", "G", "B"};
  return is_colour ? raster::PixelType::kUint8 : raster::PixelType::kUint16;
}

// What the user says of bands and normalisation, into the weights' info.
void add_info(const ImportArguments& arguments, checkpoint::Weights& weights) {
  const auto& bands = arguments.bands;
  if (!bands.empty()) {
    NADIR_CHECK(
        static_cast<int64_t>(bands.size()) == weights.config.in_channels,
        "--bands names {} bands, the network takes {}; --in-channels {} makes "
        "it take them",
        bands.size(),
        weights.config.in_channels,
        bands.size());
    weights.info["bands"] = bands;
  }
  if (!arguments.normalization.empty()) {
    NADIR_CHECK(
        !bands.empty(),
        "--normalization {} needs --bands, in the network's order",
        arguments.normalization);
    weights.info["normalization"] = data::to_json(data::make_normalization(
        arguments.normalization, bands, pixel_type_of(bands), nullptr));
  }
  weights.info["provenance"] = {
      {"imported_from", weights.source},
      {"before", weights.info["provenance"]}};
}

void print_list(const char* what, const std::vector<std::string>& names) {
  std::printf("%-11s %zu\n", what, names.size());
}

void print_report(const checkpoint::Weights& weights, const std::string& file) {
  std::printf(
      "%s: %s, patch %lld, %lld px, %lld bands\n",
      weights.source.c_str(),
      weights.config.arch.c_str(),
      static_cast<long long>(weights.config.patch_size),
      static_cast<long long>(weights.config.image_size),
      static_cast<long long>(weights.config.in_channels));
  const auto& report = weights.report;
  print_list("matched", report.matched);
  print_list("missing", report.missing);
  print_list("unexpected", report.unexpected);
  for (const auto& [what, names] :
       {std::pair{"resized", &report.resized},
        std::pair{"folded", &report.folded},
        std::pair{"dropped", &report.dropped}}) {
    print_list(what, *names);
    for (const std::string& name : *names) {
      std::printf("  %s\n", name.c_str());
    }
  }
  std::printf("wrote %s and config.json beside it\n", file.c_str());
}

void run_import(
    ImportArguments arguments, store::RemoteFiles& remote, bool wants_json) {
  const std::string out = arguments.out;
  const bool is_folder = !out.ends_with(".safetensors");
  NADIR_CHECK(
      is_folder || !store::is_remote(out),
      "--out {}: weights at s3:// have their config.json beside them; name a "
      "folder",
      out);
  store::RemoteOutput output(remote, out, {"config.json"});
  arguments.out = output.path();
  arguments.src = remote.input(arguments.src);
  checkpoint::check_not_source(arguments.src, arguments.out);
  checkpoint::WeightsOptions options;
  options.path = arguments.src;
  options.checkpoint_key = arguments.checkpoint_key;
  options.image_size = arguments.image_size;
  options.in_channels = arguments.in_channels;
  options.inflation = arguments.inflation == "mean"
                          ? checkpoint::Inflation::kMean
                          : checkpoint::Inflation::kRepeat;
  auto weights = checkpoint::load_weights(options);
  if (!arguments.arch.empty()) {
    const auto wanted = model::vit_shape(arguments.arch);
    const auto found = model::vit_shape(weights.config.arch);
    NADIR_CHECK(
        wanted.dim == found.dim && wanted.depth == found.depth,
        "{} holds a {}, not the {} of --arch",
        weights.source,
        weights.config.arch,
        arguments.arch);
  }
  add_info(arguments, weights);
  auto file = checkpoint::save_weights(arguments.out, weights).string();
  output.publish();
  file = store::is_remote(out) ? out : file;
  if (wants_json) {
    auto result = checkpoint::weights_config(weights.config, weights.info);
    result["source"] = weights.source;
    result["file"] = file;
    result["report"] = checkpoint::to_json(weights.report);
    print_json(result);
  } else {
    print_report(weights, file);
  }
}

}  // namespace

void add_import(Command parent) {
  auto command = parent.add_command(
      "import",
      "Take over weights of DINO, DINOv2 (without registers) or timm.");
  auto arguments = std::make_shared<ImportArguments>();
  command
      .add(
          "SRC",
          arguments->src,
          "Official .pth (full or backbone) or .safetensors.")
      .required();
  command.add("--out", arguments->out, "Weights folder, or .safetensors file.")
      .required();
  command.add("--arch", arguments->arch, "Refuse any other network than this.");
  command.add(
      "--bands",
      arguments->bands,
      "Names of the bands in the network's order, as B04,B03,B02 or "
      "R,G,B; unknown otherwise.");
  command.add(
      "--normalization",
      arguments->normalization,
      "The convention its inputs follow, by name; unknown otherwise.");
  add_checkpoint_key(command, arguments->checkpoint_key);
  command
      .add(
          "--image-size",
          arguments->image_size,
          "Interpolate the position embedding to this side in pixels; 0 keeps "
          "it.")
      .at_least(0);
  command
      .add(
          "--in-channels",
          arguments->in_channels,
          "Inflate the patch embedding to this many bands; 0 keeps it.")
      .at_least(0);
  command
      .add(
          "--inflation",
          arguments->inflation,
          "How bands get their weights: mean of the old ones, or repeat them "
          "by turns; both keep the sum.")
      .one_of({"mean", "repeat"});
  const auto remote = add_remote(command);
  const auto wants_json = command.add_json_flag();
  command.set_example(
      "nadir import dino_deitsmall16_pretrain.pth --out weights/dino-s16 "
      "--bands R,G,B --normalization imagenet");
  command.on_run([arguments, remote, wants_json] {
    run_import(*arguments, *remote(), *wants_json);
  });
}

}  // namespace nadir::cli
