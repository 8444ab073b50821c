#include "data/labels.h"

#include <map>

#include "core/config.h"
#include "core/error.h"

namespace nadir::data {
namespace {

constexpr int kDropped = -1;

struct OldLabel {
  const char* name;
  int label_19;  // place in labels_19(), or kDropped
};

// In the order of the archive.
constexpr OldLabel kLabels43[] = {
    {"Continuous urban fabric", 0},
    {"Discontinuous urban fabric", 0},
    {"Industrial or commercial units", 1},
    {"Road and rail networks and associated land", kDropped},
    {"Port areas", kDropped},
    {"Airports", kDropped},
    {"Mineral extraction sites", kDropped},
    {"Dump sites", kDropped},
    {"Construction sites", kDropped},
    {"Green urban areas", kDropped},
    {"Sport and leisure facilities", kDropped},
    {"Non-irrigated arable land", 2},
    {"Permanently irrigated land", 2},
    {"Rice fields", 2},
    {"Vineyards", 3},
    {"Fruit trees and berry plantations", 3},
    {"Olive groves", 3},
    {"Pastures", 4},
    {"Annual crops associated with permanent crops", 3},
    {"Complex cultivation patterns", 5},
    {"Land principally occupied by agriculture, with significant areas of "
     "natural vegetation",
     6},
    {"Agro-forestry areas", 7},
    {"Broad-leaved forest", 8},
    {"Coniferous forest", 9},
    {"Mixed forest", 10},
    {"Natural grassland", 11},
    {"Moors and heathland", 12},
    {"Sclerophyllous vegetation", 12},
    {"Transitional woodland/shrub", 13},
    {"Beaches, dunes, sands", 14},
    {"Bare rock", kDropped},
    {"Sparsely vegetated areas", 11},
    {"Burnt areas", kDropped},
    {"Inland marshes", 15},
    {"Peatbogs", 15},
    {"Salt marshes", 16},
    {"Salines", 16},
    {"Intertidal flats", kDropped},
    {"Water courses", 17},
    {"Water bodies", 17},
    {"Coastal lagoons", 18},
    {"Estuaries", 18},
    {"Sea and ocean", 18},
};

}  // namespace

const std::vector<std::string>& labels_19() {
  static const std::vector<std::string> names = {
      "Urban fabric",
      "Industrial or commercial units",
      "Arable land",
      "Permanent crops",
      "Pastures",
      "Complex cultivation patterns",
      "Land principally occupied by agriculture, with significant areas of "
      "natural vegetation",
      "Agro-forestry areas",
      "Broad-leaved forest",
      "Coniferous forest",
      "Mixed forest",
      "Natural grassland and sparsely vegetated areas",
      "Moors, heathland and sclerophyllous vegetation",
      "Transitional woodland, shrub",
      "Beaches, dunes, sands",
      "Inland wetlands",
      "Coastal wetlands",
      "Inland waters",
      "Marine waters",
  };
  return names;
}

const std::vector<std::string>& labels_43() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& label : kLabels43) {
      all.emplace_back(label.name);
    }
    return all;
  }();
  return names;
}

std::optional<std::vector<std::string>> to_labels_19(
    const std::vector<std::string>& labels) {
  static const std::map<std::string, int> places = [] {
    std::map<std::string, int> all;
    for (const auto& label : kLabels43) {
      all[label.name] = label.label_19;
    }
    return all;
  }();
  std::vector<std::string> names;
  for (const auto& label : labels) {
    const auto found = places.find(label);
    if (found == places.end()) {
      fail(
          ErrorCode::kCorruptData,
          "'{}' is not one of the 43 labels{}",
          label,
          did_you_mean(label, labels_43()));
    }
    if (found->second != kDropped) {
      names.push_back(labels_19()[static_cast<size_t>(found->second)]);
    }
  }
  return names.empty() ? std::nullopt : std::optional(std::move(names));
}

}  // namespace nadir::data
