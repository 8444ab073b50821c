#include "scene/map_output.h"

#include <cmath>

#include <ATen/ATen.h>

#include "core/error.h"
#include "core/progress.h"
#include "core/signals.h"
#include "raster/cog_writer.h"
#include "scene/window_model.h"

namespace nadir::scene {
namespace {

constexpr char kChangeBand[] = "change";

WindowRange windows_of_row(const WindowPlan& plan, int64_t window_row) {
  const int64_t across = plan.cols.num_windows();
  return {window_row * across, (window_row + 1) * across};
}

std::vector<uint8_t> given_windows(
    const WindowReader& windows, const WindowRange& range) {
  auto states = windows.states(range);
  for (uint8_t& state : states) {
    state = static_cast<uint8_t>(
        state == static_cast<uint8_t>(WindowState::kGiven));
  }
  return states;
}

void both(std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    a[i] = a[i] & b[i];
  }
}

// 1 - cosine; exactly 0 where the two are equal.
double distance(const float* a, const float* b, int64_t width) {
  double product = 0;
  double square_a = 0;
  double square_b = 0;
  for (int64_t i = 0; i < width; ++i) {
    const double x = a[i];
    const double y = b[i];
    product += x * y;
    square_a += x * x;
    square_b += y * y;
  }
  const double lengths = std::sqrt(square_a * square_b);
  return lengths > 0 ? std::max(0.0, 1 - product / lengths) : 0.0;
}

// The change of a row of windows, [windows, 1 + classes, parts, parts], of
// which the first is the same for all parts of a window.
std::vector<float> changes(
    const WindowReader& first,
    const WindowReader& second,
    const WindowRange& range,
    const WindowField& change) {
  const size_t embedding = first.field(kEmbedding);
  const int64_t width = first.fields()[embedding].size();
  const auto a = first.values(embedding, range);
  const auto b = second.values(embedding, range);
  std::vector<float> p;
  std::vector<float> q;
  if (change.num_values > 1) {
    const size_t field = first.field(kProbabilities);
    p = first.values(field, range);
    q = second.values(field, range);
  }
  const int64_t num_parts = change.num_parts * change.num_parts;
  const int64_t num_rises = change.size() - num_parts;
  std::vector<float> values;
  values.reserve(static_cast<size_t>(range.size() * change.size()));
  for (int64_t w = 0; w < range.size(); ++w) {
    values.insert(
        values.end(),
        static_cast<size_t>(num_parts),
        static_cast<float>(
            distance(a.data() + w * width, b.data() + w * width, width)));
    for (int64_t i = w * num_rises; i < (w + 1) * num_rises; ++i) {
      values.push_back(q[i] - p[i]);
    }
  }
  return values;
}

}  // namespace

MapOutput probability_output(
    const WindowReader& windows, const std::vector<std::string>& class_names) {
  const size_t field = windows.field(kProbabilities);
  MapOutput output;
  output.file = kProbabilitiesFile;
  output.band_names = class_names;
  output.source.num_values = windows.fields()[field].num_values;
  output.source.num_parts = windows.fields()[field].num_parts;
  output.source.read_row = [&windows, field](int64_t row) {
    const auto range = windows_of_row(windows.plan(), row);
    return WindowRow{
        windows.values(field, range),
        given_windows(windows, range),
        windows.own_cells(row)};
  };
  return output;
}

MapOutput component_output(
    const WindowReader& windows, const Components& components) {
  const size_t field = windows.field(kEmbedding);
  MapOutput output;
  output.file = kEmbeddingsFile;
  const auto variance = components.variance_N.contiguous();
  const float* variances = variance.const_data_ptr<float>();
  for (int64_t n = 0; n < variance.numel(); ++n) {
    output.band_names.push_back(fmt::format("component {}", n + 1));
    output.metadata[fmt::format("NADIR_VARIANCE_SHARE_{}", n + 1)] =
        fmt::format("{:.4f}", variances[n] / components.total_variance);
  }
  output.source.num_values = variance.numel();
  output.source.read_row = [&windows, &components, field](int64_t row) {
    const auto range = windows_of_row(windows.plan(), row);
    return WindowRow{
        project(components, windows.values(field, range)),
        given_windows(windows, range),
        windows.own_cells(row)};
  };
  return output;
}

MapOutput change_output(
    const WindowReader& first,
    const WindowReader& second,
    const std::vector<std::string>& class_names) {
  MapOutput output;
  output.file = kChangeFile;
  output.band_names = {kChangeBand};
  for (const auto& name : class_names) {
    output.band_names.push_back("rise of " + name);
  }
  WindowField change = {
      kChangeBand, 1 + static_cast<int64_t>(class_names.size()), 1};
  if (!class_names.empty()) {
    change.num_parts = first.fields()[first.field(kProbabilities)].num_parts;
  }
  output.source.num_values = change.num_values;
  output.source.num_parts = change.num_parts;
  output.source.read_row = [&first, &second, change](int64_t row) {
    const auto range = windows_of_row(first.plan(), row);
    WindowRow values = {
        changes(first, second, range, change),
        given_windows(first, range),
        first.own_cells(row)};
    both(values.is_given, given_windows(second, range));
    both(values.own_cells, second.own_cells(row));
    return values;
  };
  return output;
}

int64_t write_map(
    const MapOutput& output,
    const WindowPlan& plan,
    Blend blend,
    const raster::Georeference& scene_grid,
    const std::map<std::string, std::string>& metadata,
    const std::filesystem::path& folder) {
  raster::CogLayout layout;
  layout.height = plan.rows.num_cells();
  layout.width = plan.cols.num_cells();
  layout.georeference =
      raster::coarser(scene_grid, static_cast<double>(plan.rows.cell_px()));
  layout.band_names = output.band_names;
  layout.metadata = metadata;
  layout.metadata.insert(output.metadata.begin(), output.metadata.end());
  raster::CogWriter writer(folder / output.file, layout);
  Progress progress("writing " + output.file, layout.height, "rows");
  const int64_t num_given = blend_windows(
      plan,
      blend,
      output.source,
      [&](int64_t row, std::span<const float> values) {
        stop_if_told("maps begun so far");
        writer.write_row(row, values);
        progress.advance();
      });
  writer.finish();
  return num_given;
}

}  // namespace nadir::scene
