// Runs steps of the augment room on images from standard input, for
// augment_parity.py. A case is a line "step height width numbers..." and then
// 3 planes of bytes; the answer is a line of text and the bytes that result.
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "augment/pixel_steps.h"
#include "augment/resize.h"
#include "augment/view_maker.h"
#include "core/error.h"

namespace {

using nadir::augment::JitterStep;
using nadir::augment::ViewDraw;

template <class T>
void answer(const std::string& line, const std::vector<T>& values) {
  std::cout << line << '\n';
  std::cout.write(
      reinterpret_cast<const char*>(values.data()),
      static_cast<std::streamsize>(values.size() * sizeof(T)));
}

std::string to_line(const ViewDraw& draw) {
  std::string order;
  for (const JitterStep step : draw.jitter_order) {
    order += fmt::format(" {}", static_cast<int>(step));
  }
  return fmt::format(
      "{} {} {} {} {:d}{} {} {} {} {} {:d} {} {:d} {} {:d} {:d}",
      draw.box.top,
      draw.box.left,
      draw.box.height,
      draw.box.width,
      draw.jitter,
      order,
      draw.brightness,
      draw.contrast,
      draw.saturation,
      draw.hue,
      draw.grayscale,
      draw.blur_sigma,
      draw.solarize,
      draw.quarter_turns,
      draw.flip_cols,
      draw.flip_rows);
}

void run_resize(std::istream& numbers, const nadir::raster::Image& image) {
  nadir::augment::CropBox box;
  int64_t out_height = 0;
  int64_t out_width = 0;
  numbers >> box.top >> box.left >> box.height >> box.width >> out_height >>
      out_width;
  auto& scratch = nadir::augment::thread_scratch();
  set_taps(
      scratch,
      {box.height, out_height, 0, out_height},
      {box.width, out_width, 0, out_width});
  std::vector<uint8_t> out(static_cast<size_t>(3 * out_height * out_width));
  for (int64_t band = 0; band < 3; ++band) {
    resize_plane(
        image.band<uint8_t>(band).data(),
        image.width(),
        box,
        scratch,
        out.data() + band * out_height * out_width);
  }
  answer("resize", out);
}

void run_change(const ViewDraw& draw, const nadir::raster::Image& image) {
  const auto first = image.band<uint8_t>(0);
  std::vector<uint8_t> planes(first.data(), first.data() + 3 * first.size());
  change_pixels(
      draw,
      3,
      true,
      image.width(),
      nadir::augment::thread_scratch(),
      planes.data());
  answer("change", planes);
}

ViewDraw read_jitter(std::istream& numbers) {
  ViewDraw draw;
  draw.jitter = true;
  for (JitterStep& step : draw.jitter_order) {
    int index = 0;
    numbers >> index;
    step = static_cast<JitterStep>(index);
  }
  numbers >> draw.brightness >> draw.contrast >> draw.saturation >> draw.hue;
  return draw;
}

void run_view(std::istream& numbers, const nadir::raster::Image& image) {
  uint64_t sample = 0;
  int64_t view = 0;
  nadir::augment::ViewConfig config;
  numbers >> sample >> view >> config.global_crop_size >>
      config.local_crop_size;
  const nadir::augment::ViewMaker maker(
      config, {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}, true);
  const auto stream = [&] {
    return nadir::RandomStream(
        3, nadir::StreamPurpose::kTest, 0, sample, static_cast<uint32_t>(view));
  };
  const int64_t side = maker.view_size(view);
  std::vector<float> out(static_cast<size_t>(3 * side * side));
  auto random = stream();
  maker.make_view(image, view, random, out);
  random = stream();
  answer(
      to_line(draw_view(config, view, image.height(), image.width(), random)),
      out);
}

void run_test_view(std::istream& numbers, const nadir::raster::Image& image) {
  int64_t resize_px = 0;
  int64_t crop_px = 0;
  numbers >> resize_px >> crop_px;
  std::vector<float> out(static_cast<size_t>(3 * crop_px * crop_px));
  const std::vector<double> mean = {0.485, 0.456, 0.406};
  const std::vector<double> std = {0.229, 0.224, 0.225};
  nadir::augment::make_test_view(image, resize_px, crop_px, mean, std, out);
  answer("test_view", out);
}

void run_case(const std::string& line) {
  std::istringstream numbers(line);
  std::string step;
  int64_t height = 0;
  int64_t width = 0;
  numbers >> step >> height >> width;
  nadir::raster::Image image(
      3, height, width, nadir::raster::PixelType::kUint8);
  std::cin.read(
      reinterpret_cast<char*>(image.bytes().data()),
      static_cast<std::streamsize>(image.bytes().size()));
  ViewDraw draw;
  if (step == "resize") {
    run_resize(numbers, image);
  } else if (step == "jitter") {
    run_change(read_jitter(numbers), image);
  } else if (step == "gray") {
    draw.grayscale = true;
    run_change(draw, image);
  } else if (step == "blur") {
    numbers >> draw.blur_sigma;
    run_change(draw, image);
  } else if (step == "solarize") {
    draw.solarize = true;
    run_change(draw, image);
  } else if (step == "view") {
    run_view(numbers, image);
  } else if (step == "test_view") {
    run_test_view(numbers, image);
  } else {
    nadir::fail(nadir::ErrorCode::kInvalidArgument, "no step '{}'", step);
  }
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  std::string line;
  try {
    while (std::getline(std::cin, line)) {
      run_case(line);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "augment_cases: %s\n", error.what());
    return 1;
  }
}
