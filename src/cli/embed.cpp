// `nadir embed`: features of images as a file.
#include <cstdio>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/join_group.h"
#include "cli/part_option.h"
#include "cli/remote_run.h"
#include "cli/shared_arguments.h"
#include "core/error.h"
#include "eval/embedding_recipe.h"
#include "eval/feature_file.h"
#include "eval/feature_parts.h"
#include "eval/prediction.h"
#include "store/remote_output.h"

namespace nadir::cli {
namespace {

struct EmbedOptions {
  eval::FeaturesConfig features;
  std::string data;
  std::string index;
  std::string split;
  std::string out = "features.parquet";
  int64_t blocks = 1;
  bool mean_patch = false;
  int64_t max_images = 0;
  std::string part;

  // train_views and feature_cache of FeaturesConfig mean nothing here, so the
  // fields are listed one by one.
  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(
        features.weights,
        "weights",
        "A run folder, a checkpoint, a safetensors file, or an official DINO "
        ".pth.");
    visit(data, "data", "Images: whatever `nadir pretrain --data` takes.");
    visit(out, "out", "File to write: .parquet, .safetensors or .npy.");
    visit(blocks, "blocks", "Last blocks whose CLS tokens are joined.");
    visit(
        mean_patch,
        "mean_patch",
        "Join the mean of the last block's patch tokens.");
    visit(index, "index", "index.parquet beside a raw BigEarthNet folder.");
    visit(
        split, "split", "train, validation or test; all images unless given.");
    visit(
        max_images,
        "max_images",
        "At most this many images, evenly spread; 0 takes all.");
    visit(
        features.checkpoint_key,
        "checkpoint_key",
        "teacher or student, for weights that hold both; the teacher unless "
        "given.");
    visit(
        features.bands,
        "bands",
        "Bands of the data, in order, for weights that do not name theirs.");
    visit(
        features.normalization,
        "normalization",
        "Normalisation by name, for weights that carry none.");
    visit(
        features.resize_px,
        "resize_px",
        "Shorter side before the centre crop; -1 is crop_px * 256 / 224, 0 "
        "squeezes the whole image into the crop.");
    visit(
        features.crop_px,
        "crop_px",
        "Side of the square given to the network; 0 is the side it was trained "
        "with.");
    visit(features.feature_batch_size, "batch_size", "Images a forward pass.");
    visit(
        features.num_workers,
        "num_workers",
        "Threads that read images; 0 takes all processors.");
    visit(features.device, "device", "cpu, cuda or cuda:N.");
    visit(features.precision, "precision", eval::kPrecisionHelp);
    visit(part, "part", kPartHelp);
  }
};

void print_embedded(
    int64_t num_images,
    const eval::FeatureColumns& columns,
    const eval::ViewRecipe& views,
    const std::string& out,
    bool as_json) {
  if (as_json) {
    print_json(
        {{"images", num_images},
         {"width", columns.width},
         {"features", columns.name},
         {"views", views.text()},
         {"out", out}});
  } else {
    std::printf(
        "%lld images, %lld numbers each (%s): %s\n",
        static_cast<long long>(num_images),
        static_cast<long long>(columns.width),
        columns.name.c_str(),
        out.c_str());
  }
}

void run(
    EmbedOptions options,
    const std::shared_ptr<store::RemoteFiles>& remote,
    bool as_json) {
  NADIR_CHECK(!options.data.empty(), "--data must name the images; see --help");
  const std::string weights = options.features.weights;  // as written
  options.features.weights = remote_weights(*remote, options.features.weights);
  store::RemoteOutput output(*remote, options.out);
  eval::check_feature_path(output.path());
  const auto chosen = choose_part(options.part, options.features.num_workers);
  if (chosen.local_size > 1) {
    divide_threads(chosen.local_size);
  }
  const auto frozen = eval::load_frozen_network(options.features);
  data::DatasetOptions source;
  source.data = options.data;
  source.index = options.index;
  source.bands = frozen.bands;
  source.remote = remote;
  const auto images = eval::unlabelled_images(
      data::open_dataset(source), options.split, options.max_images);
  const auto views =
      eval::make_view_recipe(frozen, *images.dataset, options.features);
  const auto recipe = eval::make_embedding_recipe(
      frozen, weights, views, options.blocks, options.mean_patch);
  const auto columns = recipe.columns(*frozen.network);
  const auto embed = [&](const eval::ImageSet& own) {
    return eval::embed_images(
        own,
        recipe,
        frozen,
        options.features.feature_batch_size,
        options.features.num_workers);
  };
  const auto provenance = eval::provenance_of(recipe, *frozen.network);
  if (chosen.part.is_whole()) {
    eval::write_features(
        eval::make_feature_table(images, embed(images), provenance),
        output.path());
    output.publish();
    print_embedded(images.size(), columns, views, options.out, as_json);
    return;
  }
  refuse_remote_part(options.out);
  const auto result = eval::make_feature_part(
      images,
      chosen.part,
      options.features.feature_batch_size,
      columns.width,
      provenance,
      options.out,
      embed);
  if (result.is_merged) {
    print_embedded(result.num_images, columns, views, options.out, as_json);
  } else {
    report_part(
        chosen, options.out, result.was_complete, result.missing, as_json);
  }
}

}  // namespace

void add_embed(Command parent) {
  auto command =
      parent.add_command("embed", "Write the features of images to a file.");
  auto options = std::make_shared<EmbedOptions>();  // outlives the parse
  command.add_fields(fields_of(*options));
  const auto remote = add_remote(command);
  const auto as_json = command.add_json_flag();
  command.set_example(
      "nadir embed --weights runs/a --data ben-rgb --out features.parquet");
  command.on_run(
      [options, remote, as_json] { run(*options, remote(), *as_json); });
}

}  // namespace nadir::cli
