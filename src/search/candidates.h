// Who may be among the k nearest, judged by products that are a little off.
// Private to the room.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace nadir::search {

struct Candidate {
  int32_t product;
  int32_t row;
};

struct CandidateLimits {
  int64_t k;
  int64_t margin;
  int64_t longest;  // candidates that are too many to be looked at again
};

// Keeps all whose product is at most `margin` below the k-th greatest. They
// gather in a buffer that is thinned when it is full; most are refused by one
// comparison with floor().
class CandidateList {
 public:
  // Greater than all products, and smaller.
  static constexpr int32_t kAll = std::numeric_limits<int32_t>::min();
  static constexpr int32_t kNone = std::numeric_limits<int32_t>::max();

  // What is no greater than `floor` will not be offered.
  explicit CandidateList(const CandidateLimits& limits, int32_t floor = kAll)
      : limits_(limits),
        first_floor_(floor),
        floor_(floor),
        capacity_(2 * limits.k) {
    candidates_.reserve(static_cast<size_t>(capacity_));
  }

  // What is no greater need not be offered.
  [[nodiscard]] int32_t floor() const { return floor_; }

  void offer(int32_t product, int32_t row) {
    candidates_.push_back({product, row});
    if (size() >= capacity_) {
      thin();
      capacity_ = std::max(capacity_, size() + limits_.k);
      if (size() > limits_.longest) {
        give_up();
      }
    }
  }

  // Takes no more, for there would be too many.
  void give_up() {
    is_too_long_ = true;
    close();
  }

  // So many are about as near that products cannot tell them apart: what
  // follows was refused.
  [[nodiscard]] bool is_too_long() const { return is_too_long_; }

  // To be called when all have been offered. Whether the floor that the list
  // began with kept none of them away; if not, it is to be made anew with a
  // lower one.
  [[nodiscard]] bool finish() {
    return size() >= limits_.k && thin() >= first_floor_;
  }

  // Nothing is to be offered any more.
  void close() { floor_ = kNone; }

  // In no order.
  [[nodiscard]] const std::vector<Candidate>& candidates() const {
    return candidates_;
  }

 private:
  [[nodiscard]] int64_t size() const {
    return static_cast<int64_t>(candidates_.size());
  }

  // Returns the floor that follows from the k-th greatest product.
  int32_t thin() {
    const auto kth = candidates_.begin() + (limits_.k - 1);
    std::nth_element(
        candidates_.begin(),
        kth,
        candidates_.end(),
        [](const Candidate& a, const Candidate& b) {
          return a.product > b.product;
        });
    const auto floor = static_cast<int32_t>(
        std::max<int64_t>(kAll, kth->product - limits_.margin - 1));
    floor_ = std::max(floor_, floor);
    std::erase_if(candidates_, [&](const Candidate& one) {
      return one.product <= floor_;
    });
    return floor;
  }

  CandidateLimits limits_;
  int32_t first_floor_;
  int32_t floor_;
  int64_t capacity_;
  bool is_too_long_ = false;
  std::vector<Candidate> candidates_;
};

}  // namespace nadir::search
