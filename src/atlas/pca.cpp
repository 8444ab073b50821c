#include "atlas/pca.h"

#include <algorithm>
#include <cmath>

#include <Eigen/Dense>

#include "core/aligned.h"
#include "core/ceil_div.h"
#include "core/error.h"
#include "core/parallel.h"
#include "kernels/gemm.h"

namespace nadir::atlas {
namespace {

constexpr int64_t kChunk = 256;  // rows whose products are summed in float32
// Sums are added up share by share, so that threads do not change them; each
// share has a matrix of its own.
constexpr int64_t kMaxShares = 8;

using Sums = std::vector<double>;

int64_t share_of(int64_t size) {
  const int64_t chunks = ceil_div(size, kChunk);
  return ceil_div(chunks, kMaxShares) * kChunk;
}

// What body(sums, begin, end) adds to `length` sums, share by share.
template <class Body>
Sums sum_in_shares(
    int64_t size, int64_t length, int num_threads, const Body& body) {
  const int64_t share = share_of(size);
  std::vector<Sums> parts(static_cast<size_t>(ceil_div(size, share)));
  parallel_for(size, share, num_threads, [&](int64_t begin, int64_t end) {
    Sums sums(static_cast<size_t>(length), 0.0);
    body(sums, begin, end);
    parts[static_cast<size_t>(begin / share)] = std::move(sums);
  });
  for (size_t p = 1; p < parts.size(); ++p) {
    for (size_t i = 0; i < parts[0].size(); ++i) {
      parts[0][i] += parts[p][i];
    }
  }
  return std::move(parts[0]);
}

std::vector<double> mean_of(const search::Vectors& vectors, int num_threads) {
  auto mean = sum_in_shares(
      vectors.size,
      vectors.width,
      num_threads,
      [&](Sums& sums, int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const float* const row = vectors.row(i).data();
          for (size_t j = 0; j < sums.size(); ++j) {
            sums[j] += row[j];
          }
        }
      });
  for (double& value : mean) {
    value /= static_cast<double>(vectors.size);
    if (!std::isfinite(value)) {
      fail(
          ErrorCode::kCorruptData,
          "the embeddings hold numbers that are not finite; make them again "
          "with nadir embed");
    }
  }
  return mean;
}

// Rows begin .. end - 1 less `mean`.
void copy_centred(
    const search::Vectors& vectors,
    const std::vector<double>& mean,
    int64_t begin,
    int64_t end,
    float* dst) {
  for (int64_t i = begin; i < end; ++i) {
    const float* const row = vectors.row(i).data();
    for (size_t j = 0; j < mean.size(); ++j) {
      *dst++ = static_cast<float>(row[j] - mean[j]);
    }
  }
}

// [width, width], divided by the number of vectors.
Sums covariance_of(
    const search::Vectors& vectors,
    const std::vector<double>& mean,
    int num_threads) {
  const int64_t width = vectors.width;
  auto sums = sum_in_shares(
      vectors.size,
      width * width,
      num_threads,
      [&](Sums& products, int64_t begin, int64_t end) {
        AlignedFloats rows(kChunk * width);
        AlignedFloats packed(kernels::gemm_packed_size(kChunk, width));
        AlignedFloats scratch(kernels::gemm_scratch_size(kChunk));
        AlignedFloats product(width * width);
        for (int64_t from = begin; from < end; from += kChunk) {
          const int64_t to = std::min(end, from + kChunk);
          copy_centred(vectors, mean, from, to, rows.data());
          kernels::gemm_pack(
              {rows.data(), width}, to - from, width, packed.data());
          kernels::gemm(
              {{rows.data(), width, true},
               width,
               to - from,
               packed.data(),
               width,
               kernels::GemmInit::kReplace,
               nullptr,
               product.data(),
               width,
               scratch.data()});
          const float* const added = product.data();
          for (size_t i = 0; i < products.size(); ++i) {
            products[i] += added[i];
          }
        }
      });
  for (double& value : sums) {
    value /= static_cast<double>(vectors.size);
  }
  return sums;
}

double sign_of(const double* direction, int64_t width) {
  const double* const largest =
      std::max_element(direction, direction + width, [](double a, double b) {
        return std::abs(a) < std::abs(b);
      });
  return *largest < 0 ? -1 : 1;
}

}  // namespace

Components principal_components(
    const search::Vectors& vectors, int64_t count, int num_threads) {
  const int64_t width = vectors.width;
  NADIR_CHECK(
      vectors.size >= 2,
      "a projection needs at least 2 embeddings, got {}",
      vectors.size);
  NADIR_CHECK(
      width <= kMaxWidth,
      "components are computed of up to {} numbers an embedding, got {}; embed "
      "fewer --blocks",
      kMaxWidth,
      width);
  NADIR_CHECK(count > 0, "count must be > 0, got {}", count);
  Components components;
  components.width = width;
  components.count = std::min(count, width);
  components.mean = mean_of(vectors, num_threads);
  auto covariance = covariance_of(vectors, components.mean, num_threads);
  const Eigen::Map<Eigen::MatrixXd> matrix(covariance.data(), width, width);
  components.total_variance = matrix.trace();
  double squares = 0;
  for (const double value : components.mean) {
    squares += value * value;
  }
  constexpr double kRounding = 1e-12;  // of float32, squared
  NADIR_CHECK(
      components.total_variance > kRounding * squares,
      "all {} embeddings are the same: there is nothing to show",
      vectors.size);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(matrix);
  if (solver.info() != Eigen::Success) {
    fail(ErrorCode::kInternal, "the eigenvectors of a covariance diverge");
  }
  for (int64_t c = 0; c < components.count; ++c) {
    const auto column = solver.eigenvectors().col(width - 1 - c);
    const double sign = sign_of(column.data(), width);
    for (int64_t j = 0; j < width; ++j) {
      components.directions.push_back(sign * column(j));
    }
    components.variances.push_back(
        std::max(0.0, solver.eigenvalues()(width - 1 - c)));
  }
  return components;
}

std::vector<float> project(
    const search::Vectors& vectors,
    const Components& components,
    int num_threads) {
  NADIR_CHECK(
      vectors.width == components.width,
      "the vectors have {} numbers, the components {}",
      vectors.width,
      components.width);
  const int64_t width = components.width;
  const int64_t count = components.count;
  const std::vector<float> directions(
      components.directions.begin(), components.directions.end());
  AlignedFloats packed(kernels::gemm_packed_size(width, count));
  kernels::gemm_pack(
      {directions.data(), width, true}, width, count, packed.data());
  std::vector<float> places(static_cast<size_t>(vectors.size * count));
  parallel_for(
      vectors.size, kChunk, num_threads, [&](int64_t begin, int64_t end) {
        AlignedFloats rows(kChunk * width);
        AlignedFloats scratch(kernels::gemm_scratch_size(width));
        copy_centred(vectors, components.mean, begin, end, rows.data());
        kernels::gemm(
            {{rows.data(), width},
             end - begin,
             width,
             packed.data(),
             count,
             kernels::GemmInit::kReplace,
             nullptr,
             places.data() + begin * count,
             count,
             scratch.data()});
      });
  return places;
}

}  // namespace nadir::atlas
