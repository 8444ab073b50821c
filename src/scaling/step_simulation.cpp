#include "scaling/step_simulation.h"

#include <algorithm>
#include <deque>

#include "core/error.h"

namespace nadir::scaling {
namespace {

// Below it, a remainder is rounding.
constexpr double kNothing_s = 1e-15;

// The processors' time, given to one thread of compute and one sum at a time.
class StepClock {
 public:
  explicit StepClock(const StepPlace& place) : place_(place) {}

  // Queues a sum and returns its number, from 1.
  size_t start_sum(double num_bytes) {
    const SumTime time = place_.sum(num_bytes);
    NADIR_ASSERT(time.wall_s >= 0 && time.processor_s >= 0);
    queue_.push_back(
        {time.wall_s, time.wall_s > 0 ? time.processor_s / time.wall_s : 0});
    return ++num_started_;
  }

  void compute(double seconds) {
    while (seconds > kNothing_s) {
      if (queue_.empty()) {
        const double rate = rate_of(place_.compute_processors);
        pass(seconds / rate, seconds);
        return;
      }
      Sum& sum = queue_.front();
      const double rate = rate_of(place_.compute_processors + sum.processors);
      const double work = std::min(seconds, sum.left_s);
      pass(work / rate, work);
      seconds -= work;
      take_from_front(work);
    }
  }

  void wait(size_t number) {
    while (num_started_ - queue_.size() < number) {
      const Sum& sum = queue_.front();
      const double wall_s = sum.left_s / rate_of(sum.processors);
      now_s_ += wall_s;
      exposed_s_ += wall_s;
      queue_.pop_front();
    }
  }

  [[nodiscard]] double now_s() const { return now_s_; }

  [[nodiscard]] double exposed_s() const { return exposed_s_; }

  [[nodiscard]] double crowded_s() const { return crowded_s_; }

 private:
  struct Sum {
    double left_s;
    double processors;
  };

  [[nodiscard]] double rate_of(double processors) const {
    return processors > place_.num_processors
               ? place_.num_processors / processors
               : 1;
  }

  void pass(double wall_s, double work_s) {
    now_s_ += wall_s;
    crowded_s_ += wall_s - work_s;
  }

  void take_from_front(double work_s) {
    queue_.front().left_s -= work_s;
    if (queue_.front().left_s <= kNothing_s) {
      queue_.pop_front();
    }
  }

  const StepPlace& place_;
  std::deque<Sum> queue_;
  size_t num_started_ = 0;
  double now_s_ = 0;
  double exposed_s_ = 0;
  double crowded_s_ = 0;
};

}  // namespace

StepTimeline stretched(StepTimeline timeline, double factor) {
  timeline.forward_s *= factor;
  timeline.backward_s *= factor;
  timeline.update_s *= factor;
  for (auto& bucket : timeline.buckets) {
    bucket.ready_s *= factor;
    bucket.pack_s *= factor;
    bucket.unpack_s *= factor;
  }
  return timeline;
}

SimulatedStep simulate_step(
    const StepTimeline& timeline, const StepPlace& place) {
  NADIR_ASSERT(place.slowest_factor >= 1);
  StepClock clock(place);
  const double slow = place.slowest_factor;
  clock.compute(slow * timeline.forward_s);
  double done_s = 0;  // of backward
  std::vector<size_t> sums;
  for (const auto& bucket : timeline.buckets) {
    const double ready_s =
        std::clamp(bucket.ready_s, done_s, timeline.backward_s);
    clock.compute(slow * (ready_s - done_s) + bucket.pack_s);
    done_s = ready_s;
    sums.push_back(clock.start_sum(bucket.num_bytes));
  }
  clock.compute(slow * (timeline.backward_s - done_s));
  for (size_t i = 0; i < sums.size(); ++i) {
    clock.wait(sums[i]);
    clock.compute(timeline.buckets[i].unpack_s);
  }
  for (const double num_bytes : timeline.late_sums_bytes) {
    clock.wait(clock.start_sum(num_bytes));
  }
  clock.compute(timeline.update_s);
  SimulatedStep step;
  step.step_s = clock.now_s();
  step.exposed_s = clock.exposed_s();
  step.crowded_s = clock.crowded_s();
  step.straggler_s = (slow - 1) * (timeline.forward_s + timeline.backward_s);
  return step;
}

}  // namespace nadir::scaling
