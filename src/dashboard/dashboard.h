// The web application about runs and data: `nadir dashboard`.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "dashboard/dashboard_config.h"
#include "dashboard/data_parts.h"
#include "dashboard/run_watch.h"

namespace nadir::dashboard {

// What there is to look at.
struct DashboardSources {
  std::vector<RunSource> runs;
  std::optional<DataSources> data = std::nullopt;
};

// Serves from the constructor to the destructor. Reads run folders and data;
// the one thing it writes are notes, RUN/notes.md.
class Dashboard {
 public:
  // Throws as RunWatch and DataParts do, Error{kInvalidArgument} on a
  // configuration out of range, Error{kIo} where the port cannot be had.
  Dashboard(const DashboardSources& sources, const DashboardConfig& config);
  ~Dashboard();
  Dashboard(const Dashboard&) = delete;
  Dashboard& operator=(const Dashboard&) = delete;

  // To open in a browser, with the token where there is one.
  [[nodiscard]] std::string url() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nadir::dashboard
