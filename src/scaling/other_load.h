// How much of this machine others used while something was measured.
#pragma once

namespace nadir::scaling {

// From its making on; counts this process and its children that have ended as
// ours. One thread.
class OtherLoad {
 public:
  OtherLoad();

  // Of all processors' time since, in [0, 1]; 0 where /proc/stat does not say.
  [[nodiscard]] double share() const;

 private:
  double start_all_s_;
  double start_busy_s_;
  double start_own_s_;
};

}  // namespace nadir::scaling
