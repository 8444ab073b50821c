// The nearest embeddings by a graph of neighbours, for sets so large that
// looking at all of them takes too long: hierarchical navigable small worlds,
// Malkov and Yashunin 2018, arXiv:1603.09320, through hnswlib. It may miss one;
// how often is a matter of GraphConfig.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "search/embeddings.h"
#include "search/neighbours.h"

namespace nadir::search {

struct GraphConfig {
  int64_t num_links = 16;      // of an embedding to others, on each layer
  int64_t build_effort = 200;  // candidates while a link is chosen
};

class Graph {
 public:
  // Over all of `vectors`, of length 1, which are copied; minutes for hundreds
  // of thousands. With several threads graphs differ from one another. Throws
  // Error{kInvalidArgument} for a bad `config`, and what `on_vectors` throws.
  static Graph build(
      const Vectors& vectors,
      const GraphConfig& config,
      int num_threads,
      const OnVectors& on_vectors = {});

  // What save() wrote. Where sizes and times of the graph's file and of the
  // embeddings' are those of then, the bytes are taken for the same; else all
  // of both are hashed, and sizes and times noted anew. Throws
  // Error{kNotFound} where there is nothing, Error{kCorruptData} where it is no
  // graph, or that of other embeddings.
  static Graph load(
      const std::filesystem::path& path, const Embeddings& embeddings);

  Graph(Graph&&) noexcept;
  Graph& operator=(Graph&&) noexcept;
  ~Graph();

  // Writes `path`, and beside it `path`.json, which says that it is of
  // `embeddings`.
  void save(
      const std::filesystem::path& path, const Embeddings& embeddings) const;

  // As search::find_nearest(), looking at about `effort` candidates and at
  // `count` at least; at four times as many again and again where `accept`
  // takes too few. From any thread, one at a time.
  [[nodiscard]] Neighbours find_nearest(
      std::span<const float> query,
      int64_t count,
      int64_t effort,
      const Accept& accept = {});

 private:
  struct State;
  explicit Graph(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The graph that is kept beside `path`, from which `embeddings` were read, made
// first where it is not there: `path`.graph, or `path`.uncentred.graph. Shows
// progress. Throws as Graph::load() and Graph::save().
[[nodiscard]] Graph open_graph(
    const std::filesystem::path& path,
    const Embeddings& embeddings,
    int num_threads);

}  // namespace nadir::search
