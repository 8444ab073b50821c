#include "train/auto_recipe.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/config.h"
#include "core/error.h"

namespace nadir::train {
namespace {

// Prototypes by number of images: a small set cannot fill many.
int64_t prototypes_for(int64_t num_images) {
  struct Bound {
    int64_t num_images;
    int64_t num_prototypes;
  };

  constexpr std::array kBounds = {
      Bound{20'000, 1024},
      Bound{50'000, 2048},
      Bound{100'000, 4096},
      Bound{200'000, 16'384},
      Bound{500'000, 32'768}};
  for (const auto& bound : kBounds) {
    if (num_images <= bound.num_images) {
      return bound.num_prototypes;
    }
  }
  return 65'536;
}

// Linear in the number of images between 20 thousand and a million.
double between(int64_t num_images, double at_20k, double at_1m) {
  const double share = std::clamp(
      (static_cast<double>(num_images) - 20e3) / (1e6 - 20e3), 0.0, 1.0);
  return at_20k + share * (at_1m - at_20k);
}

double rounded(double value, double unit) {
  return std::round(value / unit) * unit;
}

int64_t multiple_below(int64_t value, int64_t unit) {
  return std::max(unit, value / unit * unit);
}

class Chooser {
 public:
  Chooser(PretrainConfig& config, const std::set<std::string>& given)
      : fields_(fields_of(config)), given_(given) {}

  void choose(
      const std::string& key,
      const std::string& value,
      const std::string& reason) {
    if (given_.contains(key)) {
      return;
    }
    set_field(find_field(fields_, key), value);
    choices_.push_back({key, value, reason});
  }

  [[nodiscard]] std::vector<AutoChoice> take() { return std::move(choices_); }

 private:
  std::vector<Field> fields_;
  const std::set<std::string>& given_;
  std::vector<AutoChoice> choices_;
};

// Small images: views that keep about their ground sampling distance.
void choose_views(
    PretrainConfig& config, const DataShape& data, Chooser& chooser) {
  if (data.image_px < 96) {
    chooser.choose(
        "patch_size", "8", fmt::format("images of {} px", data.image_px));
    const int64_t patch = std::max<int64_t>(1, config.model.patch_size);
    chooser.choose(
        "global_crop_size",
        fmt::format("{}", multiple_below(data.image_px / 2, patch)),
        "half the image, which keeps its detail");
    chooser.choose(
        "local_crop_size",
        fmt::format("{}", multiple_below(data.image_px / 4, patch)),
        "a quarter of it");
    chooser.choose(
        "global_crops_scale", "0.25,0.7", "cut out more than scaled down");
    chooser.choose("local_crops_scale", "0.05,0.25", "likewise");
  }
  constexpr int64_t kBlurredSide = 224;
  const int64_t side = config.views.global_crop_size;
  if (side < kBlurredSide) {
    const double widest = 2.0 * static_cast<double>(side) / kBlurredSide;
    chooser.choose(
        "blur_sigma",
        fmt::format("0.1,{:.1f}", std::max(0.5, widest)),
        fmt::format("in proportion: views of {} px instead of 224", side));
  }
}

void choose_epochs(
    PretrainConfig& config, int64_t steps_per_epoch, Chooser& chooser) {
  constexpr int64_t kWantedSteps = 20'000;
  const int64_t epochs =
      std::clamp<int64_t>(kWantedSteps / steps_per_epoch, 100, 400);
  chooser.choose(
      "epochs",
      fmt::format("{}", epochs),
      fmt::format("{} steps an epoch", steps_per_epoch));
  const int64_t total = config.optim.epochs * steps_per_epoch;
  const auto epochs_of = [&](int64_t steps, double largest_share) {
    const auto bounded = std::min<double>(
        static_cast<double>(steps), largest_share * static_cast<double>(total));
    return std::max<int64_t>(
        config.optim.epochs > 1 ? 1 : 0,
        std::llround(bounded / static_cast<double>(steps_per_epoch)));
  };
  chooser.choose(
      "warmup_epochs",
      fmt::format("{}", epochs_of(12'500, 0.1)),
      "12,500 steps, at most a tenth of the run");
  chooser.choose(
      "warmup_teacher_temp_epochs",
      fmt::format("{}", epochs_of(37'500, 0.3)),
      "37,500 steps, at most three tenths of the run");
  chooser.choose(
      "freeze_last_layer",
      fmt::format("{}", epochs_of(1'250, 0.05)),
      "1,250 steps, at most a twentieth of the run");
}

}  // namespace

std::vector<AutoChoice> apply_auto_recipe(
    PretrainConfig& config,
    const DataShape& data,
    const std::set<std::string>& given) {
  Chooser chooser(config, given);
  const std::string count = fmt::format("{} images", data.num_images);
  chooser.choose(
      "out_dim",
      fmt::format("{}", prototypes_for(data.num_images)),
      count + ": fewer images fill fewer prototypes");
  const double temp = between(data.num_images, 0.02, 0.07);
  chooser.choose(
      "teacher_temp",
      fmt::format("{:.2f}", rounded(temp, 0.01)),
      count + ": a small set needs a colder teacher");
  chooser.choose(
      "warmup_teacher_temp",
      fmt::format(
          "{:.4g}",
          std::min(
              config.optim.teacher_temp,
              std::max(0.02, rounded(temp * 2 / 3, 0.01)))),
      "two thirds of it, at least 0.02");
  chooser.choose(
      "momentum_teacher",
      fmt::format("{:.3g}", between(data.num_images, 0.99, 0.996)),
      count + ": fewer steps, a faster teacher");
  choose_views(config, data, chooser);
  // A step must not be larger than the set.
  const int64_t num_passes =
      std::max<int64_t>(1, config.optim.accumulate * data.world_size);
  const int64_t largest_batch =
      std::max<int64_t>(1, data.num_images / num_passes);
  if (config.optim.batch_size_per_gpu > largest_batch) {
    chooser.choose(
        "batch_size_per_gpu",
        fmt::format("{}", largest_batch),
        "a step takes no more images than there are");
  }
  const int64_t step_images = images_per_step(config.optim, data.world_size);
  const int64_t steps_per_epoch =
      std::max<int64_t>(1, data.num_images / std::max<int64_t>(1, step_images));
  choose_epochs(config, steps_per_epoch, chooser);
  return chooser.take();
}

}  // namespace nadir::train
