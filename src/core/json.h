// JSON text in and out, compiled once: the library's parser and serialiser
// would cost two seconds in every source that calls them.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace nadir {

// Throws nlohmann::json::parse_error where `text` is no JSON.
[[nodiscard]] nlohmann::json parse_json(std::string_view text);

// Where `text` is no JSON, a value whose is_discarded() is true.
[[nodiscard]] nlohmann::json parse_json_or_discard(std::string_view text);

// As parse_json_or_discard(), with the keys in the order of the text.
[[nodiscard]] nlohmann::ordered_json parse_ordered_json(std::string_view text);

// On one line, or with `indent` blanks a level. Bytes that are no UTF-8 are
// replaced by U+FFFD.
[[nodiscard]] std::string json_text(
    const nlohmann::json& json, int indent = -1);
[[nodiscard]] std::string json_text(
    const nlohmann::ordered_json& json, int indent = -1);

}  // namespace nadir
