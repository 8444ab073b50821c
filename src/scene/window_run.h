// Runs a network over the windows of a scene: rows of the scene are read ahead,
// views are cut by threads, batches go through the network, and what it says
// of each window goes to disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "eval/features.h"
#include "scene/scene.h"
#include "scene/window_model.h"
#include "scene/window_plan.h"
#include "scene/window_store.h"

namespace nadir::scene {

struct WindowRunOptions {
  int64_t batch_size = 64;
  int64_t num_threads = 0;       // that cut views; 0 = all
  double min_valid_share = 0.5;  // of a window's pixels
  double save_every_s = 5;
};

// Computes the windows of `range` that `folder` does not hold yet, in batches
// of batch_size consecutive windows, of which those that are skipped are left
// out: what a batch is depends neither on where a run was ended nor on who
// makes it. A window is skipped where less than min_valid_share of its pixels
// are valid; of others the invalid pixels get the mean of the valid ones. Saves
// before it throws: Stopped after a signal, and what reading, the network and
// the disk throw. `what` is shown with the progress.
void run_windows(
    const Scene& scene,
    const WindowPlan& plan,
    const WindowRange& range,
    const WindowModel& model,
    const eval::ViewRecipe& views,
    const WindowRunOptions& options,
    const std::filesystem::path& folder,
    const std::string& what);

}  // namespace nadir::scene
