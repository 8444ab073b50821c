#include "cli/shared_arguments.h"

namespace nadir::cli {
namespace {

constexpr char kThreadsHelp[] = "Threads; 0 takes all there are.";

}  // namespace

void add_threads(Command command, int& num_threads) {
  command.add("--threads", num_threads, kThreadsHelp).at_least(0);
}

void add_threads(Command command, int64_t& num_threads) {
  command.add("--threads", num_threads, kThreadsHelp).at_least(0);
}

void add_max_bad(Command command, int64_t& max_bad, const std::string& things) {
  command
      .add(
          "--max-bad",
          max_bad,
          things + " that may be unusable; each is named.")
      .at_least(0);
}

void add_checkpoint_key(Command command, std::string& key) {
  command
      .add(
          "--checkpoint-key",
          key,
          "Which backbone of a full checkpoint: teacher or student; without "
          "it, the teacher's.")
      .one_of({"teacher", "student"});
}

}  // namespace nadir::cli
