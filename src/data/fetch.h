// Downloads of the data sets that nadir knows by name, and of any file by its
// address: resumed after a break, checked against size and checksum.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace nadir::data {

struct FetchFile {
  std::string file_name;
  std::string url;
  int64_t num_bytes = 0;  // 0 = not known
  std::string md5;        // "" = not known
  std::string sha256;     // "" = not known
};

struct KnownSet {
  std::string name;
  std::string description;
  std::string licence;
  std::string cite;
  std::vector<FetchFile> files;
};

[[nodiscard]] const std::vector<KnownSet>& known_sets();

// Throws Error{kNotFound} naming the nearest set and all there are.
[[nodiscard]] const KnownSet& find_known_set(const std::string& name);

struct FetchOptions {
  int max_attempts = 8;  // in a row without a byte gained
  std::chrono::milliseconds first_wait = std::chrono::seconds(1);  // doubles
  std::chrono::seconds stall_timeout = std::chrono::seconds(60);
};

enum class FetchOutcome { kWasThere, kFetched };

// Downloads `file` into `folder` under its name. Bytes go to NAME.part first;
// a break, or an earlier call, is gone on with by a ranged request. A file that
// is there and right is left alone. Throws Error{kIo} where the server cannot
// be reached or says no, naming the address; Error{kCorruptData} where size or
// checksum are wrong: then NAME.part is removed.
FetchOutcome fetch_file(
    const FetchFile& file,
    const std::filesystem::path& folder,
    const FetchOptions& options);

}  // namespace nadir::data
