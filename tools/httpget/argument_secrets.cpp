#include "httpget/argument_secrets.h"

#include <CLI/CLI.hpp>
#include <cstring>
#include <string>
#include <string_view>

#include "proto/secret.h"
#include "wire/field_line.h"

namespace proto::httpget {

namespace {

// The login of a URL, with or without its scheme.
void wipe_login(char* text) {
  std::string_view url = text;
  if (const auto scheme = url.find("://"); scheme != std::string_view::npos)
    url.remove_prefix(scheme + 3);
  const auto at = url.substr(0, url.find_first_of("/?#")).rfind('@');
  if (at != std::string_view::npos) wipe(text + (url.data() - text), at);
}

void wipe_value(const CLI::Option& option, char* value) {
  const std::string_view text = value;
  const bool secret =
      option.check_lname("user") || option.check_lname("proxy") ||
      (option.check_lname("cookie") && text.find('=') != std::string_view::npos) ||
      (option.check_lname("header") && is_secret_field(text.substr(0, text.find(':'))));
  if (secret) wipe(value, text.size());
}

// An option of a word, and its value where that is a part of the word.
struct Found {
  const CLI::Option* option = nullptr;
  char* value = nullptr;
};

bool takes_value(const CLI::Option* option) {
  return option != nullptr && option->get_items_expected_max() > 0;
}

// "--name", "--name=value".
Found long_option(const CLI::App& app, char* word) {
  char* const equals = std::strchr(word, '=');
  const std::string name = equals ? std::string(word, equals) : std::string(word);
  const CLI::Option* const option = app.get_option_no_throw(name);
  if (!takes_value(option)) return {};
  return {option, equals && equals[1] != '\0' ? equals + 1 : nullptr};
}

// "-u", "-uvalue", and either behind flags: "-sLu".
Found short_option(const CLI::App& app, char* word) {
  for (char* letter = word + 1; *letter != '\0'; ++letter) {
    const CLI::Option* const option = app.get_option_no_throw(std::string("-") + *letter);
    if (takes_value(option)) return {option, letter[1] != '\0' ? letter + 1 : nullptr};
  }
  return {};
}

}  // namespace

void wipe_secrets(int argc, char** argv, const CLI::App& app) {
  bool options = true;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (!options || !word.starts_with('-') || word == "-") {
      wipe_login(argv[i]);
    } else if (word == "--") {
      options = false;
    } else {
      const Found found =
          word.starts_with("--") ? long_option(app, argv[i]) : short_option(app, argv[i]);
      if (found.option == nullptr) continue;
      if (found.value != nullptr) {
        wipe_value(*found.option, found.value);
      } else if (i + 1 < argc) {
        wipe_value(*found.option, argv[++i]);
      }
    }
  }
}

}  // namespace proto::httpget
