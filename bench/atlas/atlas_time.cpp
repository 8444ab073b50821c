// Seconds of an atlas by its stages:
//
//   atlas_time METHOD [IMAGES [WIDTH [THREADS]]]
#include <chrono>
#include <cstdio>
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
  double last[3] = {0, 0, 0};   // when each stage was last heard of
  double first[3] = {0, 0, 0};  // and first
  ProjectionOptions options;
  options.method = method;
  options.num_threads = num_threads;
  const auto atlas = make_atlas(embeddings, options, [&](const Step& step) {
    const auto stage = static_cast<size_t>(step.stage);
    first[stage] = first[stage] == 0 ? seconds() : first[stage];
    last[stage] = seconds();
    return true;
  });
  std::printf(
      "%s of %lld x %lld: %.1f s in all; first neighbours after %.1f s, all "
      "after %.1f s, layout after %.1f s, trust first after %.1f s; "
      "trustworthiness %.4f\n",
      method.c_str(),
      static_cast<long long>(count),
      static_cast<long long>(width),
      seconds(),
      first[0],
      last[0],
      last[1],
      first[2],
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
