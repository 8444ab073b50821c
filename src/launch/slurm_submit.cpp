#include "launch/slurm_submit.h"

#include <cerrno>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "core/file.h"

namespace nadir::launch {
namespace {

namespace fs = std::filesystem;

// Undoes what was written, unless it was accepted.
class ScriptWriter {
 public:
  ScriptWriter(const fs::path& path, const std::string& text) : path_(path) {
    check_writable_file(path);
    if (fs::exists(path)) {
      old_text_ = read_file(path);
    }
    for (fs::path folder = path.parent_path(); !fs::exists(folder);
         folder = folder.parent_path()) {
      made_folders_.push_back(folder);
    }
    write_file(path, text);
  }

  ~ScriptWriter() {
    if (is_kept_) {
      return;
    }
    try {
      if (old_text_) {
        write_file(path_, *old_text_);
      } else {
        fs::remove(path_);
      }
      for (const fs::path& folder : made_folders_) {
        fs::remove(folder);
      }
    } catch (const std::exception&) {
      // What was there first is told; this is only the tidying after it.
    }
  }

  ScriptWriter(const ScriptWriter&) = delete;
  ScriptWriter& operator=(const ScriptWriter&) = delete;

  void keep() { is_kept_ = true; }

 private:
  fs::path path_;
  std::optional<std::string> old_text_;
  std::vector<fs::path> made_folders_;  // the deepest first
  bool is_kept_ = false;
};

struct Answer {
  int status = 0;
  std::string out;
  std::string err;
};

Answer run_sbatch(const fs::path& script) {
  const TemporaryFolder folder;
  const std::string out = (folder.path() / "out").string();
  const std::string err = (folder.path() / "err").string();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const auto open = [&](int fd, const std::string& path, int flags) {
    posix_spawn_file_actions_addopen(&actions, fd, path.c_str(), flags, 0600);
  };
  open(STDIN_FILENO, "/dev/null", O_RDONLY);
  open(STDOUT_FILENO, out, O_WRONLY | O_CREAT);
  open(STDERR_FILENO, err, O_WRONLY | O_CREAT);
  std::string program = "sbatch";
  std::string flag = "--parsable";
  std::string path = script.string();
  char* const words[] = {program.data(), flag.data(), path.data(), nullptr};
  pid_t pid = 0;
  const int error =
      ::posix_spawnp(&pid, "sbatch", &actions, nullptr, words, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    fail(
        ErrorCode::kNotFound,
        "cannot start sbatch: {}; call this where Slurm is installed, or see "
        "the script with --dry-run",
        std::strerror(error));
  }
  Answer answer;
  while (::waitpid(pid, &answer.status, 0) < 0 && errno == EINTR) {
  }
  answer.out = read_file(out);
  answer.err = read_file(err);
  return answer;
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

SubmittedJob submit_slurm_job(const SlurmJob& job, bool may_overwrite) {
  const std::string text = slurm_script(job);
  const fs::path script = job.log_folder / "job.sh";
  NADIR_CHECK(
      may_overwrite || !fs::exists(script) || read_file(script) == text,
      "{} is the script of another job; name another folder with --log-dir, or "
      "replace it with --overwrite",
      script.string());
  ScriptWriter writer(script, text);
  const Answer answer = run_sbatch(script);
  std::string reason = answer.err;
  while (reason.ends_with('\n')) {
    reason.pop_back();
  }
  NADIR_CHECK(
      WIFEXITED(answer.status) && WEXITSTATUS(answer.status) == 0,
      "sbatch refuses the job: {}",
      reason.empty() ? "it gives no reason" : reason);
  // "4711", or "4711;cluster".
  const std::string line = first_line(answer.out);
  const std::string id = line.substr(0, line.find(';'));
  NADIR_CHECK(
      !id.empty() && id.find_first_not_of("0123456789") == std::string::npos,
      "sbatch answers '{}', expected a job's number",
      line);
  writer.keep();
  return {id, script};
}

}  // namespace nadir::launch
