#include "synth/scenes.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>

#include <fmt/format.h>

#include "core/error.h"
#include "core/random.h"

namespace nadir::synth {
namespace {

// clang-format off
constexpr Scene kScenes[] = {
    {"S2A_MSIL2A_20170701T093031", "35VPK", "Finland",
     Biome::kBoreal, 136, 35, 600000, 7000020, 10, false, false},
    {"S2A_MSIL2A_20171101T94132", "35VNJ", "Finland",
     Biome::kBoreal, 36, 35, 499980, 6900000, 8, false, true},
    {"S2B_MSIL2A_20180204T94161", "35VPK", "Finland",
     Biome::kBoreal, 36, 35, 600000, 7000020, 7, false, false},
    {"S2A_MSIL2A_20180413T95032", "35VLG", "Finland",
     Biome::kBoreal, 79, 35, 300000, 6700020, 9, true, false},
    {"S2B_MSIL2A_20180525T94031", "35VNK", "Finland",
     Biome::kBoreal, 36, 35, 499980, 7000020, 10, false, false},
    {"S2B_MSIL2A_20170817T101019", "34WFS", "Finland",
     Biome::kBoreal, 22, 34, 600000, 7200000, 9, true, false},
    {"S2B_MSIL2A_20171016T101009", "34VDM", "Finland",
     Biome::kBoreal, 22, 34, 399960, 6700020, 8, true, false},
    {"S2A_MSIL2A_20170704T112111", "29SND", "Portugal",
     Biome::kMediterranean, 37, 29, 499980, 4400040, 9, true, false},
    {"S2A_MSIL2A_20171002T112111", "29SNC", "Portugal",
     Biome::kMediterranean, 37, 29, 499980, 4300020, 9, true, false},
    {"S2A_MSIL2A_20171221T112501", "29SND", "Portugal",
     Biome::kMediterranean, 37, 29, 499980, 4400040, 8, true, false},
    {"S2B_MSIL2A_20180326T112109", "29SNB", "Portugal",
     Biome::kMediterranean, 37, 29, 499980, 4200000, 9, true, true},
    {"S2B_MSIL2A_20180515T112109", "29SNC", "Portugal",
     Biome::kMediterranean, 37, 29, 499980, 4300020, 9, true, false},
    {"S2A_MSIL2A_20170803T094031", "34TCR", "Serbia",
     Biome::kContinental, 36, 34, 300000, 5100000, 8, false, false},
    {"S2B_MSIL2A_20170914T093029", "34TEQ", "Serbia",
     Biome::kContinental, 136, 34, 499980, 5000040, 8, false, false},
    {"S2B_MSIL2A_20171206T094349", "34TCR", "Serbia",
     Biome::kContinental, 36, 34, 300000, 5100000, 7, false, false},
    {"S2B_MSIL2A_20180502T093039", "34TEP", "Serbia",
     Biome::kContinental, 136, 34, 499980, 4900020, 8, false, false},
    {"S2B_MSIL2A_20170808T094029", "35ULA", "Lithuania",
     Biome::kContinental, 36, 35, 300000, 6100020, 7, false, true},
    {"S2A_MSIL2A_20180510T094031", "35VLC", "Lithuania",
     Biome::kContinental, 36, 35, 300000, 6300000, 7, false, false},
    {"S2A_MSIL2A_20180413T095031", "34UEG", "Lithuania",
     Biome::kContinental, 79, 34, 499980, 6200040, 7, true, false},
    {"S2A_MSIL2A_20170617T113321", "29UPU", "Ireland",
     Biome::kAtlantic, 80, 29, 600000, 5900040, 7, true, false},
    {"S2B_MSIL2A_20171112T114339", "29UPU", "Ireland",
     Biome::kAtlantic, 123, 29, 600000, 5900040, 7, true, true},
    {"S2B_MSIL2A_20180220T114339", "29UPV", "Ireland",
     Biome::kAtlantic, 123, 29, 600000, 6000000, 6, false, false},
    {"S2A_MSIL2A_20180529T115401", "29UNB", "Ireland",
     Biome::kAtlantic, 23, 29, 499980, 6200040, 7, true, false},
    {"S2A_MSIL2A_20170613T101031", "33UUP", "Austria",
     Biome::kContinental, 22, 33, 300000, 5400000, 6, false, false},
    {"S2B_MSIL2A_20180421T100029", "33TWN", "Austria",
     Biome::kAlpine, 122, 33, 499980, 5300040, 7, false, true},
    {"S2A_MSIL2A_20171015T095031", "33UXP", "Austria",
     Biome::kContinental, 79, 33, 600000, 5400000, 6, false, false},
    {"S2B_MSIL2A_20171219T095409", "33TWN", "Austria",
     Biome::kAlpine, 79, 33, 499980, 5300040, 5, false, false},
    {"S2B_MSIL2A_20170829T105019", "31UER", "Belgium",
     Biome::kAtlantic, 51, 31, 499980, 5600040, 5, false, false},
    {"S2B_MSIL2A_20180506T105029", "31UER", "Belgium",
     Biome::kAtlantic, 51, 31, 499980, 5600040, 4, false, false},
    {"S2A_MSIL2A_20170818T103021", "32TMT", "Switzerland",
     Biome::kAlpine, 108, 32, 399960, 5300040, 5, false, false},
    {"S2B_MSIL2A_20171015T104009", "31UGR", "Luxembourg",
     Biome::kContinental, 8, 31, 699960, 5600040, 4, false, false},
    {"S2A_MSIL2A_20171208T093351", "34TEN", "Kosovo",
     Biome::kAlpine, 136, 34, 499980, 4800000, 4, false, false},
};
// clang-format on

constexpr std::array kMonthStart = {
    0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};

struct Moment {
  int year, month, day, hour, minute, second;
};

Moment moment_of(const Scene& scene) {
  const std::string product = scene.product;
  const size_t t = product.rfind('T');
  const auto number = [&](size_t begin, size_t length) {
    return std::stoi(product.substr(begin, length));
  };
  const size_t hour_length = product.size() - t - 5;
  Moment m{
      number(t - 8, 4),
      number(t - 4, 2),
      number(t - 2, 2),
      number(t + 1, hour_length),
      number(t + 1 + hour_length, 2),
      number(t + 3 + hour_length, 2)};
  // T94161 is 09:41:56 in the real archive's JSON; any valid second serves.
  m.second = std::min(m.second, 59);
  return m;
}

}  // namespace

std::span<const Scene> scenes() {
  return kScenes;
}

std::string acquisition_date(const Scene& scene) {
  const Moment m = moment_of(scene);
  return fmt::format(
      "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
      m.year,
      m.month,
      m.day,
      m.hour,
      m.minute,
      m.second);
}

int day_of_year(const Scene& scene) {
  const Moment m = moment_of(scene);
  return kMonthStart[static_cast<size_t>(m.month - 1)] + m.day;
}

std::string season_of(const Scene& scene) {
  static constexpr std::array kSeasons = {"Winter", "Spring", "Summer", "Fall"};
  return kSeasons[static_cast<size_t>(moment_of(scene).month % 12 / 3)];
}

std::vector<PatchPlace> choose_places(int64_t num_patches, uint64_t seed) {
  constexpr int kBlocks = kGridSize / kBlockSize;
  constexpr int64_t kPatchesPerScene = int64_t{kGridSize} * kGridSize;
  const auto num_scenes = static_cast<int64_t>(scenes().size());
  NADIR_CHECK(num_patches >= 1, "--patches must be >= 1, got {}", num_patches);
  NADIR_CHECK(
      num_patches <= num_scenes * kPatchesPerScene,
      "--patches must be at most {}, got {}",
      num_scenes * kPatchesPerScene,
      num_patches);
  // Each block goes to the scene that is furthest behind its share, so that
  // few patches already come from many scenes.
  std::vector<std::vector<int64_t>> free_blocks;
  std::vector<double> due;
  for (int64_t s = 0; s < num_scenes; ++s) {
    RandomStream random(
        seed, StreamPurpose::kSynth, static_cast<uint64_t>(s), 0, 1);
    free_blocks.push_back(random.permutation(int64_t{kBlocks} * kBlocks));
    due.push_back(random.uniform());
  }
  std::vector<PatchPlace> places;
  while (static_cast<int64_t>(places.size()) < num_patches) {
    size_t next = due.size();
    for (size_t s = 0; s < due.size(); ++s) {
      due[s] += scenes()[s].weight / 100.0;
      if (!free_blocks[s].empty() &&
          (next == due.size() || due[s] > due[next])) {
        next = s;
      }
    }
    double total = 0;
    for (const Scene& scene : scenes()) {
      total += scene.weight / 100.0;
    }
    due[next] -= total;
    const auto block = static_cast<int>(free_blocks[next].back());
    free_blocks[next].pop_back();
    for (int i = 0; i < kBlockSize * kBlockSize; ++i) {
      if (static_cast<int64_t>(places.size()) < num_patches) {
        places.push_back(
            {static_cast<int>(next),
             block % kBlocks * kBlockSize + i % kBlockSize,
             block / kBlocks * kBlockSize + i / kBlockSize});
      }
    }
  }
  return places;
}

std::string patch_name(const PatchPlace& place) {
  const Scene& scene = scenes()[static_cast<size_t>(place.scene)];
  return fmt::format("{}_{}_{}", scene.product, place.h, place.v);
}

}  // namespace nadir::synth
