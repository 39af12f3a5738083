#include "sendmail-lite/options.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "base/characters.h"
#include "sendmail-lite/command_line.h"
#include "sendmail-lite/dialect.h"
#include "sendmail-lite/kept_words.h"

namespace proto::sendmail {
namespace {

constexpr std::array<std::string_view, 7> kComposeWords{
    "--to", "--cc", "--bcc", "--subject", "--body", "--attach", "--header"};

void refuse_control_characters(const std::vector<std::string>& words) {
  for (const auto& word : relay_words_of(words)) {
    if (std::any_of(word.begin(), word.end(), is_control))
      throw UsageError(std::string(name_of(word)) + ": control character in its value");
  }
}

bool is_compose_word(const std::string& word) {
  return is_one_of(kComposeWords, name_of(word));
}

// CLI11's own text, as one line.
std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return escaped(trim(text));
}

// CLI11 names them in an order of its own.
std::string unknown_option(const CommandLine& line, const std::vector<std::string>& words) {
  for (const auto& word : words) {
    if (word == "--") break;
    if (word.starts_with("--") && !line.knows(name_of(word)))
      return quoted(name_of(word)) + ": no such option";
  }
  return {};
}

// What is wrong with the configuration, in a user's words.
std::string fault_of_config(const std::string& file, const CLI::Error& error) {
  constexpr std::string_view kUnknownKey = "INI was not able to parse ";
  if (dynamic_cast<const CLI::FileError*>(&error) != nullptr) return file + ": cannot be read";
  std::string why = one_line(error.what());
  if (why.starts_with(kUnknownKey)) why.replace(0, kUnknownKey.size(), "no such key: ");
  return file + ": " + why;
}

// By the command line alone first: it names the configuration, and holds where that is bad.
Parsed parse_words(CommandLine& line, const std::vector<std::string>& words) {
  Parsed parsed;
  try {
    parsed.options = line.parse(words);
  } catch (const Print& e) {
    parsed.print = e.text;
    return parsed;
  } catch (const CLI::ExtrasError& e) {
    const std::string unknown = unknown_option(line, words);
    throw UsageError(unknown.empty() ? one_line(e.what()) : unknown);
  } catch (const CLI::ParseError& e) {
    throw UsageError(one_line(e.what()));
  }
  refuse_control_characters(words);
  const std::string config = line.config().empty() ? default_config_file() : line.config();
  if (!config.empty()) {
    try {
      CommandLine with_config;
      with_config.read_config(config);
      const bool named = !parsed.options.queue_dir.empty();
      parsed.options = with_config.parse(words);
      parsed.options.queue_dir_by_config = !named && !parsed.options.queue_dir.empty();
    } catch (const CLI::Error& e) {
      parsed.config_error = fault_of_config(config, e);
    }
  }
  parsed.options.compose.wanted = std::any_of(words.begin(), words.end(), is_compose_word);
  parsed.options.relay_words = relay_words_of(words);
  parsed.options.preparation_words = preparation_words_of(words);
  return parsed;
}

}  // namespace

bool RelayOptions::has_tls_options() const {
  const tools::ConnectionFlags& c = connection;
  return c.insecure || c.tls12 || c.tls13 || !c.ca_file.empty() || !c.ca_dir.empty() ||
         !c.certificate.empty() || !c.key.empty() || !c.pins.empty();
}

std::string default_config_file() {
  const char* const folder = std::getenv("XDG_CONFIG_HOME");
  const std::string base =
      folder != nullptr && *folder == '/' ? folder : tools::home_folder() + "/.config";
  for (const std::string& path :
       {base + "/sendmail-lite/config.toml", std::string("/etc/sendmail-lite.toml")}) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    // Another user's home is none of ours. Where the disk fails, reading the file will say so: mail
    // must not go another way meanwhile.
    if (std::filesystem::exists(status)) return path;
    if (status.type() == std::filesystem::file_type::none && error != std::errc::permission_denied)
      return path;
  }
  return {};
}

Parsed parse_options(const std::vector<std::string>& words) {
  CommandLine line;
  return parse_words(line, words);
}

Parsed parse_command_line(std::string_view program, const std::vector<std::string>& arguments) {
  CommandLine line;
  Translation translated =
      translate(program, arguments, [&](std::string_view name) { return line.takes_value(name); });
  Parsed parsed = parse_words(line, translated.arguments);
  parsed.warnings = std::move(translated.warnings);
  return parsed;
}

}  // namespace proto::sendmail
