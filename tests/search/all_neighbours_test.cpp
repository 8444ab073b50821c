#include "search/all_neighbours.h"

#include <atomic>

#include <gtest/gtest.h>

#include "core/error.h"
#include "search/exact_search.h"
#include "search/random_embeddings.h"

namespace nadir::search {
namespace {

TEST(AllNeighbours, AreTheNearestOthersWhateverTheThreads) {
  const auto embeddings = random_embeddings(300, 12);
  std::atomic<int64_t> told = 0;
  const auto lists =
      all_neighbours(embeddings, 4, 2, [&](int64_t count) { told += count; });
  EXPECT_EQ(told, num_told(300));
  EXPECT_EQ(lists, all_neighbours(embeddings, 4, 1));
  for (const int64_t row : {0, 63, 64, 299}) {
    auto expected = find_nearest(embeddings, embeddings.row(row), 5, 1);
    EXPECT_EQ(expected[0].row, row);
    expected.erase(expected.begin());
    EXPECT_EQ(lists[static_cast<size_t>(row)], expected);
  }
}

TEST(AllNeighbours, AreAllOthersWhereFewerAreThere) {
  const auto embeddings = random_embeddings(4, 12);
  for (const auto& list : all_neighbours(embeddings, 15, 1)) {
    EXPECT_EQ(list.size(), 3U);
  }
  EXPECT_THROW(static_cast<void>(all_neighbours(embeddings, 0, 1)), Error);
}

TEST(AllNeighbours, OfManyComeFromAGraph) {
  const int64_t count = kMaxExact + 1;
  const auto embeddings = random_embeddings(count, 4);
  std::atomic<int64_t> told = 0;
  const auto lists =
      all_neighbours(embeddings, 3, 2, [&](int64_t some) { told += some; });
  EXPECT_EQ(told, num_told(count));
  int64_t hits = 0;
  for (int64_t row = 0; row < count; row += 1000) {
    const auto exact = find_nearest(embeddings, embeddings.row(row), 2, 1);
    hits += lists[static_cast<size_t>(row)][0].similarity == exact[1].similarity
                ? 1
                : 0;
  }
  EXPECT_GE(hits, 20);  // of 21
}

}  // namespace
}  // namespace nadir::search
