#include "scaling/all_reduce_cost.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace nadir::scaling {
namespace {

void check_link(const Link& link, const char* where) {
  NADIR_CHECK(
      link.bytes_per_s > 0,
      "the bandwidth {} must be above 0, got {} bytes/s",
      where,
      link.bytes_per_s);
  NADIR_CHECK(
      link.latency_s >= 0,
      "the latency {} must be >= 0, got {} s",
      where,
      link.latency_s);
}

// Of 2 (n-1) steps over one kind of link.
double ring_s(double num_ranks, double num_bytes, const Link& link) {
  return 2 * (num_ranks - 1) *
         (num_bytes / num_ranks / link.bytes_per_s + link.latency_s);
}

// Through the slowest link of a ring or tree over all hosts.
double slowest_bytes_per_s(const Network& network, bool has_inside) {
  return has_inside
             ? std::min(network.inside.bytes_per_s, network.between.bytes_per_s)
             : network.between.bytes_per_s;
}

}  // namespace

std::string name_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kRing:
      return "ring";
    case Algorithm::kTree:
      return "tree";
    case Algorithm::kHierarchical:
      break;
  }
  return "hierarchical";
}

double all_reduce_s(
    Algorithm algorithm,
    const Network& network,
    int64_t num_gpus,
    double num_bytes) {
  check_link(network.inside, "inside a host");
  check_link(network.between, "between hosts");
  NADIR_CHECK(num_gpus >= 1, "there must be a GPU, got {}", num_gpus);
  NADIR_CHECK(
      network.gpus_per_host >= 1,
      "a host must have a GPU, got {}",
      network.gpus_per_host);
  const int64_t per_host = std::min(num_gpus, network.gpus_per_host);
  NADIR_CHECK(
      num_gpus % per_host == 0,
      "{} GPUs do not fill hosts of {}",
      num_gpus,
      per_host);
  const auto n = static_cast<double>(num_gpus);
  const auto m = static_cast<double>(per_host);
  const double hosts = n / m;
  if (num_gpus == 1) {
    return 0;
  }
  if (hosts == 1) {
    // A tree inside one host is a chain: each rank receives and sends all
    // bytes once up and once down.
    return algorithm == Algorithm::kTree
               ? 2 * num_bytes / network.inside.bytes_per_s +
                     2 * (m - 1) * network.inside.latency_s
               : ring_s(m, num_bytes, network.inside);
  }
  switch (algorithm) {
    case Algorithm::kRing: {
      // A chunk makes 2 (n-1) hops, of which 2 (hosts-1) leave a host; all
      // links are busy at once, the slowest sets the pace.
      const double pace = slowest_bytes_per_s(network, m > 1);
      return 2 * (n - 1) / n * num_bytes / pace +
             2 * (n - hosts) * network.inside.latency_s +
             2 * (hosts - 1) * network.between.latency_s;
    }
    case Algorithm::kTree: {
      const double pace = slowest_bytes_per_s(network, m > 1);
      return 2 * num_bytes / pace + 2 * (m - 1) * network.inside.latency_s +
             2 * std::ceil(std::log2(hosts)) * network.between.latency_s;
    }
    case Algorithm::kHierarchical:
      break;
  }
  // The m rings over hosts share the hosts' links and carry B/m each.
  return ring_s(m, num_bytes, network.inside) +
         ring_s(hosts, num_bytes, network.between);
}

}  // namespace nadir::scaling
