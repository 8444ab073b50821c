#include "scaling/other_load.h"

#include <chrono>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace nadir::scaling {
namespace {

void burn(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

// A child's work is others' until it has ended, and ours from then on.
TEST(OtherLoad, SeesWhatIsNotItsOwn) {
  const OtherLoad load;
  const pid_t child = ::fork();
  if (child == 0) {
    burn(std::chrono::milliseconds(600));
    ::_exit(0);
  }
  siginfo_t ended{};
  ASSERT_EQ(
      ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  const double before = load.share();
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_LT(load.share(), before);
  EXPECT_GT(before, 0);
  EXPECT_LE(before, 1);
}

}  // namespace
}  // namespace nadir::scaling
