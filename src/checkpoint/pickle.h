// Reads pickles as data. A machine with the opcodes that torch.save emits and
// a list of permitted names; it builds a tree and never calls anything.
// Opcodes: Python's pickletools, protocols 0 to 5 as far as torch uses them.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nadir::checkpoint {

// One node. Nodes may be shared and, in hostile files, cyclic: code that walks
// the tree bounds its depth.
struct PickleValue {
  enum class Kind {
    kNone,
    kBool,
    kInteger,
    kNumber,
    kText,
    kBytes,
    kList,        // lists, tuples, sets: `items`
    kDict,        // `entries`
    kGlobal,      // the permitted name "module.name" in `text`
    kObject,      // what calling `text` with `items` would have made
    kPersistent,  // a reference to outside the pickle: `items`
  };

  Kind kind = Kind::kNone;
  int64_t integer = 0;  // also the value of kBool
  double number = 0;
  std::string text;
  std::vector<PickleValue*> items;
  std::vector<std::pair<PickleValue*, PickleValue*>> entries;
  const PickleValue* state = nullptr;  // an object's attributes, if set

  // The value under a text key of a dictionary, of a dictionary-like object,
  // or of an object's attributes; null if there is none.
  [[nodiscard]] const PickleValue* find(std::string_view key) const;
};

// Owns its nodes.
struct Pickle {
  std::deque<PickleValue> nodes;
  const PickleValue* root = nullptr;
};

// Parses a whole pickle. `is_permitted` says which globals may be named.
// `name` is for messages. Throws Error{kCorruptData} on broken or unknown
// opcodes and Error{kInvalidArgument} on globals that are not permitted.
[[nodiscard]] Pickle parse_pickle(
    std::string_view bytes,
    const std::string& name,
    const std::function<bool(const std::string& global)>& is_permitted);

}  // namespace nadir::checkpoint
