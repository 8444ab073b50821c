// Two devices of a driver that is not there: 0 is half busy, the one named
// GPU-two a quarter.
#include <cstring>

namespace {

int devices[2];

}  // namespace

extern "C" {

int nvmlInit_v2() {
  return 0;
}

int nvmlShutdown() {
  return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  if (index > 1) {
    return 2;
  }
  *device = &devices[index];
  return 0;
}

int nvmlDeviceGetHandleByUUID(const char* uuid, void** device) {
  if (std::strcmp(uuid, "GPU-two") != 0) {
    return 2;
  }
  *device = &devices[1];
  return 0;
}

int nvmlDeviceGetUtilizationRates(void* device, unsigned* percents) {
  percents[0] = device == &devices[0] ? 50 : 25;
  percents[1] = 99;
  return 0;
}

int nvmlDeviceGetMemoryInfo(void* device, unsigned long long* bytes) {
  bytes[0] = 100;
  bytes[1] = 60;
  bytes[2] = device == &devices[0] ? 40 : 30;
  return 0;
}

}  // extern "C"
