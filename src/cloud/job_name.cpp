#include "cloud/job_name.h"

#include <algorithm>
#include <ctime>

#include "core/error.h"

namespace nadir::cloud {
namespace {

constexpr size_t kMaxName = 63;
constexpr size_t kTimeSuffix = 24;  // "-2026-01-31-12-34-56-789"

bool is_name_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9') || letter == '-';
}

}  // namespace

std::string make_job_name(
    const std::string& base, std::chrono::system_clock::time_point time) {
  check_job_name(base, "--name");
  std::string begin = base.substr(0, kMaxName - kTimeSuffix);
  while (begin.ends_with('-')) {
    begin.pop_back();
  }
  const auto since = time.time_since_epoch();
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
  const std::time_t seconds = ms / 1000;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format(
      "{}-{:04}-{:02}-{:02}-{:02}-{:02}-{:02}-{:03}",
      begin,
      utc.tm_year + 1900,
      utc.tm_mon + 1,
      utc.tm_mday,
      utc.tm_hour,
      utc.tm_min,
      utc.tm_sec,
      ms % 1000);
}

void check_job_name(const std::string& name, const std::string& flag) {
  NADIR_CHECK(
      !name.empty() && name.size() <= kMaxName &&
          std::all_of(name.begin(), name.end(), is_name_letter) &&
          name.front() != '-' && name.back() != '-',
      "{} must be 1 to {} letters, digits and dashes, with none of them at its "
      "ends, got '{}'",
      flag,
      kMaxName,
      name);
}

}  // namespace nadir::cloud
