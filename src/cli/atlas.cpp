// `nadir atlas`: embeddings in the plane, so that one can look at them.
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "atlas/atlas_file.h"
#include "atlas/projection.h"
#include "cli/commands.h"
#include "cli/shared_arguments.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/progress.h"
#include "core/signals.h"
#include "core/text_table.h"
#include "eval/image_groups.h"
#include "eval/scatter_plot.h"
#include "raster/image_file.h"
#include "search/embeddings.h"
#include "store/remote_output.h"

namespace nadir::cli {
namespace {

constexpr int64_t kPicturePx = 1000;

struct AtlasOptions {
  std::string embeddings;
  std::string out = "atlas.parquet";
  std::string method = "pca";
  atlas::UmapConfig umap;
  int64_t num_threads = 0;
  std::string picture;
  std::string data;
  std::string index;
  std::string colour;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(out, "out", "File to write: .parquet.");
    visit(
        method,
        "method",
        "pca shows the two directions along which embeddings differ most, at "
        "once; umap keeps neighbours together, in minutes.");
    umap.for_each(visit);
    visit(
        num_threads,
        "num_threads",
        "Threads that compute; 0 takes all processors.");
    visit(picture, "picture", "PNG of the points.");
    visit(data, "data", "The images' data, for --colour.");
    visit(index, "index", "index.parquet beside a raw BigEarthNet folder.");
    visit(
        colour,
        "colour",
        "What the picture's colours say: class (of several the rarest), "
        "country, season or split.");
  }
};

void check(const AtlasOptions& options) {
  NADIR_CHECK(
      options.num_threads >= 0,
      "num_threads must be >= 0 (0 takes all processors), got {}",
      options.num_threads);
  NADIR_CHECK(
      std::filesystem::path(options.out).extension() == ".parquet",
      "an atlas is written as .parquet, got '{}'",
      options.out);
  NADIR_CHECK(
      options.colour.empty() || !options.picture.empty(),
      "--colour needs --picture, which it is for");
  NADIR_CHECK(
      options.colour.empty() || !options.data.empty(),
      "--colour needs --data, which knows the images");
}

// Shows each stage as a piece of work, and ends with a signal.
class ShownStages {
 public:
  bool operator()(const atlas::Step& step) {
    stop_if_told("the places made so far");
    if (!progress_ || step.stage != stage_) {
      progress_.reset();
      begin(step);
    }
    progress_->advance(step.done - done_);
    done_ = step.done;
    return true;
  }

 private:
  void begin(const atlas::Step& step) {
    stage_ = step.stage;
    done_ = 0;
    if (stage_ == atlas::Stage::kNeighbours) {
      progress_.emplace("finding neighbours", step.total, "images");
    } else if (stage_ == atlas::Stage::kLayout) {
      progress_.emplace("placing images", step.total, "epochs");
    } else {
      progress_.emplace("measuring trust", step.total, "images");
    }
  }

  std::optional<Progress> progress_;
  atlas::Stage stage_ = atlas::Stage::kNeighbours;
  int64_t done_ = 0;
};

void draw(
    const AtlasOptions& options,
    const atlas::Atlas& atlas,
    const std::shared_ptr<store::RemoteFiles>& remote,
    const std::string& path) {
  eval::ImageGroups groups;
  if (!options.colour.empty()) {
    data::DatasetOptions source;
    source.data = options.data;
    source.index = options.index;
    source.remote = remote;
    const std::string index =
        options.index.empty() ? "" : remote->input(options.index);
    groups = eval::group_images(
        atlas.names,
        *data::open_dataset(source),
        options.data,
        index,
        options.colour);
  }
  const std::string title = fmt::format(
      "{} images by {}{}",
      atlas.names.size(),
      atlas.method == "pca" ? "principal components" : "UMAP",
      options.colour.empty() ? "" : ", coloured by " + options.colour);
  raster::write_png(
      path, eval::scatter_plot(title, atlas.places, groups, kPicturePx));
}

void print(
    const AtlasOptions& options,
    const atlas::Atlas& atlas,
    double project_s,
    bool as_json) {
  if (as_json) {
    nlohmann::json json = {
        {"method", atlas.method},
        {"images", atlas.names.size()},
        {"out", options.out},
        {"project_s", project_s},
        {"trustworthiness", nullptr},
        {"embeddings_sha256", atlas.embeddings_sha256}};
    if (atlas.trustworthiness) {
      json["trustworthiness"] = *atlas.trustworthiness;
    }
    if (atlas.method == "pca") {
      json["explained"] = atlas.explained;
    } else {
      json["neighbours"] = atlas.umap.neighbours;
      json["epochs"] = atlas.umap.epochs;
    }
    print_json(json);
    return;
  }
  TextTable table({"what", "value"});
  table.add_row({"images", std::to_string(atlas.names.size())});
  table.add_row({"method", atlas.method});
  if (atlas.method == "pca") {
    double share = 0;
    for (const double part : atlas.explained) {
      share += part;
    }
    table.add_row({"variance shown", fmt::format("{:.1f} %", 100 * share)});
  } else {
    table.add_row({"neighbours", std::to_string(atlas.umap.neighbours)});
    table.add_row({"epochs", std::to_string(atlas.umap.epochs)});
  }
  table.add_row(
      {"trustworthiness",
       atlas.trustworthiness ? fmt::format("{:.4f}", *atlas.trustworthiness)
                             : "of more than 2 images only"});
  table.add_row({"out", options.out});
  std::printf("%s", table.text().c_str());
}

void run(
    AtlasOptions options,
    const std::shared_ptr<store::RemoteFiles>& remote,
    bool as_json) {
  using Clock = std::chrono::steady_clock;
  check(options);
  const auto path = remote->input(options.embeddings);
  store::RemoteOutput output(*remote, options.out);
  store::RemoteOutput picture(*remote, options.picture);
  check_writable_file(output.path());
  if (!options.picture.empty()) {
    check_writable_file(picture.path());
  }
  const auto embeddings = search::Embeddings::read(path, true);
  const auto start = Clock::now();
  ShownStages stages;
  auto atlas = atlas::make_atlas(
      embeddings,
      {options.method, options.umap, static_cast<int>(options.num_threads)},
      [&](const atlas::Step& step) { return stages(step); });
  const std::chrono::duration<double> time = Clock::now() - start;
  atlas.embeddings_sha256 = file_hash_hex(Hasher::Kind::kSha256, path);
  atlas::write_atlas(output.path(), atlas);
  output.publish();
  if (!options.picture.empty()) {
    draw(options, atlas, remote, picture.path());
    picture.publish();
  }
  print(options, atlas, time.count(), as_json);
}

}  // namespace

void add_atlas(Command parent) {
  auto command = parent.add_command(
      "atlas", "Place images in the plane by their embeddings.");
  auto options = std::make_shared<AtlasOptions>();  // outlives the parse
  command
      .add(
          "EMBEDDINGS",
          options->embeddings,
          "The .parquet file that nadir embed wrote.")
      .required();
  command.add_fields(fields_of(*options));
  const auto remote = add_remote(command);
  const auto as_json = command.add_json_flag();
  command.set_example(
      "nadir atlas features.parquet --out atlas.parquet\n"
      "  nadir atlas features.parquet --method umap --data ben-rgb --colour "
      "season --picture atlas.png");
  command.on_run(
      [options, remote, as_json] { run(*options, remote(), *as_json); });
}

}  // namespace nadir::cli
