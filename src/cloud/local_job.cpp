#include "cloud/local_job.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <memory>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cloud/pipe_feeder.h"
#include "cloud/requests.h"
#include "cloud/tree_archive.h"
#include "core/error.h"
#include "core/file.h"
#include "core/signals.h"

namespace nadir::cloud {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kStopWindow{120};
constexpr int kPollMs = 100;
constexpr size_t kMaxFailure = 1024;
constexpr int kSignalBase = 128;

using Feeders = std::vector<std::unique_ptr<PipeFeeder>>;

// The tree that the platform makes. Checkpoints are the user's own folder, so
// that they stay. The writers of channels in Pipe mode go to `feeders`.
void lay_out(const LocalJob& job, const fs::path& base, Feeders& feeders) {
  for (const auto& [name, text] : processing_config(job.spec)) {
    write_file(base / "input" / "config" / name, text);
  }
  for (const auto* folder : {"model", "output/data", "input/data"}) {
    make_folder(base / folder);
  }
  for (const auto& channel : job.spec.channels) {
    const fs::path source = fs::absolute(channel.uri);
    if (!fs::exists(source)) {
      fail(
          ErrorCode::kNotFound,
          "--input {}: {} is not there",
          channel.name,
          channel.uri);
    }
    const fs::path target = base / "input" / "data" / channel.name;
    if (channel.mode == "Pipe") {
      feeders.push_back(
          std::make_unique<PipeFeeder>(source, target.string() + "_0"));
    } else if (fs::is_directory(source)) {
      fs::create_directory_symlink(source, target);
    } else {  // an object by itself
      make_folder(target);
      fs::create_symlink(source, target / source.filename());
    }
  }
  const fs::path checkpoints = fs::absolute(job.folder / "checkpoints");
  make_folder(checkpoints);
  fs::create_directory_symlink(checkpoints, base / "checkpoints");
}

std::vector<std::string> environment_of(
    const LocalJob& job, const fs::path& base) {
  const std::vector<std::string> ours = {
      "SAGEMAKER_BASE_DIR=" + base.string(),
      "TRAINING_JOB_NAME=" + job.spec.name};
  std::vector<std::string> all = ours;
  for (const auto& [name, value] : job.spec.environment) {
    all.push_back(name + "=" + value);
  }
  const size_t num_set = all.size();
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string variable = *one;
    const std::string begin = variable.substr(0, variable.find('=') + 1);
    bool is_set = false;
    for (size_t i = 0; i < num_set; ++i) {
      is_set = is_set || all[i].starts_with(begin);
    }
    if (!is_set) {
      all.push_back(variable);
    }
  }
  return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (auto& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

struct Child {
  pid_t pid = 0;
  int output = -1;  // reads what it prints
};

Child start(const LocalJob& job, const fs::path& base) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    fail(ErrorCode::kIo, "cannot make a pipe: {}", std::strerror(errno));
  }
  std::vector<std::string> command = job.command;
  std::vector<std::string> environment = environment_of(job, base);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(
      &actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  // A group of its own: Ctrl-C reaches it once, through us.
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  Child child;
  const int error = ::posix_spawnp(
      &child.pid,
      command.front().c_str(),
      &actions,
      &attributes,
      pointers_to(command).data(),
      pointers_to(environment).data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  ::close(ends[1]);
  child.output = ends[0];
  if (error != 0) {
    ::close(child.output);
    fail(
        ErrorCode::kIo,
        "cannot start {}: {}",
        command.front(),
        std::strerror(error));
  }
  return child;
}

// Cuts what the child prints into lines, for the user and for the log file.
class LineReader {
 public:
  LineReader(const LocalJob& job, int fd) : job_(job), fd_(fd) {
    const fs::path path = job.folder / "logs" / "algo-1.log";
    make_folder(path.parent_path());
    log_.open(path, std::ios::app);
  }

  // Reads what there is; false at the end.
  bool read() {
    std::array<char, 1 << 14> buffer;
    const ssize_t count = ::read(fd_, buffer.data(), buffer.size());
    if (count <= 0) {
      if (count == 0 && !rest_.empty()) {
        take(rest_);
        rest_.clear();
      }
      return count < 0 && errno == EINTR;
    }
    rest_.append(buffer.data(), static_cast<size_t>(count));
    for (size_t end = 0; (end = rest_.find('\n')) != std::string::npos;) {
      take(rest_.substr(0, end));
      rest_.erase(0, end + 1);
    }
    return true;
  }

 private:
  void take(const std::string& line) {
    log_ << line << std::endl;
    if (job_.on_line) {
      job_.on_line(line);
    }
  }

  const LocalJob& job_;
  int fd_;
  std::ofstream log_;
  std::string rest_;
};

// Reads until the child has ended, and stops it when this process is told to.
int supervise(const LocalJob& job, const Child& child) {
  LineReader reader(job, child.output);
  bool is_told = false;
  Clock::time_point deadline;
  int status = 0;
  while (true) {
    pollfd waiting{child.output, POLLIN, 0};
    const int count = ::poll(&waiting, 1, kPollMs);
    const bool is_open = count <= 0 || reader.read();
    if (caught_signal() != 0 && !is_told) {
      ::kill(child.pid, SIGTERM);
      is_told = true;
      deadline = Clock::now() + kStopWindow;
    }
    if (is_told && Clock::now() > deadline) {
      ::kill(-child.pid, SIGKILL);
    }
    // A grandchild may hold the pipe open: the container's end is its own.
    const pid_t ended = ::waitpid(child.pid, &status, is_open ? WNOHANG : 0);
    if (ended == child.pid) {
      ::kill(-child.pid, SIGKILL);
      while (is_open && ::poll(&waiting, 1, kPollMs) > 0 && reader.read()) {
      }
      ::close(child.output);
      return WIFEXITED(status) ? WEXITSTATUS(status)
                               : kSignalBase + WTERMSIG(status);
    }
  }
}

bool has_files(const fs::path& folder) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      return true;
    }
  }
  return false;
}

void collect(const LocalJob& job, const fs::path& base) {
  const fs::path output = job.folder / "output";
  if (job.spec.config.data.compress_output) {
    write_tree_archive(base / "model", output / "model.tar.gz");
    if (has_files(base / "output" / "data")) {
      write_tree_archive(base / "output" / "data", output / "output.tar.gz");
    }
    return;
  }
  make_folder(output);
  constexpr auto kCopy = fs::copy_options::recursive;
  fs::copy(base / "model", output / "model", kCopy);
  fs::copy(base / "output" / "data", output / "data", kCopy);
}

std::string failure_reason(const fs::path& base, int status) {
  const fs::path file = base / "output" / "failure";
  std::string text = fs::exists(file) ? read_file(file) : "";
  text = text.substr(0, kMaxFailure);
  while (text.ends_with('\n')) {
    text.pop_back();
  }
  return fmt::format("AlgorithmError: {}, exit code: {}", text, status);
}

}  // namespace

LocalResult run_local_job(const LocalJob& job) {
  const TemporaryFolder temporary;
  const fs::path base = temporary.path() / "ml";
  Feeders feeders;
  lay_out(job, base, feeders);
  const Child child = start(job, base);
  LocalResult result;
  result.status = supervise(job, child);
  if (result.status != 0 && caught_signal() == 0) {
    result.failure_reason = failure_reason(base, result.status);
    return result;
  }
  collect(job, base);
  return result;
}

}  // namespace nadir::cloud
