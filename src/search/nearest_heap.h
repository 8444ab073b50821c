// The nearest seen so far. Private to the room.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "search/neighbours.h"

namespace nadir::search {

// A heap, the farthest first.
class NearestHeap {
 public:
  // Keeps `count` > 0.
  explicit NearestHeap(int64_t count) : count_(static_cast<size_t>(count)) {}

  // Whether it is among them.
  [[nodiscard]] bool takes(const Neighbour& one) const {
    return heap_.size() < count_ || one < heap_.front();
  }

  // Where rows come in ascending order: what is no greater is not among them.
  [[nodiscard]] float floor() const {
    return heap_.size() < count_ ? -std::numeric_limits<float>::infinity()
                                 : heap_.front().similarity;
  }

  // One that it takes.
  void add(const Neighbour& one) {
    if (heap_.size() == count_) {
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.pop_back();
    }
    heap_.push_back(one);
    std::push_heap(heap_.begin(), heap_.end());
  }

  // In no order.
  [[nodiscard]] Neighbours take() { return std::move(heap_); }

 private:
  size_t count_;
  Neighbours heap_;
};

}  // namespace nadir::search
