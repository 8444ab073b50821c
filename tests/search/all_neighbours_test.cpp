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
  EXPECT_EQ(told, 300);
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

TEST(AllNeighbours, NameOthersWhereManyAreEqual) {
  constexpr int64_t kEqual = 40;
  std::vector<float> values;
  for (int64_t i = 0; i < kEqual; ++i) {
    values.insert(values.end(), {0.6F, 0.8F});
  }
  const auto lists = all_neighbours({values.data(), kEqual, 2}, 3, 2);
  for (int64_t row = 0; row < kEqual; ++row) {
    const auto& list = lists[static_cast<size_t>(row)];
    ASSERT_EQ(list.size(), 3U);
    for (int64_t i = 0; i < 3; ++i) {
      EXPECT_EQ(list[static_cast<size_t>(i)].row, i + (i >= row ? 1 : 0));
    }
  }
}

TEST(AllNeighbours, OfNoneAreNone) {
  EXPECT_TRUE(all_neighbours({nullptr, 0, 2}, 3, 2).empty());
}

}  // namespace
}  // namespace nadir::search
