// One process, a rank, or the launcher of a host: every engine's variables, and
// engines within engines.
#include "launch/place.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "support/variables.h"

namespace nadir::launch {
namespace {

Place place_of(const Variables& variables, int64_t num_gpus = 0) {
  return read_place(environment_with(variables), num_gpus);
}

Variables joined(Variables variables, const Variables& more) {
  for (const auto& [name, value] : more) {
    variables[name] = value;
  }
  return variables;
}

// The message of the refusal; empty where there is none.
std::string refusal_of(const Variables& variables) {
  try {
    (void)place_of(variables);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

void expect_refusal(
    const Variables& variables, const std::vector<std::string>& words) {
  const std::string message = refusal_of(variables);
  for (const auto& word : words) {
    EXPECT_NE(message.find(word), std::string::npos)
        << "'" << word << "' is not in: " << message;
  }
}

// The second of two pods with four processes each: RANK is the pod's.
const Variables kPyTorchJob = {
    {"RANK", "1"},
    {"WORLD_SIZE", "8"},
    {"MASTER_ADDR", "job-master-0"},
    {"MASTER_PORT", "23456"},
    {"PET_MASTER_ADDR", "job-master-0"},
    {"PET_MASTER_PORT", "23456"},
    {"PET_NODE_RANK", "1"},
    {"PET_NNODES", "2"},
    {"PET_NPROC_PER_NODE", "4"}};

const Variables kTrainJob = {
    {"PET_NNODES", "3"},
    {"PET_NPROC_PER_NODE", "2"},
    {"PET_NODE_RANK", "2"},
    {"PET_MASTER_ADDR", "job-node-0-0.job"},
    {"PET_MASTER_PORT", "29500"}};

const Variables kTorchrunWorker = {
    {"RANK", "5"},
    {"WORLD_SIZE", "8"},
    {"LOCAL_RANK", "1"},
    {"LOCAL_WORLD_SIZE", "4"},
    {"GROUP_RANK", "1"},
    {"MASTER_ADDR", "job-master-0"},
    {"MASTER_PORT", "23456"},
    {"TORCHELASTIC_RUN_ID", "none"}};

const Variables kMpiProcess = {
    {"OMPI_COMM_WORLD_RANK", "1"},
    {"OMPI_COMM_WORLD_SIZE", "2"},
    {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
    {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}};

const Variables kSlurmTask = {
    {"SLURM_JOB_ID", "4711"},
    {"SLURM_STEP_ID", "0"},
    {"SLURM_PROCID", "3"},
    {"SLURM_LOCALID", "1"},
    {"SLURM_NODEID", "1"},
    {"SLURM_STEP_NUM_TASKS", "4"},
    {"SLURM_STEP_TASKS_PER_NODE", "2(x2)"},
    {"SLURM_STEP_NODELIST", "n[1-2]"}};

TEST(Place, IsOneProcessWhereNothingIsSaid) {
  EXPECT_EQ(place_of({}, 8), Place(RankEnvironment()));
}

TEST(Place, OfAPyTorchJobWithSeveralProcessesAPodIsItsLauncher) {
  const HostPlan expected = {
      .engine = "PyTorchJob",
      .num_processes = 4,
      .is_num_processes_given = true,
      .num_nodes = 2,
      .node_rank = 1,
      .master_address = "job-master-0",
      .master_port = 23'456};
  EXPECT_EQ(place_of(kPyTorchJob), Place(expected));
  EXPECT_EQ(expected.world_size(), 8);
}

TEST(Place, OfAPyTorchJobWithOneProcessAPodIsARank) {
  for (const char* count : {"1", "auto", "gpu", "cpu"}) {
    const auto place = place_of(joined(
        kPyTorchJob, {{"PET_NPROC_PER_NODE", count}, {"WORLD_SIZE", "2"}}));
    ASSERT_TRUE(std::holds_alternative<RankEnvironment>(place)) << count;
    EXPECT_EQ(std::get<RankEnvironment>(place).rank, 1);
    EXPECT_EQ(std::get<RankEnvironment>(place).world_size, 2);
  }
}

TEST(Place, AutomaticCountsAreOneProcessAGpu) {
  for (const char* count : {"auto", "gpu"}) {
    const auto plan = std::get<HostPlan>(place_of(
        joined(
            kPyTorchJob, {{"PET_NPROC_PER_NODE", count}, {"WORLD_SIZE", "2"}}),
        8));
    EXPECT_EQ(plan.num_processes, 8);
    EXPECT_FALSE(plan.is_num_processes_given);
    EXPECT_EQ(plan.world_size(), 16);
  }
}

TEST(Place, OfATrainJobIsALauncher) {
  const HostPlan expected = {
      .engine = "TrainJob",
      .num_processes = 2,
      .is_num_processes_given = true,
      .num_nodes = 3,
      .node_rank = 2,
      .master_address = "job-node-0-0.job",
      .master_port = 29'500};
  EXPECT_EQ(place_of(kTrainJob), Place(expected));
  // One process a pod still needs its number from the launcher.
  const auto plan = std::get<HostPlan>(
      place_of(joined(kTrainJob, {{"PET_NPROC_PER_NODE", "auto"}})));
  EXPECT_EQ(plan.world_size(), 3);
}

TEST(Place, OfATrainJobOfOneProcessIsOneProcess) {
  EXPECT_EQ(
      place_of(joined(
          kTrainJob,
          {{"PET_NNODES", "1"},
           {"PET_NODE_RANK", "0"},
           {"PET_NPROC_PER_NODE", "1"}})),
      Place(RankEnvironment()));
}

TEST(Place, APodAloneMeetsOnItsOwnHost) {
  const auto plan = std::get<HostPlan>(place_of(
      joined(kTrainJob, {{"PET_NNODES", "1"}, {"PET_NODE_RANK", "0"}})));
  EXPECT_EQ(plan.master_address, "127.0.0.1");
  EXPECT_EQ(plan.master_port, 0);
}

TEST(Place, TheInnermostLauncherWins) {
  const auto torchrun = place_of(kTorchrunWorker);
  EXPECT_EQ(std::get<RankEnvironment>(torchrun).engine, "torchrun");
  const auto mpi = place_of(kMpiProcess);
  const auto slurm = place_of(kSlurmTask);

  struct Case {
    const char* name;
    Variables variables;
    Place expected;
  };

  // What is inside keeps its variables, what is outside hands its own on.
  const std::vector<Case> cases = {
      {"torchrun in Slurm", joined(kSlurmTask, kTorchrunWorker), torchrun},
      {"mpirun in Slurm", joined(kSlurmTask, kMpiProcess), mpi},
      {"torchrun in a PyTorchJob",
       joined(kPyTorchJob, kTorchrunWorker),
       torchrun},
      {"torchrun in a TrainJob",
       joined(kTorchrunWorker, {{"PET_NNODES", "2"}, {"PET_NODE_RANK", "1"}}),
       torchrun},
      {"torchrun in SageMaker",
       joined(kTorchrunWorker, {{"TRAINING_JOB_NAME", "a-job"}}),
       torchrun},
      {"mpirun in SageMaker",
       joined(kMpiProcess, {{"SM_CURRENT_HOST", "algo-1"}}),
       mpi},
      {"srun with torchrun's defaults",
       joined(kSlurmTask, {{"PET_NPROC_PER_NODE", "4"}}),
       slurm}};
  for (const auto& one : cases) {
    EXPECT_EQ(place_of(one.variables, 8), one.expected) << one.name;
  }
  // mpirun in a pod counts itself; only the pod's address stays.
  const auto in_pod =
      std::get<RankEnvironment>(place_of(joined(kPyTorchJob, kMpiProcess)));
  EXPECT_EQ(in_pod.engine, "Open MPI");
  EXPECT_EQ(in_pod.rank, 1);
  EXPECT_EQ(in_pod.world_size, 2);
}

TEST(Place, ContradictionsOfPodsShowBothValues) {
  expect_refusal(
      joined(kPyTorchJob, {{"WORLD_SIZE", "2"}}),
      {"WORLD_SIZE=2", "PET_NNODES=2", "PET_NPROC_PER_NODE=4"});
  expect_refusal(
      joined(kPyTorchJob, {{"PET_NODE_RANK", "0"}}),
      {"RANK=1", "PET_NODE_RANK=0"});
  expect_refusal(
      joined(kPyTorchJob, {{"PET_MASTER_PORT", "1"}}),
      {"MASTER_PORT=23456", "PET_MASTER_PORT=1"});
  expect_refusal(
      joined(kTrainJob, {{"PET_NODE_RANK", "3"}}),
      {"PET_NODE_RANK=3", "PET_NNODES=3"});
}

TEST(Place, RefusesPodsThatDoNotSayEnough) {
  for (const char* name : {"PET_NODE_RANK", "PET_MASTER_ADDR"}) {
    auto variables = kTrainJob;
    variables.erase(name);
    expect_refusal(variables, {"PET_NNODES=3", name});
  }
  expect_refusal(
      joined(kTrainJob, {{"PET_NPROC_PER_NODE", "many"}}),
      {"PET_NPROC_PER_NODE=many"});
  expect_refusal(
      joined(kTrainJob, {{"PET_NPROC_PER_NODE", "0"}}),
      {"PET_NPROC_PER_NODE=0"});
  expect_refusal(
      joined(kTrainJob, {{"PET_NNODES", "1:4"}}),
      {"PET_NNODES=1:4", "torchrun"});
  expect_refusal(
      {{"PET_NNODES", "2"}, {"PET_RDZV_ENDPOINT", "job-worker-0:23456"}},
      {"PET_RDZV_ENDPOINT=job-worker-0:23456", "torchrun"});
}

class SagemakerPlace : public testing::Test {
 protected:
  // The variables of a container whose resourceconfig.json is `config`.
  [[nodiscard]] Variables job(const std::string& config) const {
    write_file(path_, config);
    return {
        {"TRAINING_JOB_NAME", "a-job"},
        {"SAGEMAKER_BASE_DIR", folder_.path().string()}};
  }

  const TemporaryFolder folder_;
  const std::filesystem::path path_ =
      folder_.path() / "input" / "config" / "resourceconfig.json";
};

TEST_F(SagemakerPlace, IsTheLauncherOfItsGpus) {
  const auto variables = job(
      R"({"current_host":"algo-2","current_instance_type":"ml.p4d.24xlarge",)"
      R"("current_group_name":"homogeneousCluster",)"
      R"("hosts":["algo-1","algo-10","algo-2"],"instance_groups":[)"
      R"({"instance_group_name":"homogeneousCluster",)"
      R"("hosts":["algo-1","algo-10","algo-2"]}],)"
      R"("network_interface_name":"eth0"})");
  const auto plan = std::get<HostPlan>(place_of(variables, 8));
  EXPECT_EQ(plan.engine, "SageMaker");
  EXPECT_EQ(plan.num_processes, 8);
  EXPECT_EQ(plan.num_nodes, 3);
  EXPECT_EQ(plan.node_rank, 2);
  EXPECT_EQ(plan.master_address, "algo-1");
  EXPECT_EQ(plan.master_port, 7777);
  EXPECT_LT(plan.grace, std::chrono::seconds(120));
  EXPECT_EQ(
      host_job_of(plan, {"nadir"}).variables,
      std::vector<std::string>{"NCCL_SOCKET_IFNAME=eth0"});
  EXPECT_EQ(
      std::get<HostPlan>(place_of(joined(variables, {{"MASTER_PORT", "8000"}})))
          .master_port,
      8000);
  // The toolkit's count wins; a host without GPUs has one process.
  const auto counted = std::get<HostPlan>(
      place_of(joined(variables, {{"SM_NUM_GPUS", "4"}}), 8));
  EXPECT_EQ(counted.num_processes, 4);
  const auto on_cpu =
      std::get<HostPlan>(place_of(joined(variables, {{"SM_NUM_GPUS", "0"}})));
  EXPECT_EQ(on_cpu.num_processes, 1);
}

TEST_F(SagemakerPlace, IsOneProcessOnOneHostWithoutGpus) {
  const auto variables = job(R"({"current_host":"algo-1","hosts":["algo-1"]})");
  EXPECT_EQ(place_of(variables), Place(RankEnvironment()));
  const auto plan = std::get<HostPlan>(place_of(variables, 2));
  EXPECT_EQ(plan.master_address, "127.0.0.1");
  EXPECT_EQ(plan.master_port, 0);
}

TEST_F(SagemakerPlace, KeepsToItsInstanceGroup) {
  const auto variables =
      job(R"({"current_host":"algo-3","current_group_name":"gpus",)"
          R"("hosts":["algo-1","algo-2","algo-3"],"instance_groups":[)"
          R"({"instance_group_name":"cpus","hosts":["algo-1"]},)"
          R"({"instance_group_name":"gpus","hosts":["algo-2","algo-3"]}]})");
  const auto plan = std::get<HostPlan>(place_of(variables, 1));
  EXPECT_EQ(plan.num_nodes, 2);
  EXPECT_EQ(plan.node_rank, 1);
  EXPECT_EQ(plan.master_address, "algo-2");
}

TEST_F(SagemakerPlace, RefusesABrokenSetUp) {
  const std::string path = path_.string();
  for (const char* config :
       {"",
        "[]",
        "{",
        R"({"hosts":["algo-1"]})",
        R"({"current_host":"algo-1"})",
        R"({"current_host":"algo-3","hosts":["algo-1","algo-2"]})",
        R"({"current_host":1,"hosts":"algo-1"})"}) {
    expect_refusal(job(config), {path});
  }
  expect_refusal(
      joined(
          job(R"({"current_host":"algo-1","hosts":["algo-1"]})"),
          {{"SM_CURRENT_HOST", "algo-2"}}),
      {"SM_CURRENT_HOST=algo-2", "current_host algo-1"});
  std::filesystem::remove(path_);
  expect_refusal(
      {{"TRAINING_JOB_NAME", "a-job"},
       {"SAGEMAKER_BASE_DIR", folder_.path().string()}},
      {path, "unset"});
}

TEST(Place, FirstRankOfAPlanIsTheOneItStartsFirst) {
  const auto plan = std::get<HostPlan>(place_of(kPyTorchJob));
  const auto ranks = first_rank_of(plan);
  EXPECT_EQ(ranks.rank, 4);
  EXPECT_EQ(ranks.world_size, 8);
  EXPECT_EQ(ranks.local_size, 4);
}

}  // namespace
}  // namespace nadir::launch
