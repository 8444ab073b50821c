#include "train/view_source.h"

#include <ATen/ATen.h>

#include "core/error.h"

namespace nadir::train {
namespace {

// Whether three bands are red, green, blue, so that colour changes apply.
bool is_color(const std::vector<std::string>& bands) {
  using Names = std::vector<std::string>;
  return bands == Names{"R", "G", "B"} || bands == Names{"B04", "B03", "B02"};
}

std::vector<int64_t> segment_sizes(
    const augment::ViewMaker& maker, int64_t num_bands) {
  std::vector<int64_t> sizes;
  for (int64_t view = 0; view < maker.num_views(); ++view) {
    sizes.push_back(num_bands * maker.view_size(view) * maker.view_size(view));
  }
  return sizes;
}

data::LoaderConfig loader_config(
    const PretrainConfig& config,
    int64_t rank,
    int64_t world_size,
    at::Device device) {
  data::LoaderConfig loader;
  loader.rank = rank;
  loader.world_size = world_size;
  loader.num_shares = config.data.data_shares;
  loader.batch_size = config.optim.batch_size_per_gpu;
  loader.num_threads = config.run.num_workers;
  loader.seed = static_cast<uint64_t>(config.run.seed);
  loader.max_bad_share = config.run.max_bad_share;
  if (!device.is_cpu()) {
    loader.allocate = model::allocate_pinned;
  }
  return loader;
}

}  // namespace

ViewSource::ViewSource(
    std::shared_ptr<const data::Dataset> dataset,
    const data::Normalization& normalization,
    const PretrainConfig& config,
    int64_t rank,
    int64_t world_size,
    at::Device device)
    : dataset_(std::move(dataset)),
      normalization_(normalization),
      view_maker_(
          config.views,
          normalization.mean,
          normalization.std,
          is_color(dataset_->bands())),
      seed_(static_cast<uint64_t>(config.run.seed)),
      num_bands_(static_cast<int64_t>(dataset_->bands().size())) {
  const int64_t needed = images_per_step(config.optim, world_size);
  NADIR_CHECK(
      dataset_->size() >= needed,
      "batch_size_per_gpu x accumulate{} is {} images, but {} has {}; take a "
      "smaller batch",
      world_size > 1 ? fmt::format(" x {} processes", world_size) : "",
      needed,
      dataset_->description(),
      dataset_->size());
  const auto make_views = [this](
                              int64_t sample,
                              int64_t epoch,
                              std::span<const std::span<float>> segments) {
    const auto tile = normalization_.to_unit(dataset_->read(sample));
    for (size_t view = 0; view < segments.size(); ++view) {
      RandomStream random(
          seed_,
          StreamPurpose::kAugment,
          static_cast<uint64_t>(epoch),
          static_cast<uint64_t>(sample),
          static_cast<uint32_t>(view));
      view_maker_.make_view(
          tile, static_cast<int64_t>(view), random, segments[view]);
    }
  };
  loader_ = std::make_unique<data::Loader>(
      dataset_->size(),
      segment_sizes(view_maker_, num_bands_),
      loader_config(config, rank, world_size, device),
      make_views,
      [this](int64_t sample) { dataset_->expect(sample); });
  if (!device.is_cpu()) {
    copier_.emplace(device);
  }
}

void ViewSource::start(
    int64_t epoch, int64_t batch_in_epoch, int64_t num_epochs) {
  ahead_.reset();
  error_ahead_ = nullptr;
  loader_->start(epoch, batch_in_epoch, num_epochs);
}

ViewBatch ViewSource::next() {
  if (error_ahead_) {
    std::rethrow_exception(std::exchange(error_ahead_, nullptr));
  }
  if (!copier_) {
    return load();
  }
  auto views = ahead_ ? std::move(*ahead_) : load();
  ahead_.reset();
  copier_->wait();
  load_ahead();
  return views;
}

void ViewSource::load_ahead() {
  if (!loader_->is_ready()) {
    return;
  }
  try {
    ahead_ = load();
  } catch (...) {
    error_ahead_ = std::current_exception();  // of the batch that comes next
  }
}

ViewBatch ViewSource::load() {
  ViewBatch views;
  const double waited_s = loader_->wait_seconds();
  views.batch = loader_->next();
  NADIR_ASSERT(views.batch != nullptr);
  views.wait_s = loader_->wait_seconds() - waited_s;
  views.num_images = static_cast<int64_t>(views.batch->samples.size());
  const auto add_group = [&](int64_t first_view, int64_t num_views) {
    const int64_t side = view_maker_.view_size(first_view);
    const auto group = at::from_blob(
        views.batch->segment(static_cast<size_t>(first_view)),
        {num_views * views.num_images, num_bands_, side, side},
        at::kFloat);
    views.groups.push_back(copier_ ? copier_->begin(group) : group);
  };
  add_group(0, kGlobalViews);
  if (view_maker_.num_views() > kGlobalViews) {
    add_group(kGlobalViews, view_maker_.num_views() - kGlobalViews);
  }
  return views;
}

}  // namespace nadir::train
