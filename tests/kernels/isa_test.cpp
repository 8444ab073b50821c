#include "kernels/isa.h"

#include <cstdio>
#include <cstdlib>

#include <gtest/gtest.h>

#include "core/error.h"

namespace nadir::kernels {
namespace {

TEST(Isa, UsesTheBestAvailableLevel) {
  const auto names = available_isas();
  ASSERT_FALSE(names.empty());
  EXPECT_EQ(isa_name(), names.front());
}

TEST(Isa, ScopeChangesTheLevelAndRestoresIt) {
  const std::string best = isa_name();
  {
    const ScopedIsa level(available_isas().back());
    EXPECT_EQ(isa_name(), available_isas().back());
  }
  EXPECT_EQ(isa_name(), best);
}

TEST(Isa, UnknownLevelIsAnErrorThatNamesTheKnownOnes) {
  try {
    const ScopedIsa level("avx9");
    FAIL() << "no error";
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("'avx9'"), std::string::npos) << text;
    EXPECT_NE(text.find(isa_name()), std::string::npos) << text;
  }
}

// The cap is read once a process: each case runs in a process of its own.
TEST(IsaDeathTest, EnvironmentWithAnUnknownLevelIsAnError) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(
      {
        setenv("NADIR_MAX_ISA", "avx9", 1);
        try {
          apply_isa_cap();
        } catch (const Error& error) {
          std::fputs(error.what(), stderr);
          std::exit(3);
        }
      },
      testing::ExitedWithCode(3),
      "NADIR_MAX_ISA must be one of .*avx9");
}

#if defined(__x86_64__)
TEST(IsaDeathTest, EnvironmentCapsTheLevel) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(
      {
        setenv("NADIR_MAX_ISA", "scalar", 1);
        std::fputs(isa_name().c_str(), stderr);
        std::exit(0);
      },
      testing::ExitedWithCode(0),
      "scalar");
}
#endif

}  // namespace
}  // namespace nadir::kernels
