// LARS: momentum SGD whose step is proportional to each layer's weight norm.
// You et al. 2017, arXiv:1708.03888, as the DINO reference has it.
#pragma once

#include "optim/optimizer.h"

namespace nadir::optim {

// Momentum 0.9, trust coefficient 0.001; decay and trust ratio apply only to
// tensors that are not one-dimensional. Keeps momentum_buffer.
class Lars : public Optimizer {
 public:
  explicit Lars(std::vector<ParameterGroup> groups);

  void step(double lr, double weight_decay) override;
};

}  // namespace nadir::optim
