// AdamW: Adam with decoupled weight decay. Loshchilov and Hutter 2019,
// arXiv:1711.05101; betas 0.9 and 0.999, eps 1e-8.
#pragma once

#include "optim/optimizer.h"

namespace nadir::optim {

// Keeps exp_avg, exp_avg_sq and step for each parameter: twice the memory of
// the parameters.
class AdamW : public Optimizer {
 public:
  explicit AdamW(std::vector<ParameterGroup> groups);

  void step(double lr, double weight_decay) override;
};

}  // namespace nadir::optim
