#include "report/verdict.h"

#include <cmath>

#include <fmt/format.h>

#include "report/html.h"

namespace nadir::report {
namespace {

// Shares of ln K beyond which an entropy counts as that of a collapse.
constexpr double kUniformShare = 0.98;
constexpr double kSingleShare = 0.02;

// KL(teacher || student) below this share of ln K teaches nothing.
constexpr double kNoSignalShare = 0.01;

// Relative change of the loss that counts as none.
constexpr double kStillLoss = 0.01;

// Fall of the k-NN score below its best that is worth a word.
constexpr double kScoreFall = 0.03;

// More losses than this share that are not finite are worth a word.
constexpr double kBadLossShare = 0.005;

// Up to this share of the planned steps an entropy near ln K is normal.
constexpr double kEarlyShare = 0.1;

double tail_of(const Run& run, const char* key) {
  const Curve* curve = run.curve(key);
  return curve == nullptr || curve->empty() ? kNoScore : curve->tail_mean();
}

bool is_early(const Run& run) {
  return run.state() == "running" &&
         static_cast<double>(run.status->step) <
             kEarlyShare * static_cast<double>(run.status->total_steps);
}

std::string loss_sentence(const Curve& loss) {
  if (loss.num_finite() < 2) {
    return fmt::format("Loss {}.", format_number(loss.last()));
  }
  const double from = loss.head_mean();
  const double to = loss.tail_mean();
  const bool is_still = std::abs(to - from) < kStillLoss * std::abs(from);
  return fmt::format(
      "Loss {} {} to {}.",
      is_still    ? "stayed, from"
      : to < from ? "fell from"
                  : "rose from",
      format_number(from),
      format_number(to));
}

std::string entropy_sentence(const Run& run) {
  const double entropy = tail_of(run, "teacher_entropy");
  const double top = run.log_num_prototypes();
  if (std::isnan(entropy)) {
    return " No entropies were recorded.";
  }
  std::string text =
      fmt::format(" Teacher entropy is at {}", format_number(entropy));
  if (!std::isnan(top)) {
    text += fmt::format(
        ", {:.0f} % of ln K = {}", 100 * entropy / top, format_number(top));
  }
  const double used = tail_of(run, "prototypes_used");
  if (used <= 1) {
    text +=
        fmt::format(", with {} of the prototypes in use", format_percent(used));
  } else if (used > 1) {
    text += fmt::format(", with {} prototypes in use", format_number(used));
  }
  return text + ".";
}

std::string score_sentence(const Run& run) {
  const auto score = eval_curve(run);
  if (!score) {
    return " No k-NN was run: the loss alone says nothing about quality.";
  }
  const Curve& curve = *score->by_epoch;
  if (curve.num_finite() < 2) {
    return fmt::format(
        " {} is {}.", score->label, format_percent(curve.last()));
  }
  return fmt::format(
      " {} went from {} to {} (best {} at epoch {}).",
      score->label,
      format_percent(curve.first()),
      format_percent(curve.last()),
      format_percent(curve.max()),
      format_number(curve.max_x()));
}

// How pretraining fails, each with its likely cause.
Verdict find_failure(const Run& run, const Curve& loss) {
  if (!loss.last_is_finite()) {
    return {
        Health::kFailing,
        "The loss is not a number",
        "The last recorded loss was not finite: try a lower learning rate, a "
        "teacher temperature below 0.07, fp32, or a longer freeze of the last "
        "layer."};
  }
  const double top = run.log_num_prototypes();
  const double entropy = tail_of(run, "teacher_entropy") / top;
  const double kl = tail_of(run, "kl") / top;
  const double batch_entropy = tail_of(run, "batch_entropy") / top;
  const Health early = is_early(run) ? Health::kWatch : Health::kFailing;
  if (entropy > kUniformShare && !(kl > kNoSignalShare)) {
    return {
        early,
        early == Health::kWatch ? "Still near uniform" : "Collapsed to uniform",
        "The teacher gives every prototype the same weight, so the student "
        "has nothing to learn: lower the teacher temperature (0.02) or use "
        "fewer prototypes for this many images."};
  }
  if (entropy < kSingleShare && !(batch_entropy > 10 * kSingleShare)) {
    return {
        Health::kFailing,
        "Collapsed to one prototype",
        "The teacher sends every image to the same prototype: the centre is "
        "not keeping up; check its momentum."};
  }
  const bool has_risen_to_uniform =
      loss.tail_mean() > kUniformShare * top &&
      loss.tail_mean() > loss.head_mean() * (1 + kStillLoss);
  if (has_risen_to_uniform) {
    return {
        early,
        "The loss has risen to ln K",
        "The student predicts no better than chance: train for longer, or try "
        "another learning rate, a colder teacher (0.02), or fewer prototypes "
        "for this many images."};
  }
  const bool is_still =
      loss.num_finite() >= 20 && std::abs(loss.tail_mean() - loss.head_mean()) <
                                     kStillLoss * std::abs(loss.head_mean());
  if (is_still) {
    return {
        early == Health::kWatch ? early : Health::kFailing,
        "The loss does not move",
        "Its first and last twentieth differ by less than 1 %: try another "
        "learning rate, a colder teacher (0.02), or fewer prototypes."};
  }
  if (loss.tail_mean() > loss.head_mean() * (1 + kStillLoss)) {
    return {
        Health::kWatch,
        "The loss has risen",
        "A teacher whose temperature is still warming up lifts it for a while; "
        "where it goes on rising, try a lower learning rate."};
  }
  return {Health::kHealthy, "Healthy", ""};
}

}  // namespace

Verdict judge(const Run& run) {
  const Curve* loss = run.curve("loss");
  if (loss == nullptr || (loss->empty() && loss->num_not_finite() == 0)) {
    return {
        Health::kUnknown,
        "No losses yet",
        "This run has not recorded a training step."};
  }
  Verdict verdict = find_failure(run, *loss);
  const std::string figures = (loss->empty() ? "" : loss_sentence(*loss)) +
                              entropy_sentence(run) + score_sentence(run);
  if (verdict.health != Health::kHealthy) {
    verdict.text += " " + figures;
    return verdict;
  }
  verdict.text = figures;
  if (loss->num_not_finite() > 0) {
    verdict.text += fmt::format(
        " Recorded losses that were not finite: {}.", loss->num_not_finite());
  }
  if (static_cast<double>(loss->num_not_finite()) >
      kBadLossShare * static_cast<double>(loss->num_finite())) {
    verdict.health = Health::kWatch;
    verdict.headline = "Learning, with many bad batches";
    return verdict;
  }
  const auto score = eval_curve(run);
  if (score && score->by_epoch->last() < score->by_epoch->max() - kScoreFall) {
    verdict.health = Health::kWatch;
    verdict.headline = "Past its best";
    verdict.text += " The best checkpoint is not the last one.";
  } else if (std::isnan(tail_of(run, "teacher_entropy"))) {
    verdict.health = Health::kUnknown;
    verdict.headline = "No sign of trouble in the loss";
  } else if (loss->num_finite() < 20) {
    verdict.health = Health::kUnknown;
    verdict.headline = "Too early to tell";
  }
  return verdict;
}

std::string to_text(Health health) {
  switch (health) {
    case Health::kHealthy:
      return "healthy";
    case Health::kWatch:
      return "watch";
    case Health::kFailing:
      return "failing";
    case Health::kUnknown:
      break;
  }
  return "unknown";
}

}  // namespace nadir::report
