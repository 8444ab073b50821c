#include "search/class_query.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/error.h"
#include "search/exact_search.h"

namespace nadir::search {
namespace {

// Water lies along the first axis, towns along the second.
Embeddings water_and_towns() {
  return {
      {"lake", "town", "harbour", "field"},
      3,
      {1, 0.1, 0, 0.1, 1, 0, 1, 1, 0, 0, 0, 1}};
}

TEST(ClassQuery, OfOneImageIsItsEmbedding) {
  const auto embeddings = water_and_towns();
  const auto query = query_of(embeddings, {{{2}}, {}});
  for (size_t j = 0; j < 3; ++j) {
    EXPECT_NEAR(query.wanted[j], embeddings.row(2)[j], 1e-6);
  }
}

TEST(ClassQuery, OfThisAndNotThatLeavesOutWhatIsMoreLikeThat) {
  const auto embeddings = water_and_towns();
  const auto found = [&](const Wish& wish) {
    const auto query = query_of(embeddings, wish);
    std::vector<std::string> names;
    for (const auto& one : find_nearest(
             embeddings, query.wanted, 4, 1, [&](const Neighbour& neighbour) {
               return is_as_wished(embeddings, query, neighbour);
             })) {
      names.push_back(embeddings.name(one.row));
    }
    return names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(found({{{0}}, {}}), (Names{"lake", "harbour", "town", "field"}));
  EXPECT_EQ(found({{{0}}, {{1}}}), Names{"lake"});  // a harbour is as much town
  EXPECT_EQ(found({{{0}, {1}}, {}})[0], "harbour");  // both
}

TEST(ClassQuery, CountsGroupsTheSameWhateverTheirSize) {
  const Embeddings embeddings({"a", "b", "c"}, 2, {1, 0, 1, 0, 0, 1});
  const auto query = query_of(embeddings, {{{0, 1}, {2}}, {}});
  EXPECT_NEAR(query.wanted[0], query.wanted[1], 1e-6);
}

TEST(ClassQuery, TakesDirectionsFromElsewhereAsOneGroup) {
  const auto embeddings = water_and_towns();
  const auto query = query_of(embeddings, {{{3}}, {}, {{1, 0, 0}, {0, 1, 0}}});
  const double diagonal = std::sqrt(0.5);  // of the two others
  EXPECT_NEAR(query.wanted[0], diagonal / std::sqrt(2), 1e-6);
  EXPECT_NEAR(query.wanted[1], diagonal / std::sqrt(2), 1e-6);
  EXPECT_NEAR(query.wanted[2], 1 / std::sqrt(2), 1e-6);
  EXPECT_NEAR(query_of(embeddings, {{}, {}, {{0, 0, 1}}}).wanted[2], 1, 1e-6);
}

TEST(ClassQuery, RefusesWishesForNothing) {
  const auto embeddings = water_and_towns();
  EXPECT_THROW(static_cast<void>(query_of(embeddings, {})), Error);
  EXPECT_THROW(static_cast<void>(query_of(embeddings, {{}, {{0}}})), Error);
  const Embeddings opposite({"a", "b"}, 1, {1, -1});
  EXPECT_THROW(static_cast<void>(query_of(opposite, {{{0}, {1}}, {}})), Error);
}

}  // namespace
}  // namespace nadir::search
