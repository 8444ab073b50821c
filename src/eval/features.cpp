#include "eval/features.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <set>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <nlohmann/json.hpp>

#include "augment/view_maker.h"
#include "core/ceil_div.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/progress.h"
#include "core/random.h"
#include "core/signals.h"
#include "data/loader.h"
#include "eval/random_view.h"
#include "model/device_copy.h"

namespace nadir::eval {

namespace {

constexpr int64_t kProbedImages = 16;

void check_views(const ImageSet& images, const ViewRecipe& views) {
  NADIR_CHECK(views.crop_px > 0, "crop_px must be > 0, got {}", views.crop_px);
  NADIR_CHECK(
      views.resize_px == 0 || views.resize_px >= views.crop_px,
      "resize_px must be 0 or at least crop_px, got {} and {}",
      views.resize_px,
      views.crop_px);
  NADIR_CHECK(
      views.normalization.bands.size() == images.dataset->bands().size(),
      "the normalisation is for {} bands, the data has {}",
      views.normalization.bands.size(),
      images.dataset->bands().size());
}

// Every view of one image behind each other, one span a view.
void make_views(
    const ImageSet& images,
    const ViewRecipe& views,
    int64_t image,
    std::span<const std::span<float>> out) {
  const auto& normalization = views.normalization;
  const auto tile =
      normalization.to_unit(images.dataset->read(images.indices[image]));
  if (views.num_random_views == 0) {
    augment::make_test_view(
        tile,
        views.resize_px,
        views.crop_px,
        normalization.mean,
        normalization.std,
        out[0]);
    return;
  }
  for (size_t v = 0; v < out.size(); ++v) {
    RandomStream random(
        views.seed, StreamPurpose::kProbe, v, static_cast<uint64_t>(image), 3);
    make_random_view(
        tile,
        views.crop_px,
        normalization.mean,
        normalization.std,
        random,
        out[v]);
  }
}

// Features [V, N, F] of images, filled batch by batch. A GPU works at one batch
// while the features of the one before arrive.
class FeatureRows {
 public:
  FeatureRows(int64_t num_views, int64_t num_images)
      : num_views_(num_views), num_images_(num_images) {}

  // `outputs` [B, F] of each view of the batch's images, the first of which is
  // number `first`; `batch` is kept until they are here.
  void add(
      std::shared_ptr<const data::Batch> batch,
      int64_t first,
      const std::vector<at::Tensor>& outputs) {
    auto& part = parts_.emplace_back(std::move(batch), first);
    for (const auto& output_BF : outputs) {
      part.outputs.emplace_back(output_BF);
    }
    take(outputs.front().is_cpu() ? 0 : 1);
  }

  // All of them, [V * N, F].
  [[nodiscard]] at::Tensor finish() {
    take(0);
    return features_VNF_.view({num_views_ * num_images_, -1});
  }

 private:
  struct Part {
    std::shared_ptr<const data::Batch> batch;
    int64_t first = 0;
    std::vector<model::ArrivingTensor> outputs{};
  };

  void take(size_t num_left) {
    for (; parts_.size() > num_left; parts_.pop_front()) {
      const auto& part = parts_.front();
      for (int64_t v = 0; v < num_views_; ++v) {
        const auto& output_BF = part.outputs[v].wait();
        if (!features_VNF_.defined()) {
          features_VNF_ =
              at::empty({num_views_, num_images_, output_BF.size(1)});
        }
        features_VNF_[v]
            .narrow(0, part.first, output_BF.size(0))
            .copy_(output_BF);
      }
    }
  }

  int64_t num_views_;
  int64_t num_images_;
  at::Tensor features_VNF_;
  std::deque<Part> parts_;
};

// Sizes and times of the files behind the images, each file once.
std::string files_sha256(const ImageSet& images) {
  std::set<std::filesystem::path> seen;
  Hasher hasher(Hasher::Kind::kSha256);
  for (const int64_t index : images.indices) {
    stop_extracting_if_told();  // a stat may be a request to a far store
    for (const auto& file : images.dataset->files(index)) {
      if (!seen.insert(file).second) {
        continue;
      }
      std::error_code ignored;  // a file that is gone is named when it is read
      hasher.update(fmt::format(
          "{} {}\n",
          std::filesystem::file_size(file, ignored),
          std::filesystem::last_write_time(file, ignored)
              .time_since_epoch()
              .count()));
    }
  }
  return hasher.hex();
}

}  // namespace

std::string ViewRecipe::text() const {
  if (num_random_views > 0) {
    return fmt::format(
        "{} random resized crops of {} px (area 0.08 to 1, bicubic) with "
        "flips, seed {}",
        num_random_views,
        crop_px,
        seed);
  }
  if (resize_px == 0) {
    return fmt::format("whole image at {} px, bicubic", crop_px);
  }
  return fmt::format(
      "centre crop of {} px from {} px, bicubic", crop_px, resize_px);
}

ImageRange batches_of(
    int64_t num_images, int64_t batch_size, const Part& part) {
  NADIR_CHECK(batch_size > 0, "batch_size must be > 0, got {}", batch_size);
  const int64_t num_batches = ceil_div(num_images, batch_size);
  // Rounded up, so that the first part is never empty.
  const auto images_before = [&](int64_t number) {
    const int64_t batches = ceil_div(num_batches * (number - 1), part.count);
    return std::min(num_images, batches * batch_size);
  };
  return {images_before(part.number), images_before(part.number + 1)};
}

at::Tensor extract_features(
    const ImageSet& images,
    const ViewRecipe& views,
    const Extractor& extractor,
    int64_t batch_size,
    int64_t num_threads,
    const std::string& what,
    std::optional<ImageRange> range) {
  const at::NoGradGuard no_grad;
  check_views(images, views);
  const auto num_bands = static_cast<int64_t>(images.dataset->bands().size());
  const auto own = range.value_or(ImageRange{0, images.size()});
  if (own.size() == 0) {
    return {};
  }
  const int64_t view_floats = num_bands * views.crop_px * views.crop_px;
  const int64_t num_views = views.num_views();
  data::LoaderConfig config;
  config.batch_size = std::min(batch_size, own.size());
  config.num_threads = num_threads;
  config.shuffle = false;
  config.drop_last = false;
  if (!extractor.device.is_cpu()) {
    config.allocate = model::allocate_pinned;
  }
  data::Loader loader(
      own.size(),
      std::vector<int64_t>(num_views, view_floats),
      config,
      [&](int64_t sample, int64_t, std::span<const std::span<float>> out) {
        make_views(images, views, own.begin + sample, out);
      },
      [&](int64_t sample) {
        images.dataset->expect(images.indices[own.begin + sample]);
      });
  loader.start(0, 0, 1);

  FeatureRows rows(num_views, own.size());
  Progress progress(what, own.size(), "images");
  int64_t done = 0;
  while (auto batch = loader.next()) {
    stop_extracting_if_told();
    const auto count = static_cast<int64_t>(batch->samples.size());
    std::vector<at::Tensor> outputs;
    for (int64_t v = 0; v < num_views; ++v) {
      outputs.push_back(extractor.features(at::from_blob(
          batch->segment(v),
          {count, num_bands, views.crop_px, views.crop_px},
          at::kFloat)));
    }
    rows.add(std::move(batch), done, outputs);
    done += count;
    progress.advance(count);
  }
  NADIR_ASSERT(done == own.size());
  return rows.finish();
}

FeatureColumns FeatureLayout::last_cls() const {
  return columns(1, false);
}

FeatureColumns FeatureLayout::columns(int64_t blocks, bool with_mean) const {
  NADIR_CHECK(
      blocks >= 1 && blocks <= num_blocks,
      "blocks must lie between 1 and {}, got {}",
      num_blocks,
      blocks);
  NADIR_ASSERT(has_mean || !with_mean);
  return {
      fmt::format(
          "cls of {} block{}{}",
          blocks,
          blocks == 1 ? "" : "s",
          with_mean ? " + mean patch" : ""),
      (num_blocks - blocks) * dim,
      (blocks + (with_mean ? 1 : 0)) * dim};
}

FeatureLayout layout_of(
    const model::VisionTransformer& network,
    int64_t num_blocks,
    bool has_mean) {
  return {
      std::min(num_blocks, network.shape().depth),
      network.shape().dim,
      has_mean};
}

Extractor network_extractor(
    const model::VisionTransformer& network,
    const FeatureLayout& layout,
    at::Device device,
    const std::function<void()>& before_block) {
  const auto features = [&network, layout, device, before_block](
                            const at::Tensor& images_BCSS) {
    const auto images = images_BCSS.to(device, /*non_blocking=*/true);
    if (!layout.has_mean) {
      return at::cat(
          network.intermediate_class_tokens(
              images, layout.num_blocks, before_block),
          1);
    }
    const auto tokens =
        network.intermediate_tokens(images, layout.num_blocks, before_block);
    std::vector<at::Tensor> parts;
    for (const auto& tokens_BND : tokens) {
      parts.push_back(tokens_BND.select(1, 0));
    }
    const auto& last_BND = tokens.back();
    parts.push_back(
        last_BND.narrow(1, 1, last_BND.size(1) - 1).mean(at::IntArrayRef{1}));
    return at::cat(parts, 1);
  };
  return {features, device};
}

void stop_extracting_if_told() {
  stop_if_told("features made so far");
}

std::string names_sha256(const ImageSet& images) {
  Hasher names(Hasher::Kind::kSha256);
  for (const int64_t index : images.indices) {
    names.update(images.dataset->name(index));
    names.update("\n");
  }
  return names.hex();
}

nlohmann::json views_key(const ImageSet& images, const ViewRecipe& views) {
  Hasher pixels(Hasher::Kind::kSha256);
  const int64_t num_probed = std::min(kProbedImages, images.size());
  for (int64_t i = 0; i < num_probed; ++i) {
    const auto image =
        images.dataset->read(images.indices[i * images.size() / num_probed]);
    const auto bytes = image.bytes();
    pixels.update({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  return {
      {"format", 2},
      {"images", images.size()},
      {"names_sha256", names_sha256(images)},
      {"files_sha256", files_sha256(images)},
      {"pixels_sha256", pixels.hex()},
      {"normalization", data::to_json(views.normalization)},
      {"views", views.text()}};
}

}  // namespace nadir::eval
