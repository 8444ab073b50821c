// The program's one entry point: parses, runs one command, turns errors into
// messages and exit codes (docs/architecture.md).
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <c10/util/Exception.h>

#include "cli/parser.h"
#include "core/error.h"
#include "core/signals.h"
#include "launch/error_file.h"
#include "model/device.h"

namespace nadir::cli {
namespace {

constexpr int kUsageError = 2;
constexpr int kFailure = 1;

// `_` and `-` are the same in flag names: `--teacher_temp=0.04` becomes
// `--teacher-temp=0.04`. Values are left alone.
std::string canonical_argument(std::string argument) {
  if (!argument.starts_with("--")) {
    return argument;
  }
  for (size_t i = 2; i < argument.size() && argument[i] != '='; ++i) {
    if (argument[i] == '_') {
      argument[i] = '-';
    }
  }
  return argument;
}

// Without the program's name.
std::vector<std::string> canonical_arguments(int argc, char** argv) {
  std::vector<std::string> arguments;
  bool is_option = true;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    is_option = is_option && argument != "--";
    arguments.push_back(is_option ? canonical_argument(argument) : argument);
  }
  return arguments;
}

// Called by the name of a command, as SageMaker calls `train`, the program runs
// it. A copy of that name starts its children with a command's name in front.
void add_own_name(
    const Parser& parser, const char* called, std::vector<std::string>& words) {
  const auto name = std::filesystem::path(called).filename().string();
  if (parser.has_command(name) &&
      (words.empty() || !parser.has_command(words.front()))) {
    words.insert(words.begin(), name);
  }
}

// To the user, and to torchrun where that started this process.
int report(const std::string& reason, int status) {
  std::fprintf(stderr, "nadir: %s\n", reason.c_str());
  launch::write_error_file(process_environment(), reason);
  return status;
}

int run(int argc, char** argv) {
  try {
    Parser parser;
    auto words = canonical_arguments(argc, argv);
    if (argc > 0) {
      add_own_name(parser, argv[0], words);
    }
    parser.parse(words);
  } catch (const UsageError& error) {
    return report(error.what(), kUsageError);
  }
  if (std::cout.flush().fail() || std::fflush(stdout) != 0) {
    fail(
        ErrorCode::kIo,
        "cannot write the standard output: {}",
        std::strerror(errno));
  }
  const int signal = caught_signal();
  return signal != 0 ? 128 + signal : 0;
}

int guarded_run(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const Stopped& stopped) {
    return report(stopped.what(), 128 + caught_signal());
  } catch (const Error& error) {
    return report(error.what(), exit_code(error.code()));
  } catch (const c10::Error& error) {
    return report(
        std::string("LibTorch: ") + error.what_without_backtrace(), kFailure);
  } catch (const std::bad_alloc&) {
    return report(
        "out of memory; a smaller batch or fewer loader threads need less",
        kFailure);
  } catch (const std::filesystem::filesystem_error& error) {
    return report(error.what(), kFailure);
  } catch (const std::exception& error) {
    return report(std::string("internal error: ") + error.what(), kFailure);
  }
}

}  // namespace
}  // namespace nadir::cli

int main(int argc, char** argv) {
  nadir::model::tune_allocator();  // before anything allocates
  nadir::catch_signals();
  return nadir::cli::guarded_run(argc, argv);
}
