#include "launch/part_environment.h"

#include "core/error.h"
#include "launch/rank_environment.h"

namespace nadir::launch {
namespace {

// sbatch --array=0-3, 1-4 or 10-40:10.
std::optional<Part> part_of_array(const Environment& environment) {
  const auto id = number_of(environment, "SLURM_ARRAY_TASK_ID");
  const auto first = number_of(environment, "SLURM_ARRAY_TASK_MIN");
  const auto last = number_of(environment, "SLURM_ARRAY_TASK_MAX");
  const auto count = number_of(environment, "SLURM_ARRAY_TASK_COUNT", 1);
  if (!id || !first || !last || !count) {
    return std::nullopt;
  }
  const int64_t gaps = *count - 1;
  const int64_t step = gaps == 0 ? 1 : (*last - *first) / gaps;
  NADIR_CHECK(
      step >= 1 && *first + gaps * step == *last && *id >= *first &&
          *id <= *last && (*id - *first) % step == 0,
      "the Slurm array has {} tasks from {} to {} with unequal gaps, so the "
      "place of task {} is not known; say it with --part, or --part 1/1 for "
      "the whole",
      *count,
      *first,
      *last,
      *id);
  return Part{(*id - *first) / step + 1, *count};
}

}  // namespace

std::optional<EnvironmentPart> read_part_environment(
    const Environment& environment) {
  const auto ranks = read_rank_environment(environment);
  if (ranks.world_size > 1) {
    return EnvironmentPart{
        {ranks.rank + 1, ranks.world_size},
        ranks.engine,
        ranks.local_size,
        true};
  }
  const auto part = part_of_array(environment);
  if (!part || part->is_whole()) {
    return std::nullopt;
  }
  return EnvironmentPart{*part, "Slurm array"};
}

}  // namespace nadir::launch
