// int8_gemm() by AVX-512 VNNI: vpdpbusd multiplies 64 pairs and adds them up in
// fours. Compiled for that instruction set; empty elsewhere than on x86.
#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels/int8_tile.h"

namespace nadir::kernels {
namespace {

struct DotVnni {
  static constexpr int64_t kRows = 12;
  static constexpr int64_t kPanels = 2;

  struct Sums {
    __m512i values = _mm512_setzero_si512();

    void add(int32_t four, const int8_t* group) {
      values = _mm512_dpbusd_epi32(
          values, _mm512_set1_epi32(four), _mm512_loadu_si512(group));
    }

    void store(int32_t* out) const { _mm512_storeu_si512(out, values); }
  };
};

}  // namespace

Int8Gemm* const int8_gemm_vnni = int8_gemm_by<DotVnni>;

}  // namespace nadir::kernels
#endif
