// All that `nadir pretrain` can be told. Names and defaults are those of the
// reference DINO program where it has them (docs/dino.md). Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "augment/view_config.h"
#include "model/head_config.h"
#include "model/vit_config.h"
#include "ssl/dino_loss_config.h"

namespace nadir::train {

// Views of an image that the teacher sees too, the first ones.
constexpr int64_t kGlobalViews = 2;

struct DataConfig {
  std::string data_path;
  std::string split;
  std::vector<std::string> bands;
  std::string normalization = "auto";
  std::string index;
  int64_t max_images = 0;
  int64_t window_px = 120;
  int64_t data_shares = 1;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(
        data_path,
        "data_path",
        "Training images: a dataset folder, a BigEarthNet folder, a folder or "
        "text list of images, or GeoTIFF scenes.");
    visit(
        split,
        "split",
        "Split to train on; empty takes 'train' where the data has splits, "
        "else all images; 'all' takes all.");
    visit(bands, "bands", "Bands in this order; empty takes all there are.");
    visit(
        normalization,
        "normalization",
        "From digital numbers to network input: auto, rgb2000, seed, imagenet, "
        "zscore, div10000, minmax, percentile, clip2std, dinov3sat.");
    visit(index, "index", "index.parquet of a raw BigEarthNet folder.");
    visit(
        max_images,
        "max_images",
        "At most this many images, evenly spread; 0 takes all.");
    visit(
        window_px, "window_px", "Side of the windows cut from GeoTIFF scenes.");
    visit(
        data_shares,
        "data_shares",
        "Shares of neighbouring images that are shuffled each by itself, so "
        "that each host reads its own; 1 shuffles all together.");
  }
};

struct OptimConfig {
  std::string optimizer = "adamw";
  int64_t epochs = 100;
  int64_t batch_size_per_gpu = 64;
  int64_t accumulate = 1;
  bool backward_per_crop_size = false;
  double lr = 0.0005;
  double min_lr = 1e-6;
  int64_t warmup_epochs = 10;
  double weight_decay = 0.04;
  double weight_decay_end = 0.4;
  double clip_grad = 3.0;
  int64_t freeze_last_layer = 1;
  double momentum_teacher = 0.996;
  double warmup_teacher_temp = 0.04;
  double teacher_temp = 0.04;
  int64_t warmup_teacher_temp_epochs = 0;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(optimizer, "optimizer", "adamw, sgd or lars.");
    visit(epochs, "epochs", "Passes over the images.");
    visit(
        batch_size_per_gpu,
        "batch_size_per_gpu",
        "Images of one forward pass on one device.");
    visit(
        accumulate,
        "accumulate",
        "Forward passes an optimiser step; exact: centre, teacher and "
        "schedules move once a step.");
    visit(
        backward_per_crop_size,
        "backward_per_crop_size",
        "Take the student forward and back over the global crops, then over "
        "the local ones: a quarter less memory, the same gradients; weights "
        "are made ready twice.");
    visit(lr, "lr", "Highest learning rate for a batch of 256 images.");
    visit(min_lr, "min_lr", "Learning rate at the end, not scaled.");
    visit(
        warmup_epochs,
        "warmup_epochs",
        "Epochs over which the learning rate rises from 0.");
    visit(weight_decay, "weight_decay", "Weight decay at the start.");
    visit(weight_decay_end, "weight_decay_end", "Weight decay at the end.");
    visit(
        clip_grad,
        "clip_grad",
        "Largest gradient norm of each parameter tensor; 0 clips nothing.");
    visit(
        freeze_last_layer,
        "freeze_last_layer",
        "Epochs in which the prototypes stay as they are.");
    visit(
        momentum_teacher,
        "momentum_teacher",
        "The teacher's momentum at the start; rises to 1.");
    visit(
        warmup_teacher_temp,
        "warmup_teacher_temp",
        "Teacher temperature at the start.");
    visit(
        teacher_temp,
        "teacher_temp",
        "Teacher temperature after the warm-up; above 0.07 is unstable.");
    visit(
        warmup_teacher_temp_epochs,
        "warmup_teacher_temp_epochs",
        "Epochs over which the teacher temperature moves.");
  }
};

// Images of one optimiser step over `world_size` processes.
[[nodiscard]] constexpr int64_t images_per_step(
    const OptimConfig& config, int64_t world_size) {
  return config.batch_size_per_gpu * config.accumulate * world_size;
}

struct RunConfig {
  std::string output_dir;
  std::string checkpoint_dir;
  std::string init_weights;
  int64_t saveckp_freq = 20;
  int64_t save_every_steps = 0;
  int64_t stop_after_steps = 0;
  int64_t seed = 0;
  int64_t num_workers = 0;
  int64_t num_threads = 0;
  std::string device = "auto";
  std::string precision = "fp32";
  int64_t stats_every_steps = 10;
  int64_t knn_every_epochs = 1;
  int64_t knn_images = 2000;
  int64_t knn_neighbours = 20;
  int64_t max_nonfinite_steps = 3;
  double max_bad_share = 0;
  int64_t peer_timeout_s = 600;
  std::string dist_backend = "auto";

  // The folder whose checkpoints/ holds the checkpoints.
  [[nodiscard]] const std::string& checkpoint_root() const {
    return checkpoint_dir.empty() ? output_dir : checkpoint_dir;
  }

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit(output_dir, "output_dir", "The run folder.");
    visit(
        checkpoint_dir,
        "checkpoint_dir",
        "Folder whose checkpoints/ holds the checkpoints; empty is the run "
        "folder.");
    visit(
        init_weights,
        "init_weights",
        "Backbone to start from: run, checkpoint, safetensors or DINO .pth; "
        "empty starts at random.");
    visit(
        saveckp_freq,
        "saveckp_freq",
        "Epochs between checkpoints that are kept for good; 0 keeps the last "
        "and the best alone.");
    visit(
        save_every_steps,
        "save_every_steps",
        "Steps between checkpoints; 0 saves at the end of each epoch.");
    visit(
        stop_after_steps,
        "stop_after_steps",
        "Save and stop after this many steps in all; 0 goes on to the end.");
    visit(seed, "seed", "Seed of weights, data order and views.");
    visit(
        num_workers,
        "num_workers",
        "Threads that read and augment; 0 takes all processors.");
    visit(
        num_threads,
        "num_threads",
        "Threads that compute on the CPU; 0 takes all processors.");
    visit(device, "device", "auto, cpu, cuda or cuda:N.");
    visit(
        precision,
        "precision",
        "fp32; bf16 for matrix products (fast on GPUs and on CPUs with AMX or "
        "AVX-512 BF16); "
        "auto takes the one whose products are faster here.");
    visit(
        stats_every_steps,
        "stats_every_steps",
        "Steps between records with entropies, rank and prototype use.");
    visit(
        knn_every_epochs,
        "knn_every_epochs",
        "Epochs between k-NN scores on labelled data; 0 scores never.");
    visit(
        knn_images,
        "knn_images",
        "Images of each side of the k-NN score, evenly spread.");
    visit(knn_neighbours, "knn_neighbours", "Neighbours that vote.");
    visit(
        max_nonfinite_steps,
        "max_nonfinite_steps",
        "Steps in a row with a loss or gradient that is not finite, which are "
        "skipped; one more stops the run.");
    visit(
        max_bad_share,
        "max_bad_share",
        "Share of images that may be unreadable; each is named and replaced.");
    visit(
        peer_timeout_s,
        "peer_timeout_s",
        "Seconds without an answer after which another process counts as "
        "lost.");
    visit(
        dist_backend,
        "dist_backend",
        "What sums over processes: auto (nccl on CUDA, gloo on the CPU), nccl, "
        "gloo; smddp, SageMaker's own, is replaced by auto's.");
  }
};

struct PretrainConfig {
  RunConfig run;
  DataConfig data;
  augment::ViewConfig views;
  model::VitConfig model;
  model::HeadConfig head;
  ssl::DinoLossConfig loss;
  OptimConfig optim;

  template <class Visitor>
  void for_each(Visitor&& visit) {
    visit.section("run", run);
    visit.section("data", data);
    visit.section("views", views);
    visit.section("model", model);
    visit.section("head", head);
    visit.section("loss", loss);
    visit.section("optim", optim);
  }
};

}  // namespace nadir::train
