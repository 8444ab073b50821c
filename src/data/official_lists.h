// The lists published beside BigEarthNet v1: splits, seasonal snow, clouds and
// shadows, patches without a 19-class label, and countries. They come with the
// PyPI wheel bigearthnet-common (docs/formats/bigearthnet.md).
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nadir::data {

// What the lists say of one patch.
struct OfficialFacts {
  bool has_snow = false;
  bool has_cloud_or_shadow = false;
  bool is_listed = false;            // in any list
  std::optional<std::string> split;  // "train", "validation", "test"
  std::optional<std::string> country;
};

// The folder with the lists: `flag` if it is not empty, else the environment
// variable NADIR_LISTS, else a folder `lists` in or beside `source`, else the
// folder known from the build, else share/nadir/lists beside the program's.
// Throws Error{kNotFound} saying where it looked.
[[nodiscard]] std::filesystem::path find_lists(
    const std::string& flag, const std::filesystem::path& source);

// Calls take(line) for each line of a text, plain or compressed with bzip2 or
// gzip. Throws Error{kNotFound} or Error{kCorruptData}.
void for_each_line(
    const std::filesystem::path& path,
    const std::function<void(std::string_view line)>& take);

// The facts for each of `names`, which must not repeat. Files are NAME.csv or
// NAME.csv.bz2; train, val (or validation) and test must be there, the others
// may be missing (then nothing is known). Names of the lists that are not in
// `names` cost time but no memory. Throws Error{kNotFound} naming the file.
[[nodiscard]] std::vector<OfficialFacts> read_official_facts(
    const std::filesystem::path& lists, const std::vector<std::string>& names);

// Country by Sentinel-2 name from a csv with the columns s2_name and country
// (or name and country), for those of `names` that it has, in their order.
// Throws Error{kCorruptData} if there are no such columns.
[[nodiscard]] std::vector<std::optional<std::string>> read_country_list(
    const std::filesystem::path& path, const std::vector<std::string>& names);

// Every name of the lists, sorted: all patches of the complete archive.
[[nodiscard]] std::vector<std::string> read_all_listed_names(
    const std::filesystem::path& lists);

}  // namespace nadir::data
