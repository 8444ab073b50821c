#include "data/official_lists.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <unordered_map>

#include <archive.h>
#include <archive_entry.h>

#include "core/config.h"
#include "core/error.h"
#include "core/parallel.h"

namespace nadir::data {
namespace {

namespace fs = std::filesystem;

// A list file and what being named in it means.
struct List {
  std::vector<std::string> stems;  // names of the file, the first preferred
  bool is_required;
  std::function<void(OfficialFacts&)> mark;
};

std::vector<List> official_lists() {
  const auto mark_split = [](const char* split) {
    return [split](OfficialFacts& facts) { facts.split = split; };
  };
  return {
      {{"train"}, true, mark_split("train")},
      {{"val", "validation"}, true, mark_split("validation")},
      {{"test"}, true, mark_split("test")},
      {{"patches_with_seasonal_snow"},
       false,
       [](OfficialFacts& facts) { facts.has_snow = true; }},
      {{"patches_with_cloud_and_shadow"},
       false,
       [](OfficialFacts& facts) { facts.has_cloud_or_shadow = true; }},
      {{"patches_with_no_19_class_targets"}, false, [](OfficialFacts&) {}},
  };
}

constexpr char kCountryList[] = "s1_s2_name_country_season";

// STEM.csv or STEM.csv.bz2 in `folder`, or "".
fs::path list_file(
    const fs::path& folder, const std::vector<std::string>& stems) {
  for (const auto& stem : stems) {
    for (const char* ending : {".csv", ".csv.bz2", ".csv.gz"}) {
      const fs::path path = folder / (stem + ending);
      if (fs::exists(path)) {
        return path;
      }
    }
  }
  return {};
}

// The list's file; "" if it is missing and may be.
fs::path file_of(const fs::path& folder, const List& list) {
  const fs::path path = list_file(folder, list.stems);
  if (path.empty() && list.is_required) {
    fail(
        ErrorCode::kNotFound,
        "{}: has no {}.csv or {}.csv.bz2; --lists names a folder with the "
        "official lists (the wheel bigearthnet-common has them)",
        folder.string(),
        list.stems.front(),
        list.stems.front());
  }
  return path;
}

bool has_lists(const fs::path& folder) {
  return !list_file(folder, {"train"}).empty();
}

fs::path program_folder() {
  std::error_code code;
  return fs::read_symlink("/proc/self/exe", code).parent_path();
}

using Places = std::unordered_map<std::string_view, size_t>;

Places places_of(const std::vector<std::string>& names) {
  Places places;
  places.reserve(names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    places.emplace(names[i], i);
  }
  return places;
}

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view without_blanks(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) {
    line.remove_suffix(1);
  }
  return line;
}

struct ArchiveCloser {
  void operator()(struct archive* handle) const { archive_read_free(handle); }
};

}  // namespace

fs::path find_lists(const std::string& flag, const fs::path& source) {
  if (!flag.empty()) {
    return flag;
  }
  if (const char* named = std::getenv("NADIR_LISTS")) {
    return named;
  }
  // fs::absolute("") is an error.
  const fs::path whole =
      fs::absolute(source.empty() ? "." : source).lexically_normal();
  const fs::path parent =
      (whole.has_filename() ? whole : whole.parent_path()).parent_path();
  const std::vector<fs::path> folders = {
      whole / "lists",
      parent / "lists",
      fs::path(NADIR_LISTS_FOLDER),
      program_folder().parent_path() / "share" / "nadir" / "lists"};
  for (const auto& folder : folders) {
    if (has_lists(folder)) {
      return folder;
    }
  }
  fail(
      ErrorCode::kNotFound,
      "the official lists of BigEarthNet are in none of {}, {}, {}, {}; run "
      "scripts/setup.sh, or name their folder with --lists or NADIR_LISTS",
      folders[0].string(),
      folders[1].string(),
      folders[2].string(),
      folders[3].string());
}

void for_each_line(
    const fs::path& path,
    const std::function<void(std::string_view line)>& take) {
  if (!fs::exists(path)) {
    fail(ErrorCode::kNotFound, "{}: no such file", path.string());
  }
  if (fs::file_size(path) == 0) {
    return;
  }
  const std::unique_ptr<struct archive, ArchiveCloser> handle(
      archive_read_new());
  archive_read_support_filter_bzip2(handle.get());
  archive_read_support_filter_gzip(handle.get());
  archive_read_support_format_raw(handle.get());
  struct archive_entry* entry = nullptr;
  std::string rest;
  bool is_first = true;
  const auto take_line = [&](std::string_view line) {
    if (is_first && line.starts_with(kByteOrderMark)) {
      line.remove_prefix(kByteOrderMark.size());
    }
    is_first = false;
    take(without_blanks(line));
  };
  std::vector<char> buffer(1 << 18);
  la_ssize_t got = 0;
  if (archive_read_open_filename(handle.get(), path.c_str(), 1 << 16) !=
          ARCHIVE_OK ||
      archive_read_next_header(handle.get(), &entry) != ARCHIVE_OK) {
    got = -1;
  }
  while (got >= 0) {
    got = archive_read_data(handle.get(), buffer.data(), buffer.size());
    if (got <= 0) {
      break;
    }
    rest.append(buffer.data(), static_cast<size_t>(got));
    std::string_view text = rest;
    for (size_t end = text.find('\n'); end != std::string_view::npos;
         end = text.find('\n')) {
      take_line(text.substr(0, end));
      text.remove_prefix(end + 1);
    }
    rest = std::string(text);
  }
  if (got < 0) {
    const char* reason = archive_error_string(handle.get());
    fail(
        ErrorCode::kCorruptData,
        "{}: {}",
        path.string(),
        reason == nullptr ? "cannot be read" : reason);
  }
  if (!without_blanks(rest).empty()) {
    take_line(rest);
  }
}

std::vector<OfficialFacts> read_official_facts(
    const fs::path& lists, const std::vector<std::string>& names) {
  const Places places = places_of(names);
  const std::vector<List> all = official_lists();
  // Each list on a thread of its own: bzip2 is slow. Only places are shared.
  std::vector<std::vector<size_t>> named(all.size());
  parallel_for(
      static_cast<int64_t>(all.size()), 1, 0, [&](int64_t begin, int64_t end) {
        for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end);
             ++i) {
          const fs::path path = file_of(lists, all[i]);
          if (path.empty()) {
            continue;
          }
          for_each_line(path, [&](std::string_view line) {
            const auto found = places.find(line);
            if (found != places.end()) {
              named[i].push_back(found->second);
            }
          });
        }
      });
  std::vector<OfficialFacts> facts(names.size());
  for (size_t i = 0; i < all.size(); ++i) {
    for (const size_t place : named[i]) {
      facts[place].is_listed = true;
      all[i].mark(facts[place]);
    }
  }
  const fs::path countries = list_file(lists, {kCountryList});
  if (!countries.empty()) {
    const auto by_name = read_country_list(countries, names);
    for (size_t i = 0; i < names.size(); ++i) {
      facts[i].country = by_name[i];
    }
  }
  return facts;
}

std::vector<std::optional<std::string>> read_country_list(
    const fs::path& path, const std::vector<std::string>& names) {
  const Places places = places_of(names);
  std::vector<std::optional<std::string>> countries(names.size());
  std::optional<size_t> name_column;
  std::optional<size_t> country_column;
  bool is_header = true;
  for_each_line(path, [&](std::string_view line) {
    const auto field = [&line](size_t column) {
      std::string_view rest = line;
      for (; column > 0; --column) {
        const size_t comma = rest.find(',');
        rest.remove_prefix(
            comma == std::string_view::npos ? rest.size() : comma + 1);
      }
      return rest.substr(0, rest.find(','));
    };
    if (!is_header) {
      const auto found = places.find(field(*name_column));
      const std::string_view country = field(*country_column);
      if (found != places.end() && !country.empty()) {
        countries[found->second] = std::string(country);
      }
      return;
    }
    is_header = false;
    const auto titles = split(std::string(line), ',');
    for (size_t i = 0; i < titles.size(); ++i) {
      if (titles[i] == "s2_name" || titles[i] == "name") {
        name_column = i;
      } else if (titles[i] == "country") {
        country_column = i;
      }
    }
    if (!name_column || !country_column) {
      fail(
          ErrorCode::kCorruptData,
          "{}: the first line should name the columns s2_name and country, it "
          "says '{}'",
          path.string(),
          line);
    }
  });
  return countries;
}

std::vector<std::string> read_all_listed_names(const fs::path& lists) {
  std::vector<std::string> names;
  for (const auto& list : official_lists()) {
    const fs::path path = file_of(lists, list);
    if (!path.empty()) {
      for_each_line(path, [&](std::string_view line) {
        if (!line.empty()) {
          names.emplace_back(line);
        }
      });
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace nadir::data
