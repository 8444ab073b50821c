// Tables as comma-separated text (RFC 4180), for spreadsheets and scripts.
#pragma once

#include <filesystem>
#include <string>

#include "table/table.h"

namespace nadir::table {

// A header line and one line a row, each ended by "\n". Missing text is an
// empty field, flags are true or false, lists are joined by "|", float rows
// become columns NAME_0, NAME_1, ..., numbers are as short as reads back
// exactly. Throws Error{kInvalidArgument} if the columns differ in length, or
// for a column of bytes.
[[nodiscard]] std::string to_csv(const Table& table);

// The same into a file, replaced atomically (core/file.h).
void write_csv(const std::filesystem::path& path, const Table& table);

}  // namespace nadir::table
