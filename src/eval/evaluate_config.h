#pragma once

#include <cstdint>
#include <string>

namespace nadir::eval {

struct EvaluateConfig {
  bool baselines = true;
  int64_t bootstrap = 200;
  int64_t baseline_seed = 0;
  std::string out;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(
        baselines,
        "baselines",
        "Also score random weights of the same network and image statistics.");
    visit(
        bootstrap,
        "bootstrap",
        "Resamples of the test images behind the 95 % intervals; 0 leaves them "
        "out.");
    visit(baseline_seed, "baseline_seed", "Seed of the random weights.");
    visit(
        out,
        "out",
        "Folder for the results; default: eval/ of the run that --weights "
        "names.");
  }
};

}  // namespace nadir::eval
