// What a sum over all GPUs of hosts costs, in closed form.
//
//   ring          2 (n-1)/n B/w, and a hop's latency 2 (n-1) times: Patarasuk
//                 and Yuan 2009, "Bandwidth optimal all-reduce algorithms for
//                 clusters of workstations"
//   tree          2 B/w, and 2 log2 of the hosts: NCCL's double binary tree,
//                 pipelined (Sanders, Speck, Traeff 2009, "Two-tree
//                 algorithms for full bandwidth broadcast, reduction and
//                 scan"); a chain inside each host
//   hierarchical  reduce-scatter inside a host, a ring over hosts for each
//                 share, all-gather inside: Thakur, Rabenseifner, Gropp 2005,
//                 "Optimization of collective communication operations in
//                 MPICH", section 4.5, a level up
#pragma once

#include <cstdint>
#include <string>

namespace nadir::scaling {

// One direction, as both are used at once.
struct Link {
  double bytes_per_s = 0;
  double latency_s = 0;
};

struct Network {
  int64_t gpus_per_host = 8;
  Link inside;   // of one GPU, to others of its host
  Link between;  // of one host, over all its adapters
};

enum class Algorithm { kRing, kTree, kHierarchical };

// "ring", "tree", "hierarchical".
[[nodiscard]] std::string name_of(Algorithm algorithm);

// Seconds of a sum of `num_bytes` over `num_gpus`, which fill the hosts of
// `network` one by one; 0 for one GPU. Throws Error{kInvalidArgument} on
// bandwidths that are not positive, negative latencies, no GPU, or hosts of
// which the last would not be full.
[[nodiscard]] double all_reduce_s(
    Algorithm algorithm,
    const Network& network,
    int64_t num_gpus,
    double num_bytes);

}  // namespace nadir::scaling
