#include "scaling/all_reduce_cost.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "scaling/network_preset.h"

namespace nadir::scaling {
namespace {

constexpr double kBytes = 1e8;
const Algorithm kAlgorithms[] = {
    Algorithm::kRing, Algorithm::kTree, Algorithm::kHierarchical};

Network hosts_of(int64_t gpus) {
  Network network;
  network.gpus_per_host = gpus;
  network.inside = {3e11, 5e-6};
  network.between = {1e10, 2e-5};
  return network;
}

TEST(AllReduce, RingHasTheClosedForm) {
  // n hosts of one GPU.
  for (const int64_t n : {2, 3, 8, 100}) {
    const auto ranks = static_cast<double>(n);
    EXPECT_NEAR(
        all_reduce_s(Algorithm::kRing, hosts_of(1), n, kBytes),
        2 * (ranks - 1) / ranks * kBytes / 1e10 + 2 * (ranks - 1) * 2e-5,
        1e-12);
    // One host of n.
    EXPECT_NEAR(
        all_reduce_s(Algorithm::kRing, hosts_of(n), n, kBytes),
        2 * (ranks - 1) / ranks * kBytes / 3e11 + 2 * (ranks - 1) * 5e-6,
        1e-12);
  }
  // 4 hosts of 8: 2 x 31 hops, of which 2 x 3 leave a host.
  EXPECT_NEAR(
      all_reduce_s(Algorithm::kRing, hosts_of(8), 32, kBytes),
      2 * 31.0 / 32 * kBytes / 1e10 + 56 * 5e-6 + 6 * 2e-5,
      1e-12);
}

TEST(AllReduce, TreeHasTheClosedForm) {
  EXPECT_NEAR(
      all_reduce_s(Algorithm::kTree, hosts_of(8), 64, kBytes),
      2 * kBytes / 1e10 + 14 * 5e-6 + 2 * 3 * 2e-5,
      1e-12);
}

TEST(AllReduce, HierarchicalIsARingInsideAndOneBetween) {
  EXPECT_NEAR(
      all_reduce_s(Algorithm::kHierarchical, hosts_of(8), 32, kBytes),
      2 * 7.0 / 8 * kBytes / 3e11 + 14 * 5e-6 + 2 * 3.0 / 4 * kBytes / 1e10 +
          6 * 2e-5,
      1e-12);
  // Where hosts have one GPU there is nothing inside.
  EXPECT_DOUBLE_EQ(
      all_reduce_s(Algorithm::kHierarchical, hosts_of(1), 32, kBytes),
      all_reduce_s(Algorithm::kRing, hosts_of(1), 32, kBytes));
}

TEST(AllReduce, CostsMoreForMoreGpusAndBytesAndLessForFasterLinks) {
  for (const auto algorithm : kAlgorithms) {
    SCOPED_TRACE(name_of(algorithm));
    EXPECT_EQ(all_reduce_s(algorithm, hosts_of(8), 1, kBytes), 0);
    double last_s = 0;
    for (const int64_t n : {2, 8, 16, 64, 512}) {
      const double s = all_reduce_s(algorithm, hosts_of(8), n, kBytes);
      EXPECT_GT(s, last_s) << n;
      EXPECT_GT(all_reduce_s(algorithm, hosts_of(8), n, 2 * kBytes), s) << n;
      last_s = s;
    }
    auto faster = hosts_of(8);
    faster.between.bytes_per_s *= 2;
    EXPECT_LT(all_reduce_s(algorithm, faster, 512, kBytes), last_s);
  }
}

TEST(AllReduce, TreeBeatsTheRingForFewBytesOfManyHostsOnly) {
  const auto cost = [](Algorithm algorithm, double num_bytes) {
    return all_reduce_s(algorithm, hosts_of(1), 512, num_bytes);
  };
  EXPECT_LT(cost(Algorithm::kTree, 1e4), cost(Algorithm::kRing, 1e4) / 10);
  EXPECT_GE(cost(Algorithm::kTree, 1e11), cost(Algorithm::kRing, 1e11));
}

TEST(AllReduce, RefusesWhatNoNetworkIs) {
  auto network = hosts_of(8);
  EXPECT_THROW(
      (void)all_reduce_s(Algorithm::kRing, network, 12, kBytes), Error);
  EXPECT_THROW((void)all_reduce_s(Algorithm::kRing, network, 0, kBytes), Error);
  network.between.bytes_per_s = 0;
  EXPECT_THROW(
      (void)all_reduce_s(Algorithm::kTree, network, 16, kBytes), Error);
}

TEST(NetworkPreset, EachIsFoundByItsNameAndCanBeCounted) {
  for (const auto& preset : network_presets()) {
    EXPECT_EQ(&find_network_preset(preset.name), &preset);
    for (const auto algorithm : kAlgorithms) {
      EXPECT_GT(all_reduce_s(algorithm, preset.network, 512, kBytes), 0);
    }
  }
  // 100 Gbit are 12.5 Gbyte.
  EXPECT_DOUBLE_EQ(
      find_network_preset("ethernet-100").network.between.bytes_per_s, 12.5e9);
  EXPECT_THROW((void)find_network_preset("carrier-pigeon"), Error);
}

}  // namespace
}  // namespace nadir::scaling
