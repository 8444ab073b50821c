#include "scene/components.h"

#include <algorithm>
#include <stdexcept>

#include <ATen/ATen.h>

#include "checkpoint/safetensors.h"
#include "core/error.h"
#include "core/random.h"
#include "scene/window_model.h"

namespace nadir::scene {
namespace {

// Windows with an embedding, at most `max_windows` of them, in order.
std::vector<int64_t> sample_windows(
    const std::vector<uint8_t>& states, int64_t max_windows, uint64_t seed) {
  std::vector<int64_t> given;
  for (size_t i = 0; i < states.size(); ++i) {
    if (states[i] == static_cast<uint8_t>(WindowState::kGiven)) {
      given.push_back(static_cast<int64_t>(i));
    }
  }
  if (static_cast<int64_t>(given.size()) <= max_windows) {
    return given;
  }
  // The windows of the smallest hashes: a sample that is the same everywhere.
  const auto place = [&](int64_t window) {
    return mix_hash(seed, static_cast<uint64_t>(window));
  };
  std::nth_element(
      given.begin(),
      given.begin() + max_windows,
      given.end(),
      [&](int64_t a, int64_t b) { return place(a) < place(b); });
  given.resize(static_cast<size_t>(max_windows));
  std::sort(given.begin(), given.end());
  return given;
}

at::Tensor read_embeddings(
    const WindowReader& windows, const std::vector<int64_t>& chosen) {
  const size_t field = windows.field(kEmbedding);
  const int64_t width = windows.fields()[field].size();
  auto rows_NF =
      at::empty({static_cast<int64_t>(chosen.size()), width}, at::kDouble);
  double* out = rows_NF.mutable_data_ptr<double>();
  for (const int64_t window : chosen) {
    const auto values = windows.values(field, {window, window + 1});
    out = std::copy(values.begin(), values.end(), out);
  }
  return rows_NF;
}

}  // namespace

Components fit_components(
    const WindowReader& windows,
    int64_t num_components,
    int64_t max_windows,
    uint64_t seed) {
  const int64_t width = windows.fields()[windows.field(kEmbedding)].size();
  NADIR_CHECK(
      num_components <= width,
      "embeddings must be at most the {} columns of an embedding, got {}",
      width,
      num_components);
  const auto chosen = sample_windows(
      windows.states({0, windows.plan().num_windows()}), max_windows, seed);
  const auto count = static_cast<int64_t>(chosen.size());
  NADIR_CHECK(
      count > num_components,
      "{} components need more windows than the {} that the scene gives; "
      "lower --embeddings or --stride-px",
      num_components,
      count);
  const auto rows_NF = read_embeddings(windows, chosen);
  const auto mean_F = rows_NF.mean(at::IntArrayRef{0});
  const auto centred_NF = rows_NF - mean_F;
  const auto covariance_FF =
      centred_NF.t().mm(centred_NF) / static_cast<double>(count - 1);
  // By rising eigenvalue, eigenvectors in columns.
  const auto [variance_F, vector_FF] = at::linalg_eigh(covariance_FF);
  auto direction_NF =
      vector_FF.flip({1}).narrow(1, 0, num_components).t().contiguous();
  for (int64_t n = 0; n < num_components; ++n) {
    auto direction_F = direction_NF[n];
    const auto largest = direction_F.abs().argmax();
    if (direction_F[largest.item<int64_t>()].item<double>() < 0) {
      direction_F.neg_();
    }
  }
  Components components;
  components.mean_F = mean_F.to(at::kFloat);
  components.direction_NF = direction_NF.to(at::kFloat);
  components.variance_N = variance_F.flip({0})
                              .narrow(0, 0, num_components)
                              .clamp_min(0)
                              .to(at::kFloat)
                              .contiguous();
  components.total_variance = variance_F.clamp_min(0).sum().item<double>();
  return components;
}

void save_components(
    const Components& components, const std::filesystem::path& path) {
  checkpoint::write_safetensors(
      path,
      {{"mean", components.mean_F},
       {"directions", components.direction_NF},
       {"variances", components.variance_N}},
      {{"total_variance", fmt::format("{}", components.total_variance)},
       {"weights_sha256", components.weights_sha256},
       {"features", components.features}});
}

Components load_components(const std::filesystem::path& path) {
  const auto file = checkpoint::read_safetensors(path);
  Components components;
  try {
    components.mean_F = file.tensors.at("mean");
    components.direction_NF = file.tensors.at("directions");
    components.variance_N = file.tensors.at("variances");
    components.total_variance = std::stod(file.metadata.at("total_variance"));
    components.weights_sha256 = file.metadata.at("weights_sha256");
    components.features = file.metadata.at("features");
  } catch (const std::logic_error&) {
    fail(
        ErrorCode::kCorruptData,
        "{} holds no components; `nadir map --embeddings` writes some",
        path.string());
  }
  const auto& direction_NF = components.direction_NF;
  if (direction_NF.dim() != 2 || components.mean_F.dim() != 1 ||
      direction_NF.size(1) != components.mean_F.size(0) ||
      components.variance_N.sizes() !=
          at::IntArrayRef({direction_NF.size(0)}) ||
      direction_NF.scalar_type() != at::kFloat ||
      components.mean_F.scalar_type() != at::kFloat ||
      components.variance_N.scalar_type() != at::kFloat) {
    fail(
        ErrorCode::kCorruptData,
        "{}: the shapes or types of its components do not go together",
        path.string());
  }
  return components;
}

std::vector<float> project(
    const Components& components, const std::vector<float>& embeddings) {
  const int64_t width = components.mean_F.size(0);
  const int64_t num_rows = static_cast<int64_t>(embeddings.size()) / width;
  const auto rows_NF = at::from_blob(
      const_cast<float*>(embeddings.data()),  // only read
      {num_rows, width},
      at::kFloat);
  const auto along = (rows_NF - components.mean_F)
                         .mm(components.direction_NF.t())
                         .contiguous();
  const float* values = along.const_data_ptr<float>();
  return {values, values + along.numel()};
}

}  // namespace nadir::scene
