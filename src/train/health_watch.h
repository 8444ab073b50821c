// Names a failing run with its likely cause, from what the trainer logs. Signs
// and causes: docs/dino.md, "How it fails, and how to see it".
#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <vector>

namespace nadir::train {

// What one record with statistics says.
struct HealthSample {
  int64_t step = 0;
  double loss = 0;
  double teacher_entropy = 0;
  double kl = 0;
  double batch_entropy = 0;
};

// Judges the mean of the last samples. Not thread-safe.
class HealthWatch {
 public:
  // `num_prototypes` is K; nothing is judged in the first `grace_steps`.
  HealthWatch(int64_t num_prototypes, int64_t grace_steps);

  // A warning to log, or "". Each kind is given once.
  [[nodiscard]] std::string add(const HealthSample& sample);

 private:
  enum class Kind { kUniform, kSinglePrototype, kStuck, kUnstable };

  [[nodiscard]] std::string warn_once(Kind kind, const std::string& text);

  double log_num_prototypes_;
  int64_t grace_steps_;
  std::deque<HealthSample> recent_;
  std::set<Kind> given_;
};

}  // namespace nadir::train
