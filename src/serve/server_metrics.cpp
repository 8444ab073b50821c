#include "serve/server_metrics.h"

#include <iterator>

#include <fmt/format.h>

namespace nadir::serve {
namespace {

void write_head(
    const std::string& name,
    const char* type,
    const char* help,
    std::string& text) {
  fmt::format_to(
      std::back_inserter(text),
      "# HELP {0} {2}\n# TYPE {0} {1}\n",
      name,
      type,
      help);
}

void write_value(
    const std::string& name,
    const char* type,
    const char* help,
    int64_t value,
    std::string& text) {
  write_head(name, type, help, text);
  fmt::format_to(std::back_inserter(text), "{} {}\n", name, value);
}

}  // namespace

void ServerMetrics::Histogram::add(double value) {
  for (size_t i = 0; i < bounds.size(); ++i) {
    counts[i] += value <= bounds[i] ? 1 : 0;
  }
  ++count;
  sum += value;
}

void ServerMetrics::Histogram::write(
    const std::string& name, std::string& text) const {
  const auto out = std::back_inserter(text);
  for (size_t i = 0; i < bounds.size(); ++i) {
    fmt::format_to(
        out, "{}_bucket{{le=\"{}\"}} {}\n", name, bounds[i], counts[i]);
  }
  fmt::format_to(out, "{}_bucket{{le=\"+Inf\"}} {}\n", name, count);
  fmt::format_to(out, "{}_sum {}\n{}_count {}\n", name, sum, name, count);
}

void ServerMetrics::count_request(
    const std::string& route,
    int status,
    int64_t bytes_in,
    int64_t bytes_out,
    std::chrono::microseconds time) {
  const std::lock_guard lock(mutex_);
  ++requests_[{route, status}];
  bytes_in_ += bytes_in;
  bytes_out_ += bytes_out;
  if (route == "/invocations" && status == 200) {
    seconds_.add(std::chrono::duration<double>(time).count());
  }
}

void ServerMetrics::count_batch(int64_t num_images) {
  const std::lock_guard lock(mutex_);
  images_ += num_images;
  batch_.add(static_cast<double>(num_images));
}

std::string ServerMetrics::text(const ServerGauges& gauges) const {
  const std::lock_guard lock(mutex_);
  std::string text;
  write_head(
      "nadir_requests_total", "counter", "Answers by route and status.", text);
  for (const auto& [key, count] : requests_) {
    fmt::format_to(
        std::back_inserter(text),
        "nadir_requests_total{{route=\"{}\",status=\"{}\"}} {}\n",
        key.first,
        key.second,
        count);
  }
  write_head(
      "nadir_invocation_seconds",
      "histogram",
      "From a header's first byte to the answer's last one, of status 200.",
      text);
  seconds_.write("nadir_invocation_seconds", text);
  write_head("nadir_batch_images", "histogram", "Images a forward pass.", text);
  batch_.write("nadir_batch_images", text);
  write_value(
      "nadir_images_total",
      "counter",
      "Images through the network.",
      images_,
      text);
  write_value(
      "nadir_request_bytes_total",
      "counter",
      "Bytes of bodies that came.",
      bytes_in_,
      text);
  write_value(
      "nadir_response_bytes_total",
      "counter",
      "Bytes of bodies that went.",
      bytes_out_,
      text);
  write_value(
      "nadir_queued_images",
      "gauge",
      "Images that wait for the network.",
      gauges.queued_images,
      text);
  write_value(
      "nadir_requests_in_flight",
      "gauge",
      "Invocations taken, not answered.",
      gauges.requests_in_flight,
      text);
  write_value(
      "nadir_connections",
      "gauge",
      "Open connections.",
      gauges.connections,
      text);
  return text;
}

}  // namespace nadir::serve
