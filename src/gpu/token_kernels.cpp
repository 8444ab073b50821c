#include "gpu/token_kernels.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <ATen/ATen.h>

#include "core/ceil_div.h"
#include "core/error.h"
#include "core/log.h"

namespace nadir::gpu {
namespace {

constexpr int64_t kWarps = 4;      // of a block that takes rows
constexpr int64_t kBlocks = 1056;  // eight for each processor of a large GPU
constexpr int64_t kColumns = 8;    // of a thread that owns columns
constexpr int64_t kThreads = 256;  // at least, of a block of such threads
constexpr int64_t kMostThreads = 1024;

// Null where the kernels are not to be had.
const Program* find_program(c10::Device device, int64_t dim) {
  static std::mutex mutex;
  static std::map<std::pair<int64_t, int64_t>, std::unique_ptr<Program>> all;
  static bool has_failed = false;
  const std::lock_guard lock(mutex);
  const auto key = std::pair(int64_t{device.index()}, dim);
  const auto found = all.find(key);
  if (found != all.end() || has_failed) {
    return found != all.end() ? found->second.get() : nullptr;
  }
  try {
    all[key] = std::make_unique<Program>(
        token_kernels_source(),
        std::vector<std::string>{
            "add_norm_forward",
            "add_norm_backward",
            "bias_gelu_forward",
            "bias_gelu_backward",
            "join_qkv"},
        std::vector{fmt::format("DIM={}", dim)},
        device);
  } catch (const Error& error) {
    has_failed = true;
    log_warning(
        "gpu", "{}; LibTorch's operators are taken, slower", error.what());
    return nullptr;
  }
  return all[key].get();
}

const Program& program_of(const at::Tensor& tensor, int64_t dim) {
  const auto* const program = find_program(tensor.device(), dim);
  NADIR_ASSERT(program != nullptr);
  return *program;
}

template <class Value>
Value* data_of(const at::Tensor& tensor) {
  return tensor.defined() ? static_cast<Value*>(tensor.data_ptr()) : nullptr;
}

const float* floats_of(const at::Tensor& tensor) {
  NADIR_ASSERT(
      !tensor.defined() ||
      (tensor.scalar_type() == at::kFloat && tensor.is_contiguous()));
  return data_of<const float>(tensor);
}

const void* bf16_of(const at::Tensor& tensor) {
  NADIR_ASSERT(
      !tensor.defined() ||
      (tensor.scalar_type() == at::kBFloat16 && tensor.is_contiguous()));
  return data_of<const void>(tensor);
}

at::Tensor empty_like_of(const at::Tensor& like, at::ScalarType type) {
  return at::empty(like.sizes(), like.options().dtype(type));
}

// Threads that own the columns of rows.
LaunchShape shape_of_columns(int64_t num_rows, int64_t num_columns) {
  const int64_t across = num_columns / kColumns;
  const int64_t down = std::max<int64_t>(1, kThreads / across);
  return {std::min(kBlocks, ceil_div(num_rows, down)), across, down};
}

// A row of sums for each block and row of threads in it.
at::Tensor empty_sums(
    const LaunchShape& shape, int64_t num_columns, const at::Tensor& like) {
  return at::empty(
      {shape.num_blocks * shape.threads_y, num_columns},
      like.options().dtype(at::kFloat));
}

}  // namespace

bool has_token_kernels(c10::Device device, int64_t dim) {
  return dim % kColumns == 0 && 4 * dim <= kColumns * kMostThreads &&
         find_program(device, dim) != nullptr;
}

AddNormResult add_norm_forward(
    const at::Tensor& x_TD,
    const at::Tensor& branch_TD,
    const at::Tensor& bias_D,
    const at::Tensor& factors_T,
    const at::Tensor& gamma_D,
    const at::Tensor& beta_D,
    double eps) {
  const int64_t num_rows = x_TD.size(0);
  AddNormResult result;
  result.y_TD = branch_TD.defined() ? empty_like_of(x_TD, at::kFloat) : x_TD;
  result.norm_TD = empty_like_of(x_TD, at::kBFloat16);
  result.mean_T = at::empty({num_rows}, x_TD.options());
  result.rstd_T = at::empty({num_rows}, x_TD.options());
  program_of(x_TD, x_TD.size(1))
      .launch(
          "add_norm_forward",
          {ceil_div(num_rows, kWarps), 32 * kWarps, 1},
          floats_of(x_TD),
          bf16_of(branch_TD),
          floats_of(bias_D),
          floats_of(factors_T),
          floats_of(gamma_D),
          floats_of(beta_D),
          static_cast<float>(eps),
          num_rows,
          data_of<float>(result.y_TD),
          data_of<void>(result.norm_TD),
          data_of<float>(result.mean_T),
          data_of<float>(result.rstd_T));
  return result;
}

AddNormGradients add_norm_backward(
    const at::Tensor& grad_norm_TD,
    const at::Tensor& grad_y_TD,
    const AddNormResult& result,
    const at::Tensor& gamma_D,
    const at::Tensor& factors_T,
    bool has_branch) {
  const int64_t num_rows = result.y_TD.size(0);
  const int64_t dim = result.y_TD.size(1);
  const LaunchShape shape{
      std::min(kBlocks, ceil_div(num_rows, kWarps)), 32 * kWarps, 1};
  AddNormGradients gradients;
  gradients.x_TD = empty_like_of(result.y_TD, at::kFloat);
  if (has_branch) {
    gradients.branch_TD = empty_like_of(result.y_TD, at::kBFloat16);
  }
  const auto sums = empty_sums(shape, 3 * dim, result.y_TD);
  program_of(result.y_TD, dim)
      .launch(
          "add_norm_backward",
          shape,
          bf16_of(grad_norm_TD),
          floats_of(grad_y_TD),
          floats_of(result.y_TD),
          floats_of(result.mean_T),
          floats_of(result.rstd_T),
          floats_of(gamma_D),
          floats_of(factors_T),
          num_rows,
          int{has_branch},
          data_of<float>(gradients.x_TD),
          data_of<void>(gradients.branch_TD),
          data_of<float>(sums));
  const auto sum = sums.sum(0);
  gradients.gamma_D = sum.narrow(0, 0, dim);
  gradients.beta_D = sum.narrow(0, dim, dim);
  gradients.bias_D = sum.narrow(0, 2 * dim, dim);
  return gradients;
}

at::Tensor bias_gelu_forward(
    const at::Tensor& hidden_TF, const at::Tensor& bias_F) {
  const int64_t num_columns = hidden_TF.size(1);
  auto out_TF = empty_like_of(hidden_TF, at::kBFloat16);
  program_of(hidden_TF, num_columns / 4)
      .launch(
          "bias_gelu_forward",
          shape_of_columns(hidden_TF.size(0), num_columns),
          bf16_of(hidden_TF),
          floats_of(bias_F),
          hidden_TF.size(0),
          num_columns,
          data_of<void>(out_TF));
  return out_TF;
}

BiasedGradients bias_gelu_backward(
    const at::Tensor& grad_out_TF,
    const at::Tensor& hidden_TF,
    const at::Tensor& bias_F) {
  const int64_t num_columns = hidden_TF.size(1);
  const auto shape = shape_of_columns(hidden_TF.size(0), num_columns);
  const auto grad_TF = empty_like_of(hidden_TF, at::kBFloat16);
  const auto sums = empty_sums(shape, num_columns, hidden_TF);
  program_of(hidden_TF, num_columns / 4)
      .launch(
          "bias_gelu_backward",
          shape,
          bf16_of(grad_out_TF),
          bf16_of(hidden_TF),
          floats_of(bias_F),
          hidden_TF.size(0),
          num_columns,
          data_of<void>(grad_TF),
          data_of<float>(sums));
  return {grad_TF, sums.sum(0)};
}

BiasedGradients join_qkv(const std::vector<std::array<at::Tensor, 3>>& groups) {
  const auto& first = groups.front()[0];
  const int64_t dim = first.size(1) * first.size(3);
  std::vector<std::array<at::Tensor, 3>> rows;
  std::vector<LaunchShape> shapes;
  int64_t num_rows = 0;
  int64_t num_sums = 0;
  for (const auto& group : groups) {
    auto& own = rows.emplace_back();
    for (size_t i = 0; i < own.size(); ++i) {
      own[i] = group[i].transpose(1, 2).reshape({-1, dim});
    }
    shapes.push_back(shape_of_columns(own[0].size(0), 3 * dim));
    num_rows += own[0].size(0);
    num_sums += shapes.back().num_blocks * shapes.back().threads_y;
  }
  const auto joined = at::empty({num_rows, 3 * dim}, first.options());
  const auto sums =
      at::empty({num_sums, 3 * dim}, first.options().dtype(at::kFloat));
  const Program& program = program_of(first, dim);
  int64_t row = 0;
  int64_t sum_row = 0;
  for (size_t g = 0; g < rows.size(); ++g) {
    const int64_t count = rows[g][0].size(0);
    program.launch(
        "join_qkv",
        shapes[g],
        bf16_of(rows[g][0]),
        bf16_of(rows[g][1]),
        bf16_of(rows[g][2]),
        count,
        data_of<void>(joined.narrow(0, row, count)),
        floats_of(sums.narrow(0, sum_row, num_sums - sum_row)));
    row += count;
    sum_row += shapes[g].num_blocks * shapes[g].threads_y;
  }
  return {joined, sums.sum(0)};
}

}  // namespace nadir::gpu
