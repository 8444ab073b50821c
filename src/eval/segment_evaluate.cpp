#include "eval/segment_evaluate.h"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>

#include "core/ceil_div.h"
#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "core/parallel.h"
#include "core/progress.h"
#include "eval/evaluate.h"
#include "eval/grid_edge.h"
#include "eval/segment_picture.h"
#include "eval/segment_sources.h"
#include "eval/segment_tokens.h"
#include "eval/segment_training.h"
#include "raster/image_file.h"
#include "runs/run_folder.h"

namespace nadir::eval {

namespace {

constexpr double kSegmentConfidence = 0.95;
constexpr int64_t kPicturedImages = 6;

std::vector<Mask> read_masks(const MaskedImages& set, const SegmentData& data) {
  std::vector<Mask> masks(set.size());
  Progress progress("reading masks", set.size(), "masks");
  parallel_for(set.size(), 1, 0, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      masks[i] = read_mask(set.masks[i], data);
      progress.advance();
    }
  });
  return masks;
}

void check_windows_fit(
    const MaskedImages& set,
    const std::vector<Mask>& masks,
    const SegmentView& view) {
  for (int64_t i = 0; i < set.size(); ++i) {
    NADIR_CHECK(
        std::min(masks[i].height, masks[i].width) >= view.window_px,
        "window_px must be at most the side of every image, got {}; {} is {} x "
        "{}",
        view.window_px,
        set.name(i),
        masks[i].height,
        masks[i].width);
  }
}

// The three sets' masks, read once for all features.
struct MaskSets {
  std::vector<Mask> train;
  std::vector<Mask> validation;
  std::vector<Mask> test;
};

MaskSets read_all_masks(const SegmentData& data, const SegmentView& view) {
  MaskSets sets = {
      read_masks(data.train, data),
      read_masks(data.validation, data),
      read_masks(data.test, data)};
  check_windows_fit(data.train, sets.train, view);
  check_windows_fit(data.validation, sets.validation, view);
  check_windows_fit(data.test, sets.test, view);
  return sets;
}

std::string view_text(const SegmentView& view) {
  return view.window_px == view.input_px
             ? fmt::format("windows of {} px", view.window_px)
             : fmt::format(
                   "windows of {} px at {} px, bicubic",
                   view.window_px,
                   view.input_px);
}

SegmentEvaluation describe_segment(
    const FrozenNetwork& frozen,
    const SegmentData& data,
    const SegmentView& view) {
  SegmentEvaluation evaluation;
  const auto& dataset = *data.train.images.dataset;
  evaluation.data = dataset.description();
  evaluation.masks = data.masks;
  evaluation.num_train = data.train.size();
  evaluation.num_validation = data.validation.size();
  evaluation.num_test = data.test.size();
  evaluation.train_data = data.train.images.description;
  evaluation.test_data = data.test.images.description;
  evaluation.selected_on = data.selected_on;
  evaluation.classes = data.classes;
  evaluation.weights = frozen.name;
  evaluation.weights_source = frozen.source;
  evaluation.weights_sha256 = frozen.sha256;
  evaluation.precision = model::precision_name(frozen.precision);
  evaluation.normalization = view.normalization.name;
  evaluation.bands = dataset.bands();
  evaluation.views = view_text(view);
  evaluation.test_names_sha256 = names_sha256(data.test.images);
  return evaluation;
}

// The head whose validation score is the best, with the scores of all.
struct ChosenHead {
  SegmentHead head;
  nlohmann::ordered_json details;
};

ChosenHead choose_head(
    const std::vector<TrainedHead>& heads,
    const TokenSet& validation,
    const SegmentHeadConfig& config,
    int64_t side_px) {
  double best = -1;
  size_t index = 0;
  auto grid = nlohmann::ordered_json::array();
  for (size_t i = 0; i < heads.size(); ++i) {
    const double loss = heads[i].train_loss;
    std::optional<double> score;
    if (std::isfinite(loss)) {
      score =
          sum_of(score_images(heads[i].head, validation, side_px)).mean_iou();
    }
    grid.push_back(
        {{"learning_rate", heads[i].head.learning_rate},
         {"validation_score",
          score ? nlohmann::ordered_json(*score)
                : nlohmann::ordered_json(nullptr)}});
    if (score.value_or(-1) > best) {
      best = *score;
      index = i;
    }
  }
  NADIR_CHECK(
      best >= 0,
      "none of the {} heads can be scored on the validation images: lower "
      "--lr, or choose validation images with classes that count",
      heads.size());
  ChosenHead chosen = {heads[index].head, {}};
  chosen.details = {
      {"learning_rate", chosen.head.learning_rate},
      {"epochs", config.epochs},
      {"batch_size", config.batch_size},
      {"train_loss", heads[index].train_loss},
      {"validation_score", best},
      {"grid", grid},
      {"summary",
       fmt::format(
           "learning rate {}, validation mIoU {:.3f} ({} tried)",
           chosen.head.learning_rate,
           best,
           heads.size())}};
  return chosen;
}

}  // namespace

FeaturesConfig network_config(const SegmentViewConfig& config) {
  FeaturesConfig network;
  network.weights = config.weights;
  network.checkpoint_key = config.checkpoint_key;
  network.bands = config.bands;
  network.normalization = config.normalization;
  network.device = config.device;
  network.precision = config.precision;
  return network;
}

SegmentView make_segment_view(
    const FrozenNetwork& frozen,
    const MaskedImages& images,
    const SegmentViewConfig& config) {
  NADIR_CHECK(
      config.window_px >= 0 && config.input_px >= 0,
      "window_px and input_px must be >= 0, got {} and {}",
      config.window_px,
      config.input_px);
  const auto& dataset = *images.images.dataset;
  const int64_t patch_px = frozen.network->config().patch_size;
  SegmentView view;
  view.normalization =
      make_view_recipe(frozen, dataset, network_config(config)).normalization;
  view.window_px = config.window_px;
  view.input_px = config.input_px;
  if (view.input_px == 0) {
    view.input_px = view.window_px == 0 ? frozen.network->config().image_size
                                        : round_up(view.window_px, patch_px);
  }
  NADIR_CHECK(
      view.input_px % patch_px == 0,
      "input_px must be a multiple of the patch size {}, got {}",
      patch_px,
      view.input_px);
  if (view.window_px == 0) {
    const auto image = dataset.read(images.images.indices[0]);
    view.window_px = std::min({view.input_px, image.height(), image.width()});
  }
  return view;
}

SegmentOutcome run_segment(
    const FrozenNetwork& frozen,
    const SegmentData& data,
    const SegmentViewConfig& view_config,
    const SegmentHeadConfig& head_config,
    const EvaluateConfig& config) {
  check_config(head_config);
  NADIR_CHECK(
      config.bootstrap >= 0,
      "bootstrap must be >= 0, got {}",
      config.bootstrap);
  NADIR_CHECK(
      view_config.window_batch_size >= 1,
      "window_batch_size must be >= 1, got {}",
      view_config.window_batch_size);
  const auto& vit = frozen.network->config();
  const int64_t depth = frozen.network->shape().depth;
  NADIR_CHECK(
      view_config.blocks >= 1 && view_config.blocks <= depth,
      "blocks must lie between 1 and the {} of {}, got {}",
      depth,
      vit.arch,
      view_config.blocks);
  const auto view = make_segment_view(frozen, data.train, view_config);
  const auto masks = read_all_masks(data, view);
  const FeatureCache cache(
      view_config.feature_cache == "none" ? "" : view_config.feature_cache);
  const auto tokens_of = [&](const TokenSource& source,
                             const MaskedImages& set,
                             const std::vector<Mask>& set_masks,
                             const char* what) {
    return TokenSet{
        window_tokens(
            set,
            set_masks,
            view,
            source,
            vit.patch_size,
            view_config.window_batch_size,
            cache,
            fmt::format("{} tokens, {}", what, source.name)),
        set_masks};
  };
  SegmentOutcome outcome;
  outcome.evaluation = describe_segment(frozen, data, view);
  for (const auto& source :
       make_token_sources(frozen, view_config.blocks, config)) {
    const auto train = tokens_of(source, data.train, masks.train, "training");
    const auto validation =
        tokens_of(source, data.validation, masks.validation, "validation");
    const auto test = tokens_of(source, data.test, masks.test, "test");
    const auto bytes = train.tokens_WTD.nbytes() +
                       validation.tokens_WTD.nbytes() +
                       test.tokens_WTD.nbytes();
    log_info(
        "eval",
        "{}: {} tokens of {} channels, {}",
        source.name,
        format_count(static_cast<double>(
            train.tokens_WTD.numel() / train.tokens_WTD.size(2))),
        train.tokens_WTD.size(2),
        format_bytes(static_cast<double>(bytes)));
    for (const auto& kind : head_config.head) {
      const auto name = fmt::format("{}, {} head", source.name, kind);
      auto chosen = choose_head(
          train_segment_heads(
              parse_segment_head(kind),
              train,
              static_cast<int64_t>(data.classes.size()),
              view.window_px,
              head_config,
              fmt::format("training, {}", name)),
          validation,
          head_config,
          view.window_px);
      warn_at_grid_edge(head_config.lr, chosen.head.learning_rate, name);
      const auto scores = score_images(chosen.head, test, view.window_px);
      SegmentRow row;
      row.features = source.name;
      row.head = kind;
      row.confusion = sum_of(scores);
      row.intervals = bootstrap_confusion(
          scores,
          config.bootstrap,
          kSegmentConfidence,
          static_cast<uint64_t>(head_config.seed));
      row.details = std::move(chosen.details);
      outcome.evaluation.rows.push_back(std::move(row));
      if (source.is_baseline) {
        continue;
      }
      auto& head = chosen.head;
      head.classes = data.classes;
      head.num_blocks = view_config.blocks;
      head.view = view;
      head.weights = frozen.name;
      head.checkpoint_key = frozen.checkpoint_key;
      head.weights_sha256 = frozen.sha256;
      outcome.pictures.push_back(segment_sheet(
          data.test,
          masks.test,
          predict_images(head, test, view.window_px),
          data.classes,
          kPicturedImages));
      outcome.heads.push_back(std::move(head));
    }
  }
  return outcome;
}

SegmentFolders segment_folders(
    const FrozenNetwork& frozen, const EvaluateConfig& config) {
  const auto results = output_folder(frozen, config);
  return {
      results,
      config.out.empty() && !results.empty()
          ? runs::RunPaths(frozen.run).pictures
          : results};
}

void write_segment_outcome(
    const SegmentOutcome& outcome, const SegmentFolders& folders) {
  if (folders.results.empty()) {
    log_info("eval", "the head is not kept; --out FOLDER keeps it");
    return;
  }
  for (size_t i = 0; i < outcome.heads.size(); ++i) {
    const auto kind = to_text(outcome.heads[i].kind);
    const auto folder = folders.results / "segment" / kind;
    save_segment_head(outcome.heads[i], folder);
    const auto picture = folders.pictures / fmt::format("segment-{}.png", kind);
    raster::write_png(picture, outcome.pictures[i]);
    log_info(
        "eval",
        "the {} head is in {}, a picture of it in {}",
        kind,
        folder.string(),
        picture.string());
  }
  const auto path = folders.results / "segment.json";
  write_file(path, json_text(to_json(outcome.evaluation), 2) + "\n");
  log_info("eval", "results are in {}", path.string());
}

}  // namespace nadir::eval
