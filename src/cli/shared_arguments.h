// Arguments that several commands take, with one name, rule and help.
#pragma once

#include <memory>

#include "cli/command.h"
#include "store/remote_files.h"

namespace nadir::cli {

// `--threads`: 0 takes all there are.
void add_threads(Command command, int& num_threads);
void add_threads(Command command, int64_t& num_threads);

// `--max-bad`; `things` is "Patches" or "Images".
void add_max_bad(Command command, int64_t& max_bad, const std::string& things);

// `--checkpoint-key`: teacher or student.
void add_checkpoint_key(Command command, std::string& key);

// `--endpoint-url`, `--profile`, `--region`, `--cache`, `--cache-gb`: for the
// paths of the command that may be s3://. Call what is returned after the
// parse.
using OpenRemote = std::function<std::shared_ptr<store::RemoteFiles>()>;
[[nodiscard]] OpenRemote add_remote(Command command);

// Leaves an archive at s3:// as it is, to be read as a stream, and sets a
// folder there to its copy on this host.
void open_stream_source(store::RemoteFiles& remote, std::string& source);

// Parts are joined where they lie: throws Error{kInvalidArgument} for s3://.
void refuse_remote_part(const std::string& out);

}  // namespace nadir::cli
