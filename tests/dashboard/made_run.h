// Run folders that grow as a test says.
#pragma once

#include <filesystem>
#include <string>

#include "runs/metrics_writer.h"
#include "runs/run_folder.h"

namespace nadir::dashboard {

// A run that "trains": its writer stays open.
class MadeRun {
 public:
  MadeRun(const std::filesystem::path& folder, double temp)
      : run_(runs::RunFolder::create(folder)), metrics_(run_.paths().metrics) {
    run_.write_config(fmt::format(
        "out = \"{}\"\n[head]\nout_dim = 4096\n[loss]\nteacher_temp = {}\n",
        folder.filename().string(),
        temp));
    run_.write_provenance({});
    write_status(runs::RunState::kRunning);
  }

  void write_status(runs::RunState state) {
    runs::RunStatus status;
    status.state = state;
    status.step = step_;
    status.total_steps = 1000;
    run_.write_status(status);
  }

  void train(int num_steps) {
    for (int i = 0; i < num_steps; ++i) {
      ++step_;
      metrics_.write(
          {{"step", step_},
           {"epoch", step_ / 10.0},
           {"time_s", step_ * 0.5},
           {"loss", 8.0 - 0.001 * step_}});
    }
    write_status(runs::RunState::kRunning);
  }

  [[nodiscard]] std::filesystem::path folder() const {
    return run_.paths().root;
  }

 private:
  runs::RunFolder run_;
  runs::MetricsWriter metrics_;
  int step_ = 0;
};

}  // namespace nadir::dashboard
