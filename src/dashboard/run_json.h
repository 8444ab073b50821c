// Runs and curves as the web application reads them.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "dashboard/curve_sample.h"
#include "report/run.h"

namespace nadir::dashboard {

[[nodiscard]] nlohmann::ordered_json summary_json(
    const report::Run& run, int64_t id, const std::string& shown_path);

// The summary, and configuration, provenance, events, tables and the names of
// pictures.
[[nodiscard]] nlohmann::ordered_json details_json(
    const report::Run& run, int64_t id, const std::string& shown_path);

[[nodiscard]] nlohmann::ordered_json to_json(const CurveSample& sample);

// NaN and infinities as null.
[[nodiscard]] nlohmann::ordered_json number_json(double value);

}  // namespace nadir::dashboard
