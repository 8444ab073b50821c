#include "scene/window_run.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include <ATen/ATen.h>

#include "core/ceil_div.h"
#include "core/error.h"
#include "core/log.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "core/signals.h"
#include "data/loader.h"
#include "scene/strip_cache.h"
#include "scene/window_cutter.h"

namespace nadir::scene {
namespace {

using Clock = std::chrono::steady_clock;

// What the network says of the windows of a batch that are not skipped.
class BatchRunner {
 public:
  BatchRunner(
      const WindowPlan& plan,
      const WindowCutter& cutter,
      const WindowModel& model,
      int64_t num_bands,
      int64_t crop_px)
      : plan_(plan),
        cutter_(cutter),
        model_(model),
        num_bands_(num_bands),
        crop_px_(crop_px) {}

  // `first` is the batch's first window.
  [[nodiscard]] WindowBatch run(const data::Batch& batch, int64_t first) const {
    const auto count = static_cast<int64_t>(batch.samples.size());
    const auto given = find_given(batch, count);
    WindowBatch result;
    result.states.assign(
        static_cast<size_t>(count),
        static_cast<uint8_t>(WindowState::kSkipped));
    for (const auto& field : model_.fields()) {
      result.fields.emplace_back(
          static_cast<size_t>(count * field.size()), 0.0F);
    }
    copy_cells(batch, first, count, result.own_cells);
    if (!given.empty()) {
      forward(batch, count, given, result);
    }
    return result;
  }

 private:
  [[nodiscard]] static const float* data_of(
      const data::Batch& batch, int64_t item) {
    return batch.segment(kDataSegment) +
           item * batch.segment_sizes[kDataSegment];
  }

  [[nodiscard]] std::vector<int64_t> find_given(
      const data::Batch& batch, int64_t count) const {
    std::vector<int64_t> given;
    for (int64_t i = 0; i < count; ++i) {
      if (cutter_.is_enough(data_of(batch, i)[0])) {
        given.push_back(i);
      }
    }
    return given;
  }

  void copy_cells(
      const data::Batch& batch,
      int64_t first,
      int64_t count,
      std::vector<uint8_t>& cells) const {
    for (int64_t i = 0; i < count; ++i) {
      const int64_t num_cells =
          plan_.first_own_cell(first + i + 1) - plan_.first_own_cell(first + i);
      for (int64_t c = 0; c < num_cells; ++c) {
        cells.push_back(static_cast<uint8_t>(data_of(batch, i)[1 + c]));
      }
    }
  }

  void forward(
      const data::Batch& batch,
      int64_t count,
      const std::vector<int64_t>& given,
      WindowBatch& result) const {
    auto views = at::from_blob(
        batch.segment(kViewSegment),
        {count, num_bands_, crop_px_, crop_px_},
        at::kFloat);
    const auto num_given = static_cast<int64_t>(given.size());
    if (num_given < count) {
      views = views.index_select(0, at::tensor(given));
    }
    const auto outputs = model_.forward(views);
    auto is_finite = at::ones({num_given}, at::kBool);
    for (size_t f = 0; f < outputs.size(); ++f) {
      const auto rows = outputs[f].flatten(1).contiguous();
      is_finite = is_finite & at::isfinite(rows).all(1);
      const int64_t size = model_.fields()[f].size();
      NADIR_ASSERT(rows.size(0) == num_given && rows.size(1) == size);
      for (int64_t i = 0; i < num_given; ++i) {
        std::memcpy(
            result.fields[f].data() + given[i] * size,
            rows.const_data_ptr<float>() + i * size,
            static_cast<size_t>(size) * sizeof(float));
      }
    }
    const bool* finite = is_finite.const_data_ptr<bool>();
    for (int64_t i = 0; i < num_given; ++i) {
      result.states[given[i]] = static_cast<uint8_t>(
          finite[i] ? WindowState::kGiven : WindowState::kNotFinite);
    }
  }

  const WindowPlan& plan_;
  const WindowCutter& cutter_;
  const WindowModel& model_;
  int64_t num_bands_;
  int64_t crop_px_;
};

data::LoaderConfig loader_config(
    const WindowRunOptions& options, int64_t num_windows) {
  data::LoaderConfig config;
  config.batch_size = std::min(options.batch_size, num_windows);
  config.num_threads = options.num_threads;
  config.shuffle = false;
  config.drop_last = false;
  return config;
}

// Rows of windows that threads may be behind the newest.
int64_t rows_in_use(const WindowPlan& plan, int64_t num_threads) {
  const int64_t threads = num_threads > 0 ? num_threads : available_threads();
  const int64_t across = plan.cols.num_windows();
  return ceil_div(threads, across);
}

}  // namespace

void run_windows(
    const Scene& scene,
    const WindowPlan& plan,
    const WindowRange& range,
    const WindowModel& model,
    const eval::ViewRecipe& views,
    const WindowRunOptions& options,
    const std::filesystem::path& folder,
    const std::string& what) {
  WindowWriter writer(folder, plan, range, model.fields());
  if (writer.num_done() == range.size()) {
    writer.save();
    return;
  }
  if (writer.num_done() > 0) {
    log_info(
        "scene",
        "{}: {} of {} windows are there; going on",
        scene.path(),
        writer.num_done(),
        range.size());
  }
  const auto config = loader_config(options, range.size());
  NADIR_ASSERT(writer.num_done() % config.batch_size == 0);
  StripCache strips(
      scene,
      plan,
      plan.row_of(range.end - 1),
      rows_in_use(plan, options.num_threads));
  const WindowCutter cutter(
      scene, plan, views, options.min_valid_share, strips);
  const BatchRunner runner(
      plan,
      cutter,
      model,
      static_cast<int64_t>(scene.bands().size()),
      views.crop_px);
  data::Loader loader(
      range.size(),
      cutter.segment_sizes(),
      config,
      [&](int64_t sample, int64_t, std::span<const std::span<float>> out) {
        cutter.cut(range.begin + sample, out);
      });
  Progress progress(what, range.size(), "windows", writer.num_done());
  auto last_save = Clock::now();
  try {
    loader.start(0, writer.num_done() / config.batch_size, 1);
    while (const auto batch = loader.next()) {
      stop_if_told("windows of the batch in hand");
      writer.append(runner.run(*batch, range.begin + writer.num_done()));
      progress.advance(static_cast<int64_t>(batch->samples.size()));
      const std::chrono::duration<double> since = Clock::now() - last_save;
      if (since.count() >= options.save_every_s) {
        writer.save();
        last_save = Clock::now();
      }
    }
  } catch (const Stopped&) {
    writer.save();
    throw Stopped(fmt::format(
        "stopped by signal {} after {} of {} windows; the same command goes on "
        "from there",
        caught_signal(),
        writer.num_done(),
        range.size()));
  } catch (...) {
    writer.save();
    throw;
  }
  writer.save();
}

}  // namespace nadir::scene
