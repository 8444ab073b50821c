#include "train/health_watch.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace nadir::train {
namespace {

constexpr size_t kWindow = 20;

// Shares of ln K. A uniform teacher has all of it, a one-hot one none.
constexpr double kUniformShare = 0.98;
constexpr double kSingleShare = 0.02;
constexpr double kStuckShare = 0.01;
constexpr double kUnstableShare = 0.5;

}  // namespace

HealthWatch::HealthWatch(int64_t num_prototypes, int64_t grace_steps)
    : log_num_prototypes_(std::log(static_cast<double>(num_prototypes))),
      grace_steps_(grace_steps) {}

std::string HealthWatch::add(const HealthSample& sample) {
  recent_.push_back(sample);
  if (recent_.size() > kWindow) {
    recent_.pop_front();
  }
  if (sample.step < grace_steps_ || recent_.size() < kWindow) {
    return "";
  }
  HealthSample mean;
  double lowest = recent_.front().loss;
  double highest = lowest;
  double climb = 0;  // the largest rise; a fall is progress
  for (const auto& one : recent_) {
    mean.loss += one.loss / kWindow;
    mean.teacher_entropy += one.teacher_entropy / kWindow;
    mean.kl += one.kl / kWindow;
    mean.batch_entropy += one.batch_entropy / kWindow;
    lowest = std::min(lowest, one.loss);
    highest = std::max(highest, one.loss);
    climb = std::max(climb, one.loss - lowest);
  }
  const double full = log_num_prototypes_;
  if (mean.teacher_entropy > kUniformShare * full && mean.kl < 0.01) {
    return warn_once(
        Kind::kUniform,
        fmt::format(
            "collapse to uniform: teacher entropy {:.3f} is ln K = {:.3f} and "
            "KL {:.4f} is near 0. Likely cause: no sharpening; lower "
            "teacher_temp (try 0.02)",
            mean.teacher_entropy,
            full,
            mean.kl));
  }
  if (mean.batch_entropy < kSingleShare * full) {
    return warn_once(
        Kind::kSinglePrototype,
        fmt::format(
            "collapse to one prototype: the batch's mean teacher output has "
            "entropy {:.4f} of ln K = {:.3f}. Likely cause: the centre does "
            "not "
            "follow; lower center_momentum, or raise teacher_temp",
            mean.batch_entropy,
            full));
  }
  if (climb > kUnstableShare * full) {
    return warn_once(
        Kind::kUnstable,
        fmt::format(
            "the loss swings between {:.3f} and {:.3f}. Likely cause: "
            "teacher_temp above 0.07, a learning rate too high, or a last "
            "layer "
            "that was not frozen at first; lower lr or clip_grad",
            lowest,
            highest));
  }
  if (std::abs(mean.loss - full) < kStuckShare * full &&
      highest - lowest < kStuckShare * full) {
    return warn_once(
        Kind::kStuck,
        fmt::format(
            "the loss {:.3f} has not moved from chance, ln K = {:.3f}. Likely "
            "cause: too few images for out_dim, a teacher too warm (try "
            "teacher_temp 0.02), or a learning rate too high or too low; "
            "--recipe auto chooses by the data's size",
            mean.loss,
            full));
  }
  return "";
}

std::string HealthWatch::warn_once(Kind kind, const std::string& text) {
  return given_.insert(kind).second ? text : "";
}

}  // namespace nadir::train
