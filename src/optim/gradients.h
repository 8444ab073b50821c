// What happens to gradients between backward and the optimiser.
#pragma once

#include <string>
#include <vector>

#include "optim/parameter_groups.h"

namespace nadir::optim {

struct GradientNorms {
  double total = 0;    // of all gradients taken together
  double largest = 0;  // of a single tensor
  std::string largest_name;
  int64_t num_clipped = 0;
  bool is_finite = true;
};

// Scales every gradient whose own Euclidean norm exceeds `max_norm` by
// max_norm / (norm + 1e-6), tensor by tensor, not by a global norm; 0 clips
// nothing. Parameters without a gradient are passed over. Returns the norms
// before clipping.
GradientNorms clip_gradients(
    const std::vector<ParameterGroup>& groups, double max_norm);

// Drops the gradients of every parameter whose name contains "last_layer", so
// that the optimiser passes it over, decay included. After clipping, in the
// first epochs.
void drop_last_layer_gradients(const std::vector<ParameterGroup>& groups);

// Drops all gradients; the next backward writes instead of adding.
void drop_gradients(const std::vector<ParameterGroup>& groups);

}  // namespace nadir::optim
