// Where bench/make_world.sh has put what the benchmarks of reading read.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include <benchmark/benchmark.h>

namespace nadir {

// The path of `part` in NADIR_BENCH_WORLD; nothing, and `state` skipped with
// the reason, if there is none.
inline std::optional<std::filesystem::path> world_path(
    benchmark::State& state, const std::string& part) {
  const char* const world = std::getenv("NADIR_BENCH_WORLD");
  const auto path = std::filesystem::path(world ? world : "") / part;
  if (world == nullptr || !std::filesystem::exists(path)) {
    state.SkipWithError(
        "make the data with bench/make_world.sh and name its folder in "
        "NADIR_BENCH_WORLD");
    return std::nullopt;
  }
  return path;
}

}  // namespace nadir
