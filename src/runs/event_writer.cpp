#include "runs/event_writer.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/host_name.h"
#include "runs/run_folder.h"

namespace nadir::runs {
namespace {

namespace fs = std::filesystem;

// Field numbers of tensorflow/core/util/event.proto and summary.proto.
constexpr int kEventWallTime = 1;
constexpr int kEventStep = 2;
constexpr int kEventFileVersion = 3;
constexpr int kEventSummary = 5;
constexpr int kEventSessionLog = 7;
constexpr int kSummaryValue = 1;
constexpr int kValueTag = 1;
constexpr int kValueSimpleValue = 2;
constexpr int kSessionLogStatus = 1;
constexpr uint64_t kSessionStart = 1;

// Wire types of protocol buffers.
constexpr int kVarint = 0;
constexpr int kFixed64 = 1;
constexpr int kBytes = 2;
constexpr int kFixed32 = 5;

constexpr char kNamePrefix[] = "events.out.tfevents.";

template <class Unsigned>
void append_little_endian(std::string& out, Unsigned value) {
  for (size_t i = 0; i < sizeof(value); ++i) {
    out += static_cast<char>((value >> (8 * i)) & 0xFF);
  }
}

void append_varint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>((value & 0x7F) | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

void append_key(std::string& out, int field, int wire_type) {
  append_varint(out, static_cast<uint64_t>(field << 3 | wire_type));
}

void append_bytes(std::string& out, int field, const std::string& bytes) {
  append_key(out, field, kBytes);
  append_varint(out, bytes.size());
  out += bytes;
}

std::string event_head(int64_t step) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::string event;
  append_key(event, kEventWallTime, kFixed64);
  append_little_endian(
      event,
      std::bit_cast<uint64_t>(std::chrono::duration<double>(now).count()));
  append_key(event, kEventStep, kVarint);
  append_varint(event, static_cast<uint64_t>(step));
  return event;
}

std::string summary_value(const std::string& tag, double value) {
  std::string bytes;
  append_bytes(bytes, kValueTag, tag);
  append_key(bytes, kValueSimpleValue, kFixed32);
  append_little_endian(
      bytes, std::bit_cast<uint32_t>(static_cast<float>(value)));
  return bytes;
}

// TFRecord's mask: a checksum of data that holds checksums is a weak one.
uint32_t masked_crc(std::string_view bytes) {
  const uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8U;
}

// The seconds in the new file's name: now, but after every earlier file, since
// TensorBoard reads the files of a folder in the order of their names.
int64_t next_seconds(const fs::path& folder) {
  int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(
                        std::chrono::system_clock::now().time_since_epoch())
                        .count();
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kNamePrefix)) {
      const int64_t other =
          std::strtoll(name.c_str() + sizeof(kNamePrefix) - 1, nullptr, 10);
      seconds = std::max(seconds, other + 1);
    }
  }
  return seconds;
}

const std::map<std::string, std::string>& tag_groups() {
  static const std::map<std::string, std::string> groups = {
      {"lr", "schedule"},
      {"weight_decay", "schedule"},
      {"momentum", "schedule"},
      {"teacher_temp", "schedule"},
      {"teacher_entropy", "watch"},
      {"student_entropy", "watch"},
      {"kl", "watch"},
      {"batch_entropy", "watch"},
      {"prototypes_used", "watch"},
      {"feature_rank", "watch"},
      {"center_norm", "watch"},
      {"images_per_s", "speed"},
      {"data_wait_share", "speed"},
      {"rss_bytes", "speed"},
      {"processors_used", "speed"},
      {"gpu_busy_share", "speed"},
      {"gpu_memory_bytes", "speed"},
      {"step", ""},
      {"time_s", ""}};
  return groups;
}

}  // namespace

EventWriter::EventWriter(
    const fs::path& folder, std::optional<int64_t> resume_step) {
  make_folder(folder);
  path_ = folder / fmt::format(
                       "{}{:010}.{}.{}.nadir",
                       kNamePrefix,
                       next_seconds(folder),
                       host_name(),
                       ::getpid());
  fd_ = ::open(
      path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
  if (fd_ < 0) {
    fail(
        ErrorCode::kIo,
        "cannot make {}: {}",
        path_.string(),
        std::strerror(errno));
  }
  std::string event = event_head(0);
  append_bytes(event, kEventFileVersion, "brain.Event:2");
  write_event(event);
  if (resume_step) {
    std::string log;
    append_key(log, kSessionLogStatus, kVarint);
    append_varint(log, kSessionStart);
    event = event_head(*resume_step + 1);
    append_bytes(event, kEventSessionLog, log);
    write_event(event);
  }
}

EventWriter::~EventWriter() {
  ::close(fd_);
}

void EventWriter::write_event(const std::string& event) {
  std::string frame;
  append_little_endian(frame, static_cast<uint64_t>(event.size()));
  append_little_endian(frame, masked_crc(frame));
  frame += event;
  append_little_endian(frame, masked_crc(event));
  size_t done = 0;
  while (done < frame.size()) {
    const ssize_t count =
        ::write(fd_, frame.data() + done, frame.size() - done);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      fail(
          ErrorCode::kIo,
          "cannot write {}: {}",
          path_.string(),
          std::strerror(errno));
    }
    done += static_cast<size_t>(count);
  }
}

void EventWriter::write_scalars(
    int64_t step, const std::vector<std::pair<std::string, double>>& values) {
  std::string summary;
  for (const auto& [tag, value] : values) {
    append_bytes(summary, kSummaryValue, summary_value(tag, value));
  }
  std::string event = event_head(step);
  append_bytes(event, kEventSummary, summary);
  write_event(event);
}

void EventWriter::write_record(const nlohmann::ordered_json& record) {
  const auto step = record.find("step");
  if (step == record.end() || !step->is_number()) {
    return;
  }
  std::vector<std::pair<std::string, double>> values;
  for (const auto& [key, value] : record.items()) {
    const std::string tag = event_tag(key);
    if (!tag.empty() && (value.is_number() || value.is_null())) {
      values.emplace_back(
          tag,
          value.is_null() ? std::numeric_limits<double>::quiet_NaN()
                          : value.get<double>());
    }
  }
  if (!values.empty()) {
    write_scalars(step->get<int64_t>(), values);
  }
}

std::string event_tag(const std::string& key) {
  if (key.starts_with("knn_") || key.starts_with("linear_")) {
    return "eval/" + key;
  }
  const auto found = tag_groups().find(key);
  if (found == tag_groups().end()) {
    return "train/" + key;
  }
  return found->second.empty() ? "" : found->second + "/" + key;
}

}  // namespace nadir::runs
