// What decides a packing's result, kept beside what it has made: the same
// command goes on with it, another is refused.
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "data/pack.h"

namespace nadir::data {

[[nodiscard]] nlohmann::json pack_settings(const PackOptions& options);

// Throws Error{kInvalidArgument} where `folder` holds anything but an
// unfinished packing with these settings.
void check_begun(
    const std::filesystem::path& folder, const nlohmann::json& settings);

// Throws Error{kInvalidArgument}: names and classes end in JSON and Parquet,
// which hold UTF-8 only.
void check_is_utf8(const std::string& name);

}  // namespace nadir::data
