#include "sendmail-lite/dialect.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/characters.h"

namespace proto::sendmail {
namespace {

// How a letter takes its value.
enum class Value {
  none,    // a flag: more letters may follow in the same word
  needed,  // glued, or the next word
  letter,  // glued, or the next word where that is a single letter (-b m, -e m)
  glued,   // what follows in the same word, maybe nothing (-q30m, -d0.1)
};

struct Letter {
  char letter;
  Value value;
  std::string_view option;  // the long one; empty: taken and ignored
};

// sendmail 8's letters, and ours. -h is help here; a hop count (-h5) is ignored.
constexpr std::array kLetters{
    Letter{'t', Value::none, "--read-recipients"},
    Letter{'i', Value::none, "--ignore-dots"},
    Letter{'f', Value::needed, "--envelope-from"},
    Letter{'r', Value::needed, "--envelope-from"},
    Letter{'F', Value::needed, "--full-name"},
    Letter{'B', Value::needed, "--body-type"},
    Letter{'N', Value::needed, "--dsn-notify"},
    Letter{'R', Value::needed, "--dsn-return"},
    Letter{'V', Value::needed, "--dsn-envid"},
    Letter{'n', Value::none, "--no-aliases"},
    Letter{'v', Value::none, "--verbose"},
    Letter{'k', Value::none, "--insecure"},
    Letter{'E', Value::needed, "--cert"},
    Letter{'4', Value::none, "--ipv4"},
    Letter{'6', Value::none, "--ipv6"},
    Letter{'b', Value::letter, ""},
    Letter{'q', Value::glued, "--flush-queue"},
    Letter{'h', Value::glued, "--help"},
    Letter{'I', Value::none, "--newaliases"},
    Letter{'o', Value::needed, ""},
    Letter{'e', Value::letter, ""},
    Letter{'d', Value::glued, ""},
    Letter{'m', Value::none, ""},
    Letter{'s', Value::none, ""},
    Letter{'U', Value::none, ""},
    Letter{'G', Value::none, ""},
    Letter{'A', Value::glued, ""},
    Letter{'L', Value::needed, ""},
    Letter{'O', Value::needed, ""},
    Letter{'p', Value::needed, ""},
    Letter{'C', Value::needed, ""},
    Letter{'D', Value::needed, ""},
    Letter{'X', Value::needed, ""},
};

class Translator {
 public:
  Translator(const std::vector<std::string>& words,
             const std::function<bool(std::string_view)>& takes_value)
      : words_(words), takes_value_(takes_value) {}

  Translation run() {
    while (at_ < words_.size()) {
      const std::string& word = words_[at_++];
      if (word == "--") break;
      if (word.starts_with("--")) {
        long_option(word);
      } else if (word.size() > 1 && word[0] == '-') {
        letters(std::string_view(word).substr(1));
      } else if (!word.empty()) {
        operands_.push_back(word);
      }
    }
    operands_.insert(operands_.end(), words_.begin() + static_cast<std::ptrdiff_t>(at_),
                     words_.end());
    if (!operands_.empty()) {
      out_.arguments.emplace_back("--");
      out_.arguments.insert(out_.arguments.end(), operands_.begin(), operands_.end());
    }
    return std::move(out_);
  }

 private:
  void warn(std::string text) { out_.warnings.push_back(std::move(text)); }

  void long_option(const std::string& word) {
    if (word.ends_with('=') && takes_value_(word.substr(0, word.size() - 1))) {
      out_.arguments.insert(out_.arguments.end(), {word.substr(0, word.size() - 1), ""});
    } else if (word.find('=') != std::string::npos || !takes_value_(word) || at_ == words_.size()) {
      out_.arguments.push_back(word);
    } else if (const std::string& value = words_[at_++]; value.empty()) {
      // CLI11 takes the next word for the value of "--name=".
      out_.arguments.insert(out_.arguments.end(), {word, value});
    } else {
      out_.arguments.push_back(word + "=" + value);
    }
  }

  void letters(std::string_view group) {
    while (!group.empty()) {
      const char c = group.front();
      group.remove_prefix(1);
      const auto* known = std::find_if(kLetters.begin(), kLetters.end(),
                                       [&](const Letter& l) { return l.letter == c; });
      if (known == kLetters.end()) {
        warn("-" + std::string(1, c) + ": unknown option ignored");
        return;  // what follows may be its value
      }
      if (known->value == Value::none) {
        if (!known->option.empty()) out_.arguments.emplace_back(known->option);
        continue;
      }
      with_value(*known, value_of(*known, group));
      return;
    }
  }

  // The value of a letter, of which `glued` is what follows it in its word.
  std::optional<std::string> value_of(const Letter& letter, std::string_view glued) {
    if (!glued.empty() || letter.value == Value::glued) return std::string(glued);
    if (at_ == words_.size()) return std::nullopt;
    if (letter.value == Value::letter && words_[at_].size() != 1) return std::nullopt;
    return words_[at_++];
  }

  void with_value(const Letter& letter, const std::optional<std::string>& value) {
    if (letter.letter == 'b') return mode(value.value_or(""));
    if (letter.letter == 'o') {
      // -oi is -i; all else (-odi, -oem, …) is about what does not exist here.
      if (value && value->starts_with('i')) out_.arguments.emplace_back("--ignore-dots");
      if (value && value->starts_with("dq")) out_.arguments.emplace_back("--queue-only");
      return;
    }
    if (letter.letter == 'h') {
      if (value->empty()) out_.arguments.emplace_back("--help");
      return;
    }
    if (letter.letter == 'q') {
      if (!value->empty() && *value != "f")
        warn("-q" + *value + ": the queue is sent once, all of what is due");
      out_.arguments.emplace_back(letter.option);
      return;
    }
    if (letter.option.empty()) return;
    if (!value) return warn("-" + std::string(1, letter.letter) + ": no value: ignored");
    // The null sender has one spelling from here on: a long option has no empty value.
    const bool null_sender = letter.option == "--envelope-from" && trim(*value).empty();
    out_.arguments.push_back(std::string(letter.option) + "=" + (null_sender ? "<>" : *value));
  }

  void mode(const std::string& value) {
    if (value == "m" || value.empty()) return;
    // Verify the recipients, and send nothing.
    if (value == "v") return out_.arguments.emplace_back("--check"), void();
    if (value == "p") return out_.arguments.emplace_back("--list-queue"), void();
    if (value == "s") return out_.arguments.emplace_back("--smtp"), void();
    if (value == "i") return out_.arguments.emplace_back("--newaliases"), void();
    if (value == "d" || value == "D") return out_.arguments.emplace_back("--daemon"), void();
    warn("-b" + value + ": unknown mode: mail is sent");
  }

  const std::vector<std::string>& words_;
  const std::function<bool(std::string_view)>& takes_value_;
  std::size_t at_ = 0;
  std::vector<std::string> operands_;
  Translation out_;
};

}  // namespace

Translation translate(std::string_view program, const std::vector<std::string>& arguments,
                      const std::function<bool(std::string_view)>& takes_value) {
  Translation out = Translator(arguments, takes_value).run();
  const std::string_view name = program.substr(program.rfind('/') + 1);
  if (name == "mailq") out.arguments.insert(out.arguments.begin(), "--list-queue");
  if (name == "newaliases") out.arguments.insert(out.arguments.begin(), "--newaliases");
  return out;
}

}  // namespace proto::sendmail
