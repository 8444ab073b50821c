#include "search/graph_search.h"

#include <algorithm>

#include <hnswlib/hnswlib.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/log.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "kernels/dot.h"

namespace nadir::search {
namespace {

constexpr int64_t kFormat = 1;
constexpr int64_t kShare = 64;  // vectors that a thread takes at a time

float one_less_cosine(const void* a, const void* b, const void* width) {
  return 1 - kernels::dot(
                 static_cast<const float*>(a),
                 static_cast<const float*>(b),
                 *static_cast<const int64_t*>(width));
}

// Of vectors of length 1, by our kernels: hnswlib's are chosen when it is
// compiled, not by the processor it runs on.
class CosineSpace : public hnswlib::SpaceInterface<float> {
 public:
  explicit CosineSpace(int64_t width) : width_(width) {}

  size_t get_data_size() override {
    return static_cast<size_t>(width_) * sizeof(float);
  }

  hnswlib::DISTFUNC<float> get_dist_func() override { return one_less_cosine; }

  void* get_dist_func_param() override { return &width_; }

 private:
  int64_t width_;
};

// Of names and numbers.
std::string fingerprint(const Embeddings& embeddings) {
  Hasher hasher(Hasher::Kind::kSha256);
  for (int64_t i = 0; i < embeddings.size(); ++i) {
    hasher.update(embeddings.name(i));
    hasher.update("\n");
    const auto row = embeddings.row(i);
    hasher.update(
        {reinterpret_cast<const char*>(row.data()), row.size_bytes()});
  }
  return hasher.hex();
}

std::filesystem::path description_of(const std::filesystem::path& path) {
  return path.string() + ".json";
}

void describe(
    const std::filesystem::path& path, const nlohmann::json& description) {
  write_file(description_of(path), json_text(description, 2) + "\n");
}

bool is_of(
    const nlohmann::json& noted,
    const std::filesystem::path& path,
    const Embeddings& embeddings) {
  return noted.at("embeddings_sha256") == fingerprint(embeddings) &&
         noted.at("graph_sha256") == file_hash_hex(Hasher::Kind::kSha256, path);
}

// So that the next load need not hash again; where nothing can be written, it
// does.
void note_stamps(
    const std::filesystem::path& path,
    const Embeddings& embeddings,
    nlohmann::json noted) {
  noted["embeddings_stamp"] = embeddings.file_stamp();
  noted["graph_stamp"] = stamp_of(path);
  try {
    describe(path, noted);
  } catch (const Error& error) {
    log_warning(
        "search", "{}; the graph is checked again next time", error.what());
  }
}

}  // namespace

struct Graph::State {
  explicit State(int64_t width) : space(width) {}

  [[nodiscard]] int64_t size() const {
    return static_cast<int64_t>(graph->cur_element_count);
  }

  // From any thread.
  [[nodiscard]] Neighbours nearest(
      std::span<const float> query, int64_t count) const {
    auto queue = graph->searchKnn(query.data(), static_cast<size_t>(count));
    Neighbours found;
    for (; !queue.empty(); queue.pop()) {
      found.push_back(
          {static_cast<int64_t>(queue.top().second), 1 - queue.top().first});
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  CosineSpace space;
  std::unique_ptr<hnswlib::HierarchicalNSW<float>> graph;
};

Graph::Graph(std::unique_ptr<State> state) : state_(std::move(state)) {}

Graph::Graph(Graph&&) noexcept = default;
Graph& Graph::operator=(Graph&&) noexcept = default;
Graph::~Graph() = default;

Graph Graph::build(
    const Vectors& vectors,
    const GraphConfig& config,
    int num_threads,
    const OnVectors& on_vectors) {
  NADIR_CHECK(
      config.num_links >= 2 && config.build_effort >= config.num_links,
      "a graph needs at least 2 links and an effort of at least as many, got "
      "{} and {}",
      config.num_links,
      config.build_effort);
  auto state = std::make_unique<State>(vectors.width);
  state->graph = std::make_unique<hnswlib::HierarchicalNSW<float>>(
      &state->space,
      static_cast<size_t>(vectors.size),
      static_cast<size_t>(config.num_links),
      static_cast<size_t>(config.build_effort));
  parallel_for(
      vectors.size, kShare, num_threads, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
          state->graph->addPoint(
              vectors.row(row).data(), static_cast<size_t>(row));
        }
        if (on_vectors) {
          on_vectors(end - begin);
        }
      });
  return Graph(std::move(state));
}

Graph Graph::load(
    const std::filesystem::path& path, const Embeddings& embeddings) {
  const auto text = read_file(description_of(path));
  auto state = std::make_unique<State>(embeddings.width());
  bool is_known = false;
  try {
    const auto noted = parse_json(text);
    is_known = !embeddings.file_stamp().empty() &&
               noted.value("embeddings_stamp", "") == embeddings.file_stamp() &&
               noted.value("graph_stamp", "") == stamp_of(path);
    if (noted.at("format") != kFormat ||
        (!is_known && !is_of(noted, path, embeddings))) {
      fail(
          ErrorCode::kCorruptData,
          "{} is damaged, or the graph of other embeddings; remove it, and it "
          "is made again",
          path.string());
    }
    state->graph = std::make_unique<hnswlib::HierarchicalNSW<float>>(
        &state->space, path.string());
  } catch (const nlohmann::json::exception& error) {
    fail(
        ErrorCode::kCorruptData,
        "{}: {}",
        description_of(path).string(),
        error.what());
  } catch (const std::runtime_error& error) {  // hnswlib's own
    fail(ErrorCode::kCorruptData, "{}: {}", path.string(), error.what());
  }
  Graph graph(std::move(state));
  if (!is_known && !embeddings.file_stamp().empty()) {
    note_stamps(path, embeddings, parse_json(text));
  }
  return graph;
}

void Graph::save(
    const std::filesystem::path& path, const Embeddings& embeddings) const {
  const std::filesystem::path unfinished = path.string() + ".new";
  state_->graph->saveIndex(unfinished.string());
  const auto sha256 = file_hash_hex(Hasher::Kind::kSha256, unfinished);
  std::filesystem::rename(unfinished, path);
  describe(
      path,
      {{"format", kFormat},
       {"embeddings_sha256", fingerprint(embeddings)},
       {"embeddings_stamp", embeddings.file_stamp()},
       {"graph_sha256", sha256},
       {"graph_stamp", stamp_of(path)}});
}

Neighbours Graph::find_nearest(
    std::span<const float> query,
    int64_t count,
    int64_t effort,
    const Accept& accept) {
  NADIR_CHECK(count > 0, "count must be > 0, got {}", count);
  NADIR_CHECK(
      query.size() * sizeof(float) == state_->space.get_data_size(),
      "the query has {} numbers, the embeddings have {}",
      query.size(),
      state_->space.get_data_size() / sizeof(float));
  const int64_t size = state_->size();
  for (int64_t tried = std::min(count, size);;
       tried = std::min(4 * tried, size)) {
    state_->graph->setEf(static_cast<size_t>(std::max(effort, tried)));
    Neighbours found = state_->nearest(query, tried);
    if (accept) {
      std::erase_if(found, [&](const auto& one) { return !accept(one); });
    }
    if (static_cast<int64_t>(found.size()) >= count || tried == size) {
      found.resize(std::min(found.size(), static_cast<size_t>(count)));
      return found;
    }
  }
}

Graph open_graph(
    const std::filesystem::path& path,
    const Embeddings& embeddings,
    int num_threads) {
  const std::filesystem::path kept =
      path.string() + (embeddings.is_centred() ? ".graph" : ".uncentred.graph");
  if (std::filesystem::exists(kept)) {
    return Graph::load(kept, embeddings);
  }
  log_info("search", "making {}", kept.string());
  Progress progress("linking neighbours", embeddings.size(), "images");
  auto graph = Graph::build(embeddings, {}, num_threads, [&](int64_t count) {
    progress.advance(count);
  });
  graph.save(kept, embeddings);
  return graph;
}

}  // namespace nadir::search
