// The teacher: a moving average of the student. Caron et al. 2021,
// arXiv:2104.14294, section 3.1; after Tarvainen and Valpola 2017.
#pragma once

#include <memory>
#include <vector>

#include "ssl/multi_crop_network.h"

namespace nadir::ssl {

// Owns the teacher's network, whose parameters take no gradient.
class EmaTeacher {
 public:
  // A network of the student's shape, on the student's device, that starts as
  // its copy, buffers included. Weights that are still NaN stay so.
  explicit EmaTeacher(const MultiCropNetwork& student);

  // teacher <- momentum * teacher + (1 - momentum) * student, over parameters
  // only, the head's magnitudes among them; buffers stay the teacher's own.
  // Throws Error{kInvalidArgument} unless momentum is in [0, 1].
  void update(const MultiCropNetwork& student, double momentum);

  // Euclidean distance of all parameters over the student's norm: 0 at first,
  // small while the teacher follows.
  [[nodiscard]] double relative_distance(const MultiCropNetwork& student) const;

  // The teacher's network; run it under at::NoGradGuard.
  [[nodiscard]] MultiCropNetwork& network() const { return *network_; }

 private:
  std::shared_ptr<MultiCropNetwork> network_;
  std::vector<at::Tensor> parameters_;
};

}  // namespace nadir::ssl
