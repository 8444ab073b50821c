// Environment variables as a function, so that tests can give their own.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace nadir {

// The value of a variable; nothing where it is not set or empty.
using Environment =
    std::function<std::optional<std::string>(const std::string& name)>;

// This process's own.
[[nodiscard]] Environment process_environment();

// The variable as a whole number; nothing where it is not set. Throws
// Error{kInvalidArgument} naming it where it is no number, or below `least`.
[[nodiscard]] std::optional<int64_t> number_of(
    const Environment& environment, const std::string& name, int64_t least = 0);

// The same where it must be set, since the engine that sets `because` does.
[[nodiscard]] int64_t required_number(
    const Environment& environment,
    const std::string& name,
    const std::string& because);

// Where both are set they must say the same: throws Error{kInvalidArgument}
// with both values.
void check_same(
    const Environment& environment,
    const std::string& name,
    const std::string& other_name);

}  // namespace nadir
