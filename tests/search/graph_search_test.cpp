#include "search/graph_search.h"

#include <chrono>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "search/exact_search.h"
#include "search/random_embeddings.h"
#include "table/parquet.h"

namespace nadir::search {
namespace {

constexpr int64_t kWidth = 24;

// The share of the ten nearest that the graph finds, over 50 queries.
double recall(Graph& graph, const Embeddings& embeddings, int64_t effort) {
  constexpr int64_t kFound = 10;
  constexpr uint64_t kQueries = 50;
  int64_t hits = 0;
  for (uint64_t q = 0; q < kQueries; ++q) {
    const auto query = random_query(kWidth, q);
    const auto expected = find_nearest(embeddings, query, kFound, 1);
    for (const auto& one : graph.find_nearest(query, kFound, effort)) {
      hits += std::count_if(
          expected.begin(), expected.end(), [&](const Neighbour& other) {
            return other.row == one.row;
          });
    }
  }
  return static_cast<double>(hits) / static_cast<double>(kFound * kQueries);
}

TEST(Graph, FindsNearlyAllOfTheNearest) {
  const auto embeddings = random_embeddings(3000, kWidth);
  auto graph = Graph::build(embeddings, {}, 2);
  EXPECT_GT(recall(graph, embeddings, 200), 0.99);
  const auto found = graph.find_nearest(embeddings.row(77), 3, 50);
  EXPECT_EQ(found[0].row, 77);
  EXPECT_NEAR(found[0].similarity, 1, 1e-6);
  EXPECT_GE(found[0].similarity, found[1].similarity);
}

TEST(Graph, IsTheSameAfterSavingAndLoading) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "e.parquet.graph";
  const auto embeddings = random_embeddings(500, kWidth);
  auto graph = Graph::build(embeddings, {}, 1);
  graph.save(path, embeddings);
  auto loaded = Graph::load(path, embeddings);
  const auto query = random_query(kWidth, 9);
  EXPECT_EQ(
      loaded.find_nearest(query, 10, 100), graph.find_nearest(query, 10, 100));
}

TEST(Graph, RefusesThatOfOtherEmbeddingsAndADamagedOne) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "g";
  const auto embeddings = random_embeddings(300, kWidth);
  EXPECT_THROW(static_cast<void>(Graph::load(path, embeddings)), Error);
  Graph::build(embeddings, {}, 1).save(path, embeddings);
  EXPECT_THROW(
      static_cast<void>(Graph::load(path, random_embeddings(300, kWidth, 2))),
      Error);
  write_file(path, read_file(path).substr(0, 5000));
  EXPECT_THROW(static_cast<void>(Graph::load(path, embeddings)), Error);
}

// A file of embeddings as `nadir embed` writes one.
void write_embeddings(const std::filesystem::path& path, uint64_t seed) {
  const auto embeddings = random_embeddings(200, kWidth, seed);
  table::TextColumn names;
  table::FloatRowsColumn rows;
  rows.width = kWidth;
  for (int64_t i = 0; i < embeddings.size(); ++i) {
    names.emplace_back(embeddings.name(i));
    const auto row = embeddings.row(i);
    rows.values.insert(rows.values.end(), row.begin(), row.end());
  }
  table::Table table;
  table.columns.push_back({"name", std::move(names)});
  table.columns.push_back({"features", std::move(rows)});
  table::write_parquet(path, table);
}

TEST(Graph, IsTrustedBySizeAndTimeOrElseByItsBytes) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "e.parquet";
  const auto graph = path.string() + ".graph";
  const auto noted = [&] { return read_file(graph + ".json"); };
  write_embeddings(path, 1);
  static_cast<void>(open_graph(path, Embeddings::read(path, true), 1));
  const auto first = noted();
  EXPECT_NE(first.find(stamp_of(path)), std::string::npos);
  EXPECT_NE(first.find(stamp_of(graph)), std::string::npos);

  // The same bytes at another time: hashed, and noted anew.
  const auto later =
      std::filesystem::file_time_type::clock::now() + std::chrono::seconds(7);
  std::filesystem::last_write_time(path, later);
  std::filesystem::last_write_time(graph, later);
  static_cast<void>(open_graph(path, Embeddings::read(path, true), 1));
  EXPECT_NE(noted(), first);
  EXPECT_NE(noted().find(stamp_of(graph)), std::string::npos);

  // A sum that is wrong is not looked at while both stamps are right.
  auto text = noted();
  text.replace(text.find("graph_sha256"), 20, "graph_sha256\": \"0000");
  write_file(graph + ".json", text);
  EXPECT_NO_THROW(
      static_cast<void>(open_graph(path, Embeddings::read(path, true), 1)));
  std::filesystem::last_write_time(graph, later + std::chrono::seconds(7));
  EXPECT_THROW(
      static_cast<void>(open_graph(path, Embeddings::read(path, true), 1)),
      Error);

  // Other embeddings of the same path.
  write_embeddings(path, 2);
  EXPECT_THROW(
      static_cast<void>(open_graph(path, Embeddings::read(path, true), 1)),
      Error);
}

TEST(Graph, WithoutStampsIsOneOfAnEarlierVersion) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "e.parquet";
  write_embeddings(path, 1);
  const auto embeddings = Embeddings::read(path, false);
  static_cast<void>(open_graph(path, embeddings, 1));
  const auto json = path.string() + ".uncentred.graph.json";
  auto noted = parse_json(read_file(json));
  noted.erase("embeddings_stamp");
  noted.erase("graph_stamp");
  write_file(json, json_text(noted));
  static_cast<void>(open_graph(path, embeddings, 1));
  EXPECT_TRUE(parse_json(read_file(json)).contains("graph_stamp"));
}

TEST(Graph, LooksFurtherWhereTooFewAreAccepted) {
  const auto embeddings = random_embeddings(400, kWidth);
  auto graph = Graph::build(embeddings, {}, 1);
  const auto is_rare = [](const Neighbour& one) { return one.row % 50 == 0; };
  const auto query = random_query(kWidth, 4);
  EXPECT_EQ(graph.find_nearest(query, 5, 10, is_rare).size(), 5U);
  EXPECT_EQ(
      graph.find_nearest(query, 5, 400, is_rare)[0].row,
      find_nearest(embeddings, query, 5, 1, is_rare)[0].row);
}

TEST(Graph, RefusesQueriesOfAnotherWidth) {
  auto graph = Graph::build(random_embeddings(20, kWidth), {}, 1);
  EXPECT_THROW(
      static_cast<void>(graph.find_nearest(random_query(3, 1), 1, 10)), Error);
}

TEST(Graph, GivesAllWhereFewerAreThere) {
  const auto embeddings = random_embeddings(5, kWidth);
  auto graph = Graph::build(embeddings, {}, 1);
  EXPECT_EQ(graph.find_nearest(random_query(kWidth, 1), 10, 10).size(), 5U);
}

}  // namespace
}  // namespace nadir::search
