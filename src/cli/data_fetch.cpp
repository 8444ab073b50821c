// `nadir data fetch`: downloads a data set that nadir knows by name.
#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "core/error.h"
#include "core/log.h"
#include "core/progress.h"
#include "data/fetch.h"

namespace nadir::cli {
namespace {

struct FetchCommand {
  std::string name;
  std::string url;
  std::string folder = ".";
  bool lists_only = false;
};

void print_known_sets() {
  for (const auto& set : data::known_sets()) {
    fmt::print("{:24} {}\n", set.name, set.description);
    for (const auto& file : set.files) {
      fmt::print(
          "{:24}   {}{}\n",
          "",
          file.file_name,
          file.num_bytes > 0
              ? ", " + format_bytes(static_cast<double>(file.num_bytes))
              : "");
    }
    fmt::print("{:24}   licence: {}\n", "", set.licence);
  }
}

// A mirror holds the set's files under their names: URL/FILE, or URL itself
// where the set is one file and the address ends with its name.
data::FetchFile at_mirror(data::FetchFile file, const std::string& url) {
  if (!url.empty()) {
    const bool is_whole = url.ends_with("/" + file.file_name);
    file.url = is_whole             ? url
               : url.ends_with('/') ? url + file.file_name
                                    : url + "/" + file.file_name;
  }
  return file;
}

void run_fetch(const FetchCommand& args, bool wants_json) {
  if (args.lists_only || args.name.empty()) {
    print_known_sets();
    return;
  }
  const data::KnownSet& set = data::find_known_set(args.name);
  log_info("data", "{}", set.description);
  log_info("data", "licence: {}; please cite {}", set.licence, set.cite);
  nlohmann::json files = nlohmann::json::array();
  for (const auto& known : set.files) {
    const data::FetchFile file = at_mirror(known, args.url);
    const auto outcome =
        data::fetch_file(file, args.folder, data::FetchOptions());
    const auto path = std::filesystem::path(args.folder) / file.file_name;
    const bool was_there = outcome == data::FetchOutcome::kWasThere;
    files.push_back({{"path", path.string()}, {"was_there", was_there}});
    if (!wants_json) {
      fmt::print(
          "{}: {}, checksum right\n",
          path.string(),
          was_there ? "was there" : "fetched");
    }
  }
  if (wants_json) {
    print_json(
        {{"name", set.name}, {"licence", set.licence}, {"files", files}});
  }
}

}  // namespace

void add_data_fetch(Command parent) {
  auto command = parent.add_command(
      "fetch", "Download a known data set, checked; goes on after a break.");
  auto args = std::make_shared<FetchCommand>();  // outlives the parse
  command.add("NAME", args->name, "Data set; without it, all are listed.");
  command.add_flag("--list", args->lists_only, "List the known data sets.");
  command.add(
      "--url", args->url, "Mirror: a folder's address, or the one file's.");
  command.add("-o,--out", args->folder, "Folder to download into.");
  const auto wants_json = command.add_json_flag();
  command.set_example("nadir data fetch eurosat-rgb --out data");
  command.on_run([args, wants_json] { run_fetch(*args, *wants_json); });
}

}  // namespace nadir::cli
