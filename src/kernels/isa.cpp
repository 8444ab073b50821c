#include "kernels/isa.h"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstdlib>

#include <hwy/highway.h>

#include "core/config.h"
#include "core/error.h"

namespace nadir::kernels {
namespace {

std::string lower_name(int64_t target) {
  std::string name = hwy::TargetName(target);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return name;
}

std::vector<int64_t> targets_of(int64_t mask) {
  std::vector<int64_t> targets;  // lowest bit first: the best level
  for (; mask != 0; mask &= mask - 1) {
    targets.push_back(mask & -mask);
  }
  return targets;
}

int64_t target_named(const std::string& name) {
  const std::string known = name == "avx512" ? "avx3" : name;
  std::vector<std::string> names;
  for (const int64_t target : targets_of(HWY_TARGETS)) {
    if (lower_name(target) == known) {
      return target;
    }
    names.push_back(lower_name(target));
  }
  fail(
      ErrorCode::kInvalidArgument,
      "NADIR_MAX_ISA must be one of {}, got '{}'",
      join(names, ", "),
      name);
}

// hwy::SupportedTargets(), as last read.
std::atomic<int64_t> targets_in_use = 0;

// hwy::SupportedTargets() also has kernels go by all that the processor has,
// whatever was disabled before: chosen anew by what it returns.
void read_targets() {
  targets_in_use = hwy::SupportedTargets();
  hwy::GetChosenTarget().Update(targets_in_use);
}

bool cap_from_environment() {
  const char* name = std::getenv("NADIR_MAX_ISA");
  if (name != nullptr && *name != '\0') {
    // Better levels have lower bits.
    hwy::DisableTargets(target_named(name) - 1);
  }
  read_targets();
  return true;
}

}  // namespace

void apply_isa_cap() {
  [[maybe_unused]] static const bool done = cap_from_environment();
}

bool allows_target(int64_t target) {
  apply_isa_cap();
  return (targets_in_use & target) != 0;
}

bool allows_avx512_vnni() {
#if defined(__x86_64__)
  return allows_target(HWY_AVX3) && __builtin_cpu_supports("avx512vnni");
#else
  return false;
#endif
}

std::string isa_name() {
  apply_isa_cap();
  return lower_name(targets_of(targets_in_use & HWY_TARGETS).front());
}

std::vector<std::string> available_isas() {
  apply_isa_cap();
  std::vector<std::string> names;
  for (const int64_t target : targets_of(targets_in_use & HWY_TARGETS)) {
    names.push_back(lower_name(target));
  }
  return names;
}

ScopedIsa::ScopedIsa(const std::string& name) {
  apply_isa_cap();
  hwy::SetSupportedTargetsForTest(target_named(name));
  read_targets();
}

ScopedIsa::~ScopedIsa() {
  hwy::SetSupportedTargetsForTest(0);
  read_targets();
}

}  // namespace nadir::kernels
