#include "launch/rank_environment.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "support/variables.h"

namespace nadir::launch {
namespace {

RankEnvironment read(const Variables& variables) {
  return read_rank_environment(environment_with(variables));
}

// The message of the refusal; empty where there is none.
std::string refusal(const Variables& variables) {
  try {
    (void)read(variables);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.what();
  }
  return "";
}

void add(Variables& variables, const Variables& more) {
  variables.insert(more.begin(), more.end());
}

// A step of srun -N2 -n4 on the nodes of docs/distributed.md.
const Variables kSlurmStep = {
    {"SLURM_JOB_ID", "4711"},
    {"SLURM_STEP_ID", "0"},
    {"SLURM_PROCID", "3"},
    {"SLURM_LOCALID", "1"},
    {"SLURM_NODEID", "1"},
    {"SLURM_NTASKS", "4"},
    {"SLURM_STEP_NUM_TASKS", "4"},
    {"SLURM_STEP_TASKS_PER_NODE", "2(x2)"},
    {"SLURM_STEP_NODELIST", "n[1-2]"}};

const Variables kTorchrun = {
    {"RANK", "5"},
    {"WORLD_SIZE", "8"},
    {"LOCAL_RANK", "1"},
    {"LOCAL_WORLD_SIZE", "4"},
    {"GROUP_RANK", "1"},
    {"MASTER_ADDR", "10.0.0.1"},
    {"MASTER_PORT", "29400"},
    {"TORCHELASTIC_RUN_ID", "none"},
    {"TORCHELASTIC_RESTART_COUNT", "2"},
    {"TORCHELASTIC_USE_AGENT_STORE", "True"}};

const Variables kOpenMpi = {
    {"OMPI_COMM_WORLD_RANK", "1"},
    {"OMPI_COMM_WORLD_SIZE", "2"},
    {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
    {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"},
    {"OMPI_COMM_WORLD_NODE_RANK", "1"},  // of the node's processes, a trap
    {"PMIX_RANK", "1"},
    {"PMIX_NAMESPACE", "1234567"}};

TEST(RankEnvironment, IsOneProcessWhereNothingIsSaid) {
  EXPECT_EQ(read({}), RankEnvironment{});
  EXPECT_EQ(read({{"RANK", ""}, {"WORLD_SIZE", ""}}), RankEnvironment{});
}

TEST(RankEnvironment, OfTorchrun) {
  const RankEnvironment expected = {
      .engine = "torchrun",
      .rank = 5,
      .world_size = 8,
      .local_rank = 1,
      .local_size = 4,
      .node_rank = 1,
      .master_address = "10.0.0.1",
      .master_port = 29400,
      .is_store_hosted = true,
      .restart_count = 2};
  EXPECT_EQ(read(kTorchrun), expected);
}

TEST(RankEnvironment, OfAPyTorchJobWithOneProcessAPod) {
  const auto ranks = read(
      {{"RANK", "2"},
       {"WORLD_SIZE", "3"},
       {"PET_NODE_RANK", "2"},
       {"PET_NNODES", "3"},
       {"PET_NPROC_PER_NODE", "1"},
       {"MASTER_ADDR", "job-master-0"},
       {"PET_MASTER_ADDR", "job-master-0"},
       {"MASTER_PORT", "23456"}});
  EXPECT_EQ(ranks.engine, "PyTorchJob");
  EXPECT_EQ(ranks.rank, 2);
  EXPECT_EQ(ranks.local_rank, 0);
  EXPECT_EQ(ranks.local_size, 1);
  EXPECT_EQ(ranks.node_rank, 2);
  EXPECT_EQ(ranks.master_address, "job-master-0");
}

TEST(RankEnvironment, OfOpenMpiOnOneHost) {
  const auto ranks = read(kOpenMpi);
  EXPECT_EQ(ranks.engine, "Open MPI");
  EXPECT_EQ(ranks.rank, 1);
  EXPECT_EQ(ranks.world_size, 2);
  EXPECT_EQ(ranks.node_rank, 0);
  EXPECT_EQ(ranks.master_address, "127.0.0.1");
  auto other_job = kOpenMpi;
  other_job["PMIX_NAMESPACE"] = "1234568";
  EXPECT_NE(read(other_job).master_port, ranks.master_port);
}

TEST(RankEnvironment, OfOpenMpiOnMoreHostsNeedsTheMastersAddress) {
  auto variables = kOpenMpi;
  variables["OMPI_COMM_WORLD_SIZE"] = "4";
  variables["OMPI_COMM_WORLD_RANK"] = "3";
  EXPECT_NE(refusal(variables).find("MASTER_ADDR"), std::string::npos);
  variables["MASTER_ADDR"] = "10.0.0.9";
  const auto ranks = read(variables);
  EXPECT_EQ(ranks.node_rank, 1);
  EXPECT_EQ(ranks.master_address, "10.0.0.9");
}

TEST(RankEnvironment, OfASlurmStep) {
  const auto ranks = read(kSlurmStep);
  EXPECT_EQ(ranks.engine, "Slurm");
  EXPECT_EQ(ranks.rank, 3);
  EXPECT_EQ(ranks.world_size, 4);
  EXPECT_EQ(ranks.local_rank, 1);
  EXPECT_EQ(ranks.local_size, 2);
  EXPECT_EQ(ranks.node_rank, 1);
  EXPECT_EQ(ranks.master_address, "n1");
  EXPECT_GE(ranks.master_port, 20'000);
  EXPECT_LT(ranks.master_port, 30'000);
  auto named = kSlurmStep;
  named["MASTER_ADDR"] = "127.0.0.1";
  named["MASTER_PORT"] = "12345";
  named["SLURM_RESTART_COUNT"] = "1";
  EXPECT_EQ(read(named).master_address, "127.0.0.1");
  EXPECT_EQ(read(named).master_port, 12'345);
  EXPECT_EQ(read(named).restart_count, 1);
}

TEST(RankEnvironment, IsOneProcessInTheShellOfABatchJob) {
  EXPECT_EQ(
      read(
          {{"SLURM_JOB_ID", "4711"},
           {"SLURM_PROCID", "0"},
           {"SLURM_NTASKS", "4"}}),
      RankEnvironment{});
}

TEST(RankEnvironment, TheInnermostLauncherWins) {
  auto both = kTorchrun;
  add(both, kSlurmStep);
  EXPECT_EQ(read(both), read(kTorchrun));
  both = kOpenMpi;
  add(both, kSlurmStep);
  EXPECT_EQ(read(both), read(kOpenMpi));
}

TEST(RankEnvironment, OfPmiUnderSlurm) {
  auto variables = kSlurmStep;
  add(variables, {{"PMI_RANK", "3"}, {"PMI_SIZE", "4"}});
  variables["MPI_LOCALRANKID"] = "1";
  variables["MPI_LOCALNRANKS"] = "2";
  const auto ranks = read(variables);
  EXPECT_EQ(ranks.engine, "PMI");
  EXPECT_EQ(ranks.node_rank, 1);
  EXPECT_EQ(ranks.master_address, "n1");
}

TEST(RankEnvironment, ContradictionsShowBothValues) {
  auto variables = kTorchrun;
  variables["PET_MASTER_ADDR"] = "10.0.0.2";
  const std::string message = refusal(variables);
  EXPECT_NE(message.find("MASTER_ADDR=10.0.0.1"), std::string::npos);
  EXPECT_NE(message.find("PET_MASTER_ADDR=10.0.0.2"), std::string::npos);
  variables = kSlurmStep;
  variables["SLURM_NODEID"] = "2";
  EXPECT_NE(refusal(variables).find("SLURM_NODEID=2"), std::string::npos);
}

TEST(RankEnvironment, RefusesWhatIsMissingOrDoesNotFit) {
  EXPECT_NE(refusal({{"RANK", "0"}}).find("WORLD_SIZE"), std::string::npos);
  EXPECT_NE(refusal({{"WORLD_SIZE", "2"}}).find("RANK"), std::string::npos);
  EXPECT_NE(
      refusal({{"RANK", "zero"}, {"WORLD_SIZE", "2"}}).find("RANK=zero"),
      std::string::npos);
  auto variables = kTorchrun;
  variables["RANK"] = "8";
  EXPECT_NE(refusal(variables).find("rank 8"), std::string::npos);
  variables = kTorchrun;
  variables["MASTER_PORT"] = "70000";
  EXPECT_NE(refusal(variables).find("65535"), std::string::npos);
  variables = kTorchrun;
  variables.erase("LOCAL_WORLD_SIZE");
  EXPECT_NE(refusal(variables).find("LOCAL_WORLD_SIZE"), std::string::npos);
  EXPECT_NE(
      refusal({{"RANK", "1"}, {"WORLD_SIZE", "2"}}).find("MASTER_ADDR"),
      std::string::npos);
}

}  // namespace
}  // namespace nadir::launch
