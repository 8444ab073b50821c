#include "scaling/network_preset.h"

#include "core/config.h"
#include "core/error.h"

namespace nadir::scaling {
namespace {

constexpr double kGbit = 1e9 / 8;  // bytes
constexpr double kGbyte = 1e9;
constexpr double kMicro = 1e-6;

Network network_of(
    double between_gbit_per_s,
    double between_us,
    double inside_gbyte_per_s,
    double inside_us) {
  Network network;
  network.between = {between_gbit_per_s * kGbit, between_us * kMicro};
  network.inside = {inside_gbyte_per_s * kGbyte, inside_us * kMicro};
  return network;
}

}  // namespace

const std::vector<NetworkPreset>& network_presets() {
  static const std::vector<NetworkPreset> presets = {
      {"ethernet-25",
       "25 Gbit/s Ethernet a host at line rate, 30 us; PCIe 4.0 x16 inside, "
       "25 GB/s, 10 us",
       network_of(25, 30, 25, 10)},
      {"ethernet-100",
       "100 Gbit/s Ethernet a host at line rate, 20 us; NVLink inside, 300 "
       "GB/s each way, 5 us",
       network_of(100, 20, 300, 5)},
      {"efa-400",
       "EFA of 400 Gbit/s a host at line rate, 25 us; NVLink inside, 300 GB/s "
       "each way, 5 us",
       network_of(400, 25, 300, 5)},
      {"efa-3200",
       "EFA of 3200 Gbit/s a host at line rate, 25 us; NVLink inside, 450 "
       "GB/s each way, 5 us",
       network_of(3200, 25, 450, 5)},
      {"infiniband-3200",
       "eight InfiniBand adapters of 400 Gbit/s a host at line rate, 5 us; "
       "NVLink inside, 450 GB/s each way, 5 us",
       network_of(3200, 5, 450, 5)}};
  return presets;
}

const NetworkPreset& find_network_preset(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& preset : network_presets()) {
    if (preset.name == name) {
      return preset;
    }
    names.push_back(preset.name);
  }
  fail(
      ErrorCode::kInvalidArgument,
      "network must be one of {}, got '{}'",
      join(names, ", "),
      name);
}

}  // namespace nadir::scaling
