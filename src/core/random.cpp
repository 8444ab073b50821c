#include "core/random.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "core/error.h"

namespace nadir {
namespace {

constexpr uint32_t kMultiplier0 = 0xD2511F53;
constexpr uint32_t kMultiplier1 = 0xCD9E8D57;
constexpr uint32_t kWeyl0 = 0x9E3779B9;
constexpr uint32_t kWeyl1 = 0xBB67AE85;
constexpr int kRounds = 10;

std::array<uint32_t, 4> philox(
    std::array<uint32_t, 4> c, std::array<uint32_t, 2> k) {
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t p0 = uint64_t{kMultiplier0} * c[0];
    const uint64_t p1 = uint64_t{kMultiplier1} * c[2];
    c = {
        static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k[0],
        static_cast<uint32_t>(p1),
        static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k[1],
        static_cast<uint32_t>(p0)};
    k[0] += kWeyl0;
    k[1] += kWeyl1;
  }
  return c;
}

}  // namespace

uint64_t mix_hash(uint64_t a, uint64_t b) {
  uint64_t z = a + 0x9E3779B97F4A7C15ULL * (b + 1);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

uint64_t hash_text(std::string_view text, uint64_t hash) {
  for (const char letter : text) {
    hash = mix_hash(hash, static_cast<unsigned char>(letter));
  }
  return hash;
}

RandomStream::RandomStream(
    uint64_t seed, StreamPurpose purpose, uint64_t a, uint64_t b, uint32_t c) {
  const uint64_t key =
      mix_hash(mix_hash(seed, static_cast<uint64_t>(purpose)), mix_hash(a, c));
  key_ = {static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)};
  // Word 0 counts the blocks of this stream; the others tell streams with
  // colliding keys apart.
  counter_ = {
      0,
      static_cast<uint32_t>(b),
      static_cast<uint32_t>(b >> 32),
      static_cast<uint32_t>(a) ^ (c << 24)};
}

void RandomStream::refill() {
  block_ = philox(counter_, key_);
  ++counter_[0];
  used_ = 0;
}

uint32_t RandomStream::next_u32() {
  if (used_ == 4) {
    refill();
  }
  return block_[used_++];
}

double RandomStream::uniform() {
  const uint64_t high = next_u32();
  const uint64_t low = next_u32();
  return static_cast<double>(((high << 32) | low) >> 11) * 0x1.0p-53;
}

uint64_t RandomStream::uniform_int(uint64_t n) {
  NADIR_ASSERT(n > 0);
  const uint64_t limit = UINT64_MAX - UINT64_MAX % n;
  for (;;) {
    const uint64_t high = next_u32();
    const uint64_t value = (high << 32) | next_u32();
    if (value < limit) {
      return value % n;
    }
  }
}

double RandomStream::normal() {
  if (has_spare_normal_) {
    has_spare_normal_ = false;
    return spare_normal_;
  }
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  const double angle = 2 * std::numbers::pi * uniform();
  spare_normal_ = radius * std::sin(angle);
  has_spare_normal_ = true;
  return radius * std::cos(angle);
}

void RandomStream::skip(uint64_t count) {
  constexpr uint64_t kWordsEach = 2;
  const uint64_t words = used_ + kWordsEach * count;
  if (words <= block_.size()) {
    used_ = static_cast<uint32_t>(words);
    return;
  }
  // The last block that is begun is made, the ones before it are not.
  counter_[0] += static_cast<uint32_t>((words - 1) / block_.size() - 1);
  refill();
  used_ = static_cast<uint32_t>((words - 1) % block_.size() + 1);
}

std::vector<int64_t> RandomStream::permutation(int64_t n) {
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[uniform_int(i)]);
  }
  return order;
}

}  // namespace nadir
