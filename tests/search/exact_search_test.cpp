#include "search/exact_search.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "core/error.h"
#include "search/random_embeddings.h"

namespace nadir::search {
namespace {

// Cosines in float64, all of them, sorted.
std::vector<std::pair<double, int64_t>> cosines(
    const Embeddings& embeddings, const std::vector<float>& query) {
  std::vector<std::pair<double, int64_t>> all;
  for (int64_t i = 0; i < embeddings.size(); ++i) {
    double sum = 0;
    for (int64_t j = 0; j < embeddings.width(); ++j) {
      sum += static_cast<double>(embeddings.row(i)[j]) * query[j];
    }
    all.emplace_back(-sum, i);
  }
  std::sort(all.begin(), all.end());
  return all;
}

TEST(ExactSearch, FindsTheNearestWhateverTheThreads) {
  const auto embeddings = random_embeddings(9000, 33);
  const auto query = random_query(33, 5);
  const auto expected = cosines(embeddings, query);
  for (const int threads : {1, 2, 5}) {
    const auto found = find_nearest(embeddings, query, 10, threads);
    ASSERT_EQ(found.size(), 10U);
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_NEAR(found[i].similarity, -expected[i].first, 1e-6);
      EXPECT_EQ(found[i].row, expected[i].second);
    }
  }
}

TEST(ExactSearch, FindsAnImageItself) {
  const auto embeddings = random_embeddings(300, 16);
  const auto row = embeddings.row(123);
  const auto found = find_nearest(embeddings, row, 1, 2);
  EXPECT_EQ(found[0].row, 123);
  EXPECT_NEAR(found[0].similarity, 1, 1e-6);
}

TEST(ExactSearch, TakesTheFirstOfEquals) {
  const Embeddings embeddings(
      {"a", "b", "c", "d"}, 2, {0, 1, 1, 0, 2, 0, 0.5, 0});
  const auto found = find_nearest(embeddings, std::vector<float>{1, 0}, 2, 2);
  EXPECT_EQ(found[0].row, 1);
  EXPECT_EQ(found[1].row, 2);
}

TEST(ExactSearch, GivesAllWhereFewerAreThere) {
  const auto embeddings = random_embeddings(7, 4);
  EXPECT_EQ(find_nearest(embeddings, random_query(4, 1), 100, 2).size(), 7U);
}

TEST(ExactSearch, RefusesQueriesThatAreNone) {
  const auto embeddings = random_embeddings(7, 4);
  EXPECT_THROW(
      static_cast<void>(find_nearest(embeddings, random_query(3, 1), 1, 1)),
      Error);
  EXPECT_THROW(
      static_cast<void>(find_nearest(embeddings, random_query(4, 1), 0, 1)),
      Error);
}

}  // namespace
}  // namespace nadir::search
