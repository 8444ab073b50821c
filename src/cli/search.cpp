// `nadir search`: images that are like some, and unlike others, by their
// embeddings.
#include <chrono>
#include <cstdio>
#include <memory>
#include <set>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/remote_run.h"
#include "cli/search_output.h"
#include "cli/shared_arguments.h"
#include "core/error.h"
#include "data/scene_window.h"
#include "eval/embedding_recipe.h"
#include "eval/prediction.h"
#include "search/class_query.h"
#include "search/exact_search.h"
#include "search/graph_search.h"
#include "store/remote_output.h"

namespace nadir::cli {
namespace {

struct SearchResult {
  search::Neighbours found;
  double search_ms = 0;
};

struct SearchOptions {
  std::string embeddings;
  std::vector<std::string> like;
  std::vector<std::string> unlike;
  std::vector<std::string> windows;
  std::vector<std::string> places;
  std::vector<std::string> class_names;
  std::vector<std::string> not_class_names;
  std::string data;
  std::string index;
  bool centre = true;
  std::string method = "exact";
  int64_t effort = 200;
  int64_t num_results = 10;
  int64_t num_threads = 0;
  std::string out;
  std::string picture;
  std::string weights;
  std::string device = "cpu";

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(data, "data", "The images' data: labels, and pixels for --picture.");
    visit(index, "index", "index.parquet beside a raw BigEarthNet folder.");
    visit(
        centre,
        "centre",
        "Take the mean of all embeddings off each, so that what all images "
        "share counts for nothing.");
    visit(
        method,
        "method",
        "exact looks at all embeddings; graph at a few of them, and may miss "
        "one: its graph is made at the first search and kept as "
        "EMBEDDINGS.graph.");
    visit(
        effort,
        "effort",
        "Embeddings that the graph's search keeps in sight; more miss less.");
    visit(num_results, "num_results", "Images to find.");
    visit(
        num_threads,
        "num_threads",
        "Threads that compute; 0 takes all processors.");
    visit(out, "out", "File of the results: .parquet, .csv or .geojson.");
    visit(picture, "picture", "PNG of the images found; needs --data.");
    visit(
        weights,
        "weights",
        "The network that made the embeddings, for --window and --place, where "
        "it moved since.");
    visit(device, "device", "cpu, cuda or cuda:N; for --window and --place.");
  }
};

using Remote = std::shared_ptr<store::RemoteFiles>;

std::shared_ptr<const data::Dataset> open_labels(
    const SearchOptions& options, const Remote& remote) {
  if (options.data.empty()) {
    return nullptr;
  }
  data::DatasetOptions source;
  source.data = options.data;
  source.index = options.index;
  source.remote = remote;
  return data::open_dataset(source);
}

// Rows of the named images, together one group.
void add_group(
    const search::Embeddings& embeddings,
    const std::vector<std::string>& names,
    std::vector<search::Rows>& groups) {
  if (names.empty()) {
    return;
  }
  search::Rows rows;
  for (const auto& name : names) {
    rows.push_back(embeddings.row_of(name));
  }
  groups.push_back(std::move(rows));
}

// Directions of the windows, embedded as the embeddings were.
std::vector<std::vector<float>> embed_windows(
    const SearchOptions& options,
    const search::Embeddings& embeddings,
    const Remote& remote) {
  std::vector<data::SceneWindow> windows;
  for (const auto& text : options.windows) {
    windows.push_back(data::parse_window(text));
    windows.back().scene = remote->input(windows.back().scene);
  }
  for (const auto& text : options.places) {
    auto place = data::parse_place(text);
    place.scene = remote->input(place.scene);
    windows.push_back(data::window_at(place));
  }
  const auto recipe =
      eval::read_embedding_recipe(embeddings.metadata(), options.embeddings);
  const auto frozen = eval::load_recipe_network(
      recipe,
      remote_weights(
          *remote, options.weights.empty() ? recipe.weights : options.weights),
      options.device);
  const auto images = eval::unlabelled_images(
      data::open_windows(std::move(windows), recipe.views.normalization.bands),
      "",
      0);
  const auto features_NF = eval::embed_images(
      images, recipe, frozen, images.size(), options.num_threads);
  std::vector<std::vector<float>> directions;
  for (const auto& row : eval::rows_of(features_NF)) {
    directions.push_back(embeddings.direction_of(row));
  }
  return directions;
}

search::Wish read_wish(
    const SearchOptions& options,
    const search::Embeddings& embeddings,
    const data::Dataset* labels,
    const Remote& remote) {
  NADIR_CHECK(
      labels != nullptr ||
          (options.class_names.empty() && options.not_class_names.empty()),
      "--class and --not-class need --data, which has the labels");
  search::Wish wish;
  add_group(embeddings, options.like, wish.like);
  add_group(embeddings, options.unlike, wish.unlike);
  for (const auto& name : options.class_names) {
    wish.like.push_back(search::rows_of_class(embeddings, *labels, name));
  }
  for (const auto& name : options.not_class_names) {
    wish.unlike.push_back(search::rows_of_class(embeddings, *labels, name));
  }
  if (!options.windows.empty() || !options.places.empty()) {
    wish.like_others = embed_windows(options, embeddings, remote);
  }
  return wish;
}

// The nearest but for those that were named; and how long that took.
SearchResult find(
    const SearchOptions& options,
    const std::string& path,
    const search::Embeddings& embeddings,
    const search::Query& query) {
  using Clock = std::chrono::steady_clock;
  const std::set<std::string> named(options.like.begin(), options.like.end());
  const auto accept = [&](const search::Neighbour& one) {
    return !named.contains(embeddings.name(one.row)) &&
           search::is_as_wished(embeddings, query, one);
  };
  const auto num_threads = static_cast<int>(options.num_threads);
  std::optional<search::Graph> graph;
  if (options.method == "graph") {
    graph = search::open_graph(path, embeddings, num_threads);
  }
  const auto start = Clock::now();
  auto found =
      graph ? graph->find_nearest(
                  query.wanted, options.num_results, options.effort, accept)
            : search::find_nearest(
                  embeddings,
                  query.wanted,
                  options.num_results,
                  num_threads,
                  accept);
  const std::chrono::duration<double, std::milli> time = Clock::now() - start;
  return {std::move(found), time.count()};
}

void run(const SearchOptions& options, const Remote& remote, bool as_json) {
  NADIR_CHECK(
      options.method == "exact" || options.method == "graph",
      "method must be exact or graph, got '{}'",
      options.method);
  NADIR_CHECK(
      options.num_results > 0,
      "num_results must be > 0, got {}",
      options.num_results);
  NADIR_CHECK(
      options.num_threads >= 0 && options.effort > 0,
      "num_threads must be >= 0 (0 takes all processors) and effort > 0, got "
      "{} and {}",
      options.num_threads,
      options.effort);
  NADIR_CHECK(
      options.picture.empty() || !options.data.empty(),
      "--picture needs --data, which has the pixels");
  store::RemoteOutput out(*remote, options.out);
  store::RemoteOutput picture(*remote, options.picture);
  check_result_path(out.path());
  const auto path = remote->input(options.embeddings);
  const auto embeddings = search::Embeddings::read(path, options.centre);
  const auto labels = open_labels(options, remote);
  const auto query = search::query_of(
      embeddings, read_wish(options, embeddings, labels.get(), remote));
  const auto result = find(options, path, embeddings, query);
  const auto rows = describe(result.found, embeddings, labels.get());
  if (!options.out.empty()) {
    write_results(rows, embeddings.metadata(), out.path());
    out.publish();
  }
  if (!options.picture.empty()) {
    draw_results(rows, *labels, picture.path());
    picture.publish();
  }
  print_results(rows, result.search_ms, options.method, as_json);
}

}  // namespace

void add_search(Command parent) {
  auto command = parent.add_command(
      "search", "Find images that are like others, by their embeddings.");
  auto options = std::make_shared<SearchOptions>();  // outlives the parse
  command
      .add(
          "EMBEDDINGS",
          options->embeddings,
          "The .parquet file that nadir embed wrote: what is searched.")
      .required();
  // A name may hold a comma, so that these are no lists.
  command.add_repeated(
      "--like",
      options->like,
      "Name of an image that what is found is to be like; may stand there "
      "several times, as may the next five.");
  command.add_repeated(
      "--unlike", options->unlike, "Name of an image it is not to be like.");
  command.add_repeated(
      "--window",
      options->windows,
      "SCENE.tif@ROW,COL,HEIGHT,WIDTH in pixels, or a whole picture, that it "
      "is "
      "to be like; bands are found by name.");
  command.add_repeated(
      "--place",
      options->places,
      "SCENE.tif@LON,LAT,SIDE: the square of SIDE pixels around a place in "
      "degrees, that it is to be like.");
  command.add_repeated(
      "--class",
      options->class_names,
      "Class whose images it is to be like; --data has the labels.");
  command.add_repeated(
      "--not-class",
      options->not_class_names,
      "Class whose images it is not to be like.");
  command.add_fields(fields_of(*options));
  const auto remote = add_remote(command);
  const auto as_json = command.add_json_flag();
  command.set_example(
      "nadir search features.parquet --like "
      "S2A_MSIL2A_20170613T101031_12_56\n"
      "  nadir search features.parquet --window scene.tif@2400,1200,120,120 "
      "--out found.geojson\n"
      "  nadir search features.parquet --data ben-rgb --class "
      "'Inland waters' --not-class 'Urban fabric' --picture found.png");
  command.on_run(
      [options, remote, as_json] { run(*options, remote(), *as_json); });
}

}  // namespace nadir::cli
