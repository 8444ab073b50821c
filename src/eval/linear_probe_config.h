#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace nadir::eval {

struct LinearProbeConfig {
  int64_t epochs = 50;
  int64_t batch_size = 128;
  std::vector<double> lr = {
      0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100};
  std::vector<double> blocks = {1, 4};
  std::vector<std::string> pool = {"cls", "cls+mean"};
  double momentum = 0.9;
  bool standardize = false;
  int64_t seed = 0;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(epochs, "epochs", "Passes over the training features.");
    visit(batch_size, "batch_size", "Images a step.");
    visit(
        lr,
        "lr",
        "Learning rates tried, each for a batch of 256; validation selects.");
    visit(
        blocks,
        "blocks",
        "Numbers of last blocks whose CLS tokens are joined: 1,4.");
    visit(
        pool,
        "pool",
        "Features tried: cls, and cls+mean with the mean patch token joined.");
    visit(momentum, "momentum", "Momentum of SGD; there is no weight decay.");
    visit(
        standardize,
        "standardize",
        "Bring each feature to mean 0 and deviation 1 of the training images.");
    visit(
        seed,
        "probe_seed",
        "Seed of the heads' first weights, the order of images and the "
        "bootstrap.");
  }
};

}  // namespace nadir::eval
