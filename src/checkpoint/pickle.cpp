#include "checkpoint/pickle.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "core/error.h"

namespace nadir::checkpoint {
namespace {

using Kind = PickleValue::Kind;

// Copies of argument lists, in all. torch.save shares hardly any; a hostile
// file could name one long list in every call.
constexpr size_t kMaxSharedItems = 1 << 22;

// The stack machine. Every stack access is checked: a broken pickle is an
// error, never a crash.
class PickleMachine {
 public:
  PickleMachine(
      std::string_view bytes,
      const std::string& name,
      const std::function<bool(const std::string&)>& is_permitted)
      : bytes_(bytes), name_(name), is_permitted_(is_permitted) {}

  Pickle run() {
    while (step(take_byte())) {
    }
    pickle_.root = pop();
    return std::move(pickle_);
  }

 private:
  // Executes one opcode; false at STOP.
  bool step(uint8_t opcode) {
    switch (opcode) {
      case '.':
        return false;
      case 0x80:  // PROTO
        require(take_byte() <= 5, "its protocol is newer than 5");
        break;
      case 0x95:  // FRAME
        take<uint64_t>();
        break;
      case '(':  // MARK
        marks_.push_back(stack_.size());
        break;
      case '0':  // POP
        pop();
        break;
      case '1':  // POP_MARK
        take_marked();
        break;
      case '2':  // DUP
        stack_.push_back(top());
        break;
      default:
        if (!push_scalar(opcode) && !use_memo(opcode) &&
            !build_container(opcode)) {
          build_object(opcode);
        }
    }
    return true;
  }

  bool push_scalar(uint8_t opcode) {
    switch (opcode) {
      case 'N':
        push(Kind::kNone);
        return true;
      case 0x88:  // NEWTRUE
      case 0x89:  // NEWFALSE
        push(Kind::kBool)->integer = opcode == 0x88 ? 1 : 0;
        return true;
      case 'J':
        push(Kind::kInteger)->integer = take<int32_t>();
        return true;
      case 'K':
        push(Kind::kInteger)->integer = take_byte();
        return true;
      case 'M':
        push(Kind::kInteger)->integer = take<uint16_t>();
        return true;
      case 0x8a:  // LONG1
        push_long(take_byte());
        return true;
      case 'G': {  // BINFLOAT, big-endian
        const auto bits = __builtin_bswap64(take<uint64_t>());
        std::memcpy(&push(Kind::kNumber)->number, &bits, sizeof bits);
        return true;
      }
      case 0x8c:  // SHORT_BINUNICODE
        push_text(Kind::kText, take_byte());
        return true;
      case 'X':  // BINUNICODE
        push_text(Kind::kText, take<uint32_t>());
        return true;
      case 0x8d:  // BINUNICODE8
        push_text(Kind::kText, take<uint64_t>());
        return true;
      case 'U':  // SHORT_BINSTRING
      case 'C':  // SHORT_BINBYTES
        push_text(Kind::kBytes, take_byte());
        return true;
      case 'T':  // BINSTRING
      case 'B':  // BINBYTES
        push_text(Kind::kBytes, take<uint32_t>());
        return true;
      case 0x8e:  // BINBYTES8
        push_text(Kind::kBytes, take<uint64_t>());
        return true;
      default:
        return false;
    }
  }

  bool use_memo(uint8_t opcode) {
    switch (opcode) {
      case 'q':  // BINPUT
        memo_[take_byte()] = top();
        return true;
      case 'r':  // LONG_BINPUT
        memo_[take<uint32_t>()] = top();
        return true;
      case 0x94:  // MEMOIZE
        memo_[memo_.size()] = top();
        return true;
      case 'h':  // BINGET
        stack_.push_back(recall(take_byte()));
        return true;
      case 'j':  // LONG_BINGET
        stack_.push_back(recall(take<uint32_t>()));
        return true;
      default:
        return false;
    }
  }

  bool build_container(uint8_t opcode) {
    switch (opcode) {
      case ']':   // EMPTY_LIST
      case ')':   // EMPTY_TUPLE
      case 0x8f:  // EMPTY_SET
        push(Kind::kList);
        return true;
      case '}':  // EMPTY_DICT
        push(Kind::kDict);
        return true;
      case 'l':     // LIST
      case 't':     // TUPLE
      case 0x91: {  // FROZENSET
        auto items = take_marked();
        push(Kind::kList)->items = std::move(items);
        return true;
      }
      case 0x85:    // TUPLE1
      case 0x86:    // TUPLE2
      case 0x87: {  // TUPLE3
        auto items = take_last(opcode - 0x84U);
        push(Kind::kList)->items = std::move(items);
        return true;
      }
      case 'd': {  // DICT
        const auto items = take_marked();
        push(Kind::kDict);
        add_entries(items);
        return true;
      }
      case 'a':  // APPEND
        add_items(take_last(1));
        return true;
      case 'e':   // APPENDS
      case 0x90:  // ADDITEMS
        add_items(take_marked());
        return true;
      case 's':  // SETITEM
        add_entries(take_last(2));
        return true;
      case 'u':  // SETITEMS
        add_entries(take_marked());
        return true;
      default:
        return false;
    }
  }

  void build_object(uint8_t opcode) {
    switch (opcode) {
      case 'c': {  // GLOBAL
        const std::string module = take_line();
        push_global(module + "." + take_line());
        break;
      }
      case 0x93: {  // STACK_GLOBAL
        const auto parts = take_last(2);
        require(
            parts[0]->kind == Kind::kText && parts[1]->kind == Kind::kText,
            "a global's name is no text");
        push_global(parts[0]->text + "." + parts[1]->text);
        break;
      }
      case 'R':     // REDUCE
      case 0x81: {  // NEWOBJ
        const auto call = take_last(2);
        require(
            call[0]->kind == Kind::kGlobal && call[1]->kind == Kind::kList,
            "it calls what is no name");
        PickleValue* object = push(Kind::kObject);
        object->text = call[0]->text;
        object->items = shared_items(*call[1]);
        break;
      }
      case 'b': {  // BUILD
        const PickleValue* state = pop();
        require(top()->kind == Kind::kObject, "it sets the state of no object");
        top()->state = state;
        break;
      }
      case 'Q': {  // BINPERSID
        const PickleValue* id = pop();
        require(id->kind == Kind::kList, "a persistent id is no tuple");
        push(Kind::kPersistent)->items = shared_items(*id);
        break;
      }
      default:
        require(false, fmt::format("it uses the opcode 0x{:02x}", opcode));
    }
  }

  void push_global(const std::string& global) {
    NADIR_CHECK(
        is_permitted_(global),
        "{} refers to the Python object '{}', which nadir does not load; in "
        "Python, save the tensors alone: torch.save(model.state_dict(), ...)",
        name_,
        global);
    push(Kind::kGlobal)->text = global;
  }

  void push_long(size_t num_bytes) {
    require(num_bytes <= 8, "an integer exceeds 64 bits");
    const std::string_view digits = take_bytes(num_bytes);
    uint64_t value = 0;
    for (size_t i = 0; i < num_bytes; ++i) {
      value |= static_cast<uint64_t>(static_cast<uint8_t>(digits[i])) << 8 * i;
    }
    const bool is_negative =
        num_bytes > 0 && (static_cast<uint8_t>(digits.back()) & 0x80) != 0;
    if (is_negative && num_bytes < 8) {
      value |= ~uint64_t{0} << 8 * num_bytes;
    }
    push(Kind::kInteger)->integer = static_cast<int64_t>(value);
  }

  void push_text(Kind kind, uint64_t num_bytes) {
    const std::string_view text = take_bytes(num_bytes);
    push(kind)->text = text;
  }

  void add_items(const std::vector<PickleValue*>& items) {
    PickleValue* target = top();
    require(
        target->kind == Kind::kList || target->kind == Kind::kObject,
        "it appends to what is no list");
    target->items.insert(target->items.end(), items.begin(), items.end());
  }

  void add_entries(const std::vector<PickleValue*>& items) {
    PickleValue* target = top();
    require(
        (target->kind == Kind::kDict || target->kind == Kind::kObject) &&
            items.size() % 2 == 0,
        "it sets items of what is no dictionary");
    for (size_t i = 0; i < items.size(); i += 2) {
      target->entries.emplace_back(items[i], items[i + 1]);
    }
  }

  // A copy of the list's items; the list itself may be named again.
  std::vector<PickleValue*> shared_items(const PickleValue& list) {
    num_shared_items_ += list.items.size();
    require(
        num_shared_items_ <= kMaxSharedItems,
        "its calls have too many arguments");
    return list.items;
  }

  PickleValue* push(Kind kind) {
    PickleValue* node = &pickle_.nodes.emplace_back();
    node->kind = kind;
    stack_.push_back(node);
    return node;
  }

  size_t stack_floor() const { return marks_.empty() ? 0 : marks_.back(); }

  PickleValue* top() const {
    require(stack_.size() > stack_floor(), "its stack runs empty");
    return stack_.back();
  }

  PickleValue* pop() {
    PickleValue* node = top();
    stack_.pop_back();
    return node;
  }

  std::vector<PickleValue*> take_last(size_t count) {
    require(stack_.size() - stack_floor() >= count, "its stack runs empty");
    std::vector<PickleValue*> items(
        stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return items;
  }

  std::vector<PickleValue*> take_marked() {
    require(!marks_.empty(), "a mark is missing");
    auto items = take_last(stack_.size() - marks_.back());
    marks_.pop_back();
    return items;
  }

  PickleValue* recall(uint64_t key) const {
    const auto found = memo_.find(key);
    require(found != memo_.end(), "it recalls what it never stored");
    return found->second;
  }

  std::string_view take_bytes(uint64_t count) {
    require(count <= bytes_.size(), "it ends early");
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }

  uint8_t take_byte() { return static_cast<uint8_t>(take_bytes(1)[0]); }

  template <class Number>
  Number take() {
    Number number;
    std::memcpy(&number, take_bytes(sizeof number).data(), sizeof number);
    return number;
  }

  std::string take_line() {
    const size_t end = bytes_.find('\n');
    require(end != std::string_view::npos, "it ends early");
    const std::string line(take_bytes(end));
    take_bytes(1);
    return line;
  }

  void require(bool condition, std::string_view rule) const {
    if (!condition) {
      fail(
          ErrorCode::kCorruptData,
          "the pickle in {} cannot be read: {}",
          name_,
          rule);
    }
  }

  std::string_view bytes_;
  const std::string& name_;
  const std::function<bool(const std::string&)>& is_permitted_;
  Pickle pickle_;
  std::vector<PickleValue*> stack_;
  std::vector<size_t> marks_;
  size_t num_shared_items_ = 0;
  std::unordered_map<uint64_t, PickleValue*> memo_;
};

}  // namespace

const PickleValue* PickleValue::find(std::string_view key) const {
  const auto find_in = [key](const PickleValue& dict) -> const PickleValue* {
    const auto found = std::find_if(
        dict.entries.rbegin(), dict.entries.rend(), [key](const auto& entry) {
          return entry.first->kind == Kind::kText && entry.first->text == key;
        });
    return found == dict.entries.rend() ? nullptr : found->second;
  };
  const PickleValue* value = find_in(*this);
  return value == nullptr && state != nullptr ? find_in(*state) : value;
}

Pickle parse_pickle(
    std::string_view bytes,
    const std::string& name,
    const std::function<bool(const std::string& global)>& is_permitted) {
  return PickleMachine(bytes, name, is_permitted).run();
}

}  // namespace nadir::checkpoint
