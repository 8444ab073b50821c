#include "eval/shared_features.h"

#include <algorithm>
#include <cstring>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/hash.h"

namespace nadir::eval {
namespace {

// Rows that travel at a time.
int64_t rows_a_message(int64_t width) {
  constexpr int64_t kMessageFloats = int64_t{4} << 20;
  return std::max<int64_t>(1, kMessageFloats / std::max<int64_t>(width, 1));
}

bool receives(const distributed::Communicator& group, Receivers who) {
  return who == Receivers::kAll || group.is_first();
}

int64_t from_first(const distributed::Communicator& group, int64_t value) {
  auto shared = at::full({1}, value, at::kLong);
  group.broadcast(shared);
  return shared.item<int64_t>();
}

// Puts the ranks' rows of one view in their places of `all_NF`, which is
// undefined on ranks that receive nothing.
void gather_view(
    const distributed::Communicator& group,
    const std::vector<ImageRange>& ranges,
    const at::Tensor& own_NF,
    int64_t width,
    at::Tensor all_NF) {
  int64_t most = 0;
  for (const auto& range : ranges) {
    most = std::max(most, range.size());
  }
  const int64_t step = std::min(most, rows_a_message(width));
  const auto copy_rows = [&](const at::Tensor& to,
                             int64_t at,
                             const at::Tensor& from,
                             int64_t begin,
                             int64_t count) {
    if (count > 0) {
      to.narrow(0, at, count).copy_(from.narrow(0, begin, count));
    }
  };
  for (int64_t begin = 0; begin < most; begin += step) {
    const auto count_of = [&](const ImageRange& range) {
      return std::clamp<int64_t>(range.size() - begin, 0, step);
    };
    const auto message = at::zeros({step, width});
    copy_rows(
        message,
        0,
        own_NF,
        begin,
        count_of(ranges[static_cast<size_t>(group.rank())]));
    const auto messages = group.gather(message);
    for (size_t r = 0; r < ranges.size() && all_NF.defined(); ++r) {
      copy_rows(
          all_NF,
          ranges[r].begin + begin,
          messages[static_cast<int64_t>(r)],
          0,
          count_of(ranges[r]));
    }
  }
}

}  // namespace

at::Tensor extract_shared(
    const ImageSet& images,
    const ViewRecipe& views,
    const Extractor& extractor,
    int64_t batch_size,
    int64_t num_threads,
    const std::string& what,
    const distributed::Communicator& group,
    Receivers who) {
  if (group.world_size() == 1) {
    return extract_features(
        images, views, extractor, batch_size, num_threads, what);
  }
  std::vector<ImageRange> ranges;
  for (int64_t r = 0; r < group.world_size(); ++r) {
    ranges.push_back(
        batches_of(images.size(), batch_size, Part{r + 1, group.world_size()}));
  }
  const auto& own_range = ranges[static_cast<size_t>(group.rank())];
  const auto own = extract_features(
      images, views, extractor, batch_size, num_threads, what, own_range);
  const int64_t num_views = views.num_views();
  const int64_t width = from_first(group, own.defined() ? own.size(1) : 0);
  at::Tensor all_VNF;
  if (receives(group, who)) {
    all_VNF = at::empty({num_views, images.size(), width});
  }
  for (int64_t v = 0; v < num_views; ++v) {
    gather_view(
        group,
        ranges,
        own.defined() ? own.narrow(0, v * own_range.size(), own_range.size())
                      : own,
        width,
        all_VNF.defined() ? all_VNF[v] : all_VNF);
  }
  return all_VNF.defined() ? all_VNF.flatten(0, 1) : all_VNF;
}

at::Tensor shared_from_cache(
    const FeatureCache& cache,
    const nlohmann::json& key,
    int64_t num_rows,
    const distributed::Communicator& group,
    Receivers who,
    const std::function<at::Tensor()>& make) {
  if (group.world_size() == 1) {
    return cache.get_or_make(key, num_rows, make);
  }
  std::optional<at::Tensor> found;
  if (group.is_first()) {
    found = cache.find(key, num_rows);
  }
  const int64_t width = from_first(group, found ? found->size(1) : -1);
  if (width < 0) {
    const auto features = make();
    if (group.is_first()) {
      cache.keep(key, features);
    }
    return features;
  }
  if (who == Receivers::kFirst) {
    return found.value_or(at::Tensor());
  }
  auto features =
      found ? found->contiguous() : at::empty({num_rows, width}, at::kFloat);
  for (int64_t row = 0; row < num_rows; row += rows_a_message(width)) {
    group.broadcast(features.narrow(
        0, row, std::min(rows_a_message(width), num_rows - row)));
  }
  return features;
}

void check_same_on_all(
    const distributed::Communicator& group,
    const std::string& text,
    const std::string& what) {
  const std::string hash = sha256_hex(text);
  auto bytes = at::empty({static_cast<int64_t>(hash.size())}, at::kByte);
  std::memcpy(bytes.mutable_data_ptr(), hash.data(), hash.size());
  const auto all = group.gather(bytes);
  for (int64_t rank = 1; rank < group.world_size(); ++rank) {
    if (!at::equal(all[rank], all[0])) {
      fail(
          ErrorCode::kDistributed,
          "rank {} has other {} than rank 0; start all with the same command "
          "on the same data",
          rank,
          what);
    }
  }
}

}  // namespace nadir::eval
