// Stochastic gradient descent with momentum 0.9 and coupled weight decay.
#pragma once

#include "optim/optimizer.h"

namespace nadir::optim {

// v <- 0.9 v + (gradient + decay * w); w <- w - lr v. Keeps momentum_buffer.
class Sgd : public Optimizer {
 public:
  explicit Sgd(std::vector<ParameterGroup> groups);

  void step(double lr, double weight_decay) override;
};

}  // namespace nadir::optim
