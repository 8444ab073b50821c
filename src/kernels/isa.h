// The instruction-set levels of the kernels, and the one cap on them.
//
// A kernel picks the best level that this processor has when it is first
// called. NADIR_MAX_ISA in the environment caps the choice: on x86 scalar,
// sse4, avx2 or avx3 ("avx512" is avx3 too), elsewhere neon, sve and so on as
// Highway names its targets. Results on integers and views do not depend on the
// level; those of gemm.h and what stands on it differ by rounding.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace nadir::kernels {

// Reads NADIR_MAX_ISA at the first call of the process; cheap afterwards.
// Every kernel calls it before it dispatches. Throws Error{kInvalidArgument}
// if the variable names no level that this build has.
void apply_isa_cap();

// Whether kernels may use the level of one of Highway's HWY_ bits: the
// processor has it and no cap forbids it. Cheap, unlike
// hwy::SupportedTargets(), which asks the processor each time.
[[nodiscard]] bool allows_target(int64_t target);

// The same of AVX-512 VNNI, which is no level of its own; false elsewhere than
// on x86.
[[nodiscard]] bool allows_avx512_vnni();

// The level in use, as NADIR_MAX_ISA names it.
[[nodiscard]] std::string isa_name();

// Levels that are both compiled in and offered by this processor, best first.
[[nodiscard]] std::vector<std::string> available_isas();

// For tests: kernels use `name` while the object lives. Not thread-safe.
class ScopedIsa {
 public:
  explicit ScopedIsa(const std::string& name);
  ~ScopedIsa();
  ScopedIsa(const ScopedIsa&) = delete;
  ScopedIsa& operator=(const ScopedIsa&) = delete;
};

}  // namespace nadir::kernels
