// The parts of an output that several processes make, beside it or in its
// folder: how they are called, which are there, what they say of themselves,
// and the merge that exactly one process does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/part.h"

namespace nadir::data {

// Last file of a part that is a folder: with it the part is complete.
inline constexpr char kPartFile[] = "part.json";
// Key of a Parquet part's metadata.
inline constexpr char kPartKey[] = "nadir_part";

// What a part says of itself.
struct PartHeader {
  std::string kind;  // "index", "features" or "dataset"
  Part part;
  nlohmann::json settings;  // parts go together where these are equal
  nlohmann::json content;   // of the kind
};

[[nodiscard]] nlohmann::json to_json(const PartHeader& header);

// Reads the part at `path`, a Parquet file or a folder with part.json. Throws
// Error{kCorruptData} naming it where it is none.
[[nodiscard]] PartHeader read_part_header(const std::filesystem::path& path);

// Throws Error{kInvalidArgument} that names the first setting in which the
// part at `path` differs from what is wanted.
void check_part_settings(
    const std::filesystem::path& path,
    const nlohmann::json& made,
    const nlohmann::json& wanted);

class PartSet {
 public:
  // index.parquet.part-00001-of-00004 beside the file `out`.
  [[nodiscard]] static PartSet of_file(const std::filesystem::path& out);
  // part-00001-of-00004 in the folder `out`.
  [[nodiscard]] static PartSet of_folder(const std::filesystem::path& out);

  [[nodiscard]] std::filesystem::path path(const Part& part) const;

  // Complete parts by number, and of how many. Throws Error{kInvalidArgument}
  // where parts of unlike splits lie together, finished or not.
  struct Found {
    int64_t count = 0;  // 0 where there is no part, finished or not
    std::map<int64_t, std::filesystem::path> paths;
    [[nodiscard]] std::vector<int64_t> missing() const;

    [[nodiscard]] bool is_complete() const {
      return count > 0 && missing().empty();
    }
  };

  [[nodiscard]] Found find() const;

  // Before the work: whether `part` is there already. Throws
  // Error{kInvalidArgument} where any part is of another split, another kind
  // or other settings.
  [[nodiscard]] bool check_before(
      const Part& part,
      const std::string& kind,
      const nlohmann::json& settings) const;

  // Gets all parts in order. To be called with headers that agree.
  using Merge = std::function<void(
      const std::vector<PartHeader>& headers,
      const std::vector<std::filesystem::path>&)>;

  struct Outcome {
    bool is_merged = false;        // by this call
    std::vector<int64_t> missing;  // empty and not merged: another did it
  };

  // To be called after a part was made. Under an exclusive lock: if all parts
  // are there, calls `merge` and removes them. What `merge` throws leaves all
  // as it is. Throws Error{kIo} where the lock cannot be had.
  [[nodiscard]] Outcome merge_if_complete(const Merge& merge) const;

  // The same by hand: throws Error{kNotFound} naming the parts that are
  // missing.
  void merge(const Merge& merge) const;

 private:
  PartSet(std::filesystem::path folder, std::string prefix)
      : folder_(std::move(folder)), prefix_(std::move(prefix)) {}

  std::filesystem::path folder_;
  std::string prefix_;  // of the names of parts
};

}  // namespace nadir::data
