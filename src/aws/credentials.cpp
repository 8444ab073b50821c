#include "aws/credentials.h"

#include <array>
#include <cstdio>
#include <ctime>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/json.h"
#include "core/log.h"

namespace nadir::aws {
namespace {

constexpr std::chrono::minutes kRenewBefore{10};
// Not at each request, where keys are handed out with less than ten minutes.
constexpr std::chrono::minutes kRenewEvery{1};

std::string member(const nlohmann::json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>()
                                                   : "";
}

}  // namespace

std::optional<WallClock::time_point> parse_iso_time(const std::string& text) {
  std::tm time{};
  int num_read = 0;
  const int num_fields = std::sscanf(
      text.c_str(),
      "%4d-%2d-%2d%*1[T ]%2d:%2d:%2d%n",
      &time.tm_year,
      &time.tm_mon,
      &time.tm_mday,
      &time.tm_hour,
      &time.tm_min,
      &time.tm_sec,
      &num_read);
  if (num_fields != 6 || num_read == 0) {
    return std::nullopt;
  }
  std::string rest = text.substr(static_cast<size_t>(num_read));
  if (rest.starts_with('.')) {
    rest = rest.substr(
        std::min(rest.find_first_not_of("0123456789", 1), rest.size()));
  }
  const bool is_in_range =
      time.tm_year >= 1970 && time.tm_mon >= 1 && time.tm_mon <= 12 &&
      time.tm_mday >= 1 && time.tm_mday <= 31 && time.tm_hour >= 0 &&
      time.tm_hour <= 23 && time.tm_min >= 0 && time.tm_min <= 59 &&
      time.tm_sec >= 0 && time.tm_sec <= 60;
  if (!is_in_range) {
    return std::nullopt;
  }
  int hours = 0;
  int minutes = 0;
  if (!rest.empty() && rest != "Z") {
    const bool is_offset =
        rest.size() == 6 && (rest[0] == '+' || rest[0] == '-') &&
        std::sscanf(rest.c_str() + 1, "%2d:%2d", &hours, &minutes) == 2;
    if (!is_offset) {
      return std::nullopt;
    }
    if (rest[0] == '-') {
      hours = -hours;
      minutes = -minutes;
    }
  }
  time.tm_year -= 1900;
  time.tm_mon -= 1;
  return WallClock::from_time_t(timegm(&time)) - std::chrono::hours(hours) -
         std::chrono::minutes(minutes);
}

Credentials parse_credentials(
    const std::string& json_text, const std::string& source) {
  const auto json = parse_json_or_discard(json_text);
  Credentials credentials;
  credentials.source = source;
  if (json.is_object()) {
    credentials.access_key_id = member(json, "AccessKeyId");
    credentials.secret_access_key = member(json, "SecretAccessKey");
    credentials.session_token = member(json, "Token");
    if (credentials.session_token.empty()) {
      credentials.session_token = member(json, "SessionToken");
    }
  }
  // What came back may hold a secret: it is not shown.
  NADIR_CHECK(
      !credentials.access_key_id.empty() &&
          !credentials.secret_access_key.empty(),
      "{} gave no credentials: expected JSON with AccessKeyId and "
      "SecretAccessKey",
      source);
  const std::string expiration = member(json, "Expiration");
  if (!expiration.empty()) {
    credentials.expires = parse_iso_time(expiration);
    NADIR_CHECK(
        credentials.expires.has_value(),
        "{} gave credentials with Expiration '{}', which is no time such as "
        "2026-11-26T05:00:00Z",
        source,
        expiration);
  }
  return credentials;
}

CredentialsChain::CredentialsChain(
    std::vector<CredentialsSource> sources,
    std::function<WallClock::time_point()> now)
    : sources_(std::move(sources)), now_(std::move(now)) {}

std::optional<Credentials> CredentialsChain::find() const {
  for (const auto& source : sources_) {
    auto credentials = source.find();
    if (credentials) {
      return credentials;
    }
  }
  return std::nullopt;
}

Credentials CredentialsChain::get() {
  const std::lock_guard lock(mutex_);
  const auto now = now_();
  const bool holds = found_ && (!found_->expires || now < *found_->expires);
  const bool is_due = holds && found_->expires &&
                      now >= *found_->expires - kRenewBefore &&
                      now >= next_try_;
  if (holds && !is_due) {
    return *found_;
  }
  next_try_ = now + kRenewEvery;
  try {
    auto fresh = find();
    if (fresh) {
      found_ = std::move(fresh);
      return *found_;
    }
  } catch (const Error& error) {
    if (!holds) {
      throw;
    }
    log_warning(
        "aws",
        "credentials could not be renewed, and are used until they expire: {}",
        error.what());
    return *found_;
  }
  if (holds) {
    log_warning(
        "aws",
        "{} gives no keys any more; those it gave are used until they expire",
        found_->source);
    return *found_;
  }
  std::string names;
  for (const auto& source : sources_) {
    names += (names.empty() ? "" : ", ") + source.name;
  }
  fail(
      ErrorCode::kInvalidArgument,
      "no AWS credentials: looked at {}; set AWS_ACCESS_KEY_ID and "
      "AWS_SECRET_ACCESS_KEY, run aws configure, or name a profile with "
      "--profile",
      names);
}

void CredentialsChain::forget() {
  const std::lock_guard lock(mutex_);
  found_.reset();
}

}  // namespace nadir::aws
