#include "synth/files.h"

#include <algorithm>
#include <array>
#include <memory>

#include <archive.h>
#include <archive_entry.h>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "data/labels.h"
#include "synth/tiff.h"

namespace nadir::synth {
namespace {

constexpr int kPatchMetres = 1200;
constexpr int kMaskMetres = 10;  // of a pixel

const Scene& scene_of(const PatchPlace& place) {
  return scenes()[static_cast<size_t>(place.scene)];
}

// WKT 1 as the archive's JSON carries it, quotes escaped.
std::string projection_wkt(int utm_zone) {
  return fmt::format(
      R"(PROJCS[\"WGS 84 / UTM zone {}N\",GEOGCS[\"WGS 84\",)"
      R"(DATUM[\"WGS_1984\",SPHEROID[\"WGS 84\",6378137,298.257223563,)"
      R"(AUTHORITY[\"EPSG\",\"7030\"]],AUTHORITY[\"EPSG\",\"6326\"]],)"
      R"(PRIMEM[\"Greenwich\",0,AUTHORITY[\"EPSG\",\"8901\"]],)"
      R"(UNIT[\"degree\",0.0174532925199433,AUTHORITY[\"EPSG\",\"9122\"]],)"
      R"(AXIS[\"Latitude\",NORTH],AXIS[\"Longitude\",EAST],)"
      R"(AUTHORITY[\"EPSG\",\"4326\"]],)"
      R"(PROJECTION[\"Transverse_Mercator\"],)"
      R"(PARAMETER[\"latitude_of_origin\",0],)"
      R"(PARAMETER[\"central_meridian\",{}],)"
      R"(PARAMETER[\"scale_factor\",0.9996],)"
      R"(PARAMETER[\"false_easting\",500000],)"
      R"(PARAMETER[\"false_northing\",0],)"
      R"(UNIT[\"metre\",1,AUTHORITY[\"EPSG\",\"9001\"]],)"
      R"(AXIS[\"Easting\",EAST],AXIS[\"Northing\",NORTH],)"
      R"(AUTHORITY[\"EPSG\",\"{}\"]])",
      utm_zone,
      6 * utm_zone - 183,
      32600 + utm_zone);
}

// The L1C product's name: sensing time, baseline, orbit, tile and a time of
// processing a few minutes later.
std::string tile_source(const Scene& scene) {
  const std::string product = scene.product;
  const std::string sensed = product.substr(product.rfind('_') + 1);
  const std::string date = acquisition_date(scene);
  const int minutes = std::stoi(date.substr(11, 2)) * 60 +
                      std::stoi(date.substr(14, 2)) + 3 + scene.orbit % 17;
  return fmt::format(
      "{}_MSIL1C_{}_N{}_R{:03}_T{}_{}T{:02}{:02}{:02}.SAFE",
      product.substr(0, 3),
      sensed,
      date < "2017-10-23" ? "0205" : "0206",
      scene.orbit,
      scene.tile,
      sensed.substr(0, 8),
      minutes / 60 % 24,
      minutes % 60,
      scene.orbit * 7 % 60);
}

// A name of the Sentinel-1 partner that the country list asks for.
std::string s1_name(const PatchPlace& place) {
  const Scene& scene = scene_of(place);
  std::string date = acquisition_date(scene).substr(0, 10);
  std::erase(date, '-');
  return fmt::format(
      "S1A_IW_GRDH_1SDV_{}T{:06}_{}_{}_{}",
      date,
      160000 + scene.orbit * 7 % 60,
      scene.tile,
      place.h,
      place.v);
}

// `text` compressed by bzip2 into a file.
void write_bzip2(const std::filesystem::path& path, const std::string& text) {
  const std::unique_ptr<archive, decltype(&archive_write_free)> file(
      archive_write_new(), archive_write_free);
  const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(
      archive_entry_new(), archive_entry_free);
  archive_entry_set_pathname(entry.get(), "list");
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  const bool is_written =
      archive_write_set_format_raw(file.get()) == ARCHIVE_OK &&
      archive_write_add_filter_bzip2(file.get()) == ARCHIVE_OK &&
      archive_write_open_filename(file.get(), path.c_str()) == ARCHIVE_OK &&
      archive_write_header(file.get(), entry.get()) == ARCHIVE_OK &&
      archive_write_data(file.get(), text.data(), text.size()) ==
          static_cast<la_ssize_t>(text.size()) &&
      archive_write_close(file.get()) == ARCHIVE_OK;
  if (!is_written) {
    const char* why = archive_error_string(file.get());
    fail(
        ErrorCode::kIo,
        "cannot write {}: {}",
        path.string(),
        why != nullptr ? why : "unknown error");
  }
}

// STEM.csv.bz2, or an empty STEM.csv: libarchive reads no compressed nothing.
void write_list(
    const std::filesystem::path& folder,
    const std::string& stem,
    const std::string& text) {
  if (text.empty()) {
    write_file(folder / (stem + ".csv"), "");
  } else {
    write_bzip2(folder / (stem + ".csv.bz2"), text);
  }
}

}  // namespace

std::vector<PatchFile> patch_files(
    const PatchPlace& place, const SyntheticPatch& patch) {
  const Scene& scene = scene_of(place);
  const std::string name = patch_name(place);
  std::vector<PatchFile> files;
  for (size_t b = 0; b < kBands.size(); ++b) {
    files.push_back(
        {fmt::format("{}_{}.tif", name, kBands[b].name),
         encode_band(
             patch.bands[b],
             kPatchMetres / kBands[b].gsd_m,
             kBands[b].gsd_m,
             scene.utm_zone,
             scene.ulx + kPatchMetres * place.h,
             scene.uly - kPatchMetres * place.v)});
  }
  files.push_back(
      {name + "_labels_metadata.json", patch_metadata(place, patch.labels)});
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
    return a.name < b.name;
  });
  return files;
}

PatchFile mask_file(const PatchPlace& place, const SyntheticPatch& patch) {
  const Scene& scene = scene_of(place);
  std::vector<uint16_t> values;
  for (const LandCover cover : patch.land) {
    values.push_back(static_cast<uint16_t>(static_cast<int>(cover) + 1));
  }
  return {
      patch_name(place) + ".tif",
      encode_band(
          values,
          kPatchMetres / kMaskMetres,
          kMaskMetres,
          scene.utm_zone,
          scene.ulx + kPatchMetres * place.h,
          scene.uly - kPatchMetres * place.v)};
}

std::string mask_classes() {
  std::string text = "value,name\n";
  for (int c = 0; c < kNumLandCovers; ++c) {
    text += fmt::format(
        "{},\"{}\"\n", c + 1, label_name(static_cast<LandCover>(c)));
  }
  return text;
}

std::string patch_metadata(
    const PatchPlace& place, const std::vector<LandCover>& labels) {
  const Scene& scene = scene_of(place);
  const int ulx = scene.ulx + kPatchMetres * place.h;
  const int uly = scene.uly - kPatchMetres * place.v;
  std::string names;
  for (const LandCover cover : labels) {
    names +=
        fmt::format(R"({}"{}")", names.empty() ? "" : ", ", label_name(cover));
  }
  return fmt::format(
      R"({{"labels": [{}], "coordinates": {{"ulx": {}, "uly": {}, )"
      R"("lrx": {}, "lry": {}}}, "projection": "{}", )"
      R"("tile_source": "{}", "acquisition_date": "{}"}})",
      names,
      ulx,
      uly,
      ulx + kPatchMetres,
      uly - kPatchMetres,
      projection_wkt(scene.utm_zone),
      tile_source(scene),
      acquisition_date(scene));
}

const char* split_of(const PatchPlace& place) {
  const bool is_odd_column = place.h % 2 != 0;
  const bool is_odd_row = place.v % 2 != 0;
  return is_odd_column == is_odd_row ? "train" : is_odd_column ? "val" : "test";
}

bool has_19_class_label(const std::vector<LandCover>& labels) {
  std::vector<std::string> names;
  for (const LandCover cover : labels) {
    names.push_back(label_name(cover));
  }
  return data::to_labels_19(names).has_value();
}

void write_lists(
    const std::filesystem::path& folder,
    const std::vector<PatchRecord>& records) {
  std::vector<std::pair<std::string, const PatchRecord*>> sorted;
  for (const PatchRecord& record : records) {
    sorted.emplace_back(patch_name(record.place), &record);
  }
  std::sort(sorted.begin(), sorted.end());
  std::string train;
  std::string val;
  std::string test;
  std::string snow;
  std::string cloud;
  std::string unlabelled;
  std::string countries = "s1_name,s2_name,country,season\n";
  for (const auto& [name, record] : sorted) {
    // Line ends differ as they do in the official lists.
    const bool is_labelled = has_19_class_label(record->labels);
    if (record->has_snow) {
      snow += name + "\r\n";
    }
    if (record->has_cloud_or_shadow) {
      cloud += name + "\r\n";
    }
    if (!is_labelled) {
      unlabelled += name + "\n";
    }
    if (is_labelled && !record->has_snow && !record->has_cloud_or_shadow) {
      const std::string split = split_of(record->place);
      (split == "train" ? train : split == "val" ? val : test) += name + "\r\n";
    }
    const Scene& scene = scene_of(record->place);
    countries += fmt::format(
        "{},{},{},{}\n",
        s1_name(record->place),
        name,
        scene.country,
        season_of(scene));
  }
  write_list(folder, "train", train);
  write_list(folder, "val", val);
  write_list(folder, "test", test);
  write_list(folder, "patches_with_seasonal_snow", snow);
  write_list(folder, "patches_with_cloud_and_shadow", cloud);
  write_list(folder, "patches_with_no_19_class_targets", unlabelled);
  write_list(folder, "s1_s2_name_country_season", countries);
}

}  // namespace nadir::synth
