// Tables as Parquet files, through Arrow. Arrow's types stay in the .cpp.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "table/table.h"

namespace nadir::table {

// Key-value texts of the file, such as GeoParquet's "geo".
using Metadata = std::map<std::string, std::string>;

// The named columns in the given order; empty means every column of a type
// that a Table can hold (others are left out). Reads string, large_string and
// dictionary columns alike, lists whatever their items are called, integers
// and floats of any width. Throws Error{kNotFound} if there is no such file;
// Error{kCorruptData}, naming file and column, if it is no Parquet file, a
// column is missing or of another type, or a flag or number is null.
[[nodiscard]] Table read_parquet(
    const std::filesystem::path& path,
    const std::vector<std::string>& columns = {});

// Without the schema that Arrow stores there for itself: it would be stale in
// a file of other columns. Throws as read_parquet does.
[[nodiscard]] Metadata read_parquet_metadata(const std::filesystem::path& path);

// The names of the file's columns in their order. Throws as read_parquet does.
[[nodiscard]] std::vector<std::string> read_parquet_columns(
    const std::filesystem::path& path);

// Replaces `path`, atomically, by the table with zstd compression. Float rows
// become fixed-size lists of float32. Throws Error{kInvalidArgument} if the
// columns differ in length, Error{kIo} if the file cannot be written.
void write_parquet(
    const std::filesystem::path& path,
    const Table& table,
    const Metadata& metadata = {});

// Arrow's version, "26.0.1".
[[nodiscard]] std::string arrow_version();

}  // namespace nadir::table
