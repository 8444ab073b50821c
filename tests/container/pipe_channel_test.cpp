// Streams of channels in Pipe mode: writers that come late, write in pieces,
// leave early or never come.
#include "container/pipe_channel.h"

#include <csignal>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/signals.h"

namespace nadir::container {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// Begins as gzip does, which is enough to be stored.
const std::string kArchiveBytes = "\x1f\x8b" + std::string(300000, 'x');

class PipeChannelTest : public testing::Test {
 protected:
  PipeChannelTest() {
    Channel channel;
    channel.name = "train";
    channel.folder = folder_.path() / "train";
    input_ = pipe_input(channel, PipeContent::kArchive, folder_.path() / "to");
  }

  ~PipeChannelTest() override {
    if (writer_.joinable()) {
      writer_.join();
    }
  }

  void make_pipe() const { ASSERT_EQ(::mkfifo(input_.pipe.c_str(), 0600), 0); }

  // Opens the pipe, writes the pieces with pauses between, and closes it.
  void write(std::vector<std::string> pieces) {
    writer_ = std::thread([this, pieces = std::move(pieces)] {
      const int pipe = ::open(input_.pipe.c_str(), O_WRONLY);
      for (const auto& piece : pieces) {
        std::this_thread::sleep_for(milliseconds(150));
        for (size_t done = 0; done < piece.size();) {
          const auto count =
              ::write(pipe, piece.data() + done, piece.size() - done);
          ASSERT_GT(count, 0);
          done += static_cast<size_t>(count);
        }
      }
      ::close(pipe);
    });
  }

  [[nodiscard]] std::string refusal(ErrorCode code) const {
    try {
      store_pipe(input_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      return error.what();
    }
    return "not refused";
  }

  const TemporaryFolder folder_;
  PipeInput input_;
  std::thread writer_;
};

TEST_F(PipeChannelTest, StoresAllThatComesUntilTheWriterLeaves) {
  make_pipe();
  write({kArchiveBytes, "and", "more"});
  EXPECT_EQ(store_pipe(input_), static_cast<int64_t>(kArchiveBytes.size()) + 7);
  EXPECT_EQ(read_file(input_.file), kArchiveBytes + "andmore");
}

TEST_F(PipeChannelTest, WaitsForAPipeThatComesLater) {
  std::thread platform([&] {
    std::this_thread::sleep_for(milliseconds(250));
    make_pipe();
    write({kArchiveBytes});
  });
  EXPECT_EQ(store_pipe(input_), static_cast<int64_t>(kArchiveBytes.size()));
  platform.join();
}

TEST_F(PipeChannelTest, NamesAPipeThatNeverComes) {
  input_.patience = milliseconds(1);
  const auto why = refusal(ErrorCode::kNotFound);
  EXPECT_NE(why.find("train_0"), std::string::npos) << why;
}

TEST_F(PipeChannelTest, RefusesWhatIsNotOneObjectOfItsKind) {
  make_pipe();
  write({"PAR1 but no archive"});
  auto why = refusal(ErrorCode::kCorruptData);
  EXPECT_NE(why.find("does not begin as an archive"), std::string::npos) << why;
  writer_.join();
  input_.content = PipeContent::kParquet;
  write({"PAR1 and an index"});
  EXPECT_EQ(store_pipe(input_), 17);
  writer_.join();
  write({kArchiveBytes});
  why = refusal(ErrorCode::kCorruptData);
  EXPECT_NE(why.find("no Parquet file"), std::string::npos) << why;
}

TEST_F(PipeChannelTest, TellsAWriterThatLeavesWithoutAByte) {
  make_pipe();
  write({});
  const auto why = refusal(ErrorCode::kCorruptData);
  EXPECT_NE(why.find("before a byte"), std::string::npos) << why;
}

TEST_F(PipeChannelTest, AsksForALargerVolumeWhereThisOneIsFull) {
  make_pipe();
  input_.file = "/dev/full";
  write({"\x1f\x8b"});
  const auto why = refusal(ErrorCode::kIo);
  EXPECT_NE(why.find("channel train"), std::string::npos) << why;
  EXPECT_NE(why.find("--volume-size"), std::string::npos) << why;
}

TEST_F(PipeChannelTest, StopsWaitingForAWriterOnASignal) {
  make_pipe();
  catch_signals();
  std::thread user([] {
    std::this_thread::sleep_for(milliseconds(200));
    ::raise(SIGTERM);
  });
  EXPECT_EQ(store_pipe(input_), 0);
  user.join();
  EXPECT_EQ(caught_signal(), SIGTERM);
  forget_signal();
  ::signal(SIGTERM, SIG_DFL);
}

}  // namespace
}  // namespace nadir::container
