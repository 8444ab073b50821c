#include "launch/host_name.h"

#include <csignal>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/signals.h"

namespace nadir::launch {
namespace {

using std::chrono::milliseconds;

TEST(HostName, ReturnsAtOnceWhereItIsKnown) {
  const auto begin = std::chrono::steady_clock::now();
  wait_for_host_name("127.0.0.1", std::chrono::seconds(60));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(HostName, IsALostPeerWhereItNeverComes) {
  try {
    wait_for_host_name("nobody.invalid", milliseconds(200));
    FAIL() << "it resolved";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDistributed);
    EXPECT_NE(
        std::string(error.what()).find("nobody.invalid"), std::string::npos);
  }
}

TEST(HostName, ASignalEndsTheWait) {
  catch_signals();
  std::raise(SIGTERM);
  wait_for_host_name("nobody.invalid", std::chrono::hours(1));
  forget_signal();
}

}  // namespace
}  // namespace nadir::launch
