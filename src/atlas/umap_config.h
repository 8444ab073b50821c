#pragma once

#include <cstdint>

namespace nadir::atlas {

struct UmapConfig {
  int64_t neighbours = 15;
  double min_dist = 0.1;
  int64_t epochs = 0;
  int64_t seed = 0;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(
        neighbours,
        "neighbours",
        "Nearest images that UMAP keeps together; more show the large shape, "
        "fewer the small.");
    visit(
        min_dist,
        "min_dist",
        "How close UMAP may bring images, 0 to 1: less packs groups tighter.");
    visit(
        epochs,
        "epochs",
        "Rounds of UMAP; 0 takes 500, and down to 200 beyond 10,000 images.");
    visit(seed, "seed", "Seed of UMAP's draws.");
  }
};

}  // namespace nadir::atlas
