#include "cli/shared_arguments.h"

#include "core/error.h"

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

OpenRemote add_remote(Command command) {
  auto options =
      std::make_shared<store::RemoteOptions>();  // outlives the parse
  auto& session = options->session;
  command.add(
      "--endpoint-url",
      session.endpoint_url,
      "S3: address of another store than AWS's, https://host[:port].");
  command.add(
      "--profile", session.profile, "S3: profile of ~/.aws to take keys from.");
  command.add("--region", session.region, "S3: region, such as eu-central-1.");
  command.add(
      "--cache",
      options->cache,
      "S3: folder of local copies; NADIR_CACHE or ~/.cache/nadir unless "
      "given.");
  command
      .add(
          "--cache-gb",
          options->cache_gb,
          "S3: GiB that local copies may take.")
      .at_least(1);
  return [options] { return std::make_shared<store::RemoteFiles>(*options); };
}

void open_stream_source(store::RemoteFiles& remote, std::string& source) {
  if (store::is_remote(source) &&
      !remote.s3()->find(store::parse_location(source))) {
    source = remote.input(source);
  }
}

void refuse_remote_part(const std::string& out) {
  NADIR_CHECK(
      !store::is_remote(out),
      "--part writes to a folder that all hosts share, and {} is none; leave "
      "out --part, or copy the merged result with nadir data copy",
      out);
}

}  // namespace nadir::cli
