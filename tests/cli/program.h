// Runs the built program as a user does: as a process, with a time limit.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include <nlohmann/json.hpp>

namespace nadir::cli {

struct Outcome {
  int exit_code = -1;  // as a shell says it: 128 + n after signal n
  bool was_in_time = true;
  std::string out;
  std::string err;

  // `out` as JSON; null where it is none.
  [[nodiscard]] nlohmann::json json() const;

  // All of it, for messages of failed tests.
  [[nodiscard]] std::string text() const;
};

struct ProcessOptions {
  std::filesystem::path folder;     // working folder; empty is the caller's
  std::chrono::seconds limit{180};  // a second or two where nobody else works
  std::map<std::string, std::string> variables;  // beside the environment's
  std::string out_path;                    // standard output goes here instead
  std::optional<int64_t> file_size_limit;  // bytes; RLIMIT_FSIZE
  // Sends `signal` once, as soon as `when` (asked every few ms) is true.
  int signal = 0;
  std::function<bool()> when;
};

// Runs `nadir` with these words and waits for its end.
[[nodiscard]] Outcome run_nadir(
    const std::vector<std::string>& words, const ProcessOptions& options = {});

// The process of rank `rank` whose command line names `run`; 0 if there is
// none. Read from /proc, as `ps e` does.
[[nodiscard]] pid_t process_of_rank(int rank, const std::filesystem::path& run);

// "pretrain --out a" as words; `more` follows.
[[nodiscard]] std::vector<std::string> words_of(
    const std::string& line, const std::vector<std::string>& more = {});

}  // namespace nadir::cli
