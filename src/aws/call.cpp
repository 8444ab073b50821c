#include "aws/call.h"

#include <charconv>

#include "core/hash.h"
#include "core/log.h"

namespace nadir::aws {
namespace {

constexpr long kFirstRefusal = 300;

// What one try came to.
struct Outcome {
  HttpResponse response{};
  Refusal refusal{};
  std::string failure{};  // why there is no whole answer; "" for one

  [[nodiscard]] bool is_success() const {
    return failure.empty() && refusal.status == 0;
  }

  [[nodiscard]] bool may_pass() const {
    return !failure.empty() || is_worth_retrying(refusal.status, refusal.code);
  }

  [[nodiscard]] std::string reason() const {
    return failure.empty() ? fmt::format("{} {}", refusal.status, refusal.code)
                           : failure;
  }
};

Outcome try_once(const Session& session, const Call& call) {
  HttpRequest request = call.request;
  SigningScope scope;
  scope.region =
      call.region.empty() ? session.signing_region(call.service) : call.region;
  scope.service = signing_name(call.service);
  scope.payload_hash = call.payload_hash.empty() && !call.body.empty()
                           ? sha256_hex(call.body)
                           : call.payload_hash;
  const Credentials credentials = session.credentials();
  sign(request, credentials, scope);
  if (call.begin) {
    call.begin();
  }
  Outcome outcome;
  try {
    outcome.response = session.http().send(request, call.sink, call.body);
  } catch (const HttpFailure& failure) {
    outcome.failure = failure.what();
    return outcome;
  }
  const long status = outcome.response.status;
  if (status >= kFirstRefusal && !(call.accepts && call.accepts(status))) {
    outcome.refusal = parse_refusal(outcome.response);
    hide_secrets(
        outcome.refusal,
        {credentials.secret_access_key, credentials.session_token});
  } else if (call.check) {
    outcome.failure = call.check(outcome.response);
  }
  return outcome;
}

// The server's wish, in seconds.
std::chrono::milliseconds asked_wait(const HttpResponse& response) {
  const std::string text = response.header("retry-after");
  int seconds = 0;
  const auto read =
      std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::chrono::seconds(read.ec == std::errc() ? seconds : 0);
}

}  // namespace

HttpResponse send_signed(
    const Session& session, const Call& call, const RetryPolicy& policy) {
  bool has_renewed = false;
  for (int attempt = 1;; ++attempt) {
    Outcome outcome = try_once(session, call);
    if (outcome.is_success()) {
      return std::move(outcome.response);
    }
    if (is_expired(outcome.refusal) && !has_renewed) {
      has_renewed = true;
      session.forget_credentials();
      continue;
    }
    if (!outcome.may_pass() || attempt >= policy.max_attempts) {
      if (!outcome.failure.empty()) {
        fail(
            ErrorCode::kIo,
            "{}: {} ({} tries, the last at {}); is there a network, and is the "
            "address right?",
            call.name,
            outcome.failure,
            attempt,
            call.request.endpoint.text());
      }
      fail_refused(call.name, outcome.refusal);
    }
    const auto wait = retry_wait(policy, attempt, asked_wait(outcome.response));
    log_debug(
        "aws",
        "{}: {}; trying again in {} ms",
        call.name,
        outcome.reason(),
        wait.count());
    wait_for_retry(wait);
  }
}

}  // namespace nadir::aws
