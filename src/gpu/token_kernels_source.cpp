#include "gpu/token_kernels.h"

namespace nadir::gpu {

// DIM is the number of channels, a multiple of 8. Rows are tokens. In the norm
// a warp takes a row, of which each lane holds four neighbouring channels of
// every 128. Where threads own columns, each owns eight neighbouring ones of
// the rows that its block takes. Numbers in bfloat16 lie in unsigned integers,
// lower half first. What is summed over rows is left as a row a block.
const char* token_kernels_source() {
  return R"cuda(
typedef unsigned int u32;
typedef long long i64;

constexpr int kWarps = 4;
constexpr int kParts = (DIM + 127) / 128;  // of a row, for a lane

__device__ inline float low_bf16(u32 pair) {
  return __uint_as_float(pair << 16);
}

__device__ inline float high_bf16(u32 pair) {
  return __uint_as_float(pair & 0xffff0000u);
}

__device__ inline u32 to_bf16(float low, float high) {
  u32 pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
}

__device__ inline void load4(const float* from, float* to) {
  const float4 four = *reinterpret_cast<const float4*>(from);
  to[0] = four.x;
  to[1] = four.y;
  to[2] = four.z;
  to[3] = four.w;
}

__device__ inline void store4(float* to, const float* from) {
  *reinterpret_cast<float4*>(to) =
      make_float4(from[0], from[1], from[2], from[3]);
}

__device__ inline void load4_bf16(const u32* from, float* to) {
  const uint2 two = *reinterpret_cast<const uint2*>(from);
  to[0] = low_bf16(two.x);
  to[1] = high_bf16(two.x);
  to[2] = low_bf16(two.y);
  to[3] = high_bf16(two.y);
}

__device__ inline void store4_bf16(u32* to, const float* from) {
  *reinterpret_cast<uint2*>(to) =
      make_uint2(to_bf16(from[0], from[1]), to_bf16(from[2], from[3]));
}

__device__ inline void load8_bf16(const u32* from, float* to) {
  const uint4 four = *reinterpret_cast<const uint4*>(from);
  const u32 pairs[4] = {four.x, four.y, four.z, four.w};
  for (int i = 0; i < 4; ++i) {
    to[2 * i] = low_bf16(pairs[i]);
    to[2 * i + 1] = high_bf16(pairs[i]);
  }
}

__device__ inline void store8_bf16(u32* to, const float* from) {
  *reinterpret_cast<uint4*>(to) = make_uint4(
      to_bf16(from[0], from[1]), to_bf16(from[2], from[3]),
      to_bf16(from[4], from[5]), to_bf16(from[6], from[7]));
}

__device__ inline float sum_of_warp(float value) {
  for (int offset = 16; offset > 0; offset /= 2) {
    value += __shfl_xor_sync(0xffffffffu, value, offset);
  }
  return value;
}

// The channel of a lane's part, or DIM or more where it has none.
__device__ inline int channel_of(int part) {
  return part * 128 + (threadIdx.x % 32) * 4;
}

// y = x + factor * (branch + bias), or x; out = norm of y.
extern "C" __global__ void __launch_bounds__(32 * kWarps) add_norm_forward(
    const float* x, const u32* branch, const float* bias, const float* factors,
    const float* gamma, const float* beta, float eps, i64 num_rows,
    float* y, u32* out, float* means, float* rstds) {
  const i64 row = (i64)blockIdx.x * kWarps + threadIdx.x / 32;
  if (row >= num_rows) {
    return;
  }
  const float factor = factors != nullptr ? factors[row] : 1.0f;
  float values[kParts][4];
  float sum = 0;
#pragma unroll
  for (int part = 0; part < kParts; ++part) {
    const int channel = channel_of(part);
    if (channel >= DIM) {
      continue;
    }
    const i64 place = row * DIM + channel;
    load4(x + place, values[part]);
    if (branch != nullptr) {
      float added[4];
      float biases[4];
      load4_bf16(branch + place / 2, added);
      load4(bias + channel, biases);
      for (int i = 0; i < 4; ++i) {
        values[part][i] += factor * (added[i] + biases[i]);
      }
      store4(y + place, values[part]);
    }
    for (int i = 0; i < 4; ++i) {
      sum += values[part][i];
    }
  }
  const float mean = sum_of_warp(sum) * (1.0f / DIM);
  float squares = 0;
#pragma unroll
  for (int part = 0; part < kParts; ++part) {
    if (channel_of(part) >= DIM) {
      continue;
    }
    for (int i = 0; i < 4; ++i) {
      const float centred = values[part][i] - mean;
      squares += centred * centred;
    }
  }
  const float rstd = rsqrtf(sum_of_warp(squares) * (1.0f / DIM) + eps);
#pragma unroll
  for (int part = 0; part < kParts; ++part) {
    const int channel = channel_of(part);
    if (channel >= DIM) {
      continue;
    }
    float gammas[4];
    float betas[4];
    float normed[4];
    load4(gamma + channel, gammas);
    load4(beta + channel, betas);
    for (int i = 0; i < 4; ++i) {
      normed[i] = (values[part][i] - mean) * rstd * gammas[i] + betas[i];
    }
    store4_bf16(out + (row * DIM + channel) / 2, normed);
  }
  if (threadIdx.x % 32 == 0) {
    means[row] = mean;
    rstds[row] = rstd;
  }
}

// grad_x = grad_y + gradient of the norm by y; grad_branch = factor * grad_x.
// sums[block]: of grad_gamma, grad_beta and grad_branch (as bias's gradient).
extern "C" __global__ void __launch_bounds__(32 * kWarps) add_norm_backward(
    const u32* grad_out, const float* grad_y, const float* y,
    const float* means, const float* rstds, const float* gamma,
    const float* factors, i64 num_rows, int has_branch,
    float* grad_x, u32* grad_branch, float* sums) {
  float gammas[kParts][4];
  float of_gamma[kParts][4];
  float of_beta[kParts][4];
  float of_bias[kParts][4];
#pragma unroll
  for (int part = 0; part < kParts; ++part) {
    const int channel = channel_of(part);
    for (int i = 0; i < 4; ++i) {
      gammas[part][i] = 0;
      of_gamma[part][i] = 0;
      of_beta[part][i] = 0;
      of_bias[part][i] = 0;
    }
    if (channel < DIM) {
      load4(gamma + channel, gammas[part]);
    }
  }
  const i64 stride = (i64)gridDim.x * kWarps;
  for (i64 row = (i64)blockIdx.x * kWarps + threadIdx.x / 32; row < num_rows;
       row += stride) {
    const float mean = means[row];
    const float rstd = rstds[row];
    float normed[kParts][4];
    float scaled[kParts][4];
    float sum = 0;
    float sum_normed = 0;
#pragma unroll
    for (int part = 0; part < kParts; ++part) {
      const int channel = channel_of(part);
      if (channel >= DIM) {
        continue;
      }
      const i64 place = row * DIM + channel;
      float grads[4];
      load4_bf16(grad_out + place / 2, grads);
      load4(y + place, normed[part]);
      for (int i = 0; i < 4; ++i) {
        normed[part][i] = (normed[part][i] - mean) * rstd;
        of_gamma[part][i] += grads[i] * normed[part][i];
        of_beta[part][i] += grads[i];
        scaled[part][i] = grads[i] * gammas[part][i];
        sum += scaled[part][i];
        sum_normed += scaled[part][i] * normed[part][i];
      }
    }
    const float mean_scaled = sum_of_warp(sum) * (1.0f / DIM);
    const float mean_product = sum_of_warp(sum_normed) * (1.0f / DIM);
    const float factor = factors != nullptr ? factors[row] : 1.0f;
#pragma unroll
    for (int part = 0; part < kParts; ++part) {
      const int channel = channel_of(part);
      if (channel >= DIM) {
        continue;
      }
      const i64 place = row * DIM + channel;
      float grads[4] = {0, 0, 0, 0};
      if (grad_y != nullptr) {
        load4(grad_y + place, grads);
      }
      float of_branch[4];
      for (int i = 0; i < 4; ++i) {
        grads[i] += rstd * (scaled[part][i] - mean_scaled -
                            normed[part][i] * mean_product);
        of_branch[i] = factor * grads[i];
        of_bias[part][i] += of_branch[i];
      }
      store4(grad_x + place, grads);
      if (has_branch) {
        store4_bf16(grad_branch + place / 2, of_branch);
      }
    }
  }
  __shared__ __align__(16) float shared[kWarps][3 * DIM];
  float* const own = shared[threadIdx.x / 32];
#pragma unroll
  for (int part = 0; part < kParts; ++part) {
    const int channel = channel_of(part);
    if (channel < DIM) {
      store4(own + channel, of_gamma[part]);
      store4(own + DIM + channel, of_beta[part]);
      store4(own + 2 * DIM + channel, of_bias[part]);
    }
  }
  __syncthreads();
  for (int i = threadIdx.x; i < 3 * DIM; i += blockDim.x) {
    float sum = 0;
    for (int warp = 0; warp < kWarps; ++warp) {
      sum += shared[warp][i];
    }
    sums[(i64)blockIdx.x * 3 * DIM + i] = sum;
  }
}

__device__ inline float gelu_share(float x) {
  return 0.5f * (1.0f + erff(x * 0.70710678f));
}

// out = gelu(hidden + bias).
extern "C" __global__ void bias_gelu_forward(
    const u32* hidden, const float* bias, i64 num_rows, i64 num_columns,
    u32* out) {
  const i64 column = 8 * (i64)threadIdx.x;
  float biases[8];
  load4(bias + column, biases);
  load4(bias + column + 4, biases + 4);
  const i64 stride = (i64)gridDim.x * blockDim.y;
  for (i64 row = (i64)blockIdx.x * blockDim.y + threadIdx.y; row < num_rows;
       row += stride) {
    const i64 place = (row * num_columns + column) / 2;
    float values[8];
    load8_bf16(hidden + place, values);
    for (int i = 0; i < 8; ++i) {
      const float x = values[i] + biases[i];
      values[i] = x * gelu_share(x);
    }
    store8_bf16(out + place, values);
  }
}

// grad_hidden = grad_out * gelu'(hidden + bias), and its sums over rows.
extern "C" __global__ void bias_gelu_backward(
    const u32* grad_out, const u32* hidden, const float* bias, i64 num_rows,
    i64 num_columns, u32* grad_hidden, float* sums) {
  const i64 column = 8 * (i64)threadIdx.x;
  float biases[8];
  load4(bias + column, biases);
  load4(bias + column + 4, biases + 4);
  float of_bias[8] = {0, 0, 0, 0, 0, 0, 0, 0};
  const i64 stride = (i64)gridDim.x * blockDim.y;
  const i64 first = (i64)blockIdx.x * blockDim.y + threadIdx.y;
  for (i64 row = first; row < num_rows; row += stride) {
    const i64 place = (row * num_columns + column) / 2;
    float values[8];
    float grads[8];
    load8_bf16(hidden + place, values);
    load8_bf16(grad_out + place, grads);
    for (int i = 0; i < 8; ++i) {
      const float x = values[i] + biases[i];
      const float density = 0.39894228f * expf(-0.5f * x * x);
      grads[i] *= gelu_share(x) + x * density;
      of_bias[i] += grads[i];
    }
    store8_bf16(grad_hidden + place, grads);
  }
  store4(sums + first * num_columns + column, of_bias);
  store4(sums + first * num_columns + column + 4, of_bias + 4);
}

// The gradients of queries, keys and values, each [rows, DIM], side by side as
// rows [rows, 3 DIM], and their sums over rows.
extern "C" __global__ void join_qkv(
    const u32* queries, const u32* keys, const u32* values, i64 num_rows,
    u32* out, float* sums) {
  const int column = 8 * threadIdx.x;
  const int which = column / DIM;
  const u32* const from = which == 0 ? queries : which == 1 ? keys : values;
  const int channel = column - which * DIM;
  float of_bias[8] = {0, 0, 0, 0, 0, 0, 0, 0};
  const i64 stride = (i64)gridDim.x * blockDim.y;
  const i64 first = (i64)blockIdx.x * blockDim.y + threadIdx.y;
  for (i64 row = first; row < num_rows; row += stride) {
    const uint4 eight = *reinterpret_cast<const uint4*>(
        from + (row * DIM + channel) / 2);
    *reinterpret_cast<uint4*>(out + (row * 3 * DIM + column) / 2) = eight;
    const u32 pairs[4] = {eight.x, eight.y, eight.z, eight.w};
    for (int i = 0; i < 4; ++i) {
      of_bias[2 * i] += low_bf16(pairs[i]);
      of_bias[2 * i + 1] += high_bf16(pairs[i]);
    }
  }
  store4(sums + first * 3 * DIM + column, of_bias);
  store4(sums + first * 3 * DIM + column + 4, of_bias + 4);
}
)cuda";
}

}  // namespace nadir::gpu
