// Seconds of an atlas by its stages, of the wall and of processors:
//
//   atlas_time METHOD [IMAGES [WIDTH [THREADS]]]
#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>

#include "../search/made_embeddings.h"
#include "atlas/projection.h"
#include "core/parallel.h"

namespace nadir::atlas {
namespace {

void measure(
    const std::string& method, int64_t count, int64_t width, int num_threads) {
  const auto embeddings = search::MadeEmbeddings(width).set(count);
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  const std::clock_t cpu_start = std::clock();
  const auto cpu_seconds = [&] {
    return static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC;
  };
  double wall_s[3] = {0, 0, 0};  // when each stage was last heard of
  double cpu_s[3] = {0, 0, 0};
  double placed_wall_s = 0;  // when trust began to be measured
  double placed_cpu_s = 0;
  ProjectionOptions options;
  options.method = method;
  options.num_threads = num_threads;
  const auto atlas = make_atlas(embeddings, options, [&](const Step& step) {
    const auto stage = static_cast<size_t>(step.stage);
    wall_s[stage] = seconds();
    cpu_s[stage] = cpu_seconds();
    if (step.stage == Stage::kTrust && step.done == 0) {
      placed_wall_s = seconds();
      placed_cpu_s = cpu_seconds();
    }
    return true;
  });
  std::printf(
      "%s of %lld x %lld; seconds of the wall (of processors) until neighbours "
      "are known %.1f (%.1f), images placed %.1f (%.1f), trust measured %.1f "
      "(%.1f); trustworthiness %.4f\n",
      method.c_str(),
      static_cast<long long>(count),
      static_cast<long long>(width),
      wall_s[0],
      cpu_s[0],
      placed_wall_s,
      placed_cpu_s,
      wall_s[2],
      cpu_s[2],
      atlas.trustworthiness.value_or(0));
}

}  // namespace
}  // namespace nadir::atlas

int main(int argc, char** argv) {
  const auto number = [&](int place, int64_t otherwise) {
    return argc > place ? std::stoll(argv[place]) : otherwise;
  };
  nadir::atlas::measure(
      argc > 1 ? argv[1] : "pca",
      number(2, 600000),
      number(3, 384),
      static_cast<int>(number(4, nadir::available_threads())));
  return 0;
}
