#include "eval/knn_monitor.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "core/ceil_div.h"
#include "eval/knn.h"

namespace nadir::eval {

namespace {

at::Tensor read_views(
    const ImageSet& images, const ViewRecipe& views, int64_t num_threads) {
  const Extractor keep{
      [](const at::Tensor& images_BCSS) { return images_BCSS.flatten(1); }};
  const auto num_bands = static_cast<int64_t>(images.dataset->bands().size());
  return extract_features(
             images, views, keep, 64, num_threads, "reading k-NN images")
      .view({images.size(), num_bands, views.crop_px, views.crop_px});
}

// The images of one rank: equally many for each, the last one repeated where
// the numbers do not divide.
ImageSet share_of(
    const ImageSet& images, const distributed::Communicator& group) {
  const int64_t share = ceil_div(images.size(), group.world_size());
  ImageSet own = images;
  own.indices.clear();
  for (int64_t i = 0; i < share; ++i) {
    const int64_t n = std::min(group.rank() * share + i, images.size() - 1);
    own.indices.push_back(images.indices[static_cast<size_t>(n)]);
  }
  return own;
}

}  // namespace

KnnMonitor::KnnMonitor(
    Task task,
    const ImageSet& train,
    const ImageSet& test,
    const ViewRecipe& views,
    int64_t num_neighbours,
    int64_t num_threads,
    std::shared_ptr<const distributed::Communicator> group)
    : group_(std::move(group)),
      task_(task),
      train_NCSS_(read_views(share_of(train, *group_), views, num_threads)),
      test_NCSS_(read_views(share_of(test, *group_), views, num_threads)),
      train_labels_(train.labels),
      test_labels_(test.labels),
      num_neighbours_(num_neighbours) {}

at::Tensor KnnMonitor::class_tokens(
    const model::VisionTransformer& network,
    const at::Tensor& own_NCSS,
    int64_t num_images,
    at::Device device,
    int64_t batch_size) const {
  std::vector<at::Tensor> parts;
  for (int64_t n = 0; n < own_NCSS.size(0); n += batch_size) {
    const int64_t count = std::min(batch_size, own_NCSS.size(0) - n);
    parts.push_back(network.forward(own_NCSS.narrow(0, n, count).to(device))
                        .to(at::kCPU, at::kFloat));
  }
  const auto all_RND = group_->gather(at::cat(parts));
  return all_RND.flatten(0, 1).narrow(0, 0, num_images);
}

KnnScore KnnMonitor::score(
    const model::VisionTransformer& network,
    at::Device device,
    int64_t batch_size) const {
  const at::NoGradGuard no_grad;
  KnnConfig config;
  config.neighbours = {static_cast<double>(num_neighbours_)};
  const auto votes = knn_votes(
      class_tokens(
          network, train_NCSS_, train_labels_.num_images, device, batch_size),
      train_labels_,
      class_tokens(
          network, test_NCSS_, test_labels_.num_images, device, batch_size),
      test_labels_,
      config);
  const auto& scored = votes[0].scored;
  if (task_ == Task::kSingleLabel) {
    return {top_k_accuracy(scored, 1), "knn_accuracy", votes[0].num_neighbours};
  }
  return {
      score_average_precision(scored).macro.value_or(0),
      "knn_ap_macro",
      votes[0].num_neighbours};
}

}  // namespace nadir::eval
