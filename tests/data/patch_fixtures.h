// Tiny BigEarthNet patches as files, archives of them, and lists, for tests.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <archive.h>
#include <archive_entry.h>

#include <nlohmann/json.hpp>

#include "core/file.h"
#include "core/json.h"
#include "data/patch_name.h"
#include "raster/geotiff.h"

namespace nadir::data {

inline constexpr char kPatchA[] = "S2A_MSIL2A_20170613T101031_87_48";
inline constexpr char kPatchB[] = "S2B_MSIL2A_20180204T94161_57_38";
inline constexpr char kPatchC[] = "S2A_MSIL2A_20170701T093031_0_9";

// The JSON of a patch in UTM 33N.
inline nlohmann::ordered_json patch_json(
    const std::vector<std::string>& labels = {"Pastures", "Mixed forest"}) {
  return {
      {"labels", labels},
      {"coordinates",
       {{"ulx", 404400}, {"uly", 5342400}, {"lrx", 405600}, {"lry", 5341200}}},
      {"projection", "EPSG:32633"},
      {"tile_source", "S2A_MSIL1C_20170613T101031_N0205_R022_T33UUP.SAFE"},
      {"acquisition_date", "2017-06-13 10:10:31"}};
}

inline std::string band_bytes(const std::string& band, int first_value = 0) {
  const int64_t size_px = band_size_px(band).value_or(120);
  raster::Image image(1, size_px, size_px, raster::PixelType::kUint16);
  auto value = static_cast<uint16_t>(first_value);
  for (auto& pixel : image.band<uint16_t>(0)) {
    pixel = value++;
  }
  return raster::encode_geotiff(
      image, {"EPSG:32633", {404400, 10, 0, 5342400, 0, -10}});
}

// Relative path -> bytes, in the order of an archive.
using Files = std::vector<std::pair<std::string, std::string>>;

// A patch's JSON, B02 and B01 below `root`.
inline Files patch_files(
    const std::string& name,
    const std::string& json = json_text(patch_json()),
    const std::string& root = "BigEarthNet-v1.0") {
  const std::string folder = root + "/" + name + "/";
  return {
      {folder + band_file_name(name, "B01"), band_bytes("B01")},
      {folder + band_file_name(name, "B02"), band_bytes("B02")},
      {folder + metadata_file_name(name), json}};
}

inline Files operator+(Files a, const Files& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline void unpack(const std::filesystem::path& folder, const Files& files) {
  for (const auto& [path, bytes] : files) {
    make_folder((folder / path).parent_path());
    write_file(folder / path, bytes);
  }
}

// What the entry is, by its bytes: "-> TARGET" makes a symbolic link.
inline void pack(
    const std::filesystem::path& path,
    const Files& files,
    const std::string& filter = "none",
    bool is_pax = false) {
  archive* handle = archive_write_new();
  if (filter == "gzip") {
    archive_write_add_filter_gzip(handle);
  } else if (filter == "zstd") {
    archive_write_add_filter_zstd(handle);
  } else if (filter == "bzip2") {
    archive_write_add_filter_bzip2(handle);
  }
  if (is_pax) {
    archive_write_set_format_pax(handle);
  } else {
    archive_write_set_format_gnutar(handle);
  }
  archive_write_open_filename(handle, path.c_str());
  for (const auto& [name, bytes] : files) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_perm(entry, 0644);
    const bool is_link = bytes.starts_with("-> ");
    archive_entry_set_filetype(entry, is_link ? AE_IFLNK : AE_IFREG);
    if (is_link) {
      archive_entry_set_symlink(entry, bytes.substr(3).c_str());
    } else {
      archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
    }
    archive_write_header(handle, entry);
    if (!is_link) {
      archive_write_data(handle, bytes.data(), bytes.size());
    }
    archive_entry_free(entry);
  }
  archive_write_free(handle);
}

// The lists that must be there, each with the given names.
inline void make_lists(
    const std::filesystem::path& folder,
    std::map<std::string, std::vector<std::string>> lists) {
  make_folder(folder);
  for (const char* name : {"train", "val", "test"}) {
    lists[name];
  }
  for (const auto& [name, lines] : lists) {
    std::string text;
    for (const auto& line : lines) {
      text += line + "\n";
    }
    write_file(folder / (name + ".csv"), text);
  }
}

}  // namespace nadir::data
