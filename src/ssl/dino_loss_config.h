// The loss's configuration. Torch-free.
#pragma once

namespace nadir::ssl {

struct DinoLossConfig {
  double student_temp = 0.1;
  double center_momentum = 0.9;

  // The one list behind parsing, --help, docs/configuration.md, config.toml.
  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(student_temp, "student_temp", "Student softmax temperature, > 0.");
    visit(
        center_momentum,
        "center_momentum",
        "Share of the old centre that a step keeps, in [0, 1).");
  }
};

}  // namespace nadir::ssl
