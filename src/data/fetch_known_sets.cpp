// The sets that `nadir data fetch` knows: addresses, sizes and checksums as
// their publishers state them (docs/formats/bigearthnet.md).
#include "core/config.h"
#include "core/error.h"
#include "data/fetch.h"

namespace nadir::data {
namespace {

constexpr char kDataLicence[] = "CDLA-Permissive-1.0";
constexpr char kCiteV1[] =
    "Sumbul et al., BigEarthNet-MM, IEEE GRSM 2021, arXiv:2105.07921";
constexpr char kCiteV2[] = "Clasen et al., reBEN, 2024, arXiv:2407.03653";

FetchFile zenodo_file(
    const std::string& record,
    const std::string& name,
    int64_t num_bytes,
    const std::string& md5,
    const std::string& sha256 = "") {
  return {
      .file_name = name,
      .url = "https://zenodo.org/records/" + record + "/files/" + name +
             "?download=1",
      .num_bytes = num_bytes,
      .md5 = md5,
      .sha256 = sha256};
}

}  // namespace

const std::vector<KnownSet>& known_sets() {
  static const std::vector<KnownSet> sets = {
      {"bigearthnet-s2-v1",
       "BigEarthNet v1.0, Sentinel-2: 590,326 patches of 12 bands",
       kDataLicence,
       kCiteV1,
       {zenodo_file(
           "12687186",
           "BigEarthNet-S2-v1.0.tar.gz",
           0,
           "5a64e9ce38deb036a435a7b59494924c")}},
      {"bigearthnet-s1-v1",
       "BigEarthNet v1.0, Sentinel-1: the partner of each patch",
       kDataLicence,
       kCiteV1,
       {zenodo_file(
           "12687186",
           "BigEarthNet-S1-v1.0.tar.gz",
           0,
           "94ced73440dea8c7b9645ee738c5a172")}},
      {"bigearthnet-s2-v2",
       "BigEarthNet v2.0 (reBEN), Sentinel-2: 549,488 patches with metadata",
       kDataLicence,
       kCiteV2,
       {zenodo_file(
            "10891137",
            "metadata.parquet",
            3'616'349,
            "55687065e77b6d0b0f1ff604a6e7b49c"),
        zenodo_file(
            "10891137",
            "metadata_for_patches_with_snow_cloud_or_shadow.parquet",
            710'162,
            "fe31856f4986d446c9468b59d6387c91"),
        zenodo_file(
            "10891137",
            "BigEarthNet-S2.tar.zst",
            63'251'710'377,
            "2245ed2d1a93f6ce637d839bc856396e")}},
      {"bigearthnet-v2-metadata",
       "BigEarthNet v2.0 (reBEN): labels, splits and countries only",
       kDataLicence,
       kCiteV2,
       {zenodo_file(
            "10891137",
            "metadata.parquet",
            3'616'349,
            "55687065e77b6d0b0f1ff604a6e7b49c"),
        zenodo_file(
            "10891137",
            "metadata_for_patches_with_snow_cloud_or_shadow.parquet",
            710'162,
            "fe31856f4986d446c9468b59d6387c91")}},
      {"eurosat-rgb",
       "EuroSAT: 27,000 Sentinel-2 images of 64 x 64 pixels in 10 classes",
       "MIT; contains Copernicus Sentinel data",
       "Helber et al., EuroSAT, IEEE JSTARS 2019, arXiv:1709.00029",
       {zenodo_file(
           "7711810",
           "EuroSAT_RGB.zip",
           94'658'721,
           "f46e308c4d50d4bf32fedad2d3d62f3b",
           "b4f5b234ecb7d7ff9c6cddb046543b4717c53fd6e9815be6c0e80cc614f51b9"
           "0")}},
  };
  return sets;
}

const KnownSet& find_known_set(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& set : known_sets()) {
    if (set.name == name) {
      return set;
    }
    names.push_back(set.name);
  }
  fail(
      ErrorCode::kNotFound,
      "no data set is called '{}'{}; there are: {}",
      name,
      did_you_mean(name, names),
      join(names, ", "));
}

}  // namespace nadir::data
