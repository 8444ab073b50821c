#pragma once

#include <vector>

namespace nadir::eval {

struct KnnConfig {
  std::vector<double> neighbours = {10, 20, 100, 200};
  double temperature = 0.07;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(neighbours, "k", "Numbers of neighbours that vote: 10,20,100,200.");
    visit(
        temperature,
        "knn_temperature",
        "A neighbour of cosine similarity s votes with weight exp(s / "
        "temperature).");
  }
};

}  // namespace nadir::eval
