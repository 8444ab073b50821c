// What the server counts, for Prometheus (text format 0.0.4).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace nadir::serve {

// Numbers that are read where they are, not counted here.
struct ServerGauges {
  int64_t queued_images = 0;
  int64_t requests_in_flight = 0;
  int64_t connections = 0;
};

// Thread-safe.
class ServerMetrics {
 public:
  void count_request(
      const std::string& route,
      int status,
      int64_t bytes_in,
      int64_t bytes_out,
      std::chrono::microseconds time);
  void count_batch(int64_t num_images);

  [[nodiscard]] std::string text(const ServerGauges& gauges) const;

 private:
  // Counts of values up to each bound, of all, and their sum.
  struct Histogram {
    explicit Histogram(std::vector<double> bounds_of)
        : bounds(std::move(bounds_of)), counts(bounds.size()) {}

    void add(double value);
    void write(const std::string& name, std::string& text) const;

    std::vector<double> bounds;
    std::vector<int64_t> counts;
    int64_t count = 0;
    double sum = 0;
  };

  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, int64_t> requests_;
  int64_t bytes_in_ = 0;
  int64_t bytes_out_ = 0;
  int64_t images_ = 0;
  Histogram seconds_{
      {.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}};
  Histogram batch_{{1, 2, 4, 8, 16, 32, 64, 128, 256}};
};

}  // namespace nadir::serve
