#include "launch/host_list.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir::launch {
namespace {

using Names = std::vector<std::string>;

TEST(HostList, ExpandsRangesListsAndZeros) {
  EXPECT_EQ(expand_host_list("n1"), (Names{"n1"}));
  EXPECT_EQ(expand_host_list("n[1-3]"), (Names{"n1", "n2", "n3"}));
  EXPECT_EQ(
      expand_host_list("n[1-2,07],m05"), (Names{"n1", "n2", "n07", "m05"}));
  EXPECT_EQ(
      expand_host_list("n[008-011]"), (Names{"n008", "n009", "n010", "n011"}));
  EXPECT_EQ(expand_host_list("n[9-10]-ib"), (Names{"n9-ib", "n10-ib"}));
}

TEST(HostList, MultipliesBrackets) {
  EXPECT_EQ(
      expand_host_list("r[1-2]n[01-02]"),
      (Names{"r1n01", "r1n02", "r2n01", "r2n02"}));
}

TEST(HostList, RefusesWhatIsNoList) {
  for (const char* list :
       {"",
        ",",
        "n1,",
        "n[",
        "n]",
        "n[]",
        "n[1",
        "n[3-1]",
        "n[a]",
        "n[[1]]",
        "n[1-]",
        "n[1,]2]",
        "n[1-999999999]",
        "n[-1]"}) {
    EXPECT_THROW((void)expand_host_list(list), Error) << list;
  }
}

TEST(TaskCounts, RepeatAsSaid) {
  using Counts = std::vector<int64_t>;
  EXPECT_EQ(expand_task_counts("2"), (Counts{2}));
  EXPECT_EQ(expand_task_counts("2(x3),1"), (Counts{2, 2, 2, 1}));
  for (const char* list : {"", "x", "2(x", "2(x0)", "2(y2)", "(x2)", "2,"}) {
    EXPECT_THROW((void)expand_task_counts(list), Error) << list;
  }
}

}  // namespace
}  // namespace nadir::launch
