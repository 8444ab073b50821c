#include "search/graph_search.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "search/exact_search.h"
#include "search/random_embeddings.h"

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

TEST(Graph, FindsTheNeighboursOfAll) {
  const auto embeddings = random_embeddings(800, kWidth);
  auto graph = Graph::build(embeddings, {}, 2);
  const auto lists = graph.neighbours_of_all(embeddings, 5, 2);
  const auto exact = all_neighbours(embeddings, 5, 2);
  ASSERT_EQ(lists.size(), 800U);
  int64_t hits = 0;
  for (size_t i = 0; i < lists.size(); ++i) {
    EXPECT_EQ(lists[i].size(), 5U);
    for (const auto& one : lists[i]) {
      EXPECT_NE(one.row, static_cast<int64_t>(i));
      hits += std::count_if(
          exact[i].begin(), exact[i].end(), [&](const Neighbour& other) {
            return other.row == one.row;
          });
    }
  }
  EXPECT_GT(hits, 3960);  // of 4000
}

TEST(Graph, GivesAllWhereFewerAreThere) {
  const auto embeddings = random_embeddings(5, kWidth);
  auto graph = Graph::build(embeddings, {}, 1);
  EXPECT_EQ(graph.find_nearest(random_query(kWidth, 1), 10, 10).size(), 5U);
}

}  // namespace
}  // namespace nadir::search
