#include "kernels/isa.h"

#include <cstdio>
#include <cstdlib>

#include <gtest/gtest.h>

#include "core/error.h"
#include "kernels/gemm.h"

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

// Once only the name obeyed the cap. A panel's columns differ by level.
TEST(IsaDeathTest, EnvironmentCapsWhatKernelsDo) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(
      {
        setenv("NADIR_MAX_ISA", "scalar", 1);
        const int64_t panel_cols = gemm_panel_cols();
        const ScopedIsa level("scalar");
        std::exit(panel_cols == gemm_panel_cols() ? 0 : 1);
      },
      testing::ExitedWithCode(0),
      "");
}
#endif

}  // namespace
}  // namespace nadir::kernels
