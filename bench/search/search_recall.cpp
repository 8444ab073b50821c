// Recall and time of a search by a graph beside one of all embeddings, as the
// table of a note:
//
//   search_recall [IMAGES [WIDTH [QUERIES [THREADS]]]]
//   search_recall --like EMBEDDINGS.parquet     their intrinsic dimension alone
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <set>
#include <string>

#include "core/parallel.h"
#include "made_embeddings.h"
#include "search/exact_search.h"
#include "search/graph_search.h"

namespace nadir::search {
namespace {

constexpr int64_t kFound = 10;
using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start)
      .count();
}

double gib_of(const char* key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(key, 0) == 0) {
      return std::stod(line.substr(std::strlen(key) + 1)) / (1 << 20);
    }
  }
  return 0;
}

double at_share(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(
      share * static_cast<double>(values.size() - 1))];
}

// Levina and Bickel 2004, from the distances to the nearest ones.
double intrinsic_dimension(const std::vector<Neighbours>& lists) {
  double sum = 0;
  int64_t count = 0;
  for (const auto& list : lists) {
    const auto distance = [&](size_t i) {
      return std::sqrt(std::max(1e-12F, 2 - 2 * list[i].similarity));
    };
    for (size_t i = 0; i + 1 < list.size(); ++i) {
      sum += std::log(distance(list.size() - 1) / distance(i));
      ++count;
    }
  }
  return static_cast<double>(count) / sum;
}

void print_dimension(const char* path) {
  const auto embeddings = Embeddings::read(path, true);
  std::vector<Neighbours> lists;
  for (int64_t i = 0; i < std::min<int64_t>(1000, embeddings.size()); ++i) {
    const int64_t row = i * embeddings.size() / 1000;
    lists.push_back(find_nearest(
        embeddings, embeddings.row(row), kFound, 0, [&](const Neighbour& one) {
          return one.row != row;
        }));
  }
  std::printf(
      "%lld images, intrinsic dimension %.1f\n",
      static_cast<long long>(embeddings.size()),
      intrinsic_dimension(lists));
}

void measure(
    int64_t count, int64_t width, int64_t num_queries, int num_threads) {
  const MadeEmbeddings made(width);
  const auto embeddings = made.set(count);
  std::vector<std::vector<float>> queries;
  for (int64_t q = 0; q < num_queries; ++q) {
    queries.push_back(made.query(embeddings, q));
  }
  std::printf(
      "%lld x %lld, %lld queries, memory %.2f GiB\n",
      static_cast<long long>(count),
      static_cast<long long>(width),
      static_cast<long long>(num_queries),
      gib_of("VmRSS:"));

  std::vector<Neighbours> exact;
  std::vector<double> times;
  for (const auto& query : queries) {
    const auto start = Clock::now();
    exact.push_back(find_nearest(embeddings, query, kFound, num_threads));
    times.push_back(ms_since(start));
  }
  std::printf(
      "intrinsic dimension %.1f\n| exact | 1 | %.2f | %.2f |\n",
      intrinsic_dimension(exact),
      at_share(times, 0.5),
      at_share(times, 0.95));
  std::fflush(stdout);

  const auto start = Clock::now();
  auto graph = Graph::build(embeddings, {}, num_threads);
  std::printf(
      "graph built in %.0f s, memory %.2f GiB, at most %.2f GiB\n",
      ms_since(start) / 1000,
      gib_of("VmRSS:"),
      gib_of("VmHWM:"));
  for (const int64_t effort : {10, 25, 50, 100, 200, 400, 800, 1600}) {
    int64_t hits = 0;
    times.clear();
    for (size_t q = 0; q < queries.size(); ++q) {
      const auto begin = Clock::now();
      const auto found = graph.find_nearest(queries[q], kFound, effort);
      times.push_back(ms_since(begin));
      std::set<int64_t> rows;
      for (const auto& one : exact[q]) {
        rows.insert(one.row);
      }
      for (const auto& one : found) {
        hits += rows.contains(one.row) ? 1 : 0;
      }
    }
    std::printf(
        "| %lld | %.4f | %.2f | %.2f |\n",
        static_cast<long long>(effort),
        static_cast<double>(hits) / static_cast<double>(kFound * num_queries),
        at_share(times, 0.5),
        at_share(times, 0.95));
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace nadir::search

int main(int argc, char** argv) {
  if (argc > 2 && std::strcmp(argv[1], "--like") == 0) {
    nadir::search::print_dimension(argv[2]);
    return 0;
  }
  const auto number = [&](int place, int64_t otherwise) {
    return argc > place ? std::stoll(argv[place]) : otherwise;
  };
  nadir::search::measure(
      number(1, 600000),
      number(2, 384),
      number(3, 1000),
      static_cast<int>(number(4, nadir::available_threads())));
  return 0;
}
