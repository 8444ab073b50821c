#include "launch/part_environment.h"

#include <map>

#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir::launch {
namespace {

std::optional<EnvironmentPart> part_by(
    const std::map<std::string, std::string>& variables) {
  return read_part_environment(
      [&](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt
                                        : std::optional(found->second);
      });
}

std::map<std::string, std::string> array_task(
    int id, int first, int last, int count) {
  return {
      {"SLURM_ARRAY_TASK_ID", std::to_string(id)},
      {"SLURM_ARRAY_TASK_MIN", std::to_string(first)},
      {"SLURM_ARRAY_TASK_MAX", std::to_string(last)},
      {"SLURM_ARRAY_TASK_COUNT", std::to_string(count)}};
}

TEST(PartEnvironment, IsTheRankOfSeveralProcesses) {
  EXPECT_FALSE(part_by({}));
  EXPECT_FALSE(part_by({{"RANK", "0"}, {"WORLD_SIZE", "1"}}));
  const auto found = part_by(
      {{"RANK", "2"},
       {"WORLD_SIZE", "4"},
       {"LOCAL_RANK", "2"},
       {"LOCAL_WORLD_SIZE", "4"}});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->part, (Part{3, 4}));
  EXPECT_EQ(found->local_size, 4);
  EXPECT_TRUE(found->is_rank);
}

TEST(PartEnvironment, IsThePlaceInASlurmArray) {
  EXPECT_EQ(part_by(array_task(0, 0, 3, 4))->part, (Part{1, 4}));
  EXPECT_EQ(part_by(array_task(4, 1, 4, 4))->part, (Part{4, 4}));
  EXPECT_EQ(part_by(array_task(20, 10, 40, 4))->part, (Part{2, 4}));
  EXPECT_EQ(part_by(array_task(20, 10, 40, 4))->engine, "Slurm array");
  EXPECT_FALSE(part_by(array_task(7, 7, 7, 1)));
}

TEST(PartEnvironment, TheTasksOfAStepCountBeforeTheArray) {
  auto variables = array_task(1, 0, 3, 4);
  variables["RANK"] = "1";
  variables["WORLD_SIZE"] = "2";
  variables["LOCAL_RANK"] = "1";
  variables["LOCAL_WORLD_SIZE"] = "2";
  EXPECT_EQ(part_by(variables)->part, (Part{2, 2}));
}

TEST(PartEnvironment, RefusesAnArrayWithUnequalGaps) {
  // sbatch --array=1,2,9
  EXPECT_THROW((void)part_by(array_task(2, 1, 9, 3)), Error);
  EXPECT_THROW((void)part_by(array_task(3, 1, 9, 5 - 1)), Error);
}

}  // namespace
}  // namespace nadir::launch
