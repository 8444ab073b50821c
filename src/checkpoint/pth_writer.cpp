#include "checkpoint/pth_writer.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <tuple>
#include <vector>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "checkpoint/zip_archive.h"
#include "core/error.h"
#include "core/file.h"

namespace nadir::checkpoint {
namespace {

const char* storage_name(const std::string& name, at::ScalarType type) {
  switch (type) {
    case at::kDouble:
      return "DoubleStorage";
    case at::kFloat:
      return "FloatStorage";
    case at::kHalf:
      return "HalfStorage";
    case at::kBFloat16:
      return "BFloat16Storage";
    case at::kLong:
      return "LongStorage";
    case at::kInt:
      return "IntStorage";
    case at::kShort:
      return "ShortStorage";
    case at::kChar:
      return "CharStorage";
    case at::kByte:
      return "ByteStorage";
    case at::kBool:
      return "BoolStorage";
    default:
      fail(
          ErrorCode::kInvalidArgument,
          "'{}' of type {} cannot be written to a .pth file; convert it or "
          "write safetensors",
          name,
          at::toString(type));
  }
}

// Where a name stands in the network: first what comes before the blocks, then
// block by block, weights before biases. Names of no network sort by text.
auto network_order(const std::string& name) {
  static constexpr std::array kParts = {
      "cls_token",
      "pos_embed",
      "patch_embed.",
      "blocks.",
      ".norm1.",
      ".attn.qkv.",
      ".attn.proj.",
      ".norm2.",
      ".mlp.fc1.",
      ".mlp.fc2.",
      "norm.",
      "head."};
  constexpr size_t kBlocks = 3;
  constexpr size_t kAfterBlocks = 10;
  const auto has = [&](size_t part) {
    return name.find(kParts[part]) != std::string::npos;
  };
  const bool is_in_block = has(kBlocks);
  size_t place = is_in_block ? kBlocks + 1 : 0;
  const size_t end = is_in_block ? kAfterBlocks : kParts.size();
  while (place < end && !has(place)) {
    ++place;
  }
  const int64_t block =
      is_in_block
          ? std::strtol(
                name.c_str() + name.find(kParts[kBlocks]) + 7, nullptr, 10)
          : 0;
  const bool is_bias =
      name.size() > 5 && name.substr(name.size() - 5) == ".bias";
  return std::tuple(is_in_block ? kBlocks : place, block, place, is_bias, name);
}

// Emits protocol 2 as torch.save does, without memo: each tensor has a storage
// of its own.
class PickleWriter {
 public:
  PickleWriter() { bytes_ = "\x80\x02"; }

  void begin_dict(bool is_ordered) {
    if (is_ordered) {
      add_ordered_dict();
    } else {
      bytes_ += '}';
    }
    bytes_ += '(';
  }

  void end_dict() { bytes_ += 'u'; }

  void add_text(const std::string& text) {
    bytes_ += 'X';
    add_number(static_cast<uint32_t>(text.size()));
    bytes_ += text;
  }

  void add_integer(int64_t value) {
    bytes_ += '\x8a';
    bytes_ += '\x08';
    add_number(value);
  }

  void add_json(const nlohmann::json& value) {
    if (value.is_null()) {
      bytes_ += 'N';
    } else if (value.is_boolean()) {
      bytes_ += value.get<bool>() ? '\x88' : '\x89';
    } else if (value.is_number_integer()) {
      add_integer(value.get<int64_t>());
    } else if (value.is_number()) {
      const double number = value.get<double>();
      uint64_t bits = 0;
      std::memcpy(&bits, &number, sizeof bits);
      bytes_ += 'G';
      add_number(__builtin_bswap64(bits));
    } else if (value.is_string()) {
      add_text(value.get<std::string>());
    } else if (value.is_array()) {
      bytes_ += "](";
      for (const auto& item : value) {
        add_json(item);
      }
      bytes_ += 'e';
    } else {
      begin_dict(false);
      for (const auto& [key, item] : value.items()) {
        add_text(key);
        add_json(item);
      }
      end_dict();
    }
  }

  void add_tensor(const std::string& name, const at::Tensor& tensor) {
    const at::Tensor dense = tensor.detach().cpu().contiguous();
    bytes_ += "ctorch._utils\n_rebuild_tensor_v2\n((";
    add_text("storage");
    bytes_ += std::string("ctorch\n") +
              storage_name(name, dense.scalar_type()) + "\n";
    add_text(std::to_string(storages_.size()));
    add_text("cpu");
    add_integer(dense.numel());
    bytes_ += "tQ";
    add_integer(0);
    add_integers(dense.sizes());
    add_integers(dense.strides());
    bytes_ += '\x89';  // requires no gradient
    add_ordered_dict();
    bytes_ += "tR";
    storages_.push_back(dense);
  }

  void add_tensors(const TensorMap& tensors, const std::string& prefix) {
    std::vector<TensorMap::const_pointer> order;
    for (const auto& item : tensors) {
      order.push_back(&item);
    }
    std::sort(order.begin(), order.end(), [](auto* a, auto* b) {
      return network_order(a->first) < network_order(b->first);
    });
    begin_dict(true);
    for (const auto* item : order) {
      add_text(prefix + item->first);
      add_tensor(item->first, item->second);
    }
    end_dict();
  }

  void write(const std::filesystem::path& path) {
    bytes_ += '.';
    write_file_with(path, [&](const std::filesystem::path& temporary) {
      ZipWriter archive(temporary);
      archive.add("archive/data.pkl", bytes_);
      archive.add("archive/byteorder", "little");
      for (size_t i = 0; i < storages_.size(); ++i) {
        archive.add(
            "archive/data/" + std::to_string(i),
            {static_cast<const char*>(storages_[i].const_data_ptr()),
             storages_[i].nbytes()});
      }
      archive.add("archive/version", "3\n");
      archive.finish();
    });
  }

 private:
  void add_ordered_dict() { bytes_ += "ccollections\nOrderedDict\n)R"; }

  void add_integers(at::IntArrayRef values) {
    bytes_ += '(';
    for (const int64_t value : values) {
      add_integer(value);
    }
    bytes_ += 't';
  }

  template <class Number>
  void add_number(Number number) {
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof number);
  }

  std::string bytes_;
  std::vector<at::Tensor> storages_;
};

}  // namespace

void write_pth_backbone(
    const std::filesystem::path& path, const TensorMap& backbone) {
  PickleWriter writer;
  writer.add_tensors(backbone, "");
  writer.write(path);
}

void write_pth_full(
    const std::filesystem::path& path,
    const FullCheckpoint& checkpoint,
    const nlohmann::json& args) {
  PickleWriter writer;
  writer.begin_dict(false);
  writer.add_text("student");
  writer.add_tensors(checkpoint.student, "module.");
  writer.add_text("teacher");
  writer.add_tensors(checkpoint.teacher, "");
  writer.add_text("epoch");
  writer.add_integer(checkpoint.epoch);
  writer.add_text("args");
  writer.add_json(args);
  writer.add_text("dino_loss");
  writer.add_tensors({{"center", checkpoint.center}}, "");
  writer.end_dict();
  writer.write(path);
}

}  // namespace nadir::checkpoint
