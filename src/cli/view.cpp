// `nadir view`: pictures of attention, of patch tokens, and of the
// augmentation's views.
#include <cstdio>
#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include "augment/view_config.h"
#include "cli/commands.h"
#include "cli/remote_run.h"
#include "cli/shared_arguments.h"
#include "core/error.h"
#include "core/file.h"
#include "eval/pictures.h"
#include "eval/prediction.h"
#include "raster/image_file.h"

namespace nadir::cli {
namespace {

struct PictureOptions {
  std::string data;
  std::string weights;
  std::string checkpoint_key;
  std::vector<std::string> bands;
  std::string normalization;
  std::string index;
  std::string split;
  int64_t num_images = 4;
  int64_t image_size = 480;
  double threshold = 0.6;
  bool views = false;
  int64_t seed = 0;
  std::string out = "pictures";

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(data, "data", "Images: whatever `nadir pretrain --data` takes.");
    visit(
        weights,
        "weights",
        "The network; without it only --views can be drawn.");
    visit(views, "views", "Draw the views that training cuts from each image.");
    visit(
        out,
        "out",
        "Folder for attention.png, masks.png, components.png and views.png.");
    visit(num_images, "num_images", "Images, evenly spread over the data.");
    visit(
        image_size,
        "image_size",
        "Side in pixels given to the network, cut to whole patches.");
    visit(
        threshold,
        "threshold",
        "Share of a head's attention that its mask holds.");
    visit(
        split, "split", "train, validation or test; all images unless given.");
    visit(index, "index", "index.parquet beside a raw BigEarthNet folder.");
    visit(
        bands,
        "bands",
        "Bands of the data, in order, for weights that do not name theirs.");
    visit(
        normalization,
        "normalization",
        "Normalisation by name, for weights that carry none.");
    visit(
        checkpoint_key,
        "checkpoint_key",
        "teacher or student, for weights that hold both.");
    visit(seed, "seed", "Seed of the views.");
  }
};

struct ViewOptions {
  PictureOptions pictures;
  augment::ViewConfig augmentation;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit.section("Pictures", pictures);
    visit.section("Views", augmentation);
  }
};

class PictureWriter {
 public:
  explicit PictureWriter(std::filesystem::path folder)
      : folder_(std::move(folder)) {}

  void write(const char* name, const raster::Image& picture) {
    const auto path = folder_ / name;
    raster::write_png(path, picture);
    paths_.push_back(path.string());
  }

  [[nodiscard]] const std::vector<std::string>& paths() const { return paths_; }

 private:
  std::filesystem::path folder_;
  std::vector<std::string> paths_;
};

using Remote = std::shared_ptr<store::RemoteFiles>;

eval::ImageSet open_images(
    const PictureOptions& options,
    const std::vector<std::string>& bands,
    const Remote& remote) {
  data::DatasetOptions source;
  source.remote = remote;
  source.data = options.data;
  source.index = options.index;
  source.bands = bands;
  return eval::unlabelled_images(
      data::open_dataset(source), options.split, options.num_images);
}

// Images, and the normalisation that the weights or the user name.
struct Source {
  eval::ImageSet images;
  data::Normalization normalization;
};

Source draw_network(
    const PictureOptions& options,
    const Remote& remote,
    PictureWriter& writer) {
  eval::FeaturesConfig features;
  features.weights = remote_weights(*remote, options.weights);
  features.checkpoint_key = options.checkpoint_key;
  features.bands = options.bands;
  features.normalization = options.normalization;
  const auto frozen = eval::load_frozen_network(features);
  const auto images = open_images(options, frozen.bands, remote);
  const auto recipe = eval::make_view_recipe(frozen, *images.dataset, features);
  const auto pictures = eval::network_pictures(
      *frozen.network,
      images,
      recipe.normalization,
      options.image_size,
      options.threshold);
  writer.write("attention.png", pictures.attention);
  writer.write("masks.png", pictures.masks);
  writer.write("components.png", pictures.components);
  return {images, recipe.normalization};
}

Source source_without_weights(
    const PictureOptions& options, const Remote& remote) {
  const auto images = open_images(options, options.bands, remote);
  const auto& dataset = *images.dataset;
  return {
      images,
      data::make_normalization(
          options.normalization.empty() ? "auto" : options.normalization,
          dataset.bands(),
          dataset.read(images.indices[0]).type(),
          dataset.statistics())};
}

void draw_views(
    const ViewOptions& options, const Source& source, PictureWriter& writer) {
  writer.write(
      "views.png",
      eval::view_sheet(
          source.images,
          source.normalization,
          options.augmentation,
          static_cast<uint64_t>(options.pictures.seed)));
}

void run(const ViewOptions& options, const Remote& remote, bool as_json) {
  const auto& pictures = options.pictures;
  NADIR_CHECK(
      !pictures.data.empty(), "--data must name the images; see --help");
  NADIR_CHECK(
      pictures.views || !pictures.weights.empty(),
      "--weights (attention and components) or --views must be given");
  NADIR_CHECK(
      pictures.num_images > 0,
      "num_images must be > 0, got {}",
      pictures.num_images);
  PictureWriter writer(pictures.out);
  const auto source = pictures.weights.empty()
                          ? source_without_weights(pictures, remote)
                          : draw_network(pictures, remote, writer);
  if (pictures.views) {
    draw_views(options, source, writer);
  }
  if (as_json) {
    print_json({{"pictures", writer.paths()}});
    return;
  }
  for (const auto& path : writer.paths()) {
    std::printf("%s\n", path.c_str());
  }
}

}  // namespace

void add_view(Command parent) {
  auto command = parent.add_command(
      "view",
      "Draw attention, masks and patch tokens of a network, and views of the\n"
      "augmentation.");
  auto options = std::make_shared<ViewOptions>();  // outlives the parse
  command.add_fields(fields_of(*options));
  const auto remote = add_remote(command);
  const auto as_json = command.add_json_flag();
  command.set_example(
      "nadir view --weights runs/a --data ben-rgb --views --out pictures");
  command.on_run(
      [options, remote, as_json] { run(*options, remote(), *as_json); });
}

}  // namespace nadir::cli
