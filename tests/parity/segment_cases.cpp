// Runs nadir's counts of pixels and its segmentation heads on tensors of a
// safetensors file and writes what they give to another, for
// segment_parity.py.
//
//   segment_cases IN.safetensors OUT.safetensors
#include <cstdio>
#include <string>

#include <ATen/ATen.h>

#include "checkpoint/safetensors.h"
#include "eval/confusion.h"
#include "eval/segment_training.h"

namespace {

using nadir::checkpoint::TensorMap;
using nadir::eval::Confusion;
using nadir::eval::Mask;
using nadir::eval::SegmentHeadKind;

constexpr int64_t kNumClasses = 5;

std::vector<uint8_t> bytes_of(const at::Tensor& tensor) {
  const auto values = tensor.contiguous();
  const auto* data = values.const_data_ptr<uint8_t>();
  return {data, data + values.numel()};
}

void add_scores(const TensorMap& in, TensorMap& out) {
  Confusion confusion(kNumClasses);
  confusion.add(bytes_of(in.at("truth")), bytes_of(in.at("predicted")));
  auto counts = at::zeros({kNumClasses, kNumClasses}, at::kLong);
  std::vector<double> iou;
  for (int64_t c = 0; c < kNumClasses; ++c) {
    for (int64_t p = 0; p < kNumClasses; ++p) {
      counts[c][p] = confusion.at(c, p);
    }
    iou.push_back(confusion.iou(c).value_or(-1));
  }
  out["confusion"] = counts;
  out["iou"] = at::tensor(iou, at::kDouble);
  out["accuracy"] = at::tensor(confusion.accuracy().value(), at::kDouble);
}

// The first weights are read off a head whose rate is too small to move them.
void add_heads(const TensorMap& in, TensorMap& out) {
  const auto labels_WSS = in.at("labels");
  const int64_t side_px = labels_WSS.size(1);
  std::vector<Mask> masks;
  for (int64_t w = 0; w < labels_WSS.size(0); ++w) {
    masks.push_back({side_px, side_px, bytes_of(labels_WSS[w])});
  }
  nadir::eval::SegmentHeadConfig config;
  config.epochs = 6;
  config.batch_size = labels_WSS.size(0);
  config.lr = {1e-30, 0.003, 0.03};
  for (const auto kind : {SegmentHeadKind::kLinear, SegmentHeadKind::kConv}) {
    const auto heads = nadir::eval::train_segment_heads(
        kind,
        {in.at("tokens"), masks},
        kNumClasses,
        side_px,
        config,
        "training");
    for (size_t r = 0; r < heads.size(); ++r) {
      const auto key = to_text(kind) + "_" + std::to_string(r);
      const auto& layers = heads[r].head.layers;
      for (size_t i = 0; i < layers.size(); ++i) {
        out[key + "_" + std::to_string(i)] = layers[i];
      }
      const auto& tokens = in.at("tokens");
      out[key + "_logits"] = heads[r].head.logits(
          tokens.view({tokens.size(0), 4, 4, tokens.size(2)}), side_px);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: segment_cases IN OUT\n");
    return 2;
  }
  const auto in = nadir::checkpoint::read_safetensors(argv[1]).tensors;
  TensorMap out;
  add_scores(in, out);
  add_heads(in, out);
  nadir::checkpoint::write_safetensors(argv[2], out);
  return 0;
}
