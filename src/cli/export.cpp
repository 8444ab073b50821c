// `nadir export`: a backbone, or a whole checkpoint, in the files of others.
#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "checkpoint/pth_writer.h"
#include "checkpoint/weights.h"
#include "cli/commands.h"
#include "cli/remote_run.h"
#include "cli/shared_arguments.h"
#include "core/error.h"
#include "store/remote_output.h"

namespace nadir::cli {
namespace {

struct ExportArguments {
  std::string weights;
  std::string out;
  std::string format = "safetensors";
  std::string checkpoint_key;
};

// The Python call that loads the file into timm's network of the same shape.
std::string timm_call(const model::VitConfig& config, const std::string& file) {
  const bool is_published =
      (config.arch == "vit_small" || config.arch == "vit_base") &&
      (config.patch_size == 16 || config.patch_size == 8);
  std::string call = "timm.create_model('";
  if (is_published) {
    call += fmt::format("{}_patch{}_224.dino'", config.arch, config.patch_size);
  } else if (config.arch == "vit_nano") {
    call += "vit_tiny_patch16_224', embed_dim=128, depth=6, num_heads=2";
  } else {
    call += config.arch + "_patch16_224'";
  }
  if (!is_published && config.patch_size != 16) {
    call += fmt::format(", patch_size={}", config.patch_size);
  }
  if (config.image_size != 224) {
    call += fmt::format(", img_size={}", config.image_size);
  }
  if (config.in_channels != 3) {
    call += fmt::format(", in_chans={}", config.in_channels);
  }
  return call + fmt::format(", num_classes=0, checkpoint_path='{}')", file);
}

void write_full(const ExportArguments& arguments, nlohmann::json& result) {
  NADIR_CHECK(
      arguments.checkpoint_key.empty(),
      "dino-full-pth writes student and teacher; leave out --checkpoint-key");
  const auto full = checkpoint::load_full_checkpoint(arguments.weights);
  checkpoint::KeyReport report;
  const auto config = checkpoint::infer_config(
      checkpoint::select_backbone(full.teacher, report));
  checkpoint::write_pth_full(
      arguments.out,
      full,
      {{"arch", config.arch},
       {"patch_size", config.patch_size},
       {"out_dim", full.center.size(1)}});
  result["source"] = arguments.weights;
  result["epoch"] = full.epoch;
  result["note"] =
      "the optimiser's state is not in the file: the reference program "
      "resumes from it with a fresh one";
}

void write_backbone(const ExportArguments& arguments, nlohmann::json& result) {
  checkpoint::WeightsOptions options;
  options.path = arguments.weights;
  options.checkpoint_key = arguments.checkpoint_key;
  const auto weights = checkpoint::load_weights(options);
  result["source"] = weights.source;
  result["num_tensors"] = weights.tensors.size();
  result.update(checkpoint::weights_config(weights.config, weights.info));
  if (arguments.format == "safetensors") {
    result["file"] = checkpoint::save_weights(arguments.out, weights).string();
  } else if (arguments.format == "timm") {
    checkpoint::write_safetensors(
        arguments.out, weights.tensors, {{"format", "pt"}});
    result["python"] = timm_call(weights.config, arguments.out);
  } else {
    checkpoint::write_pth_backbone(arguments.out, weights.tensors);
  }
}

// Readers, torch.load among them, go by the file's name.
void check_file_name(const ExportArguments& arguments) {
  const bool is_named_safetensors = arguments.out.ends_with(".safetensors");
  if (arguments.format == "timm") {
    NADIR_CHECK(
        is_named_safetensors,
        "--out {} must end in .safetensors: timm goes by the name",
        arguments.out);
  } else if (arguments.format != "safetensors") {
    NADIR_CHECK(
        !is_named_safetensors,
        "--out {} must not end in .safetensors for --format {}; .pth is usual",
        arguments.out,
        arguments.format);
  }
}

void run_export(
    ExportArguments arguments, store::RemoteFiles& remote, bool wants_json) {
  NADIR_CHECK(
      !store::is_remote(arguments.out) ||
          arguments.out.find('.', arguments.out.rfind('/')) !=
              std::string::npos,
      "--out {} must name a file at s3://, such as backbone.safetensors",
      arguments.out);
  const std::string out = arguments.out;
  store::RemoteOutput output(remote, out);
  arguments.out = output.path();
  arguments.weights = remote_weights(remote, arguments.weights);
  check_file_name(arguments);
  checkpoint::check_not_source(arguments.weights, arguments.out);
  nlohmann::json result = {
      {"file", arguments.out}, {"format", arguments.format}};
  if (arguments.format == "dino-full-pth") {
    write_full(arguments, result);
  } else {
    write_backbone(arguments, result);
  }
  output.publish();
  if (store::is_remote(out)) {
    result["file"] = out;
  }
  if (wants_json) {
    print_json(result);
    return;
  }
  std::printf(
      "wrote %s (%s) from %s\n",
      result["file"].get<std::string>().c_str(),
      arguments.format.c_str(),
      result["source"].get<std::string>().c_str());
  for (const char* key : {"python", "note"}) {
    if (result.contains(key)) {
      std::printf("%s\n", result[key].get<std::string>().c_str());
    }
  }
}

}  // namespace

void add_export(Command parent) {
  auto command = parent.add_command(
      "export", "Write weights for timm, PyTorch and other programs.");
  auto arguments = std::make_shared<ExportArguments>();
  command
      .add(
          "--weights",
          arguments->weights,
          "Run, checkpoint, weights folder, .safetensors or DINO .pth.")
      .required();
  command
      .add(
          "--out",
          arguments->out,
          "File to write; for safetensors also a folder.")
      .required();
  command
      .add(
          "--format",
          arguments->format,
          "safetensors (with config.json), timm (names and layout that "
          "timm.create_model loads), dino-pth (the official backbone file), "
          "dino-full-pth (student, teacher, centre).")
      .one_of({"safetensors", "timm", "dino-pth", "dino-full-pth"});
  add_checkpoint_key(command, arguments->checkpoint_key);
  const auto remote = add_remote(command);
  const auto wants_json = command.add_json_flag();
  command.set_example(
      "nadir export --weights runs/first --out backbone.safetensors "
      "--format timm");
  command.on_run([arguments, remote, wants_json] {
    run_export(*arguments, *remote(), *wants_json);
  });
}

}  // namespace nadir::cli
