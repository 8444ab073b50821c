// Tokens of images of several sizes as rows of one matrix [T, D]: crops of all
// sizes go through a linear map as one product. And the rows of a branch that
// stochastic depth leaves in.
#pragma once

#include <cstdint>
#include <vector>

namespace nadir::ops {

// Images of the same number of tokens, one behind the other.
struct TokenGroup {
  int64_t num_images = 0;
  int64_t num_tokens = 0;  // of each image
};

// What the rows of a token matrix are.
struct TokenLayout {
  std::vector<TokenGroup> groups;

  [[nodiscard]] int64_t num_images() const;
  [[nodiscard]] int64_t num_rows() const;
};

// An image that takes part in a branch: its rows in the token matrix, and in
// the packed matrix without the images that are left out.
struct KeptImage {
  int64_t row = 0;
  int64_t packed_row = 0;
  int64_t num_tokens = 0;
  float factor = 1;
};

// Neighbouring rows with one factor.
struct RowRun {
  int64_t row = 0;
  int64_t packed_row = 0;
  int64_t num_rows = 0;
  float factor = 1;
};

// The rows of a branch. Const functions may be called from any thread.
class KeptRows {
 public:
  // `factors` has one value an image, 0 to leave it out, or is null to keep
  // all as they are.
  KeptRows(const TokenLayout& layout, const float* factors);

  [[nodiscard]] const std::vector<KeptImage>& images() const { return images_; }

  [[nodiscard]] int64_t num_packed_rows() const { return num_packed_rows_; }

  // The first token of each kept image, as rows of their own.
  [[nodiscard]] KeptRows first_tokens() const;

  // Calls run(RowRun) for the packed rows [begin, end), in their order.
  template <class Run>
  void for_each_run(int64_t begin, int64_t end, Run&& run) const {
    for (size_t i = run_of(begin); i < runs_.size(); ++i) {
      RowRun part = runs_[i];
      if (part.packed_row >= end) {
        break;
      }
      const int64_t skipped =
          begin > part.packed_row ? begin - part.packed_row : 0;
      part.row += skipped;
      part.packed_row += skipped;
      part.num_rows -= skipped;
      if (part.packed_row + part.num_rows > end) {
        part.num_rows = end - part.packed_row;
      }
      run(part);
    }
  }

  // Calls run(first row, number of rows) for what is left out of `num_rows`
  // rows of the token matrix.
  template <class Run>
  void for_each_gap(int64_t num_rows, Run&& run) const {
    int64_t row = 0;
    for (const RowRun& kept : runs_) {
      if (kept.row > row) {
        run(row, kept.row - row);
      }
      row = kept.row + kept.num_rows;
    }
    if (num_rows > row) {
      run(row, num_rows - row);
    }
  }

 private:
  KeptRows() = default;

  void add(const KeptImage& image);
  [[nodiscard]] size_t run_of(int64_t packed_row) const;

  std::vector<KeptImage> images_;
  std::vector<RowRun> runs_;
  int64_t num_packed_rows_ = 0;
};

}  // namespace nadir::ops
