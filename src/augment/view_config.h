// The multi-crop views of DINO: how many, how large, and what changes them.
// Defaults are those of the reference program (docs/dino.md).
#pragma once

#include <cstdint>
#include <vector>

namespace nadir::augment {

struct ViewConfig {
  int64_t global_crop_size = 224;
  int64_t local_crop_size = 96;
  std::vector<double> global_crops_scale = {0.4, 1.0};
  int64_t local_crops_number = 8;
  std::vector<double> local_crops_scale = {0.05, 0.4};
  bool vertical_flip = false;
  bool quarter_turns = false;
  double color_jitter_prob = 0.8;
  double brightness = 0.4;
  double contrast = 0.4;
  double saturation = 0.2;
  double hue = 0.1;
  double grayscale_prob = 0.2;
  std::vector<double> blur_sigma = {0.1, 2.0};
  double solarize_prob = 0.2;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(global_crop_size, "global_crop_size", "Side of the global views in pixels, a multiple of patch_size.");
    visit(local_crop_size, "local_crop_size", "Side of the local views in pixels, a multiple of patch_size.");
    visit(global_crops_scale, "global_crops_scale", "Share of the image's area that a global view covers: low,high.");
    visit(local_crops_number, "local_crops_number", "Local views an image; 0 trains on the two global views alone.");
    visit(local_crops_scale, "local_crops_scale", "Share of the image's area that a local view covers: low,high.");
    visit(vertical_flip, "vertical_flip", "Also flip views upside down, half of the time.");
    visit(quarter_turns, "quarter_turns", "Also turn views by 0, 90, 180 or 270 degrees.");
    visit(color_jitter_prob, "color_jitter_prob", "Probability of the colour jitter.");
    visit(brightness, "brightness", "Brightness factor's half range.");
    visit(contrast, "contrast", "Contrast factor's half range.");
    visit(saturation, "saturation", "Saturation factor's half range (three-band colour only).");
    visit(hue, "hue", "Hue shift's half range (three-band colour only).");
    visit(grayscale_prob, "grayscale_prob", "Probability of a greyscale view (three-band colour only).");
    visit(blur_sigma, "blur_sigma", "Standard deviation of the blur in pixels of the view: low,high; 0,0 blurs nothing.");
    visit(solarize_prob, "solarize_prob", "Probability of solarising the second global view.");
  }
};

}  // namespace nadir::augment
