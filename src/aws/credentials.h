// Who calls: keys, where they were found, and until when they hold. They are
// looked for where AWS's own tools look, in the same order, and never logged.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace nadir::aws {

using WallClock = std::chrono::system_clock;

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // "" for keys that do not expire
  std::optional<WallClock::time_point> expires;
  std::string source;  // "the environment", "profile 'x' in ~/.aws/config" ...
};

// One place to look in. Returns nothing where it has none; throws
// Error{kInvalidArgument} where what lies there is broken, and Error{kIo} where
// the place should have answered and did not.
struct CredentialsSource {
  std::string name;
  std::function<std::optional<Credentials>()> find;
};

// The sources in their order, asked once; asked again shortly before the keys
// expire. Thread-safe.
class CredentialsChain {
 public:
  // Takes the present time from `now`, so that tests can move it.
  explicit CredentialsChain(
      std::vector<CredentialsSource> sources,
      std::function<WallClock::time_point()> now = WallClock::now);

  // The first that a source has. Expiring keys are renewed ten minutes before
  // their end; where that fails while they still hold, they are used on with a
  // warning, and asked for again a minute later. Throws Error{kInvalidArgument}
  // naming every place looked at where there are none.
  [[nodiscard]] Credentials get();

  // Asks the sources anew at the next get(): a service said that the keys have
  // expired.
  void forget();

 private:
  [[nodiscard]] std::optional<Credentials> find() const;

  std::vector<CredentialsSource> sources_;
  std::function<WallClock::time_point()> now_;
  std::mutex mutex_;
  std::optional<Credentials> found_;
  WallClock::time_point next_try_{};
};

// Keys from the JSON that containers, instances and credential_process give:
// AccessKeyId, SecretAccessKey, Token or SessionToken, Expiration. Throws
// Error{kInvalidArgument} naming `source` where it is none.
[[nodiscard]] Credentials parse_credentials(
    const std::string& json_text, const std::string& source);

// Seconds since 1970 of "2026-11-26T05:00:00Z", fractions and offsets allowed;
// nothing where the text is no such time.
[[nodiscard]] std::optional<WallClock::time_point> parse_iso_time(
    const std::string& text);

}  // namespace nadir::aws
