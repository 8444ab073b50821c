#include "ops/token_rows.h"

#include <gtest/gtest.h>

namespace nadir::ops {
namespace {

// "row+count@packed*factor" of each run in [begin, end).
std::string runs_text(const KeptRows& rows, int64_t begin, int64_t end) {
  std::string text;
  rows.for_each_run(begin, end, [&text](const RowRun& run) {
    text += std::to_string(run.row) + "+" + std::to_string(run.num_rows) + "@" +
            std::to_string(run.packed_row) + "*" +
            std::to_string(static_cast<int>(run.factor)) + " ";
  });
  return text;
}

// "row+count" of what is left out of `num_rows` rows.
std::string gaps_text(const KeptRows& rows, int64_t num_rows) {
  std::string text;
  rows.for_each_gap(num_rows, [&text](int64_t row, int64_t count) {
    text += std::to_string(row) + "+" + std::to_string(count) + " ";
  });
  return text;
}

const TokenLayout kLayout{{{2, 10}, {3, 4}}};

TEST(KeptRows, AreOneRunWhereNothingIsLeftOut) {
  const KeptRows rows(kLayout, nullptr);
  EXPECT_EQ(rows.num_packed_rows(), 32);
  EXPECT_EQ(runs_text(rows, 0, 32), "0+32@0*1 ");
  EXPECT_EQ(runs_text(rows, 7, 12), "7+5@7*1 ");
}

TEST(KeptRows, LeaveOutImagesAndJoinNeighbours) {
  const float factors[] = {0, 2, 2, 0, 3};
  const KeptRows rows(kLayout, factors);
  EXPECT_EQ(rows.num_packed_rows(), 18);
  EXPECT_EQ(runs_text(rows, 0, 18), "10+14@0*2 28+4@14*3 ");
  EXPECT_EQ(runs_text(rows, 12, 16), "22+2@12*2 28+2@14*3 ");
  EXPECT_EQ(runs_text(rows, 14, 18), "28+4@14*3 ");
}

TEST(KeptRows, TellWhatIsLeftOut) {
  EXPECT_EQ(gaps_text(KeptRows(kLayout, nullptr), 32), "");
  const float none[] = {0, 0, 0, 0, 0};
  EXPECT_EQ(gaps_text(KeptRows(kLayout, none), 32), "0+32 ");
  const float factors[] = {0, 2, 2, 0, 3};
  EXPECT_EQ(gaps_text(KeptRows(kLayout, factors), 32), "0+10 24+4 ");
  const float last_left_out[] = {1, 1, 1, 1, 0};
  EXPECT_EQ(gaps_text(KeptRows(kLayout, last_left_out), 32), "28+4 ");
}

TEST(KeptRows, GiveTheFirstTokens) {
  const float factors[] = {2, 0, 2, 2, 0};
  const auto first = KeptRows(kLayout, factors).first_tokens();
  EXPECT_EQ(first.num_packed_rows(), 3);
  EXPECT_EQ(runs_text(first, 0, 3), "0+1@0*2 20+1@1*2 24+1@2*2 ");
}

}  // namespace
}  // namespace nadir::ops
