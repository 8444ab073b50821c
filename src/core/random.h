// Counter-based random streams: the same (seed, epoch, sample, view) gives the
// same draws on any thread, rank or machine. Philox4x32-10, Salmon et al.,
// "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace nadir {

// What a stream is for; keeps streams of one seed apart. The values reach
// stored runs through their draws. Persistent: do not renumber.
enum class StreamPurpose : uint32_t {
  kAugment = 1,
  kSampler = 2,
  kInit = 3,
  kDropPath = 4,
  kSynth = 5,
  kProbe = 6,
  kBaseline = 7,
  kTest = 8
};

// A value type of 40 bytes; cheap to make. Not thread-safe: one per task.
class RandomStream {
 public:
  // A stream for each (seed, purpose, a, b, c); e.g. a = epoch, b = sample,
  // c = view. Different keys give independent streams.
  RandomStream(
      uint64_t seed,
      StreamPurpose purpose,
      uint64_t a = 0,
      uint64_t b = 0,
      uint32_t c = 0);

  // Uniform over all 2^32 values.
  uint32_t next_u32();

  // Uniform in [0, 1), 53 bits.
  double uniform();

  // Uniform in [low, high).
  double uniform(double low, double high) {
    return low + (high - low) * uniform();
  }

  // Uniform over 0 .. n-1 without modulo bias; n > 0.
  uint64_t uniform_int(uint64_t n);

  // Standard normal (Box-Muller, both values used).
  double normal();

  // Whether the next normal() is one that has been drawn already.
  [[nodiscard]] bool has_spare_normal() const { return has_spare_normal_; }

  // Goes on as after `count` calls of uniform(), or of normal() where there is
  // no spare one and `count` is even: with copies of a stream that skip,
  // threads draw its values together.
  void skip(uint64_t count);

  // A uniformly drawn permutation of 0 .. n-1 (Fisher-Yates).
  std::vector<int64_t> permutation(int64_t n);

 private:
  void refill();

  std::array<uint32_t, 2> key_{};
  std::array<uint32_t, 4> counter_{};
  std::array<uint32_t, 4> block_{};
  uint32_t used_ = 4;
  bool has_spare_normal_ = false;
  double spare_normal_ = 0;
};

// A well-mixed 64-bit hash of two values (SplitMix64 finaliser).
[[nodiscard]] uint64_t mix_hash(uint64_t a, uint64_t b);

// The same of a text, letter by letter; `hash` is that of what came before.
// Tells apart what differs by mistake; who wants to be sure of equality takes
// sha256_hex().
[[nodiscard]] uint64_t hash_text(std::string_view text, uint64_t hash = 0);

}  // namespace nadir
